/**
 * Makes `dist/NAME.js` of the modules in `src`, one file for each entry, minified, and beside it the
 * same with gzip and a source map: for pages that are not built and for the server, which serves them.
 *
 *     node tools/bundle.mjs
 *
 * Needs npm, and the network or what npm has kept of it; nobody else does, as the files are
 * committed. Each file says of which sources it is made, so that this can be checked without npm.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { stays } from './names.mjs';

/** What is served, by its name: the module that it begins with. */
export const ENTRIES = {
  greenroom: 'index.js',
  finding: 'finding.js',
  protocol: 'protocol.js',
  feel: 'feel/index.js',
};
/** Those of which the first loads the second. */
const PAIR = ['greenroom', 'finding'];
/** The module that `finding` has out of `greenroom` instead of having it once more, and its name there. */
const SHARED = 'parts.js';
const SHARED_AS = '_parts';

/**
 * Exact, as another version would make other files. esbuild joins modules, terser makes them smaller
 * still, and zopfli finds a gzip that is 4 % smaller than that of zlib.
 */
const TOOLS = { esbuild: '0.28.2', terser: '5.51.4', '@gfx/zopfli': '1.0.15' };
/** Rounds after which zopfli finds next to nothing any more. */
const GZIP_ROUNDS = 60;
/** The last version before which a browser has to be for what is written in `src`. */
const TARGET = 'es2022';

const HERE = fileURLToPath(new URL('../', import.meta.url));
const SELF = fileURLToPath(import.meta.url);
const NAMES = fileURLToPath(new URL('names.mjs', import.meta.url));
const SRC = join(HERE, 'src');

/** What the files are made of, in a word: all modules and their types, this program, the package's name. */
export function fingerprint() {
  const modules = readdirSync(SRC, { recursive: true }).filter((name) => /\.(d\.ts|js)$/.test(name)).sort();
  const hash = createHash('sha256');
  for (const path of [...modules.map((name) => join(SRC, name)), SELF, NAMES, join(HERE, 'package.json')]) {
    hash.update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex').slice(0, 8);
}

/** Runs this program where npm has put the tools. Returns whether it came to its end, and what it said. */
export function bundle(out) {
  const packages = Object.entries(TOOLS).flatMap(([name, version]) => ['-p', `${name}@${version}`]);
  const { status, stderr, error } = spawnSync('npx', ['--yes', ...packages, '--', 'node', SELF, '--tools', out], {
    cwd: HERE, encoding: 'utf8',
  });
  return { done: status === 0, said: error?.message ?? stderr };
}

/** Where a file of the tools is: in the folder beside the programs that npm has put first. */
function whereIs(name) {
  for (const bin of process.env.PATH.split(delimiter)) {
    try {
      return createRequire(join(dirname(bin), 'here.js')).resolve(name);
    } catch {
      // Another folder of programs.
    }
  }
  throw new Error(`npm has not brought ${name}`);
}

/**
 * The modules in the order in which gzip makes least of them, of some hundred that were tried: 1 % less
 * than in that of their imports. What a module needs when it starts comes before it all the same, and one
 * that is not named here comes where it is needed.
 */
const ORDER = `
  close value bits wire live rows section schemas inputs replica schema shape target version room-id session
  emitter pauses control clock place load frame seat closed socket channel layout form lengths connection room
  acks code connect client roster error platform record turn greet calls
`.match(/[\w-]+/g);

/** What `parts.js` names. */
const shared = () => [...readFileSync(join(SRC, SHARED), 'utf8').matchAll(/^export \{(.*?)\}/gm)].map(([, list]) => list);

/** What each file begins with where that is more than its module. */
function begin(entry) {
  if (entry !== 'greenroom') return { entryPoints: [join(SRC, ENTRIES[entry])] };
  const contents = `${ORDER.map((name) => `import './${name}.js';`).join('')}
    import { ${shared()} } from './${SHARED}';
    export * from './${ENTRIES.greenroom}'; export const ${SHARED_AS} = [${shared()}];`;
  // Otherwise an import for the sake of the order would be none.
  return { stdin: { contents, resolveDir: SRC, sourcefile: 'greenroom.js' }, ignoreAnnotations: true };
}

/** How the two find each other: `greenroom` loads `finding` later, which has the shared parts from it. */
const apart = {
  name: 'apart',
  setup({ initialOptions, onResolve, onLoad }) {
    const entry = basename(initialOptions.outfile, '.js');
    onResolve({ filter: /^\.\/greenroom\.js$/ }, ({ path }) => ({ path, external: true }));
    if (entry === 'greenroom') onResolve({ filter: /^\.\/finding\.js$/ }, ({ path }) => ({ path, external: true }));
    if (entry !== 'finding') return;
    onLoad({ filter: new RegExp(`/${SHARED}$`) }, () => ({
      contents: `import { ${SHARED_AS} } from './greenroom.js'; export const [${shared()}] = ${SHARED_AS};`,
    }));
  },
};

/** The names that browsers give to properties, as terser has them. */
function builtins() {
  const file = join(dirname(whereIs('terser/package.json')), 'tools', 'domprops.js');
  return [...readFileSync(file, 'utf8').matchAll(/"(\w+)"/g)].map(([, name]) => name);
}

async function make(out) {
  const [{ build }, { minify }, zopfli] = Object.keys(TOOLS).map((name) => createRequire(SELF)(whereIs(name)));
  const own = { builtins: true, reserved: stays(SRC, builtins()) };
  // What is in the other two is for programs, but for what begins so.
  const open = { regex: /^_/ };
  /** What properties are called in `greenroom`, as `finding` has to call them the same. */
  let props;
  const gzip = promisify(zopfli.gzip);
  const { name, version, license } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'));
  const preamble = `/* ${name} ${version}, ${license}, of sources ${fingerprint()} */`;
  mkdirSync(out, { recursive: true });
  for (const entry of Object.keys(ENTRIES)) {
    const joined = await build({
      ...begin(entry),
      plugins: [apart],
      absWorkingDir: HERE,
      outfile: join(HERE, 'dist', `${entry}.js`),
      bundle: true,
      format: 'esm',
      target: TARGET,
      minify: true,
      sourcemap: 'external',
      write: false,
    });
    const text = (end) => joined.outputFiles.find(({ path }) => path.endsWith(end)).text;
    const names = PAIR.includes(entry) ? { props } : {};
    const small = await minify({ [`${entry}.js`]: text('.js') }, {
      module: true,
      ecma: 2022,
      compress: { passes: 3, unsafe_arrows: true, keep_fargs: false },
      mangle: { properties: PAIR.includes(entry) ? own : open },
      nameCache: names,
      format: { preamble },
      sourceMap: {
        content: text('.js.map'),
        includeSources: true,
        url: `${entry}.js.map`,
      },
    });
    props ??= names.props;
    const code = `${small.code}\n`;
    writeFileSync(join(out, `${entry}.js`), code);
    writeFileSync(join(out, `${entry}.js.gz`), await gzip(Buffer.from(code), { numiterations: GZIP_ROUNDS }));
    writeFileSync(join(out, `${entry}.js.map`), `${small.map}\n`);
  }
}

if (process.argv[2] === '--tools') {
  await make(process.argv[3]);
} else if (process.argv[1] === SELF) {
  const { done, said } = bundle(join(HERE, 'dist'));
  if (!done) throw new Error(`esbuild and terser could not be had from npm, or failed:\n${said}`);
}

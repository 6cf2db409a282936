//! The program of a crate that serves, and its builds by cargo.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use serde::Deserialize;

use super::sources::Sources;

/// A program that cargo can build.
pub(super) struct Program {
    name: String,
    /// The directory of its crate.
    dir: PathBuf,
    target: PathBuf,
    release: bool,
    /// Where the newest build of it is.
    executable: Option<PathBuf>,
}

/// What `cargo metadata` says, as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    target_directory: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    manifest_path: PathBuf,
    default_run: Option<String>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Program {
    /// The program of this name, or else the default one, of the crate in this directory.
    pub(super) fn find(dir: &Path, bin: Option<&str>, release: bool) -> Result<Self, String> {
        let shown = dir.display();
        let no_crate = |error| format!("{shown}: {error}: give the directory of a crate");
        let dir = dir.canonicalize().map_err(|error| no_crate(error.to_string()))?;
        let manifest = dir.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(no_crate("there is no Cargo.toml".to_owned()));
        }
        let output = cargo(&dir)
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| no_cargo(&error))?;
        if !output.status.success() {
            return Err(no_crate(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| no_crate(format!("cargo says what is not understood: {error}")))?;
        let package = metadata.packages.iter().find(|package| package.manifest_path == manifest);
        let package = package.ok_or_else(|| no_crate("there is no crate".to_owned()))?;
        let name = package.program(bin)?.to_owned();
        Ok(Program { name, dir, target: metadata.target_directory, release, executable: None })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the newest build of it is.
    pub(super) fn executable(&self) -> Result<&Path, String> {
        self.executable.as_deref().ok_or_else(|| format!("cargo has not made {}", self.name))
    }

    /// Takes what a build has made.
    pub(super) fn is_now(&mut self, made: &Made) {
        self.executable = made.executable(&self.name);
    }

    /// Where its rooms are kept.
    pub(super) fn state_dir(&self) -> PathBuf {
        self.target.join("greenroom-dev").join(&self.name)
    }

    /// As they are now.
    pub(super) fn sources(&self) -> Sources {
        // Beside the program stands what it was made of.
        let dep_info = self.executable.as_ref().map(|path| path.with_extension("d"));
        Sources::of(&self.dir, dep_info.as_deref())
    }

    /// Begins to build it. What the compiler has to say to people goes where our own words go.
    pub(super) fn build(&self) -> Result<Build, String> {
        let mut command = cargo(&self.dir);
        command.args(["build", "--bin", &self.name, "--message-format=json-render-diagnostics"]);
        if self.release {
            command.arg("--release");
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| no_cargo(&error))?;
        let stdout = child.stdout.take();
        let said = std::thread::spawn(|| {
            let mut said = String::new();
            // Without its end there is no program in it, which is said.
            let _ = stdout.map(|mut stdout| stdout.read_to_string(&mut said));
            said
        });
        Ok(Build { child, said: Some(said) })
    }
}

impl Package {
    fn program(&self, wanted: Option<&str>) -> Result<&str, String> {
        let bins = self.targets.iter().filter(|target| target.is_bin());
        let bins: Vec<&str> = bins.map(|target| &*target.name).collect();
        let find = |name: &str| bins.iter().find(|bin| **bin == name).copied();
        let found = match wanted {
            Some(name) => find(name),
            None => self.default_run.as_deref().or(Some(&self.name)).and_then(find).or({
                match bins[..] {
                    [only] => Some(only),
                    _ => None,
                }
            }),
        };
        found.ok_or_else(|| {
            let (crate_name, bins_there) = (&self.name, bins.join(", "));
            match (&bins[..], wanted) {
                ([], _) => format!("{crate_name} has no program, so nothing to serve"),
                (_, Some(name)) => {
                    format!("{crate_name} has no program {name:?}: give --bin one of {bins_there}")
                }
                (_, None) => {
                    format!("{crate_name} has several programs: give --bin one of {bins_there}")
                }
            }
        })
    }
}

fn cargo(dir: &Path) -> Command {
    // Set where cargo has started us.
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(dir);
    cargo
}

fn no_cargo(error: &std::io::Error) -> String {
    format!("cargo cannot be run: {error}: install Rust from https://rustup.rs")
}

/// A build that goes on, killed when dropped.
pub(super) struct Build {
    child: Child,
    /// What it says of what it makes, a JSON object a line.
    said: Option<JoinHandle<String>>,
}

/// How a build has ended.
pub(super) enum Outcome {
    Built(Made),
    Failed,
}

/// What a build has made.
pub(super) struct Made(String);

impl Build {
    /// How it has ended; `None` while that is open.
    pub(super) fn ended(&mut self) -> Option<Outcome> {
        match self.child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) if status.success() => {
                let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
                Some(Outcome::Built(Made(said)))
            }
            _ => Some(Outcome::Failed),
        }
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Made {
    /// The program of this name.
    fn executable(&self, name: &str) -> Option<PathBuf> {
        /// A line that speaks of something made.
        #[derive(Deserialize)]
        struct Artifact {
            target: Target,
            executable: Option<PathBuf>,
        }
        let artifacts = self.0.lines().filter_map(|line| serde_json::from_str(line).ok());
        artifacts
            .filter(|artifact: &Artifact| artifact.target.is_bin() && artifact.target.name == name)
            .find_map(|artifact| artifact.executable)
    }
}

impl Target {
    fn is_bin(&self) -> bool {
        self.kind.iter().any(|kind| kind == "bin")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(bins: &[&str], default_run: Option<&str>) -> Package {
        let target = |name: &&str| Target { name: (*name).to_owned(), kind: vec!["bin".into()] };
        let mut targets: Vec<Target> = bins.iter().map(target).collect();
        targets.push(Target { name: "tag".into(), kind: vec!["lib".into()] });
        let default_run = default_run.map(str::to_owned);
        Package { name: "tag".into(), manifest_path: "".into(), default_run, targets }
    }

    #[test]
    fn the_program_that_serves_is_found() {
        let of = |bins: &[&str], default_run, wanted| {
            package(bins, default_run).program(wanted).map(str::to_owned)
        };
        assert_eq!(of(&["tag", "tag-sim"], None, None).unwrap(), "tag");
        assert_eq!(of(&["host", "tag-sim"], Some("host"), None).unwrap(), "host");
        assert_eq!(of(&["host"], None, None).unwrap(), "host");
        assert_eq!(of(&["host", "tag"], None, Some("host")).unwrap(), "host");
        let both = of(&["host", "sim"], None, None).unwrap_err();
        assert_eq!(both, "tag has several programs: give --bin one of host, sim");
        let none = of(&["host"], None, Some("x")).unwrap_err();
        assert_eq!(none, "tag has no program \"x\": give --bin one of host");
        assert_eq!(of(&[], None, None).unwrap_err(), "tag has no program, so nothing to serve");
    }

    #[test]
    fn a_program_is_where_cargo_says() {
        let made = Made(
            [
                r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"tag"},"executable":null}"#,
                r#"{"reason":"build-script-executed","out_dir":"/t"}"#,
                r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"tag"},"executable":"/t/debug/tag"}"#,
                r#"{"reason":"build-finished","success":true}"#,
            ]
            .join("\n"),
        );
        assert_eq!(made.executable("tag"), Some("/t/debug/tag".into()));
        assert_eq!(made.executable("tag-sim"), None);
    }
}

//! Builds of one game, each of which this test program can be: started once more, as another file
//! with another content, so that it is another build to the server too.

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use greenroom::Games;
use greenroom_client::{Client, Connect, Trust};
use tempfile::TempDir;

use super::games::{careless, panics, refuses, slow, v1, v2};
use crate::support::running::Running;
use crate::support::within;

/// What a child process is: a [`Build`], and the arguments after it, one a line.
const IS: &str = "GREENROOM_TEST_BUILD";

/// A build of the game.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Build {
    V1,
    /// The same game, in another program.
    V1Again,
    V2,
    Careless,
    Refuses,
    Panics,
    Slow,
}

impl Build {
    const ALL: [Build; 7] = [
        Build::V1,
        Build::V1Again,
        Build::V2,
        Build::Careless,
        Build::Refuses,
        Build::Panics,
        Build::Slow,
    ];

    fn games(self) -> Games {
        let games = Games::new();
        match self {
            Build::V1 | Build::V1Again => games.add::<v1::Relay>(),
            Build::V2 => games.add::<v2::Relay>(),
            Build::Careless => games.add::<careless::Relay>(),
            Build::Refuses => games.add::<refuses::Relay>(),
            Build::Panics => games.add::<panics::Relay>(),
            Build::Slow => games.add::<slow::Relay>(),
        }
    }

    fn program(self) -> PathBuf {
        match self {
            Build::V1 => std::env::current_exe().unwrap(),
            _ => other_program().to_owned(),
        }
    }
}

/// This program with a byte more at its end, of which nothing takes notice but whoever looks at the
/// whole file.
fn other_program() -> &'static Path {
    static OTHER: OnceLock<PathBuf> = OnceLock::new();
    OTHER.get_or_init(|| {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = dir.join(format!("another-build-{}", std::process::id()));
        std::fs::copy(std::env::current_exe().unwrap(), &path).unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"\n").unwrap();
        path
    })
}

/// What a child process runs; nothing in a usual run of the tests.
#[test]
fn child() {
    let Ok(what) = std::env::var(IS) else { return };
    let mut lines = what.lines();
    let name = lines.next().unwrap();
    let build = Build::ALL.into_iter().find(|build| format!("{build:?}") == name).unwrap();
    let args = ["greenroom", "serve"].into_iter().chain(lines);
    let code = greenroom::cli_of(build.games(), args.map(Into::into));
    std::process::exit(i32::from(code != std::process::ExitCode::SUCCESS));
}

/// A server with a state directory, that is replaced by other builds.
pub struct Deployed {
    pub dir: TempDir,
    address: SocketAddr,
    child: Running,
    trust: Trust,
    lives: u32,
    args: Vec<String>,
}

impl Deployed {
    /// Starts a build on a free port, which its successors keep.
    pub fn start(build: Build, args: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let bind = address.to_string();
        let all = ["--bind", &bind, "--plain", "off", "--ops", "off", "--state-dir", "state"];
        let args: Vec<_> = all.iter().chain(args).map(|arg| (*arg).to_owned()).collect();
        let child = spawn(build, &args, dir.path(), 1);
        let mut server = Deployed { dir, address, child, trust: Trust::System, lives: 1, args };
        assert!(server.child.listens(), "{}", server.errors());
        let ca = server.dir.path().join("certs/ca.pem");
        server.trust = Trust::CaFile(ca).prepare().unwrap();
        server
    }

    /// Starts a build on what the one before left, and waits until it listens.
    pub fn becomes(&mut self, build: Build) {
        self.begins(build);
        assert!(self.child.listens(), "{build:?}: {}", self.errors());
    }

    /// Starts a build on what the one before left.
    pub fn begins(&mut self, build: Build) {
        self.lives += 1;
        self.child = spawn(build, &self.args, self.dir.path(), self.lives);
    }

    /// Gives an argument another value from the next life on.
    pub fn args_become(&mut self, name: &str, value: &str) {
        let place = self.args.iter().position(|arg| arg == name).unwrap();
        value.clone_into(&mut self.args[place + 1]);
    }

    /// A deploy: asks the build to stop, and starts the other.
    pub async fn deploy(&mut self, build: Build) {
        self.signal("TERM");
        let status = self.ended().await;
        assert_eq!(status.code(), Some(0), "{}", self.errors());
        self.becomes(build);
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        self.child.signal(name);
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        self.child.ended().await
    }

    pub fn connect_with(&self) -> Connect {
        let jitter = Some(u64::from(self.lives));
        Connect {
            trust: self.trust.clone(),
            jitter,
            ..Connect::to(format!("wss://{}", self.address))
        }
    }

    pub async fn connect(&self) -> Client {
        within("a connection", Client::connect(self.connect_with())).await.unwrap()
    }

    /// What its present life has written to standard error.
    pub fn errors(&self) -> String {
        let file = self.dir.path().join(format!("stderr-{}", self.lives));
        std::fs::read_to_string(file).unwrap()
    }

    /// The files that were set aside.
    pub fn aside(&self) -> Vec<PathBuf> {
        let Ok(dir) = std::fs::read_dir(self.dir.path().join("state/aside")) else {
            return Vec::new();
        };
        dir.map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("life {} said: {}", self.lives, self.errors());
        }
    }
}

fn spawn(build: Build, args: &[String], dir: &Path, life: u32) -> Running {
    let errors = std::fs::File::create(dir.join(format!("stderr-{life}"))).unwrap();
    let mut command = Command::new(build.program());
    command
        .args(["--exact", "deploys::builds::child", "--nocapture"])
        .env(IS, format!("{build:?}\n{}", args.join("\n")))
        .env("NO_COLOR", "1")
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors);
    loop {
        match command.spawn() {
            // Another test forked while this one had the file open.
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(10));
            }
            child => return Running::new(child.unwrap()),
        }
    }
}

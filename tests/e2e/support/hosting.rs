//! The tests' games in a process of their own: this test program, started once more.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use greenroom::certs;
use greenroom::config::{AddressChoice, Config};
use greenroom::server::{Server, ServerSpec};
use greenroom_client::{Client, Connect, Trust};
use tempfile::TempDir;

use super::running::Running;
use super::{probe, within};

/// Where a child keeps everything, and where it listens: `DIR ADDRESS`.
const HOSTS: &str = "GREENROOM_TEST_HOSTS";
/// What fails there on purpose.
const FAULTS: &str = "GREENROOM_TEST_FAULTS";
/// After how many milliseconds a step there never ends.
const STEP_TIMEOUT_MS: &str = "GREENROOM_TEST_STEP_TIMEOUT_MS";

/// What a child process runs; nothing in a usual run of the tests.
#[test]
fn child() {
    let Ok(what) = std::env::var(HOSTS) else { return };
    let (dir, address) = what.split_once(' ').unwrap();
    let _ = tracing_subscriber::fmt().with_writer(std::io::stderr).try_init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(host(Path::new(dir), address.parse().unwrap()));
}

async fn host(dir: &Path, address: SocketAddr) {
    let paths = certs::ensure(&dir.join("certs"), false).unwrap().paths;
    let identity = certs::Identity::of_files(&paths.server, &paths.server_key).unwrap();
    let mut config = Config::default();
    config.listen.bind = address;
    config.listen.plain = None;
    config.ops.address = AddressChoice::Off;
    config.rooms.crash_dir = dir.join("crashes");
    config.journal.state_dir = Some(dir.join("state"));
    config.dev.faults = std::env::var(FAULTS).unwrap_or_default().parse().unwrap();
    if let Ok(ms) = std::env::var(STEP_TIMEOUT_MS) {
        config.rooms.step_timeout = Duration::from_millis(ms.parse().unwrap());
    }
    config.replays.dir = Some(dir.join("replays"));
    config.auth.key = Some(dir.join("auth.key")).filter(|key| key.exists());
    let results = Some(dir.join("results.jsonl"));
    let games = probe::games();
    let server = Server::start(ServerSpec { config, games, identity, results }).await.unwrap();
    println!("\nlistening on {}", server.wss());
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).unwrap();
    tokio::select! {
        _ = terminate.recv() => server.stop().await,
        why = server.failed() => {
            eprintln!("{why}");
            std::process::exit(1);
        }
    }
}

/// A server that can be killed, and started anew with what it left.
pub struct Hosted {
    pub dir: TempDir,
    pub address: SocketAddr,
    child: Running,
    trust: Trust,
    lives: u32,
    /// What fails on purpose in the lives to come.
    pub faults: String,
    /// After how many milliseconds a step never ends in the lives to come.
    pub step_timeout_ms: Option<u32>,
}

impl Hosted {
    /// Starts it on a free port, which it keeps over its lives.
    pub fn start() -> Self {
        Self::failing("")
    }

    /// The same in a directory that was prepared; with an `auth.key` in it, it takes signed tokens.
    pub fn start_in(prepare: impl FnOnce(&Path)) -> Self {
        Self::start_by(own_program(""), prepare).unwrap_or_else(|errors| panic!("{errors}"))
    }

    /// The same, and things fail there on purpose.
    pub fn failing(faults: &str) -> Self {
        let mut hosted =
            Self::start_by(own_program(faults), |_| {}).unwrap_or_else(|errors| panic!("{errors}"));
        hosted.faults = faults.to_owned();
        hosted
    }

    /// Starts it with a state directory on a disk of its own, of so many bytes, which goes with the
    /// process. An error where that cannot be had: it takes a mount namespace.
    pub fn start_on_a_disk_of(bytes: u64) -> Result<Self, String> {
        let mut mount = Command::new("unshare");
        mount.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        mount.arg(format!(
            "mkdir state && mount -t tmpfs -o size={bytes} none state && exec \"$0\" \"$@\""
        ));
        mount.arg(std::env::current_exe().unwrap());
        Self::start_by(mount, |_| {})
    }

    fn start_by(program: Command, prepare: impl FnOnce(&Path)) -> Result<Self, String> {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let (child, listens) =
            spawn(program, dir.path(), address, 1).map_err(|error| error.to_string())?;
        if !listens {
            return Err(std::fs::read_to_string(dir.path().join("stderr-1")).unwrap());
        }
        let trust = Trust::CaFile(dir.path().join("certs/ca.pem")).prepare().unwrap();
        let faults = String::new();
        Ok(Hosted { dir, address, child, trust, lives: 1, faults, step_timeout_ms: None })
    }

    /// Its state directory, which only it may see under the usual name.
    pub fn state_as_it_sees_it(&self) -> PathBuf {
        let dir = self.dir.path().join("state");
        PathBuf::from(format!("/proc/{}/root{}", self.child.id(), dir.display()))
    }

    /// Ends it as the kernel does: at once.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// Asks it to stop.
    pub fn terminate(&self) {
        self.child.signal("TERM");
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        self.child.ended().await
    }

    /// Starts it once more. Returns when it listens.
    pub fn start_again(&mut self) {
        assert!(self.try_again(), "life {} does not listen: {}", self.lives, self.errors());
    }

    /// Starts it once more. Returns when it listens, or `false` when it has ended before.
    pub fn try_again(&mut self) -> bool {
        self.lives += 1;
        let mut program = own_program(&self.faults);
        if let Some(ms) = self.step_timeout_ms {
            program.env(STEP_TIMEOUT_MS, ms.to_string());
        }
        let (child, listens) = spawn(program, self.dir.path(), self.address, self.lives).unwrap();
        self.child = child;
        listens
    }

    pub fn connect_with(&self) -> Connect {
        Connect { trust: self.trust.clone(), ..Connect::to(format!("wss://{}", self.address)) }
    }

    pub async fn connect(&self) -> Client {
        within("a connection", Client::connect(self.connect_with())).await.unwrap()
    }

    /// The lines of the result file.
    pub fn results(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.dir.path().join("results.jsonl"));
        let text = text.unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What its present life has written to standard error.
    pub fn errors(&self) -> String {
        let file = self.dir.path().join(format!("stderr-{}", self.lives));
        std::fs::read_to_string(file).unwrap()
    }
}

impl Drop for Hosted {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("life {} said: {}", self.lives, self.errors());
        }
    }
}

/// This program, with what is to fail there.
fn own_program(faults: &str) -> Command {
    let mut program = Command::new(std::env::current_exe().unwrap());
    program.env(FAULTS, faults);
    program
}

/// Starts a child, and says whether it came to listen.
fn spawn(
    mut program: Command,
    dir: &Path,
    address: SocketAddr,
    life: u32,
) -> std::io::Result<(Running, bool)> {
    let file = dir.join(format!("stderr-{life}"));
    let errors = std::fs::File::create(&file).unwrap();
    let child = program
        .args(["--exact", "support::hosting::child", "--nocapture"])
        .env(HOSTS, format!("{} {address}", dir.display()))
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .spawn()?;
    let mut child = Running::new(child);
    let listens = child.listens();
    Ok((child, listens))
}

//! The real binary as a process of its own.

use std::io::{BufRead, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use greenroom_client::{Client, Connect, Trust};
use tempfile::TempDir;

use super::raw::Target;
use super::running::Running;
use super::within;

/// Runs a command of the binary in this directory to its end: exit code, output, errors.
pub fn run(dir: &TempDir, args: &[&str]) -> (Option<i32>, String, String) {
    let output = command(dir).args(args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn command(dir: &TempDir) -> Command {
    in_dir(Command::new(env!("CARGO_BIN_EXE_greenroom")), dir)
}

fn in_dir(mut command: Command, dir: &TempDir) -> Command {
    command.current_dir(dir.path()).stdin(Stdio::null()).env("NO_COLOR", "1");
    // Tests run beside each other, and the usual port is one.
    command.env("GREENROOM_OPS_OPS", "off");
    // Memory is looked at, and comes by the 2 MiB otherwise.
    command.env("MIMALLOC_ALLOW_THP", "0");
    command
}

/// `greenroom serve`, killed when dropped.
pub struct Process {
    pub dir: TempDir,
    pub address: SocketAddr,
    child: Running,
    pub trust: Trust,
}

impl Process {
    /// Starts it on a free port and waits until it listens.
    pub fn serve(args: &[&str]) -> Self {
        Self::serve_at("info", args)
    }

    /// The same, and it logs all it can.
    pub fn serve_loud(args: &[&str]) -> Self {
        Self::serve_at("trace", args)
    }

    /// The same, and it may have so many open files.
    pub fn serve_with_files(limit: u32, args: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {limit} && exec \"$0\" \"$@\"")]);
        shell.arg(env!("CARGO_BIN_EXE_greenroom"));
        Self::serve_by(shell, "info", args)
    }

    /// The same, and its files may have so many blocks of 512 bytes.
    pub fn serve_with_small_files(blocks: u32, args: &[&str]) -> Self {
        let limit = format!("ulimit -f {blocks} && exec \"$0\" \"$@\"");
        Self::serve_under(&["sh", "-c", &limit], args)
    }

    /// The same, started by another program: `nohup`.
    pub fn serve_under(program: &[&str], args: &[&str]) -> Self {
        let mut starter = Command::new(program[0]);
        starter.args(&program[1..]).arg(env!("CARGO_BIN_EXE_greenroom"));
        Self::serve_by(starter, "info", args)
    }

    fn serve_at(level: &str, args: &[&str]) -> Self {
        Self::serve_by(Command::new(env!("CARGO_BIN_EXE_greenroom")), level, args)
    }

    fn serve_by(program: Command, level: &str, args: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let errors = std::fs::File::create(dir.path().join("stderr")).unwrap();
        let child = in_dir(program, &dir)
            .args(["serve", "--bind", "127.0.0.1:0", "--results", "results.jsonl"])
            .args(args)
            .env("GREENROOM_LOG", level)
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .unwrap();
        let mut child = Running::new(child);
        let mut line = String::new();
        child.output().read_line(&mut line).unwrap();
        let address = line
            .strip_prefix("listening on wss://")
            .and_then(|rest| rest.split('/').next())
            .and_then(|address| address.parse().ok());
        let Some(address) = address else {
            panic!("no address in {line:?}; {}", errors_in(&dir));
        };
        let trust = Trust::CaFile(dir.path().join("certs/ca.pem")).prepare().unwrap();
        Process { dir, address, child, trust }
    }

    pub fn target(&self) -> Target {
        Target::new(self.address, &self.dir.path().join("certs/ca.pem"))
    }

    pub fn connect_with(&self) -> Connect {
        Connect { trust: self.trust.clone(), ..Connect::to(format!("wss://{}", self.address)) }
    }

    pub async fn connect(&self) -> Client {
        within("a connection", Client::connect(self.connect_with())).await.unwrap()
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        self.child.signal(name);
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        self.child.ended().await
    }

    /// What it has written to standard error.
    pub fn errors(&self) -> String {
        errors_in(&self.dir)
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Memory that it has in use, in bytes.
    #[cfg(target_os = "linux")]
    pub fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        let kib: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib * 1024
    }
}

fn errors_in(dir: &TempDir) -> String {
    let mut text = String::new();
    let file = std::fs::File::open(dir.path().join("stderr"));
    file.and_then(|mut file| file.read_to_string(&mut text)).unwrap();
    text
}

//! The server as a process of its own, and what the kernel says about it.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub struct Server {
    child: Child,
    pub wss: String,
    pub ca: PathBuf,
    _dir: tempfile::TempDir,
}

impl Server {
    pub fn start(core: Option<usize>, clients: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let binary = env!("CARGO_BIN_EXE_greenroom");
        let mut command = match core.filter(|_| has_taskset()) {
            Some(core) => {
                let mut command = Command::new("taskset");
                command.args(["-c", &core.to_string(), binary]);
                command
            }
            None => Command::new(binary),
        };
        let mut child = command
            .current_dir(dir.path())
            .args(["serve", "--bind", "127.0.0.1:0", "--plain", "off"])
            .args(["--connections-max", &(clients + 100).to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let wss = line.split_whitespace().find(|word| word.starts_with("wss://")).unwrap();
        Server { child, wss: wss.to_owned(), ca: dir.path().join("certs/ca.pem"), _dir: dir }
    }

    /// CPU time of all threads of the server.
    pub fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanos = tasks
            .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
            .filter_map(|text| text.split(' ').next()?.parse::<u64>().ok())
            .sum();
        Duration::from_nanos(nanos)
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Waits until the server has closed all its connections.
    pub async fn wait_until_empty(&self) {
        let fds = || std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count();
        for _ in 0..200 {
            if fds() < 40 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server still has {} open files", fds());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn has_taskset() -> bool {
    Command::new("taskset").arg("--version").output().is_ok_and(|output| output.status.success())
}

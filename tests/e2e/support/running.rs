//! A process that a test has started, and that does not outlive it.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, ExitStatus};

use super::until;

/// Killed when dropped.
pub struct Running(Child);

impl Running {
    pub fn new(child: Child) -> Self {
        Running(child)
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    pub fn output(&mut self) -> BufReader<ChildStdout> {
        BufReader::new(self.0.stdout.take().unwrap())
    }

    /// Waits until it says that it listens; `false` if it has ended before.
    pub fn listens(&mut self) -> bool {
        let mut lines = self.output().lines().map_while(Result::ok);
        let listens = lines.any(|line| line.starts_with("listening on "));
        // The test harness in there has something to say now and then, and ends if nobody listens.
        std::thread::spawn(move || lines.for_each(drop));
        if !listens {
            // What it held is free once it is gone.
            self.0.wait().unwrap();
        }
        listens
    }

    /// Ends it as the kernel does: at once.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let pid = self.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        until("the process ends", || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        })
        .await;
        status.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

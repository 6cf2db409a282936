//! The server that hosts at the moment: a process.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::build::Program;

/// A server that has not stopped by then is killed: what was kept is there all the same.
const STOPS_WITHIN: Duration = Duration::from_secs(15);
/// So often is looked whether it has.
const LOOKS_EVERY: Duration = Duration::from_millis(5);
/// Where a server keeps its rooms, if it is not told otherwise.
const STATE_DIR: &str = "GREENROOM_JOURNAL_STATE_DIR";

/// A server, killed when dropped.
pub(super) struct Host(Child);

impl Host {
    pub(super) fn start(program: &Program, flags: &[String]) -> Result<Self, String> {
        let executable = program.executable()?;
        let mut command = Command::new(executable);
        command.arg("serve").args(flags).current_dir(program.dir()).stdin(Stdio::null());
        if std::env::var_os(STATE_DIR).is_none() {
            command.env(STATE_DIR, program.state_dir());
        }
        command
            .spawn()
            .map(Host)
            .map_err(|error| format!("{} cannot be started: {error}", executable.display()))
    }

    /// How it has ended, if it has.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().ok().flatten()
    }

    /// Asks it to stop, and waits until it has.
    pub(super) async fn stop(mut self) {
        self.ask();
        let until = Instant::now() + STOPS_WITHIN;
        while self.ended().is_none() {
            if Instant::now() > until {
                super::say(&format!("the server has not stopped in {STOPS_WITHIN:?}: killed"));
                return;
            }
            tokio::time::sleep(LOOKS_EVERY).await;
        }
    }

    #[cfg(unix)]
    fn ask(&self) {
        use rustix::process::{Pid, Signal, kill_process};
        // Not waited for yet, so the number is still its own. The error is that it has ended.
        let _ = kill_process(Pid::from_child(&self.0), Signal::TERM);
    }

    /// There are no signals: it is killed, and goes on from what was kept.
    #[cfg(not(unix))]
    fn ask(&mut self) {
        let _ = self.0.kill();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

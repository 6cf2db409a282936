//! The signals that ask a program to stop.

use std::io;

/// What has been asked since this was made.
#[cfg(unix)]
pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// The terminal is gone. `None`: whoever started us has said that we stay all the same (`nohup`).
    hangup: Option<tokio::signal::unix::Signal>,
    /// Nobody waits for it. With a handler, a write that would make a file larger than it may be
    /// (`ulimit -f`) fails, as on a full disk, and does not end the process.
    _file_size: tokio::signal::unix::Signal,
}

/// On Linux, macOS and the BSDs.
#[cfg(unix)]
const SIGXFSZ: i32 = 25;

#[cfg(unix)]
impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: (!ignores_hangup()).then(|| signal(SignalKind::hangup())).transpose()?,
            _file_size: signal(SignalKind::from_raw(SIGXFSZ))?,
        })
    }

    pub(super) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            Some(_) = async { self.hangup.as_mut()?.recv().await } => "SIGHUP",
        }
    }
}

/// Whether the signal does nothing, which a handler would undo. Where that cannot be known it is left
/// alone.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    const SIGHUP_BIT: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_none_or(|mask| mask & SIGHUP_BIT != 0)
}

#[cfg(not(unix))]
pub(super) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Signals)
    }

    pub(super) async fn next(&mut self) -> &'static str {
        let _ = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }
}

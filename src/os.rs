//! What the operating system allows this process: open files.
//!
//! Every connection takes one. Systems start processes with a soft limit of 1,024 for the sake of
//! programs that use `select`, and let them raise it themselves up to the hard limit; without that
//! the 1,000th player would be refused on a machine with room for fifty times as many.

use std::fmt;
use std::io;

/// Files the process needs besides connections: log files, listeners, epoll, the standard three,
/// and something to spare so that accept does not fail first.
const FILES_BESIDES_CONNECTIONS: u64 = 128;
/// Connections that are taken whatever the limit is: a server that takes nobody is none.
const CONNECTIONS_MIN: usize = 8;

/// The limit of open files as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenFiles {
    /// What the process was started with.
    pub before: u64,
    /// What holds now: the hard limit, or less where the system caps it further.
    pub now: u64,
}

/// Raises the soft limit of open files to the hard limit. To be called once, at start.
///
/// # Errors
/// The system's refusal; the process can go on with the limit it has.
pub fn raise_open_files() -> io::Result<OpenFiles> {
    let (before, _) = rlimit::Resource::NOFILE.get()?;
    let now = rlimit::increase_nofile_limit(u64::MAX)?;
    Ok(OpenFiles { before, now })
}

impl OpenFiles {
    /// Connections that fit.
    #[must_use]
    pub fn connections(self) -> u64 {
        self.now.saturating_sub(FILES_BESIDES_CONNECTIONS)
    }

    /// Connections to take: no more than fit, so that those who come then are told that the server is
    /// full, and the journal, results and operations have the files that they need.
    #[must_use]
    pub fn connections_max(self, configured: usize) -> usize {
        let fit = usize::try_from(self.connections()).unwrap_or(usize::MAX);
        configured.min(fit.max(CONNECTIONS_MIN))
    }

    /// A warning when `connections_max` cannot be reached, with what to do.
    #[must_use]
    pub fn shortage(self, connections_max: usize) -> Option<String> {
        let wanted = u64::try_from(connections_max).unwrap_or(u64::MAX);
        (self.connections() < wanted).then(|| {
            format!(
                "connections_max is {wanted}, but the limit of open files is {}: {} connections are taken; \
                 raise the hard limit to {} (`LimitNOFILE=` in systemd, `ulimit -Hn` as root, `--ulimit nofile=` in Docker) \
                 or lower connections_max",
                self.now,
                self.connections_max(connections_max),
                wanted.saturating_add(FILES_BESIDES_CONNECTIONS),
            )
        })
    }
}

impl fmt::Display for OpenFiles {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "open files: {} allowed (started with {}), {} connections fit",
            self.now,
            self.before,
            self.connections()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_limit_becomes_hard_limit() {
        let files = raise_open_files().unwrap();
        let (soft, hard) = rlimit::Resource::NOFILE.get().unwrap();
        assert_eq!(files.now, soft);
        // Except on systems with a further cap of their own (macOS).
        if cfg!(target_os = "linux") {
            assert_eq!(soft, hard);
        }
    }

    #[test]
    fn shortage_says_how_many_fit_and_what_to_raise() {
        let files = OpenFiles { before: 1_024, now: 4_096 };
        assert_eq!(files.shortage(3_968), None);
        let warning = files.shortage(10_000).unwrap();
        for part in [
            "connections_max is 10000",
            "4096",
            "3968 connections are taken",
            "10128",
            "LimitNOFILE",
        ] {
            assert!(warning.contains(part), "{part}: {warning}");
        }
    }

    #[test]
    fn tiny_limit_does_not_wrap() {
        let files = OpenFiles { before: 64, now: 64 };
        assert_eq!((files.connections(), files.connections_max(10_000)), (0, CONNECTIONS_MIN));
        assert_eq!(files.connections_max(2), 2);
        assert_eq!(OpenFiles { before: 64, now: 4_096 }.connections_max(10_000), 3_968);
        assert!(files.shortage(1).is_some());
        assert!(OpenFiles { before: 1, now: u64::MAX }.shortage(usize::MAX).is_some());
    }
}

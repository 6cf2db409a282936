//! What a process on this machine takes of it: CPU time and memory, as Linux tells in `/proc`.
//! Elsewhere nothing is told.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

/// Linux tells CPU times in these to every program, whatever the kernel's own clock is.
const TICKS_PER_SEC: u64 = 100;

/// CPU time that a process has taken so far, in the kernel and outside; all its threads.
pub(crate) fn cpu(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold anything, spaces and brackets too; the state is the third field.
    let fields: Vec<_> = stat[stat.rfind(')')? + 1..].split_whitespace().collect();
    let ticks = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = ticks(14)? + ticks(15)?;
    Some(Duration::from_millis(ticks * (1000 / TICKS_PER_SEC)))
}

/// Its memory now, in bytes.
pub(crate) fn memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(kib.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// The process that listens there, if it is one of this user's on this machine.
pub(super) fn listening(address: SocketAddr) -> Option<u32> {
    if !address.ip().is_loopback() {
        return None;
    }
    let socket = format!("socket:[{}]", listener(address.port())?);
    let has = |pid: &u32| {
        let files = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        files
            .filter_map(|file| fs::read_link(file.path()).ok())
            .any(|target| target.as_os_str() == socket.as_str())
    };
    let processes = fs::read_dir("/proc").ok()?.flatten();
    processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).find(has)
}

/// The inode of the socket that listens on a port.
fn listener(port: u16) -> Option<String> {
    const LISTENING: &str = "0A";
    let port = format!(":{port:04X}");
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"].into_iter().find_map(|table| {
        fs::read_to_string(table).ok()?.lines().skip(1).find_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let listens = fields.get(1)?.ends_with(&port) && *fields.get(3)? == LISTENING;
            listens.then(|| fields.get(9).map(|inode| (*inode).to_owned())).flatten()
        })
    })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_by_the_port_on_which_it_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(listening(address), Some(std::process::id()));
        drop(listener);
        assert_eq!(listening(address), None);
        assert_eq!(listening(([192, 0, 2, 1], address.port()).into()), None);
    }

    #[test]
    fn a_process_takes_memory_and_one_that_is_not_there_is_told_of_not_at_all() {
        let me = std::process::id();
        assert!(cpu(me).is_some() && memory(me).is_some_and(|bytes| bytes > 100_000));
        // Beyond the greatest that Linux gives.
        assert_eq!((cpu(u32::MAX), memory(u32::MAX)), (None, None));
    }
}

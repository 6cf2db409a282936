//! The floor: what the kernel charges for a bare TCP send of the same size, at the same pace, to
//! as many sockets whose readers wait on the other core.

use std::time::{Duration, Instant};

use core_affinity::CoreId;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

/// CPU per send. Must be called inside a runtime on the readers' core.
pub fn send_cost(sockets: usize, bytes: usize, secs: Duration, core: Option<CoreId>) -> Duration {
    // The caller's runtime is busy with us, so the readers get one of their own.
    let readers = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (address, sends) = runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let mut sends = Vec::new();
            for _ in 0..sockets {
                let (stream, accepted) =
                    tokio::join!(TcpStream::connect(address), listener.accept());
                let mut stream = stream.unwrap();
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
                });
                let socket = accepted.unwrap().0.into_std().unwrap();
                socket.set_nodelay(true).unwrap();
                sends.push(socket);
            }
            (address, sends)
        });
        let _ = address;
        let sender = std::thread::spawn(move || send(&sends, bytes, secs, core));
        runtime.block_on(async {
            while !sender.is_finished() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        sender.join().unwrap()
    });
    readers.join().unwrap()
}

/// Sends to all sockets 20 times a second, in bursts of 20 as rooms do.
fn send(
    sockets: &[std::net::TcpStream],
    bytes: usize,
    secs: Duration,
    core: Option<CoreId>,
) -> Duration {
    use std::io::Write;
    if let Some(core) = core {
        core_affinity::set_for_current(core);
    }
    let message = vec![7u8; bytes];
    let rooms: Vec<_> = sockets.chunks(20).collect();
    let interval = Duration::from_millis(50) / rooms.len() as u32;
    let (began, mut next, mut sends) = (Instant::now(), Instant::now(), 0u32);
    let mut spent = Duration::ZERO;
    for room in rooms.iter().cycle() {
        if began.elapsed() >= secs {
            break;
        }
        let start = cpu();
        for mut socket in room.iter() {
            socket.write_all(&message).unwrap();
            sends += 1;
        }
        spent += cpu() - start;
        next += interval;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    spent / sends
}

/// CPU time of this thread, as the scheduler counts it.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

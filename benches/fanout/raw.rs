//! The floor: what the kernel charges for a bare TCP send of the same size, at the same pace, to
//! as many sockets whose readers wait on the other core.

use std::io::Write;
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

/// Sends to all sockets 20 times a second, in bursts of 20 as rooms do. What the pauses between the
/// bursts cost is measured in the same way and taken off.
fn send(
    sockets: &[std::net::TcpStream],
    bytes: usize,
    secs: Duration,
    core: Option<CoreId>,
) -> Duration {
    if let Some(core) = core {
        core_affinity::set_for_current(core);
    }
    let message = vec![7u8; bytes];
    let rooms: Vec<_> = sockets.chunks(20).collect();
    let (pauses, bursts) = burst(&rooms, secs / 2, |_| {});
    let pause = pauses / bursts;
    let (spent, bursts) = burst(&rooms, secs, |mut socket| socket.write_all(&message).unwrap());
    let sends = bursts * rooms[0].len() as u32;
    (spent - pause * bursts) / sends
}

fn burst(
    rooms: &[&[std::net::TcpStream]],
    secs: Duration,
    mut send: impl FnMut(&std::net::TcpStream),
) -> (Duration, u32) {
    let interval = Duration::from_millis(50) / rooms.len() as u32;
    let (start, began, mut next, mut bursts) = (cpu(), Instant::now(), Instant::now(), 0);
    for room in rooms.iter().cycle() {
        if began.elapsed() >= secs {
            break;
        }
        room.iter().for_each(&mut send);
        bursts += 1;
        next += interval;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    (cpu() - start, bursts)
}

/// CPU time of this thread, as the scheduler counts it. The count is brought up to date when the
/// thread is switched out, so it is let go for a moment first.
fn cpu() -> Duration {
    std::thread::sleep(Duration::from_millis(1));
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

//! What a delivery costs: server CPU per frame delivered over wss, as a multiple of a raw TCP send
//! of the same size measured in the same run, and memory per connection.
//!
//! `cargo bench --bench fanout`; 1,000 clients in rooms of 20, 20 frames a second out and 10 inputs
//! a second in per client. `GREENROOM_BENCH_CLIENTS`, `GREENROOM_BENCH_SECS` and
//! `GREENROOM_BENCH_GAME` change that. Server and clients are pinned to different cores where the
//! machine lets us; CPU time is what the scheduler charged the threads.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::disallowed_types)]

mod clients;
mod raw;
mod server;

use std::time::Duration;

use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() {
    // `cargo test --benches` runs this too: then it is only a check that everything works.
    let check = std::env::args().any(|argument| argument == "--test");
    let clients = if check { 40 } else { setting("GREENROOM_BENCH_CLIENTS", 1_000) as usize };
    let secs = Duration::from_secs(if check { 1 } else { setting("GREENROOM_BENCH_SECS", 10) });
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let pinned = cores.len() > 1;
    if pinned {
        core_affinity::set_for_current(cores[1]);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = server::Server::start(pinned.then_some(0), clients);
        // One match warms the allocator, so that what is measured below is growth per connection.
        let warm = clients::Crowd::connect(&server, 20).await;
        let warm = warm.join(&server).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        warm.leave().await;
        server.wait_until_empty().await;

        let empty = server.memory();
        let crowd = clients::Crowd::connect(&server, clients).await;
        let idle = server.memory();
        let before_join = server.cpu();
        let crowd = crowd.join(&server).await;
        let join_cpu = server.cpu() - before_join;
        tokio::time::sleep(Duration::from_secs(2)).await;

        let (start, cpu, began) = (crowd.counts(), server.cpu(), std::time::Instant::now());
        tokio::time::sleep(secs).await;
        let (end, cpu, took) = (crowd.counts(), server.cpu() - cpu, began.elapsed());
        let playing = server.memory();
        let frames = end.frames - start.frames;
        let inputs = end.inputs - start.inputs;
        let wire = (end.wire_bytes - start.wire_bytes) as f64 / frames as f64;
        let payload = (end.payload_bytes - start.payload_bytes) as f64 / frames as f64;
        crowd.leave().await;
        server.wait_until_empty().await;
        drop(server);

        // The smaller of two: noise of the machine must not flatter us.
        let raw = || raw::send_cost(clients, wire as usize, secs / 2, pinned.then(|| cores[0]));
        let raw = raw().min(raw());
        let delivery = cpu.as_nanos() as f64 / frames as f64;
        let per = |bytes: u64| (bytes.saturating_sub(empty)) as f64 / clients as f64 / 1024.0;
        println!(
            "{}",
            json!({
                "clients": clients, "secs": took.as_secs_f64(), "pinned": pinned,
                "frames_per_sec": frames as f64 / took.as_secs_f64(),
                "inputs_per_sec": inputs as f64 / took.as_secs_f64(),
                "payload_bytes_per_frame": payload, "wire_bytes_per_frame": wire,
                "raw_send_us": raw.as_nanos() as f64 / 1e3,
                "cpu_per_delivery_us": delivery / 1e3,
                "multiple_of_raw_send": delivery / raw.as_nanos() as f64,
                "server_cpu_share": cpu.as_secs_f64() / took.as_secs_f64(),
                "join_cpu_us": join_cpu.as_micros() as f64 / clients as f64,
                "kib_per_idle_connection": per(idle),
                "kib_per_playing_connection": per(playing),
            })
        );
        assert!(frames > 0 && inputs > 0, "nothing was delivered");
    });
}

//! Connections break in the middle of a talk, anywhere: nobody misses a line, nobody hears one twice,
//! and each is said once.

use std::time::{Duration, Instant};

use greenroom::Rng;
use greenroom_client::{Client, Connect, Join, Update};
use tokio::time::timeout_at;

use super::texts;
use crate::support::proxy::Proxy;
use crate::support::{TestServer, new_room, setting, within};

/// Lines that one says.
const LINES: usize = 25;

/// Between two of them.
const PAUSE: Duration = Duration::from_millis(60);
/// For so long connections are cut, at most.
const CUTTING: Duration = Duration::from_secs(5);

/// Says its lines, one after the other, and hears everything until it has heard as many as all say.
async fn talk(mut client: Client, name: &'static str, all: usize) -> Vec<String> {
    let mut heard = Vec::new();
    for number in 0..LINES {
        let text = format!("{name} {number}");
        let said = within("an answer", client.chat(0, &text)).await;
        said.unwrap_or_else(|error| panic!("{text}: {error}"));
        // So that the talk lasts for many cuts.
        let pause = Instant::now() + PAUSE;
        while let Ok(update) = timeout_at(pause.into(), client.next()).await {
            hear(update, &mut heard);
        }
    }
    while heard.len() < all {
        hear(within("a line", client.next()).await, &mut heard);
    }
    heard
}

fn hear(update: Update, heard: &mut Vec<String>) {
    match update {
        Update::Chat(line) => heard.push(line.text.to_string()),
        Update::Resumed { events_lost, .. } => assert!(!events_lost),
        Update::Closed(closed) => panic!("{closed}"),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_breaks_each_line_is_said_once_and_heard_once_in_one_order() {
    let seed = setting("GREENROOM_SEED", 7);
    for (tick_hz, seed) in [(60, seed), (0, seed + 1)] {
        let server = TestServer::start(|_| {}).await;
        let options = format!(
            r#"{{"tick_hz":{tick_hz},"hold_ms":60000,"chat":true,"chat_burst":1000,"chat_backlog":0}}"#
        );
        let (mut witness, seat) = server.seated(new_room(&options)).await;
        let proxy = Proxy::to(server.server.wss()).await;
        let connect = || {
            let url = format!("wss://{}", proxy.address);
            Connect { url, jitter: Some(seed), ..server.connect_with() }
        };
        let mut clients = Vec::new();
        for _ in 0..2 {
            let mut client = within("a connection", Client::connect(connect())).await.unwrap();
            within("a seat", client.join(Join::Room(seat.room))).await.unwrap();
            clients.push(client);
        }
        let named = clients.into_iter().zip(["ada", "bob"]);
        let talkers: Vec<_> =
            named.map(|(client, name)| tokio::spawn(talk(client, name, 2 * LINES))).collect();
        let mut rng = Rng::new(seed);
        let ends = Instant::now() + CUTTING;
        while Instant::now() < ends && !talkers.iter().all(|talker| talker.is_finished()) {
            tokio::time::sleep(Duration::from_millis((40 + rng.below(250)).into())).await;
            match rng.below(3) {
                0 => proxy.cut(),
                // In the middle of whatever it is: the handshake alone takes some 3 KB.
                1 => proxy.cut_after(u64::from(3_000 + rng.below(6_000))),
                _ => proxy.cut_after(0),
            }
        }
        // Else it would depend on the machine how long it takes.
        proxy.cut_after(0);
        proxy.cut();
        let order = texts(&mut witness, 2 * LINES).await;
        for name in ["ada", "bob"] {
            let own = order.iter().filter(|text| text.starts_with(name)).cloned();
            let said: Vec<_> = (0..LINES).map(|number| format!("{name} {number}")).collect();
            assert_eq!(own.collect::<Vec<_>>(), said, "seed {seed}");
        }
        for talker in talkers {
            assert_eq!(talker.await.unwrap(), order, "seed {seed}");
        }
    }
}

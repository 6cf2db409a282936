//! What finding and watching rooms costs.
//!
//! `cargo bench --bench lobby`: a page of 10,000 rooms by a filter and an order; what a change of one
//! room costs while 1,000 and 10,000 rooms are there, by the number of different queries that are
//! watched and of those who watch them. It should grow with the first of these, a little with the
//! logarithm of the rooms, and with the watchers only where there is something to tell them.

#![allow(missing_docs, clippy::unwrap_used, clippy::disallowed_methods)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom::Games;
use greenroom::config::Config;
use greenroom::directory::token::TokenKey;
use greenroom::directory::{Directory, RoomRecord};
use greenroom::net::link::Link;
use greenroom::proto::{
    Condition, Fact, GameName, List, MetaEntry, NewRoom, Query, RoomId, Sort, Test, Text,
};
use greenroom::room::listing::{Listing, Setup};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn setup(level: u64, map: &str) -> Setup {
    let entry = |key: &str, value| MetaEntry { key: Text::cut(key), value };
    let metadata = [
        entry("level", (level as i64).into()),
        entry("map", map.into()),
        entry("night", level.is_multiple_of(2).into()),
    ];
    let room = NewRoom { metadata: List::first(metadata), ..NewRoom::default() };
    Setup::of(&room, 8).unwrap()
}

fn listing(level: u64, map: &str) -> Listing {
    let mut listing = Listing::default();
    listing.open(&setup(level, map));
    listing
}

fn maps(n: u64) -> &'static str {
    ["Monza", "Monaco", "Spa", "Suzuka"][(n % 4) as usize]
}

fn rooms(count: u64) -> Directory {
    let directory = Directory::default();
    let entry = Games::builtin().get("connect4").unwrap().clone();
    let plan = entry.game.plan("").unwrap();
    let tokens = Arc::new(TokenKey::new(&[7; 32]));
    for id in 0..count {
        let made_from = (entry.clone(), plan.clone());
        let record = RoomRecord::new(RoomId(id), made_from, id, &tokens, &Config::default());
        record.open_as(setup(id * 7919 % 1000, maps(id)));
        directory.insert(&record, usize::MAX).unwrap();
    }
    directory
}

fn query(least: i64, prefix: &str) -> Query {
    let of = |key: &str| Fact::Key(Text::cut(key));
    Query {
        game: GameName::cut("connect4"),
        conditions: List::first([
            Condition { fact: of("map"), test: Test::StartsWith(Text::cut(prefix)) },
            Condition { fact: of("level"), test: Test::Between(least, 1000) },
            Condition { fact: Fact::Free, test: Test::Between(1, 8) },
        ]),
        sort: Sort { by: of("level"), descending: true },
        ..Query::default()
    }
}

/// The least of some times.
fn least(rounds: u32, mut work: impl FnMut()) -> Duration {
    let mut time = || {
        let began = Instant::now();
        work();
        began.elapsed()
    };
    (0..rounds).map(|_| time()).min().unwrap()
}

fn finds(count: u64, rounds: u32) {
    let directory = rooms(count);
    let by_text = Sort { by: Fact::Key(Text::cut("map")), descending: false };
    let cases = [
        ("a filter that half of them pass, by a number", query(0, "Mon")),
        (
            "no filter, by a text",
            Query { conditions: List::default(), sort: by_text, ..query(0, "") },
        ),
        ("a filter that nobody passes", query(0, "Imola")),
    ];
    for (what, query) in cases {
        let mut found = 0;
        let time = least(rounds, || found = directory.find(&query).unwrap().0.len());
        println!(
            "find among {count} rooms, {what}: {:.2} ms, {found} rooms",
            time.as_secs_f64() * 1e3
        );
    }
}

/// So many connections whose other ends take all they get.
async fn links(count: usize) -> Vec<Arc<Link>> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut links = Vec::new();
    for _ in 0..count {
        let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
        let mut theirs = theirs.unwrap().0;
        tokio::spawn(async move {
            let mut bytes = [0; 16 * 1024];
            while theirs.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
        });
        links.push(Link::new(ours.unwrap(), None));
    }
    links
}

async fn watching(count: u64, queries: i64, watchers: usize, rounds: u32) {
    let directory = rooms(count);
    for (n, link) in links(watchers).await.iter().enumerate() {
        let query = query(n as i64 % queries, "Mon");
        directory.watch(&query, link, 1, usize::MAX).unwrap();
    }
    let changes = 200.min(count / 4);
    let mut round = 0;
    // Levels that are far from the top, where nobody looks; then the very top.
    let mut change = |level: u64| {
        round += 1;
        for id in 0..changes {
            let room = directory.get(RoomId(id * 4)).unwrap();
            room.show(listing(level + (round + id) % 100, "Monza"));
        }
        let began = Instant::now();
        directory.tell_watchers();
        began.elapsed()
    };
    change(300);
    let unseen = (0..rounds).map(|_| change(300)).min().unwrap();
    change(900);
    let seen = (0..rounds).map(|_| change(900)).min().unwrap();
    let each = |time: Duration| time.as_secs_f64() * 1e6 / changes as f64;
    println!(
        "{count} rooms, {queries} queries, {watchers} watchers: a change that nobody sees {:.2} µs; \
         {changes} at once at the top of all lists {:.2} µs each",
        each(unseen),
        each(seen)
    );
}

fn main() {
    // `cargo test --benches` runs this too: then it is only a check that everything works.
    let check = std::env::args().any(|argument| argument == "--test");
    let rounds = if check { 1 } else { 30 };
    finds(if check { 500 } else { 10_000 }, rounds);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let cases: &[(u64, i64, usize)] = match check {
        true => &[(100, 2, 4)],
        false => &[
            (1_000, 1, 10),
            (10_000, 1, 10),
            (10_000, 1, 1_000),
            (10_000, 8, 1_000),
            (10_000, 64, 1_000),
        ],
    };
    for (count, queries, watchers) in cases {
        runtime.block_on(watching(*count, *queries, *watchers, rounds));
    }
}

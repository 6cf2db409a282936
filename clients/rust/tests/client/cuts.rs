//! Connections that break anywhere: at each byte of coming back, and at random, again and again.
//! Whatever breaks, the player has each event once, each request is done and answered once, the
//! state is the room's, and the newest input arrives.

use std::collections::BTreeMap;
use std::time::Duration;

use greenroom_client::{CallError, Client, Connect, Join, RequestId, Update};
use tokio::time::{Instant, timeout};

use crate::host::{Cuts, Host};
use crate::mock::{Mock, time_flies, world};

/// Longer than a game here may take, in the time of the test.
const ENOUGH: Duration = Duration::from_secs(600);
const DEADLINE: Duration = Duration::from_secs(300);
/// More than a connection of a short game has in one direction up to its third frame.
const BYTES: usize = 480;

/// Numbers that are the same for a seed: splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let bits = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ bits >> 31) % bound
    }
}

/// A client that plays, and what it has been told.
struct Player {
    client: Client,
    host: Host,
    name: String,
    asked: BTreeMap<RequestId, u8>,
    answered: usize,
    events: usize,
    input: u32,
    /// Of the newest input.
    ordinal: u32,
    broken: u64,
}

impl Player {
    /// `None`: the connection broke before there was a seat to come back to.
    async fn new(name: String, cuts: impl Fn(usize) -> Cuts + Send + 'static) -> Option<Self> {
        let mock = Mock::plain().await;
        let connect = Connect { jitter: Some(1), ..mock.connect() };
        let host = Host::new(mock, cuts);
        let mut client = Client::connect(connect).await.ok()?;
        client.join(Join::Create { game: "test", options: "" }).await.ok()?;
        let asked = BTreeMap::new();
        let (answered, events, input, ordinal, broken) = (0, 0, 0, 0, 0);
        Some(Player { client, host, name, asked, answered, events, input, ordinal, broken })
    }

    fn hear(&mut self, update: Update) {
        let name = &self.name;
        match update {
            Update::Frame { tick, .. } => {
                assert_eq!(self.client.state(), Ok(Some(world(tick.0))), "{name}");
            }
            Update::Event(event) => {
                self.events += 1;
                assert_eq!(event.number as usize, self.events, "{name}");
                let (tick, body) = self.host.room().events[self.events - 1];
                assert_eq!((event.tick.0, &event.body[..]), (tick, &[body][..]), "{name}");
            }
            Update::Reply { id, reply } => {
                let asked =
                    self.asked.remove(&id).unwrap_or_else(|| panic!("{name}: {id:?} twice"));
                let reply = reply.and_then(|reply| reply.decode::<String>()).expect(name);
                assert!(reply.ends_with(&format!(":{asked}")), "{name}: {asked}: {reply}");
                self.answered += 1;
            }
            Update::Broken { .. } => self.broken += 1,
            Update::Resumed { events_lost, .. } => assert!(!events_lost, "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }

    fn start(&mut self, body: u8) {
        match self.client.start(&body, DEADLINE) {
            Ok(id) => drop(self.asked.insert(id, body)),
            Err(error) => assert_eq!(error, CallError::Busy, "{}", self.name),
        }
    }

    fn steer(&mut self) {
        self.input += 1;
        let sent = self.client.input_bytes(&self.input.to_le_bytes()).expect(&self.name);
        assert!(sent.ordinal > self.ordinal || sent.replaced, "{}", self.name);
        self.ordinal = sent.ordinal;
    }

    /// Plays on until everything has come that is under way.
    async fn settle(&mut self) {
        let began = Instant::now();
        loop {
            let settled = self.asked.is_empty()
                && self.events == self.host.room().events.len()
                && self.host.room().last_input.as_deref() == Some(&self.input.to_le_bytes()[..])
                && self.client.applied() >= self.ordinal;
            if settled && self.client.is_connected() {
                break;
            }
            assert!(began.elapsed() < ENOUGH, "{}: {:?} wait", self.name, self.asked);
            let update = timeout(ENOUGH, self.client.next()).await;
            self.hear(update.unwrap_or_else(|_| panic!("{}: it hangs", self.name)));
        }
        let room = self.host.room();
        assert_eq!(room.wrong, [""; 0], "{}", self.name);
        assert!(
            room.done.is_sorted_by(|one, next| one.0 < next.0),
            "{}: {:?}",
            self.name,
            room.done
        );
        assert_eq!(self.client.stats().resumed, self.broken, "{}", self.name);
        assert_eq!(self.client.stats().desyncs, 0, "{}", self.name);
    }
}

/// A short game whose first connections break like this; how often one broke after there was a seat.
async fn game(cuts: [Cuts; 2], break_off: bool) -> Option<u64> {
    let limits = move |number: usize| cuts.get(number).copied().unwrap_or_default();
    let mut player = Player::new(format!("{cuts:?}"), limits).await?;
    for turn in 0..3u8 {
        if break_off && turn == 1 {
            player.host.break_off();
        }
        player.host.event(turn);
        player.steer();
        player.start(turn);
        for _ in 0..2 {
            let update = timeout(ENOUGH, player.client.next()).await.expect("it hangs");
            player.hear(update);
        }
    }
    player.settle().await;
    assert_eq!((player.answered, player.events), (3, 3));
    Some(player.broken)
}

/// The connection on which the client comes back breaks after each number of bytes.
#[tokio::test(start_paused = true)]
async fn coming_back_may_break_at_every_byte() {
    time_flies();
    let mut broken = [0; 4];
    let from = (0..BYTES).map(|bytes| Cuts { from_client: Some(bytes), ..Cuts::default() });
    let to = (0..BYTES).map(|bytes| Cuts { to_client: Some(bytes), ..Cuts::default() });
    for cut in from.chain(to) {
        let breaks = game([Cuts::default(), cut], true).await.expect("a seat");
        broken[breaks as usize] += 1;
    }
    // Once: while the client was coming back, or not any more. Twice: just after it was back.
    assert!(broken[0] == 0 && broken[1] > 300 && broken[2] > 30, "{broken:?}");
}

/// The first connection breaks after each number of bytes: between frames, in the middle of one, of
/// an input, of a request.
#[tokio::test(start_paused = true)]
async fn a_game_may_break_at_every_byte() {
    time_flies();
    let (mut seats, mut broken) = (0, 0);
    let from = (0..BYTES).map(|bytes| Cuts { from_client: Some(bytes), ..Cuts::default() });
    let to = (0..BYTES).map(|bytes| Cuts { to_client: Some(bytes), ..Cuts::default() });
    for cut in from.chain(to) {
        if let Some(breaks) = game([cut, Cuts::default()], false).await {
            (seats, broken) = (seats + 1, broken + breaks);
        }
    }
    assert!(seats > 300 && broken > 100, "{seats} seats, {broken} broken");
}

/// Random games over connections that break at random; every future is dropped now and then.
/// `GREENROOM_SEEDS` says how many times as many as usual.
#[tokio::test(start_paused = true)]
async fn random_games_survive_random_breaks() {
    time_flies();
    let times = std::env::var("GREENROOM_SEEDS").ok().and_then(|text| text.parse().ok());
    let mut broken = 0;
    for seed in 0..60 * times.unwrap_or(1) {
        broken += random_game(seed).await;
    }
    assert!(broken > 60, "{broken}");
}

async fn random_game(seed: u64) -> u64 {
    let mut dice = Dice(seed);
    let connections = 1 + dice.below(12) as usize;
    let limits = move |number: usize| {
        if number == 0 || number > connections {
            // The first is cut by the game itself.
            return Cuts::default();
        }
        let mut dice = Dice(seed << 8 | number as u64);
        let mut cut =
            |some: u64, most: u64| (dice.below(3) < some).then(|| dice.below(most) as usize);
        Cuts { from_client: cut(2, 900), to_client: cut(2, 1500) }
    };
    let mut player = Player::new(format!("seed {seed}"), limits).await.expect("a seat");
    let mut body = 0;
    for _ in 0..60 + dice.below(100) {
        body += 1;
        match dice.below(10) {
            0 | 1 => player.host.event(body),
            2 | 3 => player.start(body),
            4 | 5 => player.steer(),
            6 => player.host.break_off(),
            7 => {
                // Waited for, and given up after a while.
                let patience = Duration::from_millis(dice.below(400));
                let asking = player.client.request::<_, String>(&body, DEADLINE);
                match timeout(patience, asking).await {
                    Ok(Ok(reply)) => assert!(reply.ends_with(&format!(":{body}")), "seed {seed}"),
                    Ok(Err(error)) => assert_eq!(error, CallError::Busy, "seed {seed}"),
                    Err(_) => {}
                }
            }
            _ => {
                // Dropped again and again before it is done.
                let until = Instant::now() + Duration::from_millis(dice.below(300));
                while Instant::now() < until {
                    let patience = Duration::from_millis(1 + dice.below(4));
                    if let Ok(update) = timeout(patience, player.client.next()).await {
                        player.hear(update);
                    }
                }
            }
        }
    }
    player.steer();
    player.settle().await;
    player.broken
}

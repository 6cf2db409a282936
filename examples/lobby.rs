//! Two games and the way between them: in a lobby people say that they are ready, each two of them
//! are sent into a duel of rock, paper and scissors, and the duel sends them back.
//!
//! ```text
//! lobby ──move_players──▶ duel        both find a seat there, or both stay
//!   ▲                      │
//!   └──────came_from───────┘          each duel knows its lobby
//! ```
//!
//! `cargo run --example lobby` hosts both, and has Ada and Bo play.

use std::error::Error;
use std::time::Duration;

use greenroom::config::{AddressChoice, Config};
use greenroom::prelude::*;
use greenroom::server::{Server, ServerSpec};
use greenroom::{Games, certs};
use greenroom_client::{Client, Connect, Join, Trust, Update};

/// Where people wait for each other.
#[derive(Serialize, Deserialize)]
struct Lobby {
    hall: Hall,
    /// First come, first served.
    ready: Vec<PlayerId>,
}

#[derive(Replicate, Clone, Debug, Serialize, Deserialize)]
struct Hall {
    here: u32,
    /// How often somebody has come back from a duel.
    played: u32,
}

#[derive(Message, Serialize, Deserialize)]
struct Ready;

impl Game for Lobby {
    const NAME: &'static str = "lobby";
    const SEATS: u32 = 100;
    type Options = NoOptions;
    type State = Hall;
    type Input = ();
    type Request = Ready;
    type Reply = ();
    type Event = ();
    type Result = ();

    fn pace(_: &NoOptions) -> Pace {
        Pace::OnCommand
    }
    /// Longer than a duel takes: it must still be there when everybody has gone to play.
    fn room_empty(_: &NoOptions) -> Option<Duration> {
        Some(Duration::from_secs(3600))
    }
    fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
        Lobby { hall: Hall { here: 0, played: 0 }, ready: Vec::new() }
    }
    fn state(&self) -> &Hall {
        &self.hall
    }
    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        self.hall.here += 1;
        self.hall.played += u32::from(ctx.came_from(player).is_some());
        Ok(())
    }
    fn leave(&mut self, player: PlayerId, _: &mut Ctx<Self>) {
        self.hall.here -= 1;
        self.ready.retain(|other| *other != player);
    }
    fn request(&mut self, player: PlayerId, _: Ready, ctx: &mut Ctx<Self>) {
        if !self.ready.contains(&player) {
            self.ready.push(player);
        }
        if let [one, other] = self.ready[..] {
            self.ready.clear();
            ctx.move_players(&[one, other], MoveTo::new_room::<Duel>(&NoOptions::defaults()));
        }
    }
    fn signal(&mut self, signal: &Signal, ctx: &mut Ctx<Self>) {
        // The server hosts as many duels as it may: whoever is still here waits for the next.
        if let Signal::NotMoved { player, .. } = signal
            && ctx.is_seated(*player)
        {
            self.ready.push(*player);
        }
    }
}

/// Rock, paper, scissors: each beats the one before.
#[derive(Message, Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
enum Hand {
    Rock,
    Paper,
    Scissors,
}

/// One throw.
#[derive(Serialize, Deserialize)]
struct Duel {
    thrown: Vec<(PlayerId, Hand)>,
    won: Option<PlayerId>,
}

impl Game for Duel {
    const NAME: &'static str = "duel";
    const SEATS: u32 = 2;
    type Options = NoOptions;
    type State = ();
    type Input = ();
    type Request = Hand;
    type Reply = ();
    /// Who has won, if anybody.
    type Event = Option<PlayerId>;
    type Result = Winner;

    fn pace(_: &NoOptions) -> Pace {
        Pace::OnCommand
    }
    fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
        Duel { thrown: Vec::new(), won: None }
    }
    fn state(&self) -> &() {
        &()
    }
    fn request(&mut self, player: PlayerId, hand: Hand, ctx: &mut Ctx<Self>) {
        if self.thrown.iter().all(|(other, _)| *other != player) {
            self.thrown.push((player, hand));
        }
        let [(one, hand), (other, against)] = self.thrown[..] else { return };
        self.won = match (hand as u8 + 3 - against as u8) % 3 {
            1 => Some(one),
            2 => Some(other),
            _ => None,
        };
        ctx.send(To::Players, &self.won);
        // A moment later, so that everybody has seen how it ended.
        ctx.timer(Duration::from_millis(50), 0);
    }
    fn timer(&mut self, _: u32, ctx: &mut Ctx<Self>) {
        let players: Vec<_> = ctx.players().collect();
        match players.iter().find_map(|player| ctx.came_from(*player)) {
            Some(lobby) => drop(ctx.move_players(&players, MoveTo::Room(lobby))),
            None => ctx.end(&Winner { winner: self.won }),
        }
    }
    /// The last one out turns off the light.
    fn leave(&mut self, _: PlayerId, ctx: &mut Ctx<Self>) {
        if ctx.players().next().is_none() {
            ctx.end(&Winner { winner: self.won });
        }
    }
    fn signal(&mut self, signal: &Signal, ctx: &mut Ctx<Self>) {
        // Their lobby is gone: the match ends for those who are left.
        if let Signal::NotMoved { .. } | Signal::Lost { .. } = signal {
            ctx.end(&Winner { winner: self.won });
        }
    }
}

/// A person who plays one duel; returns how often somebody has come back to the lobby by then.
async fn play(
    mut client: Client,
    name: &str,
    hand: Hand,
) -> Result<u32, Box<dyn Error + Send + Sync>> {
    let deadline = Duration::from_secs(10);
    let lobby = client.join(Join::OpenOrCreate { game: Lobby::NAME, options: "" }).await?;
    let _: () = client.request(&Ready, deadline).await?;
    loop {
        match client.next().await {
            Update::Moved { seat, .. } if seat.game == Duel::NAME => {
                println!("{name} is in a duel: {hand:?}!");
                client.start(&hand, deadline)?;
            }
            Update::Event(event) => {
                let winner: Option<PlayerId> = event.decode()?;
                let won = winner.is_some() && winner == client.seat().map(|seat| seat.player);
                println!("{name} has {}", if won { "won" } else { "not won" });
            }
            Update::Moved { seat, .. } => assert_eq!(seat.room, lobby.room),
            Update::Frame { .. } => {
                let back = client.seat().filter(|seat| **seat != lobby && seat.game == Lobby::NAME);
                if let Some(hall) = back.and(client.state::<Hall>().ok().flatten()) {
                    println!("{name} is back in the lobby");
                    client.close().await;
                    return Ok(hall.played);
                }
            }
            Update::Closed(closed) => return Err(closed.into()),
            _ => {}
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let dir = tempfile::tempdir()?;
    let paths = certs::ensure(dir.path(), false)?.paths;
    let mut config = Config::default();
    config.listen.bind = "127.0.0.1:0".parse()?;
    config.listen.plain = None;
    config.ops.address = AddressChoice::Off;
    config.rooms.crash_dir = dir.path().join("crashes");
    let identity = certs::Identity::of_files(&paths.server, &paths.server_key)?;
    let games = Games::new().add::<Lobby>().add::<Duel>();
    let server = Server::start(ServerSpec { config, games, identity, results: None }).await?;

    let connect = || {
        let trust = Trust::CaFile(paths.ca.clone());
        let connect = Connect { trust, ..Connect::to(format!("wss://{}", server.wss())) };
        Client::connect(connect.knows::<Hall>().knows::<()>())
    };
    let (ada, bo) = (connect().await?, connect().await?);
    let (ada, bo) = tokio::join!(play(ada, "Ada", Hand::Paper), play(bo, "Bo", Hand::Rock));
    assert!((1..=2).contains(&ada?) && (1..=2).contains(&bo?));
    server.stop().await;
    Ok(())
}

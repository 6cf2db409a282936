//! A studio's own actor in a tree like Greenroom's: it crashes, is restarted, and nobody else
//! notices.
//!
//! ```text
//! studio (one-for-one)
//! ├─ leaderboard     ours: permanent, three restarts a minute of its own
//! └─ matches         dynamic: children come and go
//!     └─ match-1     ours: transient, over when it is over
//! ```
//!
//! `cargo run --example own_actor`

use std::error::Error;
use std::time::Duration;

use greenroom::actors::actor::{Actor, Context, Failure, Mailbox, Named, Reply};
use greenroom::supervision::{
    ChildSpec, Dynamic, Intensity, Restart, Slot, Strategy, SupervisorRef, SupervisorSpec,
};

const SECOND: Duration = Duration::from_secs(1);

/// Keeps the best score. What it must not lose it would read back when `Restore` arrives.
struct Leaderboard {
    best: Option<u64>,
}

enum LeaderboardMsg {
    /// To itself, first of all: restoring takes time, and nobody waits for this.
    Restore,
    Score(u64),
    Best(Reply<Option<u64>>),
}

impl Named for LeaderboardMsg {
    fn name(&self) -> &'static str {
        match self {
            Self::Restore => "restore",
            Self::Score(_) => "score",
            Self::Best(_) => "best",
        }
    }
}

impl Actor for Leaderboard {
    const CLASS: &'static str = "leaderboard";
    type Msg = LeaderboardMsg;
    type Args = ();

    async fn start(_: (), ctx: &Context<LeaderboardMsg>) -> Result<Self, Failure> {
        ctx.mailbox().cast(LeaderboardMsg::Restore)?;
        Ok(Self { best: None })
    }

    async fn handle(
        &mut self,
        msg: LeaderboardMsg,
        _ctx: &Context<LeaderboardMsg>,
    ) -> Result<(), Failure> {
        match msg {
            LeaderboardMsg::Restore => self.best = Some(100),
            LeaderboardMsg::Score(u64::MAX) => panic!("nobody scores that much"),
            LeaderboardMsg::Score(score) => self.best = self.best.max(Some(score)),
            LeaderboardMsg::Best(reply) => drop(reply.send(self.best)),
        }
        Ok(())
    }
}

/// One match: plays one round and ends, reporting to whichever leaderboard runs by then.
struct Match {
    leaderboard: Slot<Mailbox<LeaderboardMsg>>,
}

struct Play;

impl Named for Play {
    fn name(&self) -> &'static str {
        "play"
    }
}

impl Actor for Match {
    const CLASS: &'static str = "match";
    type Msg = Play;
    type Args = Slot<Mailbox<LeaderboardMsg>>;

    async fn start(leaderboard: Self::Args, _ctx: &Context<Play>) -> Result<Self, Failure> {
        Ok(Self { leaderboard })
    }

    async fn handle(&mut self, Play: Play, ctx: &Context<Play>) -> Result<(), Failure> {
        if let Some(leaderboard) = self.leaderboard.get() {
            leaderboard.cast(LeaderboardMsg::Score(250))?;
        }
        ctx.stop();
        Ok(())
    }

    async fn stopped(&mut self, ctx: &Context<Play>) {
        println!("{} is over", ctx.name());
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let leaderboard: Slot<Mailbox<LeaderboardMsg>> = Slot::new();
    let matches: Slot<SupervisorRef> = Slot::new();
    let root = SupervisorSpec::new("studio", Strategy::OneForOne)
        .on_exit(|told| println!("{} {}; it is {:?}", told.id, told.exit, told.next))
        .child(
            ChildSpec::actor_at::<Leaderboard>("leaderboard", (), &leaderboard)
                .budget(Intensity::new(3, 60 * SECOND)),
        )
        .child(SupervisorSpec::dynamic("matches", Dynamic::default()).into_child_at(&matches))
        .start()
        .await?;

    // A crash: the old mailbox is stale, the slot has the new one.
    let before = leaderboard.get().ok_or("not started")?;
    before.cast(LeaderboardMsg::Score(u64::MAX))?;
    println!("the leaderboard {:?}", before.ended().await);
    let infos = root.which_children().await?;
    println!("{} was restarted {} time(s)", infos[0].id, infos[0].restarts);
    assert_eq!(infos[0].restarts, 1);

    // A match, started at run time, finds the new leaderboard.
    let matches = matches.get().ok_or("not started")?;
    let spec = ChildSpec::actor::<Match>("match-1", leaderboard.clone());
    let cell = matches.start_child(spec.restart(Restart::Transient)).await?;
    let playing = Mailbox::<Play>::of(&cell).ok_or("over already")?;
    playing.cast(Play)?;
    playing.ended().await;
    let after = leaderboard.get().ok_or("not started")?;
    let best = after.call(SECOND, LeaderboardMsg::Best).await?;
    println!("the best score is {best:?}");
    assert_eq!(best, Some(250));

    root.shutdown().await?;
    Ok(())
}

//! The actor of one room.
//!
//! **Its job.** Has the room worked on, by a runner on the threads of the
//! [scheduler](crate::scheduler), and knows how that ended. **Its children.** None; effects run as
//! tasks. **What ends it.** The match is over; nobody has a seat for some time; a panic in the game,
//! or a step that never ends. **What happens then.** After a panic its supervisor starts it again,
//! so often in so much time, and the runner's first turn brings the room back from its log: its
//! members notice a full state and no more. Past that budget the supervisor's exit hook takes the
//! room out of the directory and closes its members with a typed code. Nobody else notices.

mod effects;
mod idle;
mod keep;
mod keeper;
mod meters;
pub mod moves;
pub mod pace;
mod restore;
mod runner;
mod still;
mod take_over;
pub mod under_way;

use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::Tick;
use metrics::counter;
use tokio::sync::oneshot;

pub use self::keeper::Keeper;
use self::runner::Runner;
use self::under_way::UnderWay;
use super::actor::{Actor, Context, Failure, Mailbox, Named};
use super::lobby::LobbyMsg;
use super::results::ResultSink;
use crate::config::{Config, StopTimes};
use crate::crash_files::CrashFiles;
use crate::directory::{Directory, RoomRecord};
use crate::replays::KeptReplays;
use crate::room::Header;
use crate::room::recovery::{At, Crash, Progress};
use crate::scheduler::{End, Running, Scheduler};
use crate::supervision::{
    ChildSpec, Intensity, Partitioned, Restart, Shutdown, Slot, SupervisorError,
};

/// What a room is told.
#[derive(Debug)]
pub enum RoomMsg {
    /// Nobody works on the room any more.
    Ended(End),
}

impl Named for RoomMsg {
    fn name(&self) -> &'static str {
        match self {
            RoomMsg::Ended(_) => "ended",
        }
    }
}

/// How long a new room waits for a supervisor that has died and is being started anew.
const SUPERVISOR_BACK_MAX: Duration = Duration::from_secs(1);

/// What all rooms share.
#[derive(Clone)]
pub struct Common {
    /// The server's configuration.
    pub config: Arc<Config>,
    /// The rooms there are.
    pub directory: Arc<Directory>,
    /// Who finds seats for players that are moved.
    pub lobby: Slot<Mailbox<LobbyMsg>>,
    /// What runs beside them.
    pub under_way: Arc<UnderWay>,
    /// Where results go.
    pub results: ResultSink,
    /// Who steps them.
    pub scheduler: Arc<Scheduler>,
    /// Where crashes are written down.
    pub crashes: CrashFiles,
    /// Keeps them beyond the death of the process.
    pub keeper: Option<Keeper>,
    /// Keeps the logs of finished matches.
    pub replays: Option<KeptReplays>,
    /// This program: see [`Header::build`].
    pub build: u64,
}

impl Common {
    /// The header of a new room's log.
    fn header(&self, record: &RoomRecord) -> Header {
        Header { build: self.build, ..record.entry.header(&record.plan, record.seed) }
    }
}

/// What a room's actor starts from.
#[derive(Clone)]
pub struct RoomArgs {
    /// The room.
    pub record: Arc<RoomRecord>,
    /// What it shares with the others.
    pub common: Common,
}

/// The supervisors that rooms are started under.
#[derive(Clone)]
pub struct Rooms {
    supervisors: Partitioned,
    common: Common,
}

impl Rooms {
    /// Rooms under these supervisors.
    #[must_use]
    pub fn new(supervisors: Partitioned, common: Common) -> Self {
        Rooms { supervisors, common }
    }

    /// The server's configuration.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.common.config
    }

    /// Where their results go.
    #[must_use]
    pub fn results(&self) -> &ResultSink {
        &self.common.results
    }

    /// The program that steps them.
    #[must_use]
    pub fn build(&self) -> u64 {
        self.common.build
    }

    /// Starts the actor of a room that is in the directory.
    pub async fn start(&self, record: Arc<RoomRecord>) -> Result<(), SupervisorError> {
        let id = record.id;
        let deadline = tokio::time::Instant::now() + SUPERVISOR_BACK_MAX;
        loop {
            let spec = child(Arc::clone(&record), &self.common);
            match self.supervisors.start_child(id.0, spec).await {
                // A supervisor that has just been started anew found it in the directory.
                Ok(_) | Err(SupervisorError::AlreadyExists { .. }) => return Ok(()),
                Err(SupervisorError::Ended) if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// A room as a child of its supervisor.
#[must_use]
pub fn child(record: Arc<RoomRecord>, common: &Common) -> ChildSpec {
    let Config { rooms, .. } = &*common.config;
    let budget = Intensity::new(rooms.restarts_max, rooms.restart_period);
    let args = RoomArgs { record: Arc::clone(&record), common: common.clone() };
    ChildSpec::actor::<RoomActor>(record.id.to_string(), args)
        .restart(Restart::Transient)
        .budget(budget)
        .shutdown(Shutdown::Within(StopTimes::of(&common.config).rooms))
}

/// The actor.
pub struct RoomActor {
    record: Arc<RoomRecord>,
    directory: Arc<Directory>,
    crashes: CrashFiles,
    /// It keeps itself for another process before it stops.
    keeps: bool,
    running: Running,
    /// Completes when nobody works on the room any more.
    idle: Option<oneshot::Receiver<()>>,
}

impl Actor for RoomActor {
    const CLASS: &'static str = "room";
    type Msg = RoomMsg;
    type Args = RoomArgs;

    async fn start(args: RoomArgs, ctx: &Context<RoomMsg>) -> Result<Self, Failure> {
        let record = Arc::clone(&args.record);
        let Common { directory, scheduler, crashes, keeper, .. } = args.common.clone();
        let worker = record.hire();
        // The game's own code runs in the first turn, not here, where it would hold up the
        // supervisor.
        let progress = Arc::new(Progress::default());
        let as_whom = (worker, Arc::clone(&progress));
        let runner = Runner::new(args, as_whom, tokio::runtime::Handle::current());
        let (tell_idle, idle) = oneshot::channel();
        let (mailbox, of_end) = (ctx.mailbox().clone(), Arc::clone(&record));
        // As the scheduler's log lines name it.
        let name = format!("{} {}", record.entry.game.name(), record.id);
        let running = scheduler.run(name, runner, move |end| {
            note_crash(&of_end, worker, progress.at(), &end);
            let _ = mailbox.cast(RoomMsg::Ended(end));
            let _ = tell_idle.send(());
        });
        record.started(running.waker());
        let keeps = keeper.is_some();
        Ok(RoomActor { record, directory, crashes, keeps, running, idle: Some(idle) })
    }

    async fn handle(&mut self, msg: RoomMsg, ctx: &Context<RoomMsg>) -> Result<(), Failure> {
        match msg {
            RoomMsg::Ended(End::Done | End::Stopped) => {
                ctx.stop();
                Ok(())
            }
            RoomMsg::Ended(End::Panicked(panicked)) => {
                self.crashes.write(&self.record);
                Err(panicked.into())
            }
            RoomMsg::Ended(End::Stalled(after)) => {
                self.crashes.write(&self.record);
                Err(format!("a step has not ended after {} s: its thread is lost", after.as_secs())
                    .into())
            }
        }
    }

    async fn stopped(&mut self, _: &Context<RoomMsg>) {
        // Else its supervisor has failed, and the next one takes the room on.
        let for_good = self.directory.leaving().is_closing();
        if for_good {
            self.record.shut();
        }
        match self.keeps && for_good {
            true => self.record.close(),
            false => self.running.stop(),
        }
        if let Some(idle) = self.idle.take() {
            let _ = idle.await;
        }
    }
}

/// What the next worker needs to know about the end of this one.
fn note_crash(record: &RoomRecord, worker: u64, (tick, at): (Tick, At), end: &End) {
    let (crash, kind) = match end {
        End::Done | End::Stopped => return,
        End::Panicked(panicked) => {
            let (text, place) = (panicked.text().to_owned(), panicked.place().to_owned());
            (Crash { tick, at, text, place }, "panic")
        }
        End::Stalled(after) => (Crash::stalled((tick, at), after.as_millis()), "stall"),
    };
    counter!("greenroom_rooms_crashed_total", "kind" => kind).increment(1);
    if let Some(mut work) = record.work(worker) {
        work.crash = Some(crash);
    }
}

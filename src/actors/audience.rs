//! The actor of those who look on at one room.
//!
//! **Its job.** Has the room's frames shown to everybody who looks on, by a task in the slow
//! crew of the [scheduler](crate::scheduler): however many there are, and however slow, no player
//! waits for them. It begins with the first who looks on and ends after the last. **Its children.**
//! None. **What ends it.** Nobody looks on any more; the match is over, and was shown to its end; a
//! bug. **What happens then.** After a panic it is started again, and everybody gets one whole state.
//! Past its budget their connections are closed (4104), and they may come back. The room does not
//! notice, and goes on.

mod show;

use std::sync::Arc;

use greenroom_proto::{CloseCode, Refusal};
use tokio::sync::oneshot;

use self::show::Show;
use super::actor::{Actor, Context, Failure, Named};
use crate::account::AccountId;
use crate::config::Config;
use crate::directory::spectator::Watch;
use crate::directory::{Client, Directory, RoomRecord};
use crate::scheduler::{End, Running, Scheduler};
use crate::supervision::{ChildSpec, Intensity, Partitioned, Restart};

/// What an audience is told.
#[derive(Debug)]
pub enum AudienceMsg {
    /// Nobody shows it anything any more.
    Ended(End),
}

impl Named for AudienceMsg {
    fn name(&self) -> &'static str {
        match self {
            AudienceMsg::Ended(_) => "ended",
        }
    }
}

/// The supervisors that audiences are started under.
pub struct Audiences {
    supervisors: Partitioned,
    directory: Arc<Directory>,
    scheduler: Arc<Scheduler>,
    config: Arc<Config>,
}

impl Audiences {
    /// Audiences under these supervisors.
    #[must_use]
    pub fn new(
        supervisors: Partitioned,
        directory: Arc<Directory>,
        scheduler: Arc<Scheduler>,
        config: Arc<Config>,
    ) -> Self {
        Audiences { supervisors, directory, scheduler, config }
    }

    /// A client wants to look on at a room.
    pub async fn enter(
        &self,
        room: &Arc<RoomRecord>,
        client: &Arc<Client>,
        account: &AccountId,
    ) -> Result<Watch, Refusal> {
        let audience = room.audience();
        let all_max = self.config.spectators.all_max;
        let entered = audience.enter(client, account, self.directory.watching(), all_max)?;
        let watch = Watch { room: Arc::clone(room), spectator: entered.spectator };
        if let Some(show) = entered.show
            && let Err(error) =
                self.supervisors.start_child(room.id.0, self.child(room, show)).await
        {
            tracing::error!(room = %room.id, "nobody can look on: {error}");
            watch.leave();
            return Err(Refusal::Failed);
        }
        Ok(watch)
    }

    fn child(&self, room: &Arc<RoomRecord>, show: u64) -> ChildSpec {
        let rooms = &self.config.rooms;
        let budget = Intensity::new(rooms.restarts_max, rooms.restart_period);
        let args = AudienceArgs {
            scheduler: Arc::clone(&self.scheduler),
            config: Arc::clone(&self.config),
            shown: Arc::new(ShownAt {
                room: Arc::clone(room),
                show,
                directory: Arc::clone(&self.directory),
            }),
        };
        // One that has just ended may still have the room's name.
        let name = format!("audience {} {show}", room.id);
        ChildSpec::actor::<AudienceActor>(name, args).restart(Restart::Transient).budget(budget)
    }
}

/// What an audience starts from.
#[derive(Clone)]
pub struct AudienceArgs {
    scheduler: Arc<Scheduler>,
    config: Arc<Config>,
    shown: Arc<ShownAt>,
}

/// The room that is shown, for as long as somebody may show it: also between two of them.
struct ShownAt {
    room: Arc<RoomRecord>,
    show: u64,
    directory: Arc<Directory>,
}

impl Drop for ShownAt {
    fn drop(&mut self) {
        let audience = self.room.audience();
        if !audience.is_dark(self.show) {
            return;
        }
        let leaving = self.directory.leaving();
        match leaving.is_closing() {
            true => audience.go_away(leaving.window_ms()),
            false => audience.close(CloseCode::Failed),
        }
    }
}

/// The actor.
pub struct AudienceActor {
    running: Running,
    /// Completes when nothing is shown any more.
    idle: Option<oneshot::Receiver<()>>,
    _shown: Arc<ShownAt>,
}

impl Actor for AudienceActor {
    const CLASS: &'static str = "audience";
    type Msg = AudienceMsg;
    type Args = AudienceArgs;

    async fn start(args: AudienceArgs, ctx: &Context<AudienceMsg>) -> Result<Self, Failure> {
        let AudienceArgs { scheduler, config, shown } = args;
        let show = Show::new(Arc::clone(&shown.room), &config);
        let name = format!(
            "{} {}, as shown to those who look on",
            shown.room.entry.game.name(),
            shown.room.id
        );
        let (tell_idle, idle) = oneshot::channel();
        let mailbox = ctx.mailbox().clone();
        let running = scheduler.run_patiently(name, show, move |end| {
            let _ = mailbox.cast(AudienceMsg::Ended(end));
            let _ = tell_idle.send(());
        });
        shown.room.audience().is_shown_by(running.waker());
        Ok(AudienceActor { running, idle: Some(idle), _shown: shown })
    }

    async fn handle(
        &mut self,
        msg: AudienceMsg,
        ctx: &Context<AudienceMsg>,
    ) -> Result<(), Failure> {
        let AudienceMsg::Ended(end) = msg;
        match end {
            End::Done | End::Stopped => {
                ctx.stop();
                Ok(())
            }
            End::Panicked(panicked) => Err(panicked.into()),
            End::Stalled(after) => {
                Err(format!("a turn has not ended after {} s", after.as_secs()).into())
            }
        }
    }

    async fn stopped(&mut self, _: &Context<AudienceMsg>) {
        self.running.stop();
        if let Some(idle) = self.idle.take() {
            let _ = idle.await;
        }
    }
}

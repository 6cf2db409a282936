//! A child that writes down what happens to it and misbehaves on request.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use greenroom::actors::actor::{Actor, Context, Ending, Failure, Mailbox, Named, Reply};
use greenroom::supervision::{ChildSpec, ChildState, SupervisorRef, SupervisorSpec};
use ractor::ActorCell;
use tokio::sync::Notify;

/// What happened, in order: `+a` started, `!a` failed to start, `-a` stopped in order.
#[derive(Clone, Default)]
pub struct Journal(Arc<(Mutex<Vec<String>>, Notify)>);

impl Journal {
    pub fn push(&self, entry: String) {
        self.0.0.lock().unwrap().push(entry);
        self.0.1.notify_waiters();
    }

    pub fn entries(&self) -> Vec<String> {
        self.0.0.lock().unwrap().clone()
    }

    /// What came since the last take.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.0.lock().unwrap())
    }

    pub async fn until(&self, condition: impl Fn(&[String]) -> bool) {
        let wait = async {
            loop {
                let changed = self.0.1.notified();
                if condition(&self.entries()) {
                    return;
                }
                changed.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), wait).await;
        assert!(waited.is_ok(), "in vain, got {:?}", self.entries());
    }
}

/// How the next incarnations of a probe behave; shared with the test.
#[derive(Default)]
pub struct Plan {
    pub fail_starts: AtomicU32,
    pub panic_starts: AtomicU32,
    pub hang_starts: AtomicU32,
    pub hang_in_stop: AtomicBool,
    pub panic_in_stop: AtomicBool,
    pub stop_takes_ms: AtomicU32,
    pub spin: AtomicBool,
}

impl Plan {
    fn due(counter: &AtomicU32) -> bool {
        counter.fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).is_ok()
    }
}

#[derive(Clone, Default)]
pub struct ProbeArgs {
    pub journal: Journal,
    pub plan: Arc<Plan>,
}

pub struct Probe {
    args: ProbeArgs,
}

pub enum ProbeMsg {
    Ping(Reply<()>),
    Stop,
    Fail,
    Panic,
    Hang,
    /// Computes without awaiting until the plan says otherwise.
    Spin,
}

impl Named for ProbeMsg {
    fn name(&self) -> &'static str {
        match self {
            Self::Ping(_) => "ping",
            Self::Stop => "stop",
            Self::Fail => "fail",
            Self::Panic => "panic",
            Self::Hang => "hang",
            Self::Spin => "spin",
        }
    }
}

impl Actor for Probe {
    const CLASS: &'static str = "probe";
    type Msg = ProbeMsg;
    type Args = ProbeArgs;

    async fn start(args: ProbeArgs, ctx: &Context<ProbeMsg>) -> Result<Self, Failure> {
        if Plan::due(&args.plan.hang_starts) {
            std::future::pending::<()>().await;
        }
        if Plan::due(&args.plan.fail_starts) {
            args.journal.push(format!("!{}", ctx.name()));
            return Err("as planned".into());
        }
        if Plan::due(&args.plan.panic_starts) {
            panic!("start as planned");
        }
        args.journal.push(format!("+{}", ctx.name()));
        Ok(Self { args })
    }

    async fn handle(&mut self, msg: ProbeMsg, ctx: &Context<ProbeMsg>) -> Result<(), Failure> {
        match msg {
            ProbeMsg::Ping(reply) => drop(reply.send(())),
            ProbeMsg::Stop => ctx.stop(),
            ProbeMsg::Fail => return Err("as asked".into()),
            ProbeMsg::Panic => panic!("as asked"),
            ProbeMsg::Hang => std::future::pending().await,
            ProbeMsg::Spin => {
                while self.args.plan.spin.load(SeqCst) {
                    std::thread::yield_now();
                }
            }
        }
        Ok(())
    }

    async fn stopped(&mut self, ctx: &Context<ProbeMsg>) {
        let plan = &self.args.plan;
        assert!(!plan.panic_in_stop.load(SeqCst), "in stop, as planned");
        if plan.hang_in_stop.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        let ms = plan.stop_takes_ms.load(SeqCst);
        if ms > 0 {
            tokio::time::sleep(Duration::from_millis(ms.into())).await;
        }
        self.args.journal.push(format!("-{}", ctx.name()));
    }
}

pub fn probe(id: &str, journal: &Journal) -> ChildSpec {
    probe_with(id, journal, &Arc::default())
}

pub fn probe_with(id: &str, journal: &Journal, plan: &Arc<Plan>) -> ChildSpec {
    let args = ProbeArgs { journal: journal.clone(), plan: plan.clone() };
    ChildSpec::actor::<Probe>(id, args)
}

/// Writes each exit down as `a failed Restarted`.
pub fn log_exits(spec: SupervisorSpec, exits: &Journal) -> SupervisorSpec {
    let exits = exits.clone();
    spec.on_exit(move |told| {
        exits.push(format!("{} {} {:?}", told.id, told.exit.kind(), told.next));
    })
}

/// The ways a child can end by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Stop,
    Fail,
    Panic,
    Kill,
}

pub const ENDS: [End; 4] = [End::Stop, End::Fail, End::Panic, End::Kill];

/// Makes it begin to end, without waiting.
pub fn begin_end(cell: &ActorCell, end: End) {
    let mailbox = Mailbox::<ProbeMsg>::of(cell).expect("a live probe");
    match end {
        End::Stop => mailbox.cast(ProbeMsg::Stop).unwrap(),
        End::Fail => mailbox.cast(ProbeMsg::Fail).unwrap(),
        End::Panic => mailbox.cast(ProbeMsg::Panic).unwrap(),
        End::Kill => cell.kill(),
    }
}

/// Ends the child and returns when its supervisor has dealt with it. A supervisor handles exits
/// before messages, and the exit was sent before the wait returns: so one question is enough.
pub async fn end(supervisor: &SupervisorRef, id: &str, end: End) {
    let cell = supervisor.child(id).await.expect("a running child");
    begin_end(&cell, end);
    cell.wait(None).await.unwrap();
    settled(supervisor).await;
}

/// How it ended, if it does within a minute.
pub async fn ended(supervisor: &SupervisorRef) -> Ending {
    let ended = tokio::time::timeout(Duration::from_secs(60), supervisor.ended()).await;
    ended.expect("the supervisor should have ended")
}

/// Waits until no restart is under way (or the supervisor has ended).
pub async fn settled(supervisor: &SupervisorRef) {
    while let Ok(children) = supervisor.which_children().await {
        if children.iter().all(|child| child.state != ChildState::Restarting) {
            return;
        }
    }
}

pub async fn states(supervisor: &SupervisorRef) -> Vec<(String, ChildState, u32)> {
    let children = supervisor.which_children().await.unwrap();
    children.into_iter().map(|child| (child.id.to_string(), child.state, child.restarts)).collect()
}

//! The wrapper around every actor: depth, alarms, panics, introspection, lifetimes of state.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use greenroom::actors::actor::{
    self, Actor, CallError, Context, Ending, Failure, MAILBOX_ALARM_DEPTH, Mailbox, live, stuck,
};
use greenroom::supervision::{ChildSpec, ChildState, Exit, Strategy, SupervisorSpec};
use tracing::field::{Field, Visit};

use crate::probe::{ENDS, End, Journal, Probe, ProbeArgs, ProbeMsg, begin_end, end, probe};

const SECOND: Duration = Duration::from_secs(1);

/// Keeps what is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}

impl tracing::Subscriber for Log {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() <= tracing::Level::WARN
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        let mut line = event.metadata().level().to_string();
        event.record(&mut Line(&mut line));
        self.0.lock().unwrap().push(line);
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

impl Log {
    fn lines(&self, containing: &str) -> Vec<String> {
        let lines = self.0.lock().unwrap();
        lines.iter().filter(|line| line.contains(containing)).cloned().collect()
    }
}

async fn lone(name: &str) -> Mailbox<ProbeMsg> {
    actor::spawn::<Probe>(name, ProbeArgs::default()).await.unwrap()
}

fn find(name: &str) -> Option<actor::ActorInfo> {
    live().into_iter().find(|info| &*info.name == name)
}

#[tokio::test]
async fn a_long_mailbox_is_reported_at_1024_and_each_doubling_and_again_after_it_was_empty() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let mailbox = lone("long").await;
    for round in 1..=2 {
        // The actor cannot run meanwhile: this thread is the only one and does not await.
        for _ in 0..MAILBOX_ALARM_DEPTH * 4 {
            mailbox.cast(ProbeMsg::Spin).unwrap();
        }
        assert_eq!(mailbox.depth(), MAILBOX_ALARM_DEPTH * 4);
        assert_eq!(log.lines("mailbox is long").len(), 3 * round, "1024, 2048, 4096");
        mailbox.call(SECOND * 10, ProbeMsg::Ping).await.unwrap();
        assert_eq!(mailbox.depth(), 0);
    }
    let handled = find("long").unwrap().handled;
    assert!(handled >= 2 * 4096, "{handled}");
}

#[tokio::test]
async fn a_panic_is_logged_once_with_actor_message_text_and_place() {
    let log = Log::default();
    let _guard = tracing::subscriber::set_default(log.clone());
    let root = SupervisorSpec::new("root", Strategy::OneForOne)
        .child(probe("doomed", &Journal::default()))
        .start()
        .await
        .unwrap();
    end(&root, "doomed", End::Panic).await;
    let lines = log.lines("as asked");
    let [line] = &lines[..] else {
        panic!("{lines:?}");
    };
    for part in ["doomed", "\"panic\"", "probe.rs:", "ERROR"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    // What the supervisor made of it is another line.
    assert_eq!(log.lines("next=Restarted").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_way_to_end_is_told_apart_by_owner_and_supervisor() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let hook = seen.clone();
    let root = SupervisorSpec::dynamic("root", Default::default())
        .on_exit(move |told| hook.lock().unwrap().push(told.exit.clone()))
        .start()
        .await
        .unwrap();
    let mut endings = Vec::new();
    for (n, how) in ENDS.into_iter().enumerate() {
        let spec = ChildSpec::once::<Probe>(format!("p{n}"), ProbeArgs::default());
        let mailbox = Mailbox::<ProbeMsg>::of(&root.start_child(spec).await.unwrap()).unwrap();
        begin_end(&mailbox.cell(), how);
        endings.push(mailbox.ended().await);
        assert!(Mailbox::<ProbeMsg>::of(&mailbox.cell()).is_none() || how == End::Kill);
    }
    let expected = [Ending::Normal, Ending::Failed, Ending::Panicked, Ending::Killed];
    assert_eq!(endings, expected);
    root.count_children().await.unwrap();
    let seen = seen.lock().unwrap();
    let [Exit::Normal, Exit::Failed(failed), Exit::Panicked(panicked), Exit::Killed] = &seen[..]
    else {
        panic!("{seen:?}");
    };
    assert_eq!(failed, "as asked");
    assert!(panicked.contains("as asked") && panicked.contains("probe.rs:"), "{panicked}");
}

#[tokio::test(start_paused = true)]
async fn calls_say_why_there_is_no_answer() {
    let mailbox = lone("callee").await;
    mailbox.call(SECOND, ProbeMsg::Ping).await.unwrap();
    mailbox.cast(ProbeMsg::Hang).unwrap();
    let late = mailbox.call(SECOND, ProbeMsg::Ping).await;
    assert_eq!(late, Err(CallError::TimedOut { after: SECOND }));
    let waiting = tokio::spawn({
        let mailbox = mailbox.clone();
        async move { mailbox.call(SECOND, ProbeMsg::Ping).await }
    });
    tokio::task::yield_now().await;
    mailbox.cell().kill();
    assert_eq!(waiting.await.unwrap(), Err(CallError::NoReply));
    mailbox.ended().await;
    assert_eq!(mailbox.call(SECOND, ProbeMsg::Ping).await, Err(CallError::Ended));
    let back = mailbox.cast(ProbeMsg::Stop).unwrap_err();
    assert!(matches!(back.0, Some(ProbeMsg::Stop)), "the message comes back");
}

#[tokio::test]
async fn introspection_names_the_message_an_actor_is_stuck_on() {
    let mailbox = lone("stuck").await;
    mailbox.cast(ProbeMsg::Hang).unwrap();
    let mut found = None;
    while found.is_none() {
        tokio::task::yield_now().await;
        found = stuck(Duration::ZERO).into_iter().find(|info| &*info.name == "stuck");
    }
    let info = found.unwrap();
    assert_eq!(info.busy.unwrap().0, "hang");
    assert_eq!((info.class, info.id, info.depth), ("probe", mailbox.id(), 0));
    assert!(stuck(SECOND * 3600).is_empty());
    mailbox.cell().kill();
    mailbox.ended().await;
    tokio::task::yield_now().await;
    assert!(find("stuck").is_none(), "the dead are not listed");
}

#[tokio::test(start_paused = true)]
async fn supervisors_are_actors_like_others() {
    let journal = Journal::default();
    let spec = SupervisorSpec::new("introspected", Strategy::OneForOne).child(probe("a", &journal));
    let root = spec.start().await.unwrap();
    root.which_children().await.unwrap();
    let info = find("introspected").unwrap();
    assert_eq!((info.class, info.handled), ("supervisor", 1));
    root.shutdown().await.unwrap();
}

/// Holds something only one incarnation may hold.
struct Holder(Arc<AtomicBool>);

impl Drop for Holder {
    fn drop(&mut self) {
        // Long enough for a supervisor on the other thread to be too early, if it can be.
        std::thread::sleep(Duration::from_millis(20));
        self.0.store(false, SeqCst);
    }
}

impl Actor for Holder {
    const CLASS: &'static str = "holder";
    type Msg = ProbeMsg;
    type Args = Arc<AtomicBool>;

    async fn start(held: Arc<AtomicBool>, _: &Context<ProbeMsg>) -> Result<Self, Failure> {
        assert!(!held.swap(true, SeqCst), "the last incarnation still holds it");
        Ok(Self(held))
    }

    async fn handle(&mut self, msg: ProbeMsg, ctx: &Context<ProbeMsg>) -> Result<(), Failure> {
        match msg {
            ProbeMsg::Panic => panic!("as asked"),
            ProbeMsg::Fail => Err("as asked".into()),
            ProbeMsg::Hang => std::future::pending().await,
            _ => {
                ctx.stop();
                Ok(())
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_old_state_is_dropped_before_the_new_incarnation_starts() {
    for how in ENDS {
        let held = Arc::new(AtomicBool::new(false));
        let root = SupervisorSpec::new("root", Strategy::OneForOne)
            .child(ChildSpec::actor::<Holder>("h", held))
            .start()
            .await
            .unwrap();
        begin_end(&root.child("h").await.unwrap(), how);
        // Asking all the time keeps the supervisor awake on the other thread.
        let mut children = root.which_children().await.unwrap();
        while (children[0].restarts, children[0].state) != (1, ChildState::Running) {
            assert!(children[0].restarts < 2, "{how:?}");
            children = root.which_children().await.expect("one restart is enough");
        }
        root.shutdown().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn so_is_the_state_of_a_sibling_that_had_to_be_killed() {
    let held = Arc::new(AtomicBool::new(false));
    let root = SupervisorSpec::new("root", Strategy::OneForAll)
        .child(ChildSpec::actor::<Holder>("h", held))
        .child(probe("a", &Journal::default()))
        .start()
        .await
        .unwrap();
    let holder = Mailbox::<ProbeMsg>::of(&root.child("h").await.unwrap()).unwrap();
    holder.cast(ProbeMsg::Hang).unwrap();
    end(&root, "a", End::Panic).await;
    for child in root.which_children().await.unwrap() {
        assert_eq!((child.state, child.restarts), (ChildState::Running, 1));
    }
    assert_eq!(holder.ended().await, Ending::Killed);
}

#[derive(Debug)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl metrics::Recorder for Recorder {
    fn describe_counter(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }
    fn describe_gauge(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }
    fn describe_histogram(
        &self,
        _: metrics::KeyName,
        _: Option<metrics::Unit>,
        _: metrics::SharedString,
    ) {
    }
    fn register_counter(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Counter {
        self.0.lock().unwrap().push(key.to_string());
        metrics::Counter::noop()
    }
    fn register_gauge(&self, key: &metrics::Key, _: &metrics::Metadata<'_>) -> metrics::Gauge {
        self.0.lock().unwrap().push(key.to_string());
        metrics::Gauge::noop()
    }
    fn register_histogram(
        &self,
        _: &metrics::Key,
        _: &metrics::Metadata<'_>,
    ) -> metrics::Histogram {
        metrics::Histogram::noop()
    }
}

#[tokio::test]
async fn metrics_are_published_per_class() {
    let mailbox = lone("measured").await;
    mailbox.call(SECOND * 10, ProbeMsg::Ping).await.unwrap();
    let keys = Arc::new(Mutex::new(Vec::new()));
    metrics::with_local_recorder(&Recorder(keys.clone()), actor::publish_metrics);
    let keys = keys.lock().unwrap();
    for metric in
        ["greenroom_actors_live", "greenroom_actor_messages_total", "greenroom_mailbox_depth_max"]
    {
        assert!(
            keys.iter().any(|key| key.contains(metric) && key.contains("probe")),
            "{metric} in {keys:?}"
        );
    }
}

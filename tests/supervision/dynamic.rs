//! Many children that come and go, in one supervisor and in partitions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use greenroom::actors::actor::{Actor, Context, Ending, Failure, Mailbox, Named};
use greenroom::supervision::{
    ChildSpec, ChildState, Dynamic, Intensity, Partitioned, Restart, Shutdown, SupervisorError,
    SupervisorRef, SupervisorSpec,
};
use tokio::time::Instant;

use crate::probe::{
    ENDS, End, Journal, Plan, end, ended, log_exits, probe, probe_with, settled, states,
};

const MANY: usize = 10_000;

fn crowd(name: &str) -> SupervisorSpec {
    SupervisorSpec::dynamic(name, Dynamic::default())
}

#[tokio::test(start_paused = true)]
async fn children_that_are_not_restarted_are_gone() {
    let (journal, exits) = (Journal::default(), Journal::default());
    let root = log_exits(crowd("crowd"), &exits).start().await.unwrap();
    for how in ENDS {
        let temporary = probe("t", &journal).restart(Restart::Temporary);
        root.start_child(temporary).await.unwrap();
        end(&root, "t", how).await;
        assert_eq!(states(&root).await, []);
    }
    let transient = probe("q", &journal).restart(Restart::Transient);
    root.start_child(transient).await.unwrap();
    end(&root, "q", End::Stop).await;
    root.start_child(probe("p", &journal)).await.unwrap();
    end(&root, "p", End::Panic).await;
    assert_eq!(states(&root).await, [("p".into(), ChildState::Running, 1)]);
    let expected = [
        "t normal Removed",
        "t failed Removed",
        "t panicked Removed",
        "t killed Removed",
        "q normal Removed",
        "p panicked Restarted",
    ];
    assert_eq!(exits.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn terminating_one_does_not_keep_the_others_waiting() {
    let (journal, exits) = (Journal::default(), Journal::default());
    let root = log_exits(crowd("crowd"), &exits).start().await.unwrap();
    let plan = Arc::new(Plan::default());
    plan.stop_takes_ms.store(4000, SeqCst);
    root.start_child(probe_with("slow", &journal, &plan)).await.unwrap();
    let began = Instant::now();
    let terminate = tokio::spawn({
        let root = root.clone();
        async move { root.terminate_child("slow").await }
    });
    while states(&root).await[0].1 == ChildState::Running {}
    root.start_child(probe("next", &journal)).await.unwrap();
    let busy = root.start_child(probe("slow", &journal)).await;
    assert!(matches!(busy, Err(SupervisorError::AlreadyExists { .. })));
    assert_eq!(began.elapsed().as_secs(), 0);
    terminate.await.unwrap().unwrap();
    assert_eq!(began.elapsed().as_secs(), 4);
    // The id is free as soon as the answer is there; permanent as it was, it was not restarted.
    root.start_child(probe("slow", &journal)).await.unwrap();
    assert_eq!(exits.take(), ["slow shutdown Removed"]);
    assert!(root.terminate_child("nobody").await.is_err());
    assert!(root.delete_child("next").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn two_who_terminate_the_same_child_both_hear_of_its_end() {
    let journal = Journal::default();
    let root = crowd("crowd").start().await.unwrap();
    let plan = Arc::new(Plan::default());
    plan.hang_in_stop.store(true, SeqCst);
    let limit = Shutdown::Within(Duration::from_secs(2));
    root.start_child(probe_with("a", &journal, &plan).shutdown(limit)).await.unwrap();
    let (one, two) = tokio::join!(root.terminate_child("a"), root.terminate_child("a"));
    one.unwrap();
    two.unwrap();
    assert_eq!(states(&root).await, []);
}

#[tokio::test(start_paused = true)]
async fn one_more_than_the_limit_is_refused() {
    let journal = Journal::default();
    let options = Dynamic { children_max: 2, ..Dynamic::default() };
    let root = SupervisorSpec::dynamic("crowd", options).start().await.unwrap();
    root.start_child(probe("a", &journal)).await.unwrap();
    root.start_child(probe("b", &journal)).await.unwrap();
    let full = root.start_child(probe("c", &journal)).await;
    assert!(matches!(full, Err(SupervisorError::Full { children_max: 2 })));
    end(&root, "a", End::Kill).await;
    assert_eq!(states(&root).await[1], ("b".into(), ChildState::Running, 0), "a is permanent");
    root.terminate_child("a").await.unwrap();
    root.start_child(probe("c", &journal)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn past_its_own_budget_a_room_ends_and_its_neighbours_do_not() {
    let (journal, exits) = (Journal::default(), Journal::default());
    let root = log_exits(crowd("rooms"), &exits).start().await.unwrap();
    let budget = Intensity::new(1, Duration::from_secs(60));
    for id in ["room-1", "room-2"] {
        root.start_child(probe(id, &journal).budget(budget)).await.unwrap();
    }
    end(&root, "room-1", End::Panic).await;
    end(&root, "room-1", End::Panic).await;
    assert_eq!(states(&root).await, [("room-2".into(), ChildState::Running, 0)]);
    assert_eq!(exits.take(), ["room-1 panicked Restarted", "room-1 panicked GivenUp"]);
}

/// A connection-like child that owns what it starts from and knows how many stop beside it.
struct Guest(Arc<Gate>);
enum GuestMsg {
    Leave,
}
#[derive(Default)]
struct Gate {
    started: AtomicUsize,
    stopping: AtomicUsize,
    at_once: AtomicUsize,
    stopped: AtomicUsize,
}

impl Named for GuestMsg {
    fn name(&self) -> &'static str {
        "leave"
    }
}

impl Actor for Guest {
    const CLASS: &'static str = "guest";
    type Msg = GuestMsg;
    type Args = Arc<Gate>;

    async fn start(gate: Arc<Gate>, _: &Context<GuestMsg>) -> Result<Self, Failure> {
        gate.started.fetch_add(1, SeqCst);
        Ok(Self(gate))
    }

    async fn handle(&mut self, _: GuestMsg, ctx: &Context<GuestMsg>) -> Result<(), Failure> {
        ctx.stop();
        Ok(())
    }

    async fn stopped(&mut self, _: &Context<GuestMsg>) {
        let now = self.0.stopping.fetch_add(1, SeqCst) + 1;
        self.0.at_once.fetch_max(now, SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.0.stopping.fetch_sub(1, SeqCst);
        self.0.stopped.fetch_add(1, SeqCst);
    }
}

async fn invite(crowd: &SupervisorRef, gate: &Arc<Gate>) -> Vec<Mailbox<GuestMsg>> {
    let mut guests = Vec::new();
    for n in 0..MANY {
        let spec = ChildSpec::once::<Guest>(format!("guest-{n}"), gate.clone());
        let cell = crowd.start_child(spec).await.unwrap();
        guests.push(Mailbox::of(&cell).unwrap());
    }
    guests
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_come_half_leave_and_the_rest_stop_together_but_not_all_at_once() {
    let gate = Arc::new(Gate::default());
    let exits = Arc::new(AtomicUsize::new(0));
    let counted = exits.clone();
    let root = crowd("crowd")
        .intensity(Intensity::new(0, Duration::from_secs(5)))
        .on_exit(move |_| {
            counted.fetch_add(1, SeqCst);
        })
        .start()
        .await
        .unwrap();
    let guests = invite(&root, &gate).await;
    for guest in &guests[..MANY / 2] {
        guest.cast(GuestMsg::Leave).unwrap();
    }
    for guest in &guests[..MANY / 2] {
        assert_eq!(guest.ended().await, Ending::Normal);
    }
    let counts = root.count_children().await.unwrap();
    assert_eq!((counts.specs, counts.active), (MANY / 2, MANY / 2));
    assert_eq!(exits.load(SeqCst), MANY / 2);

    gate.at_once.store(0, SeqCst);
    let began = Instant::now();
    root.shutdown().await.unwrap();
    assert_eq!(gate.stopped.load(SeqCst), MANY);
    assert_eq!(exits.load(SeqCst), MANY);
    assert_eq!(gate.at_once.load(SeqCst), 256);
    let one_after_the_other = Duration::from_millis(10) * (MANY as u32 / 2);
    assert!(began.elapsed() < one_after_the_other / 100, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_are_killed_at_once_on_two_threads_and_all_are_reaped() {
    let gate = Arc::new(Gate::default());
    let root = crowd("crowd").start().await.unwrap();
    let guests = invite(&root, &gate).await;
    for guest in &guests {
        guest.cell().kill();
    }
    for guest in &guests {
        assert_eq!(guest.ended().await, Ending::Killed);
    }
    assert_eq!(root.count_children().await.unwrap().specs, 0);
    root.shutdown().await.unwrap();
    assert_eq!(gate.stopped.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn partitions_share_the_children_by_key_and_fail_alone() {
    let journal = Journal::default();
    let (spec, rooms) = Partitioned::new("rooms", 4, |n| crowd(&format!("rooms-{n}")));
    assert!(matches!(rooms.of(1), Err(SupervisorError::Ended)), "not started yet");
    let root = spec.start().await.unwrap();
    for key in 0..40 {
        let spec = probe(&format!("room-{key}"), &journal);
        rooms.start_child(key, spec).await.unwrap();
    }
    let counts = root.count_children().await.unwrap();
    assert_eq!((counts.supervisors, counts.workers), (4, 0));
    assert_eq!(rooms.count_children().await.unwrap().active, 40);

    // Kill one partition: its rooms die, the handle finds the successor.
    let before = rooms.of(7).unwrap();
    let lost = before.count_children().await.unwrap().active;
    before.kill();
    assert_eq!(ended(&before).await, Ending::Killed);
    settled(&root).await;
    let after = rooms.of(7).unwrap();
    assert_ne!(before.id(), after.id());
    assert_eq!(rooms.count_children().await.unwrap().active, 40 - lost);
    assert!((5..=15).contains(&lost), "{lost} of 40 in one of 4 partitions");
    rooms.start_child(7, probe("room-7", &journal)).await.unwrap();
    rooms.terminate_child(7, "room-7").await.unwrap();
    assert_eq!(rooms.which_children().await.unwrap().len(), 40 - lost);
    root.shutdown().await.unwrap();
}

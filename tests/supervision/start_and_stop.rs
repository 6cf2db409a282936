//! Starting from left to right, stopping from right to left.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use greenroom::actors::actor::Ending;
use greenroom::supervision::{
    ChildSpec, Shutdown, Slot, StartError, Strategy, SupervisorError, SupervisorSpec,
};
use tokio::time::Instant;

use crate::probe::{Journal, Plan, ProbeMsg, ended, log_exits, probe, probe_with};
use greenroom::actors::actor::Mailbox;

fn row(name: &str) -> SupervisorSpec {
    SupervisorSpec::new(name, Strategy::OneForOne)
}

#[tokio::test(start_paused = true)]
async fn children_start_left_to_right_and_stop_right_to_left() {
    let journal = Journal::default();
    let mut spec = row("root");
    for id in ["a", "b", "c"] {
        spec = spec.child(probe(id, &journal));
    }
    let root = spec.start().await.unwrap();
    assert_eq!(journal.take(), ["+a", "+b", "+c"]);
    root.shutdown().await.unwrap();
    assert_eq!(journal.take(), ["-c", "-b", "-a"]);
    assert_eq!(ended(&root).await, Ending::Normal);
    let after = root.which_children().await;
    assert!(matches!(after, Err(SupervisorError::Ended)));
}

#[tokio::test(start_paused = true)]
async fn a_child_that_cannot_start_at_boot_undoes_those_before_it() {
    let journal = Journal::default();
    let plan = Arc::new(Plan::default());
    plan.fail_starts.store(1, SeqCst);
    let spec = row("root")
        .child(probe("a", &journal))
        .child(probe("b", &journal))
        .child(probe_with("c", &journal, &plan))
        .child(probe("d", &journal));
    let error = spec.start().await.unwrap_err().to_string();
    assert_eq!(journal.take(), ["+a", "+b", "!c", "-b", "-a"]);
    assert!(error.contains("child c") && error.contains("as planned"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_start_is_a_failed_start() {
    let journal = Journal::default();
    let plan = Arc::new(Plan::default());
    let root = row("root").child(probe("a", &journal)).start().await.unwrap();
    plan.panic_starts.store(1, SeqCst);
    let error = root.start_child(probe_with("b", &journal, &plan)).await.unwrap_err();
    let SupervisorError::Start { source: StartError::Panicked(panicked), .. } = error else {
        panic!("{error}");
    };
    assert_eq!(panicked.text(), "start as planned");

    let careless = ChildSpec::new("c", |_| async { panic!("in the start function itself") });
    let error = root.start_child(careless).await.unwrap_err();
    let SupervisorError::Start { source: StartError::Panicked(_), .. } = error else {
        panic!("{error}");
    };
    assert_eq!(root.count_children().await.unwrap().specs, 1, "nothing remains of them");
}

#[tokio::test(start_paused = true)]
async fn a_hang_in_a_start_ends_with_the_start_timeout() {
    let journal = Journal::default();
    let plan = Arc::new(Plan::default());
    plan.hang_starts.store(1, SeqCst);
    let root = row("root").start().await.unwrap();
    let began = Instant::now();
    let error = root.start_child(probe_with("a", &journal, &plan)).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Start { source: StartError::TimedOut { .. }, .. }));
    assert_eq!(began.elapsed().as_secs(), 5);
    root.start_child(probe_with("a", &journal, &plan)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_child_that_does_not_stop_in_time_is_killed_and_the_rest_stop_in_order() {
    let (journal, exits) = (Journal::default(), Journal::default());
    let plan = Arc::new(Plan::default());
    plan.hang_in_stop.store(true, SeqCst);
    let stubborn =
        probe_with("b", &journal, &plan).shutdown(Shutdown::Within(Duration::from_secs(3)));
    let spec = row("root").child(probe("a", &journal)).child(stubborn).child(probe("c", &journal));
    let root = log_exits(spec, &exits).start().await.unwrap();
    journal.take();
    let began = Instant::now();
    root.shutdown().await.unwrap();
    assert_eq!(journal.take(), ["-c", "-a"]);
    assert_eq!(began.elapsed().as_secs(), 3);
    let expected =
        ["c shutdown SupervisorEnds", "b killed SupervisorEnds", "a shutdown SupervisorEnds"];
    assert_eq!(exits.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn each_child_has_its_own_shutdown_time() {
    let journal = Journal::default();
    let mut spec = row("root");
    for (id, seconds, limit) in [("a", 2, 4), ("b", 4, 2), ("c", 1, 1000)] {
        let plan = Arc::new(Plan::default());
        plan.stop_takes_ms.store(seconds * 1000, SeqCst);
        let shutdown = Shutdown::Within(Duration::from_secs(limit));
        spec = spec.child(probe_with(id, &journal, &plan).shutdown(shutdown));
    }
    let root = spec.start().await.unwrap();
    journal.take();
    let began = Instant::now();
    root.shutdown().await.unwrap();
    assert_eq!(journal.take(), ["-c", "-a"], "b needed 4 s and had 2");
    assert_eq!(began.elapsed().as_secs(), 1 + 2 + 2);
}

#[tokio::test(start_paused = true)]
async fn a_child_busy_for_ever_or_panicking_in_its_stop_holds_nobody_up() {
    let journal = Journal::default();
    let plan = Arc::new(Plan::default());
    plan.panic_in_stop.store(true, SeqCst);
    let spec = row("root")
        .child(probe("a", &journal))
        .child(probe("busy", &journal))
        .child(probe_with("panics", &journal, &plan));
    let root = spec.start().await.unwrap();
    let busy = Mailbox::<ProbeMsg>::of(&root.child("busy").await.unwrap()).unwrap();
    busy.cast(ProbeMsg::Hang).unwrap();
    journal.take();
    root.shutdown().await.unwrap();
    assert_eq!(journal.take(), ["-a"]);
    assert_eq!(busy.ended().await, Ending::Killed);
}

#[tokio::test(start_paused = true)]
async fn brutal_kill_does_not_ask() {
    let journal = Journal::default();
    let spec = row("root")
        .child(probe("a", &journal))
        .child(probe("b", &journal).shutdown(Shutdown::Kill));
    let root = spec.start().await.unwrap();
    journal.take();
    root.shutdown().await.unwrap();
    assert_eq!(journal.take(), ["-a"]);
}

fn tree(journal: &Journal, inner: &Slot<greenroom::supervision::SupervisorRef>) -> SupervisorSpec {
    let leaf = |name: &str| {
        row(name)
            .child(probe(&format!("{name}1"), journal))
            .child(probe(&format!("{name}2"), journal))
    };
    row("root")
        .child(probe("a", journal))
        .child(
            row("m")
                .child(leaf("x").into_child())
                .child(leaf("y").into_child())
                .into_child_at(inner),
        )
        .child(probe("z", journal))
}

const TREE_STARTS: [&str; 6] = ["+a", "+x1", "+x2", "+y1", "+y2", "+z"];
const TREE_STOPS: [&str; 6] = ["-z", "-y2", "-y1", "-x2", "-x1", "-a"];

#[tokio::test(start_paused = true)]
async fn a_nested_tree_stops_whole_before_its_left_neighbour() {
    let journal = Journal::default();
    let root = tree(&journal, &Slot::new()).start().await.unwrap();
    assert_eq!(journal.take(), TREE_STARTS);
    root.shutdown().await.unwrap();
    assert_eq!(journal.take(), TREE_STOPS);
}

#[tokio::test(start_paused = true)]
async fn a_plain_ractor_stop_is_an_orderly_shutdown_too() {
    let journal = Journal::default();
    let root = tree(&journal, &Slot::new()).start().await.unwrap();
    journal.take();
    root.cell().stop(Some("from outside".into()));
    root.cell().wait(None).await.unwrap();
    assert_eq!(journal.take(), TREE_STOPS);
}

#[tokio::test(start_paused = true)]
async fn a_killed_supervisor_takes_its_whole_tree_with_it() {
    let journal = Journal::default();
    let root = tree(&journal, &Slot::new()).start().await.unwrap();
    journal.take();
    let m = greenroom::supervision::SupervisorRef::of(&root.child("m").await.unwrap()).unwrap();
    let x = greenroom::supervision::SupervisorRef::of(&m.child("x").await.unwrap()).unwrap();
    let orphans = [x.child("x1").await.unwrap(), root.child("a").await.unwrap()];
    root.kill();
    for orphan in orphans {
        orphan.wait(None).await.unwrap();
    }
    assert_eq!(ended(&root).await, Ending::Killed);
    assert_eq!(journal.take(), [""; 0], "nobody was asked");
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_the_start_of_a_child_waits_for_that_one_start_only() {
    let journal = Journal::default();
    let plan = Arc::new(Plan::default());
    let root = row("root").child(probe("a", &journal)).start().await.unwrap();
    plan.hang_starts.store(1, SeqCst);
    let hung = tokio::spawn({
        let (root, spec) = (root.clone(), probe_with("b", &journal, &plan));
        async move { root.start_child(spec).await }
    });
    let queued = tokio::spawn({
        let (root, spec) = (root.clone(), probe("c", &journal));
        async move { root.start_child(spec).await }
    });
    tokio::task::yield_now().await;
    let began = Instant::now();
    root.shutdown().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(6));
    assert!(hung.await.unwrap().is_err());
    assert!(matches!(queued.await.unwrap(), Err(SupervisorError::Ended)));
    assert_eq!(journal.take(), ["+a", "-a"]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_says_so_and_the_shutdown_goes_on() {
    let journal = Journal::default();
    let plan = Arc::new(Plan::default());
    plan.stop_takes_ms.store(4000, SeqCst);
    let root = row("root").child(probe_with("a", &journal, &plan)).start().await.unwrap();
    let hurried = root.deadline(Duration::from_secs(1)).shutdown().await;
    assert!(matches!(hurried, Err(SupervisorError::TimedOut { .. })));
    assert_eq!(ended(&root).await, Ending::Normal);
    assert_eq!(journal.take(), ["+a", "-a"]);
}

#[tokio::test(start_paused = true)]
async fn two_children_of_one_name_are_refused() {
    let journal = Journal::default();
    let spec = row("root").child(probe("a", &journal)).child(probe("a", &journal));
    assert!(spec.start().await.is_err());
    assert_eq!(journal.take(), [""; 0]);
    let root = row("root").child(probe("a", &journal)).start().await.unwrap();
    let again = root.start_child(probe("a", &journal)).await;
    assert!(matches!(again, Err(SupervisorError::AlreadyExists { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_child_that_nothing_can_end_is_left_behind() {
    let (journal, exits) = (Journal::default(), Journal::default());
    let plan = Arc::new(Plan::default());
    plan.spin.store(true, SeqCst);
    let spin =
        probe_with("spin", &journal, &plan).shutdown(Shutdown::Within(Duration::from_millis(10)));
    let spec = row("root").child(probe("a", &journal)).child(spin);
    let root = log_exits(spec, &exits).start().await.unwrap();
    let mailbox = Mailbox::<ProbeMsg>::of(&root.child("spin").await.unwrap()).unwrap();
    mailbox.cast(ProbeMsg::Spin).unwrap();
    let busy = async {
        while mailbox.depth() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), busy).await.unwrap();
    let shutdown = tokio::spawn(async move { root.shutdown().await });
    let outcome = tokio::time::timeout(Duration::from_secs(20), shutdown).await;
    plan.spin.store(false, SeqCst);
    outcome.unwrap().unwrap().unwrap();
    assert_eq!(journal.take()[2..], ["-a"]);
    assert_eq!(exits.take()[0], "spin lost SupervisorEnds");
}

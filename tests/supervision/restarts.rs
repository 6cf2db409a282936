//! Who is restarted, how often, and what happens beyond that.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use greenroom::actors::actor::Ending;
use greenroom::supervision::{
    ChildState, Intensity, Restart, Slot, Strategy, SupervisorError, SupervisorRef, SupervisorSpec,
};

use crate::probe::{
    ENDS, End, Journal, Plan, begin_end, end, ended, log_exits, probe, probe_with, settled, states,
};

const RESTARTS: [Restart; 3] = [Restart::Permanent, Restart::Transient, Restart::Temporary];

async fn abc(strategy: Strategy, b: Restart, journal: &Journal) -> SupervisorRef {
    let spec = SupervisorSpec::new("root", strategy)
        .child(probe("a", journal))
        .child(probe("b", journal).restart(b))
        .child(probe("c", journal));
    let root = spec.start().await.unwrap();
    journal.take();
    root
}

/// Every restart kind × every way to end, for the child in the middle.
async fn check(strategy: Strategy, with_restart: &[&str]) {
    for restart in RESTARTS {
        for how in ENDS {
            let journal = Journal::default();
            let root = abc(strategy, restart, &journal).await;
            end(&root, "b", how).await;
            let again = match restart {
                Restart::Permanent => true,
                Restart::Transient => how != End::Stop,
                Restart::Temporary => false,
            };
            let b_stopped = if how == End::Stop { vec!["-b"] } else { vec![] };
            let expected = [b_stopped, if again { with_restart.to_vec() } else { vec![] }].concat();
            assert_eq!(journal.take(), expected, "{strategy:?} {restart:?} {how:?}");
            let b = states(&root).await.into_iter().find(|(id, ..)| id == "b");
            let expected = match (again, restart) {
                (true, _) => Some(("b".into(), ChildState::Running, 1)),
                (false, Restart::Temporary) => None,
                (false, _) => Some(("b".into(), ChildState::Stopped, 0)),
            };
            assert_eq!(b, expected, "{strategy:?} {restart:?} {how:?}");
            root.shutdown().await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_for_one_restarts_only_the_child_that_ended() {
    check(Strategy::OneForOne, &["+b"]).await;
}

#[tokio::test(start_paused = true)]
async fn one_for_all_restarts_all_in_order() {
    check(Strategy::OneForAll, &["-c", "-a", "+a", "+b", "+c"]).await;
}

#[tokio::test(start_paused = true)]
async fn rest_for_one_restarts_those_started_later() {
    check(Strategy::RestForOne, &["-c", "+b", "+c"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_temporary_sibling_stopped_by_the_strategy_does_not_come_back() {
    let (journal, exits) = (Journal::default(), Journal::default());
    let spec = SupervisorSpec::new("root", Strategy::OneForAll)
        .child(probe("a", &journal))
        .child(probe("t", &journal).restart(Restart::Temporary));
    let root = log_exits(spec, &exits).start().await.unwrap();
    journal.take();
    end(&root, "a", End::Panic).await;
    assert_eq!(journal.take(), ["-t", "+a"]);
    assert_eq!(exits.take(), ["a panicked Restarted", "t shutdown Removed"]);
    assert_eq!(root.count_children().await.unwrap().specs, 1);
}

#[tokio::test(start_paused = true)]
async fn the_hook_hears_how_each_child_ended_and_what_follows() {
    let (journal, exits) = (Journal::default(), Journal::default());
    let spec = SupervisorSpec::new("root", Strategy::OneForOne)
        .intensity(Intensity::new(9, Duration::from_secs(5)))
        .child(probe("p", &journal))
        .child(probe("t", &journal).restart(Restart::Transient));
    let root = log_exits(spec, &exits).start().await.unwrap();
    for how in ENDS {
        end(&root, "p", how).await;
    }
    end(&root, "t", End::Stop).await;
    let expected = [
        "p normal Restarted",
        "p failed Restarted",
        "p panicked Restarted",
        "p killed Restarted",
        "t normal Stopped",
    ];
    assert_eq!(exits.take(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_hook_changes_nothing() {
    let journal = Journal::default();
    let root = SupervisorSpec::new("root", Strategy::OneForOne)
        .on_exit(|_| panic!("in the hook"))
        .child(probe("a", &journal))
        .start()
        .await
        .unwrap();
    end(&root, "a", End::Kill).await;
    assert_eq!(states(&root).await, [("a".into(), ChildState::Running, 1)]);
}

#[tokio::test(start_paused = true)]
async fn n_restarts_are_allowed_and_one_more_fails_the_supervisor_in_sight_of_its_own() {
    let (journal, exits) = (Journal::default(), Journal::default());
    let slot: Slot<SupervisorRef> = Slot::new();
    let middle = SupervisorSpec::new("middle", Strategy::OneForOne)
        .intensity(Intensity::new(3, Duration::from_secs(10)))
        .child(probe("a", &journal))
        .child(probe("b", &journal))
        .child(probe("c", &journal));
    let spec = SupervisorSpec::new("root", Strategy::OneForOne).child(middle.into_child_at(&slot));
    let root = log_exits(spec, &exits).start().await.unwrap();
    let middle = slot.get().unwrap();
    for _ in 0..3 {
        end(&middle, "b", End::Panic).await;
    }
    assert_eq!(states(&middle).await[1], ("b".into(), ChildState::Running, 3));
    assert_eq!(exits.take(), [""; 0]);
    journal.take();

    end(&middle, "b", End::Panic).await;
    assert_eq!(ended(&middle).await, Ending::Failed);
    settled(&root).await;
    assert_eq!(journal.take(), ["-c", "-a", "+a", "+b", "+c"]);
    assert_eq!(exits.take(), ["middle failed Restarted"]);
    let fresh = slot.get().unwrap();
    assert_ne!(fresh.id(), middle.id());
    assert_eq!(states(&fresh).await[1], ("b".into(), ChildState::Running, 0));
}

#[tokio::test(start_paused = true)]
async fn failure_climbs_the_tree_until_the_root_fails() {
    let journal = Journal::default();
    let slot: Slot<SupervisorRef> = Slot::new();
    let inner = SupervisorSpec::new("inner", Strategy::OneForOne).child(probe("a", &journal));
    let root = SupervisorSpec::new("root", Strategy::OneForOne)
        .child(inner.into_child_at(&slot))
        .start()
        .await
        .unwrap();
    // 1 in 5 s at each level: the second kill ends `inner`, the fourth ends the root.
    for _ in 0..4 {
        end(&slot.get().unwrap(), "a", End::Kill).await;
        settled(&root).await;
    }
    assert_eq!(ended(&root).await, Ending::Failed);
}

#[tokio::test(start_paused = true)]
async fn old_restarts_are_forgiven() {
    let journal = Journal::default();
    let root = abc(Strategy::OneForOne, Restart::Permanent, &journal).await;
    for _ in 0..5 {
        end(&root, "b", End::Panic).await;
        tokio::time::advance(Duration::from_millis(5001)).await;
    }
    assert_eq!(states(&root).await[1], ("b".into(), ChildState::Running, 5));
}

#[tokio::test(start_paused = true)]
async fn temporary_and_quiet_ends_never_count() {
    let journal = Journal::default();
    let root = SupervisorSpec::new("root", Strategy::OneForOne)
        .intensity(Intensity::new(0, Duration::from_secs(5)))
        .start()
        .await
        .unwrap();
    for how in ENDS {
        let temporary = probe("t", &journal).restart(Restart::Temporary);
        root.start_child(temporary).await.unwrap();
        end(&root, "t", how).await;
    }
    let transient = probe("q", &journal).restart(Restart::Transient);
    root.start_child(transient).await.unwrap();
    end(&root, "q", End::Stop).await;
    assert_eq!(states(&root).await, [("q".into(), ChildState::Stopped, 0)]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_restart_counts_and_is_tried_again() {
    let (journal, exits) = (Journal::default(), Journal::default());
    let plan = Arc::new(Plan::default());
    let spec = SupervisorSpec::new("root", Strategy::RestForOne)
        .intensity(Intensity::new(3, Duration::from_secs(5)))
        .child(probe("a", &journal))
        .child(probe_with("b", &journal, &plan))
        .child(probe("c", &journal));
    let root = log_exits(spec, &exits).start().await.unwrap();
    journal.take();
    plan.fail_starts.store(2, SeqCst);
    end(&root, "b", End::Kill).await;
    assert_eq!(journal.take(), ["-c", "!b", "!b", "+b", "+c"]);
    let expected = [
        "b killed Restarted",
        "c shutdown Restarted",
        "b start_failed Restarted",
        "b start_failed Restarted",
    ];
    assert_eq!(exits.take(), expected);

    tokio::time::advance(Duration::from_secs(6)).await;
    plan.fail_starts.store(3, SeqCst);
    end(&root, "b", End::Kill).await;
    assert_eq!(ended(&root).await, Ending::Failed);
    assert_eq!(journal.take(), ["-c", "!b", "!b", "!b", "-a"]);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_hangs_in_every_restart_uses_the_intensity_up() {
    let journal = Journal::default();
    let plan = Arc::new(Plan::default());
    let root = SupervisorSpec::new("root", Strategy::OneForOne)
        .child(probe_with("a", &journal, &plan))
        .start()
        .await
        .unwrap();
    plan.hang_starts.store(u32::MAX, SeqCst);
    begin_end(&root.child("a").await.unwrap(), End::Kill);
    assert_eq!(ended(&root).await, Ending::Failed);
}

#[tokio::test(start_paused = true)]
async fn others_are_served_while_a_restart_fails_again_and_again() {
    let journal = Journal::default();
    let plan = Arc::new(Plan::default());
    let root = SupervisorSpec::new("root", Strategy::OneForOne)
        .intensity(Intensity::new(1_000_000, Duration::from_secs(5)))
        .child(probe_with("bad", &journal, &plan))
        .child(probe("good", &journal))
        .start()
        .await
        .unwrap();
    plan.fail_starts.store(u32::MAX, SeqCst);
    begin_end(&root.child("bad").await.unwrap(), End::Kill);
    journal.until(|seen| seen.iter().any(|it| it == "!bad")).await;
    let seen = states(&root).await;
    assert_eq!(seen[0].1, ChildState::Restarting);
    let bad = root.child("bad").await;
    assert!(matches!(bad, Err(SupervisorError::Restarting { .. })));
    // A terminated child is not tried again.
    root.terminate_child("bad").await.unwrap();
    assert_eq!(states(&root).await[0].1, ChildState::Stopped);
    journal.take();
    root.start_child(probe("new", &journal)).await.unwrap();
    root.shutdown().await.unwrap();
    assert_eq!(journal.take(), ["+new", "-new", "-good"]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_gets_through_while_a_restart_fails_again_and_again() {
    let journal = Journal::default();
    let plan = Arc::new(Plan::default());
    let root = SupervisorSpec::new("root", Strategy::OneForOne)
        .intensity(Intensity::new(1_000_000, Duration::from_secs(5)))
        .child(probe("good", &journal))
        .child(probe_with("bad", &journal, &plan))
        .start()
        .await
        .unwrap();
    plan.fail_starts.store(u32::MAX, SeqCst);
    begin_end(&root.child("bad").await.unwrap(), End::Kill);
    journal.until(|seen| seen.iter().any(|it| it == "!bad")).await;
    root.shutdown().await.unwrap();
    assert_eq!(journal.take().last().unwrap(), "-good");
}

#[tokio::test(start_paused = true)]
async fn a_budget_of_its_own_gives_up_one_child_and_spares_the_supervisor() {
    let (journal, exits) = (Journal::default(), Journal::default());
    let budget = Intensity::new(2, Duration::from_secs(60));
    let spec = SupervisorSpec::new("root", Strategy::OneForOne)
        .intensity(Intensity::new(0, Duration::from_secs(5)))
        .child(probe("a", &journal).budget(budget))
        .child(probe("b", &journal).budget(budget));
    let root = log_exits(spec, &exits).start().await.unwrap();
    for _ in 0..3 {
        end(&root, "a", End::Panic).await;
    }
    end(&root, "b", End::Panic).await;
    let expected = [("a".into(), ChildState::Stopped, 2), ("b".into(), ChildState::Running, 1)];
    assert_eq!(states(&root).await, expected);
    assert_eq!(exits.take()[2], "a panicked GivenUp");
}

#[tokio::test(start_paused = true)]
async fn children_are_terminated_restarted_and_deleted_by_hand() {
    let journal = Journal::default();
    let root = abc(Strategy::OneForAll, Restart::Permanent, &journal).await;
    let before = root.child("b").await.unwrap();
    let running = root.restart_child("b").await;
    assert!(matches!(running, Err(SupervisorError::Running { .. })));
    let running = root.delete_child("b").await;
    assert!(matches!(running, Err(SupervisorError::Running { .. })));

    root.terminate_child("b").await.unwrap();
    root.terminate_child("b").await.unwrap();
    assert_eq!(states(&root).await[1], ("b".into(), ChildState::Stopped, 0));
    let counts = root.count_children().await.unwrap();
    assert_eq!((counts.specs, counts.active, counts.workers, counts.supervisors), (3, 2, 3, 0));
    let after = root.restart_child("b").await.unwrap();
    assert_ne!(before.get_id(), after.get_id());
    assert_eq!(journal.take(), ["-b", "+b"]);

    root.terminate_child("b").await.unwrap();
    root.delete_child("b").await.unwrap();
    let gone = root.restart_child("b").await;
    assert!(matches!(gone, Err(SupervisorError::NotFound { .. })));
    assert!(root.terminate_child("b").await.is_err());
    root.start_child(probe("b", &journal)).await.unwrap();
    root.shutdown().await.unwrap();
    assert_eq!(journal.take(), ["-b", "+b", "-b", "-c", "-a"], "b is now the rightmost");
}

#[tokio::test(start_paused = true)]
async fn a_sibling_that_was_down_comes_back_with_the_others_as_in_otp() {
    let journal = Journal::default();
    let root = abc(Strategy::OneForAll, Restart::Permanent, &journal).await;
    root.terminate_child("a").await.unwrap();
    journal.take();
    end(&root, "c", End::Kill).await;
    assert_eq!(journal.take(), ["-b", "+a", "+b", "+c"]);
}

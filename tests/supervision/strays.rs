//! Events and actors that do not belong to any child any more.

use std::time::Duration;

use greenroom::actors::actor::{self, Mailbox};
use greenroom::supervision::{
    ChildSpec, ChildState, Intensity, Restart, StartError, Strategy, SupervisorError,
    SupervisorSpec,
};
use ractor::ActorStatus;

use crate::probe::{End, Journal, Probe, ProbeArgs, begin_end, probe, settled, states};

#[tokio::test(start_paused = true)]
async fn the_end_of_a_child_we_stopped_ourselves_is_stale() {
    let journal = Journal::default();
    let root = SupervisorSpec::new("root", Strategy::OneForOne)
        .intensity(Intensity::new(0, Duration::from_secs(5)))
        .child(probe("a", &journal))
        .start()
        .await
        .unwrap();
    // Each stop is followed by an exit event; with intensity 0, one taken for a crash would end
    // the supervisor.
    for round in 1..=10 {
        root.terminate_child("a").await.unwrap();
        assert_eq!(states(&root).await, [("a".into(), ChildState::Stopped, round - 1)]);
        root.restart_child("a").await.unwrap();
    }
    assert_eq!(states(&root).await, [("a".into(), ChildState::Running, 10)]);
}

#[tokio::test(start_paused = true)]
async fn two_ends_at_once_are_one_restart_when_they_share_their_fate() {
    let journal = Journal::default();
    let root = SupervisorSpec::new("root", Strategy::OneForAll)
        .child(probe("a", &journal))
        .child(probe("b", &journal))
        .child(probe("c", &journal))
        .start()
        .await
        .unwrap();
    journal.take();
    let cells = [root.child("a").await.unwrap(), root.child("c").await.unwrap()];
    for cell in &cells {
        begin_end(cell, End::Kill);
    }
    for cell in &cells {
        cell.wait(None).await.unwrap();
    }
    settled(&root).await;
    // Intensity 1: the second event must have been ignored.
    assert_eq!(journal.take(), ["-b", "+a", "+b", "+c"]);
    for (_, state, restarts) in states(&root).await {
        assert_eq!((state, restarts), (ChildState::Running, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_actor_linked_past_the_supervisor_is_killed() {
    let root = SupervisorSpec::new("root", Strategy::OneForOne).start().await.unwrap();
    let args = ProbeArgs::default();
    let stray = actor::spawn_linked::<Probe>("stray", args, root.cell()).await.unwrap();
    stray.cell().wait(Some(Duration::from_secs(60))).await.unwrap();
    assert_eq!(root.count_children().await.unwrap().specs, 0);
}

#[tokio::test(start_paused = true)]
async fn what_a_start_function_spawned_before_it_hung_is_killed() {
    let root = SupervisorSpec::new("root", Strategy::OneForOne).start().await.unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let spec = ChildSpec::new("a", move |parent| {
        let tell = tell.clone();
        async move {
            let mailbox = parent.spawn::<Probe>(ProbeArgs::default()).await?;
            tell.send(mailbox).unwrap();
            std::future::pending().await
        }
    });
    root.start_child(spec).await.unwrap_err();
    let half_born = told.recv().unwrap();
    half_born.cell().wait(Some(Duration::from_secs(60))).await.unwrap();
    assert_eq!(root.count_children().await.unwrap().specs, 0);
}

#[tokio::test(start_paused = true)]
async fn a_child_that_is_not_linked_is_refused_and_killed() {
    let root = SupervisorSpec::new("root", Strategy::OneForOne).start().await.unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let spec = ChildSpec::new("a", move |_| {
        let tell = tell.clone();
        async move {
            let mailbox = actor::spawn::<Probe>("unlinked", ProbeArgs::default()).await?;
            tell.send(mailbox.clone()).unwrap();
            Ok(mailbox.cell())
        }
    });
    let error = root.start_child(spec).await.unwrap_err();
    assert!(matches!(error, SupervisorError::Start { source: StartError::NotLinked, .. }));
    let unlinked: Mailbox<_> = told.recv().unwrap();
    unlinked.cell().wait(Some(Duration::from_secs(60))).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_child_that_ends_at_once_is_a_child_that_ended() {
    let journal = Journal::default();
    let root = SupervisorSpec::new("root", Strategy::OneForOne).start().await.unwrap();
    let args = ProbeArgs { journal: journal.clone(), ..ProbeArgs::default() };
    let spec = ChildSpec::new("a", move |parent| {
        let args = args.clone();
        async move {
            let cell = parent.spawn::<Probe>(args).await?.cell();
            cell.kill();
            cell.wait(None).await.ok();
            Ok(cell)
        }
    });
    let cell = root.start_child(spec.restart(Restart::Temporary)).await.unwrap();
    assert_eq!(cell.get_status(), ActorStatus::Stopped);
    assert_eq!(root.count_children().await.unwrap().specs, 0);
    assert_eq!(journal.take(), ["+a"]);
}

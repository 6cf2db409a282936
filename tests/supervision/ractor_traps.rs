//! What ractor does by itself: the reasons for our own rules. If an upgrade makes one of these
//! fail, the rule it explains may go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use ractor::{Actor, ActorProcessingErr, ActorRef, SupervisionEvent};
use tokio::sync::mpsc;

/// A plain ractor actor.
struct Plain {
    stopped: Arc<AtomicU32>,
    dropped: Option<Arc<AtomicBool>>,
}

struct OnDrop(Option<Arc<AtomicBool>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(dropped) = &self.0 {
            dropped.store(true, SeqCst);
        }
    }
}

impl Actor for Plain {
    type Msg = &'static str;
    type State = OnDrop;
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<&'static str>,
        (): (),
    ) -> Result<OnDrop, ActorProcessingErr> {
        Ok(OnDrop(self.dropped.clone()))
    }

    async fn handle(
        &self,
        _: ActorRef<&'static str>,
        msg: &'static str,
        _: &mut OnDrop,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            "panic" => panic!("oh"),
            "fail" => Err("oh".into()),
            _ => Ok(()),
        }
    }

    async fn post_stop(
        &self,
        _: ActorRef<&'static str>,
        _: &mut OnDrop,
    ) -> Result<(), ActorProcessingErr> {
        self.stopped.fetch_add(1, SeqCst);
        Ok(())
    }
}

/// Hands every event on to the test.
struct Watcher(mpsc::UnboundedSender<SupervisionEvent>);

impl Actor for Watcher {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        (): &mut (),
    ) -> Result<(), ActorProcessingErr> {
        let _ = self.0.send(event);
        Ok(())
    }
}

fn plain(stopped: &Arc<AtomicU32>) -> Plain {
    Plain { stopped: stopped.clone(), dropped: None }
}

#[tokio::test]
async fn stopping_a_parent_kills_its_children_without_their_post_stop() {
    let stopped = Arc::new(AtomicU32::new(0));
    let (parent, _) = Actor::spawn(None, plain(&stopped), ()).await.unwrap();
    let mut children = Vec::new();
    for _ in 0..3 {
        let (child, _) = parent.spawn_linked(None, plain(&stopped), ()).await.unwrap();
        children.push(child);
    }
    parent.stop(None);
    for child in children {
        child.wait(None).await.unwrap();
    }
    assert_eq!(stopped.load(SeqCst), 1, "only the parent's own");
}

#[tokio::test]
async fn a_kill_and_a_stop_with_the_reason_killed_look_the_same() {
    let (events, mut seen) = mpsc::unbounded_channel();
    let (watcher, _) = Actor::spawn(None, Watcher(events), ()).await.unwrap();
    let stopped = Arc::default();
    for kill in [true, false] {
        let (child, _) = watcher.spawn_linked(None, plain(&stopped), ()).await.unwrap();
        // Before that, a kill would end it in its `post_start`, and without a state.
        while !matches!(seen.recv().await.unwrap(), SupervisionEvent::ActorStarted(_)) {}
        if kill {
            child.kill();
        } else {
            child.stop(Some("killed".into()));
        }
        let reason = loop {
            if let SupervisionEvent::ActorTerminated(_, state, reason) = seen.recv().await.unwrap()
            {
                assert!(state.is_some(), "even a killed actor's state travels");
                break reason;
            }
        };
        assert_eq!(reason.as_deref(), Some("killed"));
    }
}

#[tokio::test]
async fn an_error_and_a_panic_look_the_same_and_skip_post_stop() {
    let (events, mut seen) = mpsc::unbounded_channel();
    let (watcher, _) = Actor::spawn(None, Watcher(events), ()).await.unwrap();
    let stopped = Arc::new(AtomicU32::new(0));
    for message in ["panic", "fail"] {
        let (child, _) = watcher.spawn_linked(None, plain(&stopped), ()).await.unwrap();
        child.send_message(message).unwrap();
        let text = loop {
            if let SupervisionEvent::ActorFailed(_, failure) = seen.recv().await.unwrap() {
                break failure.to_string();
            }
        };
        assert_eq!(text, "oh");
    }
    assert_eq!(stopped.load(SeqCst), 0);
}

#[tokio::test]
async fn a_stopped_actors_state_lives_until_its_supervisor_has_read_the_event() {
    let (events, mut seen) = mpsc::unbounded_channel();
    let (watcher, _) = Actor::spawn(None, Watcher(events), ()).await.unwrap();
    let dropped = Arc::new(AtomicBool::new(false));
    let actor = Plain { stopped: Arc::default(), dropped: Some(dropped.clone()) };
    let (child, task) = watcher.spawn_linked(None, actor, ()).await.unwrap();
    child.stop(None);
    task.await.unwrap();
    assert!(!dropped.load(SeqCst), "the actor has ended, its state has not");
    while !matches!(seen.recv().await.unwrap(), SupervisionEvent::ActorTerminated(..)) {}
    assert!(dropped.load(SeqCst));
}

#[tokio::test]
async fn an_actor_without_a_rule_of_its_own_stops_when_any_child_ends() {
    let stopped = Arc::new(AtomicU32::new(0));
    let (parent, _) = Actor::spawn(None, plain(&stopped), ()).await.unwrap();
    let (child, _) = parent.spawn_linked(None, plain(&stopped), ()).await.unwrap();
    child.stop(None);
    let ended = parent.wait(Some(Duration::from_secs(10))).await;
    assert!(ended.is_ok());
}

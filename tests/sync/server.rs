//! A room's output as the server makes it: a history, and for each viewer an outbox and the replica
//! at the other end.

use std::collections::BTreeSet;
use std::sync::Arc;

use greenroom::outbox::{Outbox, OutboxLimits};
use greenroom::proto::{
    Eye, HashCheck, Head, Layout, PlayerId, Replica, Sight, Teams, Tick, layout_of, publish,
};
use greenroom::room::history::{BodyKind, History, HistoryLimits};
use greenroom::room::views::ViewKey;

use crate::random::Random;
use crate::state::{PLAYERS, TEAMS, World, player};

const LIMITS: OutboxLimits = OutboxLimits { events_max: 100_000, event_bytes_max: 1 << 24 };

/// One end and the other of one connection.
pub struct Viewer {
    pub player: PlayerId,
    pub sight: Sight,
    pub outbox: Outbox,
    pub replica: Replica,
    /// The units that its view had in sight last.
    pub near: BTreeSet<u32>,
    /// Ticks for which its socket takes no more.
    pub stuck: u64,
    /// Events so far, and those that arrived.
    pub said: u32,
    pub heard: Vec<u32>,
}

/// A frame on its way.
pub struct Sent {
    pub message: Vec<u8>,
    pub body: Vec<u8>,
    pub kind: BodyKind,
    pub base: Option<Tick>,
}

pub struct Server {
    pub layout: Layout,
    pub history: History,
    pub limits: HistoryLimits,
    pub tick: Tick,
}

impl Viewer {
    pub fn new(player: PlayerId, sight: Sight, layout: &Layout) -> Self {
        Viewer {
            player,
            sight,
            outbox: Outbox::new(LIMITS),
            replica: Replica::new(layout.clone()),
            near: BTreeSet::new(),
            stuck: 0,
            said: 0,
            heard: Vec::new(),
        }
    }

    pub fn view(&self) -> ViewKey {
        ViewKey::of(self.player, &self.sight)
    }

    /// Word that goes out with the next frame.
    pub fn event(&mut self, tick: Tick) {
        self.said += 1;
        let body: Arc<[u8]> = self.said.to_le_bytes().into();
        self.outbox.event(tick, &body).unwrap();
    }

    /// Whether its replica is in a state that steps can go on from.
    pub fn apply(&mut self, sent: &Sent, tick: Tick) {
        let frame = self.replica.apply(&sent.message).unwrap();
        assert_eq!(frame.tick, tick);
        assert_eq!(frame.full, sent.kind == BodyKind::Full);
        assert_ne!(frame.hash, HashCheck::Differs);
        for event in frame.events {
            self.heard.push(u32::from_le_bytes(event.body.try_into().unwrap()));
        }
    }
}

impl Server {
    pub fn new(limits: HistoryLimits, tick: Tick) -> Self {
        let layout = layout_of::<World>();
        Server { history: History::new(layout.clone(), limits), layout, limits, tick }
    }

    pub fn push(&mut self, world: &World) {
        self.tick = self.tick.next();
        let (layout, history) = (&self.layout, &mut self.history);
        let pushed = history.push(self.tick, |rows| {
            publish(world, layout, rows);
        });
        pushed.unwrap();
    }

    /// Makes the next frame of a viewer, as `Members::send_frames` does.
    pub fn hand(&mut self, viewer: &mut Viewer) -> Option<Sent> {
        let view = viewer.view();
        if viewer.outbox.view() != Some(view) {
            viewer.near.clear();
        }
        viewer.outbox.look(view);
        let base = viewer.outbox.base();
        let (body, kind) = self.history.body(base, view, &viewer.sight)?;
        let body = body.to_vec();
        let mut message = Head::default().to_bytes(viewer.outbox.has_events()).to_vec();
        viewer.outbox.hand_over(self.tick, &mut message);
        message.extend_from_slice(&body);
        Some(Sent { message, body, kind, base })
    }

    /// All have been handed what they take: drops what nobody stands on.
    pub fn end(&mut self, viewers: &mut [Viewer]) {
        let bases = viewers.iter().filter_map(|it| Some((it.outbox.view()?, it.outbox.base()?)));
        let bases: BTreeSet<(ViewKey, Tick)> = bases.collect();
        self.history.keep_bases(bases.iter().copied());
        let most = bases.iter().map(|(_, tick)| tick).collect::<BTreeSet<_>>().len() + 1;
        let frames = self.history.frames();
        assert!(frames <= self.limits.frames_max.max(1) && frames <= most, "{frames} frames");
        // A view that nobody stands on is forgotten, with what it saw.
        viewers.iter_mut().filter(|it| it.outbox.base().is_none()).for_each(|it| it.near.clear());
    }
}

/// Limits of a history: generous ones, or tight.
pub fn limits(random: &mut Random) -> HistoryLimits {
    let frames_max = [1, 2, 5, 12, 200][random.below(5) as usize];
    let bytes_max = [1, 20_000, 100_000, 1 << 30][random.below(4) as usize];
    HistoryLimits { frames_max, bytes_max }
}

fn eye(random: &mut Random) -> Eye {
    let reach = [0.0, 3.0, 20.0, 150.0, 1e9, f64::INFINITY][random.below(6) as usize];
    let most = [0, 1, 2, 5, 1000][random.below(5) as usize];
    let place = |random: &mut Random| f64::from(random.around(80)) * 0.5;
    Eye { x: place(random), y: place(random), reach, most }
}

/// What a player may be to the rules of sight.
pub fn sight(own: PlayerId, random: &mut Random) -> Sight {
    let team = random.below(TEAMS) as u8;
    let two = Teams::of(team).and(random.below(TEAMS) as u8);
    match random.below(7) {
        0 => Sight::public(),
        1 => Sight::of_team(team),
        2 => Sight::public().with_teams(two),
        3 => Sight::of(own),
        4 => Sight::of(own).with_teams(two).around(eye(random)),
        5 => Sight::of(own).around(eye(random)),
        _ => Sight::of_team(team).around(eye(random)),
    }
}

/// A viewer's eye moves on, or jumps.
pub fn look_around(viewer: &mut Viewer, random: &mut Random) {
    let Some(eye_of) = &mut viewer.sight.eye else { return };
    match random.below(8) {
        0 => *eye_of = eye(random),
        1..=3 => eye_of.x += f64::from(random.around(4)),
        4 => eye_of.most = random.below(6) as usize,
        _ => {}
    }
}

/// Some viewers. No two of them are one player.
pub fn viewers(layout: &Layout, random: &mut Random) -> Vec<Viewer> {
    let mut all: Vec<u32> = (1..=PLAYERS as u32).chain([100, 101, 102]).collect();
    let count = 2 + random.below(5);
    (0..count)
        .map(|_| {
            let own = PlayerId(all.swap_remove(random.below(all.len() as u64) as usize));
            Viewer::new(own, sight(own, random), layout)
        })
        .collect()
}

/// A player that is not among these.
pub fn newcomer(viewers: &[Viewer], random: &mut Random) -> PlayerId {
    let free = |id: &PlayerId| viewers.iter().all(|viewer| viewer.player != *id);
    let wanted = player(random);
    (0..).map(|more| PlayerId(wanted.0 + more)).find(free).unwrap()
}

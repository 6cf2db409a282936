//! What there is to see of a match, frame by frame: all of it, or what one player sees. The frames
//! are those that the server would have sent to somebody who is always in step.

use greenroom::game::Said;
use greenroom::proto::codec::{
    Snapshot, Step, Viewer, advance, put_change_body, put_step_body, view_hash,
};
use greenroom::proto::frame::{Base, FRAME_EVENTS_MAX, write_body_head};
use greenroom::proto::{
    ChatLine, Event, EventKind, Layout, PlayerId, RoomEvent, Rows, Sizes, Tick, TooLarge, wire,
};
use greenroom::registry::Entry;
use greenroom::room::AnyRoom;
use greenroom::room::history::{HASH_EVERY, History, HistoryLimits};
use greenroom::room::views::ViewKey;

/// Looks at a room.
pub(super) struct Camera {
    layout: Layout,
    eyes: Eyes,
    /// Since the frame before.
    events: Vec<Event>,
    /// How many there were in all.
    events_made: u32,
    /// How many did not fit into their frames.
    pub(super) events_lost: u64,
}

enum Eyes {
    /// See everything.
    All(Box<All>),
    /// See what a player sees.
    One(Box<One>),
}

struct All {
    before: Snapshot,
    now: Snapshot,
    step: Step,
    sizes: Sizes,
    frames: u32,
    tick: Tick,
}

struct One {
    player: PlayerId,
    history: History,
    /// The frame that was made into a body last.
    base: Option<Tick>,
    rows: Rows,
}

impl Camera {
    /// That of a player, or one that sees all.
    pub(super) fn new(entry: &Entry, player: Option<PlayerId>) -> Self {
        let layout = entry.layout.clone();
        let eyes = match player {
            None => Eyes::All(Box::new(All {
                before: Snapshot::default(),
                now: Snapshot::initial(&layout),
                step: Step::default(),
                sizes: Sizes::default(),
                frames: 0,
                tick: Tick(0),
            })),
            Some(player) => {
                let limits = HistoryLimits { frames_max: 2, bytes_max: usize::MAX };
                let history = History::new(layout.clone(), limits);
                Eyes::One(Box::new(One { player, history, base: None, rows: Rows::default() }))
            }
        };
        Camera { layout, eyes, events: Vec::new(), events_made: 0, events_lost: 0 }
    }

    /// Whether there is anybody to see something.
    pub(super) fn sees(&self, room: &dyn AnyRoom) -> bool {
        match &self.eyes {
            Eyes::All(_) => true,
            Eyes::One(one) => room.seated().contains(&one.player),
        }
    }

    /// Notes what the room said in a step.
    pub(super) fn hear(&mut self, room: &dyn AnyRoom, said: &[Said]) {
        if !self.sees(room) {
            return;
        }
        for said in said {
            let (to, kind, body) = match said {
                Said::Event { to, body } => (to, EventKind::Game, body.clone()),
                Said::Chat { to, line } => {
                    let body = wire::encode(&RoomEvent::Chat(ChatLine::clone(line)));
                    (to, EventKind::Room, body)
                }
                _ => continue,
            };
            if let Eyes::One(one) = &self.eyes
                && !to.includes(one.player)
            {
                continue;
            }
            self.events_made = self.events_made.wrapping_add(1);
            let event = Event { number: self.events_made, tick: room.tick(), kind, body };
            match self.events.len() < FRAME_EVENTS_MAX as usize {
                true => self.events.push(event),
                false => self.events_lost += 1,
            }
        }
    }

    /// Events since the last time that this was asked.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Looks at the room as it is now: a new frame, unless clients would not take it. Asks
    /// the game, which may panic.
    pub(super) fn look(&mut self, room: &dyn AnyRoom) -> Result<(), TooLarge> {
        let layout = &self.layout;
        match &mut self.eyes {
            Eyes::All(all) => all.look(layout, room),
            Eyes::One(one) => one.look(layout, room),
        }
    }

    /// What is seen.
    pub(super) fn rows(&self) -> &Rows {
        match &self.eyes {
            Eyes::All(all) => all.now.rows(),
            Eyes::One(one) => &one.rows,
        }
    }

    /// The frame from its flags on: a whole state, or a step from the one before.
    pub(super) fn body(&mut self, room: &dyn AnyRoom, whole: bool) -> Vec<u8> {
        match &mut self.eyes {
            Eyes::All(all) => all.body(&self.layout, whole),
            Eyes::One(one) => one.body(room, whole),
        }
    }
}

impl All {
    fn look(&mut self, layout: &Layout, room: &dyn AnyRoom) -> Result<(), TooLarge> {
        std::mem::swap(&mut self.before, &mut self.now);
        self.now.publish(|rows| {
            room.publish(layout, rows);
        });
        self.sizes.admit(layout, self.now.rows())?;
        advance(layout, &self.before, &mut self.now, &mut self.step);
        self.frames = self.frames.wrapping_add(1);
        self.tick = room.tick();
        Ok(())
    }

    fn body(&self, layout: &Layout, whole: bool) -> Vec<u8> {
        let All { now, step, frames, tick, .. } = self;
        let mut out = Vec::new();
        let hashed = whole || frames.is_multiple_of(HASH_EVERY);
        let hash = hashed.then(|| view_hash(layout, now, None));
        let base = if whole { Base::Nothing } else { Base::Step };
        write_body_head(base, *tick, hash, &mut out);
        match whole {
            true => {
                let initial = Snapshot::initial(layout);
                put_change_body(layout, &initial, (now, step), Viewer::All, &mut out);
            }
            false => put_step_body(layout, (now, step), Viewer::All, &mut out),
        }
        out
    }
}

impl One {
    fn look(&mut self, layout: &Layout, room: &dyn AnyRoom) -> Result<(), TooLarge> {
        self.history.push(room.tick(), |rows| {
            room.publish(layout, rows);
        })?;
        if !room.seated().contains(&self.player) {
            return Ok(());
        }
        let sight = room.sight(self.player);
        let view = ViewKey::of(self.player, &sight);
        self.rows = self.history.seen(view, &sight).unwrap_or_default();
        self.history.keep_bases(self.base.iter().map(|base| (view, *base)));
        Ok(())
    }

    fn body(&mut self, room: &dyn AnyRoom, whole: bool) -> Vec<u8> {
        let sight = room.sight(self.player);
        let view = ViewKey::of(self.player, &sight);
        let base = self.base.filter(|_| !whole);
        let body = self.history.body(base, view, &sight).map(|(body, _)| body.to_vec());
        self.base = Some(room.tick());
        body.unwrap_or_default()
    }
}

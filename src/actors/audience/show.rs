//! Shows a room to those who look on: takes the newest frame that it is time for, encodes what has
//! changed once for all who have the one before, and sends it to one after the other.

use std::sync::Arc;
use std::time::Instant;

use greenroom_proto::frame::{write_event_of, write_varint};
use greenroom_proto::{CloseCode, Head, Sight, Text, Tick, ToClient};
use metrics::{Counter, counter};

use crate::config::Config;
use crate::directory::RoomRecord;
use crate::directory::audience::Ending;
use crate::directory::spectator::{Spectator, Stand};
use crate::net::link::Standing;
use crate::room::backlog::PublicEvent;
use crate::room::history::{History, HistoryLimits};
use crate::room::views::ViewKey;
use crate::scheduler::{Next, Task, Waker};

/// How many are sent something in one turn: some milliseconds, so that the newest frame is never far
/// away and the end of a turn neither.
const AT_ONCE: usize = 512;

/// A room as those see it who look on.
pub(super) struct Show {
    room: Arc<RoomRecord>,
    history: History,
    crowd: Vec<Arc<Spectator>>,
    changes: Option<u64>,
    sight: Sight,
    /// Tick of the newest frame, number of the last event up to there, and the last events: as many
    /// as somebody may need.
    tick: Tick,
    newest: u32,
    events: Vec<PublicEvent>,
    /// The section of that many of the last events.
    section: (usize, Vec<u8>),
    /// Whose turn it is in the crowd, and how many are still to have theirs with the newest frame:
    /// each gets one, also when frames come faster than they can be sent.
    next: usize,
    left: usize,
    frames: Counter,
    skipped: Counter,
}

impl Show {
    pub(super) fn new(room: Arc<RoomRecord>, config: &Config) -> Self {
        let limits = HistoryLimits {
            frames_max: config.rooms.history_frames_max,
            bytes_max: config.rooms.history_bytes_max,
        };
        let game = room.entry.game.name();
        Show {
            history: History::new(room.entry.layout.clone(), limits),
            room,
            crowd: Vec::new(),
            changes: None,
            sight: Sight::public(),
            tick: Tick(0),
            newest: 0,
            events: Vec::new(),
            section: (0, Vec::new()),
            next: 0,
            left: 0,
            frames: counter!("greenroom_spectator_frames_total", "game" => game),
            skipped: counter!("greenroom_spectator_frames_skipped_total", "game" => game),
        }
    }

    /// Takes the next frame, if it is time for it.
    fn take(&mut self) {
        let Some(shown) = self.room.audience().take() else { return };
        // Clients take it: the room's history has pushed it, too.
        if self.history.push(shown.tick, |rows| *rows = shown.rows).is_err() {
            return;
        }
        (self.tick, self.sight, self.left) = (shown.tick, shown.sight, self.crowd.len());
        let audience = self.room.audience();
        self.newest = audience.newest_event(self.tick);
        let behind = |spectator: &Arc<Spectator>| self.newest.wrapping_sub(spectator.stand().told);
        let behind = self.crowd.iter().map(behind).max().unwrap_or(0);
        self.events = audience.events_after(self.newest.wrapping_sub(behind), self.tick);
        self.section = (0, Vec::new());
    }

    /// Who looks on now.
    fn look_around(&mut self) {
        let is_new = self.changes.is_none();
        let Some(crowd) = self.room.audience().crowd(&mut self.changes) else { return };
        self.crowd = crowd;
        self.left = self.crowd.len();
        if is_new {
            // What they hold somebody else has sent them.
            self.crowd.iter().for_each(|spectator| spectator.stand().base = None);
        }
    }

    /// Sends the newest frame to the next of the crowd. `last`: also to those who are stuck.
    fn send(&mut self, at_once: usize, last: bool) {
        if self.history.newest().is_none() {
            self.left = 0;
        }
        for _ in 0..at_once.min(self.left) {
            self.next = if self.next < self.crowd.len() { self.next } else { 0 };
            let spectator = Arc::clone(&self.crowd[self.next]);
            self.next += 1;
            self.left -= 1;
            let mut stand = spectator.stand();
            if stand.is_there {
                self.send_to(&spectator, &mut stand, last);
            }
        }
        if self.left == 0 {
            let bases = self.crowd.iter().filter_map(|spectator| spectator.stand().base);
            self.history.keep_bases(bases.map(|base| (ViewKey::Spectators, base)));
        }
    }

    fn send_to(&mut self, spectator: &Spectator, stand: &mut Stand, last: bool) {
        let line = &spectator.client.line;
        let standing = line.standing();
        if standing == Standing::Closing || (standing == Standing::Stuck && !last) {
            return self.skipped.increment(1);
        }
        let missing = self.newest.wrapping_sub(stand.told) as usize;
        if missing > self.events.len() {
            // As a player who does not keep up. Who asks anew is up to date.
            return line.close(CloseCode::TooSlow);
        }
        if self.section.0 != missing {
            self.section = (missing, self.section_of(missing));
        }
        let body = self.history.body(stand.base, ViewKey::Spectators, &self.sight);
        let Some((body, _)) = body else { return };
        line.send([&Head::default().to_bytes(missing > 0), &self.section.1, body]);
        self.frames.increment(1);
        (stand.base, stand.told) = (Some(self.tick), self.newest);
    }

    /// The last events, as a frame carries them.
    fn section_of(&self, count: usize) -> Vec<u8> {
        let mut section = Vec::new();
        if count > 0 {
            write_varint(count as u32, &mut section);
            let before = self.newest.wrapping_sub(count as u32);
            let events = &self.events[self.events.len() - count..];
            for (place, event) in (1..).zip(events) {
                let age = self.tick.0.wrapping_sub(event.tick.0);
                let number = before.wrapping_add(place);
                write_event_of(event.kind, number, age, &event.body, &mut section);
            }
        }
        section
    }

    /// The end, once it has come.
    fn end(&mut self) -> bool {
        let Some((ending, spectators)) = self.room.audience().take_ending() else { return false };
        self.crowd = spectators;
        self.left = self.crowd.len();
        self.send(usize::MAX, true);
        for spectator in &self.crowd {
            let mut stand = spectator.stand();
            stand.is_there = false;
            let client = &spectator.client;
            if client.unwatch(spectator) {
                client.line.control(&match &ending {
                    Ending::Over(result) => ToClient::Ended { result: Text::cut(result) },
                    Ending::Gone => ToClient::Left,
                });
            }
        }
        true
    }
}

impl Task for Show {
    fn turn(&mut self, now: Instant, _: &Waker) -> Next {
        self.look_around();
        self.take();
        if self.end() || self.room.audience().close_if_empty() {
            return Next::Done;
        }
        self.send(AT_ONCE, false);
        if self.left > 0 {
            return Next::At(now);
        }
        match self.room.audience().due() {
            Some(due) => Next::At(due),
            None => Next::Wait,
        }
    }
}

//! What the players of a room see: published rows, as clients would have them, and nothing else.

use std::borrow::Cow;

use greenroom::proto::{Layout, PlayerId, Rows, Tick, TooLarge};
use greenroom::registry::Entry;
use greenroom::room::AnyRoom;
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::views::ViewKey;

/// The newest frame of a room.
pub(super) struct Screen {
    layout: Layout,
    frames: History,
    shown: Option<Tick>,
    /// Who looked at it.
    views: Vec<(ViewKey, Tick)>,
}

impl Screen {
    pub(super) fn new(entry: &Entry) -> Self {
        let layout = entry.layout.clone();
        let limits = HistoryLimits { frames_max: 2, bytes_max: usize::MAX };
        let frames = History::new(layout.clone(), limits);
        let frames = frames.with_states_at_most(entry.game.state_bytes_max());
        Screen { layout, frames, shown: None, views: Vec::new() }
    }

    /// Makes a frame of the room as it is, if there is none yet.
    pub(super) fn draw(&mut self, room: &dyn AnyRoom) -> Result<(), TooLarge> {
        let tick = room.tick();
        if self.shown == Some(tick) {
            return Ok(());
        }
        self.frames.keep_bases(self.views.drain(..));
        self.frames.push(tick, |rows| {
            room.publish(&self.layout, rows);
        })?;
        self.shown = Some(tick);
        Ok(())
    }

    /// What a player sees of it.
    pub(super) fn seen(&mut self, room: &dyn AnyRoom, player: PlayerId) -> Cow<'_, Rows> {
        if !self.layout.is_restricted() {
            return self.newest();
        }
        let sight = room.sight(player);
        let view = ViewKey::of(player, &sight);
        self.views.push((view, room.tick()));
        self.frames.seen(view, &sight).map_or_else(Cow::default, Cow::Owned)
    }

    fn newest(&self) -> Cow<'_, Rows> {
        self.frames.newest().map_or_else(Cow::default, |(_, rows)| Cow::Borrowed(rows))
    }
}

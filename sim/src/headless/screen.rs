//! What players see of a room: its frames, as clients would have them.

use std::borrow::Cow;

use greenroom::proto::{Layout, PlayerId, Rows, Sizes, Tick, TooLarge};
use greenroom::room::AnyRoom;
use greenroom::room::history::{History, HistoryLimits};
use greenroom::room::views::ViewKey;

use super::series::Series;

/// The newest frame.
pub(super) struct Screen {
    layout: Layout,
    /// The rows that all see, unless not all see the same.
    rows: Rows,
    sizes: Sizes,
    /// Where not all see the same, or bytes are counted.
    frames: Option<History>,
    counts: bool,
    tick: Option<Tick>,
    /// The frame before the newest.
    before: Option<Tick>,
    /// Views on the newest frame.
    views: Vec<(ViewKey, Tick)>,
}

impl Screen {
    pub(super) fn new(series: &Series) -> Self {
        let (layout, counts) = (&series.entry.layout, series.bytes);
        let bytes_max = series.entry.game.state_bytes_max();
        let frames = (counts || !layout.is_plain()).then(|| {
            let limits = HistoryLimits { frames_max: 2, bytes_max: usize::MAX };
            History::new(layout.clone(), limits).with_states_at_most(bytes_max)
        });
        Screen {
            layout: layout.clone(),
            rows: Rows::default(),
            sizes: Sizes::at_most(bytes_max),
            frames,
            counts,
            tick: None,
            before: None,
            views: Vec::new(),
        }
    }

    /// Makes a frame of the room as it is.
    pub(super) fn draw(&mut self, room: &dyn AnyRoom) -> Result<(), TooLarge> {
        self.before = self.tick.replace(room.tick());
        if let Some(frames) = &mut self.frames {
            frames.keep_bases(self.views.drain(..));
            frames.push(room.tick(), |rows| {
                room.publish(&self.layout, rows);
            })?;
        }
        if self.layout.is_plain() {
            room.publish(&self.layout, &mut self.rows);
            self.sizes.admit(&self.layout, &self.rows)?;
        }
        Ok(())
    }

    /// What a player sees of it, and how many bytes it takes them there, if those are counted.
    pub(super) fn seen(&mut self, room: &dyn AnyRoom, player: PlayerId) -> (Cow<'_, Rows>, u64) {
        let Some(frames) = &mut self.frames else { return (Cow::Borrowed(&self.rows), 0) };
        let sight = room.sight(player);
        let view = ViewKey::of(player, &sight);
        self.views.push((view, room.tick()));
        let bytes = match self.counts {
            true => frames.body(self.before, view, &sight).map_or(0, |(body, _)| body.len() as u64),
            false => 0,
        };
        match self.layout.is_plain() {
            true => (Cow::Borrowed(&self.rows), bytes),
            false => {
                (frames.seen(view, &sight).map_or(Cow::Borrowed(&self.rows), Cow::Owned), bytes)
            }
        }
    }
}

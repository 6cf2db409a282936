//! The channels of a connection, each with a place of its own in some room.

use std::sync::{Arc, OnceLock};

use greenroom_proto::frame::CHANNELS_MAX;

use crate::directory::{Client, RoomRecord};
use crate::net::line::Line;
use crate::net::link::Link;

/// A connection's client on each of its channels.
pub(super) struct Channels {
    first: Arc<Client>,
    /// Most connections never have them: made when one is first spoken on.
    others: OnceLock<[Arc<Client>; CHANNELS_MAX as usize]>,
}

impl Channels {
    pub(super) fn new(link: Arc<Link>) -> Arc<Self> {
        let first = Client::new(Line::new(link, 0));
        Arc::new(Channels { first, others: OnceLock::new() })
    }

    /// The connection.
    pub(super) fn link(&self) -> &Arc<Link> {
        self.first.line.link()
    }

    /// The client on a channel that the [session](crate::session) has let through.
    pub(super) fn get(&self, channel: u8) -> &Arc<Client> {
        let Some(place) = channel.checked_sub(1) else { return &self.first };
        let others = self.others.get_or_init(|| {
            self.link().use_channels();
            std::array::from_fn(|place| {
                self.first.beside(Line::new(Arc::clone(self.link()), place as u8 + 1))
            })
        });
        others.get(usize::from(place)).unwrap_or(&self.first)
    }

    /// The client on each channel that was ever used.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Client>> {
        std::iter::once(&self.first).chain(self.others.get().into_iter().flatten())
    }

    /// Whether the client may have a place in this room, too: beside those that it has on other
    /// channels.
    pub(super) fn may_enter(&self, client: &Arc<Client>, room: &RoomRecord) -> bool {
        room.entry.game.is_beside()
            || self
                .all()
                .filter(|other| !Arc::ptr_eq(other, client))
                .filter_map(|other| other.room())
                .all(|other| other.entry.game.is_beside())
    }
}

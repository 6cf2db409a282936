//! The games that come with Greenroom, each in a file or folder of its own.

use crate::registry::Games;

pub(crate) fn all() -> Games {
    Games::new()
}

//! The state codec.

pub mod bits;
pub mod body;
pub mod code;
pub mod lengths;
mod mask;
pub mod predict;
pub mod replica;
mod row;
pub mod section;
pub mod sighted;
pub mod step;
#[cfg(feature = "train")]
pub mod train;

pub use body::{Viewer, put_change_body, put_step_body};
pub use replica::Mirror;
pub use sighted::{Member, Members};
pub use step::{Snapshot, Step, advance};

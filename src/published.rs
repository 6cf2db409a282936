//! What clients see, in words: rows as JSON by the names of their schema, and as a list of values
//! that each have a path.

mod items;
mod json;
mod leaves;
mod scalar;

pub use json::state;
pub use leaves::leaves;

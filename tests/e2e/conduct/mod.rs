//! What is done about players who spoil it for the others.

mod bans;

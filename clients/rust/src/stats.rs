//! What a client counts.

use std::time::Duration;

/// What a client has counted since it connected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// State frames.
    pub frames: u64,
    /// Their bytes, without WebSocket and TLS.
    pub frame_bytes: u64,
    /// Frames with the whole state.
    pub frames_full: u64,
    /// Frames with the change from an older frame than the one before: some were skipped for this
    /// client, or it had been away.
    pub frames_merged: u64,
    /// Frames that came without a seat, between leaving and the server's word for it.
    pub frames_ignored: u64,
    /// How often the copy of the state was found to differ and was asked for anew.
    pub desyncs: u64,
    /// Inputs handed to the socket.
    pub inputs: u64,
    /// Inputs that were replaced by a newer one because the socket did not take them, or because
    /// there was no connection.
    pub inputs_replaced: u64,
    /// How often the connection broke and the seat was had again.
    pub resumed: u64,
    /// The time without a connection before these, in all.
    pub away: Duration,
}

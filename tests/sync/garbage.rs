//! What must hold for any bytes in place of a log or a keyframe.

use greenroom::Games;
use greenroom::room::log::Log;
use xxhash_rust::xxh3::xxh3_64;

/// Keyframes of any game, and logs whose checksum is right, are read or refused.
pub fn log(bytes: &[u8]) {
    for entry in Games::builtin().entries() {
        let _ = entry.game.restore(bytes).map(|room| room.keyframe());
    }
    let _ = Log::of_bytes(bytes);
    let mut whole = b"GRLOG\0\0\x02".to_vec();
    whole.extend_from_slice(bytes);
    let checksum = xxh3_64(&whole);
    whole.extend_from_slice(&checksum.to_le_bytes());
    if let Ok(log) = Log::of_bytes(&whole) {
        assert_eq!(Log::of_bytes(&log.to_bytes()).as_ref(), Ok(&log));
    }
}

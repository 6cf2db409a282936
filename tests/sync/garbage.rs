//! What must hold for any bytes in place of a log or a keyframe.

use std::sync::OnceLock;

use greenroom::Games;
use greenroom::room::log::Log;
use xxhash_rust::xxh3::xxh3_64;

/// Keyframes of any game, and logs whose checksum is right, are read or refused. Returns whether
/// these bytes are a log.
pub fn log(bytes: &[u8]) -> bool {
    for entry in Games::builtin().entries() {
        let _ = entry.game.restore(bytes).map(|room| room.keyframe());
    }
    let _ = Log::of_bytes(bytes);
    let mut whole = name().to_vec();
    whole.extend_from_slice(bytes);
    let checksum = xxh3_64(&whole);
    whole.extend_from_slice(&checksum.to_le_bytes());
    let log = Log::of_bytes(&whole);
    if let Ok(log) = &log {
        assert_eq!(Log::of_bytes(&log.to_bytes()).as_ref(), Ok(log));
    }
    log.is_ok()
}

/// What a log starts with.
fn name() -> [u8; 8] {
    static NAME: OnceLock<[u8; 8]> = OnceLock::new();
    *NAME.get_or_init(|| {
        let games = Games::builtin();
        let entry = games.entries().next().expect("there are games");
        let plan = entry.game.plan("{}").expect("options may be left out");
        let room = entry.game.create(&plan.options, 1).expect("a room of a plan");
        let log = Log::new(entry.header(&plan, 1), room.as_ref()).to_bytes();
        *log.first_chunk().expect("a log has a name")
    })
}

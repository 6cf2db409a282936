//! The files with which unfinished matches survive the death of the process: `kill -9`, a crash, a
//! power cut.
//!
//! ```text
//! room ── append ──▶ batch ── swap ──▶ writer ── write(2) ──▶ segment ◀── fdatasync ── sync
//!         one lock   fills while       one call               files       once a second;
//!         0.1 µs     another is        a batch                            deletes what
//!         no wait    written                                              nobody needs
//! ```
//!
//! The journal knows rooms by their id and takes bytes of which it knows nothing. A room appends a
//! [start](Kind::Start) (all of itself), then [what happens](Kind::More), now and then another start, which makes
//! all before superfluous, and in the end an [end](Kind::End). Whoever opens the directory next gets,
//! for each room without an end, its last start and what followed ([`Found`]).
//!
//! ## What holds
//!
//! - **What is [written](Journal::written) outlives the process.** It is in the kernel's hands, so
//!   `kill -9` takes nothing of it. What had not got there yet is gone.
//! - **What is older than a second outlives the machine**, on disks that keep what they confirm:
//!   it was synced ([`Limits::sync_interval`]). What may be missing after a power cut is said:
//!   [`Found::torn`].
//! - **What comes back is what was appended**, per room, in order, without a hole. Damage costs what
//!   is behind it, never more than that, and never unnoticed; it is no reason not to start.
//! - **[`append`](RoomJournal::append) never waits.** If the disk does not keep up or fails, or a segment
//!   is deleted while it is written to (which is seen at its next sync), records are lost, and the rooms
//!   concerned begin anew as soon as it works again. The match goes on.
//!
//! ## What a host does
//!
//! 1. [`Journal::open`]. Make each room that was found again, or end it.
//! 2. For each room, [`Journal::room`]. Append a start if [`wants_start`](RoomJournal::wants_start)
//!    says so, else what happened. A refusal ([`NotTaken`]) needs no answer: the room is woken when
//!    a start is wanted and fits.
//! 3. Keep back what others are to see until its [`Position`] is [written](Journal::written)
//!    ([`on_written`](Journal::on_written) says when to look again), so that nobody ever saw what
//!    a killed process had not kept.
//! 4. [`Journal::close`].
//!
//! ## The format, version 1
//!
//! A directory with a file `lock`, which the process that has the directory keeps locked and in
//! which its process id stands; and segments: files named by their number, 16 hexadecimal digits
//! in lower case, and `.journal`. Numbers grow; a number that is missing between two means that a
//! segment is. `*.journal.damaged` (`.damaged-1` and so on if there is one) are segments that could
//! not be read; nothing reads them again. `probe` is a file of zeros that is there for a moment.
//! Other names are left alone.
//!
//! All numbers are little-endian. `xxh3` is XXH3 with 64 bits; `low32` its low half. A segment is a
//! head and records, one after the other:
//!
//! ```text
//! head     0   7  "GRJNL", two zeros
//!          7   1  version: 1
//!          8   8  number of the segment, as in its name
//!         16   8  life: random, the same in all segments of one opening of the journal
//!         24   8  boot: the same for all of one run of the machine; 0: not known
//!         32   4  flags. Bit 0: records were lost, with an error, before this segment. Others 0
//!         36   4  low32(xxh3(bytes 0 to 36, seed 0))
//!
//! record   0   4  tag + 8 × bytes of the payload (at most 64 MiB)
//!          4   4  low32(xxh3(payload, seed 0))
//!          8   8  room
//!         16   8  running number of the room; it begins anywhere and wraps
//!         24   4  low32(xxh3(bytes 0 to 24, seed as below))
//!         28      payload
//! ```
//!
//! The seed is `xxh3(number of the segment (8 bytes), seed life)` + the place of the record in the
//! file (wrapping): a block of an older file, or from elsewhere in this one, does not pass.
//!
//! Tags: 1 start, 2 more, 3 end, 4 lost (records of this room that came next were not taken),
//! 5 closed (room and number 0; the journal was closed in order, all before was synced; nothing
//! follows in this life). Ends, lost and closed have no payload.
//!
//! **Reading.** Segments in the order of their numbers, in each the records up to the first that is
//! none: what follows it is not looked at. A start replaces what there was of its room, whatever its
//! number; a more counts if its number is one more than that of the room's record before, else
//! nothing of the room counts until its next start; an end removes the room.
//!
//! A room is *torn* if a number or a `lost` shows that something followed, or if after its last
//! record there is a place where something may be missing: bytes that cannot be read; a segment
//! that is missing or cannot be read; one with the flag; or the end of a life without a `closed`, if
//! the machine has been started since. The next number in order disproves it. Where a life, or the
//! segment before one with the flag, ends within a record, a write was cut off: that is no damage,
//! and nobody had been told that it was written.
//!
//! ## Bounds
//!
//! | what | bound | when it is hit |
//! |---|---|---|
//! | records that wait | [`Limits::queue_bytes_max`], twice that in memory | refused; the room begins anew |
//! | a record | the same, and 64 MiB | refused for good |
//! | a segment | [`Limits::segment_bytes`] and one batch | another is begun |
//! | all segments | [`Limits::disk_bytes_max`], or four times what unfinished rooms need | rooms in the oldest are told to begin anew |
//! | rooms that are told to begin anew | as many at once as fill half the queue | the others 20 ms later |
//! | memory when opening | 1 MiB, the largest record, and what unfinished rooms need | |
//!
//! The last but two is kept by rooms that answer: one that never does keeps its segment and all that
//! follow, for segments go in their order only. (The end of a room must not be deleted before the
//! start that it ends.) A segment goes when no room's last start is in it and what made that so is
//! synced.
//!
//! ## Errors of the disk
//!
//! After a failed write or sync all that waits is lost, and the segment is given up: what a kernel
//! could not bring to disk it forgets, so trying again would only seem to work. Every
//! [second](Limits::retry_interval) a new segment is tried. From when it can be made, rooms begin
//! anew. Ends are not lost: the journal keeps them in mind until they are synced. What happens in
//! between is said by [`Journal::health`], once in the log, and by the counters
//! `greenroom_journal_errors_total` and `greenroom_journal_lost_records_total`. The others:
//! `greenroom_journal_` `bytes_total`, `records_total`, `writes_total`, `fsyncs_total`; histograms
//! `write_seconds`, `fsync_seconds`; gauges `queue_bytes` (of the last batch), `lag_seconds` (of its
//! first record), `segments`, `disk_bytes`.
//!
//! If a process dies while its disk fails, nothing on that disk can say so: rooms come back as of
//! the last record before. Players have their seats again, by whichever token they got since. One that
//! holds a state which was undone may be sent a change of the room's new state of the same step: its
//! hash differs, and the client asks for the whole.
//!
//! ## What is where
//!
//! | file | one idea | pure |
//! |---|---|---|
//! | `records.rs` | what rooms and journal say to each other | yes |
//! | `record.rs`, `segment.rs` | the bytes above | yes |
//! | `replay.rs` | what to keep of records that are read again, and what to doubt | yes |
//! | `segments.rs` | which segments are needed | yes |
//! | `rooms.rs` | who must begin anew, and who is told when | yes |
//! | `queue.rs` | the batch that fills, and whose records may go into it | |
//! | `room.rs`, `open.rs`, `health.rs`, `limits.rs`, `error.rs` | what a host sees | |
//! | `writer.rs`, `sync.rs`, `shared.rs` | the two threads and what they share | |
//! | `read.rs`, `disk.rs`, `lock.rs` | files | |

pub mod record;
mod records;
pub mod replay;
pub mod segment;

#[cfg(feature = "server")]
mod disk;
#[cfg(feature = "server")]
mod error;
#[cfg(feature = "server")]
mod health;
#[cfg(feature = "server")]
mod limits;
#[cfg(feature = "server")]
mod lock;
#[cfg(feature = "server")]
mod read;
#[cfg(feature = "server")]
mod room;
#[cfg(feature = "server")]
mod rooms;
#[cfg(feature = "server")]
mod segments;
#[cfg(feature = "server")]
mod shared;
// These may read the clock.
#[cfg(feature = "server")]
#[allow(clippy::disallowed_methods)]
mod open;
#[cfg(feature = "server")]
#[allow(clippy::disallowed_methods)]
mod queue;
#[cfg(feature = "server")]
#[allow(clippy::disallowed_methods)]
mod sync;
#[cfg(feature = "server")]
#[allow(clippy::disallowed_methods)]
mod writer;

#[cfg(feature = "server")]
#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests;

pub use records::{Kind, NotTaken, Position, Records};
pub use replay::Found;
#[cfg(feature = "server")]
pub use {
    error::{FlushError, JournalError},
    health::Health,
    limits::Limits,
    open::Journal,
    room::RoomJournal,
};

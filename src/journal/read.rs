//! Reads the segments that earlier processes left, and says in the log what was wrong with them.

use std::io::{self, Read};
use std::path::Path;

use super::disk::Disk;
use super::error::JournalError;
use super::record::{self, HEAD_BYTES, Tag};
use super::replay::{Replay, Replayed, Tail, Verdict};
use super::segment::{Named, NotASegment, Place, SEGMENT_HEAD_BYTES, SegmentHead, name, named};
use super::sync::set_aside;

/// What is read at once, in bytes. With the largest record and what is kept for unfinished rooms
/// this is all the memory that reading takes.
const WINDOW_BYTES: usize = 1 << 20;

/// Rooms that a log line names.
const NAMED_MAX: usize = 10;

/// What there is.
pub(super) struct Past {
    pub(super) replayed: Replayed,
    /// Number, bytes, and whether something in it cannot be read.
    pub(super) segments: Vec<(u64, u64, bool)>,
    /// The number for the next segment.
    pub(super) next: u64,
}

/// Reads all segments of a directory, in order. What is none is set aside.
pub(super) fn read_all(disk: &dyn Disk, dir: &Path, boot: u64) -> Result<Past, JournalError> {
    let unreadable = |path, source| JournalError::Unreadable { path, source };
    let names = disk.names().map_err(|error| unreadable(dir.to_owned(), error))?;
    let (mut numbers, mut last) = (Vec::new(), 0);
    for file in &names {
        match named(file) {
            Named::Segment(number) => numbers.push(number),
            Named::Damaged(number) => last = last.max(number),
            Named::Other => {}
        }
    }
    numbers.sort_unstable();
    let mut reader = Reader { disk, dir, replay: Replay::new(boot), segments: Vec::new() };
    for number in numbers {
        let file = name(number);
        match disk.open(&file) {
            Ok((reads, len)) => {
                if reader.segment(number, Window::new(reads, len)) {
                    last = last.max(number);
                }
            }
            Err(error) => return Err(unreadable(dir.join(&file), error)),
        }
    }
    let Reader { replay, mut segments, .. } = reader;
    let (replayed, verdict) = replay.finish();
    tell(dir, verdict, &mut segments);
    tell_headless(&replayed);
    Ok(Past { replayed, segments, next: last + 1 })
}

struct Reader<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    replay: Replay,
    segments: Vec<(u64, u64, bool)>,
}

impl Reader<'_> {
    /// Reads one segment. Says whether its number is taken.
    fn segment(&mut self, number: u64, mut window: Window) -> bool {
        let head = window.head().map(SegmentHead::of_bytes);
        let why = match head {
            Ok(Ok(head)) if head.number == number => {
                let verdict = self.replay.begin(head);
                tell(self.dir, verdict, &mut self.segments);
                let tail = self.records(head, &mut window);
                self.replay.end(tail);
                self.segments.push((number, window.len, false));
                return true;
            }
            Ok(Ok(_)) => "its head has another number: it was renamed".to_owned(),
            Ok(Err(NotASegment::Short)) => {
                // Made and not written to before the process was killed.
                let _ = self.disk.remove(&name(number));
                return false;
            }
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        self.replay.unreadable();
        let name = name(number);
        let path = self.dir.join(&name);
        match set_aside(|to| self.disk.rename(&name, to), &name) {
            Ok(aside) => tracing::error!(
                "{}: cannot be read: {why}. It was renamed to {aside}; matches that are in no other \
                 file of the journal cannot go on",
                path.display()
            ),
            Err(error) => tracing::error!(
                "{}: cannot be read: {why}; nor can it be renamed: {error}",
                path.display()
            ),
        }
        true
    }

    fn records(&mut self, head: SegmentHead, window: &mut Window) -> Tail {
        let mut tail = Tail::Whole;
        loop {
            let at = window.offset;
            let place = Place { seed: head.seed(), offset: at };
            let used = match record::read(window.bytes(), place.seed()) {
                record::Read::Record { head, payload } => {
                    let closed = head.tag == Tag::Closed;
                    tail = if closed { Tail::Closed } else { Tail::Whole };
                    self.replay.record(head, payload);
                    HEAD_BYTES + payload.len()
                }
                record::Read::Short(_) if window.is_empty() => return tail,
                record::Read::Short(needs) if !window.can_have(needs) => {
                    return Tail::Unfinished(at);
                }
                record::Read::Short(needs) => match window.fill(needs) {
                    Ok(()) => 0,
                    Err(error) => {
                        let path = self.dir.join(name(head.number));
                        tracing::error!("{}: cannot be read: {error}", path.display());
                        return Tail::Bad(at);
                    }
                },
                record::Read::Bad => return Tail::Bad(at),
            };
            window.skip(used);
        }
    }
}

/// Says what is to be thought of the end of the segment that was read last.
fn tell(dir: &Path, verdict: Verdict, segments: &mut [(u64, u64, bool)]) {
    let Some((number, len, damaged)) = segments.last_mut() else { return };
    let path = dir.join(name(*number));
    match verdict {
        Verdict::Sound => {}
        Verdict::Torn(at) => tracing::warn!(
            "{}: a write was cut off at byte {at} of {len}, when the process or the machine went \
             down; what is before that counts",
            path.display()
        ),
        Verdict::Damaged(at) => {
            *damaged = true;
            tracing::error!(
                "{}: what follows byte {at} of {len} cannot be read. Matches go on from what is \
                 before and from what later files have; the file is kept as *.damaged when the \
                 journal needs it no more",
                path.display()
            );
        }
    }
}

fn tell_headless(replayed: &Replayed) {
    let rooms = &replayed.headless;
    if !rooms.is_empty() {
        let named: Vec<_> = rooms.iter().take(NAMED_MAX).map(ToString::to_string).collect();
        tracing::error!(
            "{} matches cannot go on, because how they began cannot be read: {}{}",
            rooms.len(),
            named.join(", "),
            if rooms.len() > NAMED_MAX { ", …" } else { "" }
        );
    }
}

/// A part of a file.
struct Window {
    file: Box<dyn Read>,
    /// Of the file.
    len: u64,
    /// Bytes of it that were not read yet.
    left: u64,
    /// Where in the file the window begins.
    offset: u64,
    buffer: Vec<u8>,
    /// Where in the buffer.
    from: usize,
}

impl Window {
    fn new(file: Box<dyn Read>, len: u64) -> Self {
        Window { file, len, left: len, offset: 0, buffer: Vec::new(), from: 0 }
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[self.from..]
    }

    fn is_empty(&self) -> bool {
        self.left == 0 && self.bytes().is_empty()
    }

    /// Whether the file has so many bytes from here on.
    fn can_have(&self, bytes: usize) -> bool {
        (self.bytes().len() as u64).saturating_add(self.left) >= bytes as u64
    }

    fn skip(&mut self, bytes: usize) {
        self.from += bytes;
        self.offset += bytes as u64;
    }

    /// The head of the segment, or what there is of it.
    fn head(&mut self) -> io::Result<&[u8]> {
        self.fill(SEGMENT_HEAD_BYTES)?;
        let from = self.from;
        let bytes = self.bytes().len().min(SEGMENT_HEAD_BYTES);
        self.skip(bytes);
        Ok(&self.buffer[from..from + bytes])
    }

    /// Reads on, to have at least so many bytes if the file has them.
    fn fill(&mut self, bytes: usize) -> io::Result<()> {
        self.buffer.drain(..self.from);
        self.from = 0;
        let more = (bytes.max(WINDOW_BYTES) - self.buffer.len().min(bytes)) as u64;
        let wanted = more.min(self.left);
        let read = (&mut self.file).take(wanted).read_to_end(&mut self.buffer)?;
        // Fewer: it was cut while we read.
        self.left = if (read as u64) < wanted { 0 } else { self.left - wanted };
        Ok(())
    }
}

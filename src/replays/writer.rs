//! Writes replays: what comes while a match runs into an unfinished file, and all of it into the
//! finished one, whose checksum is over everything.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use metrics::counter;

use super::lost;
use super::queue::Job;
use super::shelf::Shelf;
use crate::room::log::{Log, LogWriter, Segment};

/// Bytes that are copied at once.
const COPY_BYTES: usize = 64 << 10;

/// What there is of a match that is not over.
#[derive(Default)]
struct Part {
    segments: usize,
    bytes: u64,
    /// It could not be written, and is not there any more.
    lost: bool,
}

pub(super) struct Writer {
    shelf: Shelf,
    parts: BTreeMap<u64, Part>,
    /// Of all parts.
    bytes: u64,
    /// That the disk fails was said, and nothing went well since.
    said: bool,
}

impl Writer {
    pub(super) fn new(shelf: Shelf) -> Self {
        Writer { shelf, parts: BTreeMap::new(), bytes: 0, said: false }
    }

    pub(super) fn work(&mut self, job: Job) {
        match job {
            Job::More { number, segments, lost } => self.more(number, &segments, &lost),
            Job::Finish { number, room, log } => self.finish(number, &room, log),
            Job::Forget { number } => self.forget(number),
        }
    }

    /// Removes what has become too old.
    pub(super) fn look_around(&mut self) {
        let looked = self.shelf.look_around();
        self.told("old replays cannot be removed", looked);
    }

    /// Leaves nothing unfinished behind.
    pub(super) fn close(self) {
        self.shelf.close();
    }

    fn path(&self, number: u64) -> PathBuf {
        self.shelf.unfinished().join(format!("{number}.part"))
    }

    /// Somebody may have deleted the directory: then what has begun is lost, and what begins from now on
    /// is kept.
    fn look_for_dir(&mut self) {
        if self.shelf.unfinished().is_dir() {
            return;
        }
        let opened = match Shelf::open(self.shelf.dir(), self.shelf.limits()) {
            Ok(shelf) => {
                self.shelf = shelf;
                Ok(())
            }
            Err(error) => Err(error),
        };
        self.told("replays cannot be kept", opened);
        for part in self.parts.values_mut().filter(|part| part.segments > 0 && !part.lost) {
            part.lost = true;
            lost("disk");
        }
        self.parts.values_mut().for_each(|part| part.bytes = 0);
        self.bytes = 0;
    }

    fn more(&mut self, number: u64, segments: &[Segment], flag: &AtomicBool) {
        self.look_for_dir();
        let path = self.path(number);
        let part = self.parts.entry(number).or_default();
        if part.lost {
            flag.store(true, Relaxed);
            return;
        }
        let mut bytes = Vec::new();
        segments.iter().for_each(|segment| segment.encode_into(&mut bytes));
        let fits = self.bytes + bytes.len() as u64 <= self.shelf.limits().bytes_max;
        let written = match fits {
            // A room holds no file open: there may be more rooms than open files.
            true => OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .and_then(|mut file| file.write_all(&bytes)),
            false => Err(io::Error::other("unfinished matches take replay_mib_max already")),
        };
        if written.is_ok() {
            part.segments += segments.len();
            part.bytes += bytes.len() as u64;
            self.bytes += bytes.len() as u64;
        } else {
            part.lost = true;
            flag.store(true, Relaxed);
            lost(if fits { "disk" } else { "size" });
        }
        let failed = written.is_err();
        self.told("a replay is lost", written);
        if failed {
            self.empty(number);
        }
    }

    fn finish(&mut self, number: u64, room: &str, log: Log) {
        self.look_for_dir();
        if self.parts.get(&number).is_some_and(|part| part.lost) {
            return self.forget(number);
        }
        let segments = self.parts.get(&number).map_or(0, |part| part.segments);
        let name = format!("{}-{room}", log.header.game);
        let written =
            self.write(number, segments, log).and_then(|path| self.shelf.put(&path, &name));
        match &written {
            Ok(()) => counter!("greenroom_replays_kept_total").increment(1),
            Err(_) => lost("disk"),
        }
        self.told("a replay is lost", written);
        self.forget(number);
    }

    /// The whole log as a file that has no name yet.
    fn write(&self, number: u64, segments: usize, log: Log) -> io::Result<PathBuf> {
        let whole = self.shelf.unfinished().join(format!("{number}.whole"));
        let file = BufWriter::new(File::create(&whole)?);
        let count = segments + log.keyframes();
        let mut out = LogWriter::begin(file, &log.header, count)?;
        if segments > 0 {
            let mut part = File::open(self.path(number))?;
            let mut bytes = vec![0; COPY_BYTES];
            loop {
                match part.read(&mut bytes)? {
                    0 => break,
                    read => out.segments(&bytes[..read])?,
                }
            }
        }
        let mut bytes = Vec::new();
        for segment in log.into_segments() {
            bytes.clear();
            segment.encode_into(&mut bytes);
            out.segments(&bytes)?;
        }
        out.finish()?.into_inner()?;
        Ok(whole)
    }

    fn forget(&mut self, number: u64) {
        self.empty(number);
        self.parts.remove(&number);
    }

    /// Removes what is on disk of a part.
    fn empty(&mut self, number: u64) {
        for name in [format!("{number}.part"), format!("{number}.whole")] {
            // Mostly it is not there.
            let _ = std::fs::remove_file(self.shelf.unfinished().join(name));
        }
        if let Some(part) = self.parts.get_mut(&number) {
            self.bytes -= std::mem::take(&mut part.bytes);
        }
    }

    /// Says that something went wrong, once until something goes well.
    fn told(&mut self, what: &str, done: io::Result<()>) {
        match done {
            Ok(()) => self.said = false,
            Err(error) if !self.said => {
                self.said = true;
                tracing::error!(dir = %self.shelf.dir().display(), "{what}: {error}");
            }
            Err(_) => {}
        }
    }
}

//! The thread that writes: takes the batch that has gathered, hands it to the kernel with one
//! call, and looks for the next.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use greenroom_proto::RoomId;
use metrics::{counter, gauge, histogram};

use super::Position;
use super::disk::{DiskFile, make, probe, write_all};
use super::error::advice;
use super::queue::{Batch, Queue, Stop};
use super::record::whole_in;
use super::rooms::Caller;
use super::segment::SegmentHead;
use super::shared::{Shared, lock};

/// After a batch of so many records more are coming: the writer sleeps without looking for them,
/// which saves being woken up for the first.
const BUSY_RECORDS: u64 = 8;

/// Time between two rounds of telling rooms that a start is wanted: in this time the writer takes
/// what those of the last round wrote.
const INVITE_EVERY: Duration = Duration::from_millis(20);

/// How often one thing is said that goes on.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// The thread's own.
pub(super) struct Writer {
    shared: Arc<Shared>,
    /// `None` after an error.
    file: Option<Arc<dyn DiskFile>>,
    /// The newest segment that was made.
    made: SegmentHead,
    /// What is written, and empty else.
    batch: Batch,
    written_at: Option<Instant>,
    /// More is coming.
    busy: bool,
    retry_at: Instant,
    invite_at: Instant,
    full_told: Option<Instant>,
    crowd_told: Option<Instant>,
    /// Lost records that were counted.
    lost_counted: u64,
}

/// What comes next.
enum Next {
    Write { rotated: bool },
    Gather(Duration),
    Invite(Vec<Arc<Caller>>),
    Failed(io::Error),
    Retry,
    Stop,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>, file: Arc<dyn DiskFile>, made: SegmentHead) -> Self {
        let now = Instant::now();
        Writer {
            shared,
            file: Some(file),
            made,
            batch: Batch::default(),
            written_at: None,
            busy: false,
            retry_at: now,
            invite_at: now,
            full_told: None,
            crowd_told: None,
            lost_counted: 0,
        }
    }

    /// The thread. Ends when the journal is closed.
    pub(super) fn run(mut self) {
        let _told = LastWord(Arc::clone(&self.shared));
        // A panic is dealt with like an error of the disk: all that waits is lost, nobody waits for
        // it, and a new segment is tried, into which all rooms begin anew.
        while catch_unwind(AssertUnwindSafe(|| self.work())).is_err() {
            self.fail(io::Error::other("the journal's own code failed"));
        }
        self.shared.sync.stop();
    }

    fn work(&mut self) {
        loop {
            let done = match self.next() {
                Next::Write { rotated } => self.write(rotated),
                Next::Gather(left) => {
                    std::thread::sleep(left);
                    Ok(())
                }
                Next::Invite(rooms) => {
                    self.invite(&rooms);
                    Ok(())
                }
                Next::Retry => self.retry(),
                Next::Failed(error) => Err(error),
                Next::Stop => return,
            };
            if let Err(error) = done {
                self.fail(error);
            }
        }
    }

    /// For how long to gather records before the next write. A short rest is not worth being woken
    /// up for.
    fn gather(&self) -> Option<Duration> {
        let gather = self.shared.limits.gather;
        let left = gather.saturating_sub(self.written_at?.elapsed());
        (left > gather / 4).then_some(left)
    }

    /// Waits until there is something to do.
    fn next(&mut self) -> Next {
        let shared = Arc::clone(&self.shared);
        let mut queue = lock(&shared.queue);
        loop {
            let due =
                if queue.failing { self.due_failing(&mut queue) } else { self.due(&mut queue) };
            let wait = match due {
                Ok(next) => return next,
                Err(wait) => wait,
            };
            queue.writer_waits = true;
            queue = match wait {
                None => shared.bell.wait(queue).unwrap_or_else(|e| e.into_inner()),
                Some(left) => {
                    shared.bell.wait_timeout(queue, left).unwrap_or_else(|e| e.into_inner()).0
                }
            };
            queue.writer_waits = false;
        }
    }

    /// What there is to do now; else how long to wait for it, without a bound if only others know.
    fn due(&mut self, queue: &mut Queue) -> Result<Next, Option<Duration>> {
        assert!(!std::mem::take(&mut queue.panics), "a fault that was asked for: panic-journal");
        if let Some(error) = queue.sync_error.take() {
            return Ok(Next::Failed(error));
        }
        let mut wait = None;
        if queue.rooms.has_queue() {
            let left = self.invite_at.saturating_duration_since(Instant::now());
            let invited = if left.is_zero() { queue.invite() } else { Vec::new() };
            if !invited.is_empty() {
                return Ok(Next::Invite(invited));
            }
            wait = Some(left.max(INVITE_EVERY / 20));
        }
        if (self.busy || queue.has_records())
            && queue.stop.is_none()
            && let Some(left) = self.gather()
        {
            self.busy = false;
            return Ok(Next::Gather(left));
        }
        if queue.stop == Some(Stop::Marked) && !queue.has_records() {
            queue.put_mark();
            queue.stop = Some(Stop::Plain);
        }
        if queue.has_records() {
            let rotated = queue.swap(&mut self.batch, self.shared.synced());
            return Ok(Next::Write { rotated });
        }
        if queue.stop.is_some() { Ok(Next::Stop) } else { Err(wait) }
    }

    /// The same after an error.
    fn due_failing(&self, queue: &mut Queue) -> Result<Next, Option<Duration>> {
        if queue.stop.is_some() {
            return Ok(Next::Stop);
        }
        if let Some(error) = queue.sync_error.take() {
            return Ok(Next::Failed(error));
        }
        let left = self.retry_at.saturating_duration_since(Instant::now());
        if left.is_zero() { Ok(Next::Retry) } else { Err(Some(left)) }
    }

    fn write(&mut self, rotated: bool) -> io::Result<()> {
        if self.batch.segment != self.made.number {
            self.rotate()?;
        }
        let Some(file) = &self.file else { return Err(io::ErrorKind::NotFound.into()) };
        let began = Instant::now();
        if let Err((done, error)) = write_all(&**file, &self.batch.bytes) {
            // A reader would see the same without the cut.
            let (bytes, records) = whole_in(&self.batch.bytes, done);
            let _ = file.cut(self.batch.offset() + bytes as u64);
            self.batch.records -= records;
            return Err(error);
        }
        let now = Instant::now();
        self.written_at = Some(now);
        self.shared.note_written(self.batch.end);
        self.shared.sync.written(self.batch.end.0);
        self.tell_written();
        self.measure(now - began, now);
        self.batch.bytes.clear();
        self.busy = std::mem::take(&mut self.batch.records) >= BUSY_RECORDS;
        if rotated {
            let crowd = lock(&self.shared.queue).relieve();
            if let Some((bytes, room)) = crowd {
                self.tell_crowded(now, bytes, room);
            }
        }
        Ok(())
    }

    /// Goes on in the segment of the batch.
    fn rotate(&mut self) -> io::Result<()> {
        let head = SegmentHead { number: self.batch.segment, gap: false, ..self.made };
        self.made_segment(make(&*self.shared.disk, &head)?, head);
        Ok(())
    }

    fn made_segment(&mut self, file: Arc<dyn DiskFile>, head: SegmentHead) {
        self.made = head;
        self.file = Some(Arc::clone(&file));
        self.shared.sync.made(file, Vec::new());
    }

    fn tell_written(&self) {
        if let Some(tell) = self.shared.on_written.get() {
            guarded(|| tell(self.shared.written()));
        }
    }

    fn invite(&mut self, rooms: &[Arc<Caller>]) {
        self.invite_at = Instant::now() + INVITE_EVERY;
        rooms.iter().for_each(|room| guarded(|| (room.wake)()));
    }

    /// Gives up the segment and all that waits; from now on it is tried again now and then.
    fn fail(&mut self, error: io::Error) {
        let shared = Arc::clone(&self.shared);
        let synced = shared.synced();
        let mut queue = lock(&shared.queue);
        queue.lost += std::mem::take(&mut self.batch.records);
        queue.fail(synced, self.made.number);
        let (end, lost) = (queue.batch.end, queue.lost);
        drop(queue);
        self.batch.bytes.clear();
        self.file = None;
        self.retry_at = Instant::now() + shared.limits.retry_interval;
        counter!("greenroom_journal_errors_total").increment(1);
        let why = format!("{error}: {}", advice(&error));
        self.incident(why, lost);
        shared.note_synced(end.0);
        shared.note_written(end);
        shared.sync.lost(end.0);
        self.count_lost(lost);
        self.tell_written();
    }

    fn incident(&self, why: String, lost: u64) {
        let dir = self.shared.dir.display();
        let tell = lock(&self.shared.incidents).begin(Instant::now(), why.clone(), lost);
        if tell {
            tracing::error!(
                "the journal cannot write to {dir}: {why}. Matches go on; a crash now would lose \
                 what they do from here on. It is tried again every {:?}",
                self.shared.limits.retry_interval
            );
        }
    }

    /// After an error: begins a new segment if the disk takes more than its head.
    fn retry(&mut self) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let head = lock(&shared.queue).next_after_gap();
        let made = probe(&*shared.disk).and_then(|()| make(&*shared.disk, &head));
        let lost = match made {
            Ok(file) => {
                self.made_segment(file, head);
                let mut queue = lock(&shared.queue);
                queue.go_on_after_gap(head);
                queue.lost
            }
            Err(error) => {
                self.count_lost(lock(&shared.queue).lost);
                return Err(error);
            }
        };
        self.count_lost(lost);
        let ended = lock(&shared.incidents).end(Instant::now(), lost);
        if let Some(ended) = ended.filter(|ended| ended.tell) {
            tracing::warn!(
                "the journal works again after {:.1} s, in which {} records were lost; every match \
                 begins anew in it",
                ended.lasted.as_secs_f64(),
                ended.lost_records
            );
        }
        Ok(())
    }

    fn measure(&mut self, took: Duration, now: Instant) {
        counter!("greenroom_journal_writes_total").increment(1);
        counter!("greenroom_journal_records_total").increment(self.batch.records);
        counter!("greenroom_journal_bytes_total").increment(self.batch.bytes.len() as u64);
        histogram!("greenroom_journal_write_seconds").record(took.as_secs_f64());
        gauge!("greenroom_journal_queue_bytes").set(self.batch.bytes.len() as f64);
        let lag = self.batch.since.map_or(Duration::ZERO, |since| now - since);
        gauge!("greenroom_journal_lag_seconds").set(lag.as_secs_f64());
        let (lost, full) = lock(&self.shared.queue).take_lost();
        self.count_lost(lost);
        if full > 0 && self.full_told.is_none_or(|at| now >= at + TOLD_EVERY) {
            self.full_told = Some(now);
            self.tell_full(full);
        }
    }

    fn tell_full(&self, records: u64) {
        tracing::warn!(
            "the disk of {} does not keep up: {records} records did not fit into the journal's \
             queue of {} bytes. The matches concerned begin anew in the journal; if this goes on, \
             use a faster disk or raise --journal-queue-bytes-max",
            self.shared.dir.display(),
            self.shared.limits.queue_bytes_max
        );
    }

    fn tell_crowded(&mut self, now: Instant, bytes: u64, room: RoomId) {
        if self.crowd_told.is_none_or(|at| now >= at + TOLD_EVERY) {
            self.crowd_told = Some(now);
            tracing::warn!(
                "the journal in {} has grown to {bytes} bytes: match {room}, and perhaps others, \
                 was asked to write its state anew and does not do so",
                self.shared.dir.display()
            );
        }
    }

    fn count_lost(&mut self, lost: u64) {
        if lost > self.lost_counted {
            counter!("greenroom_journal_lost_records_total").increment(lost - self.lost_counted);
            self.lost_counted = lost;
        }
    }
}

/// Should even dealing with a panic panic, nobody may wait for this thread any more.
struct LastWord(Arc<Shared>);

impl Drop for LastWord {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(&self.0.queue).failing = true;
            let why = "its thread has ended; only a new process keeps matches again".to_owned();
            let lost = lock(&self.0.queue).lost;
            lock(&self.0.incidents).begin(Instant::now(), why, lost);
            self.0.note_written(Position(u64::MAX));
            self.0.sync.stop();
        }
    }
}

/// A callback that panics must not take the journal along.
fn guarded(call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        tracing::error!("a callback of the journal panicked");
    }
}

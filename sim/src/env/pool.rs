//! All rooms, on all cores. Each thread has rooms of its own for good; which, makes no difference to
//! what happens in them.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use greenroom::panics;

use super::Plan;
use super::episode::Episode;

/// What all rooms are to do. The records that come of it are in the order of the rooms.
#[derive(Clone)]
pub(super) enum Ask {
    /// Begin the next match, or the first from this seed.
    Reset(Option<u64>),
    /// Step; a value for each control of each learner of each room.
    Step(Arc<Vec<i32>>),
}

/// The records of a thread's rooms. The error is a sentence.
type Answer = Result<Vec<u8>, String>;

pub(super) struct Pool {
    threads: Vec<Thread>,
}

struct Thread {
    /// With a buffer to be filled.
    tell: SyncSender<(Ask, Vec<u8>)>,
    hear: Receiver<Answer>,
    records: Vec<u8>,
}

impl Pool {
    /// Makes all rooms.
    pub(super) fn new(plan: &Arc<Plan>, rooms: usize, jobs: NonZeroUsize) -> Result<Self, String> {
        let count = jobs.get().min(rooms);
        let mut threads = Vec::with_capacity(count);
        for number in 0..count {
            let (first, end) = (number * rooms / count, (number + 1) * rooms / count);
            // One is asked for at a time.
            let (tell, asked) = sync_channel(1);
            let (answer, hear) = sync_channel(1);
            let plan = plan.clone();
            thread::Builder::new()
                .name(format!("rooms-{number}"))
                .spawn(move || work(&plan, first..end, &asked, &answer))
                .map_err(|error| format!("no thread for rooms: {error}: choose fewer --jobs"))?;
            threads.push(Thread { tell, hear, records: Vec::new() });
        }
        let mut pool = Pool { threads };
        // That all of them could be made.
        pool.hear()?;
        Ok(pool)
    }

    /// Has all rooms do something; returns their records, those of the first rooms first. They are
    /// good until the next time.
    pub(super) fn ask(&mut self, ask: &Ask) -> Result<impl Iterator<Item = &[u8]>, String> {
        for thread in &mut self.threads {
            let job = (ask.clone(), std::mem::take(&mut thread.records));
            thread.tell.send(job).map_err(|_| ended())?;
        }
        self.hear()?;
        Ok(self.threads.iter().map(|thread| &thread.records[..]))
    }

    /// Waits for all of them: there are records of all rooms, or none.
    fn hear(&mut self) -> Result<(), String> {
        for thread in &mut self.threads {
            thread.records = thread.hear.recv().map_err(|_| ended())??;
        }
        Ok(())
    }
}

fn ended() -> String {
    "a thread with rooms has ended: what it says is above".to_owned()
}

/// A thread's life: it makes its rooms, and does what it is asked until nobody asks any more.
fn work(
    plan: &Arc<Plan>,
    rooms: std::ops::Range<usize>,
    asked: &Receiver<(Ask, Vec<u8>)>,
    answer: &SyncSender<Answer>,
) {
    let first = rooms.start;
    let mut episodes = Vec::with_capacity(rooms.len());
    for number in rooms {
        match guarded(|| Episode::new(plan, number as u64)) {
            Ok(episode) => episodes.push(episode),
            Err(why) => {
                let _ = answer.send(Err(format!("room {number}: {why}")));
                return;
            }
        }
    }
    if answer.send(Ok(Vec::new())).is_err() {
        return;
    }
    let (bytes, values) = (plan.record.bytes, plan.values());
    while let Ok((ask, mut records)) = asked.recv() {
        records.resize(episodes.len() * bytes, 0);
        let places = records.chunks_exact_mut(bytes).zip(&mut episodes).enumerate();
        let done: Result<(), String> = places.into_iter().try_for_each(|(place, (out, room))| {
            let outcome = guarded(|| {
                match &ask {
                    Ask::Reset(seed) => room.reset(*seed)?,
                    Ask::Step(actions) => {
                        room.step(&actions[(first + place) * values..][..values])?
                    }
                }
                room.write(out)
            });
            outcome.map_err(|why| format!("{}: {why}", room.name()))
        });
        let failed = done.is_err();
        if answer.send(done.map(|()| records)).is_err() || failed {
            return;
        }
    }
}

/// A panic of the game as an error.
fn guarded<T>(act: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    panics::catch(act).unwrap_or_else(|panicked| Err(format!("the game {panicked}")))
}

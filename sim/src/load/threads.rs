//! The threads on which bots play.
//!
//! A bot that sees the state measures, so it is woken by each thing that comes to it: those play on a
//! runtime of all cores. The others only have to be there. To be woken for each of their frames would
//! cost this program, and a server beside it on the same machine, more than to read the frame. They
//! play on threads that, when there is nothing to do, look again after [`LOOK`]: then all that has come
//! to any of them is read in one go. Their inputs go out by so much later, too.

use std::num::NonZero;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::course::pulse;
use super::tally::Tally;

/// How long such a thread waits before it looks again. A browser that draws 60 times a second looks
/// every 17 ms.
const LOOK: Duration = Duration::from_millis(10);
/// Bots of one thread, as long as there are more cores: a tenth of a core's time at 20 frames a second,
/// and enough that it finds several to read for at a time.
const BOTS: u32 = 1000;
/// Tasks after which a busy thread looks for what has come meanwhile.
const TASKS: u32 = 256;

/// Threads of bots that do not measure. They end when this is dropped.
pub(super) struct Threads(Vec<Thread>);

struct Thread {
    handle: Handle,
    /// Closed: the thread ends.
    _end: oneshot::Sender<()>,
}

impl Threads {
    /// For so many bots; none for none.
    pub(super) fn start(bots: u32, tally: &Arc<Tally>) -> Result<Self, String> {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let threads = (bots.div_ceil(BOTS) as usize).min(cores);
        (0..threads)
            .map(|_| Thread::start(Arc::clone(tally)))
            .collect::<Result<_, _>>()
            .map(Threads)
    }

    /// Where this one of the bots plays.
    pub(super) fn of(&self, bot: u32) -> Option<&Handle> {
        let thread = (bot as usize).checked_rem(self.0.len())?;
        Some(&self.0[thread].handle)
    }
}

impl Thread {
    fn start(tally: Arc<Tally>) -> Result<Self, String> {
        let failed = |error| format!("cannot start a thread of the bots: {error}");
        let runtime = Builder::new_current_thread()
            .enable_all()
            .event_interval(TASKS)
            .on_thread_park(|| thread::sleep(LOOK))
            .build()
            .map_err(failed)?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        let work = async move {
            tokio::select! {
                _ = ended => {}
                () = pulse(&tally, LOOK) => {}
            }
        };
        let named = thread::Builder::new().name("bots".into());
        named.spawn(move || runtime.block_on(work)).map_err(failed)?;
        Ok(Thread { handle, _end: end })
    }
}

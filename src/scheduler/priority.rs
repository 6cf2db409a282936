//! Lower priority for threads that compute for long.
//!
//! The kernel shares a core fairly: a thread that has slept and wants some microseconds waits up to
//! a time slice (3 to 4 ms) for one that computes. Against a thread of lower priority it comes
//! first. Nobody needs a privilege to lower a thread; to raise one again does, so a thread that was
//! lowered stays so until it ends.

/// A thread as the system knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThreadId(#[cfg(target_os = "linux")] rustix::process::Pid);

/// How much nicer than others a thread is that computes for long. Five steps are a third of the
/// share; ten a tenth, which still is a tick in time on a busy machine.
const SLOW_NICE: i32 = 10;
/// A thread whose turn has no end: it gets what nobody else wants.
const LOST_NICE: i32 = 19;

impl ThreadId {
    pub(super) fn current() -> Self {
        ThreadId(
            #[cfg(target_os = "linux")]
            rustix::thread::gettid(),
        )
    }

    /// The thread computes for long.
    pub(super) fn slow(self) {
        self.lower(SLOW_NICE);
    }

    /// The thread will never be done.
    pub(super) fn lost(self) {
        self.lower(LOST_NICE);
    }

    /// Where it cannot be lowered it competes as before: only others are a little later.
    fn lower(self, nice: i32) {
        // On Linux the priority of a "process" is that of a thread.
        #[cfg(target_os = "linux")]
        if let Err(error) = rustix::process::setpriority_process(Some(self.0), nice) {
            tracing::debug!("a thread's priority could not be lowered: {error}");
        }
        #[cfg(not(target_os = "linux"))]
        let _ = nice;
    }
}

//! Mistakes that are there on purpose, to see that they are found: `greenroom-sim chaos` is worth what
//! it finds.
//!
//! There are none without the feature `planted-bugs`, which is in no default and does not compile in a
//! release build. With it there is one at a time, on the thread that planted it (`plant`).

#[cfg(all(feature = "planted-bugs", not(debug_assertions)))]
compile_error!("planted-bugs puts mistakes into the server: it is for tests, in debug builds only");

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bug {
    /// Events that were sent go out again with the next frame.
    EventsSentAgain,
    /// Who comes back is taken to have one event more than it has.
    EventTakenForHeard,
    /// Who sees other things than before gets a change of what it saw before.
    StaleView,
    /// All players are taken for one by those who cut the state to their views.
    SharedView,
    /// A change from an older frame is sent as a step from the newest.
    MergedForStep,
    /// Frames that nobody needs are kept.
    HistoryUnbounded,
    /// A request that comes again is done again.
    RequestDoneAgain,
    /// The next process does not know which requests were taken.
    RequestsForgotten,
    /// A player may have any number of requests waiting.
    InboxUnbounded,
    /// One answer more is dropped than has arrived.
    AnswerDropped,
    /// All tokens that a seat ever had are good.
    OldTokens,
    /// What was decided about a step that failed is not written down.
    DecisionLost,
    /// No keyframe goes when there are newer ones.
    LogUnbounded,
    /// A start in the journal does not replace what was before.
    JournalGoesOn,
    /// A step of the next process that panics counts as a process that died.
    PanicTakenForDeath,
    /// A room may fail as often as it likes.
    RestartsUnbounded,
    /// The journal is not told that a room has ended.
    EndForgotten,
    /// The journal does not get a room anew after the disk has failed.
    StartForgotten,
    /// Tokens of which no disk knows are worth nothing.
    UndoneTokens,
    /// Whose seat was to end has it still in the next process.
    LeaverForgotten,
    /// The next process does not tell the game what has become of effects.
    EffectsForgotten,
}

impl Bug {
    /// All there are.
    pub const ALL: [Bug; 21] = [
        Bug::EventsSentAgain,
        Bug::EventTakenForHeard,
        Bug::StaleView,
        Bug::SharedView,
        Bug::MergedForStep,
        Bug::HistoryUnbounded,
        Bug::RequestDoneAgain,
        Bug::RequestsForgotten,
        Bug::InboxUnbounded,
        Bug::AnswerDropped,
        Bug::OldTokens,
        Bug::DecisionLost,
        Bug::LogUnbounded,
        Bug::JournalGoesOn,
        Bug::PanicTakenForDeath,
        Bug::RestartsUnbounded,
        Bug::EndForgotten,
        Bug::StartForgotten,
        Bug::UndoneTokens,
        Bug::LeaverForgotten,
        Bug::EffectsForgotten,
    ];
}

#[cfg(feature = "planted-bugs")]
thread_local! {
    static PLANTED: std::cell::Cell<Option<Bug>> = const { std::cell::Cell::new(None) };
}

/// From now on this thread makes this mistake, or none.
#[cfg(feature = "planted-bugs")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.set(bug);
}

/// Whether this mistake is to be made.
#[inline]
pub(crate) fn makes(bug: Bug) -> bool {
    #[cfg(feature = "planted-bugs")]
    return PLANTED.get() == Some(bug);
    #[cfg(not(feature = "planted-bugs"))]
    {
        let _ = bug;
        false
    }
}

//! A promise that was not kept.

/// Which, and what there was instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Broken {
    /// The promise: the same in every run that breaks it.
    pub(super) promise: &'static str,
    /// What there was.
    pub(super) found: String,
}

/// An error unless it holds.
pub(super) fn holds(
    holds: bool,
    promise: &'static str,
    found: impl FnOnce() -> String,
) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { promise, found: found() }) }
}

/// An error.
pub(super) fn broken<T>(promise: &'static str, found: impl ToString) -> Result<T, Broken> {
    Err(Broken { promise, found: found.to_string() })
}

//! What came of matches, as it is written and read again: a line of JSON for each match, below one
//! that says which matches these are.

mod file;
mod header;
mod line;
mod metrics;

pub(crate) use file::{Contents, ResultsFile, read};
pub(crate) use header::{Header, Made, SprtTerms};
pub(crate) use line::MatchLine;
pub(crate) use metrics::Metrics;

//! What of a server outlives a match or the process: the journal, the replays, the results.

use std::path::PathBuf;
use std::sync::Arc;

use super::listening::ServeError;
use super::revival::{self, Past};
use crate::actors::journal::{JournalArgs, JournalKeeper};
use crate::actors::replays::{ReplaysArgs, ReplaysKeeper};
use crate::actors::results::{self, ResultSink};
use crate::actors::room::Keeper;
use crate::config::{Config, StopTimes};
use crate::directory::token::TokenKey;
use crate::replays::KeptReplays;
use crate::supervision::{ChildSpec, Shutdown};

/// Opened, and what was found there.
pub(super) struct Keeping {
    /// What the process before has left.
    pub(super) past: Option<Past>,
    /// The key of the seats' tokens: with a state directory the one of the process before.
    pub(super) tokens: Arc<TokenKey>,
    /// Where the logs of finished matches go.
    pub(super) replays: Option<KeptReplays>,
    /// Where results go.
    pub(super) results: ResultSink,
    /// Those who see to it, in the order in which they are started: first up, last down.
    pub(super) children: Vec<ChildSpec>,
}

impl Keeping {
    pub(super) fn open(
        config: &Config,
        results: Option<PathBuf>,
        times: &StopTimes,
    ) -> Result<Self, ServeError> {
        let past = match &config.journal.state_dir {
            Some(dir) => Some(revival::open(dir, config)?),
            None => None,
        };
        let tokens = match &past {
            Some(past) => Arc::clone(&past.tokens),
            None => Arc::new(TokenKey::new(&TokenKey::random()?)),
        };
        let replays = match &config.replays.dir {
            Some(dir) => Some(KeptReplays::open(dir.clone(), (&config.replays).into())?),
            None => None,
        };
        let mut keeping =
            Keeping { past, tokens, replays, results: ResultSink::default(), children: Vec::new() };
        if let Some(keeper) = keeping.keeper() {
            let args =
                JournalArgs { journal: keeper.journal().clone(), close_within: times.journal };
            // It gives up by itself, and so do the replays.
            let child = ChildSpec::actor::<JournalKeeper>("journal", args);
            keeping.children.push(child.shutdown(Shutdown::Infinity));
        }
        if let Some(replays) = keeping.replays.clone() {
            let args = ReplaysArgs { replays, close_within: times.replays };
            let child = ChildSpec::actor::<ReplaysKeeper>("replays", args);
            keeping.children.push(child.shutdown(Shutdown::Infinity));
        }
        if let Some(path) = results {
            results::open(&path)
                .map_err(|error| ServeError::Results { path: path.clone(), error })?;
            let (child, sink) = ResultSink::new(path);
            keeping.children.push(child.shutdown(Shutdown::Within(times.results)));
            keeping.results = sink;
        }
        Ok(keeping)
    }

    /// The journal as rooms see it.
    pub(super) fn keeper(&self) -> Option<Keeper> {
        self.past.as_ref().map(|past| past.keeper.clone())
    }
}

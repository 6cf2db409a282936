//! What is looked at once a second for all pages together, while there is one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;

use super::change::Rows;
use super::connections::Worst;
use super::has_faults;
use super::rooms::{self, Costs, Row};
use super::tree::{self, Handled};
use crate::ops::{Site, scrape};

/// Pages at once; one more is refused.
pub(super) const PAGES_MAX: usize = 8;
/// How often it is looked.
const EVERY: Duration = Duration::from_secs(1);
/// Looks without a page, until it is not looked any more: a page that comes back finds its numbers.
const LOOKS_ALONE: u32 = 3;

/// The pages that are open.
pub(crate) struct Console {
    pages: Mutex<Pages>,
    latest: watch::Sender<Option<Arc<Sample>>>,
}

#[derive(Default)]
struct Pages {
    open: usize,
    /// Somebody looks for them.
    is_looked: bool,
}

/// What one look has found.
pub(super) struct Sample {
    /// Of all rooms together.
    pub(super) totals: Value,
    /// The supervision tree.
    pub(super) tree: Rows,
    /// All rooms, by id.
    pub(super) rooms: Vec<Row>,
    /// The connections that are worst off.
    pub(super) connections: Rows,
    /// The last crashes, newest first.
    pub(super) crashes: Rows,
}

/// A page's place. Dropped, it is another's.
pub(super) struct Place {
    site: Arc<Site>,
    latest: watch::Receiver<Option<Arc<Sample>>>,
}

impl Default for Console {
    fn default() -> Self {
        Console { pages: Mutex::default(), latest: watch::Sender::new(None) }
    }
}

impl Console {
    /// A page opens; `None`: as many are open as may be.
    pub(super) fn open(site: &Arc<Site>) -> Option<Place> {
        let mut pages = site.console.pages();
        if pages.open >= PAGES_MAX {
            return None;
        }
        pages.open += 1;
        if !std::mem::replace(&mut pages.is_looked, true) {
            tokio::spawn(look_on(Looking(Arc::clone(site))));
        }
        Some(Place { site: Arc::clone(site), latest: site.console.latest.subscribe() })
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The next look that the page has not seen; those it was too slow for are left out. `None`: none
    /// came in this time.
    pub(super) async fn next(&mut self, within: Duration) -> Option<Arc<Sample>> {
        let is_there = self.latest.wait_for(Option::is_some);
        let sample = tokio::time::timeout(within, is_there).await.ok()?.ok()?.clone();
        self.latest.mark_unchanged();
        sample
    }

    /// Waits until there is a look after that.
    pub(super) async fn changed(&mut self, within: Duration) -> bool {
        matches!(tokio::time::timeout(within, self.latest.changed()).await, Ok(Ok(())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.site.console.pages().open -= 1;
    }
}

/// Whoever looks.
struct Looking(Arc<Site>);

impl Looking {
    /// Ends if no page is open. Under the lock under which pages open: one that opens now either is
    /// seen here, or finds that nobody looks.
    fn ends(&self) -> bool {
        let pages = self.0.console.pages();
        if pages.open > 0 {
            return false;
        }
        self.end(pages);
        true
    }

    fn end(&self, mut pages: MutexGuard<'_, Pages>) {
        if !std::mem::take(&mut pages.is_looked) {
            return;
        }
        let Site { hosted, console, .. } = &*self.0;
        hosted.directory.observed().set(false);
        hosted.directory.all().iter().for_each(|room| room.operator().forget());
        console.latest.send_replace(None);
    }
}

async fn look_on(looking: Looking) {
    let Looking(site) = &looking;
    site.hosted.directory.observed().set(true);
    let (mut handled, mut costs) = (Handled::default(), Costs::new());
    let (mut before, mut alone) = (Instant::now(), 0);
    loop {
        let now = Instant::now();
        let elapsed = now - before;
        before = now;
        let tree = match site.hosted.root.get() {
            Some(root) => tree::tree(&root, &mut handled, elapsed).await,
            None => Rows::new(),
        };
        // It looks at all rooms, each under its lock, and at the disk.
        let (of, mut known) = (Arc::clone(site), std::mem::take(&mut costs));
        let looked = tokio::task::spawn_blocking(move || {
            let sample = look(&of, tree, &mut known, elapsed);
            (sample, known)
        });
        // The server stops, or a look panicked: whoever opens the next page tries again.
        let Ok((sample, known)) = looked.await else { return looking.end(site.console.pages()) };
        costs = known;
        site.console.latest.send_replace(Some(Arc::new(sample)));
        tokio::time::sleep(EVERY.saturating_sub(now.elapsed())).await;
        alone = if site.console.pages().open == 0 { alone + 1 } else { 0 };
        if alone >= LOOKS_ALONE && looking.ends() {
            return;
        }
    }
}

fn look(site: &Site, tree: Rows, costs: &mut Costs, elapsed: Duration) -> Sample {
    let all = site.hosted.directory.all();
    let mut worst = Worst::default();
    let mut now = Costs::new();
    let mut rows = Vec::with_capacity(all.len());
    for room in &all {
        worst.look(room);
        if let Some(cost) = costs.remove(&room.id) {
            now.insert(room.id, cost);
        }
        rows.push(rooms::row(room, &mut now, elapsed));
    }
    *costs = now;
    let crashes = site.hosted.crashes.list().into_iter().map(|file| {
        let row = json!({ "name": file.name, "at_s": file.at_secs, "bytes": file.bytes });
        (file.name, row)
    });
    Sample {
        totals: totals(site, &rows),
        tree,
        rooms: rows,
        connections: worst.rows(),
        crashes: crashes.collect(),
    }
}

fn totals(site: &Site, rows: &[Row]) -> Value {
    let seated: usize = rows.iter().map(|row| row.connected).sum();
    let connections: serde_json::Map<_, _> = scrape::connections(site, seated)
        .map(|(state, count)| (state.to_owned(), count.into()))
        .into_iter()
        .collect();
    json!({
        "rooms": rows.len(),
        "players": rows.iter().map(|row| row.players).sum::<usize>(),
        "spectators": site.hosted.directory.watching().count(),
        "connections": connections,
        "tick_p99_us": rows.iter().filter_map(Row::tick_p99_us).max(),
        "busy_permille": rows.iter().map(|row| u64::from(row.busy_permille())).sum::<u64>(),
        "bytes_per_s": rows.iter().map(Row::bytes_per_s).sum::<u64>(),
        "readiness": site.hosted.condition.readiness().to_string(),
        "games": site.hosted.games.names().collect::<Vec<_>>(),
        "faults": has_faults(site),
        "version": env!("CARGO_PKG_VERSION"),
    })
}

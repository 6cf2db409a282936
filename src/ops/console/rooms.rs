//! The rooms as rows: what each costs, who is in it; those at the top of an order.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use greenroom_proto::RoomId;
use serde::{Deserialize, Serialize};

use super::change::Rows;
use crate::directory::RoomRecord;
use crate::directory::backend::Occupancy;
use crate::directory::operator::Cost;
use crate::game::Pace;

/// Rooms on a page, whatever there are.
pub(super) const PAGE: usize = 100;

/// One room.
#[derive(Clone, Serialize)]
pub(super) struct Row {
    room: String,
    game: &'static str,
    open: bool,
    pub(super) players: usize,
    pub(super) connected: usize,
    seats: u32,
    spectators: usize,
    age_s: u64,
    restarts: u64,
    tick_hz: Option<u16>,
    /// Share of one core, in 1/1000.
    busy_permille: u32,
    tick_median_us: Option<u32>,
    tick_p99_us: Option<u32>,
    late_p99_us: Option<u32>,
    bytes_per_player_s: Option<u32>,
}

/// By which column.
#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sort {
    /// Time in steps.
    #[default]
    Busy,
    Room,
    Game,
    Players,
    Spectators,
    Age,
    Restarts,
    TickMedian,
    TickP99,
    Late,
    Bytes,
}

/// Which rooms, in which order.
#[derive(Clone, Default, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Of this game.
    pub(super) game: Option<String>,
    /// Whose id has this in it.
    pub(super) find: Option<String>,
    #[serde(default)]
    pub(super) sort: Sort,
}

/// What rooms had cost when they were looked at last.
pub(super) type Costs = BTreeMap<RoomId, Cost>;

/// A room as it is now; `elapsed`: since it was looked at last.
pub(super) fn row(room: &Arc<RoomRecord>, costs: &mut Costs, elapsed: Duration) -> Row {
    let Occupancy { open, seats, .. } = room.occupancy();
    let (players, connected) = room.members().seats().fold((0, 0), |(players, connected), seat| {
        (players + 1, connected + usize::from(seat.connected))
    });
    let cost = room.operator().cost();
    let before = cost.and_then(|cost| costs.insert(room.id, cost));
    let more = cost.zip(before).map(|(now, before)| {
        (now.busy.saturating_sub(before.busy), now.bytes.saturating_sub(before.bytes))
    });
    let seconds = elapsed.as_secs_f64().max(0.001);
    Row {
        room: room.id.to_string(),
        game: room.entry.game.name(),
        open,
        players,
        connected,
        seats,
        spectators: room.audience().count(),
        age_s: room.age_ms() / 1000,
        restarts: room.restarts(),
        tick_hz: match room.plan.pace {
            Pace::Fixed { tick_hz, .. } => Some(tick_hz),
            Pace::OnCommand => None,
        },
        busy_permille: more
            .map_or(0, |(busy, _)| (busy.as_secs_f64() / seconds * 1000.0).round() as u32),
        tick_median_us: cost.map(|cost| cost.took_median_us),
        tick_p99_us: cost.map(|cost| cost.took_p99_us),
        late_p99_us: cost.map(|cost| cost.late_p99_us),
        bytes_per_player_s: more
            .filter(|_| connected > 0)
            .map(|(_, bytes)| (bytes as f64 / seconds / connected as f64).round() as u32),
    }
}

impl Row {
    /// The slowest of 100 steps, in µs.
    pub(super) fn tick_p99_us(&self) -> Option<u32> {
        self.tick_p99_us
    }

    /// Share of one core, in 1/1000.
    pub(super) fn busy_permille(&self) -> u32 {
        self.busy_permille
    }

    /// Bytes a second to all players.
    pub(super) fn bytes_per_s(&self) -> u64 {
        u64::from(self.bytes_per_player_s.unwrap_or(0)) * self.connected as u64
    }
}

/// The first of those that are wanted, and how many are.
pub(super) fn page(rows: &[Row], wanted: &Wanted) -> (Rows, usize) {
    let find = wanted.find.as_deref().unwrap_or("");
    let is_wanted = |row: &&Row| {
        wanted.game.as_deref().is_none_or(|game| game == row.game) && row.room.contains(find)
    };
    let mut found: Vec<&Row> = rows.iter().filter(is_wanted).collect();
    let count = found.len();
    let order = |one: &&Row, other: &&Row| order(one, other, wanted.sort);
    if count > PAGE {
        found.select_nth_unstable_by(PAGE, order);
        found.truncate(PAGE);
    }
    found.sort_unstable_by(order);
    let row = |row: &Row| (row.room.clone(), serde_json::to_value(row).unwrap_or_default());
    (found.into_iter().map(row).collect(), count)
}

/// Numbers from the largest, names from the first; what is alike by id, so that rows stay in place.
fn order(one: &Row, other: &Row, sort: Sort) -> Ordering {
    let by = match sort {
        Sort::Room => Ordering::Equal,
        Sort::Game => one.game.cmp(other.game),
        Sort::Busy => other.busy_permille.cmp(&one.busy_permille),
        Sort::Players => other.players.cmp(&one.players),
        Sort::Spectators => other.spectators.cmp(&one.spectators),
        Sort::Age => other.age_s.cmp(&one.age_s),
        Sort::Restarts => other.restarts.cmp(&one.restarts),
        Sort::TickMedian => other.tick_median_us.cmp(&one.tick_median_us),
        Sort::TickP99 => other.tick_p99_us.cmp(&one.tick_p99_us),
        Sort::Late => other.late_p99_us.cmp(&one.late_p99_us),
        Sort::Bytes => other.bytes_per_player_s.cmp(&one.bytes_per_player_s),
    };
    by.then_with(|| one.room.cmp(&other.room))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(number: u32, game: &'static str) -> Row {
        Row {
            room: format!("{number:05}"),
            game,
            open: true,
            players: 0,
            connected: 0,
            seats: 4,
            spectators: 0,
            age_s: 0,
            restarts: 0,
            tick_hz: Some(20),
            busy_permille: number % 997,
            tick_median_us: None,
            tick_p99_us: (!number.is_multiple_of(3)).then_some(number),
            late_p99_us: None,
            bytes_per_player_s: None,
        }
    }

    #[test]
    fn a_page_has_the_first_hundred_of_what_is_wanted() {
        let games = ["arena", "cards"];
        let rows: Vec<_> = (0..10_000).map(|n| made(n, games[n as usize % 2])).collect();
        let (page, count) = page(&rows, &Wanted::default());
        assert_eq!((page.len(), count), (PAGE, 10_000));
        assert_eq!((page[0].0.as_str(), &page[0].1["busy_permille"]), ("00996", &996.into()));
        let wanted =
            Wanted { game: Some("cards".into()), find: Some("012".into()), sort: Sort::TickP99 };
        let (found, count) = super::page(&rows, &wanted);
        assert!(
            count < PAGE
                && found.iter().all(|(key, row)| key.contains("012") && row["game"] == "cards")
        );
        let slowest: Vec<_> = found.iter().map(|(_, row)| row["tick_p99_us"].as_u64()).collect();
        assert!(slowest.is_sorted_by(|one, other| one >= other), "those without come last");
    }
}

//! A line for each seat of each match, with all that the game counts (RFC 4180).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::results::{Contents, MatchLine};

pub(super) fn of(contents: &Contents) -> String {
    let lines = &contents.lines;
    let metrics: BTreeSet<String> =
        lines.iter().flat_map(MatchLine::numbers).map(|(_, name, _)| name).collect();
    let swept = lines.first().into_iter().flat_map(|line| line.swept.iter());
    let mut head: Vec<&str> = swept.map(|(key, _)| key).collect();
    let is_tournament = contents.header.tournament.is_some();
    head.extend(is_tournament.then_some("round"));
    head.extend(["match", "seed", "ticks", "hash", "player", "bot", "points", "forfeit"]);
    head.extend(metrics.iter().map(String::as_str));
    let mut text = row(head);
    for line in lines {
        rows(line, is_tournament, &metrics, &mut text);
    }
    text
}

fn rows(line: &MatchLine, is_tournament: bool, metrics: &BTreeSet<String>, text: &mut String) {
    let numbers: BTreeMap<(u32, String), f64> = line
        .numbers()
        .into_iter()
        .map(|(player, name, number)| ((player.0, name), number))
        .collect();
    let winner = line.winner();
    for seat in &line.seats {
        let player = seat.player.0;
        let points = winner.map_or("", |winner| match winner {
            Some(winner) if winner.player == seat.player => "1",
            Some(_) => "0",
            None => "0.5",
        });
        let out = line.forfeits.iter().find(|out| out.player == seat.player);
        let mut cells: Vec<String> = line.swept.iter().map(|(_, value)| cell(value)).collect();
        if is_tournament {
            cells.push(line.round.map_or_else(String::new, |round| round.to_string()));
        }
        cells.extend([line.index.to_string(), line.seed.to_string(), line.ticks.to_string()]);
        cells.extend([format!("{:016x}", line.hash), player.to_string(), seat.bot.clone()]);
        cells.extend([points.to_owned(), out.map_or_else(String::new, |out| out.why.clone())]);
        cells.extend(metrics.iter().map(|name| {
            numbers.get(&(player, name.clone())).map_or_else(String::new, f64::to_string)
        }));
        text.push_str(&row(cells.iter().map(String::as_str)));
    }
}

fn cell(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn row<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let quoted = |cell: &str| match cell.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    };
    cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::row;

    #[test]
    fn what_would_break_a_line_is_quoted() {
        assert_eq!(row(["a", "b,c", "say \"x\"", ""]), "a,\"b,c\",\"say \"\"x\"\"\",\n");
    }
}

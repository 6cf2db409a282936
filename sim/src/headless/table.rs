//! Series side by side, for a person.

use std::collections::BTreeSet;

use super::rating::Rate;
use super::summary::Summary;

/// One row for each series: what was swept, how many matches, how long one lasted, who won.
pub(crate) fn of<'a>(rows: impl IntoIterator<Item = &'a Summary>) -> String {
    let rows: Vec<&Summary> = rows.into_iter().collect();
    let keys = rows.first().into_iter().flat_map(|row| row.swept().iter().map(|(key, _)| key));
    let bots: BTreeSet<&String> = rows.iter().flat_map(|row| row.rates.keys()).collect();
    let mut cells = vec![head(keys, &bots)];
    for row in rows {
        let mut line: Vec<_> = row.swept().iter().map(|(_, value)| value.to_string()).collect();
        line.push(row.matches.to_string());
        line.push(format!("{:.0}", row.ticks as f64 / row.matches.max(1) as f64));
        line.extend(bots.iter().map(|bot| row.rates.get(*bot).map_or(String::new(), share)));
        cells.push(line);
    }
    align(&cells)
}

fn head<'a>(keys: impl Iterator<Item = &'a str>, bots: &BTreeSet<&String>) -> Vec<String> {
    let mut head: Vec<String> = keys.map(str::to_owned).collect();
    head.extend(["matches", "ticks each"].map(String::from));
    head.extend(bots.iter().map(|bot| format!("{bot} wins, 95 %")));
    head
}

fn share(rate: &Rate) -> String {
    let percent = |share: f64| 100.0 * share;
    let (low, high) = (percent(rate.low), percent(rate.high));
    let share = percent(rate.wins as f64 / rate.matches.max(1) as f64);
    format!("{share:.1} % ({low:.1} to {high:.1})")
}

/// Columns as wide as their widest cell, numbers at the right.
pub(crate) fn align(cells: &[Vec<String>]) -> String {
    let columns = cells.first().map_or(0, Vec::len);
    let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let padded = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
        padded.collect::<Vec<_>>().join("  ")
    };
    cells.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_they_have_to_be() {
        let row = |cells: [&str; 2]| cells.map(String::from).to_vec();
        let text = align(&[row(["size", "x"]), row(["1", "1,000"]), row(["ä", "2"])]);
        assert_eq!(text, "size      x\n   1  1,000\n   ä      2");
        assert_eq!(align(&[]), "");
    }
}

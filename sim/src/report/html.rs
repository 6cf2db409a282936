//! A page with what came of the matches: tables, pictures beside them, nothing from elsewhere, no script.

use std::fmt::Write;

use super::{Report, Series};
use crate::costs::{Costs, Row, mb};
use crate::headless::{Summary, rating::Rate};
use crate::plot::{Interval, Line, Plot, document, escape, histogram, intervals};
use crate::results::{Header, MatchLine};
use crate::tournament::standings::Tally;

/// Series of a sweep that are told one by one.
const SERIES_MAX: usize = 50;
/// Notes about bots that were out.
const NOTES_MAX: usize = 50;
/// Bots whose matches with each other are a table.
const TABLE_MAX: usize = 30;

/// Bytes from which a cell is a text that has several lines.
const LONG: usize = 40;

pub(super) fn of(report: &Report) -> String {
    let header = &report.contents.header;
    let title = title(header);
    let mut page = format!("<h1>{}</h1>\n", escape(&title));
    if report.standings.is_some() {
        tournament(report, &mut page);
    }
    if report.series.len() > 1 {
        sweep(&report.series, &mut page);
    }
    for of_one in report.series.iter().take(SERIES_MAX) {
        series(report, of_one, &mut page);
    }
    if report.series.len() > SERIES_MAX {
        let _ = writeln!(page, "<p>The first {SERIES_MAX} series are shown one by one.</p>");
    }
    forfeits(report, &mut page);
    report.costs.iter().for_each(|costs| costs_of(costs, &mut page));
    facts(header, &mut page);
    document(&title, &page)
}

fn title(header: &Header) -> String {
    let mut bots: Vec<&str> = Vec::new();
    for bot in &header.bots {
        if !bots.contains(&bot.as_str()) {
            bots.push(bot);
        }
    }
    let bots = match bots.len() {
        0..=4 => bots.join(", "),
        count => format!("{count} bots"),
    };
    match &header.tournament {
        Some(name) => format!("{}, {name}: {bots}", header.made.game),
        None => format!("{}: {bots}", header.made.game),
    }
}

/// A table; the first cell of each row is its head.
fn table(caption: &str, head: &[&str], rows: &[Vec<String>], page: &mut String) {
    let head: String =
        head.iter().map(|cell| format!("<th scope=\"col\">{}</th>", escape(cell))).collect();
    let _ = write!(
        page,
        "<div class=\"wide\"><table>\n<caption>{}</caption>\n<thead><tr>{head}</tr></thead>\n<tbody>\n",
        escape(caption)
    );
    for row in rows {
        let cells = row.iter().enumerate().map(|(n, cell)| match n {
            0 => format!("<th scope=\"row\">{}</th>", escape(cell)),
            _ if cell.len() > LONG => format!("<td class=\"long\">{}</td>", escape(cell)),
            _ => format!("<td>{}</td>", escape(cell)),
        });
        let _ = writeln!(page, "<tr>{}</tr>", cells.collect::<String>());
    }
    page.push_str("</tbody>\n</table></div>\n");
}

fn tournament(report: &Report, page: &mut String) {
    let Some(standings) = &report.standings else { return };
    let head = ["Bot", "Points", "Elo", "95 %", "Won", "Drawn", "Lost", "Sat out"];
    let rows = standings.rows().iter().map(|row| {
        let rating = row.rating.rounded();
        vec![
            row.bot.clone(),
            format!("{:.2}", row.points),
            format!("{:+.0}", rating.elo),
            format!("{:+.0} to {:+.0}", rating.low, rating.high),
            row.wins.to_string(),
            row.draws.to_string(),
            row.losses.to_string(),
            row.byes.to_string(),
        ]
    });
    page.push_str("<h2>Standings</h2>\n");
    table("Points and ratings around a mean of 0", &head, &rows.collect::<Vec<_>>(), page);
    let plotted = standings.rows().iter().map(|row| Interval {
        label: row.bot.clone(),
        value: row.rating.elo,
        low: row.rating.low,
        high: row.rating.high,
    });
    let plotted: Vec<Interval> = plotted.collect();
    page.push_str(&intervals("Ratings with 95 % intervals", " Elo", &plotted));
    let (bots, cells) = standings.table();
    if bots.len() > TABLE_MAX {
        return;
    }
    let head: Vec<&str> = [""].into_iter().chain(bots.iter().map(String::as_str)).collect();
    let rows = bots.iter().zip(&cells).map(|(bot, cells)| {
        let cell = |cell: &Option<Tally>| {
            let words = |Tally { points, matches }| format!("{points} of {matches}");
            cell.map_or_else(String::new, words)
        };
        [bot.clone()].into_iter().chain(cells.iter().map(cell)).collect()
    });
    table("Points of each bot against each other", &head, &rows.collect::<Vec<_>>(), page);
}

/// What was swept in a series, in words.
fn name(summary: &Summary) -> String {
    let swept = summary.swept().iter().map(|(key, value)| format!("{key} {value}"));
    swept.collect::<Vec<_>>().join(", ")
}

/// All series side by side.
fn sweep(series: &[Series], page: &mut String) {
    page.push_str("<h2>All series</h2>\n");
    let rows = series.iter().map(|Series { summary, .. }| {
        let each = summary.ticks as f64 / summary.matches.max(1) as f64;
        vec![name(summary), summary.matches.to_string(), format!("{each:.0}")]
    });
    let rows: Vec<_> = rows.collect();
    table("Matches and their length", &["Options", "Matches", "Ticks each"], &rows, page);
    let mut bots: Vec<&String> = series.iter().flat_map(|s| s.summary.rates.keys()).collect();
    bots.sort();
    bots.dedup();
    for bot in bots {
        let rates = series.iter().take(SERIES_MAX).filter_map(|Series { summary, .. }| {
            Some(interval_of(name(summary), summary.rates.get(bot)?))
        });
        let title = format!("Matches that {bot} wins, with 95 % intervals");
        let _ = write!(page, "<h3>{}</h3>\n{}", escape(&title), {
            intervals(&title, " %", &rates.collect::<Vec<_>>())
        });
    }
}

fn share(rate: &Rate) -> f64 {
    100.0 * rate.wins as f64 / rate.matches.max(1) as f64
}

fn interval_of(label: String, rate: &Rate) -> Interval {
    let (low, high) = (100.0 * rate.low, 100.0 * rate.high);
    Interval { label, value: share(rate), low, high }
}

/// One series.
fn series(report: &Report, series: &Series, page: &mut String) {
    let summary = &series.summary;
    let title = match summary.swept().is_empty() {
        true => "Matches".to_owned(),
        false => name(summary),
    };
    let _ = writeln!(page, "<h2>{}</h2>", escape(&title));
    if report.standings.is_none() && !summary.rates.is_empty() {
        wins(summary, page);
    }
    lengths(report.lines(series), page);
    metrics(summary, page);
}

fn lengths(lines: &[MatchLine], page: &mut String) {
    let ticks: Vec<f64> = lines.iter().map(|line| f64::from(line.ticks)).collect();
    let least = ticks.iter().copied().fold(f64::INFINITY, f64::min);
    let most = ticks.iter().copied().fold(0.0, f64::max);
    if ticks.is_empty() {
        return;
    }
    let title = "How long matches last, in ticks";
    let (count, mean) = (ticks.len(), ticks.iter().sum::<f64>() / ticks.len() as f64);
    let _ = writeln!(page, "<h3>{title}</h3>");
    if least == most {
        let _ = writeln!(page, "<p>{count} matches of {most} ticks.</p>");
        return;
    }
    page.push_str(&histogram(title, "", &ticks));
    let _ =
        writeln!(page, "<p>{count} matches of {least} to {most} ticks, {mean:.0} on average.</p>");
}

fn wins(summary: &Summary, page: &mut String) {
    let rows = summary.rates.iter().map(|(bot, rate)| {
        vec![
            bot.clone(),
            rate.wins.to_string(),
            rate.matches.to_string(),
            format!("{:.1} %", share(rate)),
            format!("{:.1} to {:.1} %", 100.0 * rate.low, 100.0 * rate.high),
        ]
    });
    let head = ["Bot", "Wins", "Matches", "Share", "95 %"];
    table("Matches won", &head, &rows.collect::<Vec<_>>(), page);
    let rates = summary.rates.iter().map(|(bot, rate)| interval_of(bot.clone(), rate));
    page.push_str(&intervals(
        "Shares of wins with 95 % intervals",
        " %",
        &rates.collect::<Vec<_>>(),
    ));
    if let Some(versus) = &summary.versus {
        let _ = writeln!(page, "<p>{}</p>", escape(versus.to_text().trim()));
    }
}

fn metrics(summary: &Summary, page: &mut String) {
    for (name, means) in summary.metrics.by_name() {
        let _ = writeln!(page, "<h3>{}</h3>", escape(name));
        let rows = means.iter().map(|(bot, mean)| {
            vec![
                (*bot).to_owned(),
                short(mean.mean),
                format!("{} to {}", short(mean.low), short(mean.high)),
                short(mean.least),
                short(mean.most),
            ]
        });
        let head = ["Bot", "Mean", "95 %", "Least", "Most"];
        table("Of a player in a match", &head, &rows.collect::<Vec<_>>(), page);
        let plotted = means.iter().map(|(bot, mean)| Interval {
            label: (*bot).to_owned(),
            value: mean.mean,
            low: mean.low,
            high: mean.high,
        });
        let title = format!("{name}: means with 95 % intervals");
        page.push_str(&intervals(&title, "", &plotted.collect::<Vec<_>>()));
    }
}

/// A number with two digits behind the point, if it has any.
fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn forfeits(report: &Report, page: &mut String) {
    let lines = &report.contents.lines;
    let out = lines.iter().flat_map(|line| line.forfeits.iter().map(move |out| (line, out)));
    let count = out.clone().count();
    if count == 0 {
        return;
    }
    let rows = out.take(NOTES_MAX).map(|(line, out)| {
        vec![line.index.to_string(), out.bot.clone(), out.tick.to_string(), out.why.clone()]
    });
    let caption = format!("Bots that were out before the end: {count}, the first of them");
    let _ = writeln!(page, "<h2>Out before the end</h2>");
    table(&caption, &["Match", "Bot", "Tick", "It …"], &rows.collect::<Vec<_>>(), page);
}

/// What the matches cost a machine.
fn costs_of(costs: &Costs, page: &mut String) {
    let Some(total) = costs.total() else { return };
    let (made, jobs) = (&costs.header.made, costs.header.jobs);
    let title = format!("What it cost: {}, threads: {jobs}", made.target);
    let _ = writeln!(page, "<h2>{}</h2>", escape(&title));
    named("Measured, and another time something else", &total.facts(), page);
    let line = |name, value: &dyn Fn(&Row) -> f64| Line {
        name,
        points: costs.rows.iter().map(|row| (row.matches as f64, value(row))).collect(),
    };
    // Where little is played there are few points, and a line alone may be too short to be seen.
    let dots = costs.rows.len() < 10;
    let plot = |title, y, lines| Plot { title, x: "matches", y, lines, dots, marks: Vec::new() };
    let memory = |row: &Row| row.memory_bytes.map_or(f64::NAN, mb);
    let steps = vec![line("p50", &|row| row.step_us.p50), line("p99", &|row| row.step_us.p99)];
    page.push_str(&plot("Memory of the process", "MB", vec![line("resident", &memory)]).figure());
    page.push_str(&plot("Time of a step of the room", "microseconds", steps).figure());
}

/// What belongs to each of some names.
fn named(caption: &str, rows: &[(&str, String)], page: &mut String) {
    let _ = write!(page, "<table>\n<caption>{}</caption>\n<tbody>\n", escape(caption));
    for (name, what) in rows {
        let (name, what) = (escape(name), escape(what));
        let _ = writeln!(page, "<tr><th scope=\"row\">{name}</th><td>{what}</td></tr>");
    }
    page.push_str("</tbody>\n</table>\n");
}

/// Which matches these are.
fn facts(header: &Header, page: &mut String) {
    let made = &header.made;
    let mut rows = vec![
        ("Game", format!("{}, version {}", made.game, made.game_version)),
        ("Greenroom", format!("{} ({}, {})", made.greenroom, made.commit, made.target)),
        ("Bots", header.bots.join(", ")),
        ("Seed", header.seed.to_string()),
        ("Options", header.config.to_string()),
        ("Shard", header.shard.clone()),
    ];
    for (name, what) in [("Swept", &header.sweep), ("Processes", &header.commands)] {
        if !what.is_empty() {
            rows.push((name, what.join("; ")));
        }
    }
    if let Some(latency) = &header.latency {
        rows.push(("Latency", latency.clone()));
    }
    if let Some(secs) = header.secs {
        rows.push(("Ended after", format!("{secs} s")));
    }
    page.push_str("<h2>Where this comes from</h2>\n");
    named("The same again: play with all of this", &rows, page);
}

//! The report as a page.

use std::path::Path;

use super::course::Row;
use super::report::{Summary, lines};
use crate::plot::{Line, Plot, document, escape};

/// Whether there is a place for such a file: told before a run, not after it.
pub(crate) fn has_place(file: &Path) -> Result<(), String> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let why = match parent.filter(|parent| !parent.is_dir()) {
        Some(parent) => format!("there is no directory {}: make it", parent.display()),
        None if file.is_dir() => "this is a directory: name a file in it".to_owned(),
        None => return Ok(()),
    };
    Err(format!("--html {}: {why}", file.display()))
}

/// Writes it; it needs no other file.
pub(super) fn write(file: &Path, title: &str, summary: &Summary) -> Result<(), String> {
    std::fs::write(file, page(title, summary))
        .map_err(|error| format!("--html {}: {error}: choose another file", file.display()))
}

fn page(title: &str, summary: &Summary) -> String {
    let mut body = format!("<h1>{}</h1>\n", escape(title));
    let bad = summary.broken.iter().map(ToString::to_string).chain(summary.warning());
    for line in bad {
        body += &format!("<p class=\"bad\">{}</p>\n", escape(&line));
    }
    body += "<table>\n";
    for (name, value) in lines(summary) {
        body += &format!("<tr><th>{name}</th><td>{}</td></tr>\n", escape(&value));
    }
    body += "</table>\n";
    plots(&summary.series).iter().for_each(|plot| body += &plot.figure());
    document(title, &body)
}

fn plots(rows: &[Row]) -> [Plot<'static>; 6] {
    let line = |name, value: &dyn Fn(&Row) -> f64| Line {
        name,
        points: rows.iter().map(|row| (row.at_secs, value(row))).collect(),
    };
    let latency = |name, value: fn(&Row) -> f64| {
        // Nothing was measured: a gap, and no latency of 0.
        line(name, &|row| if row.latency_ms.count > 0 { value(row) } else { f64::NAN })
    };
    let plot = |title, y, lines| Plot { title, x: "s", y, lines, dots: false, marks: Vec::new() };
    let cores = |row: &Row| row.server_cores.unwrap_or(f64::NAN);
    let memory = |row: &Row| row.server_mb.unwrap_or(f64::NAN);
    [
        plot(
            "Latency of inputs",
            "ms",
            vec![
                latency("p50", |row| row.latency_ms.p50),
                latency("p99", |row| row.latency_ms.p99),
                latency("max", |row| row.latency_ms.max),
            ],
        ),
        plot(
            "Bots",
            "at the end of each stretch",
            vec![
                line("connected", &|row| row.connected as f64),
                line("with a seat, or looking on", &|row| row.seated as f64),
            ],
        ),
        plot("Frames", "a second", vec![line("frames", &|row| row.frames_per_sec)]),
        plot(
            "CPU",
            "cores",
            vec![line("server", &cores), line("generator", &|row| row.generator_cores)],
        ),
        plot("Memory", "MiB", vec![line("server", &memory)]),
        plot(
            "Lateness of the generator, 99th percentile",
            "ms",
            vec![line("late", &|row| row.generator_late_ms)],
        ),
    ]
}

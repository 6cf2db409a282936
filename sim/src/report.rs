//! `report`: reads files of results, puts shards together, and says what came of the matches: as text,
//! as JSON, as a table for programs (CSV), and as a page with pictures.

mod csv;
mod html;
mod merge;

use std::path::{Path, PathBuf};

use crate::costs::{Costs, Total};
use crate::headless::{Summary, Swept, json, print, sprt, table_of, variants};
use crate::results::{Contents, Header, MatchLine};
use crate::tournament::standings::Standings;

/// Arguments of `report`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files that `match --out` or `tournament --out` have written: one, or shards of the same matches
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print JSON: an object for each series
    #[arg(long)]
    json: bool,
    /// Write all matches into one file, as if there had been no shards
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a line for each seat of each match
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write a page with tables and pictures, which needs nothing but itself
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Say what the matches cost, too: a file that `--costs` has written; several for shards
    #[arg(long, value_name = "FILE")]
    costs: Vec<PathBuf>,
}

/// What came of all matches.
struct Report {
    contents: Contents,
    series: Vec<Series>,
    standings: Option<Standings>,
    /// Of each file of costs.
    costs: Vec<Costs>,
}

/// Of one value of the options that are swept.
struct Series {
    summary: Summary,
    /// Where its lines are among all.
    lines: std::ops::Range<usize>,
}

/// Reads the files, writes what is asked for, and prints the rest.
pub fn run(args: &Args) -> Result<(), String> {
    let merge::Merged { contents, notes } = merge::merge(&args.files)?;
    for note in notes {
        eprintln!("{}: {note}", crate::cli::program());
    }
    let costs = args.costs.iter().map(|path| costs_of(path, &contents.header));
    let costs = costs.collect::<Result<_, _>>()?;
    let report = Report { costs, ..Report::of(contents)? };
    if let Some(path) = &args.out {
        write("--out", path, &merge::text(&report.contents)?)?;
    }
    if let Some(path) = &args.csv {
        write("--csv", path, &csv::of(&report.contents))?;
    }
    if let Some(path) = &args.html {
        write("--html", path, &html::of(&report))?;
    }
    match args.json {
        true => report.print_json(),
        false => print(report.to_text()),
    }
}

/// Reads what such matches cost.
fn costs_of(path: &Path, of: &Header) -> Result<Costs, String> {
    let costs = Costs::read(path)?;
    let (game, other) = (&of.made.game, &costs.header.made.game);
    match game == other {
        true => Ok(costs),
        false => Err(format!("--costs: {} is of {other}, not of {game}", path.display())),
    }
}

fn write(option: &str, path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text)
        .map_err(|error| format!("{option}: {} cannot be written: {error}", path.display()))
}

impl Report {
    fn of(contents: Contents) -> Result<Self, String> {
        let header = &contents.header;
        let standings = match header.tournament {
            None => None,
            Some(_) => {
                let mut standings = Standings::new(header)?;
                contents.lines.iter().try_for_each(|line| standings.add(line))?;
                standings.rate();
                Some(standings)
            }
        };
        let sprt = sprt(header)?;
        let mut series = Vec::new();
        let mut place = 0;
        for swept in swept(&contents)? {
            let mut summary = Summary::new(header, swept.clone(), sprt);
            let first = place;
            while let Some(line) = contents.lines.get(place).filter(|line| line.swept == swept) {
                summary.add(line);
                place += 1;
            }
            series.push(Series { summary, lines: first..place });
        }
        match contents.lines.get(place) {
            Some(line) => Err(format!("match {} is not one of the sweep", line.index)),
            None => Ok(Report { series, standings, contents, costs: Vec::new() }),
        }
    }

    fn lines(&self, series: &Series) -> &[MatchLine] {
        &self.contents.lines[series.lines.clone()]
    }

    fn to_text(&self) -> String {
        if let (Some(standings), [Series { summary, .. }]) = (&self.standings, &self.series[..]) {
            let name = self.contents.header.tournament.as_deref().unwrap_or_default();
            let text = standings.to_text_of(name, (summary.matches, summary.ticks, &summary.hash));
            return text + &self.costs_text();
        }
        let mut texts: Vec<String> =
            self.series.iter().map(|series| series.summary.to_text()).collect();
        if self.series.len() > 1 {
            texts.push(table_of(self.series.iter().map(|series| &series.summary)));
        }
        texts.join("\n") + &self.costs_text()
    }

    fn costs_text(&self) -> String {
        let totals = self.costs.iter().filter_map(Costs::total);
        let text = |total: Total| {
            let facts = total.facts().into_iter();
            facts.map(|(name, what)| format!("\n{name:<10}{what}")).collect::<String>()
        };
        totals.map(text).collect()
    }

    fn print_json(&self) -> Result<(), String> {
        if let Some(standings) = &self.standings {
            let header = &self.contents.header;
            print(json(&serde_json::json!({ "of": header, "standings": standings }))?)?;
        } else {
            self.series.iter().try_for_each(|series| print(json(&series.summary)?))?;
        }
        let totals = self.costs.iter().filter_map(Costs::total);
        totals
            .into_iter()
            .try_for_each(|total| print(json(&serde_json::json!({ "costs": total }))?))
    }
}

/// The values of the options that are swept, in their order.
fn swept(contents: &Contents) -> Result<Vec<Swept>, String> {
    let all = variants(&contents.header.sweep, "{}")?;
    Ok(all.into_iter().map(|(swept, _)| swept).collect())
}

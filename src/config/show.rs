//! The table for people: as a commented TOML file, and as Markdown.

use std::fmt::Write;

use super::layers::{Origin, Settings};
use super::tunable::{Reload, Tunable};
use super::{SECTIONS, TUNABLES};

const HEAD: &str = "\
# Every setting of the Greenroom server, as this server sees it. Usable as greenroom.toml.
# Precedence: flag, environment variable, this file, default. Lines can be left out.
# All take effect at the next start. Those marked (fixed) always will; a later version may\n# change the others while it runs.
";

impl Settings {
    /// All settings with value, origin, unit, range and reason, as a TOML file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::from(HEAD);
        for (section, about) in SECTIONS {
            line(&mut text, format_args!("\n#{about}\n[{section}]"));
            for setting in self.iter().filter(|one| one.tunable.section == *section) {
                let tunable = setting.tunable;
                let value = tunable.kind.to_toml(&setting.value);
                line(&mut text, format_args!("\n#{}{}", tunable.what, fixed(tunable)));
                line(&mut text, format_args!("# {}.", capital(tunable.why)));
                line(&mut text, format_args!("# {}; {}", accepted(tunable), tunable.variable()));
                match &setting.origin {
                    Origin::Default => {
                        line(&mut text, format_args!("{} = {value} # default", tunable.key))
                    }
                    origin => line(
                        &mut text,
                        format_args!(
                            "{} = {value} # from {}, default {}",
                            tunable.key,
                            one_line(origin),
                            tunable.default
                        ),
                    ),
                }
            }
        }
        text
    }
}

/// The table as Markdown, for the README or a page of its own.
#[must_use]
pub fn reference() -> String {
    let mut text = String::new();
    for (section, about) in SECTIONS {
        line(&mut text, format_args!("### `[{section}]`\n\n{}\n", about.trim()));
        text.push_str("| setting | default | accepted | what and why |\n|---|---|---|---|\n");
        for tunable in TUNABLES.iter().filter(|one| one.section == *section) {
            let (key, default) = (tunable.key, tunable.default);
            let (what, why, fixed) = (tunable.what.trim(), capital(tunable.why), fixed(tunable));
            line(
                &mut text,
                format_args!(
                    "| `{key}` | `{default}` | {} | {what}{fixed} {why}. |",
                    accepted(tunable)
                ),
            );
        }
        text.push('\n');
    }
    text
}

fn accepted(tunable: &Tunable) -> String {
    match tunable.kind.unit() {
        Some(unit) => format!("{} {unit}", tunable.kind.range()),
        None => tunable.kind.range(),
    }
}

fn fixed(tunable: &Tunable) -> &'static str {
    match tunable.reload {
        Reload::Fixed => " (fixed)",
        Reload::Live => "",
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A path may hold a line break, which would end the comment and begin a setting.
fn one_line(origin: &Origin) -> String {
    origin.to_string().replace(char::is_control, "?")
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    writeln!(text, "{content}").expect("writing to a String does not fail");
}

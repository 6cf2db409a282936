//! What is known of a type after some walks: what it asked for, and which answers it takes.

use std::collections::{BTreeMap, BTreeSet};

use super::Outline;

/// Lines at most: some hundred times what a large game has.
const LINES_MAX: usize = 1 << 14;

/// Elements that a list is given at most, if it takes as many as there are.
pub(super) const ELEMENTS_MAX: usize = 1 << 16;

/// How often something that is answered like this can be answered otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// A value, from a row of so many.
    Value(u8),
    /// There, or not.
    Option,
    /// With one element, as many as are taken, one fewer, none.
    List,
    /// With this variant.
    Enum(u32),
    /// In one way only.
    Fixed,
}

/// Something that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) path: String,
    pub(super) kind: Kind,
    /// The type that asks, to know it again.
    pub(super) identity: &'static str,
}

/// How a place is answered, and how many elements a list there took.
#[derive(Clone, Copy, Default)]
struct Answer {
    level: u8,
    taken: usize,
}

/// The variants of an enum at some place.
struct Variants {
    names: &'static [&'static str],
    seen: BTreeSet<u32>,
}

#[derive(Default)]
pub(super) struct Known {
    lines: BTreeSet<String>,
    answers: BTreeMap<String, Answer>,
    enums: BTreeMap<String, Variants>,
    refused: BTreeSet<(String, u32)>,
    /// Something was left out because a part of it was refused.
    hidden: bool,
}

impl Known {
    pub(super) fn note(&mut self, line: String) {
        if !self.is_full() {
            self.lines.insert(line);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= LINES_MAX
    }

    pub(super) fn hides(&mut self, something: bool) {
        self.hidden |= something;
    }

    /// What was noted, and whether that is all there is. `through`: the last walk was.
    pub(super) fn into_outline(self, through: bool) -> Outline {
        let complete = through && !self.hidden && !self.is_full() && !self.any_open();
        Outline { lines: self.lines, complete }
    }

    /// How often the place was answered otherwise before.
    pub(super) fn level(&self, path: &str) -> u8 {
        self.answers.get(path).map_or(0, |answer| answer.level)
    }

    /// How many elements the list at this place is given.
    pub(super) fn elements(&self, path: &str) -> usize {
        let answer = self.answers.get(path).copied().unwrap_or_default();
        match answer.level {
            0 => 1,
            1 => ELEMENTS_MAX,
            2 => answer.taken.saturating_sub(1),
            _ => 0,
        }
    }

    /// The list at this place has taken so many elements.
    pub(super) fn took(&mut self, path: &str, elements: usize) {
        if let Some(answer) = self.answers.get_mut(path).filter(|answer| answer.level == 1) {
            answer.taken = elements;
        }
    }

    /// Has a place answered otherwise from now on. `itself`: it is what was refused, and not
    /// something in it. `false`: there is no other answer.
    pub(super) fn answer_otherwise(&mut self, ask: &Ask, itself: bool) -> bool {
        let last = match ask.kind {
            Kind::Fixed => return false,
            Kind::Enum(variant) => return self.refused.insert((ask.path.clone(), variant)),
            Kind::Value(count) => count.saturating_sub(1),
            Kind::Option => 1,
            Kind::List => 3,
        };
        // A list whose elements are refused is best left empty.
        let skip = ask.kind == Kind::List && !itself;
        let answer = self.answers.entry(ask.path.clone()).or_default();
        let more = answer.level < last;
        answer.level = if skip { last } else { (answer.level + 1).min(last) };
        more
    }

    fn takes(&self, path: &str, variant: u32) -> bool {
        !self.refused.contains(&(path.to_owned(), variant))
    }

    /// The variant to choose next at this place, and whether it is new there: one that was not seen,
    /// else one in which there is something that was not, else any.
    pub(super) fn choose(&mut self, path: &str, names: &'static [&'static str]) -> (u32, bool) {
        let known = self.enums.entry(path.to_owned());
        known.or_insert_with(|| Variants { names, seen: BTreeSet::new() });
        if let Some(unseen) = self.unseen(path) {
            return (unseen, true);
        }
        let all = || (0..).zip(names).filter(|(variant, _)| self.takes(path, *variant));
        let open = all().find(|(_, name)| self.is_open(&format!("{path}<{name}>")));
        (open.or_else(|| all().next()).map_or(0, |(variant, _)| variant), false)
    }

    /// A variant for a place inside of the same enum: none that is being read there already.
    pub(super) fn choose_again(&self, path: &str, count: usize, read: &[u32]) -> Option<u32> {
        (0..count as u32).find(|variant| !read.contains(variant) && self.takes(path, *variant))
    }

    /// A walk has ended in which this variant was chosen.
    pub(super) fn saw(&mut self, path: &str, variant: u32) {
        if let Some(variants) = self.enums.get_mut(path) {
            variants.seen.insert(variant);
        }
    }

    fn unseen(&self, path: &str) -> Option<u32> {
        let Variants { names, seen } = self.enums.get(path)?;
        (0..names.len() as u32)
            .find(|variant| !seen.contains(variant) && self.takes(path, *variant))
    }

    /// Whether an enum below this place has a variant that was not seen.
    fn is_open(&self, path: &str) -> bool {
        let below = self.enums.range(path.to_owned()..);
        let mut below = below.map(|(at, _)| at).take_while(|at| at.starts_with(path));
        below.any(|at| self.unseen(at).is_some())
    }

    /// Whether any enum has a variant that was not seen.
    pub(super) fn any_open(&self) -> bool {
        self.enums.keys().any(|at| self.unseen(at).is_some())
    }
}

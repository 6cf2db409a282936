//! Collects a schema, and tells an author what does not fit into one.

use super::Sync;
use crate::bounded::{List, Text};
use crate::schema::{
    GROUP_LANES_MAX, GROUPS_MAX, LANES_MAX, LaneKind, LaneSchema, Near, Predict, RowsKind,
    SLOTS_MAX, Schema, TABLES_MAX, TEXTS_MAX, TableSchema, TextSchema,
};
use crate::table::ENTITIES_MAX;

/// Collects a schema.
pub struct Describe {
    tables: Vec<Described>,
    current: usize,
}

struct Described {
    name: String,
    rows: RowsKind,
    slots_max: usize,
    restricted: bool,
    near: Option<Near>,
    lanes: Vec<LaneSchema>,
    texts: Vec<TextSchema>,
    /// Name of the value that is the whole row, if one is: it may say who sees the row.
    whole: Option<&'static str>,
}

/// The schema of a state.
pub(super) fn schema(describe: impl FnOnce(&mut Describe)) -> Schema {
    let mut out = Describe { tables: Vec::new(), current: 0 };
    out.table("", RowsKind::Single, false, describe);
    let count = out.tables.len();
    assert!(count <= TABLES_MAX, "a state has at most {TABLES_MAX} tables, not {count}");
    // Who may not see a row does not see what it owns either.
    for table in 0..count {
        let owner = out.tables[table].rows.owner();
        out.tables[table].restricted |= owner.is_some_and(|(of, _)| out.tables[of].restricted);
    }
    Schema { tables: List::first(out.tables.into_iter().map(Described::finish)) }
}

/// A name for the schema.
fn named<const MAX: usize>(name: &str) -> Text<MAX> {
    match Text::try_from(name) {
        Ok(text) => text,
        Err(_) => panic!("the path `{name}` has more than {MAX} bytes: use shorter names"),
    }
}

impl Described {
    fn finish(self) -> TableSchema {
        let name = &self.name;
        let (lanes, texts) = (self.lanes.len(), self.texts.len());
        let groups = self.lanes.iter().filter(|lane| !lane.joined).count() + texts;
        assert!(lanes <= LANES_MAX, "`{name}`: a row has at most {LANES_MAX} lanes, not {lanes}");
        assert!(texts <= TEXTS_MAX, "`{name}`: a row has at most {TEXTS_MAX} texts, not {texts}");
        assert!(
            groups <= GROUPS_MAX,
            "`{name}`: a row has at most {GROUPS_MAX} values, not {groups}: write `List` or `Grid` \
             for a long array, and `join` above fields that change along with the one before"
        );
        TableSchema {
            name: named(name),
            rows: self.rows,
            restricted: self.restricted,
            near: self.near,
            lanes: List::first(self.lanes),
            texts: List::first(self.texts),
        }
    }
}

impl Describe {
    /// Adds one lane to the row being described.
    ///
    /// # Panics
    /// When it is joined to a lane that it does not fit to.
    pub fn lane(&mut self, name: &str, kind: LaneKind, natural: Predict, sync: &Sync) {
        let lane = LaneSchema {
            name: named(name),
            kind,
            predict: sync.predict.unwrap_or(natural),
            joined: sync.joined,
            tolerance: sync.tolerated(),
        };
        let lanes = &mut self.tables[self.current].lanes;
        if lane.joined {
            let group = lanes.iter().rev().take_while(|lane| lane.joined).count() + 2;
            let fits = lanes.last().is_some_and(|before| fit(before, &lane));
            assert!(fits, "join: `{name}` needs a number of the same kind before it, sent alike");
            assert!(group <= GROUP_LANES_MAX, "join: `{name}` is one more than {GROUP_LANES_MAX}");
        }
        lanes.push(lane);
    }

    /// Adds a lane that tells the variants of an enumeration apart.
    ///
    /// # Panics
    /// When there are more than 256.
    pub fn variants(&mut self, name: &str, names: &[&str], sync: &Sync) {
        assert!(names.len() <= 256, "`{name}`: an enum in a state has at most 256 variants");
        let names = List::first(names.iter().map(|name| named(name)));
        // The data of a variant has lanes of its own.
        let sync = Sync { predict: sync.predict, joined: sync.joined, ..Sync::NONE };
        self.lane(name, LaneKind::Variant(names), Predict::Hold, &sync);
    }

    /// Adds a text to the row being described.
    pub fn text(&mut self, name: &str, max: usize, utf8: bool) {
        let max = u32::try_from(max).unwrap_or(u32::MAX);
        self.tables[self.current].texts.push(TextSchema { name: named(name), max, utf8 });
    }

    /// Adds a table and describes its rows.
    ///
    /// # Panics
    /// When it cannot be where it is, or has more slots than a table may have.
    pub fn table(
        &mut self,
        name: &str,
        rows: RowsKind,
        restricted: bool,
        describe: impl FnOnce(&mut Self),
    ) {
        let number = self.tables.len();
        assert!(number < 256, "a state has at most {TABLES_MAX} tables");
        let slots_max = match rows {
            RowsKind::Single => 1,
            RowsKind::Entities => {
                assert!(
                    self.current == 0,
                    "`{name}`: a Table can be a field of the state only: write `List` or `Map` here"
                );
                ENTITIES_MAX
            }
            RowsKind::Owned { of, each } | RowsKind::Cells { of, each } => {
                let owners = self.tables[usize::from(of)].slots_max;
                let most = SLOTS_MAX / owners;
                assert!(
                    (1..=most).contains(&(each as usize)),
                    "`{name}` is for {each} values, but 1 to {most} are possible here: there may \
                     be {owners} such"
                );
                owners * each as usize
            }
        };
        self.tables.push(Described {
            name: name.to_owned(),
            rows,
            slots_max,
            restricted,
            near: None,
            lanes: Vec::new(),
            texts: Vec::new(),
            whole: (number > 0).then_some(""),
        });
        let outer = std::mem::replace(&mut self.current, number);
        describe(self);
        self.current = outer;
    }

    /// Adds a table of which each row being described owns `each` slots, and describes its rows.
    pub fn owned(&mut self, name: &str, each: usize, describe: impl FnOnce(&mut Self)) {
        let rows = RowsKind::Owned { of: self.current(), each: slots(each) };
        self.table(&self.owned_path(name), rows, false, describe);
    }

    /// Adds a table of which each row being described owns `each` cells, and describes a cell.
    pub fn cells(&mut self, name: &str, each: usize, describe: impl FnOnce(&mut Self)) {
        let rows = RowsKind::Cells { of: self.current(), each: slots(each) };
        self.table(&self.owned_path(name), rows, false, |out| {
            // A cell is there for everybody who sees the grid.
            out.tables[out.current].whole = None;
            describe(out);
        });
    }

    /// Describes a field that not all may see: a table of one slot per row being described.
    pub fn part(&mut self, name: &str, describe: impl FnOnce(&mut Self)) {
        let rows = RowsKind::Owned { of: self.current(), each: 1 };
        self.table(&self.owned_path(name), rows, true, |out| {
            // The field says who sees it; its type cannot say something else.
            out.tables[out.current].whole = None;
            describe(out);
        });
    }

    /// The value called `name` is what the row being described is about.
    pub(super) fn about(&mut self, name: &'static str) {
        self.tables[self.current].whole = Some(name);
    }

    /// The number of the table being described: the owner of tables that its rows own.
    #[must_use]
    pub fn current(&self) -> u8 {
        self.current as u8
    }

    /// The path of a table that the rows of the table being described own.
    #[must_use]
    pub fn owned_path(&self, name: &str) -> String {
        let name = if name.is_empty() { "items" } else { name };
        Self::path(&self.tables[self.current].name, name)
    }

    /// The rows of the table being described are not for everybody: a type called `name` says for
    /// whom.
    ///
    /// # Panics
    /// When the type is not all of a row.
    pub fn restrict(&mut self, name: &str) {
        let table = &mut self.tables[self.current];
        assert!(
            table.whole == Some(name),
            "`seen` or `near` above a type says who sees an entity of a Table or a value in a \
             List or Map; for `{}` write `#[sync(seen = …)]` above the field",
            Self::path(&table.name, name)
        );
        table.restricted = true;
    }

    /// The entities of the table being described are where the lanes called `x` and `y` say.
    ///
    /// # Panics
    /// When there are no such lanes with the same step, or these are no entities.
    pub fn near(&mut self, x: &str, y: &str) {
        let table = &mut self.tables[self.current];
        let name = &table.name;
        assert!(
            table.rows == RowsKind::Entities,
            "near: only entities of a Table have a position, `{name}` is none"
        );
        let find = |lane: &str| {
            let place = table.lanes.iter().position(|other| &*other.name == lane);
            place.unwrap_or_else(|| panic!("near: `{name}` has no number called `{lane}`"))
        };
        let (x, y) = (find(x), find(y));
        assert!(
            matches!(table.lanes[x].kind, LaneKind::Step(_))
                && table.lanes[x].kind == table.lanes[y].kind,
            "near: both numbers of a position are floats with the same `step` and no `range`"
        );
        table.near = Some(Near { x: x as u16, y: y as u16 });
        table.restricted = true;
    }

    /// The path of a part of the field `name`.
    #[must_use]
    pub fn path(name: &str, part: &str) -> String {
        match (name, part) {
            ("", path) | (path, "") => path.to_owned(),
            _ => format!("{name}.{part}"),
        }
    }
}

fn slots(each: usize) -> u32 {
    u32::try_from(each).unwrap_or(u32::MAX)
}

/// Whether a lane can be in one group with the one before.
fn fit(before: &LaneSchema, lane: &LaneSchema) -> bool {
    let kinds = match (&before.kind, &lane.kind) {
        (LaneKind::Angle(one), LaneKind::Angle(other)) => one == other,
        (LaneKind::Quat(_), LaneKind::QuatPart(_)) => true,
        (LaneKind::Low { .. }, LaneKind::High) => true,
        (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
    };
    kinds && before.predict == lane.predict && before.tolerance == lane.tolerance
}

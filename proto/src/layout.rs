//! A schema made ready for the codec, and checked: it may come from a stranger.

use std::sync::Arc;

use crate::codec::block::BLOCK;
use crate::codec::mask::{MaskBits, ones};

use crate::schema::{
    BadSchema, GROUP_LANES_MAX, GROUPS_MAX, LaneKind, LaneSchema, Near, Predict, RowsKind,
    SLOTS_MAX, Schema, TableSchema,
};
use crate::table::ENTITIES_MAX;

/// What the codec needs of a schema.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Layout(Arc<Vec<TableLayout>>);

/// What the codec needs of a table.
#[derive(Clone, PartialEq, Debug)]
pub struct TableLayout {
    /// How rows come and go.
    pub rows: RowsKind,
    /// Lanes of a row.
    pub width: usize,
    /// The groups of lanes; in a mask the texts follow them.
    pub groups: Vec<Group>,
    /// Per lane, of as many rows as are looked at together, all ones if it is of a group that does
    /// not hold, else 0.
    pub moves: Vec<i32>,
    mask_bits: MaskBits,
    /// Those of them that are of groups.
    pub group_bits: u64,
    /// Bytes that each text may have.
    pub texts: Vec<TextLayout>,
    /// Whether viewers may see some rows only.
    pub restricted: bool,
    /// The lanes that say where an entity is.
    pub near: Option<Near>,
    /// The step of the lanes of the position.
    pub near_step: f64,
    /// Slots at most.
    pub slots_max: usize,
    /// Tables whose rows are owned by rows of this one, and the slots per owner.
    pub owned: Vec<(usize, u32)>,
    /// Per lane: how its value is sent whole.
    pub widths: Vec<Width>,
    /// The groups that have a tolerance.
    pub tolerant: Vec<Group>,
}

/// Bits of a lane's value where it is sent whole: 0 if not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Width {
    bits: u8,
    signed: bool,
    /// The greatest value of a range; else there is none.
    most: u32,
}

impl Width {
    /// How many; 0 if not known.
    #[must_use]
    pub fn bits(self) -> u32 {
        self.bits.into()
    }

    /// Whether the highest is a sign.
    #[must_use]
    pub fn is_signed(self) -> bool {
        self.signed
    }

    /// Whether a lane may have this value.
    #[must_use]
    pub fn holds(self, lane: i32) -> bool {
        lane as u32 <= self.most
    }

    /// Whether they are so few that it is not worth a bit to say that they are as before.
    #[must_use]
    pub fn is_short(self) -> bool {
        (1..=2).contains(&self.bits)
    }
}

/// Lanes that are predicted, coded and masked together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Group {
    /// The first lane.
    pub start: usize,
    /// How many there are.
    pub len: usize,
    /// How they are predicted.
    pub coding: Coding,
    /// Differences wrap at 32 minus this many bits.
    pub shift: u32,
    /// By how much a published lane may differ from the true one.
    pub tolerance: u32,
}

/// Bits of a part of a quaternion. With more, a residual could need the symbol that says that the
/// quaternion turns: it is up to four times the greatest part, as far as the parts may be from
/// where they were going.
const QUAT_BITS: std::ops::RangeInclusive<u8> = 4..=15;

/// How a group is predicted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    /// It stays.
    Hold,
    /// It goes on as it went.
    Linear,
    /// A quaternion whose parts go on as they went; the greatest part, `2^(bits − 1) − 1`.
    Quat(i32),
}

/// The bounds of a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TextLayout {
    /// Bytes at most.
    pub max: usize,
    /// Whether they are UTF-8.
    pub utf8: bool,
}

impl TableLayout {
    /// The bits of a mask.
    #[must_use]
    #[inline]
    pub fn mask_bits(&self) -> MaskBits {
        self.mask_bits
    }

    /// Whether rows have a predictor. Cells have none: there may be very many.
    #[must_use]
    pub fn predicts(&self) -> bool {
        !matches!(self.rows, RowsKind::Cells { .. })
    }
}

impl Layout {
    /// Checks a schema.
    pub fn new(schema: &Schema) -> Result<Self, BadSchema> {
        let mut tables: Vec<TableLayout> = Vec::new();
        for (number, schema) in schema.tables.iter().enumerate() {
            let slots_max = slots_max(number, schema, &tables)?;
            if let Some((of, each)) = schema.rows.owner() {
                if tables[of].restricted && !schema.restricted {
                    return Err(BadSchema("rows that all may see of owners that all may not"));
                }
                tables[of].owned.push((number, each));
            }
            tables.push(table(schema, slots_max)?);
        }
        if tables.is_empty() {
            return Err(BadSchema("no tables"));
        }
        Ok(Layout(Arc::new(tables)))
    }

    /// The tables in the order of the schema.
    #[must_use]
    pub fn tables(&self) -> &[TableLayout] {
        &self.0
    }

    /// Whether every viewer sees the state exactly as the game has it.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.0.iter().any(|table| table.restricted || !table.tolerant.is_empty())
    }

    /// Whether any table has rows that some viewers may not see.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        self.0.iter().any(|table| table.restricted)
    }
}

fn slots_max(
    number: usize,
    schema: &TableSchema,
    before: &[TableLayout],
) -> Result<usize, BadSchema> {
    match schema.rows {
        RowsKind::Single if number == 0 => Ok(1),
        _ if number == 0 => Err(BadSchema("the first table is not the single one")),
        RowsKind::Single => Err(BadSchema("more than one single row")),
        RowsKind::Entities => Ok(ENTITIES_MAX),
        RowsKind::Owned { of, each } | RowsKind::Cells { of, each } => {
            let owner = before.get(usize::from(of)).ok_or(BadSchema("rows owned by none"))?;
            let slots = owner.slots_max.saturating_mul(each as usize);
            if each == 0 || slots > SLOTS_MAX {
                return Err(BadSchema("rows with no slots or with too many"));
            }
            if matches!(owner.rows, RowsKind::Cells { .. }) {
                return Err(BadSchema("rows owned by a cell"));
            }
            Ok(slots)
        }
    }
}

fn table(schema: &TableSchema, slots_max: usize) -> Result<TableLayout, BadSchema> {
    let lanes: &[LaneSchema] = &schema.lanes;
    let mut groups: Vec<Group> = Vec::new();
    let mut start = 0;
    while start < lanes.len() {
        let len = 1 + lanes[start + 1..].iter().take_while(|lane| lane.joined).count();
        groups.push(group(&lanes[start..start + len], start)?);
        start += len;
    }
    if let RowsKind::Cells { .. } = schema.rows {
        // There may be very many: nothing is remembered of them.
        for group in groups.iter_mut().filter(|group| group.coding == Coding::Linear) {
            group.coding = Coding::Hold;
        }
    }
    if groups.len() + schema.texts.len() > GROUPS_MAX {
        return Err(BadSchema("too many groups in a row"));
    }
    if groups.is_empty() && schema.texts.is_empty() && schema.rows.is_fixed() && slots_max > 1 {
        return Err(BadSchema("cells without anything in them"));
    }
    if let Some(near) = schema.near {
        let lane = |number: u16| lanes.get(usize::from(number)).is_some();
        if !(lane(near.x) && lane(near.y) && schema.rows == RowsKind::Entities && schema.restricted)
        {
            return Err(BadSchema("a position that is not there"));
        }
    }
    if schema.restricted && schema.rows.is_fixed() && schema.rows.owner().is_none() {
        return Err(BadSchema("single values that not all may see"));
    }
    let moves =
        |group: &Group| std::iter::repeat_n(-i32::from(group.coding != Coding::Hold), group.len);
    let moves: Vec<i32> = groups.iter().flat_map(moves).collect();
    Ok(TableLayout {
        moves: moves.repeat(BLOCK),
        rows: schema.rows,
        width: lanes.len(),
        tolerant: groups.iter().filter(|group| group.tolerance > 0).cloned().collect(),
        mask_bits: MaskBits {
            count: (groups.len() + schema.texts.len()) as u32,
            moving: (0..).zip(&groups).fold(0, |moving, (number, group)| {
                moving | u64::from(group.coding != Coding::Hold) << number
            }),
        },
        group_bits: ones(groups.len() as u32),
        groups,
        texts: schema
            .texts
            .iter()
            .map(|text| TextLayout { max: text.max as usize, utf8: text.utf8 })
            .collect(),
        restricted: schema.restricted,
        near: schema.near,
        near_step: schema.near.map_or(1.0, |near| match lanes[usize::from(near.x)].kind {
            LaneKind::Step(bits) => f64::from_bits(bits),
            _ => 1.0,
        }),
        slots_max,
        owned: Vec::new(),
        widths: lanes.iter().map(width).collect(),
    })
}

fn width(lane: &LaneSchema) -> Width {
    let (bits, signed) = match &lane.kind {
        LaneKind::Angle(bits) | LaneKind::QuatPart(bits) => (*bits, true),
        LaneKind::Bool | LaneKind::Some => (1, false),
        LaneKind::Quat(_) => (2, false),
        LaneKind::Range { most, .. } => ((32 - most.leading_zeros()).max(1) as u8, false),
        LaneKind::Variant(names) => {
            let last = names.len().saturating_sub(1) as u32;
            ((32 - last.leading_zeros()).max(1) as u8, false)
        }
        _ => (0, false),
    };
    let most = match lane.kind {
        LaneKind::Range { most, .. } => most,
        _ => u32::MAX,
    };
    Width { bits, signed, most }
}

fn group(lanes: &[LaneSchema], start: usize) -> Result<Group, BadSchema> {
    if lanes.len() > GROUP_LANES_MAX {
        return Err(BadSchema("too many lanes in a group"));
    }
    let (coding, shift) = match &lanes[0].kind {
        LaneKind::Quat(bits) => {
            let parts = lanes[1..].iter().all(|lane| lane.kind == LaneKind::QuatPart(*bits));
            if !(parts && lanes.len() == 4 && QUAT_BITS.contains(bits)) {
                return Err(BadSchema("a quaternion that is none"));
            }
            (Coding::Quat((1 << (bits - 1)) - 1), 0)
        }
        first => {
            let bits = match first {
                LaneKind::Angle(bits) if (1..=24).contains(bits) => u32::from(*bits),
                LaneKind::Angle(_) => return Err(BadSchema("an angle of 0 or over 24 bits")),
                _ => 32,
            };
            let alike = |lane: &LaneSchema| match lane.kind {
                LaneKind::Angle(other) => u32::from(other) == bits,
                LaneKind::Quat(_) | LaneKind::QuatPart(_) => false,
                _ => bits == 32,
            };
            if !lanes.iter().all(alike) {
                return Err(BadSchema("a group of different kinds"));
            }
            let coding = match lanes[0].predict {
                Predict::Hold => Coding::Hold,
                Predict::Linear => Coding::Linear,
            };
            (coding, 32 - bits)
        }
    };
    let tolerance = lanes.iter().map(|lane| lane.tolerance).min().unwrap_or(0).min(1 << 20);
    Ok(Group { start, len: lanes.len(), coding, shift, tolerance })
}

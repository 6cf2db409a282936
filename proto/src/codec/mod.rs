//! # The state codec
//!
//! How the state of a frame is written, complete enough to write a decoder in another language.
//!
//! ## Rows
//!
//! A [`Schema`](crate::Schema) lists tables. A row of a table has so many *lanes* (`i32`) and
//! *texts* (bytes). How rows come and go is the table's [`RowsKind`](crate::schema::RowsKind):
//!
//! - `Single`: table 0 and only it has one row, at slot 0 with generation 0, always.
//! - `Entities`: a row is in a slot (0 to 65,535) and has a generation that tells it apart from
//!   those that had the slot before.
//! - `Owned {of, each}`: row `r` of table `of` owns the slots from `r * each` on, `each` of them. A
//!   row has the generation of its owner. When its owner goes it goes too, with all that it owns
//!   itself, without being named: all this before the section of its own table is read.
//! - `Cells {of, each}`: as `Owned`, but all rows are there, first all zeros, as soon as their
//!   owner is. Never named as new or gone: where others are told apart by being new, cells are not,
//!   even if their owner is new.
//!
//! Lanes are in *groups*: a lane that is `joined` is in that of the lane before. A group is a
//! quaternion if its first lane is `Quat`; else it is `Linear` or `Hold` as its first lane's
//! `predict` says, in `Cells` always `Hold`. (A quaternion is one in `Cells` too.) The lanes of an
//! `Angle(b)` *wrap*: every sum or difference below, velocities too, is brought into −2^(b−1) to
//! 2^(b−1)−1. All other sums wrap at 32 bits.
//!
//! ## Predictors
//!
//! Of each row of all but `Cells` both ends also hold, all 0 at first:
//! per lane a *velocity*, per group a *context* (0 to 7), and a *last mask*: bit `g` is 1 if the
//! context of group `g` is not 0, and those of texts are 0. In `Cells` all are 0 whenever they are
//! asked for. A new row's are those that come with it, whatever its slot had before.
//!
//! What is *expected* of a lane is: `Hold`: the lane. `Linear`: lane + velocity. Of a quaternion:
//! its first lane; of the other three, lane + velocity.
//!
//! ## Numbers
//!
//! Bits are taken lowest first from bytes in their order. `bits(n)` is an unsigned number of `n`
//! bits, lowest bit first; `flag` is `bits(1)`.
//!
//! - `golomb(k)`: count `z` zeros up to a 1 (which is taken too), then `bits(k + z)`; the number is
//!   `2^(k+z) + bits − 2^k`. It fits 32 bits.
//! - `number(c)`: a symbol of code `c`, then its bits. Symbol 0 is the number 0; symbol `s` from 1
//!   to 17 is `2^(s−1) + bits(s−1)`; symbol 18 is `bits(32)`.
//! - `signed(c)`: `n = number(c)` as `n/2` if even, `−(n+1)/2` if odd.
//!
//! Codes are canonical Huffman codes: the lengths of the words by symbol are
//! [`lengths::LENGTHS`]; words of equal length are consecutive numbers in the order of symbols, the
//! next length goes on with (last word + 1) · 2 for each bit more, from the word of zeros on. The
//! highest bit of a word is sent first. No word has more than 10 bits, and no bits are none. The
//! codes by number:
//!
//! | codes | for |
//! |---|---|
//! | 0–7 | residuals of a group of several lanes (and of a quaternion) in context 0–7 |
//! | 8–15 | residuals of a group of one lane in context 0–7 |
//! | 16 | differences that nothing was predicted for |
//! | 17 | velocities |
//! | 18 | whole values |
//! | 19–22 | gaps between slots |
//!
//! ## A state
//!
//! It is a *step* (from the frame before), or a *change* (from the frame that the client has,
//! which is older), or whole: a change from the state in which there are only the `Single` row and
//! the `Cells` that it owns, all zeros, no predictors. (The body's first byte says which, see
//! [`crate::frame::write_body_head`].) For each table of the schema in order a *section*; zeros up
//! to the end of the byte; then the texts. What happens in a section happens in its order: a slot
//! may be gone and new in one. *Slots between* counts all slots, empty ones too, between this one
//! and the one before in the same list; for the first, those before it.
//!
//! ```text
//! section:   flag                     0: nothing of this table, and the section ends
//!            bits(2)                  how changed rows are named: 0 none changed, 1, 2, 3 see below
//!            flag, flag               are rows gone? are rows new? (not in Single and Cells: no)
//!            gone, if any:            golomb(2) + 1 of them, ascending by slot; each:
//!              golomb(2)              slots between
//!              flag                   only in a step and a `restricted` table: 1 it is no more,
//!                                     0 it is out of sight
//!            new, if any:             golomb(2) + 1 of them, ascending by slot; each:
//!              golomb(1)              slots between
//!              golomb(3)              its generation; only of Entities
//!              row
//!            changed, by how they are named:
//!              1                      golomb(3) + 1 of them; bits(2) the code c; each:
//!                                     number(19 + c) slots between, then its record
//!              2                      for each row that is not new, ascending: flag; if 1 its record
//!              3                      for each row that is not new, ascending: its record
//!
//! row:       for each lane:           if it is of 1 or 2 bits: that many bits; else
//!                                     flag; 1: as in the new row before in this section (the
//!                                     first: 0)
//!                                     0: bits(w) if its width w is known, else signed(18)
//!            predictor                not in Cells
//!            for each text:           flag: 1 it is not empty, and is among the texts at the end
//!
//! predictor: flag                     0: all 0
//!            for each group:          bits(3) context; and unless it holds, for each lane (of a
//!                                     quaternion but the first): signed(17) velocity
//!
//! record of a step:
//!            mask                     bit g: group g is not as expected; the texts follow the
//!                                     groups. It is never 0.
//!            for each group in it:    residuals
//!
//! record of a change:                 (of cells that are new: from zeros)
//!            any mask                 which groups and texts differ; may be 0
//!            for each group in it:    residuals by code 16, expected: the lanes as they are
//!            predictor                not in Cells
//! ```
//!
//! Widths of lanes: `Bool`, `Some` 1; `Quat` 2; `Variant` and `Range` the bits of the greatest
//! value (at least 1); `Angle(b)`, `QuatPart(b)` b bits, the highest the sign. Others are not known.
//! The greatest value of a `Variant` is the number of its names less 1.
//!
//! `residuals` of a group with context `x`, whose code `c` is `x`, or `8 + x` if it has one lane:
//! for each lane `signed(c)`, to be added to what is expected. Of a quaternion: the first symbol of
//! code `c` is 18 if its first lane changes: then `bits(2)` is that lane (another than before),
//! the expectation is *turned* (below), and the three residuals are `signed(16)`. Else the symbol
//! starts the first of three residuals `signed(c)` (which never needs 18 itself: parts have at most
//! 15 bits). No part of a quaternion of `b` bits may be over `M = 2^(b−1) − 1` either way; what is
//! expected may, and then a record says otherwise.
//!
//! After a step's record, for each group in the mask: its velocity is its change (of a group that
//! does not hold; of a quaternion that turned: from the turned lanes before; the first lane's is
//! 0), and its context the bits of its largest zig-zag residual, 7 if more (zig-zag: 0, −1, 1, −2
//! are 0, 1, 2, 3; of a quaternion that turned the change of the first lane, new less old, counts
//! too). Groups that are not in the mask become what was expected, keep their velocity, and get
//! context 0. So do, in a step, all groups of all rows that have no record and are not new, also in
//! tables of which the section says nothing. In a change, rows without a record keep everything.
//!
//! *Turned*: with the old lanes `i, a, b, c` and velocities (in a change: 0): clamp each of the three
//! parts + velocity to ±M, let `d` be the root of `2M² − (sum of squares)`, rounded down, 0 if that
//! is below 0. Put `d` at place `i` of four and the three parts at the others in order. If the
//! value at the new place is below 0, negate all. The other three, clamped to ±M, are expected.
//! For the velocity after a turn, the same with velocities of 0.
//!
//! `mask` of `m` bits (groups and texts of the table): if `m` is 1 it is 1. If `m` is at most 4:
//! expected is the last mask; if that is not 0: flag; 1: it is the mask. Else number the masks from
//! 1 to 2^m − 1 without the expected one (if that is not 0) from 0 on: the number, in the bits of
//! the greatest.
//!
//! If `m` is over 4: the groups that do not hold are *moving*, the other groups and the texts
//! *resting*. Expected are the moving ones of the last mask; if there are any: flag; 1: it is the
//! mask. Else a bit for each moving group, in order; then, if there are resting ones and the mask
//! is not 0 so far: flag, whether any of them changed. If so, or if the mask is 0 so far: flag; 0:
//! one of them only, its place among them in as many bits as their number less 1 has; 1: a bit for
//! each of them.
//!
//! `any mask`: if `m` is at most 4: `bits(m)`. Else a bit for each moving group; if there are
//! resting ones: flag, whether any of them changed; if so, as above.
//!
//! The texts at the end, in the order in which rows and records of all sections named them (in a
//! record from its lowest mask bit up): a varint length (LEB128), at most the `max` of the schema,
//! and the bytes, UTF-8 if the schema says so. Nothing follows.
//!
//! ## What a decoder refuses
//!
//! Rows that are gone or change and are not there; rows that are new where one is, or without an
//! owner; slots beyond the table's; generations over 65,535; masks that are 0 or have bits beyond
//! `m`, but for `any mask` 0; a quaternion that turns to the component it has, or a part over `M`;
//! numbers that do not fit; bits that are not there; anything but zeros before the texts. Also a
//! state over [`ROWS_BYTES_MAX`](crate::ROWS_BYTES_MAX) bytes: a slot costs 4 bytes a lane, 24 a text
//! and 4 more, from slot 0 to the highest that was ever in use. This is counted when a table gets
//! longer: all tables as they are so far, and twice this one with its new slot. The bytes of all
//! texts, counted by themselves, may be as many. (A server keeps to half of that, and does not send
//! what a decoder might refuse.)
//!
//! ## Viewers that do not see everything
//!
//! Rows of `restricted` tables have, for each viewer, slots and generations of its own. A row that
//! comes into its sight is new, with the predictor that all hold who see it already after this
//! frame; one that goes out of sight is gone. A decoder need not know of this: whether a row that
//! is gone is no more changes nothing in the state, but a game may show it.

mod advance;
pub mod bits;
pub(crate) mod block;
pub mod body;
mod changes;
pub mod code;
mod group;
pub mod lengths;
pub(crate) mod mask;
pub mod predict;
mod record;
pub mod replica;
mod rest;
mod row;
pub mod section;
pub mod sighted;
mod slots;
pub mod step;
#[cfg(feature = "train")]
pub mod train;

pub use body::{Viewer, put_change_body, put_step_body};
pub use mask::MaskBits;
pub use replica::Mirror;
pub use sighted::{Member, Members, view_hash, visible};
pub use step::{Snapshot, Step, advance};

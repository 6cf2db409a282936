//! What a learner is told of one room after a step: one record of fixed size, the same fields in the
//! same places for all rooms.

use greenroom::training::TrainingRoom;
use serde::Serialize;

use super::controls::Controls;
use super::observed::{Column, Observed};

/// Records start at multiples of this.
const ALIGN: usize = 8;

/// A field of one.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Field {
    pub(super) name: String,
    /// What it is: an observation, or something about the step.
    pub(super) kind: Kind,
    /// In numpy's words.
    pub(super) dtype: &'static str,
    pub(super) shape: Vec<usize>,
    /// Bytes from the start of the record.
    pub(super) offset: usize,
    /// Of an observation, what its last axis has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) columns: Vec<Column>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    Observation,
    Step,
}

/// Where the fields are that are about the step.
#[derive(Clone, Copy, Debug, Default)]
struct Places {
    hash: usize,
    tick: usize,
    episode: usize,
    winner: usize,
    left_out: usize,
    rewards: usize,
    views: usize,
    masks: usize,
    to_act: usize,
    terminated: usize,
    truncated: usize,
}

/// Where everything is in a record.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) tables: Vec<Observed>,
    pub(super) fields: Vec<Field>,
    /// Of a record.
    pub(super) bytes: usize,
    pub(super) agents: usize,
    /// All agents see the same, so that it is told once.
    pub(super) shared: bool,
    mask: usize,
    /// Of the tables of one view, and so how far apart two are.
    pub(super) view_bytes: usize,
    places: Places,
}

/// What is told of a step beside what is seen.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Told {
    /// Of the room, where the match is over; else 0.
    pub(super) hash: u64,
    pub(super) tick: u32,
    pub(super) episode: u32,
    /// Number of the player; 0 for nobody, -1 while the match goes on.
    pub(super) winner: i32,
    /// Rows that there was no place for, over all views.
    pub(super) left_out: u32,
    pub(super) rewards: Vec<f32>,
    pub(super) to_act: Vec<bool>,
    pub(super) terminated: Vec<bool>,
    pub(super) truncated: bool,
}

impl Record {
    pub(super) fn new(
        tables: Vec<Observed>,
        controls: &Controls,
        agents: usize,
        shared: bool,
    ) -> Self {
        let mut fields = Fields { all: Vec::new(), at: 0 };
        let hash = fields.add("hash", "<u8", &[]);
        let tick = fields.add("tick", "<u4", &[]);
        let episode = fields.add("episode", "<u4", &[]);
        let winner = fields.add("winner", "<i4", &[]);
        let left_out = fields.add("rows_left_out", "<u4", &[]);
        let rewards = fields.add("rewards", "<f4", &[agents]);
        let (views, count) = (fields.at, if shared { 1 } else { agents });
        let view_bytes: usize = tables.iter().map(|table| fields.observation(table, count)).sum();
        fields.at = views + view_bytes * count;
        let masks = fields.add("action_mask", "|b1", &[agents, controls.mask]);
        let to_act = fields.add("to_act", "|b1", &[agents]);
        let terminated = fields.add("terminations", "|b1", &[agents]);
        let truncated = fields.add("truncated", "|b1", &[]);
        Record {
            bytes: fields.at.next_multiple_of(ALIGN),
            fields: fields.all,
            tables,
            agents,
            shared,
            mask: controls.mask,
            view_bytes,
            places: Places {
                hash,
                tick,
                episode,
                winner,
                left_out,
                rewards,
                views,
                masks,
                to_act,
                terminated,
                truncated,
            },
        }
    }

    /// The bytes of an agent's view in a record; all have the first where it is shared.
    pub(super) fn view<'r>(&self, record: &'r mut [u8], agent: usize) -> &'r mut [u8] {
        let start = self.places.views + agent * self.view_bytes;
        &mut record[start..start + self.view_bytes]
    }

    /// Writes what is not seen.
    pub(super) fn tell(&self, told: &Told, record: &mut [u8]) {
        let places = &self.places;
        let mut put = |at: usize, bytes: &[u8]| record[at..at + bytes.len()].copy_from_slice(bytes);
        put(places.hash, &told.hash.to_le_bytes());
        put(places.tick, &told.tick.to_le_bytes());
        put(places.episode, &told.episode.to_le_bytes());
        put(places.winner, &told.winner.to_le_bytes());
        put(places.left_out, &told.left_out.to_le_bytes());
        for agent in 0..self.agents {
            put(places.rewards + 4 * agent, &told.rewards[agent].to_le_bytes());
            put(places.to_act + agent, &[told.to_act[agent].into()]);
            put(places.terminated + agent, &[told.terminated[agent].into()]);
        }
        put(places.truncated, &[told.truncated.into()]);
    }

    /// Writes which values the agents may choose; those whose turn it is not, any.
    pub(super) fn mask(&self, room: &dyn TrainingRoom, told: &Told, record: &mut [u8]) {
        let mut allowed = vec![true; self.mask];
        for agent in 0..self.agents {
            allowed.fill(true);
            if told.to_act[agent] {
                room.mask(super::player(agent), &mut allowed);
            }
            let start = self.places.masks + agent * self.mask;
            for (out, allowed) in record[start..].iter_mut().zip(&allowed) {
                *out = (*allowed).into();
            }
        }
    }
}

struct Fields {
    all: Vec<Field>,
    at: usize,
}

impl Fields {
    fn add(&mut self, name: &str, dtype: &'static str, shape: &[usize]) -> usize {
        let bytes: usize = match dtype {
            "<u8" => 8,
            "|b1" => 1,
            _ => 4,
        };
        let offset = self.at;
        self.at += bytes * shape.iter().product::<usize>();
        self.all.push(Field {
            name: name.to_owned(),
            kind: Kind::Step,
            dtype,
            shape: shape.to_vec(),
            offset,
            columns: Vec::new(),
        });
        offset
    }

    /// A table, behind those before it in the first view; returns its bytes in one view.
    fn observation(&mut self, table: &Observed, views: usize) -> usize {
        let (rows, columns) = (table.rows, table.columns.len());
        self.all.push(Field {
            name: table.name.clone(),
            kind: Kind::Observation,
            dtype: "<f4",
            shape: match table.single {
                true => vec![views, columns],
                false => vec![views, rows, columns],
            },
            offset: self.at,
            columns: table.columns.clone(),
        });
        self.at += table.len() * 4;
        table.len() * 4
    }
}

//! A room's frames as its viewers get them.

use greenroom_proto::codec::{
    Member, Members, Snapshot, Step, Viewer, advance, put_change_body, put_step_body, view_hash,
    visible,
};
use greenroom_proto::frame::{Base, write_body_head, write_event, write_event_of, write_varint};
use greenroom_proto::{
    ChatLine, EventKind, HashCheck, Head, Layout, PlayerId, Replica, RoomEvent, Rows, Sight, Text,
    Tick, publish, wire,
};
use serde_json::{Value, json};

use crate::hex;
use crate::world::World;

/// A line of the chat, which goes with a frame.
fn line(number: usize) -> ChatLine {
    ChatLine {
        from: number.is_multiple_of(2).then_some(PlayerId(number as u32)),
        name: Text::cut("Žofie"),
        scope: number as u8,
        at: Tick(number as u32 * 100),
        // Also longer than a number of one byte says.
        text: Text::cut(&"gg 🦀 ".repeat(1 + number * 10 % 60)),
    }
}

/// The same as JSON.
fn shown(line: &ChatLine) -> Value {
    json!({
        "type": "Chat", "from": line.from.map(|player| player.0), "name": &*line.name,
        "scope": line.scope, "at": line.at.0, "text": &*line.text,
    })
}

/// The frames of a room, and their ticks' first.
pub struct Room {
    layout: Layout,
    first: u32,
    frames: Vec<Snapshot>,
    step: Step,
}

/// Somebody who gets frames.
pub struct Stream {
    pub name: &'static str,
    player: Option<PlayerId>,
    /// The frame that it has, counted from the room's first.
    has: Option<usize>,
    members: Members,
    /// Generations that slots of restricted tables had, by table and slot.
    generations: Vec<Vec<u16>>,
    replica: Replica,
    with_rows: bool,
    pub frames: Vec<Value>,
}

impl Room {
    pub fn new(layout: &Layout, first: u32) -> Self {
        Room { layout: layout.clone(), first, frames: Vec::new(), step: Step::default() }
    }

    pub fn tick(&mut self, world: &World) {
        let before = self.frames.last().cloned();
        let before = before.unwrap_or_else(|| Snapshot::initial(&self.layout));
        let mut now = Snapshot::default();
        now.publish(|rows| assert_eq!(publish(world, &self.layout, rows), 0));
        advance(&self.layout, &before, &mut now, &mut self.step);
        self.frames.push(now);
    }

    fn tick_of(&self, frame: usize) -> Tick {
        Tick(self.first.wrapping_add(frame as u32))
    }
}

impl Stream {
    pub fn new(name: &'static str, layout: &Layout, player: Option<u32>, with_rows: bool) -> Self {
        Stream {
            name,
            player: player.map(PlayerId),
            has: None,
            members: Members::default(),
            generations: vec![Vec::new(); layout.tables().len()],
            replica: Replica::new(layout.clone()),
            with_rows,
            frames: Vec::new(),
        }
    }

    /// Gets the room's last frame.
    pub fn take(&mut self, room: &Room, hashed: bool, whole: bool) {
        let number = room.frames.len() - 1;
        let (now, tick) = (&room.frames[number], room.tick_of(number));
        let members = self.see(&room.layout, now.rows());
        let has = self.has.filter(|_| !whole);
        let base = match has {
            None => Base::Nothing,
            Some(has) if has + 1 == number => Base::Step,
            Some(has) => Base::Older(room.tick_of(has)),
        };
        let nothing = Members(vec![Vec::new(); room.layout.tables().len()]);
        let before = if has.is_some() { &self.members } else { &nothing };
        let now_and_step = (now, &room.step);
        let viewer = match self.player {
            None => Viewer::All,
            Some(_) => Viewer::Some { before, now: &members },
        };
        let sees = self.player.map(|_| &members);
        let hash = view_hash(&room.layout, now, sees);
        let events = number % 3 == 1;
        let head =
            Head { applied: (number as u16).wrapping_mul(9001), slack: (number % 100) as i8 - 5 };
        let mut message = head.to_bytes(events).to_vec();
        if events {
            let first = 3 * number as u32;
            write_varint(3, &mut message);
            write_event(first, 1, b"", &mut message);
            write_event(first + 1, 0, &[number as u8; 3], &mut message);
            let said = wire::encode(&RoomEvent::Chat(line(number)));
            write_event_of(EventKind::Room, first + 2, 0, &said, &mut message);
        }
        write_body_head(base, tick, hashed.then_some(hash), &mut message);
        match has {
            None => {
                let initial = Snapshot::initial(&room.layout);
                put_change_body(&room.layout, &initial, now_and_step, viewer, &mut message);
            }
            Some(has) if has + 1 == number => {
                put_step_body(&room.layout, now_and_step, viewer, &mut message);
            }
            Some(has) => {
                put_change_body(
                    &room.layout,
                    &room.frames[has],
                    now_and_step,
                    viewer,
                    &mut message,
                );
            }
        }
        let rows = visible(&room.layout, now, sees);
        let frame = self.replica.apply(&message).expect("a frame of ours");
        assert_eq!(self.replica.rows(), &rows, "{} at {tick}", self.name);
        assert_eq!(frame.hash, if hashed { HashCheck::Agrees } else { HashCheck::Absent });
        let events: Vec<Value> = frame
            .events
            .iter()
            .map(|it| match it.kind {
                EventKind::Game => {
                    json!({"number": it.number, "tick": it.tick.0, "body": hex(&it.body)})
                }
                EventKind::Room => {
                    json!({"number": it.number, "tick": it.tick.0, "room": shown(&line(number))})
                }
            })
            .collect();
        let mut value = json!({
            "message": hex(&message),
            "tick": tick.0,
            "applied": head.applied,
            "slack": head.slack,
            "whole": frame.full,
            "base": match base { Base::Older(base) => Some(base.0), _ => None },
            "hashed": hashed,
            "events": events,
            "hash": hash,
        });
        if self.with_rows {
            value["rows"] = rows_of(&rows);
        }
        self.frames.push(value);
        (self.has, self.members) = (Some(number), members);
    }

    /// What it sees, by the slots that it knows already.
    fn see(&mut self, layout: &Layout, rows: &Rows) -> Members {
        let sight = Sight { player: self.player, ..Sight::default() };
        let mut members: Vec<Vec<Member>> = Vec::new();
        for (number, table) in layout.tables().iter().enumerate() {
            let mut seen: Vec<Member> = Vec::new();
            let of = &rows.tables()[number];
            let visible = (0..of.slots()).filter(|row| {
                table.restricted && of.row(*row).is_some() && sight.sees(of.seen(*row))
            });
            for row in visible {
                if let Some((owner, each)) = table.rows.owner() {
                    let each = each as usize;
                    let at = (row / each) as u32;
                    let above = if layout.tables()[owner].restricted {
                        members[owner].iter().find(|member| member.row == at).copied()
                    } else {
                        let rows = &rows.tables()[owner];
                        let generation = rows.row(at as usize).map_or(0, |(name, _)| name);
                        let birth = rows.birth(at as usize);
                        Some(Member { slot: at, row: at, birth, generation })
                    };
                    if let Some(above) = above {
                        let slot = above.slot * each as u32 + (row % each) as u32;
                        seen.push(Member { slot, row: row as u32, ..above });
                    }
                    continue;
                }
                let birth = of.birth(row);
                let had = self.members.of(number).iter();
                let had = had.copied().find(|it| it.row == row as u32 && it.birth == birth);
                if let Some(had) = had {
                    seen.push(had);
                    continue;
                }
                let taken = |slot: u32| {
                    seen.iter().any(|it| it.slot == slot)
                        || self.members.of(number).iter().any(|it| it.slot == slot)
                };
                let slot = (0..).find(|slot| !taken(*slot)).unwrap_or(0);
                let generations = &mut self.generations[number];
                generations.resize(generations.len().max(slot as usize + 1), 0);
                generations[slot as usize] += 1;
                let generation = generations[slot as usize];
                seen.push(Member { slot, row: row as u32, birth, generation });
            }
            seen.sort_by_key(|member| member.slot);
            members.push(seen);
        }
        Members(members)
    }
}

/// Per table the rows: slot, generation, lanes, texts.
fn rows_of(rows: &Rows) -> Value {
    let tables = rows.tables().iter().map(|table| {
        let rows = (0..table.slots()).filter_map(|slot| {
            let (generation, lanes) = table.row(slot)?;
            let texts: Vec<String> = table.texts(slot).iter().map(|text| hex(text)).collect();
            Some(json!([slot, generation, lanes, texts]))
        });
        rows.collect::<Vec<Value>>()
    });
    json!(tables.collect::<Vec<_>>())
}

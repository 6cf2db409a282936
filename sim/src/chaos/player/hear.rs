//! What a client makes of what has arrived, and what of that must not be.

use std::collections::BTreeMap;
use std::rc::Rc;

use greenroom::proto::{
    CloseCode, EventKind, HashCheck, Joined, PlayerId, Refusal, Replica, RoomEvent, ToClient,
    recover, wire,
};

use super::super::broken::{Broken, broken, holds};
use super::super::host::conn::token_of;
use super::super::wires::{Down, Expected};
use super::super::yard::{Card, Event, Pawn, Reply, State};
use super::{ACK_EVENTS, Phase, Player};

impl Player {
    /// Something has arrived.
    pub(in super::super) fn hear(&mut self, down: Down) -> Result<(), Broken> {
        match down {
            Down::Frame(bytes, expected) => {
                self.note(&bytes);
                self.frame(&bytes, &expected)
            }
            Down::Control(bytes) => {
                self.note(&bytes);
                match bytes.split_first().map(|(_, rest)| wire::decode::<ToClient>(rest)) {
                    Some(Ok(message)) => self.control(message),
                    _ => broken("what the server says is read", "a control message is not"),
                }
            }
            Down::Close(code) => {
                if code == CloseCode::RoomFailed {
                    self.lose_seat();
                }
                self.broke();
                Ok(())
            }
        }
    }

    fn note(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.digest = self.digest.rotate_left(7);
    }

    fn control(&mut self, message: ToClient) -> Result<(), Broken> {
        match message {
            ToClient::Joined(joined) => self.joined(&joined),
            ToClient::Refused { id, why, .. } => self.refused(id, why),
            ToClient::Reply { id, body } => {
                // A line is answered by nothing.
                if self.open.remove(&id) == Some(None) && body.is_empty() {
                    return Ok(());
                }
                let reply: Reply = match wire::decode(&body) {
                    Ok(reply) => reply,
                    Err(error) => return broken("what the server says is read", error),
                };
                holds(reply.id == id && !reply.again, "a request is done once", || {
                    format!("client {} is answered {reply:?} to request {id}", self.number)
                })
            }
            ToClient::Left => {
                self.lose_seat();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn joined(&mut self, joined: &Joined) -> Result<(), Broken> {
        let promise = "who asks for a seat gets that seat";
        let resumes = match self.phase {
            Phase::Joining(id) if id == joined.id => false,
            Phase::Resuming(id) if id == joined.id => true,
            other => return broken(promise, format!("{other:?}, and joined by {}", joined.id)),
        };
        let Some(token) = token_of(&joined.token) else { return broken(promise, "no token") };
        if resumes {
            let own = self.token.map(|(player, _)| player);
            holds(own == Some(joined.player), promise, || {
                format!("{own:?} comes back as {}", joined.player)
            })?;
            holds(
                self.forgets || joined.events == self.events,
                "events go on without a gap",
                || {
                    format!(
                        "client {} has {}, the room goes on after {}",
                        self.number, self.events, joined.events
                    )
                },
            )?;
            if std::mem::take(&mut self.forgets) | self.undone {
                (self.word, self.bell, self.line) = (None, None, None);
            }
        } else {
            self.replica = Replica::new(self.layout.clone());
            (self.word, self.bell, self.line) = (Some(0), None, None);
            self.tokens.clear();
            self.newest_request = 0;
        }
        self.token = Some(token);
        self.tokens.push(token);
        self.events = joined.events;
        self.phase = Phase::Seated;
        if resumes {
            self.confirm();
            let open: Vec<_> = self.open.iter().map(|(id, wish)| (*id, *wish)).collect();
            open.into_iter().for_each(|(id, wish)| self.request(id, wish));
        }
        Ok(())
    }

    fn refused(&mut self, id: u32, why: Refusal) -> Result<(), Broken> {
        match self.phase {
            Phase::Joining(asked) if asked == id => {
                self.phase = Phase::Away;
                match why {
                    Refusal::RoomFull | Refusal::Game | Refusal::Failed | Refusal::UnknownRoom => {
                        Ok(())
                    }
                    _ => broken("an honest client is heard", format!("its join: {why:?}")),
                }
            }
            Phase::Resuming(asked) if asked == id => {
                self.phase = Phase::Away;
                match why {
                    Refusal::SeatGone => self.lose_seat(),
                    Refusal::OtherAccount if self.undone => self.lose_seat(),
                    // The room ended before it came to the seat.
                    Refusal::Failed => {}
                    Refusal::TooFarBehind => self.forgets = true,
                    _ => {
                        let found = format!("client {} by its newest token: {why:?}", self.number);
                        return broken("the newest token gives the seat back", found);
                    }
                }
                Ok(())
            }
            _ => {
                self.open.remove(&id);
                Ok(())
            }
        }
    }

    fn lose_seat(&mut self) {
        self.token = None;
        self.tokens.clear();
        self.open.clear();
        (self.forgets, self.undone) = (false, false);
        self.phase = Phase::Away;
    }

    fn frame(&mut self, bytes: &[u8], expected: &Rc<Expected>) -> Result<(), Broken> {
        let who = self.number;
        let frame = match self.replica.apply(bytes) {
            Ok(frame) => frame,
            Err(error) => {
                return broken(
                    "a frame brings its client forward",
                    format!("client {who}: {error}"),
                );
            }
        };
        self.frames += 1;
        self.undone = false;
        let same = frame.tick == expected.tick
            && frame.hash != HashCheck::Differs
            && *self.replica.rows() == expected.rows;
        holds(same, "a replica is what its room published", || {
            format!("client {who} in {}: the hash {:?}", expected.tick, frame.hash)
        })?;
        let state: State = match recover(self.replica.rows(), &self.layout) {
            Some(state) => state,
            None => return broken("a replica is what its room published", "it is no state"),
        };
        holds(is_same(&state, &expected.state), "a client sees what it may, and no more", || {
            format!("client {who} in {}: {state:?} and not {:?}", expected.tick, expected.state)
        })?;
        for event in frame.events {
            let next = self.events.wrapping_add(1);
            holds(event.number == next, "events go on without a gap", || {
                format!("client {who} got {} after {}", event.number, self.events)
            })?;
            self.events = next;
            self.unconfirmed += 1;
            let read = match event.kind {
                EventKind::Game => wire::decode(&event.body).map(|event| self.event(event)),
                EventKind::Room => wire::decode(&event.body).map(|event| self.line(&event)),
            };
            match read {
                Ok(heard) => heard?,
                Err(error) => return broken("what the server says is read", error),
            }
        }
        if self.unconfirmed >= ACK_EVENTS {
            self.confirm();
        }
        Ok(())
    }

    fn line(&mut self, event: &RoomEvent) -> Result<(), Broken> {
        let RoomEvent::Chat(line) = event;
        let number: u32 = line.text.parse().unwrap_or_default();
        let (before, who) = (self.line.replace(number), self.number);
        holds(before.is_none_or(|before| before + 1 == number), "each line is heard once", || {
            format!("client {who} heard line {number} after {before:?}")
        })
    }

    fn event(&mut self, event: Event) -> Result<(), Broken> {
        let (counted, number) = match event {
            Event::Word(number) => (&mut self.word, number),
            Event::Bell(number) => (&mut self.bell, number),
        };
        let before = counted.replace(number);
        let who = self.number;
        holds(before.is_none_or(|before| before + 1 == number), "each event comes once", || {
            format!("client {who} heard {event:?} after {before:?}")
        })
    }
}

/// Whether both hold the same entities, wherever in their tables.
fn is_same(one: &State, other: &State) -> bool {
    fn pawns(state: &State) -> BTreeMap<PlayerId, &Pawn> {
        state.pawns.values().map(|pawn| (pawn.owner, pawn)).collect()
    }
    fn cards(state: &State) -> BTreeMap<u32, &Card> {
        state.cards.values().map(|card| (card.id, card)).collect()
    }
    (one.round, one.wind) == (other.round, other.wind)
        && one.pawns.len() == other.pawns.len()
        && one.cards.len() == other.cards.len()
        && pawns(one) == pawns(other)
        && cards(one) == cards(other)
}

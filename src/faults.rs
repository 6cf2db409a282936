//! Faults that are asked for, to see what comes of them: `greenroom serve --dev-faults LIST`, or
//! [`Config::dev`](crate::config::Dev) in a test.
//!
//! ```sh
//! greenroom serve --dev-faults panic-room=every:400,kill-connection=every:500,kill-lobby=every:20
//! ```
//!
//! Each is one that the server claims to survive. It is for trying that out: never where strangers
//! connect, which is why a server that listens off loopback refuses it.
//!
//! | fault | counts | what it does | what should be seen |
//! |---|---|---|---|
//! | `panic-room=every:N` | steps of a room | the game panics as over a request | the room is brought back without that (one restart): one whole state, nothing lost |
//! | `panic-tick=every:N` | steps of a room | the tick panics, unless its random numbers are others | the step is made with others (one restart) |
//! | `fail-tick=every:N` | steps of a room | the tick panics whatever is done | the step is left out, the game's `recovered` is called (two restarts) |
//! | `panic-state=every:N` | steps of a room | the game panics when its state is asked for, for a frame | as `panic-tick`; nothing in a step without a frame |
//! | `hang-room=every:N:TIME` | steps of a room | a step takes so much longer | no other room is late; past `step_timeout_ms` the thread is given up and the room brought back without that |
//! | `kill-connection=every:N` | messages of a connection | its actor is killed | its client comes back by itself, with its seat |
//! | `panic-reader=every:N` | messages of a connection | the task that reads panics | the same |
//! | `cut-frame=every:N` | messages to a connection | half a message, then the connection ends | the same |
//! | `kill-lobby=every:N` | seats that it was asked for | it is killed when it has found the seat and not said so, never twice over the same | whoever asks for a seat gets one, a moment later |
//! | `panic-lobby=every:N` | the same | it panics then | the same |
//! | `kill-journal=WHEN` | time | the journal's actor is killed | nothing: rooms are kept on |
//! | `panic-journal=WHEN` | time | the thread that writes the journal panics | matches go on, nothing is kept for a second; then each begins anew in the journal |
//! | `kill-rooms=WHEN` | time | a supervisor of rooms is killed, the next one each time | its rooms are brought back: one whole state |
//! | `kill-connections=WHEN` | time | a supervisor of connections is killed, the next one each time | its clients come back by themselves |
//! | `kill-results=WHEN` | time | the actor that writes results is killed | each result is in the file once |
//! | `kill-replays=WHEN` | time | the actor of the kept replays is killed | nothing: they are written on |
//! | `kill-listener=WHEN` | time | the listener is killed | who connects meanwhile waits in the backlog |
//! | `kill-process=after:TIME` | time | the process ends, as by `kill -9` | the next one with the same `--state-dir` goes on with all matches |
//!
//! `N` is a whole number, `TIME` a number with `ms` or `s`, `WHEN` is `every:TIME` or `after:TIME`
//! (once). What is counted is counted for each room and connection by itself, and spread: not all
//! fail at once. A connection strikes once, after a number of messages between half of N and one
//! and a half times that; the one with which its client comes back counts anew.
//!
//! Whoever asks for more than is allowed gets that too: a room that is brought back more often than
//! `restarts_max` in `restart_period_secs` ends, and so does a server in which more than ten of the
//! actors below its root die within ten seconds.
//!
//! A server that is asked for any of them also lets its operator have a room panic, by a button in the
//! console.
//!
//! Faults in a room are commands in its log: a crash file and a replay have them in the same step,
//! and what was decided about them. What else fails follows from counts too, but not from the log:
//! it is the world around the rooms.

mod parse;
mod when;

use greenroom_proto::{RoomId, Tick};

pub use self::parse::FaultsError;
pub use self::when::{Every, Hang, Timed};
use crate::room::fault::RoomFault;

/// Makes the struct, its parser and its text from one list.
macro_rules! faults {
    ($( $(#[doc = $what:literal])+ $field:ident: $When:ty = $name:literal; )+) => {
        /// Faults that are asked for; none by default. The [module page](self) says what each does.
        #[derive(Clone, PartialEq, Eq, Debug, Default)]
        pub struct Faults {
            $( $(#[doc = $what])+ pub $field: Option<$When>, )+
        }

        impl Faults {
            /// All faults: the name, what to write behind it, what it does.
            pub const ALL: &[(&str, &str, &str)] =
                &[$( ($name, <$When as when::When>::FORM, concat!($( $what ),+)), )+];

            /// Sets the fault of this name; `false` if there is none.
            fn set(&mut self, name: &str, when: &str) -> Result<bool, FaultsError> {
                match name {
                    $( $name => parse::put(&mut self.$field, name, when)?, )+
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// The names of those that are asked for, and when.
            fn asked(&self) -> Vec<(&'static str, String)> {
                let mut asked = Vec::new();
                $( asked.extend(self.$field.map(|when| ($name, when.to_string()))); )+
                asked
            }
        }
    };
}

faults! {
    /// A room panics as over a request.
    panic_room: Every = "panic-room";
    /// The tick of a room panics, unless its random numbers are others.
    panic_tick: Every = "panic-tick";
    /// The tick of a room panics whatever is done.
    fail_tick: Every = "fail-tick";
    /// A game panics when its state is asked for.
    panic_state: Every = "panic-state";
    /// A step of a room takes long.
    hang_room: Hang = "hang-room";
    /// The actor of a connection is killed.
    kill_connection: Every = "kill-connection";
    /// The task that reads from a connection panics.
    panic_reader: Every = "panic-reader";
    /// A message to a client is cut, and with it the connection.
    cut_frame: Every = "cut-frame";
    /// The lobby is killed while it answers.
    kill_lobby: Every = "kill-lobby";
    /// The lobby panics while it answers.
    panic_lobby: Every = "panic-lobby";
    /// The actor of the journal is killed.
    kill_journal: Timed = "kill-journal";
    /// The thread that writes the journal panics.
    panic_journal: Timed = "panic-journal";
    /// A supervisor of rooms is killed.
    kill_rooms: Timed = "kill-rooms";
    /// A supervisor of connections is killed.
    kill_connections: Timed = "kill-connections";
    /// The actor that writes results is killed.
    kill_results: Timed = "kill-results";
    /// The actor of the kept replays is killed.
    kill_replays: Timed = "kill-replays";
    /// The listener is killed.
    kill_listener: Timed = "kill-listener";
    /// The process is killed.
    kill_process: Timed = "kill-process";
}

impl Faults {
    /// Whether none is asked for.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Faults::default()
    }

    /// What fails in a room's step.
    pub fn of_step(&self, room: RoomId, step: Tick) -> impl Iterator<Item = RoomFault> + use<> {
        let due = move |every: Every, salt: u64| {
            let step = u64::from(step.0) + mixed(room.0 ^ salt) % u64::from(every.0);
            step.is_multiple_of(every.0.into())
        };
        let counted = [
            (self.panic_room, RoomFault::Panic),
            (self.panic_tick, RoomFault::Tick),
            (self.fail_tick, RoomFault::TickForGood),
            (self.panic_state, RoomFault::State),
        ];
        let hang = self
            .hang_room
            .map(|hang| (Some(hang.every), RoomFault::Hang { ms: hang.lasts.as_millis() as u32 }));
        (1..).zip(counted.into_iter().chain(hang)).filter_map(move |(salt, (every, fault))| {
            every.filter(|every| due(*every, salt)).map(|_| fault)
        })
    }
}

/// Counts the messages of one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Countdown {
    /// Messages until it strikes; 0: it has, or never will.
    left: u32,
}

impl Countdown {
    /// For the connection of this number; half of `every` at least, one and a half times that at
    /// most.
    #[must_use]
    pub fn of(every: Option<Every>, number: u64) -> Self {
        let spread = |every: Every| {
            let within = mixed(number) % u64::from(every.0);
            (every.0 / 2).saturating_add(within as u32).max(1)
        };
        Countdown { left: every.map_or(0, spread) }
    }

    /// Counts one; whether it is the one.
    pub fn strikes(&mut self) -> bool {
        let strikes = self.left == 1;
        self.left = self.left.saturating_sub(1);
        strikes
    }
}

/// Rooms and connections that follow each other are far apart.
fn mixed(number: u64) -> u64 {
    let mixed = (number ^ number >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_rooms_faults_come_every_so_many_steps_and_not_in_all_rooms_at_once() {
        let faults = Faults {
            panic_room: Some(Every(50)),
            hang_room: Some(Hang { every: Every(20), lasts: Duration::from_millis(30) }),
            ..Faults::default()
        };
        let mut first = BTreeMap::<u32, u32>::new();
        for room in (1..=200).map(|n| RoomId(n * 0x1_0001)) {
            let of = |step| faults.of_step(room, Tick(step)).collect::<Vec<_>>();
            let panics: Vec<_> =
                (1..=1000).filter(|step| of(*step).contains(&RoomFault::Panic)).collect();
            assert_eq!(panics.len(), 20);
            assert!(panics.windows(2).all(|pair| pair[1] - pair[0] == 50));
            *first.entry(panics[0]).or_default() += 1;
            let hangs = (1..=1000).filter(|step| of(*step).contains(&RoomFault::Hang { ms: 30 }));
            assert_eq!(hangs.count(), 50);
        }
        assert!(first.values().all(|rooms| *rooms < 20), "{first:?}");
        assert_eq!(Faults::default().of_step(RoomId(1), Tick(0)).count(), 0);
    }

    #[test]
    fn a_connection_strikes_once_about_where_it_should() {
        for number in 0..1000 {
            let mut countdown = Countdown::of(Some(Every(100)), number);
            let struck: Vec<_> = (1..=1000).filter(|_| countdown.strikes()).collect();
            assert!(struck.len() == 1 && (50..=150).contains(&struck[0]), "{struck:?}");
            assert!(Countdown::of(Some(Every(1)), number).strikes());
            assert!(!Countdown::of(None, number).strikes());
        }
    }
}

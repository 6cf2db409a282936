//! Players who are moved about while they come, go, break off and come back, in every order that chance
//! finds: whatever happens, each has one seat, and no room has more than it has. That also holds in the
//! next process, if this one dies at any moment: the rooms' journals may be as far as they are by then,
//! and are read in any order.

use std::collections::BTreeSet;
use std::io::Read;
use std::net::SocketAddr;

use greenroom_proto::{CloseCode, RoomId, Text, ToClient, frame, wire};
use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::account::{Account, Person};
use crate::config::Config;
use crate::directory::token::{Claim, KEY_BYTES, TokenKey};
use crate::directory::{Back, Directory};
use crate::game::{Ctx, Game, Never, Pace};
use crate::net::line::Line;
use crate::net::link::{Link, Standing};
use crate::options::NoOptions;
use crate::registry::Games;
use crate::rng::Rng;
use crate::room::saved::SavedMember;
use crate::room::{AnyRoom, Command};

const ROOMS: u64 = 3;
const CLIENTS: usize = 5;
const ACTIONS: u32 = 250;

/// A room with few seats, which lets one in so many in.
#[derive(Serialize, Deserialize)]
struct Hall;

impl Game for Hall {
    const NAME: &'static str = "hall";
    const SEATS: u32 = 4;
    type Options = NoOptions;
    type State = ();
    type Input = ();
    type Request = Never;
    type Reply = ();
    type Event = ();
    type Result = ();

    fn pace(_: &NoOptions) -> Pace {
        Pace::OnCommand
    }
    fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
        Hall
    }
    fn state(&self) -> &() {
        &()
    }
    fn join(&mut self, _: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        if ctx.rng().below(6) == 0 { Err("not today".to_owned()) } else { Ok(()) }
    }
}

/// A room, and the runner's part of it.
struct Stepped {
    record: Arc<RoomRecord>,
    room: Box<dyn AnyRoom>,
    effects: u32,
    kept: Kept,
    /// Those who were let in with the last step, and are still to change places.
    arrived: Vec<PlayerId>,
}

/// What the journal has of a room: a keyframe with the seats that there were then, and the steps since.
struct Kept {
    keyframe: Vec<u8>,
    members: Vec<SavedMember>,
    steps: Vec<Vec<Command>>,
}

impl Stepped {
    fn keep(&mut self) {
        self.settle();
        let members = self.record.members().saved(&self.record.inbox());
        self.kept = Kept { keyframe: self.room.keyframe(), members, steps: Vec::new() };
    }

    /// The room as the next process finds it.
    fn found(&self) -> Arc<RoomRecord> {
        let Stepped { record, kept: Kept { members, .. }, .. } = self;
        let (made_from, config) = ((record.entry.clone(), record.plan.clone()), Config::default());
        let found = RoomRecord::new(record.id, made_from, record.seed, &record.tokens, &config);
        let last = members.iter().map(|member| member.player.0).max().unwrap_or(0);
        super::super::lock(&found.booking).restore(members.len() as u32, last);
        members.iter().for_each(|member| found.inbox().restore(member.player, member.asked));
        found.members().restore(members.clone(), config.outbox.limits());
        found
    }

    /// Brings it back: what of that is not the game's.
    fn revive(&self, found: &Arc<RoomRecord>, directory: &Directory) {
        let mut room = found.entry.game.restore(&self.kept.keyframe).unwrap();
        for commands in &self.kept.steps {
            for command in commands {
                if let Command::Join { player, person, from } = command {
                    found.expect(*player, Arc::clone(person), from);
                }
            }
            let mut said = Vec::new();
            room.step(0, commands, &mut said);
            let (tick, limits) = (room.tick(), Config::default().outbox.limits());
            let mut members = found.members();
            said.iter().for_each(|said| members.hand_out(found, tick, said, limits));
        }
        found.members().reconcile(found, &room.seated());
        found.settle_moves(|id| directory.get(id));
    }

    fn step(&mut self) {
        self.let_in();
        self.settle();
    }

    /// A step up to where those who come from other rooms have their seats in the log, and have not
    /// changed places.
    fn let_in(&mut self) {
        self.settle();
        let (mut commands, mut said) = (Vec::new(), Vec::new());
        self.record.inbox().take(false, &mut commands);
        self.room.step(0, &commands, &mut said);
        self.kept.steps.push(commands);
        let (tick, limits) = (self.room.tick(), Config::default().outbox.limits());
        let mut members = self.record.members();
        for said in said {
            members.hand_out(&self.record, tick, &said, limits);
        }
        self.arrived = members.take_arrived();
    }

    /// The rest of it.
    fn settle(&mut self) {
        for player in std::mem::take(&mut self.arrived) {
            self.record.complete_arrival(player, self.room.tick());
        }
    }

    /// The backend or the game takes away the seat of somebody who is just being moved here.
    fn turn_back(&mut self, rng: &mut Rng) {
        if !self.arrived.is_empty() {
            let player = self.arrived[rng.below(self.arrived.len() as u32) as usize];
            assert!(self.record.kick(player));
        }
    }

    fn is_quiet(&self) -> bool {
        self.record.inbox().is_empty()
    }
}

/// A client with its end of the connection.
struct Played {
    /// As whom it plays. Who has left plays as somebody else.
    guest: u64,
    client: Arc<Client>,
    peer: std::net::TcpStream,
    came: Vec<u8>,
    /// Of the newest seat that it has heard of.
    token: Option<Claim>,
    connected: bool,
    /// It has asked to leave, and was not told yet that it has.
    leaving: bool,
    /// As whom it has left, and was told so.
    gone: Vec<u64>,
    attempt: u64,
    /// Its connections share one socket, each on a channel of its own: what is for an earlier one is lost.
    channel: u8,
    /// Counts the marks by which it knows that it has heard all.
    marks: u32,
}

struct World {
    directory: Directory,
    key: Arc<TokenKey>,
    rooms: Vec<Stepped>,
    clients: Vec<Played>,
    /// Seats that were found for somebody, of whom the other room has not been asked yet.
    found: Vec<(usize, u32, PlayerId, Booked)>,
    rng: Rng,
}

async fn connection(
    address: SocketAddr,
    listener: &TcpListener,
) -> (Arc<Link>, std::net::TcpStream) {
    let peer = TcpStream::connect(address).await.unwrap().into_std().unwrap();
    let tcp = listener.accept().await.unwrap().0;
    tcp.writable().await.unwrap();
    (Link::new(tcp, None), peer)
}

impl Played {
    /// Takes what was sent so far. A connection that is broken has lost it.
    fn hear(&mut self, key: &TokenKey) {
        self.marks += 1;
        let mark = Text::cut(&self.marks.to_string());
        self.client.line.control(&ToClient::Notice { text: mark.clone() });
        let mut bytes = [0; 4096];
        loop {
            if let Ok(count) = self.peer.read(&mut bytes) {
                self.came.extend_from_slice(&bytes[..count]);
            }
            while let Some((message, rest)) = split(&self.came) {
                let is_own = self.connected && message[1] == self.channel;
                let message: ToClient = wire::decode(&message[3..]).unwrap();
                self.came = rest.to_vec();
                match message {
                    ToClient::Joined(joined) | ToClient::Moved { joined, .. } if is_own => {
                        self.token = key.open(&joined.token);
                    }
                    ToClient::Left if is_own => {
                        self.gone.push(self.guest);
                        self.is_as_new();
                    }
                    ToClient::Refused { .. } if is_own && self.leaving => self.is_as_new(),
                    ToClient::Notice { text } if text == mark => return,
                    _ => {}
                }
            }
        }
    }

    fn is_as_new(&mut self) {
        (self.token, self.leaving) = (None, false);
        self.guest += CLIENTS as u64;
    }

    /// Says that it has arrived, or anything else that shows it has heard.
    fn say(&self) {
        if let Some(claim) = self.token {
            self.client.arrive(claim.room, claim.player);
        }
        if let Some(seat) = self.client.seat()
            && let Some(token) = self.client.confirms()
        {
            seat.confirm(token);
        }
    }
}

/// The first message of a server's frames, and what follows it.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match bytes {
        [_, 126, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        [_, length, rest @ ..] if *length < 126 => (usize::from(*length), rest),
        _ => return None,
    };
    let (message, rest) = rest.split_at_checked(length)?;
    assert_eq!((message[0], message[2]), (frame::CHANNEL, frame::CONTROL));
    Some((message, rest))
}

impl World {
    async fn new(seed: u64) -> Self {
        let (config, directory) = (Config::default(), Directory::default());
        let games = Games::new().add::<Hall>();
        let entry = games.get("hall").unwrap();
        let key = Arc::new(TokenKey::new(&[7; KEY_BYTES]));
        let rooms = (1..=ROOMS).map(|id| {
            let made_from = (entry.clone(), entry.game.plan("").unwrap());
            let record = RoomRecord::new(RoomId(id), made_from, seed + id, &key, &config);
            directory.insert(&record, usize::MAX).unwrap();
            let room = entry.game.create("", seed + id).unwrap();
            let (keyframe, members, steps) = (room.keyframe(), Vec::new(), Vec::new());
            let kept = Kept { keyframe, members, steps };
            Stepped { record, room, effects: 0, kept, arrived: Vec::new() }
        });
        let rooms: Vec<_> = rooms.collect();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut clients = Vec::new();
        for guest in 0..CLIENTS as u64 {
            let (link, peer) = connection(address, &listener).await;
            peer.set_nonblocking(true).unwrap();
            clients.push(Played {
                guest,
                client: Client::new(Line::new(link, 1)),
                peer,
                came: Vec::new(),
                token: None,
                connected: true,
                leaving: false,
                gone: Vec::new(),
                attempt: 0,
                marks: 0,
                channel: 1,
            });
        }
        World { directory, key, rooms, clients, found: Vec::new(), rng: Rng::new(seed) }
    }

    fn act(&mut self) {
        let number = self.rng.below(CLIENTS as u32) as usize;
        let place = self.rng.below(ROOMS as u32) as usize;
        match self.rng.below(17) {
            0..=2 => self.rooms[place].step(),
            3 => self.begin(place),
            4 => self.carry_on(),
            5 => self.breaks(number),
            6 | 7 => self.comes_back(number),
            8 if self.clients[number].connected => self.clients[number].hear(&self.key),
            9 if self.clients[number].connected => {
                self.clients[number].hear(&self.key);
                self.clients[number].say();
            }
            10 if self.rng.below(3) == 0 => self.leaves(number),
            11 => self.rooms[place].keep(),
            12 => self.dies(),
            13 => self.rooms[place].let_in(),
            14 => self.rooms[place].turn_back(&mut self.rng),
            15 if self.rng.below(2) == 0 => self.asks_to_leave(number),
            _ => self.joins(number, place),
        }
    }

    /// The game of this room wants somebody in another one, or in this one.
    fn begin(&mut self, place: usize) {
        let Stepped { record, room, effects, .. } = &mut self.rooms[place];
        let seated = room.seated();
        if seated.is_empty() {
            return;
        }
        *effects += 1;
        let player = seated[self.rng.below(seated.len() as u32) as usize];
        let (mover, effect) = (Mover::Game(*effects), *effects);
        let record = Arc::clone(record);
        for player in record.begin_move(&mover, &[player]) {
            let to = &self.rooms[(place + 1 + self.rng.below(2) as usize) % ROOMS as usize].record;
            match to.book_together(1) {
                Ok(booked) => {
                    self.found.extend(booked.into_iter().map(|b| (place, effect, player, b)))
                }
                Err(_) => record.moved(&mover, player, Err(Refusal::RoomFull)),
            }
        }
    }

    fn carry_on(&mut self) {
        if !self.found.is_empty() {
            let next = self.rng.below(self.found.len() as u32) as usize;
            let (place, effect, player, booked) = self.found.swap_remove(next);
            self.rooms[place].record.send_on(&Mover::Game(effect), player, booked);
        }
    }

    /// Whoever came last into the one room goes on to the other. `false`: its game has let nobody in.
    fn moves(&mut self, from: usize, to: usize) -> bool {
        let from = &mut self.rooms[from];
        from.effects += 1;
        let (mover, from) = (Mover::Game(from.effects), Arc::clone(&from.record));
        let Some(player) = from.members().seats().last().map(|seat| seat.player) else {
            return false;
        };
        assert_eq!(from.begin_move(&mover, &[player]), [player]);
        from.send_on(&mover, player, self.rooms[to].record.book().unwrap());
        self.rooms[to].step();
        from.members().seats().next().is_none()
    }

    /// The connection ends; what the client has not read by then, it never will. One that does not
    /// know yet that it has a seat would have lost it.
    fn breaks(&mut self, number: usize) {
        let played = &mut self.clients[number];
        if played.token.is_none() || played.leaving || !std::mem::take(&mut played.connected) {
            return;
        }
        if let Some(seat) = played.client.depart() {
            seat.break_off(&played.client);
        }
        played.hear(&self.key);
    }

    fn reconnects(&mut self, number: usize) {
        let played = &mut self.clients[number];
        if !played.connected {
            assert_ne!(played.client.line.standing(), Standing::Closing);
            played.channel = played.channel % 250 + 1;
            let link = Arc::clone(played.client.line.link());
            played.client = Client::new(Line::new(link, played.channel));
            played.connected = true;
        }
    }

    /// With the newest token that it has got. It must lead somewhere.
    fn comes_back(&mut self, number: usize) {
        let Some(claim) = self.clients[number].token.filter(|_| !self.clients[number].connected)
        else {
            return;
        };
        self.reconnects(number);
        let played = &mut self.clients[number];
        played.attempt += 1;
        let back = Back { attempt: played.attempt, tick: None, events: None };
        let account = Account::guest(played.guest);
        assert!(played.client.ask());
        let client = &played.client;
        let answer = self
            .directory
            .come_back(claim, |seat| seat.come_back((client, &account), claim, (1, true), back));
        assert_eq!(answer, Ok(()), "client {number} with {claim:?}");
    }

    /// Somebody without a seat takes one.
    fn joins(&mut self, number: usize, place: usize) {
        if self.clients[number].token.is_some() {
            return;
        }
        self.reconnects(number);
        let played = &mut self.clients[number];
        // It may be on the way already.
        played.hear(&self.key);
        if played.token.is_none() && played.client.ask() {
            match self.rooms[place].record.book() {
                Ok(booked) => {
                    let seat = booked.take();
                    played.client.hold(seat.clone());
                    seat.join(&played.client, Person::guest(played.guest), 1, true);
                }
                Err(_) => played.client.vacate(),
            }
        }
    }

    /// Asks to leave, and waits to be told that it has.
    fn asks_to_leave(&mut self, number: usize) {
        let played = &mut self.clients[number];
        if let Some(seat) = played.client.held().filter(|_| played.connected) {
            played.leaving = true;
            self.directory.leave(&seat);
        }
    }

    /// Closes as somebody who is done, and is as new afterwards.
    fn leaves(&mut self, number: usize) {
        let played = &mut self.clients[number];
        if !played.connected {
            return;
        }
        if let Some(seat) = played.client.depart() {
            self.directory.leave(&seat);
        }
        played.connected = false;
        played.hear(&self.key);
        played.is_as_new();
    }

    /// The process dies, and in the next one nobody has two seats, whoever has one finds it, and who was
    /// told that they have left has none: unless a room that they were moved out of long ago is still
    /// to learn of it. That process is looked at only: this one plays on.
    fn dies(&mut self) {
        let directory = Directory::default();
        let mut rooms: Vec<_> = self.rooms.iter().map(|room| (room, room.found())).collect();
        for last in (1..rooms.len()).rev() {
            rooms.swap(last, self.rng.below(last as u32 + 1) as usize);
        }
        let early = self.rng.below(ROOMS as u32 + 1) as usize;
        for (place, (room, found)) in rooms.iter().enumerate() {
            for (_, found) in rooms.iter().take(early.max(place + 1)) {
                let _ = directory.insert(found, usize::MAX);
            }
            room.revive(found, &directory);
        }
        let (mut seats, mut persons) = (BTreeSet::new(), BTreeSet::new());
        let gone = self.clients.iter().flat_map(|played| &played.gone);
        let gone: BTreeSet<_> = gone.map(|guest| Account::guest(*guest).id().clone()).collect();
        for (_, found) in &rooms {
            let members = found.members();
            for player in members.seats().map(|seat| seat.player) {
                seats.insert((found.id, player));
                let person = members.account_of(player).unwrap();
                let is_late = self.directory.forwards.is_going((found.id, player));
                assert!(is_late || !gone.contains(&person), "{person} has left and has a seat");
                assert!(persons.insert(person.clone()), "{person} has two seats");
            }
        }
        for (number, played) in self.clients.iter().enumerate() {
            let Some(claim) = played.token.filter(|_| !played.leaving) else { continue };
            let seat = directory.moved_to(claim.room, claim.player);
            let seat = seat.map_or((claim.room, claim.player), |seat| (seat.room.id, seat.player));
            assert!(seats.contains(&seat), "client {number} with {claim:?} does not find {seat:?}");
        }
    }

    fn check(&self) {
        for Stepped { record, .. } in &self.rooms {
            assert!(record.taken() <= Hall::SEATS, "{} seats", record.taken());
        }
    }

    /// All that is under way comes to its end, and everybody is back.
    fn settle(&mut self) {
        while !self.found.is_empty() {
            self.carry_on();
        }
        for _ in 0..4 {
            for _ in 0..6 {
                self.rooms.iter_mut().for_each(Stepped::step);
            }
            for number in 0..CLIENTS {
                self.clients[number].hear(&self.key);
                self.clients[number].say();
                self.comes_back(number);
            }
        }
        assert!(self.rooms.iter().all(Stepped::is_quiet));
        let mut seats = BTreeSet::new();
        for (number, played) in self.clients.iter().enumerate() {
            let seat = played.client.seat().map(|seat| (seat.room.id, seat.player));
            let heard = played.token.map(|claim| (claim.room, claim.player));
            assert_eq!(seat, heard, "client {number}");
            assert!(!played.leaving, "client {number} was never told that it has left");
            assert!(seat.is_none_or(|seat| seats.insert(seat)), "{seat:?} twice");
        }
        let mut there = BTreeSet::new();
        for Stepped { record, room, .. } in &self.rooms {
            let seated: Vec<_> = record.members().seats().map(|seat| seat.player).collect();
            let (mut of_game, mut of_host) = (room.seated(), seated);
            of_game.sort_unstable();
            of_host.sort_unstable();
            assert_eq!(of_game, of_host);
            assert_eq!(record.taken() as usize, of_host.len());
            assert!(record.moving.lock().players.is_empty(), "somebody is on the way for ever");
            assert!(record.moving.lock().effects.is_empty());
            there.extend(of_host.into_iter().map(|player| (record.id, player)));
        }
        assert_eq!(there, seats, "a seat that nobody has, or somebody without one");
        // Rooms and clients hold each other until one of them goes.
        self.rooms.iter().for_each(|room| room.record.fail(CloseCode::GoingAway));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_any_order_each_has_one_seat() {
    let setting = |name, default| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (first, count) = (setting("GREENROOM_SEED", 1), setting("GREENROOM_SCHEDULES", 200));
    for seed in first..first + count {
        let mut world = World::new(seed).await;
        let played = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for _ in 0..ACTIONS {
                world.act();
                world.check();
            }
            world.settle();
        }));
        assert!(played.is_ok(), "GREENROOM_SEED={seed} GREENROOM_SCHEDULES=1");
    }
}

/// A player goes through three rooms and back into the first, while the second makes no step; also one
/// who is away. The last seat is to say of all before it that they are nobody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_in_a_room_that_is_late_by_some_moves_is_nobodys_in_the_next_process() {
    let mut let_in = [0, 0];
    for seed in 1..=20 {
        for away in [false, true] {
            let mut world = World::new(seed).await;
            world.joins(0, 0);
            world.rooms[0].step();
            for (from, to) in [(0, 1), (1, 2), (2, 0)] {
                world.clients[0].hear(&world.key);
                world.clients[0].say();
                if away {
                    world.breaks(0);
                }
                if !world.moves(from, to) {
                    break;
                }
                if from != 1 {
                    world.rooms[from].step();
                }
                world.rooms[to].keep();
                (0..8).for_each(|_| world.dies());
                let_in[usize::from(away)] += u32::from(from == 2);
            }
            world.clients[0].hear(&world.key);
            world.rooms.iter().for_each(|room| room.record.fail(CloseCode::GoingAway));
        }
    }
    assert!(let_in.iter().all(|count| *count > 0), "{let_in:?}");
}

/// Between a connection's end and what it says of that, its room lets its player in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_gone_before_the_seat_was_theirs_leaves_none_behind() {
    let mut world = World::new(2).await;
    world.joins(0, 0);
    let client = Arc::clone(&world.clients[0].client);
    let seat = client.depart().unwrap();
    world.rooms[0].step();
    assert_eq!(world.rooms[0].record.members().seats().count(), 1);
    seat.break_off(&client);
    world.rooms[0].step();
    assert_eq!(world.rooms[0].record.taken(), 0);
    // Who was there for it may come back.
    world.joins(1, 0);
    world.rooms[0].step();
    let client = Arc::clone(&world.clients[1].client);
    client.depart().unwrap().break_off(&client);
    world.rooms[0].step();
    assert_eq!(world.rooms[0].record.taken(), 1);
    world.rooms[0].record.fail(CloseCode::GoingAway);
}

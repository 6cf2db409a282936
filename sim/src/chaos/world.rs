//! One run: a process, its clients, the connections between them, a clock that is a number.

mod settle;
mod theft;

use std::collections::BTreeMap;

use greenroom::Rng;
use greenroom::account::{Account, Role};
use greenroom::panics;
use greenroom::room::AnyRoom;

use super::broken::{Broken, broken, holds};
use super::host::{Death, Host, Stepped};
use super::pipe::Pipe;
use super::player::Player;
use super::schedule::{Action, Setting};
use super::seat::ConnId;
use super::wires::{Down, Up, Wire, Wires};
use super::yard::{SEATS, TICK_HZ, Wish};

const TICK_MS: u64 = 1000 / TICK_HZ as u64;

/// What a run came to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Ran {
    pub(super) steps: u64,
    pub(super) panics: u64,
    pub(super) deaths: u64,
    pub(super) frames: u64,
    /// Over all that clients were sent.
    pub(super) digest: u64,
}

struct World {
    setting: Setting,
    now: u64,
    next_tick: u64,
    host: Option<Host>,
    wires: Wires,
    players: Vec<Player>,
    /// Connections of those who try what is not theirs, and what they try.
    thieves: BTreeMap<ConnId, &'static str>,
    conns: ConnId,
    death: Option<(Death, bool)>,
    rng: Rng,
}

/// Runs it twice: the second time with other secrets of the first client, of which the others must not
/// notice anything.
pub(super) fn run_both(setting: Setting, schedule: &[Action]) -> Result<Ran, Broken> {
    let (ran, digests) = run(setting, schedule, 0)?;
    let (_, others) = run(setting, schedule, 1)?;
    holds(digests[1..] == others[1..], "nothing hidden leaks", || {
        let of = digests[1..].iter().zip(&others[1..]).position(|(one, other)| one != other);
        let of = of.unwrap_or_default() + 1;
        format!("client {of} is sent other bytes when secrets of client 0 are others")
    })?;
    Ok(ran)
}

/// Runs it. Returns also a number for each client over all that it was sent.
pub(super) fn run(
    setting: Setting,
    schedule: &[Action],
    salt: u32,
) -> Result<(Ran, Vec<u64>), Broken> {
    let ran = panics::catch(|| {
        let mut world = World::new(setting, salt)?;
        for action in schedule {
            world.act(*action)?;
            world.check()?;
        }
        world.settle()?;
        world.end()
    });
    match ran {
        Ok(ran) => ran,
        Err(panicked) => broken("nothing but the game panics", panicked),
    }
}

impl World {
    fn new(setting: Setting, salt: u32) -> Result<Self, Broken> {
        let host = Host::new(setting.seed, salt, setting.bounds)?;
        let layout = host.layout().clone();
        let players = (0..setting.clients).map(|number| Player::new(number, layout.clone()));
        Ok(World {
            setting,
            now: 0,
            next_tick: TICK_MS,
            players: players.collect(),
            host: Some(host),
            wires: Wires::new(),
            thieves: BTreeMap::new(),
            conns: 0,
            death: None,
            rng: Rng::new(setting.seed ^ 0x9e37),
        })
    }

    fn act(&mut self, action: Action) -> Result<(), Broken> {
        let place = |client: u32| client as usize;
        match action {
            Action::Connect { client, holds } => self.connect(place(client), holds),
            Action::Cut { client, unnoticed_ms } => self.cut(place(client), unnoticed_ms.into()),
            Action::Stall { client, ms } => {
                let until = self.now + u64::from(ms);
                let conn = self.players[place(client)].conn;
                if let Some(wire) = conn.and_then(|conn| self.wires.get_mut(&conn)) {
                    wire.down.stall(until);
                }
            }
            Action::Leave { client } => self.players[place(client)].leave(),
            Action::Input { client, push } => self.players[place(client)].push(push),
            Action::Request { client, wish } => self.players[place(client)].ask(wish),
            Action::Flood { client } => {
                (0..8).for_each(|_| self.players[place(client)].ask(Wish::Count));
            }
            Action::Say { client } => self.players[place(client)].talk(),
            Action::Resync { client } => self.players[place(client)].resync(),
            Action::Steal { client, old } => self.steal(place(client), old),
            Action::Fault(fault) => self.host_mut()?.faults.push(fault),
            Action::Keyframe => self.host_mut()?.keep_all(),
            Action::Disk { fails } => self.host_mut()?.journal.borrow_mut().fails(fails),
            Action::Kill { death, arrives } => {
                self.death = Some((death, arrives));
                // Until it has happened.
                return self.pass(TICK_MS + 1);
            }
            Action::Wait { ms } => return self.pass(ms.into()),
        }
        self.pass(0)
    }

    fn host_mut(&mut self) -> Result<&mut Host, Broken> {
        match &mut self.host {
            Some(host) => Ok(host),
            None => broken("a process follows the other", "there is none"),
        }
    }

    fn new_wire(&mut self, account: Account) -> ConnId {
        self.conns += 1;
        let conn = self.conns;
        let Setting { delay, mut buffer, .. } = self.setting;
        if account.id().as_str() == "client0" {
            // How much it is sent depends on its secrets. Whether it is stuck must not: that others may
            // see.
            buffer = usize::MAX;
        }
        let up = Pipe::new(delay, Rng::new(self.rng.next_u64()));
        let down = Pipe::new(delay, Rng::new(self.rng.next_u64()));
        self.wires.insert(conn, Wire { up, down, buffer, gone_at: None });
        if let Some(host) = &mut self.host {
            host.accept(conn, account, self.now);
        }
        conn
    }

    fn connect(&mut self, client: usize, holds: bool) {
        // The connection it has, if any, is given up: the server has not noticed.
        self.cut(client, 2_000);
        let Some(account) = account(&format!("client{client}")) else { return };
        let conn = self.new_wire(account);
        self.players[client].connected(conn, holds);
    }

    fn cut(&mut self, client: usize, unnoticed_ms: u64) {
        let Some(conn) = self.players[client].conn else { return };
        self.players[client].broke();
        if let Some(wire) = self.wires.get_mut(&conn) {
            wire.down.cut();
            // What it has said may arrive for as long as nobody noticed.
            if unnoticed_ms == 0 {
                wire.up.cut();
            }
            wire.gone_at = Some(self.now + unnoticed_ms);
        }
    }

    fn send_up(&mut self, conn: ConnId, up: Up) {
        if let Some(wire) = self.wires.get_mut(&conn) {
            wire.up.push(self.now, up.bytes.len(), up);
        }
    }

    /// Time passes, and what is due happens in order.
    fn pass(&mut self, ms: u64) -> Result<(), Broken> {
        let end = self.now + ms;
        loop {
            self.say();
            let due = self.wires.values().filter_map(Wire::next).min();
            let next = due.map_or(self.next_tick, |due| due.min(self.next_tick));
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            self.deliver()?;
            if self.now >= self.next_tick {
                self.next_tick += TICK_MS;
                self.tick()?;
            }
        }
        self.now = end;
        Ok(())
    }

    /// What clients have to say goes on its way.
    fn say(&mut self) {
        for place in 0..self.players.len() {
            let conn = self.players[place].conn;
            for up in self.players[place].says() {
                if let Some(conn) = conn {
                    self.send_up(conn, up);
                }
            }
        }
    }

    /// All that has arrived by now is heard.
    fn deliver(&mut self) -> Result<(), Broken> {
        let (now, mut gone) = (self.now, Vec::new());
        let conns: Vec<ConnId> = self.wires.keys().copied().collect();
        for conn in conns {
            while let Some(up) = self.wires.get_mut(&conn).and_then(|wire| wire.up.pop(now)) {
                if let Some(host) = &mut self.host {
                    host.hear(&mut self.wires, now, conn, &up)?;
                }
            }
            while let Some(down) = self.wires.get_mut(&conn).and_then(|wire| wire.down.pop(now)) {
                self.arrive(conn, down)?;
            }
            if self.wires.get(&conn).is_some_and(|wire| wire.gone_at.is_some_and(|at| at <= now)) {
                self.wires.remove(&conn);
                gone.push(conn);
            }
        }
        if let Some(host) = &mut self.host {
            host.reap(now, &gone);
        }
        Ok(())
    }

    fn arrive(&mut self, conn: ConnId, down: Down) -> Result<(), Broken> {
        if let Some(what) = self.thieves.get(&conn) {
            return self.caught(conn, what, &down);
        }
        let closed = matches!(down, Down::Close(_));
        if let Some(player) = self.players.iter_mut().find(|player| player.conn == Some(conn)) {
            player.hear(down)?;
        }
        if closed && let Some(wire) = self.wires.get_mut(&conn) {
            wire.gone_at = Some(self.now);
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<(), Broken> {
        let death = self.death.take();
        let (now, how) = (self.now, death.map(|(death, _)| death));
        let Some(host) = &mut self.host else { return Ok(()) };
        if host.step(&mut self.wires, now, how)? == Stepped::Dead {
            self.die(death.is_some_and(|(_, arrives)| arrives))?;
        }
        Ok(())
    }

    /// The process is gone, and the next one begins.
    fn die(&mut self, arrives: bool) -> Result<(), Broken> {
        let conns: Vec<ConnId> = self.wires.keys().copied().collect();
        for conn in conns {
            let Some(mut wire) = self.wires.remove(&conn) else { continue };
            while arrives && let Some(down) = wire.down.pop(u64::MAX) {
                self.arrive(conn, down)?;
            }
        }
        self.thieves.clear();
        self.players.iter_mut().for_each(Player::broke);
        if let Some(host) = self.host.take() {
            let host = host.next_process(self.now)?;
            if host.witness.rolled_back {
                self.players.iter_mut().for_each(Player::undo);
            }
            self.host = Some(host);
        }
        Ok(())
    }

    /// What holds at any time.
    fn check(&self) -> Result<(), Broken> {
        let Some(host) = &self.host else { return Ok(()) };
        if host.is_over {
            return Ok(());
        }
        let (seats, seated) = (host.seats.len(), host.room.seated().len());
        let twice = host.room.game().effects().1;
        holds(twice.is_none(), "an effect comes to something once", || {
            format!("something came of {twice:?} twice")
        })?;
        holds(seats <= SEATS && seated <= SEATS, "no room has more players than seats", || {
            format!("{seats} seats, {seated} players in the room")
        })?;
        let log = host.course.log();
        holds(log.keyframes() <= 2, "a log has a bound", || {
            format!("{} keyframes", log.keyframes())
        })?;
        let bound = 96 * 1024;
        holds(log.bytes() <= bound, "a log has a bound", || format!("{} bytes", log.bytes()))?;
        let bytes = host.journal.borrow().disk().bytes();
        holds(bytes <= bound, "a journal has a bound", || format!("{bytes} bytes"))?;
        let limits = self.setting.bounds.outbox;
        for seat in &host.seats {
            let Some(outbox) = &seat.outbox else { continue };
            let (events, _) = outbox.kept();
            // What waits, what was sent, and one busy tick.
            let most = 2 * limits.events_max + 64;
            holds(events <= most, "an outbox has a bound", || {
                format!("{events} events of {}, {most} at most", seat.player)
            })?;
        }
        Ok(())
    }
}

fn account(id: &str) -> Option<Account> {
    Account::new(id, Role::Player).ok()
}

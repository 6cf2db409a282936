//! The rules, with creatures put where a test needs them; what players see; what it costs.

use super::*;
use crate::game::{Said, SeatState};
use crate::options::Options;
use crate::room::history::{BodyKind, History, HistoryLimits};
use crate::room::views::ViewKey;
use crate::room::{AnyRoom, Command, Room as Hosted};
use creature::{MASS_START, Mood, radius_of};
use greenroom_proto::{Head, Layout, Replica, Rows, layout_of, publish, recover, wire};

const ANNA: PlayerId = PlayerId(1);
const BERT: PlayerId = PlayerId(2);

struct Match {
    game: Swarm,
    ctx: Ctx<Swarm>,
}

impl Match {
    fn new(options: &str) -> Self {
        let options = SwarmOptions::parse(options).unwrap();
        let mut ctx = Ctx::new(Swarm::pace(&options), 1);
        Match { game: Swarm::new(&options, &mut ctx), ctx }
    }

    /// Anna and Bert, at rest, not safe, 100 units apart; nothing to eat near them.
    fn of_two() -> Self {
        let mut two = Match::new(r#"{"max_players": 10, "pellets": 1000}"#);
        for (player, x) in [(ANNA, 400.0), (BERT, 500.0)] {
            two.join(player).unwrap();
            *two.creature(player).unwrap() = Creature::new(player, 0, (x, 400.0), Tick(0));
        }
        let far = |pellet: &mut Pellet| math::hypot(pellet.x - 450.0, pellet.y - 400.0) > 150.0;
        two.game.state.pellets.retain(far);
        two.step();
        two
    }

    fn join(&mut self, player: PlayerId) -> Result<(), String> {
        let joined = self.game.join(player, &mut self.ctx);
        if joined.is_ok() {
            self.ctx.seats.push(SeatState {
                player,
                connected: true,
                came_from: None,
                going: false,
                spoken_until_ms: 0,
                person: std::sync::Arc::new(crate::account::Person::guest(player.0.into())),
                input: Input::default(),
            });
        }
        joined
    }

    fn creature(&mut self, player: PlayerId) -> Option<&mut Creature> {
        self.game.state.players.values_mut().find(|creature| creature.player == player)
    }

    fn hold(&mut self, player: PlayerId, input: Input) {
        self.ctx.seat_mut(player).unwrap().input = input;
    }

    /// One step; what players are told.
    fn step(&mut self) -> Vec<(To, Event)> {
        self.ctx.tick = self.ctx.tick.next();
        self.game.tick(&mut self.ctx);
        let events = self.ctx.said.iter().filter_map(|said| match said {
            Said::Event { to, body } => Some((to.clone(), wire::decode(body).ok()?)),
            _ => None,
        });
        let events = events.collect();
        self.ctx.said.retain(|said| matches!(said, Said::Over { .. }));
        events
    }

    fn steps(&mut self, count: u32) -> Vec<(To, Event)> {
        (0..count).flat_map(|_| self.step()).collect()
    }
}

#[test]
fn a_pellet_that_is_touched_is_eaten_and_another_comes_elsewhere() {
    let mut two = Match::of_two();
    let before = two.game.state.pellets.len();
    two.game.state.pellets.insert(Pellet { x: 405.0, y: 400.0, rich: false });
    let rich = two.game.state.pellets.insert(Pellet { x: 395.0, y: 400.0, rich: true });
    two.step();
    assert_eq!(two.creature(ANNA).unwrap().mass(), MASS_START + 6.0);
    assert_eq!(two.game.state.pellets.len(), before + 2, "always as many");
    assert!(two.game.state.pellets.get(rich).is_none());
    let near =
        two.game.state.pellets.values().filter(|it| math::hypot(it.x - 400.0, it.y - 400.0) < 20.0);
    assert!(near.count() < 2, "and not both in the same place");
}

#[test]
fn the_heavier_eats_the_other_who_comes_back_safe() {
    let mut two = Match::of_two();
    two.creature(ANNA).unwrap().set_mass(100.0);
    two.hold(ANNA, Input::towards(1.0, 0.0, false));
    let told = two.steps(60);
    let eaten = Event::Eaten { by: ANNA, player: BERT };
    assert_eq!(told, [(To::Group(vec![ANNA, BERT]), eaten)]);
    assert!(two.creature(ANNA).unwrap().mass() > 105.0);
    assert!(two.creature(BERT).is_none());
    let souls: Vec<_> = two.game.souls.iter().map(|it| (it.eaten, it.deaths)).collect();
    assert_eq!(souls, [(1, 0), (0, 1)]);
    // The dead still look at the place.
    let eye = two.game.sight(BERT).eye.unwrap();
    assert!((eye.x - 500.0).abs() < 1.0 && eye.reach == f64::from(REACH), "{eye:?}");
    two.steps(40);
    let bert = two.creature(BERT).unwrap();
    assert_eq!((bert.mood, bert.mass() < 20.0), (Mood::Safe, true));
}

#[test]
fn who_is_safe_neither_eats_nor_is_eaten() {
    for safe in [ANNA, BERT] {
        let mut two = Match::of_two();
        two.creature(ANNA).unwrap().set_mass(100.0);
        let anna = (two.creature(ANNA).unwrap().x, 400.0);
        let mut fresh = Creature::new(BERT, 0, anna, Tick(0));
        if safe == BERT {
            fresh = Creature::new(BERT, 0, anna, Tick(20));
        } else {
            let mut large = Creature::new(ANNA, 0, anna, Tick(20));
            large.set_mass(100.0);
            *two.creature(ANNA).unwrap() = large;
        }
        *two.creature(BERT).unwrap() = fresh;
        assert_eq!(two.steps(10), []);
        assert_eq!(two.steps(10).len(), 1, "and then it is over");
    }
}

#[test]
fn of_a_chain_of_three_only_the_first_bite_counts() {
    let mut two = Match::of_two();
    two.join(PlayerId(3)).unwrap();
    for (player, mass) in [(ANNA, 200.0), (BERT, 100.0), (PlayerId(3), 10.0)] {
        let creature = two.creature(player).unwrap();
        *creature = Creature::new(player, 0, (450.0, 400.0), Tick(0));
        creature.set_mass(mass);
    }
    let told = two.step();
    let left: Vec<PlayerId> = two.game.state.players.values().map(|it| it.player).collect();
    assert_eq!(left, [ANNA], "{told:?}");
    assert_eq!(told.len(), 2, "everybody is eaten once");
}

#[test]
fn seats_are_bounded_and_the_gone_are_gone() {
    let mut few = Match::new(r#"{"max_players": 2}"#);
    few.join(ANNA).unwrap();
    few.join(BERT).unwrap();
    assert_eq!(few.join(PlayerId(3)), Err("all 2 seats are taken".to_owned()));
    few.game.leave(ANNA, &mut few.ctx);
    assert_eq!((few.game.souls.len(), few.game.state.players.len()), (1, 1));
    // A seat that is taken before those of lower numbers.
    assert_eq!(few.join(PlayerId(3)), Ok(()));
    few.steps(3);
    assert_eq!(few.game.state.players.len(), 2);
}

#[test]
fn who_lost_the_connection_comes_to_rest() {
    let mut two = Match::of_two();
    two.hold(ANNA, Input { x: 0, y: 100, boost: true });
    two.steps(10);
    two.ctx.seat_mut(ANNA).unwrap().connected = false;
    two.steps(10);
    let y = two.creature(ANNA).unwrap().y;
    two.steps(10);
    assert_eq!(two.creature(ANNA).unwrap().y, y);
}

#[test]
fn the_time_limit_ends_the_match_and_the_heaviest_wins() {
    let mut two = Match::new(r#"{"max_players": 4, "time_limit_secs": 5}"#);
    two.join(ANNA).unwrap();
    two.join(BERT).unwrap();
    two.creature(BERT).unwrap().set_mass(50.0);
    two.steps(99);
    assert!(two.ctx.said.is_empty());
    assert_eq!(two.game.state.leaders[0].player, BERT);
    two.step();
    let Some(Said::Over { result }) = two.ctx.said.first() else { panic!("it goes on") };
    let outcome: Outcome = serde_json::from_str(result).unwrap();
    assert_eq!((outcome.winner, outcome.scores.len()), (Some(BERT), 2));
}

#[test]
fn an_input_takes_three_bytes_and_any_three_that_decode_are_legal() {
    assert_eq!(wire::encode(&Input { x: i8::MIN, y: 3, boost: true }).len(), 3);
    let mut two = Match::of_two();
    for x in [i8::MIN, -101, -1, 0, 1, 100, i8::MAX] {
        two.hold(ANNA, Input { x, y: i8::MIN, boost: true });
        two.hold(BERT, Input { x, y: i8::MAX, boost: true });
        two.steps(40);
        let mut rows = Rows::default();
        let layout = layout_of::<State>();
        assert_eq!(publish(&two.game.state, &layout, &mut rows), 0, "nothing had to be clamped");
    }
    assert_eq!(Input::towards(0.0, 0.0, false), Input::default());
    assert_eq!(Input::towards(3.0, -4.0, true), Input { x: 60, y: -80, boost: true });
}

/// A full world and what its players are sent, which wander about.
struct World {
    room: Hosted<Swarm>,
    layout: Layout,
    history: History,
    players: Vec<(PlayerId, Option<Tick>)>,
    commands: Vec<Command>,
}

impl World {
    fn new(players: u32) -> Self {
        let options = format!(r#"{{"max_players": {players}}}"#);
        let layout = layout_of::<State>();
        let players = (1..=players).map(PlayerId);
        let mut world = World {
            room: Hosted::new(&options, 5).unwrap(),
            history: History::new(
                layout.clone(),
                HistoryLimits { frames_max: 8, bytes_max: 8 << 20 },
            ),
            layout,
            commands: players.clone().map(Command::join).collect(),
            players: players.map(|player| (player, None)).collect(),
        };
        world.step();
        world
    }

    fn step(&mut self) {
        self.room.step(0, &self.commands, &mut Vec::new());
        let tick = self.room.tick();
        let pushed = self.history.push(tick, |rows| {
            self.room.publish(&self.layout, rows);
        });
        pushed.unwrap();
        let wish = |player: PlayerId| {
            let noise = (tick.0 / 20 + 1).wrapping_mul(0x9e37_79b9).wrapping_mul(player.0);
            let noise = noise.rotate_left(9);
            let body = wire::encode(&(noise as i8, (noise >> 8) as i8, false));
            Command::Input { player, body }
        };
        self.commands = self.players.iter().map(|(player, _)| wish(*player)).collect();
    }

    /// What a player sees, and the eye.
    fn seen(&mut self, player: PlayerId) -> (State, Eye) {
        let sight = self.room.sight(player);
        let rows = self.history.seen(ViewKey::of(player, &sight), &sight).unwrap();
        (recover(&rows, &self.layout).unwrap(), sight.eye.unwrap())
    }

    /// The body of a player's next frame.
    fn body(&mut self, place: usize) -> (Vec<u8>, BodyKind) {
        let (player, base) = self.players[place];
        let sight = self.room.sight(player);
        let body = self.history.body(base, ViewKey::of(player, &sight), &sight);
        let (body, kind) = body.map(|(body, kind)| (body.to_vec(), kind)).unwrap();
        self.players[place].1 = Some(self.room.tick());
        (body, kind)
    }

    fn keep(&mut self) {
        let bases =
            self.players.iter().filter_map(|(p, base)| Some((ViewKey::Player(*p), (*base)?)));
        self.history.keep_bases(bases);
    }
}

#[test]
fn players_see_themselves_and_what_is_near_and_no_more() {
    let mut world = World::new(300);
    let (mut seen, mut views) = (0, 0);
    for _ in 0..40 {
        world.step();
        for number in 1..=300 {
            let (state, eye) = world.seen(PlayerId(number));
            let distance = |x: f32, y: f32| (f64::from(x) - eye.x).hypot(f64::from(y) - eye.y);
            let places = state.players.values().map(|it| (it.x, it.y));
            let places = places.chain(state.pellets.values().map(|it| (it.x, it.y)));
            let places: Vec<_> = places.collect();
            // Eyes are in steps of what they look at, which is a unit for pellets.
            assert!(places.iter().all(|(x, y)| distance(*x, *y) <= 1.1 * eye.reach + 1.0));
            assert!(state.players.len() <= SEEN_MAX && state.pellets.len() <= SEEN_MAX);
            let alive = world.room.game().state().creature_of(PlayerId(number)).is_some();
            let me = state.creature_of(PlayerId(number));
            assert_eq!(me.is_some(), alive);
            assert!(me.is_none_or(|me| distance(me.x, me.y) == 0.0));
            (seen, views) = (seen + places.len(), views + 1);
        }
        let bases = (1..=300).map(|player| ViewKey::Player(PlayerId(player)));
        let tick = world.room.tick();
        world.history.keep_bases(bases.map(|view| (view, tick)));
    }
    let mean = seen / views;
    assert!((50..=150).contains(&mean), "{mean} in the mean");
}

#[test]
fn a_replica_in_step_has_what_its_player_sees() {
    let mut world = World::new(100);
    let mut replicas: Vec<_> = (0..100).map(|_| Replica::new(world.layout.clone())).collect();
    let mut steps = (0, 0);
    for tick in 0..60 {
        world.step();
        for (place, replica) in replicas.iter_mut().enumerate() {
            // Every tenth skips some frames.
            if place % 10 == 0 && tick % 7 < 4 {
                continue;
            }
            let (body, kind) = world.body(place);
            if kind == BodyKind::Step {
                steps = (steps.0 + 1, steps.1 + body.len());
            }
            let mut frame = Head::default().to_bytes(false).to_vec();
            frame.extend_from_slice(&body);
            replica.apply(&frame).unwrap();
            let sight = world.room.sight(world.players[place].0);
            let seen = world.history.seen(ViewKey::Player(world.players[place].0), &sight);
            assert_eq!(Some(replica.rows()), seen.as_ref(), "{place} after {tick}");
        }
        world.keep();
    }
    let mean = steps.1 / steps.0;
    assert!((10..40).contains(&mean), "{mean} bytes for a step of a frame");
}

#[test]
fn who_is_at_rest_among_pellets_costs_nothing() {
    let mut two = Match::of_two();
    let layout = layout_of::<State>();
    let limits = HistoryLimits { frames_max: 8, bytes_max: 8 << 20 };
    let mut history = History::new(layout.clone(), limits);
    let (mut base, mut lengths) = (None, Vec::new());
    two.steps(10);
    for _ in 0..10 {
        two.step();
        let tick = two.ctx.tick;
        let pushed = history.push(tick, |rows| {
            publish(&two.game.state, &layout, rows);
        });
        pushed.unwrap();
        let sight = two.game.sight(ANNA);
        let (body, _) = history.body(base, ViewKey::of(ANNA, &sight), &sight).unwrap();
        lengths.push(body.len());
        base = Some(tick);
    }
    assert!(lengths[0] > 100, "{lengths:?}");
    // The head of a body, and a bit for each table.
    assert!(lengths[1..].iter().all(|length| *length <= 4), "{lengths:?}");
}

#[test]
fn the_larger_sees_farther_up_to_a_bound() {
    let reach = |mass| reach_of(radius_of(mass));
    assert_eq!(reach(MASS_START), REACH);
    assert!(reach(200.0) > REACH && reach(200.0) < REACH_MAX);
    assert_eq!(reach(1e6), REACH_MAX);
}

//! The rules, hook by hook, with ships put where a test needs them.

use super::*;
use crate::game::{Said, SeatState};
use crate::options::Options;
use greenroom_proto::codec::{Snapshot, Viewer, advance, put_step_body};
use greenroom_proto::{Rows, layout_of, publish, wire};

const ANNA: PlayerId = PlayerId(1);
const BERT: PlayerId = PlayerId(2);
const FIRE: Input = Input { thrust: false, turn: 0, fire: true, view_age_ms: 0 };

struct Match {
    game: Arena,
    ctx: Ctx<Arena>,
}

impl Match {
    fn new(options: &str) -> Self {
        let options = ArenaOptions::parse(options).unwrap();
        let mut ctx = Ctx::new(Arena::pace(&options), 1);
        Match { game: Arena::new(&options, &mut ctx), ctx }
    }

    /// Anna at the left looks at Bert at the right, 200 units away; nobody is shielded.
    fn duel(options: &str) -> Self {
        let mut duel = Match::new(options);
        for (player, x) in [(ANNA, 300.0), (BERT, 500.0)] {
            duel.join(player).unwrap();
            let ship = duel.ship(player);
            (ship.x, ship.y, ship.heading, ship.status) = (x, 300.0, 0.0, Status::Flying);
        }
        duel.ctx.said.clear();
        duel
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

    fn ship(&mut self, player: PlayerId) -> &mut Ship {
        self.game.state.ships.values_mut().find(|ship| ship.player == player).unwrap()
    }

    fn hold(&mut self, player: PlayerId, input: Input) {
        self.ctx.seat_mut(player).unwrap().input = input;
    }

    /// One step; what players are told.
    fn step(&mut self) -> Vec<Event> {
        self.ctx.tick = self.ctx.tick.next();
        self.game.tick(&mut self.ctx);
        let events = self.ctx.said.iter().filter_map(|said| match said {
            Said::Event { body, .. } => wire::decode(body).ok(),
            _ => None,
        });
        let events = events.collect();
        self.ctx.said.retain(|said| matches!(said, Said::Over { .. }));
        events
    }

    fn steps(&mut self, count: u32) -> Vec<Event> {
        (0..count).flat_map(|_| self.step()).collect()
    }

    fn outcome(&self) -> Option<Outcome> {
        self.ctx.said.iter().find_map(|said| match said {
            Said::Over { result } => serde_json::from_str(result).ok(),
            _ => None,
        })
    }
}

#[test]
fn three_hits_are_a_kill_and_the_wreck_comes_back_shielded() {
    let mut duel = Match::duel("");
    duel.hold(ANNA, FIRE);
    let hit = Event::Hit { by: ANNA, player: BERT };
    assert_eq!(duel.steps(25), [hit, hit, Event::Kill { by: ANNA, player: BERT }]);
    duel.hold(ANNA, Input::default());
    let anna = duel.ship(ANNA);
    assert_eq!((anna.score, anna.hits, anna.deaths), (1, 3, 0));
    assert_eq!((duel.ship(BERT).status, duel.ship(BERT).deaths), (Status::Wrecked, 1));
    assert_eq!(duel.steps(60), [Event::Spawn { player: BERT }]);
    let bert = duel.ship(BERT);
    assert_eq!((bert.status, bert.life, bert.ammo), (Status::Shielded, 3, AMMO));
    duel.steps(45);
    assert_eq!(duel.ship(BERT).status, Status::Flying);
}

#[test]
fn at_every_tick_rate_a_burst_hits_who_does_not_move() {
    for hz in [1u32, 2, 5, 10, 20, 30, 60, 128] {
        let mut duel = Match::duel(&format!(r#"{{"tick_hz": {hz}}}"#));
        duel.hold(ANNA, FIRE);
        let events = duel.steps(hz + hz.div_ceil(2) + 2);
        assert!(events.contains(&Event::Hit { by: ANNA, player: BERT }), "{hz} Hz: {events:?}");
    }
}

#[test]
fn a_shield_keeps_bullets_off_until_its_owner_shoots() {
    let mut duel = Match::duel("");
    let bert = duel.ship(BERT);
    (bert.status, bert.until) = (Status::Shielded, Tick(1000));
    duel.hold(ANNA, FIRE);
    assert_eq!(duel.steps(30), []);
    duel.hold(BERT, FIRE);
    duel.steps(1);
    assert_eq!(duel.ship(BERT).status, Status::Flying);
}

/// Bert flies down across Anna's line of fire, and Anna fires as he is on it in a picture so old.
fn crossing(view_age_ms: u8, says: u8, hz: u16) -> bool {
    let mut duel = Match::duel(&format!(r#"{{"tick_hz": {hz}}}"#));
    let bert = duel.ship(BERT);
    // The bullet is there after 0.3 s: that is where he is to be then, as she sees him.
    let ahead = (500.0 - 300.0 - 14.0 - 3.0 - 14.0) / bullet::BULLET_SPEED;
    (bert.y, bert.vy) = (300.0 - 300.0 * (ahead - f32::from(view_age_ms) / 1000.0 + 0.5), 300.0);
    let keep = |duel: &mut Match| duel.ship(BERT).vy = 300.0;
    let fire = u32::from(hz) / 2;
    let mut events = Vec::new();
    for tick in 0..u32::from(hz) {
        let shot = Input { view_age_ms: says, ..FIRE };
        duel.hold(ANNA, if tick == fire { shot } else { Input::default() });
        keep(&mut duel);
        events.extend(duel.step());
    }
    events.contains(&Event::Hit { by: ANNA, player: BERT })
}

#[test]
fn a_shot_hits_what_the_player_who_fires_sees() {
    for hz in [20, 30, 60, 128] {
        for age in [0, 60, 130, 250] {
            assert!(crossing(age, age, hz), "{hz} Hz, {age} ms");
        }
        assert!(!crossing(200, 0, hz), "{hz} Hz: without rewinding it goes past behind him");
        assert!(!crossing(0, 200, hz), "{hz} Hz: who says a wrong age misses what they see");
        assert!(crossing(250, 255, hz), "{hz} Hz: no more than 250 ms count");
    }
}

#[test]
fn a_ship_that_has_come_back_is_not_hit_where_it_was_wrecked() {
    let mut duel = Match::duel(r#"{"life": 1, "tick_hz": 1}"#);
    duel.hold(ANNA, Input { view_age_ms: 250, ..FIRE });
    duel.steps(2);
    assert_eq!(duel.ship(BERT).status, Status::Wrecked);
    duel.steps(2);
    let bert = duel.game.state.ships.iter().find(|(_, ship)| ship.player == BERT).unwrap();
    let (now, ago) = (duel.ctx.tick, std::time::Duration::from_millis(250));
    let past = duel.game.past.at(&bert.0, now, ago).unwrap();
    assert_eq!((past.from, past.to), (&(bert.1.x, bert.1.y), &(bert.1.x, bert.1.y)));
}

#[test]
fn whoever_sprays_runs_out_of_shots() {
    let mut duel = Match::duel("");
    duel.ship(BERT).y = 500.0;
    duel.hold(ANNA, FIRE);
    duel.steps(30);
    let early = duel.game.state.bullets.len();
    assert!(duel.ship(ANNA).ammo <= 1, "a second of fire empties the magazine");
    duel.hold(ANNA, Input::default());
    duel.steps(90);
    assert_eq!(duel.ship(ANNA).ammo, AMMO, "and three seconds fill it");
    assert!(early >= 4 && duel.game.state.bullets.is_empty());
}

#[test]
fn a_dead_even_exchange_kills_both() {
    let mut duel = Match::duel(r#"{"life": 1}"#);
    duel.ship(BERT).heading = std::f32::consts::PI;
    duel.hold(ANNA, FIRE);
    duel.hold(BERT, FIRE);
    let events = duel.steps(15);
    assert!(events.contains(&Event::Kill { by: ANNA, player: BERT }), "{events:?}");
    assert!(events.contains(&Event::Kill { by: BERT, player: ANNA }), "{events:?}");
}

#[test]
fn the_score_limit_and_the_time_limit_end_the_match() {
    let mut duel = Match::duel(r#"{"life": 1, "score_limit": 1}"#);
    duel.hold(ANNA, FIRE);
    duel.steps(15);
    assert_eq!(duel.outcome().unwrap().winner, Some(ANNA));

    let mut empty = Match::new(r#"{"time_limit_secs": 5, "tick_hz": 20}"#);
    empty.steps(99);
    assert_eq!(empty.outcome(), None, "an empty arena goes on");
    empty.steps(1);
    assert_eq!(empty.outcome(), Some(Outcome { winner: None, scores: vec![] }));
}

#[test]
fn players_come_and_go_and_bullets_of_the_gone_score_for_nobody() {
    let mut duel = Match::duel(r#"{"max_players": 2, "life": 1}"#);
    assert_eq!(duel.join(PlayerId(3)), Err("all 2 seats are taken".to_owned()));
    duel.hold(ANNA, FIRE);
    duel.step();
    duel.game.leave(ANNA, &mut duel.ctx);
    assert_eq!(duel.join(PlayerId(3)), Ok(()));
    duel.ship(PlayerId(3)).y = 550.0;
    let events = duel.steps(15);
    assert!(events.contains(&Event::Kill { by: ANNA, player: BERT }), "{events:?}");
    assert!(duel.game.state.ships.values().all(|ship| ship.score == 0 && ship.hits == 0));
}

#[test]
fn a_ship_whose_connection_broke_drifts() {
    let mut duel = Match::duel("");
    duel.hold(ANNA, Input { thrust: true, turn: 100, ..FIRE });
    duel.ctx.seat_mut(ANNA).unwrap().connected = false;
    duel.steps(10);
    assert_eq!((duel.ship(ANNA).vx, duel.ship(ANNA).heading), (0.0, 0.0));
    assert!(duel.game.state.bullets.is_empty());
}

#[test]
fn a_flying_bullet_costs_nothing_on_the_wire() {
    let mut duel = Match::duel("");
    let layout = layout_of::<State>();
    let bytes = |duel: &mut Match| {
        let (before, mut step) = Snapshot::first(&layout, |rows| {
            publish(&duel.game.state, &layout, rows);
        });
        duel.step();
        let (mut after, mut out) = (Snapshot::default(), Vec::new());
        after.publish(|rows| {
            publish(&duel.game.state, &layout, rows);
        });
        advance(&layout, &before, &mut after, &mut step);
        put_step_body(&layout, (&after, &step), Viewer::All, &mut out);
        out.len()
    };
    let still = bytes(&mut duel);
    duel.ship(BERT).y = 500.0;
    duel.hold(ANNA, FIRE);
    duel.step();
    duel.hold(ANNA, Input::default());
    let flying = bytes(&mut duel);
    assert_eq!(duel.game.state.bullets.len(), 1);
    assert_eq!(flying, still);
}

#[test]
fn an_input_takes_four_bytes_and_any_four_that_decode_are_legal() {
    let full = Input { thrust: true, turn: i8::MIN, fire: true, view_age_ms: u8::MAX };
    assert_eq!(wire::encode(&full).len(), 4);
    let mut duel = Match::duel("");
    for turn in [i8::MIN, -101, -1, 0, 1, 100, i8::MAX] {
        for player in [ANNA, BERT] {
            duel.hold(player, Input { turn, ..full });
        }
        duel.steps(40);
        let mut rows = Rows::default();
        let layout = layout_of::<State>();
        assert_eq!(publish(&duel.game.state, &layout, &mut rows), 0, "nothing had to be clamped");
    }
}

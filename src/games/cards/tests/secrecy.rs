//! What players may not see has no influence on a single byte that they are sent.
//!
//! A room and its twin, whose deck and hidden hands hold other cards, are stepped alike and shown
//! through the same histories of frames that a server keeps. What one viewer gets must be the same
//! to the byte.

use greenroom_proto::{Head, Layout, Replica, Tick, layout_of};

use super::*;
use crate::room::history::{History, HistoryLimits};
use crate::room::views::ViewKey;

/// Steps for which a room and its twin go the same way.
const ALIKE: usize = 12;

/// A move of whoever's turn it is, allowed or not, a line of chat, a new name, now and then
/// somebody who leaves.
pub(super) fn any_move(table: &Match, rng: &mut Rng, step: usize) -> Option<Command> {
    let state = table.state();
    let player = state.turn.player()?;
    let seats: Vec<&Seat> = state.players.values().collect();
    let request = match rng.below(12) {
        0 => {
            let text = Text::cut(&"la ".repeat(1 + rng.below(20) as usize));
            let talker = seats[rng.below(seats.len() as u32) as usize].player;
            let body = wire::encode(&Request::Say { text });
            return Some(Command::Request { player: talker, id: step as u32, body });
        }
        1 => Request::SetName { name: Text::cut(&format!("n{}", rng.next_u32())) },
        2 if seats.len() > 2 && rng.chance(0.1) => return Some(Command::Leave { player }),
        2 | 3 => Request::Draw,
        4 => Request::Pass,
        _ if matches!(state.turn, Turn::Choosing { .. }) => {
            Request::Choose { suit: Suit::ALL[rng.below(4) as usize] }
        }
        _ => {
            let hand = &state.seat(player)?.hand;
            match hand.iter().find(|card| state.fits(**card)) {
                Some(card) => Request::Play { card: *card },
                None if matches!(state.turn, Turn::Playing { drew: true, .. }) => Request::Pass,
                None => Request::Draw,
            }
        }
    };
    Some(Command::Request { player, id: step as u32, body: wire::encode(&request) })
}

/// What one player is shown of a room.
struct Screen {
    viewer: PlayerId,
    layout: Layout,
    history: History,
    base: Option<Tick>,
    replica: Replica,
}

impl Screen {
    fn new(viewer: PlayerId) -> Self {
        let layout = layout_of::<State>();
        let limits = HistoryLimits { frames_max: 4, bytes_max: usize::MAX };
        Screen {
            viewer,
            history: History::new(layout.clone(), limits),
            replica: Replica::new(layout.clone()),
            layout,
            base: None,
        }
    }

    /// Shows the room as it is now. Returns the body that the viewer is sent; a `slow` one misses
    /// this frame.
    fn show(&mut self, room: &Room<Cards>, slow: bool) -> Vec<u8> {
        let tick = room.tick();
        let pushed = self.history.push(tick, |rows| {
            room.publish(&self.layout, rows);
        });
        pushed.unwrap();
        if slow {
            return Vec::new();
        }
        let (sight, view) = match self.viewer {
            NOBODY => (room.spectator_sight(), ViewKey::Spectators),
            player => {
                let sight = room.sight(player);
                (sight, ViewKey::of(player, &sight))
            }
        };
        let (body, _) = self.history.body(self.base, view, &sight).unwrap();
        let body = body.to_vec();
        let message = [&Head::default().to_bytes(false)[..], &body].concat();
        self.replica.apply(&message).unwrap();
        let seen = self.history.seen(view, &sight).unwrap();
        assert_eq!(self.replica.rows(), &seen, "the replica is what the viewer sees");
        self.base = Some(tick);
        self.history.keep_bases([(view, tick)].into_iter());
        body
    }

    /// What the viewer may know: the replica shows no other hand.
    fn check(&self, room: &Room<Cards>) {
        let state: State = greenroom_proto::recover(self.replica.rows(), &self.layout).unwrap();
        for (seen, real) in state.players.values().zip(room.game().state.players.values()) {
            assert_eq!((seen.player, seen.cards), (real.player, real.cards));
            match real.player == self.viewer {
                true => assert_eq!(seen.hand, real.hand),
                false => assert!(seen.hand.is_empty()),
            }
        }
    }
}

/// Who looks on without a seat.
const NOBODY: PlayerId = PlayerId(0);

/// What a viewer is told besides the frames.
fn told(said: &[Said], viewer: PlayerId) -> Vec<Said> {
    let for_viewer = |said: &&Said| match said {
        Said::Event { to, .. } if viewer == NOBODY => to.is_public(),
        Said::Event { to, .. } => to.includes(viewer),
        Said::Reply { player, .. } => *player == viewer,
        _ => viewer != NOBODY,
    };
    said.iter().filter(for_viewer).cloned().collect()
}

/// Puts other cards where the viewer sees only backs, except those in `open`, which the viewer will
/// see. Returns whether anything could be put elsewhere.
fn hide_others(game: &mut Cards, viewer: PlayerId, open: &[Card], rng: &mut Rng) -> bool {
    let Cards { state, deck, .. } = game;
    let hands = state.players.values_mut().filter(|seat| seat.player != viewer);
    let mut hidden: Vec<&mut Card> = hands.flat_map(|seat| seat.hand.iter_mut()).collect();
    hidden.extend(deck.0.iter_mut());
    hidden.retain(|card| !open.contains(card));
    let before: Vec<Card> = hidden.iter().map(|card| **card).collect();
    for last in (1..hidden.len()).rev() {
        let (head, tail) = hidden.split_at_mut(last);
        if let Some(other) = head.get_mut(rng.below(last as u32 + 1) as usize) {
            std::mem::swap(*other, tail[0]);
        }
    }
    hidden.iter().map(|card| **card).ne(before)
}

/// The cards that a viewer sees.
fn open_cards(room: &Room<Cards>, viewer: PlayerId) -> Vec<Card> {
    let state = &room.game().state;
    let hand = state.seat(viewer).map(|seat| seat.hand.iter());
    hand.into_iter().flatten().chain(state.pile.iter()).copied().collect()
}

/// The next steps of a match: the time, the command, and the room after it. They end with the
/// deal, whose points tell something about the hands.
fn next_steps(table: &Match, rng: &mut Rng) -> Vec<(u64, Command)> {
    let mut ahead =
        Match { room: changed(&table.room, |_| ()), now_ms: table.now_ms, said: vec![] };
    let deal = ahead.state().deal;
    let mut steps = Vec::new();
    for step in 0..ALIKE {
        ahead.now_ms += u64::from(rng.below(900));
        let Some(command) = any_move(&ahead, rng, step) else { break };
        ahead.step(command.clone());
        if ahead.room.is_over() || ahead.state().deal != deal {
            break;
        }
        steps.push((ahead.now_ms, command));
    }
    steps
}

#[test]
fn what_is_hidden_changes_no_byte() {
    let (mut compared, mut shuffles, mut left, mut draws) = (0, 0, 0, 0);
    for seed in 0..40 {
        let mut rng = Rng::new(seed);
        let players = 2 + rng.below(5);
        let options = format!(r#"{{"players": {players}, "deals": 2, "turn_secs": 3600}}"#);
        let mut table = Match::new(&options, seed);
        (1..=players).for_each(|player| table.step(Command::join(PlayerId(player))));
        let viewer = PlayerId(1 + rng.below(players));
        let (mut screen, mut other) = (Screen::new(viewer), Screen::new(viewer));
        let (mut stand, mut its_other) = (Screen::new(NOBODY), Screen::new(NOBODY));
        while table.state().seat(viewer).is_some() {
            let steps = next_steps(&table, &mut rng);
            // Which cards the viewer sees on the way.
            let mut ahead =
                Match { room: changed(&table.room, |_| ()), now_ms: table.now_ms, said: vec![] };
            let mut open = open_cards(&ahead.room, viewer);
            for (now_ms, command) in &steps {
                ahead.now_ms = *now_ms;
                ahead.step(command.clone());
                open.extend(open_cards(&ahead.room, viewer));
            }
            let mut differs = false;
            let room = changed(&table.room, |game| {
                differs = hide_others(game, viewer, &open, &mut rng);
            });
            let mut twin = Match { room, now_ms: table.now_ms, said: vec![] };
            for (now_ms, command) in &steps {
                for one in [&mut table, &mut twin] {
                    one.now_ms = *now_ms;
                    one.step(command.clone());
                }
                let slow = rng.chance(0.2);
                let (body, its_twin) =
                    (screen.show(&table.room, slow), other.show(&twin.room, slow));
                assert_eq!(body, its_twin, "seed {seed}, {viewer}, {command:?}");
                assert_eq!(told(&table.said, viewer), told(&twin.said, viewer));
                let (shown, its_twin) =
                    (stand.show(&table.room, slow), its_other.show(&twin.room, slow));
                assert_eq!(shown, its_twin, "seed {seed}, who looks on, {command:?}");
                assert_eq!(told(&table.said, NOBODY), told(&twin.said, NOBODY));
                if !slow && table.state().seat(viewer).is_some() {
                    screen.check(&table.room);
                    stand.check(&table.room);
                }
                compared += usize::from(differs);
                let events = table.events();
                shuffles += usize::from(differs && events.contains(&Event::Shuffled));
                draws += usize::from(events.iter().any(|e| matches!(e, Event::Drew { .. })));
                left += usize::from(differs && matches!(command, Command::Leave { .. }));
            }
            // From here on both screens show the same room again.
            if steps.len() < ALIKE {
                let Some(command) = any_move(&table, &mut rng, 0) else { break };
                table.step(command);
                if table.room.is_over() {
                    break;
                }
            }
        }
    }
    let enough = compared > 1000 && shuffles > 5 && left > 5 && draws > 300;
    assert!(enough, "{compared} steps, {shuffles} shuffles, {left} left, {draws} drew");
}

//! The rules, through a room.

mod secrecy;

use greenroom_proto::{PlayerId, Text, wire};

use super::card::EIGHT;
use super::chat::LINES_MAX;
use super::table::HAND_MAX;
use super::*;
use crate::game::Said;
use crate::rng::Rng;
use crate::room::{AnyRoom, Command, Room};

const CLUBS: Suit = Suit::Clubs;
const HEARTS: Suit = Suit::Hearts;
const SPADES: Suit = Suit::Spades;

fn card(suit: Suit, rank: u8) -> Card {
    Card { suit, rank }
}

/// The same room but for what `change` does to its game.
fn changed(room: &Room<Cards>, change: impl FnOnce(&mut Cards)) -> Room<Cards> {
    let mut other = Room::restore(&room.keyframe()).unwrap();
    change(other.game_mut());
    other
}

struct Match {
    room: Room<Cards>,
    now_ms: u64,
    /// What the last step said.
    said: Vec<Said>,
}

impl Match {
    fn new(options: &str, seed: u64) -> Self {
        Match { room: Room::new(options, seed).unwrap(), now_ms: 0, said: Vec::new() }
    }

    /// A match of so many, and whose turn it is, in order.
    fn started(players: u32) -> (Self, Vec<PlayerId>) {
        let options = format!(r#"{{"players": {players}, "deals": 2, "turn_secs": 10}}"#);
        let mut table = Match::new(&options, 3);
        (1..=players).for_each(|player| table.step(Command::join(PlayerId(player))));
        let mut order = vec![table.state().turn.player().unwrap()];
        while order.len() < players as usize {
            order.extend(table.state().after(order[order.len() - 1]));
        }
        (table, order)
    }

    fn step(&mut self, command: Command) {
        self.said.clear();
        self.room.step(self.now_ms, &[command], &mut self.said);
    }

    fn ask(&mut self, player: PlayerId, request: Request) -> Result<(), Refused> {
        self.step(Command::Request { player, id: 9, body: wire::encode(&request) });
        let reply = self.said.iter().find_map(|said| match said {
            Said::Reply { player: to, id: 9, body } if *to == player => wire::decode(body).ok(),
            _ => None,
        });
        reply.expect("a request is answered")
    }

    fn play(&mut self, player: PlayerId, card: Card) -> Result<(), Refused> {
        self.ask(player, Request::Play { card })
    }

    fn say(&mut self, player: PlayerId, text: &str) -> Result<(), Refused> {
        self.ask(player, Request::Say { text: Text::cut(text) })
    }

    fn time_passes(&mut self, ms: u64) {
        self.now_ms += ms;
        self.said.clear();
        self.room.step(self.now_ms, &[], &mut self.said);
    }

    fn state(&self) -> &State {
        self.room.game().state()
    }

    fn hand(&self, player: PlayerId) -> &[Card] {
        &self.state().seat(player).unwrap().hand
    }

    fn turn(&self) -> Option<PlayerId> {
        self.state().turn.player()
    }

    /// Puts these cards into a hand, on the pile, into the deck.
    fn lay_out(&mut self, hands: &[(PlayerId, &[Card])], pile: &[Card], deck: &[Card]) {
        self.room = changed(&self.room, |game| {
            for (player, cards) in hands {
                let seat = game.state.seat_mut(*player).unwrap();
                seat.empty();
                cards.iter().for_each(|card| assert!(seat.take(*card)));
            }
            game.state.pile = greenroom_proto::List::first(pile.iter().copied());
            game.deck = Deck(deck.to_vec());
            game.state.deck = deck.len() as u8;
        });
    }

    fn events(&self) -> Vec<Event> {
        let events = self.said.iter().filter_map(|said| match said {
            Said::Event { body, .. } => wire::decode(body).ok(),
            _ => None,
        });
        events.collect()
    }

    fn outcome(&self) -> Option<Outcome> {
        self.said.iter().find_map(|said| match said {
            Said::Over { result } => serde_json::from_str(result).ok(),
            _ => None,
        })
    }
}

#[test]
fn cards_are_dealt_when_all_seats_are_taken_and_then_nobody_comes_in() {
    for (players, each) in [(2, 7), (4, 5), (6, 5)] {
        let (mut table, order) = Match::started(players);
        assert!(order.iter().all(|player| table.hand(*player).len() == each));
        let in_hands = players as usize * each;
        assert_eq!(usize::from(table.state().deck), 52 - in_hands - 1);
        assert_eq!(table.state().pile.len(), 1);
        assert_ne!(table.state().top().unwrap().rank, EIGHT);
        table.step(Command::join(PlayerId(9)));
        let why = "the cards are dealt: join another match".to_owned();
        assert_eq!(table.said, [Said::JoinRefused(PlayerId(9), why)]);
    }
    let mut table = Match::new("", 1);
    table.step(Command::join(PlayerId(1)));
    assert_eq!(table.ask(PlayerId(1), Request::Draw), Err(Refused::NotStarted));
}

#[test]
fn cards_that_fit_are_played_in_turn_and_others_are_refused() {
    let (mut table, order) = Match::started(3);
    let (one, two) = (order[0], order[1]);
    let hand = [card(CLUBS, 2), card(HEARTS, 9), card(SPADES, 5)];
    let hands = [(one, &hand[..]), (two, &[card(HEARTS, 2), card(HEARTS, 3)][..])];
    table.lay_out(&hands, &[card(SPADES, 9)], &[card(SPADES, 1)]);
    assert_eq!(table.play(two, card(HEARTS, 2)), Err(Refused::NotYourTurn));
    assert_eq!(table.play(one, card(HEARTS, 2)), Err(Refused::NotYourCard));
    assert_eq!(table.play(one, card(CLUBS, 99)), Err(Refused::NotYourCard));
    assert_eq!(table.play(one, card(CLUBS, 2)), Err(Refused::DoesNotFit));
    assert_eq!(table.ask(one, Request::Pass), Err(Refused::DrawFirst));
    assert_eq!(table.ask(one, Request::Choose { suit: CLUBS }), Err(Refused::NothingToChoose));
    assert_eq!(table.hand(one), hand);
    assert_eq!(table.play(one, card(HEARTS, 9)), Ok(()));
    assert_eq!(table.state().top(), Some(card(HEARTS, 9)));
    assert_eq!(table.state().seat(one).unwrap().cards, 2);
    assert_eq!(table.turn(), Some(two));
}

#[test]
fn whoever_draws_one_card_may_play_or_pass() {
    let (mut table, order) = Match::started(2);
    let [one, two] = order[..] else { panic!("two") };
    let hands = [(one, &[card(CLUBS, 2)][..]), (two, &[card(CLUBS, 3)][..])];
    let deck = [card(SPADES, 1), card(SPADES, 2), card(SPADES, 3)];
    table.lay_out(&hands, &[card(HEARTS, 9)], &deck);
    assert_eq!(table.ask(one, Request::Draw), Ok(()));
    assert_eq!(table.events(), [Event::Drew { player: one }]);
    assert_eq!(table.hand(one), [card(CLUBS, 2), card(SPADES, 3)]);
    assert_eq!(table.ask(one, Request::Draw), Err(Refused::DrewAlready));
    assert_eq!(table.ask(one, Request::Pass), Ok(()));
    assert_eq!(table.turn(), Some(two));
    assert_eq!(table.state().deck, 2);
}

#[test]
fn an_eight_fits_everywhere_and_its_player_names_the_suit() {
    let (mut table, order) = Match::started(2);
    let [one, two] = order[..] else { panic!("two") };
    let hands = [
        (one, &[card(CLUBS, EIGHT), card(CLUBS, 2)][..]),
        (two, &[card(CLUBS, 3), card(SPADES, 4), card(HEARTS, EIGHT)][..]),
    ];
    table.lay_out(&hands, &[card(HEARTS, 9)], &[card(SPADES, 1)]);
    assert_eq!(table.play(one, card(CLUBS, EIGHT)), Ok(()));
    assert!(matches!(table.state().turn, Turn::Choosing { player, .. } if player == one));
    assert_eq!(table.ask(one, Request::Draw), Err(Refused::ChooseFirst));
    let choose = Request::Choose { suit: SPADES };
    assert_eq!(table.ask(two, choose.clone()), Err(Refused::NotYourTurn));
    assert_eq!(table.ask(one, choose), Ok(()));
    assert_eq!(table.state().called, Some(SPADES));
    assert_eq!(table.play(two, card(CLUBS, 3)), Err(Refused::DoesNotFit));
    assert_eq!(table.play(two, card(SPADES, 4)), Ok(()));
    assert_eq!(table.state().called, None);
}

#[test]
fn the_pile_becomes_the_deck_when_the_deck_runs_out() {
    let (mut table, order) = Match::started(2);
    let [one, two] = order[..] else { panic!("two") };
    let hands = [(one, &[card(CLUBS, 2)][..]), (two, &[card(CLUBS, 3)][..])];
    let pile = [card(SPADES, 1), card(SPADES, 2), card(SPADES, 3), card(HEARTS, 9)];
    table.lay_out(&hands, &pile, &[]);
    assert_eq!(table.ask(one, Request::Draw), Ok(()));
    assert_eq!(table.events(), [Event::Shuffled, Event::Drew { player: one }]);
    assert_eq!((table.state().deck, table.state().pile.len()), (2, 1));
    assert_eq!(table.state().top(), Some(card(HEARTS, 9)));
    assert_eq!(table.hand(one)[1].suit, SPADES);
}

#[test]
fn who_cannot_draw_may_pass_and_when_all_do_the_deal_ends() {
    let (mut table, order) = Match::started(2);
    let [one, two] = order[..] else { panic!("two") };
    let hands = [(one, &[card(CLUBS, 2)][..]), (two, &[card(CLUBS, 12)][..])];
    table.lay_out(&hands, &[card(HEARTS, 9)], &[]);
    assert_eq!(table.ask(one, Request::Draw), Err(Refused::NothingToDraw));
    assert_eq!(table.ask(one, Request::Pass), Ok(()));
    assert_eq!(table.ask(two, Request::Pass), Ok(()));
    // The queen costs ten, less the two that the winner holds.
    assert!(table.events().contains(&Event::Won { player: Some(one), points: 8 }));
    assert_eq!((table.state().deal, table.state().points_of(one)), (2, 8));

    let (mut table, order) = Match::started(2);
    let full: Vec<Card> =
        Suit::ALL.iter().flat_map(|suit| (1..=8).map(|rank| card(*suit, rank))).collect();
    assert_eq!(full.len(), HAND_MAX);
    table.lay_out(&[(order[0], &full)], &[card(HEARTS, 9)], &[card(CLUBS, 10)]);
    assert_eq!(table.ask(order[0], Request::Draw), Err(Refused::HandFull));
    assert_eq!(table.ask(order[0], Request::Pass), Ok(()));
}

#[test]
fn the_last_card_wins_the_deal_and_the_most_points_the_match() {
    let (mut table, order) = Match::started(2);
    let [one, two] = order[..] else { panic!("two") };
    let held = [card(CLUBS, EIGHT), card(CLUBS, 13), card(CLUBS, 3)];
    table.lay_out(&[(one, &[card(HEARTS, 2)]), (two, &held)], &[card(HEARTS, 9)], &[]);
    assert_eq!(table.play(one, card(HEARTS, 2)), Ok(()));
    let won = Event::Won { player: Some(one), points: 63 };
    assert_eq!(table.events()[1..], [won, Event::Dealt { first: two }]);
    assert_eq!((table.state().deal, table.turn()), (2, Some(two)));
    assert_eq!(table.hand(one).len(), 7);

    table.lay_out(&[(two, &[card(HEARTS, 2)]), (one, &held)], &[card(HEARTS, 9)], &[]);
    assert_eq!(table.play(two, card(HEARTS, 2)), Ok(()));
    let points = vec![(PlayerId(1), 63), (PlayerId(2), 63)];
    assert_eq!(table.outcome(), Some(Outcome { winner: None, reason: Reason::Played, points }));
    assert!(table.room.is_over());
    assert_eq!(table.state().turn, Turn::Over { winner: None });
}

#[test]
fn cards_of_whoever_leaves_go_into_the_deck_and_play_goes_on() {
    let (mut table, order) = Match::started(3);
    table.step(Command::Leave { player: order[0] });
    assert_eq!(table.turn(), Some(order[1]));
    assert_eq!(table.state().deck, 52 - 3 * 5 - 1 + 5);
    assert_eq!(table.outcome(), None);
    table.step(Command::Leave { player: order[2] });
    let outcome = table.outcome().unwrap();
    assert_eq!((outcome.winner, outcome.reason), (Some(order[1]), Reason::Left));

    let mut table = Match::new(r#"{"players": 2}"#, 1);
    for command in [
        Command::join(PlayerId(1)),
        Command::Leave { player: PlayerId(1) },
        Command::join(PlayerId(2)),
    ] {
        table.step(command);
    }
    assert_eq!(table.state().turn, Turn::Waiting, "the seat was free again");
}

#[test]
fn whoever_takes_too_long_draws_and_passes() {
    let (mut table, order) = Match::started(2);
    let [one, two] = order[..] else { panic!("two") };
    table.time_passes(9_999);
    assert_eq!(table.turn(), Some(one));
    assert_eq!(table.ask(one, Request::Draw), Ok(()));
    table.time_passes(1);
    assert_eq!(table.events(), [Event::Passed { player: one }], "drawing gives no more time");
    assert_eq!((table.turn(), table.hand(one).len()), (Some(two), 8));

    let eight = [card(CLUBS, EIGHT), card(CLUBS, 2)];
    table.lay_out(&[(two, &eight)], &[card(HEARTS, 9)], &[card(SPADES, 1)]);
    assert_eq!(table.play(two, eight[0]), Ok(()));
    table.time_passes(10_000);
    assert_eq!(table.events(), [Event::Chose { player: two, suit: CLUBS }]);
    table.time_passes(10_000);
    assert_eq!(table.events(), [Event::Drew { player: one }, Event::Passed { player: one }]);
}

#[test]
fn names_and_lines_are_as_they_may_be_shown() {
    let (mut table, order) = Match::started(2);
    let one = order[0];
    let name = |name: &str| Request::SetName { name: Text::try_from(name).unwrap() };
    assert_eq!(table.state().seat(one).unwrap().name, format!("Player {}", one.0).as_str());
    assert_eq!(table.ask(one, name("  Zoë 🂡 ")), Ok(()));
    assert_eq!(table.state().seat(one).unwrap().name, "Zoë 🂡");
    for (bad, why) in [
        ("", Refused::Empty),
        (" \t ", Refused::Empty),
        ("a\nb", Refused::BadCharacters),
        ("\u{202e}evil", Refused::BadCharacters),
    ] {
        assert_eq!(table.ask(one, name(bad)), Err(why), "{bad:?}");
        assert_eq!(table.say(one, bad), Err(why), "{bad:?}");
    }
    assert!(wire::decode::<Request>(&[4, 25, 0]).is_err(), "more than 24 bytes are no name");
    assert_eq!(table.say(one, " hello "), Ok(()));
    let line = table.state().chat.values().next().unwrap();
    assert_eq!((line.author, &*line.name, &*line.text), (one, "Zoë 🂡", "hello"));
}

#[test]
fn one_line_a_second_and_the_last_thirty_are_kept() {
    let (mut table, order) = Match::started(2);
    let [one, two] = order[..] else { panic!("two") };
    assert_eq!(table.say(one, "a"), Ok(()));
    table.now_ms += 999;
    assert_eq!(table.say(one, "b"), Err(Refused::TooFast));
    assert_eq!(table.say(two, "c"), Ok(()));
    table.now_ms += 1;
    assert_eq!(table.say(one, "d"), Ok(()));
    for line in 0..40 {
        table.now_ms += 1000;
        assert_eq!(table.say(one, &line.to_string()), Ok(()));
    }
    let numbers: Vec<u32> = table.state().chat.keys().copied().collect();
    assert_eq!(numbers, (43 - LINES_MAX as u32..43).collect::<Vec<_>>());
}

#[test]
fn no_card_is_ever_lost_or_there_twice() {
    for seed in 0..20 {
        let mut table = Match::new(r#"{"players": 4, "deals": 5}"#, seed);
        (1..=4).for_each(|player| table.step(Command::join(PlayerId(player))));
        let mut rng = Rng::new(seed);
        for step in 0..400 {
            if table.room.is_over() {
                break;
            }
            secrecy::any_move(&table, &mut rng, step).into_iter().for_each(|move_| {
                table.step(move_);
            });
            let game = table.room.game();
            let hands = game.state.players.values().flat_map(|seat| seat.hand.iter());
            let mut cards: Vec<Card> =
                hands.chain(game.state.pile.iter()).chain(&game.deck.0).copied().collect();
            cards.sort_by_key(|card| (card.suit as u8, card.rank));
            cards.dedup();
            assert_eq!(cards.len(), 52);
            assert!(game.state.players.values().all(|s| usize::from(s.cards) == s.hand.len()));
            assert_eq!(usize::from(game.state.deck), game.deck.len());
        }
    }
}

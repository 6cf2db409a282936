//! Everything a client can do, and what it cannot: as `test/play.ts` of the other game.

use field::messages::{Refusal, Request};
use field::state::{Field, Player};
use greenroom::game::Said;
use greenroom::prelude::*;
use greenroom::proto::wire;
use greenroom::room::{AnyRoom, Command, Room};
use greenroom_sim::headless::Simulation;

const ADA: PlayerId = PlayerId(1);
const BOB: PlayerId = PlayerId(2);

struct Match(Room<Field>);

impl Match {
    fn step(&mut self, command: Option<Command>) -> Vec<Said> {
        let mut said = Vec::new();
        self.0.step(0, command.as_slice(), &mut said);
        said
    }

    fn ask(&mut self, player: PlayerId, request: Request) -> Result<(), Refusal> {
        let body = wire::encode(&request);
        let said = self.step(Some(Command::Request { player, id: 1, body }));
        let reply = said.iter().find_map(|said| match said {
            Said::Reply { body, .. } => wire::decode(body).ok(),
            _ => None,
        });
        reply.unwrap()
    }

    fn say(&mut self, player: PlayerId, text: &str) -> Result<(), Refusal> {
        self.ask(player, Request::Say(Text::cut(text)))
    }

    fn state(&self) -> &Field {
        self.0.game()
    }

    fn player(&self, player: PlayerId) -> &Player {
        self.state().players.get(&player).unwrap()
    }

    /// Walks to the nearest item; returns its id, and that of the farthest.
    fn walk(&mut self, player: PlayerId) -> (EntityId, EntityId) {
        let from = self.player(player).at;
        let far = |item: &(EntityId, [f32; 2])| (math::distance(from, item.1) * 1e3) as u32;
        let items = || self.state().items.iter().map(|(id, item)| (id, item.at));
        let (farthest, _) = items().max_by_key(far).unwrap();
        let (nearest, at) = items().min_by_key(far).unwrap();
        for _ in 0..600 {
            let me = self.player(player).at;
            let distance = math::distance(me, at);
            if distance < 1.4 {
                break;
            }
            let way = [0, 1].map(|part| ((at[part] - me[part]) * 127.0 / distance) as i8);
            self.step(Some(Command::Input { player, body: wire::encode(&way) }));
        }
        self.step(Some(Command::Input { player, body: wire::encode(&[0i8; 2]) }));
        (nearest, farthest)
    }
}

#[test]
fn two_play() {
    let mut game = Match(Room::new("", 7).unwrap());
    for player in [ADA, BOB] {
        game.step(Some(Command::join(player)));
    }
    assert_eq!(game.state().items.len(), 64);
    for bad in ["", "aaaaaaaaaaaaaaaaaaaaa", "<b>"] {
        assert_eq!(game.ask(ADA, Request::Name(Text::cut(bad))), Err(Refusal::BadName));
    }
    assert_eq!(game.ask(ADA, Request::Name(Text::cut(" Ada "))), Ok(()));

    // Walking and picking.
    let (id, far) = game.walk(ADA);
    let nowhere = EntityId { slot: 40_000, generation: 0 };
    assert_eq!(game.ask(ADA, Request::Pick { item: far }), Err(Refusal::TooFarAway));
    assert_eq!(game.ask(ADA, Request::Pick { item: nowhere }), Err(Refusal::NoSuchItem));
    let stack = game.state().items.get(id).unwrap().stack;
    assert_eq!(game.ask(ADA, Request::Pick { item: id }), Ok(()));
    assert_eq!(game.player(ADA).inventory, [stack]);
    assert!(game.state().items.get(id).is_none());

    // Dropping.
    assert_eq!(game.ask(ADA, Request::Drop { index: 1 }), Err(Refusal::NothingThere));
    assert_eq!(game.ask(ADA, Request::Drop { index: 0 }), Ok(()));
    assert!(game.player(ADA).inventory.is_empty());

    // Talking.
    assert_eq!(game.say(ADA, "  hello  "), Ok(()));
    assert_eq!(game.say(ADA, "again"), Err(Refusal::TooFast));
    assert_eq!(game.say(BOB, " "), Err(Refusal::Empty));
    assert_eq!(game.say(BOB, "a\u{7}b"), Err(Refusal::ControlCharacters));
    assert!(wire::decode::<Request>(&wire::encode(&(3u32, "é".repeat(101)))).is_err());
    assert_eq!(game.say(BOB, &"é".repeat(100)), Ok(()));
    let line = game.state().chat.values().next().unwrap();
    assert_eq!((&*line.from, &*line.text), ("Ada", "hello"));
    for _ in 0..30 {
        (0..20).for_each(|_| drop(game.step(None)));
        assert_eq!(game.say(BOB, "x"), Ok(()));
    }
    let chat = &game.state().chat;
    assert_eq!((chat.len(), chat.keys().next()), (20, Some(&12)));

    // Leaving drops what one has.
    let (id, _) = game.walk(ADA);
    assert_eq!(game.ask(ADA, Request::Pick { item: id }), Ok(()));
    let items = game.state().items.len();
    game.step(Some(Command::Leave { player: ADA }));
    assert_eq!((game.state().players.len(), game.state().items.len()), (1, items + 1));
}

#[test]
fn bots_play_a_minute() {
    let games = field::games();
    let series = Simulation::new(&games, "field").bots(4).secs(60);
    let played = series.prepare().unwrap().play(0).unwrap();
    assert_eq!(played.ticks, 1200);
}

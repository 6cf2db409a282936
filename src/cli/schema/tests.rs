//! What is printed of the games that come with Greenroom, and of a state with all that there is.

use greenroom_proto::{Blob, Grid, List, Map, Message, PlayerId, Replicate, Seen, Table, Text};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::*;
use crate::game::{Ctx, Game};
use crate::options::NoOptions;

fn printed(games: &Games, game: &str, ts: bool) -> String {
    run(&SchemaArgs { game: game.to_owned(), ts }, games).unwrap()
}

fn json(game: &str) -> Value {
    serde_json::from_str(&printed(&Games::builtin(), game, false)).unwrap()
}

#[test]
fn the_schema_of_connect4_names_its_lanes_and_messages() {
    let json = json("connect4");
    let hash = Games::builtin().get("connect4").unwrap().schema_hash;
    assert_eq!(json["game"], "connect4");
    assert_eq!(json["version"], 1);
    assert_eq!(json["hash"], format!("{hash:016x}"));
    let tables = json["state"]["tables"].as_array().unwrap();
    assert_eq!((tables.len(), &tables[0]["rows"]), (1, &Value::from("Single")));
    let phase = r#"{"joined":false,"kind":{"Variant":["Waiting","Playing","Over"]},"name":"phase","predict":"Hold","tolerance":0}"#;
    assert_eq!(tables[0]["lanes"][0], serde_json::from_str::<Value>(phase).unwrap());
    assert_eq!(json["messages"]["input"], "Unit");
    let reply = &json["messages"]["reply"]["Enum"];
    assert_eq!((&reply[0], &reply[1][0]["name"]), (&Value::from("Result"), &Value::from("Ok")));
    assert_eq!(reply[1][0]["data"]["Struct"][1][0]["name"], "row");
}

#[test]
fn the_schema_of_cards_shows_who_owns_what() {
    let json = json("cards");
    let tables = json["state"]["tables"].as_array().unwrap();
    let table = |name: &str| tables.iter().find(|table| table["name"] == name).unwrap();
    assert_eq!(table("players")["rows"], "Entities");
    assert_eq!(table("players")["texts"][0]["max"], 24);
    let of = tables.iter().position(|table| table["name"] == "players.hand").unwrap();
    let items = table("players.hand.items");
    assert_eq!(items["rows"]["Owned"]["of"], of);
    assert_eq!(items["rows"]["Owned"]["each"], 32);
    assert_eq!((&items["restricted"], &table("pile")["restricted"]), (&true.into(), &false.into()));
    let arena = self::json("arena");
    let mut lanes = arena["state"]["tables"][1]["lanes"].as_array().unwrap().iter();
    assert!(lanes.any(|lane| lane["name"] == "x" && lane["kind"]["Step"].is_f64()));
}

#[test]
fn connect4_in_typescript() {
    let text = printed(&Games::builtin(), "connect4", true);
    let expected = r#"
/** What a client sees. */
export interface State {
  phase: "Waiting" | "Playing" | "Over";
  board: { cells: number[][] };
  players: [number, number];
  moves: number;
  turn: number;
  turn_secs: number;
}

/** What a player says all the time. */
export type Input = null;

/** What a player asks. */
export type Request = { Drop: { column: number } };

/** The answer. */
export type Reply = { Ok: Dropped } | { Err: Illegal };
"#;
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("\nexport type Illegal = \"NotStarted\" | \"Over\" | "), "{text}");
    assert!(text.contains("\nexport interface Dropped {\n  row: number;\n"), "{text}");
}

#[test]
fn cards_in_typescript() {
    let text = printed(&Games::builtin(), "cards", true);
    for line in [
        "  pile: { suit: \"Clubs\" | \"Diamonds\" | \"Hearts\" | \"Spades\"; rank: number }[];\n",
        "  called: \"Clubs\" | \"Diamonds\" | \"Hearts\" | \"Spades\" | null;\n",
        "  players: Map<number, PlayersRow>;\n",
        "  points: Map<number, number>;\n",
        "  turn:\n    | \"Waiting\"\n    | { Playing: { player: number; since: number; drew: boolean } }\n",
        "    | { Over: { winner: number | null } };\n",
        "export interface PlayersRow {\n  player: number;\n  cards: number;\n  name: string;\n  hand: { suit: ",
        "export type Suit = \"Clubs\" | ",
        "  | \"Draw\"\n  | \"Pass\"\n  | { SetName: { name: string } }\n",
    ] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
    assert_eq!(text.matches("export interface Card {").count(), 1);
}

/// All that a state and a message can hold.
#[derive(Replicate, Default, Serialize, Deserialize)]
struct All {
    ships: Table<Ship>,
    tiles: Grid<u8, 8, 8>,
    by_name: Map<Text<8>, Option<(u8, u8)>, 4>,
    lists: List<List<i64, 3>, 2>,
    bytes: Blob<16>,
    act: Act,
    acts: [Act; 6],
}

#[derive(Replicate, Default, Serialize, Deserialize)]
struct Ship {
    #[sync(step = 0.5)]
    at: [f32; 2],
    #[sync(quat = 10)]
    turned: [f32; 4],
    #[sync(seen = Seen::Player(PlayerId(1)))]
    secret: u64,
    #[sync(seen = Seen::Nobody)]
    hidden: Nested,
}

#[derive(Replicate, Default, Serialize, Deserialize)]
struct Nested {
    inner: Option<Text<8>>,
}

#[derive(Replicate, Message, Default, Clone, Serialize, Deserialize)]
enum Act {
    #[default]
    Nothing,
    Say(Text<8>),
    Go(i8, bool),
}

/// A message with the name of another.
#[derive(Message, Default, Clone, Serialize, Deserialize)]
struct State {
    maybe: Option<u64>,
    many: List<Option<Act>, 3>,
    pairs: [(u8, Blob<4>); 2],
}

impl Game for All {
    const NAME: &'static str = "all";
    type Options = NoOptions;
    type State = All;
    type Input = (State, State);
    type Request = Act;
    type Reply = Result<(), ()>;
    type Event = crate::game::Never;
    type Result = ();

    fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
        All::default()
    }
    fn state(&self) -> &All {
        self
    }
    fn request(&mut self, _: PlayerId, _: Act, _: &mut Ctx<Self>) -> Result<(), ()> {
        Ok(())
    }
}

#[test]
fn everything_has_a_type() {
    let text = printed(&Games::new().add::<All>(), "all", true);
    for line in [
        "  ships: Map<number, ShipsRow>;\n",
        "  tiles: number[];\n",
        "  by_name: Map<string, [number, number] | null>;\n",
        "  lists: bigint[][];\n",
        "  bytes: Uint8Array;\n",
        "  act: \"Nothing\" | { Say: string } | { Go: [number, boolean] };\n",
        "  acts: (\"Nothing\" | { Say: string } | { Go: [number, boolean] })[];\n",
        "  at: [number, number];\n  turned: [number, number, number, number];\n",
        "  secret: bigint | undefined;\n",
        "  hidden: { inner: string | null } | undefined;\n",
        "export type Input = [State2, State2];\n",
        "export interface State2 {\n  maybe: bigint | null;\n  many: (Act | null)[];\n  pairs: [[number, Uint8Array], [number, Uint8Array]];\n}\n",
        "export type Request = \"Nothing\" | ",
        "export type Act = \"Nothing\" | ",
        "export type Reply = \"Ok\" | \"Err\";\n",
        "export type Event = never;\n",
    ] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
}

/// Every name that is used is TypeScript's own or defined once, and all brackets are closed.
#[test]
fn what_is_printed_is_whole() {
    let games = Games::builtin().add::<All>();
    for game in games.names() {
        let text = printed(&games, game, true);
        let code: String =
            text.lines().filter(|line| !line.starts_with("/")).collect::<Vec<_>>().join("\n");
        for (open, close) in [('{', '}'), ('(', ')'), ('[', ']'), ('<', '>')] {
            assert_eq!(code.matches(open).count(), code.matches(close).count(), "{game}: {open}");
        }
        let strings = code.split('"').step_by(2).collect::<String>();
        let words = strings.split(|c: char| !c.is_alphanumeric() && c != '_');
        let types = words.filter(|word| word.starts_with(|c: char| c.is_ascii_uppercase()));
        // A capital is a type, or the key of a variant.
        for word in types.filter(|word: &&str| !["Map", "Uint8Array"].contains(word)) {
            let defined = [format!("interface {word} {{"), format!("type {word} =")]
                .iter()
                .map(|definition| code.matches(definition.as_str()).count())
                .sum::<usize>();
            let is_key = code.contains(&format!("{{ {word}: "));
            assert!(defined == 1 || (defined == 0 && is_key), "{game}: {word} in\n{text}");
        }
    }
}

#[test]
fn an_unknown_game_is_an_error_that_names_the_others() {
    let args = SchemaArgs { game: "chess".to_owned(), ts: false };
    let said = run(&args, &Games::builtin()).unwrap_err();
    assert_eq!(said, "there is no game `chess`: choose from arena, cards, connect4, swarm");
}

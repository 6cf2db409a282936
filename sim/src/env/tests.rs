//! The whole of it, as the program at the other end meets it.

use greenroom::{Games, Rng};
use serde_json::Value;

use super::*;

fn args(game: &str, envs: u32) -> Args {
    Args {
        game: game.to_owned(),
        envs,
        agents: None,
        bots: None,
        config: "{}".to_owned(),
        seed: 7,
        every: 0,
        steps_max: 0,
        rows_max: 64,
        rows: Vec::new(),
        jobs: 1,
    }
}

fn plan(args: &Args) -> Plan {
    Plan::new(args, &Games::builtin()).unwrap()
}

fn refused(args: &Args) -> String {
    Plan::new(args, &Games::builtin()).err().expect("an error")
}

const RESET: [u8; 14] = [9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// What there is to do: a reset, and steps with actions by chance.
fn script(plan: &Plan, rooms: usize, steps: usize, seed: u64) -> Vec<u8> {
    let (mut rng, mut bytes) = (Rng::new(seed), RESET.to_vec());
    for _ in 0..steps {
        bytes.extend(((rooms * plan.values() * 4) as u32).to_le_bytes());
        bytes.push(2);
        for place in 0..rooms * plan.values() {
            let control = &plan.controls.all[place % plan.controls.all.len()];
            let value = control.low + rng.below((control.high - control.low + 1) as u32) as i32;
            bytes.extend(value.to_le_bytes());
        }
    }
    bytes
}

/// The frames that come of it, and the hello.
fn talk(args: &Args, input: &[u8]) -> (Value, Vec<Vec<u8>>, Result<(), String>) {
    let mut output = Vec::new();
    let outcome = serve(args, &Games::builtin(), &mut &input[..], &mut output);
    let (mut rest, mut frames) = (&output[..], Vec::new());
    while let [a, b, c, d, _, body @ ..] = rest {
        let (frame, after) = body.split_at(u32::from_le_bytes([*a, *b, *c, *d]) as usize);
        frames.push(frame.to_vec());
        rest = after;
    }
    let hello = serde_json::from_slice(&frames.remove(0)).unwrap();
    (hello, frames, outcome)
}

/// Where a field is in the record of a room.
fn field<'r>(hello: &Value, records: &'r [u8], room: usize, name: &str) -> &'r [u8] {
    let fields = hello["fields"].as_array().unwrap();
    let field = fields.iter().find(|field| field["name"] == name).unwrap();
    let record = hello["record_bytes"].as_u64().unwrap() as usize;
    let at = room * record + field["offset"].as_u64().unwrap() as usize;
    let each = match field["dtype"].as_str().unwrap() {
        "<u8" => 8,
        "|b1" => 1,
        _ => 4,
    };
    let shape = field["shape"].as_array().unwrap().iter();
    let count: u64 = shape.map(|axis| axis.as_u64().unwrap()).product();
    &records[at..at + each * count as usize]
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let float = |bytes: &[u8]| f32::from_le_bytes(bytes.try_into().unwrap());
    bytes.chunks_exact(4).map(float).collect()
}

#[test]
fn the_same_actions_have_the_same_come_of_them_on_any_number_of_threads() {
    for (game, bots, config, steps) in [
        ("arena", Some("hunter:2"), r#"{"max_players": 4, "time_limit_secs": 5}"#, 320),
        ("connect4", None, "{}", 60),
        ("swarm", Some("grazer:2"), r#"{"max_players": 5, "time_limit_secs": 5}"#, 60),
        ("cards", None, r#"{"players": 3}"#, 40),
    ] {
        let bots = bots.map(str::to_owned);
        let args = Args { bots, config: config.to_owned(), ..args(game, 5) };
        let input = script(&plan(&args), 5, steps, 3);
        let (_, one, outcome) = talk(&args, &input);
        assert_eq!((outcome, one.len()), (Ok(()), steps + 1), "{game}");
        let (_, three, _) = talk(&Args { jobs: 3, ..args.clone() }, &input);
        assert!(one == three, "{game}");
        let (_, other, _) = talk(&Args { seed: 8, ..args }, &input);
        assert!(one != other, "{game}");
    }
}

#[test]
fn a_match_that_ends_says_so_once_and_the_next_step_begins_another() {
    let config = r#"{"max_players": 2, "time_limit_secs": 5}"#.to_owned();
    let args = Args { config, ..args("arena", 2) };
    let (hello, frames, _) = talk(&args, &script(&plan(&args), 2, 160, 5));
    let is_over = |frame: &Vec<u8>| field(&hello, frame, 1, "terminations") == [1, 1];
    let overs: Vec<usize> = (0..frames.len()).filter(|at| is_over(&frames[*at])).collect();
    // 5 s at 30 Hz, of which the first tick is that in which all take their seats.
    assert_eq!(overs, [149]);
    let number = |frame: usize, name| {
        let bytes = field(&hello, &frames[frame], 1, name);
        u64::from_le_bytes([bytes, &[0; 8]].concat()[..8].try_into().unwrap())
    };
    assert_eq!([number(149, "tick"), number(149, "episode")], [150, 0]);
    assert_ne!(number(149, "hash"), 0);
    assert_eq!([number(150, "tick"), number(150, "episode"), number(150, "hash")], [1, 1, 0]);
    assert_eq!(floats(field(&hello, &frames[150], 1, "rewards")), [0.0, 0.0]);
    // Room 0 has another seed than room 1, and so another match.
    assert_ne!(field(&hello, &frames[0], 0, "ships"), field(&hello, &frames[0], 1, "ships"));
}

#[test]
fn rewards_are_what_the_score_grows_by_and_who_has_won() {
    // Nobody plays well by chance: against a bot that does the learner loses, and is shot.
    let config = r#"{"max_players": 2, "score_limit": 2}"#.to_owned();
    let args = Args { bots: Some("hunter".to_owned()), config, ..args("arena", 1) };
    let (hello, frames, _) = talk(&args, &script(&plan(&args), 1, 1800, 5));
    let over = |frame: &&Vec<u8>| field(&hello, frame, 0, "terminations") == [1];
    let end = frames.iter().position(|frame| over(&frame)).expect("it ends");
    assert_eq!(field(&hello, &frames[end], 0, "winner"), 2i32.to_le_bytes());
    let rewards = frames[..=end].iter().map(|frame| floats(field(&hello, frame, 0, "rewards"))[0]);
    let total: f32 = rewards.sum();
    // Twice shot down, and lost; what it hit itself is less.
    assert!((-3.01..-1.5).contains(&total), "{total}");
}

#[test]
fn in_the_arena_what_one_gains_another_loses() {
    let config = r#"{"max_players": 4, "score_limit": 1000}"#.to_owned();
    let args = Args { config, ..args("arena", 1) };
    let (hello, frames, _) = talk(&args, &script(&plan(&args), 1, 1700, 2));
    let mut hits = 0;
    for frame in &frames {
        let rewards = floats(field(&hello, frame, 0, "rewards"));
        assert!(rewards.iter().sum::<f32>().abs() < 1e-4, "{rewards:?}");
        hits += usize::from(rewards.iter().any(|reward| *reward > 0.3));
    }
    assert!(hits > 5, "they hit each other {hits} times");
}

#[test]
fn matches_are_cut_off_where_that_is_asked_for() {
    let args = Args { steps_max: 10, ..args("arena", 1) };
    let (hello, frames, _) = talk(&args, &script(&plan(&args), 1, 24, 5));
    let cut: Vec<usize> =
        (0..25).filter(|at| field(&hello, &frames[*at], 0, "truncated") == [1]).collect();
    assert_eq!(cut, [10, 21]);
    assert!(frames.iter().all(|it| field(&hello, it, 0, "terminations") == [0; 8]));
}

#[test]
fn whoever_is_not_to_act_does_nothing_and_sees_which_columns_are_free() {
    let args = args("connect4", 1);
    let plan = plan(&args);
    // Both always choose the first column.
    let mut input = RESET.to_vec();
    (0..7).for_each(|_| input.extend([8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(plan.values(), 2);
    let (hello, frames, outcome) = talk(&args, &input);
    assert_eq!(outcome, Ok(()));
    let turns: Vec<&[u8]> = frames.iter().map(|it| field(&hello, it, 0, "to_act")).collect();
    assert!(turns[..6].iter().all(|turn| turn.iter().sum::<u8>() == 1));
    assert!(turns[..6].windows(2).all(|two| two[0] != two[1]), "they take turns");
    // Six discs fill the column; the seventh is refused, and it is still the same one's turn.
    assert_eq!(turns[6], turns[7]);
    let masks = field(&hello, &frames[6], 0, "action_mask");
    let mover = usize::from(turns[6][1]);
    assert_eq!(masks[mover * 7..][..7], [0, 1, 1, 1, 1, 1, 1]);
}

#[test]
fn what_a_player_may_not_see_is_not_told() {
    // Each hand is seen by its owner alone.
    let args = Args { config: r#"{"players": 2}"#.to_owned(), ..args("cards", 1) };
    let (hello, frames, _) = talk(&args, &RESET);
    assert_eq!(hello["shared"], false);
    let fields = hello["fields"].as_array().unwrap();
    let view = hello["view_bytes"].as_u64().unwrap() as usize;
    let hand = fields.iter().find(|it| it["name"].as_str().unwrap().ends_with("hand")).unwrap();
    let (start, columns) = (hand["offset"].as_u64().unwrap() as usize, &hand["shape"]);
    let (rows, width) = (columns[1].as_u64().unwrap(), columns[2].as_u64().unwrap() as usize);
    let present = |agent: usize| {
        let bytes = &frames[0][start + agent * view..][..rows as usize * width * 4];
        let rows = floats(bytes);
        rows.chunks_exact(width).map(|row| row[0]).collect::<Vec<_>>()
    };
    let (one, two) = (present(0), present(1));
    assert!(one.contains(&1.0) && two.contains(&1.0));
    assert!(one.iter().zip(&two).all(|(one, two)| one * two == 0.0), "no card is seen by both");
}

#[test]
fn observations_are_the_values_that_a_client_reads() {
    let args = Args { rows: vec![("ships".to_owned(), 3)], ..args("arena", 1) };
    let (hello, frames, _) = talk(&args, &RESET);
    let fields = hello["fields"].as_array().unwrap();
    let columns = &fields.iter().find(|field| field["name"] == "ships").unwrap()["columns"];
    let names: Vec<_> =
        columns.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names[..4], ["present", "player", "x", "y"]);
    let ships = floats(field(&hello, &frames[0], 0, "ships"));
    for (place, ship) in ships.chunks_exact(names.len()).enumerate() {
        assert_eq!(ship[..2], [1.0, place as f32 + 1.0]);
        // Between the walls of a field for eight.
        assert!((0.0..=1358.0).contains(&ship[2]) && (0.0..=849.0).contains(&ship[3]));
    }
    // Eight ships, and three that are seen.
    assert_eq!(field(&hello, &frames[0], 0, "rows_left_out"), 5u32.to_le_bytes());
}

#[test]
fn a_wrong_action_ends_it_with_a_sentence() {
    let args = args("connect4", 2);
    let mut input = RESET.to_vec();
    input.extend([16, 0, 0, 0, 2]);
    [0i32, 0, 0, 7].iter().for_each(|value| input.extend(value.to_le_bytes()));
    let (_, frames, outcome) = talk(&args, &input);
    let why = outcome.unwrap_err();
    assert!(why.starts_with("room 1, match 0 (seed "), "{why}");
    assert!(
        why.ends_with("the action of player 2: `request.Drop.column` is 7: choose 0 to 6"),
        "{why}"
    );
    assert_eq!(frames.len(), 1, "of the reset");
}

#[test]
fn what_cannot_be_played_is_said_in_a_sentence() {
    assert_eq!(
        refused(&args("go", 1)),
        "there is no game `go`: choose from arena, cards, connect4, swarm"
    );
    let arena = args("arena", 1);
    assert_eq!(
        refused(&Args { agents: Some(5), bots: Some("hunter:4".to_owned()), ..arena.clone() }),
        "5 agents and 4 bots: a room with these options has 8 seats, and at least one agent; see \
         --agents, --bots and --config"
    );
    assert_eq!(
        refused(&Args { rows: vec![("boats".to_owned(), 3)], ..arena.clone() }),
        "--rows boats: choose from ships, bullets"
    );
    assert!(refused(&Args { config: "{".to_owned(), ..arena.clone() }).starts_with("--config: "));
    assert!(refused(&Args { bots: Some("best".to_owned()), ..arena }).contains("no bot `best`"));
    let many = Args { envs: 60_000, rows_max: 65_535, ..args("swarm", 1) };
    assert!(refused(&many).contains("choose fewer --envs, --agents or --rows-max"));
}

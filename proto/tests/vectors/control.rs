//! Control messages, inputs and close codes as bytes and as JSON.

use greenroom_proto::frame::{CONTROL, write_input};
use greenroom_proto::{
    AuthToken, Blob, Body, CloseCode, GameName, JoinTarget, Joined, List, OptionsText, PlayerId,
    Profile, Refusal, RoomId, RoomInfo, Roster, Someone, Spectating, TOKEN_MAX, Text, Tick,
    ToClient, ToServer, wire,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{hex, lines};

pub fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::try_from(text).expect("a short text")
}

pub fn blob<const MAX: usize>(bytes: &[u8]) -> Blob<MAX> {
    Blob::try_from(bytes.to_vec()).expect("few bytes")
}

pub fn message<T: Serialize>(message: &T, value: Value) -> Value {
    let mut bytes = vec![CONTROL];
    wire::encode_into(message, &mut bytes);
    json!({"bytes": hex(&bytes), "value": value})
}

fn place() -> (GameName, OptionsText) {
    (text("arena"), text(r#"{"map":"Käfig"}"#))
}

fn to_server() -> Vec<Value> {
    let hello = |token: Option<&str>, schemas: &[u64]| {
        let shown: Vec<String> = schemas.iter().map(u64::to_string).collect();
        message(
            &ToServer::Hello {
                protocol: 3,
                client: text("test/1.0 ü"),
                token: token.map(|token| AuthToken::try_from(token).expect("a short text")),
                schemas: List::first(schemas.iter().copied()),
            },
            json!({"type": "Hello", "protocol": 3, "client": "test/1.0 ü", "token": token, "schemas": shown}),
        )
    };
    let join = |id: u32, to: JoinTarget, shown: Value| {
        message(
            &ToServer::Join { id, to, schema: None, profile: Profile::default() },
            json!({
                "type": "Join", "id": id, "to": shown, "schema": null,
                "profile": {"name": "", "data": ""},
            }),
        )
    };
    let only = RoomId(1);
    let join_only = message(
        &ToServer::Join {
            id: 7,
            to: JoinTarget::Room(only),
            schema: Some(u64::MAX),
            profile: Profile { name: text("Žofie 王"), data: text(r#"{"hat":"red"}"#) },
        },
        json!({
            "type": "Join", "id": 7, "to": {"type": "Room", "room": only.to_string()},
            "schema": u64::MAX.to_string(),
            "profile": {"name": "Žofie 王", "data": r#"{"hat":"red"}"#},
        }),
    );
    let resume = |token: &[u8], tick: Option<u32>, events: Option<u32>, schema: Option<u64>| {
        message(
            &ToServer::Resume {
                id: 1,
                token: blob(token),
                attempt: 1_790_000_000_000,
                tick: tick.map(Tick),
                events,
                schema,
            },
            json!({
                "type": "Resume", "id": 1, "token": hex(token), "attempt": "1790000000000",
                "tick": tick, "events": events,
                "schema": schema.map(|schema| schema.to_string()),
            }),
        )
    };
    let ack = |events: u32, replies: u32| {
        message(
            &ToServer::Ack { events, replies },
            json!({"type": "Ack", "events": events, "replies": replies}),
        )
    };
    let at = |name: &str| json!({"type": name, "game": "arena", "options": r#"{"map":"Käfig"}"#});
    let (game, options) = place();
    let (create, open) = (
        JoinTarget::Create { game: game.clone(), options: options.clone() },
        JoinTarget::Open { game: game.clone(), options: options.clone() },
    );
    let either = JoinTarget::OpenOrCreate { game: game.clone(), options };
    let room = RoomId(u64::MAX);
    let body: Vec<u8> = (0..=255).collect();
    vec![
        hello(None, &[]),
        hello(Some("secret"), &[0, 250, 251, 65_535, 65_536, 4_294_967_295, 1 << 32, u64::MAX]),
        join(0, create, at("Create")),
        join(250, open, at("Open")),
        join(251, either, at("OpenOrCreate")),
        join(65_536, JoinTarget::Room(room), json!({"type": "Room", "room": room.to_string()})),
        message(&ToServer::Leave, json!({"type": "Leave"})),
        message(
            &ToServer::List { id: u32::MAX, game },
            json!({"type": "List", "id": u32::MAX, "game": "arena"}),
        ),
        message(
            &ToServer::Request { id: 65_535, body: blob(&body) },
            json!({"type": "Request", "id": 65_535, "body": hex(&body)}),
        ),
        message(&ToServer::Resync, json!({"type": "Resync"})),
        join_only,
        resume(&[], None, None, None),
        resume(&[7; TOKEN_MAX], Some(731), Some(0), Some(0xfedc_ba98_7654_3210)),
        resume(&[0, 250, 255], Some(u32::MAX), Some(70_000), None),
        ack(0, 0),
        ack(250, 251),
        ack(u32::MAX, 65_536),
        message(
            &ToServer::Arrived { room, player: PlayerId(251) },
            json!({"type": "Arrived", "room": room.to_string(), "player": 251}),
        ),
        message(
            &ToServer::Chat { id: 300, scope: 255, text: text("gg 🦀") },
            json!({"type": "Chat", "id": 300, "scope": 255, "text": "gg 🦀"}),
        ),
    ]
}

fn joined(token: &[u8], schema: Option<&[u8]>) -> Value {
    let (seat, mut value) = seat(token, schema);
    value["type"] = json!("Joined");
    message(&ToClient::Joined(seat), value)
}

fn moved(token: &[u8], schema: Option<&[u8]>) -> Value {
    let (joined, value) = seat(token, schema);
    let from = RoomId(1 << 63);
    let shown = json!({"type": "Moved", "from": from.to_string(), "joined": value});
    message(&ToClient::Moved { from, joined }, shown)
}

fn seat(token: &[u8], schema: Option<&[u8]>) -> (Joined, Value) {
    let room = RoomId(0x0123_4567_89ab_cdef);
    let shown = schema.map(hex);
    let seat = Joined {
        id: 3,
        room,
        game: text("arena"),
        player: PlayerId(70_000),
        tick: Tick(300),
        tick_hz: 60,
        send_every: 3,
        input_lead_ticks_max: 1000,
        token: blob(token),
        hold_ms: 30_000,
        inputs: 902,
        events: 17,
        requests: 70_001,
        schema_hash: 0xfedc_ba98_7654_3210,
        schema: schema.map(blob),
    };
    let value = json!({
        "id": 3, "room": room.to_string(), "game": "arena",
        "player": 70_000, "tick": 300, "tick_hz": 60, "send_every": 3,
        "input_lead_ticks_max": 1000, "token": hex(token), "hold_ms": 30_000, "inputs": 902,
        "events": 17, "requests": 70_001,
        "schema_hash": 0xfedc_ba98_7654_3210_u64.to_string(), "schema": shown,
    });
    (seat, value)
}

fn spectating(schema: Option<&[u8]>) -> Value {
    let room = RoomId(0x0123_4567_89ab_cdef);
    message(
        &ToClient::Spectating(Spectating {
            id: 9,
            room,
            game: text("arena"),
            tick: Tick(0),
            tick_hz: 30,
            send_every: 1,
            delay_ms: 10_000,
            events: 300,
            schema_hash: 1 << 60,
            schema: schema.map(blob),
        }),
        json!({
            "type": "Spectating", "id": 9, "room": room.to_string(), "game": "arena", "tick": 0,
            "tick_hz": 30, "send_every": 1, "delay_ms": 10_000, "events": 300,
            "schema_hash": (1u64 << 60).to_string(), "schema": schema.map(hex),
        }),
    )
}

fn roster() -> Value {
    let someone = Someone {
        player: PlayerId(300),
        account: text("ada"),
        profile: Profile { name: text("Ada"), data: text("{}") },
        connected: true,
    };
    message(
        &ToClient::Roster(Roster {
            anew: true,
            more: false,
            people: List::first([someone]),
            gone: List::first([PlayerId(7), PlayerId(70_000)]),
            spectators: 2_000,
        }),
        json!({
            "type": "Roster", "anew": true, "more": false, "gone": [7, 70_000], "spectators": 2_000,
            "people": [{
                "player": 300, "account": "ada", "profile": {"name": "Ada", "data": "{}"},
                "connected": true,
            }],
        }),
    )
}

fn to_client() -> Vec<Value> {
    use Refusal as R;
    let refusals = [
        R::UnknownGame,
        R::UnknownRoom,
        R::BadOptions,
        R::RoomFull,
        R::ServerFull,
        R::AlreadySeated,
        R::NoSeat,
        R::Game,
        R::Busy,
        R::Failed,
        R::Stopping,
        R::BadToken,
        R::SeatGone,
        R::TooFarBehind,
        R::OtherSchema,
        R::NotAllowed,
        R::OtherAccount,
        R::BadProfile,
        R::Locked,
        R::BadQuery,
        R::BadCode,
        R::TooManyRooms,
        R::WaitingFull,
        R::NoSpectators,
        R::AudienceFull,
        R::Spectator,
        R::NotBeside,
        R::Moved,
        R::Banned,
        R::Muted,
        R::TooFast,
        R::NoChat,
        R::BadText,
    ];
    let info = |room: u64| RoomInfo {
        room: RoomId(room),
        players: 1,
        players_max: 300,
        options: text("{}"),
    };
    let shown = |room: u64| json!({"room": RoomId(room).to_string(), "players": 1, "players_max": 300, "options": "{}"});
    let mut all = vec![
        message(
            &ToClient::Welcome {
                server: text("greenroom/1"),
                games: List::first([text("arena"), text("chess")]),
                messages_per_sec: 100,
                ping_interval_ms: 20_000,
            },
            json!({
                "type": "Welcome", "server": "greenroom/1", "games": ["arena", "chess"],
                "messages_per_sec": 100, "ping_interval_ms": 20_000,
            }),
        ),
        joined(&[], None),
        joined(&[9; TOKEN_MAX], Some(&[1, 2, 3])),
        moved(&[0, 250], None),
        moved(&[9; TOKEN_MAX], Some(&[1, 2, 3])),
        roster(),
        message(
            &ToClient::Roster(Roster::default()),
            json!({
                "type": "Roster", "anew": false, "more": false, "people": [], "gone": [],
                "spectators": 0,
            }),
        ),
        spectating(None),
        spectating(Some(&[4, 5])),
        message(
            &ToClient::Reply { id: 9, body: Body::default() },
            json!({"type": "Reply", "id": 9, "body": ""}),
        ),
        message(
            &ToClient::Rooms { id: 10, rooms: List::first([info(1), info(1 << 40)]) },
            json!({"type": "Rooms", "id": 10, "rooms": [shown(1), shown(1 << 40)]}),
        ),
        message(&ToClient::Left, json!({"type": "Left"})),
        message(
            &ToClient::Dismissed { code: CloseCode::Kicked },
            json!({"type": "Dismissed", "code": CloseCode::Kicked.code()}),
        ),
        message(
            &ToClient::Banned { room: RoomId(7), for_ms: 1 << 40, text: text("for 4 s still: ü") },
            json!({
                "type": "Banned", "room": RoomId(7).to_string(), "for_ms": (1u64 << 40).to_string(),
                "text": "for 4 s still: ü",
            }),
        ),
        message(
            &ToClient::Ended { result: text(r#"{"winner":null}"#) },
            json!({"type": "Ended", "result": r#"{"winner":null}"#}),
        ),
    ];
    for (id, why) in (0..).zip(refusals) {
        all.push(message(
            &ToClient::Refused { id, why, text: text("no") },
            json!({"type": "Refused", "id": id, "why": format!("{why:?}"), "text": "no"}),
        ));
    }
    for code in CloseCode::ALL {
        all.push(message(
            &ToClient::Closing { code: *code, retry_after_ms: 5000 },
            json!({"type": "Closing", "code": code.code(), "retry_after_ms": 5000}),
        ));
    }
    all.push(message(
        &ToClient::Notice { text: text("Back in 5 minutes: ü") },
        json!({"type": "Notice", "text": "Back in 5 minutes: ü"}),
    ));
    all
}

fn inputs() -> Vec<Value> {
    let cases: [(u32, u32, &[u8]); 4] =
        [(0, 3, b""), (65_535, 65_534, b"a"), (65_537, 65_535, b"abc"), (300, 70_000, &[0, 255])];
    let input = |(tick, now, body): (u32, u32, &[u8])| {
        let mut bytes = Vec::new();
        write_input(Tick(tick), body, &mut bytes);
        let read = Tick(now).near(tick as u16).0;
        json!({"bytes": hex(&bytes), "tick": tick, "now": now, "read": read, "body": hex(body)})
    };
    cases.into_iter().map(input).collect()
}

fn close_codes() -> Vec<Value> {
    let code = |code: u16| {
        let name = CloseCode::of(code).map(|known| format!("{known:?}"));
        json!({"code": code, "name": name, "then": format!("{:?}", CloseCode::then(code))})
    };
    let others = [1001, 1005, 1006, 1010, 1011, 1012, 1014, 1015, 3000, 4099, 4199, 4299, 4300];
    CloseCode::ALL.iter().map(|known| known.code()).chain(others).map(code).collect()
}

/// All of them as JSON.
pub fn vectors() -> String {
    format!(
        "{{\"to_server\":{},\n\"to_client\":{},\n\"inputs\":{},\n\"close_codes\":{}}}",
        lines(&[to_server(), crate::rooms::to_server()].concat()),
        lines(&[to_client(), crate::rooms::to_client()].concat()),
        lines(&inputs()),
        lines(&close_codes()),
    )
}

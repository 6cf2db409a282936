//! Messages about rooms that are found, watched, kept and waited for, as bytes and as JSON.

use greenroom_proto::{
    Condition, Fact, JoinTarget, List, MetaEntry, MetaValue, NewRoom, Profile, Query, RoomEntry,
    RoomId, Sort, Test, ToClient, ToServer, Visibility,
};
use serde_json::{Value, json};

use crate::control::{blob, message, text};
use crate::hex;

fn value(value: &MetaValue) -> Value {
    match value {
        MetaValue::Int(value) => json!({"type": "Int", "value": value.to_string()}),
        MetaValue::Bool(value) => json!({"type": "Bool", "value": value}),
        MetaValue::Text(value) => json!({"type": "Text", "value": &**value}),
    }
}

fn fact(fact: &Fact) -> Value {
    match fact {
        Fact::Key(key) => json!({"type": "Key", "key": &**key}),
        other => json!({"type": format!("{other:?}")}),
    }
}

fn test(test: &Test) -> Value {
    match test {
        Test::Is(is) => json!({"type": "Is", "value": value(is)}),
        Test::Not(not) => json!({"type": "Not", "value": value(not)}),
        Test::Between(from, to) => {
            json!({"type": "Between", "from": from.to_string(), "to": to.to_string()})
        }
        Test::OneOf(values) => {
            let values: Vec<_> = values.iter().map(value).collect();
            json!({"type": "OneOf", "values": values})
        }
        Test::StartsWith(prefix) => json!({"type": "StartsWith", "prefix": &**prefix}),
    }
}

fn entries(entries: &[MetaEntry]) -> Value {
    entries.iter().map(|entry| json!({"key": &*entry.key, "value": value(&entry.value)})).collect()
}

fn query(query: &Query) -> Value {
    let condition = |c: &Condition| json!({"fact": fact(&c.fact), "test": test(&c.test)});
    let conditions: Vec<_> = query.conditions.iter().map(condition).collect();
    json!({
        "game": &*query.game, "conditions": conditions,
        "sort": {"by": fact(&query.sort.by), "descending": query.sort.descending},
        "limit": query.limit, "cursor": query.cursor.as_ref().map(|cursor| hex(cursor)),
    })
}

fn new_room(room: &NewRoom) -> Value {
    json!({
        "options": &*room.options, "seats": room.seats,
        "visibility": format!("{:?}", room.visibility), "metadata": entries(&room.metadata),
    })
}

fn room_entry(room: &RoomEntry) -> Value {
    json!({
        "room": room.room.to_string(), "players": room.players, "players_max": room.players_max,
        "free": room.free, "locked": room.locked, "age_secs": room.age_secs,
        "options": &*room.options, "metadata": entries(&room.metadata),
    })
}

fn metadata<const MAX: usize>() -> List<MetaEntry, MAX> {
    let values = [
        MetaValue::Int(0),
        MetaValue::Int(-1),
        MetaValue::Int(i64::MIN),
        MetaValue::Int(i64::MAX),
        MetaValue::Bool(true),
        MetaValue::Text(text("Käfig")),
    ];
    let entry = |(n, value): (usize, MetaValue)| MetaEntry { key: text(&format!("k{n}")), value };
    List::first(values.into_iter().enumerate().map(entry))
}

fn queries() -> [Query; 2] {
    let int = MetaValue::Int;
    let conditions = [
        (Fact::Players, Test::Between(-1, i64::MAX)),
        (Fact::Free, Test::Not(int(0))),
        (Fact::Age, Test::OneOf(List::first([int(1), int(300)]))),
        (Fact::Key(text("map")), Test::Is(MetaValue::Text(text("Monza")))),
        (Fact::Key(text("night")), Test::Is(MetaValue::Bool(false))),
        (Fact::Key(text("")), Test::StartsWith(text("Mon"))),
    ];
    let condition = |(fact, test)| Condition { fact, test };
    let full = Query {
        game: text("arena"),
        conditions: List::first(conditions.into_iter().map(condition)),
        sort: Sort { by: Fact::Key(text("rank")), descending: false },
        limit: 50,
        cursor: Some(blob(&[1, 2, 250, 255])),
    };
    [Query { game: text("arena"), ..Query::default() }, full]
}

pub fn to_server() -> Vec<Value> {
    let [plain, full] = queries();
    let room = NewRoom {
        options: text("{}"),
        seats: Some(300),
        visibility: Visibility::Private,
        metadata: metadata(),
    };
    let code = "0123456789ABCDEFGHJKMNPQRS";
    let only = RoomId(7);
    let targets = [
        (JoinTarget::Reserved(text(code)), json!({"type": "Reserved", "code": code})),
        (
            JoinTarget::New { game: text("arena"), room: room.clone() },
            json!({"type": "New", "game": "arena", "room": new_room(&room)}),
        ),
        (
            JoinTarget::Match { query: plain.clone(), or_create: None },
            json!({"type": "Match", "query": query(&plain), "or_create": null}),
        ),
        (
            JoinTarget::Match { query: full.clone(), or_create: Some(NewRoom::default()) },
            json!({
                "type": "Match", "query": query(&full), "or_create": new_room(&NewRoom::default()),
            }),
        ),
        (JoinTarget::Code(text("k7qm-4txb")), json!({"type": "Code", "code": "k7qm-4txb"})),
        (JoinTarget::Wait(only), json!({"type": "Wait", "room": only.to_string()})),
    ];
    let mut all: Vec<Value> = (0..)
        .zip(targets.clone())
        .map(|(id, (to, shown))| {
            message(
                &ToServer::Join { id, to, schema: None, profile: Profile::default() },
                json!({
                    "type": "Join", "id": id, "to": shown, "schema": null,
                    "profile": {"name": "", "data": ""},
                }),
            )
        })
        .collect();
    let (to, shown) = targets[1].clone();
    all.push(message(
        &ToServer::Reserve { id: 9, to, seats: 16 },
        json!({"type": "Reserve", "id": 9, "to": shown, "seats": 16}),
    ));
    for asked in [plain, full] {
        let shown = query(&asked);
        all.push(message(
            &ToServer::Find { id: 1, query: asked.clone() },
            json!({"type": "Find", "id": 1, "query": shown}),
        ));
        all.push(message(
            &ToServer::Watch { id: 2, query: asked },
            json!({"type": "Watch", "id": 2, "query": shown}),
        ));
    }
    all.push(message(&ToServer::Unwatch { id: 2 }, json!({"type": "Unwatch", "id": 2})));
    all.push(message(
        &ToServer::Unreserve { code: text(code) },
        json!({"type": "Unreserve", "code": code}),
    ));
    all
}

pub fn to_client() -> Vec<Value> {
    let entry = |room: u64, locked: bool| RoomEntry {
        room: RoomId(room),
        players: 3,
        players_max: 300,
        free: 297,
        locked,
        age_secs: 70_000,
        options: text(r#"{"laps":3}"#),
        metadata: metadata(),
    };
    let (one, two) = (entry(1, false), entry(1 << 60, true));
    let code = "ZZZZZZZZZZZZZZZZZZZZZZZZZZ";
    let room = RoomId(u64::MAX);
    vec![
        message(
            &ToClient::Found { id: 1, rooms: List::default(), next: None },
            json!({"type": "Found", "id": 1, "rooms": [], "next": null}),
        ),
        message(
            &ToClient::Found {
                id: 1,
                rooms: List::first([one.clone(), two.clone()]),
                next: Some(blob(&[0, 255])),
            },
            json!({
                "type": "Found", "id": 1, "rooms": [room_entry(&one), room_entry(&two)],
                "next": hex(&[0, 255]),
            }),
        ),
        message(
            &ToClient::Watched {
                id: 2,
                added: List::first([one.clone()]),
                changed: List::first([two.clone()]),
                removed: List::first([room, RoomId(0)]),
            },
            json!({
                "type": "Watched", "id": 2, "added": [room_entry(&one)],
                "changed": [room_entry(&two)],
                "removed": [room.to_string(), RoomId(0).to_string()],
            }),
        ),
        message(
            &ToClient::Reserved {
                id: 9,
                room,
                codes: List::first([text(code)]),
                expires_ms: 15_000,
            },
            json!({
                "type": "Reserved", "id": 9, "room": room.to_string(), "codes": [code],
                "expires_ms": 15_000,
            }),
        ),
        message(
            &ToClient::Waiting { id: 3, place: 251 },
            json!({"type": "Waiting", "id": 3, "place": 251}),
        ),
        message(
            &ToClient::RoomCode { room, code: text("K7QM4TXB") },
            json!({"type": "RoomCode", "room": room.to_string(), "code": "K7QM4TXB"}),
        ),
    ]
}

//! Asks whatever the description of the interface says can be asked, and much that it does not: each
//! answer is one that is described, and nothing panics.

use std::net::SocketAddr;

use greenroom::Rng;
use greenroom::ops::OPENAPI;
use serde_json::{Map, Value, json};

use crate::ops::on_a_free_port;
use crate::support::http::{Answer, ask, change, get};
use crate::support::{TestServer, setting};

/// The description, and chance.
struct Asker {
    described: Value,
    rng: Rng,
}

impl Asker {
    /// What a `$ref` stands for.
    fn resolved<'a>(&'a self, mut value: &'a Value) -> &'a Value {
        while let Some(path) = value["$ref"].as_str() {
            value = self.described.pointer(path.trim_start_matches('#')).unwrap();
        }
        value
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.rng.below(count) == 0
    }

    fn any_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.rng.below(all.len() as u32) as usize]
    }

    /// Any JSON at all.
    fn any(&mut self, depth: u32) -> Value {
        match self.rng.below(if depth == 0 { 6 } else { 9 }) {
            0 => Value::Null,
            1 => self.one_in(2).into(),
            2 => self.any_of(&[0, 1, -1, i64::MAX, i64::MIN, 4_294_967_296, 7]).to_owned().into(),
            3 => json!(self.any_of(&[0.5, -0.0, 1e300, 1e-300]).to_owned()),
            4 | 5 => self.text().into(),
            6 => (0..self.rng.below(4)).map(|_| self.any(depth - 1)).collect(),
            7 => (0..self.rng.below(4)).map(|_| (self.text(), self.any(depth - 1))).collect(),
            _ => (0..60).fold(json!(1), |inner, _| json!([inner])),
        }
    }

    fn text(&mut self) -> String {
        let texts = [
            "",
            "probe",
            "arena",
            "panic",
            "silence",
            "end",
            "\0",
            "\u{10ffff}",
            "ä\u{301}",
            "__proto__",
            "0000000000001",
            "'; --",
            "{\"a\":",
        ];
        match self.rng.below(12) {
            0 => "x".repeat(self.rng.below(3_000) as usize),
            _ => (*self.any_of(&texts)).to_owned(),
        }
    }

    /// What the schema asks for, mostly.
    fn of(&mut self, schema: &Value) -> Value {
        let schema = self.resolved(schema).clone();
        if self.one_in(12) {
            return self.any(2);
        }
        match schema["type"].as_str() {
            Some("object") => {
                let mut fields = Map::new();
                for (name, field) in schema["properties"].as_object().into_iter().flatten() {
                    if !self.one_in(12) {
                        fields.insert(name.clone(), self.of(field));
                    }
                }
                if self.one_in(12) {
                    fields.insert(self.text(), self.any(1));
                }
                fields.into()
            }
            Some("array") => (0..self.rng.below(4)).map(|_| self.of(&schema["items"])).collect(),
            Some("integer") => self.rng.below(5).into(),
            Some("string") => self.text().into(),
            _ => self.any(3),
        }
    }

    /// Whether the answer is one that is described.
    fn check(&self, operation: &Value, answer: &Answer, asked: &str) {
        let described = &operation["responses"][answer.status.to_string()];
        assert!(!described.is_null(), "not described: {asked}: {answer:?}");
        let content = &self.resolved(described)["content"];
        let schema = &content["application/json"]["schema"];
        if schema.is_null() {
            assert!(!content["text/plain"].is_null(), "{asked}");
        } else {
            let fits = self.fits(schema, &answer.json());
            assert!(fits, "{asked}: {answer:?} is not of {schema}");
            // A panic behind an idempotency key comes to this; any other breaks the connection.
            assert_ne!(answer.json()["error"], "failed", "{asked}");
        }
    }

    /// Whether a value is of a schema, as far as our description goes.
    fn fits(&self, schema: &Value, value: &Value) -> bool {
        let schema = self.resolved(schema);
        if let Some(all) = schema["oneOf"].as_array() {
            return all.iter().filter(|schema| self.fits(schema, value)).count() == 1;
        }
        if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
            return false;
        }
        let types = match &schema["type"] {
            Value::Array(types) => types.clone(),
            Value::Null => return true,
            one => vec![one.clone()],
        };
        types.iter().any(|kind| match (kind.as_str().unwrap(), value) {
            ("null", Value::Null) | ("boolean", Value::Bool(_)) | ("string", Value::String(_)) => {
                true
            }
            ("integer", Value::Number(number)) => number.is_u64(),
            ("array", Value::Array(all)) => all.iter().all(|one| self.fits(&schema["items"], one)),
            ("object", Value::Object(fields)) => {
                let known = schema["properties"].as_object();
                let required = schema["required"].as_array().into_iter().flatten();
                required.into_iter().all(|name| fields.contains_key(name.as_str().unwrap()))
                    && fields.iter().all(|(name, value)| {
                        known.is_none_or(|known| {
                            known.get(name).is_some_and(|schema| self.fits(schema, value))
                        })
                    })
            }
            _ => false,
        })
    }

    /// One request to an operation.
    async fn ask(&mut self, ops: SocketAddr, there: &There, path: &str, method: &str) {
        let operation = self.described["paths"][path][method].clone();
        let nowhere = ["0000000000001", "%00", "..", "%ff", "%F0%9F%8E%B2"];
        let mut place = |all: &[String]| match self.one_in(6) || all.is_empty() {
            true => self.any_of(&nowhere).to_string(),
            false => self.any_of(all).clone(),
        };
        let (room, code) = (place(&there.rooms), place(&there.codes));
        let mut query = String::new();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] == "query" && self.one_in(2) {
                let value = match self.of(&parameter["schema"]) {
                    Value::String(text) if !text.is_ascii() || text.contains(['\0', ' ', '"']) => {
                        continue;
                    }
                    Value::String(text) => text.replace([';', '{'], ""),
                    other => other.to_string().replace(['"', ' ', '{', '}', '\\'], ""),
                };
                let name = parameter["name"].as_str().unwrap();
                query += &format!("{}{name}={value}", if query.is_empty() { '?' } else { '&' });
            }
        }
        query.retain(|letter| letter.is_ascii_graphic());
        query.truncate(500);
        let target = format!("{}{query}", path.replace("{room}", &room).replace("{code}", &code));
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let mut body = match schema.is_null() {
            true => String::new(),
            false => self.of(schema).to_string(),
        };
        if self.one_in(20) {
            body.truncate(body.floor_char_boundary(body.len() / 2));
        }
        let key = self.rng.below(1_000_000).to_string();
        let mut headers = vec![("content-type", "application/json")];
        if self.one_in(3) {
            headers.push(("idempotency-key", &key));
        }
        let answer = ask(ops, &method.to_uppercase(), &target, &headers, &body).await;
        self.check(&operation, &answer, &format!("{method} {target} {body}"));
    }
}

/// What can be asked about.
#[derive(Default)]
struct There {
    rooms: Vec<String>,
    codes: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_to_anything_is_one_that_is_described() {
    let server = TestServer::start(|config| {
        on_a_free_port(config);
        config.rooms.rooms_max = 40;
        config.rooms.restarts_max = 1_000;
        config.rooms.crash_files_max = 0;
    })
    .await;
    let ops = server.server.ops().unwrap();
    let described: Value = serde_json::from_str(OPENAPI).unwrap();
    let paths = described["paths"].as_object().unwrap().clone();
    for seed in 0..3 * setting("GREENROOM_SEEDS", 1) {
        let mut asker = Asker { described: described.clone(), rng: Rng::new(seed) };
        let mut there = There::default();
        for options in [json!({"tick_hz": 0}), json!({})] {
            let body = json!({"game": "probe", "options": options});
            let made = change(ops, "POST /v1/rooms", &body).await;
            let Some(room) = made.json()["room"].as_str().map(str::to_owned) else { continue };
            let reserve = format!("POST /v1/rooms/{room}/reserve");
            let kept = change(ops, &reserve, &json!({"seats": 3})).await.json();
            let codes = kept["codes"].as_array().unwrap().iter();
            there.codes.extend(codes.map(|code| code.as_str().unwrap().to_owned()));
            there.rooms.push(room);
        }
        there.rooms.push("0000000000002".to_owned());
        for _ in 0..20 {
            for (path, methods) in &paths {
                // Draining is for good, and what follows would be one answer.
                for method in methods.as_object().unwrap().keys().filter(|_| path != "/v1/drain") {
                    asker.ask(ops, &there, path, method).await;
                }
            }
        }
    }
    assert_eq!(get(ops, "/readyz").await.status, 200);
    let drained = change(ops, "POST /v1/drain", &json!({"x": 1})).await;
    assert_eq!(drained.error(), "bad_request");
}

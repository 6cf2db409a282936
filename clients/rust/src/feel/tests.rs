//! Both languages draw the same: the cases that the JavaScript client's tests have written.

use std::time::Duration;

use greenroom_proto::Tick;
use serde_json::Value;

use super::*;

#[derive(Clone, Debug)]
struct Thing {
    x: f64,
    heading: f64,
}

/// Pulls to the middle, so that it matters from where it starts.
struct Pull;

impl Rule for Pull {
    type State = Thing;
    type Input = f64;

    fn step(&mut self, thing: &Thing, input: &f64, tick: Tick) -> Thing {
        let push = if tick.0.is_multiple_of(5) { 1.0 } else { 0.0 };
        Thing { x: thing.x * 0.9 + input + push, heading: thing.heading + input * 0.3 }
    }
}

fn fields() -> [Field<Thing>; 2] {
    let x = Field::linear(|thing: &Thing| thing.x, |thing, x| thing.x = x);
    [x, Field::angle(|thing| thing.heading, |thing, heading| thing.heading = heading)]
}

fn cases(kind: &str) -> Vec<(Value, Value)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/feel.json");
    let text = std::fs::read_to_string(path).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let case = cases.iter().find(|case| case["kind"] == kind).unwrap();
    let steps = case["steps"].as_array().unwrap();
    steps.iter().map(|step| (step[0].clone(), step[1].clone())).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn time(value: &Value) -> Duration {
    Duration::from_secs_f64(number(value) / 1000.0)
}

fn tick(value: &Value) -> Tick {
    Tick(value.as_u64().unwrap() as u32)
}

/// Nearly: times are whole nanoseconds here.
fn same(seen: &[f64], expected: &[f64], what: &Value) {
    assert_eq!(seen.len(), expected.len(), "{what}");
    for (one, other) in seen.iter().zip(expected) {
        assert!((one - other).abs() < 1e-4, "{what}: {seen:?} is not {expected:?}");
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

#[test]
fn the_interpolator_does_as_its_cases_say() {
    let mut others = Interpolator::<u64, Thing>::new(Interpolation {
        is_same: |one, other| (one.x - other.x).abs() < 100.0,
        ..Interpolation::of(fields())
    });
    for (step, expected) in cases("interpolator") {
        match step[0].as_str().unwrap() {
            "push" => {
                let entities = step[3].as_array().unwrap().iter().map(|entity| {
                    let thing = Thing { x: number(&entity[1]), heading: number(&entity[2]) };
                    (entity[0].as_u64().unwrap(), thing)
                });
                others.push(time(&step[1]), entities.collect::<Vec<_>>(), time(&step[2]));
            }
            "restart" => others.restart(),
            _ => {
                let picture = others.at(time(&step[1]));
                if number(&expected[0]) >= 0.0 && number(&expected[1]) >= 0.0 {
                    let seen = [others.time(), others.delay()].map(ms);
                    same(&seen, &[number(&expected[0]), number(&expected[1])], &step);
                }
                let things = expected[2].as_array().unwrap();
                assert_eq!(picture.len(), things.len(), "{step}");
                for ((key, thing), expected) in picture.iter().zip(things) {
                    same(&[*key as f64, thing.x, thing.heading], &numbers(expected), &step);
                }
            }
        }
    }
}

#[test]
fn the_pace_does_as_its_cases_say() {
    let mut pace = Pace::new(30, 1).unwrap();
    for (step, expected) in cases("pace") {
        match step[0].as_str().unwrap() {
            "frame" => {
                let slack = step[2].as_i64().unwrap() as i8;
                let applied = (!step[3].is_null()).then(|| tick(&step[3]));
                let rtt = (!step[5].is_null()).then(|| time(&step[5]));
                pace.frame(tick(&step[1]), slack, applied, time(&step[4]), rtt);
            }
            "restart" => pace.restart(),
            _ => {
                let due = pace.due(time(&step[1]));
                let due: Vec<f64> = due.into_iter().map(|tick| tick.0.into()).collect();
                same(&due, &numbers(&expected[0]), &step);
                same(&[pace.share()], &[number(&expected[1])], &step);
            }
        }
    }
    assert!(Pace::new(0, 1).is_none());
}

#[test]
fn the_predictor_does_as_its_cases_say() {
    let how = Prediction { jump: 60.0, ..Prediction::of(fields()) };
    let mut mine = Predictor::new(Pull, 0.0, how);
    for (step, expected) in cases("predictor") {
        match step[0].as_str().unwrap() {
            "input" => {
                mine.input(number(&step[1]), tick(&step[2]));
                assert_eq!(mine.tick(), tick(&expected[0]), "{step}");
            }
            "server" => {
                let state = step[1].as_f64().map(|x| Thing { x, heading: number(&step[2]) });
                let applied = (!step[4].is_null()).then(|| tick(&step[4]));
                mine.server(state, tick(&step[3]), applied, time(&step[5]));
                same(&[mine.correction()], &numbers(&expected), &step);
            }
            _ => {
                let shown = mine.state(time(&step[1]), number(&step[2]), &number(&step[3]));
                assert_eq!(shown.is_none(), expected.is_null(), "{step}");
                if let Some(thing) = shown {
                    same(&[thing.x, thing.heading], &numbers(&expected), &step);
                }
            }
        }
    }
}

#[test]
fn a_key_is_answered_in_the_next_picture_and_a_correction_smoothed() {
    let mut mine = Predictor::new(Pull, 0.0, Prediction::of(fields()));
    let at = Duration::from_millis;
    mine.server(Some(Thing { x: 0.0, heading: 0.0 }), Tick(1), None, at(0));
    assert!(mine.state(at(1), 0.1, &1.0).unwrap().x > 0.0, "before it was even sent");
    mine.input(1.0, Tick(2));
    mine.server(Some(Thing { x: 11.0, heading: 0.0 }), Tick(2), Some(Tick(2)), at(50));
    assert_eq!(mine.correction(), 10.0);
    let x = |mine: &mut Predictor<Pull>, ms| mine.state(at(ms), 0.0, &0.0).unwrap().x;
    assert_eq!(x(&mut mine, 50), 1.0);
    assert!((x(&mut mine, 150) - 10.5).abs() < 0.01);
    assert!((x(&mut mine, 1000) - 11.0).abs() < 0.01);
}

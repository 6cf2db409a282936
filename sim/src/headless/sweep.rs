//! Options that take one value after the other: the same matches for each.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

/// Series that a sweep may come to: nobody reads a longer table.
const VARIANTS_MAX: usize = 1000;

/// Options with the values that sweeps give them, in the order of these.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Swept(Vec<(String, Value)>);

impl Swept {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Swept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Swept {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> de::Visitor<'de> for InOrder {
            type Value = Swept;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("options with their values")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Swept, A::Error> {
                let mut swept = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    swept.push(entry);
                }
                Ok(Swept(swept))
            }
        }
        from.deserialize_map(InOrder)
    }
}

/// All options for each step of the sweeps, with what was swept; the first sweep is the slowest.
/// Without sweeps there is one step. The error is a sentence.
pub(crate) fn variants(sweeps: &[String], config: &str) -> Result<Vec<(Swept, String)>, String> {
    let mut all = vec![Swept::default()];
    for sweep in sweeps {
        let (key, values) = read(sweep).map_err(|why| format!("--sweep {sweep}: {why}"))?;
        if all.iter().any(|swept| swept.iter().any(|(other, _)| other == key)) {
            return Err(format!("--sweep {sweep}: {key} is swept already"));
        }
        if all.len().saturating_mul(values.len()) > VARIANTS_MAX {
            return Err(format!("--sweep: more than {VARIANTS_MAX} series: choose larger steps"));
        }
        let with = |swept: &Swept, value: &Value| {
            let mut swept = swept.clone();
            swept.0.push((key.to_owned(), value.clone()));
            swept
        };
        all = all.iter().flat_map(|swept| values.iter().map(|value| with(swept, value))).collect();
    }
    all.into_iter().map(|swept| merged(config, &swept).map(|config| (swept, config))).collect()
}

/// The options with those that are swept in their place.
fn merged(config: &str, swept: &Swept) -> Result<String, String> {
    if swept.is_empty() {
        // As it was written: the game says what is wrong with it.
        return Ok(config.to_owned());
    }
    let mut options: Map<String, Value> = match config.trim() {
        "" => Map::new(),
        text => serde_json::from_str(text).map_err(|error| format!("--config: {error}"))?,
    };
    options.extend(swept.0.iter().cloned());
    Ok(Value::Object(options).to_string())
}

/// `key=from:to:step`, or `key=one,another`.
fn read(sweep: &str) -> Result<(&str, Vec<Value>), String> {
    let form = "write key=from:to:step, or key=one,another";
    let (key, values) = sweep.split_once('=').ok_or(form)?;
    let key = key.trim();
    if key.is_empty() || values.trim().is_empty() {
        return Err(form.into());
    }
    let parts: Vec<&str> = values.split(':').map(str::trim).collect();
    let values = match parts[..] {
        [from, to, step] => range(from, to, step)?,
        [list] => list.split(',').map(|value| value_of(value.trim())).collect(),
        _ => return Err(form.into()),
    };
    Ok((key, values))
}

/// A JSON value, or a text without its quotes.
fn value_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

fn range(from: &str, to: &str, step: &str) -> Result<Vec<Value>, String> {
    // With as many digits as were written: 0.1, 0.2, 0.3 and not 0.30000000000000004.
    let digits =
        [from, to, step].map(|text| text.split_once('.').map_or(0, |(_, rest)| rest.len()));
    let digits = digits.into_iter().max().unwrap_or(0);
    if digits > 9 {
        return Err("at most 9 digits behind the point".into());
    }
    let scale = 10f64.powi(digits as i32);
    let number = |text: &str| -> Result<i64, String> {
        let number: Option<f64> = text.parse().ok().filter(|number: &f64| !number.is_nan());
        let number = number.ok_or_else(|| format!("`{text}` is no number"))?;
        let scaled = (number * scale).round();
        match scaled.abs() <= 1e15 {
            true => Ok(scaled as i64),
            false => Err(format!("`{text}` is too large")),
        }
    };
    let (from, to, step) = (number(from)?, number(to)?, number(step)?);
    if step <= 0 || from > to {
        return Err("from is the lower, and the step is above 0".into());
    }
    if (to - from) / step >= VARIANTS_MAX as i64 {
        return Err(format!("more than {VARIANTS_MAX} steps: choose larger ones"));
    }
    let steps = (0..=(to - from) / step).map(|n| from + n * step);
    Ok(match digits {
        0 => steps.map(Value::from).collect(),
        _ => steps.map(|value| Value::from(value as f64 / scale)).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sweeps: &[&str], config: &str) -> Result<Vec<String>, String> {
        let sweeps: Vec<String> = sweeps.iter().map(|&sweep| sweep.to_owned()).collect();
        Ok(variants(&sweeps, config)?.into_iter().map(|(_, config)| config).collect())
    }

    #[test]
    fn steps_are_as_they_were_written() {
        assert_eq!(of(&[], " x "), Ok(vec![" x ".to_owned()]));
        assert_eq!(
            of(&["a=1:3:1"], ""),
            Ok(["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"].map(String::from).to_vec())
        );
        let tenths = of(&["a=0.1:0.4:0.1"], "{\"b\":true}").unwrap();
        assert_eq!(tenths[2], "{\"a\":0.3,\"b\":true}");
        assert_eq!(tenths.len(), 4);
        let both = of(&["a=fast,7,true", "b=-1:0:1"], "{\"a\":1}").unwrap();
        assert_eq!((both.len(), &*both[0]), (6, "{\"a\":\"fast\",\"b\":-1}"));
        assert_eq!(&*both[5], "{\"a\":true,\"b\":0}");
    }

    #[test]
    fn what_is_no_sweep_is_said_in_a_sentence() {
        for wrong in ["a", "=1:2:1", "a=", "a=1:2", "a=1:2:3:4"] {
            let why = of(&[wrong], "").unwrap_err();
            assert!(why.contains("write key=from:to:step"), "{why}");
        }
        for (wrong, why) in [
            ("a=1:x:1", "`x` is no number"),
            ("a=nan:2:1", "`nan` is no number"),
            ("a=2:1:1", "from is the lower"),
            ("a=1:2:0", "the step is above 0"),
            ("a=0:1e9:1", "larger ones"),
            ("a=0:1e300:1", "too large"),
        ] {
            let said = of(&[wrong], "").unwrap_err();
            assert!(said.contains(why), "{said}");
        }
        assert!(of(&["a=1,2", "a=3"], "").unwrap_err().contains("is swept already"));
        assert!(of(&["a=1:100:1", "b=1:100:1"], "").unwrap_err().contains("larger steps"));
        assert!(of(&["a=1"], "{").unwrap_err().starts_with("--config"));
    }
}

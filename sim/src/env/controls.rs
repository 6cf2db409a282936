//! Actions as whole numbers: the fields of a game's inputs and requests.

use std::ops::RangeInclusive;

use greenroom::proto::Shape;
use greenroom::proto::message::Variant;
use greenroom::registry::MessageShapes;
use greenroom::training::Terms;
use serde::Serialize;

use super::form::{FLOAT, Form, Source};

/// Controls that a player may have. What has more is not learnt by trying.
const CONTROLS_MAX: usize = 64;
/// Values of all masked controls together.
const MASK_MAX: usize = 4096;

/// Something that a player decides in each step.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub(super) struct Control {
    pub(super) name: String,
    pub(super) low: i32,
    pub(super) high: i32,
    /// Where the mask has its values, if it is masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mask: Option<usize>,
}

impl Control {
    fn values(&self) -> usize {
        usize::try_from(i64::from(self.high) - i64::from(self.low) + 1).unwrap_or(usize::MAX)
    }
}

/// The controls of a game.
#[derive(Debug)]
pub(super) struct Controls {
    pub(super) all: Vec<Control>,
    /// Values of the masked ones.
    pub(super) mask: usize,
    input: Option<Form>,
    /// Whether there is one: 0 is none; and what it says.
    request: Option<(Source, Form)>,
}

/// What an action comes to.
#[derive(Default, PartialEq, Eq, Debug)]
pub(super) struct Bodies {
    pub(super) input: Option<Vec<u8>>,
    pub(super) request: Option<Vec<u8>>,
}

impl Controls {
    /// The error is a sentence for the game's author.
    pub(super) fn new(messages: &MessageShapes, terms: &Terms) -> Result<Self, String> {
        let mut maker = Maker { terms, all: Vec::new(), used: Vec::new() };
        let input = match &messages.input {
            Shape::Unit => None,
            shape => Some(maker.form("", shape)?),
        };
        let request = maker.request(&messages.request)?;
        let Maker { mut all, used, .. } = maker;
        let names = terms.ranges.iter().map(|(name, _)| *name);
        if let Some(name) = names.into_iter().find(|name| !used.iter().any(|known| known == name)) {
            return Err(format!(
                "Training::RANGES: there is no control `{name}`: {}",
                known(&used)
            ));
        }
        let mut mask = 0;
        for name in terms.masked {
            let Some(control) = all.iter_mut().find(|control| control.name == *name) else {
                return Err(format!(
                    "Training::MASKED: there is no control `{name}`: {}",
                    known(&used)
                ));
            };
            control.mask = Some(mask);
            mask = control.values().saturating_add(mask);
            if mask > MASK_MAX {
                return Err(format!(
                    "Training::MASKED: with `{name}` there are more than {MASK_MAX} values: give it \
                     a smaller range in Training::RANGES"
                ));
            }
        }
        match all.is_empty() {
            true => Err("there is nothing that a player could decide".to_owned()),
            false => Ok(Controls { all, mask, input, request }),
        }
    }

    /// Whether each control has a value of its range. The error is the end of a sentence.
    pub(super) fn check(&self, values: &[i32]) -> Result<(), String> {
        let wrong =
            |(control, value): &(&Control, &i32)| !(control.low..=control.high).contains(*value);
        match self.all.iter().zip(values).find(wrong) {
            None => Ok(()),
            Some((Control { name, low, high, .. }, value)) => {
                Err(format!("`{name}` is {value}: choose {low} to {high}"))
            }
        }
    }

    /// What a player says who decides so, with a value for each control.
    pub(super) fn bodies(&self, values: &[i32]) -> Bodies {
        let body = |form: &Form| {
            let mut body = Vec::with_capacity(16);
            form.write(values, &mut body);
            body
        };
        Bodies {
            input: self.input.as_ref().map(body),
            request: self
                .request
                .as_ref()
                .filter(|(which, _)| which.of(values) > 0)
                .map(|(_, form)| body(form)),
        }
    }
}

fn known(names: &[String]) -> String {
    format!("choose from {}", names.join(", "))
}

struct Maker<'a> {
    terms: &'a Terms,
    all: Vec<Control>,
    /// Names of all, those too that have one value.
    used: Vec<String>,
}

impl Maker<'_> {
    fn form(&mut self, path: &str, shape: &Shape) -> Result<Form, String> {
        Ok(match shape {
            Shape::Unit => Form::All(Vec::new()),
            Shape::Bool => Form::Byte(self.control(path, 0..=1)?),
            Shape::U8 => Form::Byte(self.control(path, 0..=255)?),
            Shape::I8 => Form::Byte(self.control(path, -128..=127)?),
            Shape::U16 => Form::Uint(self.control(path, 0..=0xffff)?),
            Shape::U32 | Shape::U64 => Form::Uint(self.control(path, 0..=i32::MAX)?),
            Shape::I16 => Form::Int(self.control(path, -0x8000..=0x7fff)?),
            Shape::I32 | Shape::I64 => Form::Int(self.control(path, i32::MIN..=i32::MAX)?),
            Shape::F32 => Form::F32(self.float(path)?),
            Shape::F64 => Form::F64(self.float(path)?),
            // Nobody learns to write: always empty.
            Shape::Text(_) | Shape::Bytes(_) | Shape::List(..) => Form::Uint(Source::Fixed(0)),
            Shape::Option(inner) => {
                // Named as the field: whether there is a value.
                let which = self.control(path, 0..=1)?;
                let variants = vec![Form::All(Vec::new()), self.form(&below(path, "some"), inner)?];
                Form::One { which, first: 0, variants }
            }
            Shape::Array(inner, count) => {
                let each = (0..*count).take(CONTROLS_MAX + 1);
                self.all_of(each.map(|place| (below(path, &place.to_string()), &**inner)))?
            }
            Shape::Tuple(parts) => {
                let parts = parts.iter().enumerate();
                self.all_of(parts.map(|(place, part)| (below(path, &place.to_string()), part)))?
            }
            Shape::Struct(_, fields) => {
                self.all_of(fields.iter().map(|field| (below(path, &field.name), &field.shape)))?
            }
            Shape::Enum(_, variants) => {
                let most = i32::try_from(variants.len()).unwrap_or(i32::MAX).saturating_sub(1);
                let which = self.control(path, 0..=most.max(0))?;
                self.one(path, which, 0, variants)?
            }
        })
    }

    /// A request is said or not; its variants count from 1.
    fn request(&mut self, shape: &Shape) -> Result<Option<(Source, Form)>, String> {
        let path = "request";
        let variants = match shape {
            Shape::Enum(_, variants) if variants.is_empty() => return Ok(None),
            Shape::Enum(_, variants) => variants,
            shape => {
                let which = self.control(path, 0..=1)?;
                let path = match shape {
                    Shape::Struct(..) | Shape::Tuple(_) | Shape::Array(..) => path,
                    _ => "request.value",
                };
                return Ok(Some((which, self.form(path, shape)?)));
            }
        };
        let most = i32::try_from(variants.len()).unwrap_or(i32::MAX);
        let which = self.control(path, 0..=most)?;
        Ok(Some((which, self.one(path, which, 1, variants)?)))
    }

    fn one(
        &mut self,
        path: &str,
        which: Source,
        first: i32,
        variants: &[Variant],
    ) -> Result<Form, String> {
        let variants = variants.iter();
        let variants = variants.map(|it| self.form(&below(path, &it.name), &it.data));
        Ok(Form::One { which, first, variants: variants.collect::<Result<_, _>>()? })
    }

    fn all_of<'s>(
        &mut self,
        parts: impl Iterator<Item = (String, &'s Shape)>,
    ) -> Result<Form, String> {
        let parts: Result<_, String> = parts.map(|(path, shape)| self.form(&path, shape)).collect();
        parts.map(Form::All)
    }

    fn float(&mut self, path: &str) -> Result<Source, String> {
        let most = FLOAT as i32;
        let said = self.terms.ranges.iter().any(|(name, _)| *name == path);
        self.control(path, if said { i32::MIN..=i32::MAX } else { -most..=most })
    }

    /// A control that its type allows this range.
    fn control(&mut self, path: &str, allowed: RangeInclusive<i32>) -> Result<Source, String> {
        let name = if path.is_empty() { "input" } else { path };
        let said = self.terms.ranges.iter().find(|(said, _)| *said == name);
        let range = said.map_or(&allowed, |(_, range)| range);
        let (low, high) = (*range.start(), *range.end());
        if low > high || !allowed.contains(&low) || !allowed.contains(&high) {
            return Err(format!(
                "Training::RANGES: `{name}` is {low} to {high}, and its type has {} to {}",
                allowed.start(),
                allowed.end()
            ));
        }
        self.used.push(name.to_owned());
        if low == high {
            return Ok(Source::Fixed(low));
        }
        if self.all.len() == CONTROLS_MAX {
            return Err(format!(
                "there are more than {CONTROLS_MAX} controls: with Training::RANGES the game can \
                 have some of one value"
            ));
        }
        self.all.push(Control { name: name.to_owned(), low, high, mask: None });
        Ok(Source::Control(self.all.len() - 1))
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use greenroom::Games;
    use greenroom::proto::{Message, wire};
    use serde::Deserialize;

    use super::*;

    fn of(game: &str) -> Controls {
        let games = Games::builtin();
        let entry = games.get(game).unwrap();
        let terms = entry.training.as_ref().map(|training| training.terms()).unwrap_or_default();
        Controls::new(&entry.game.messages(), &terms).unwrap()
    }

    fn names(controls: &Controls) -> Vec<(&str, i32, i32)> {
        controls.all.iter().map(|it| (it.name.as_str(), it.low, it.high)).collect()
    }

    #[test]
    fn fields_of_inputs_and_requests_are_controls() {
        assert_eq!(names(&of("arena")), [("thrust", 0, 1), ("turn", -100, 100), ("fire", 0, 1)],);
        let connect4 = of("connect4");
        assert_eq!(names(&connect4), [("request.Drop.column", 0, 6)]);
        assert_eq!((connect4.all[0].mask, connect4.mask), (Some(0), 7));
    }

    #[test]
    fn a_game_that_says_nothing_has_all_that_its_types_allow() {
        let games = Games::builtin();
        let messages = games.get("cards").unwrap().game.messages();
        let cards = Controls::new(&messages, &Terms::default()).unwrap();
        // None, or one of six; what is a text in them is always empty.
        assert_eq!(names(&cards)[0], ("request", 0, 6));
        assert!(names(&cards).iter().all(|(name, ..)| !name.contains("text")));
        let mut values = vec![0; cards.all.len()];
        assert_eq!(cards.bodies(&values), Bodies::default());
        values[0] = 3;
        let draw = wire::encode(&greenroom::games::cards::Request::Draw);
        assert_eq!(cards.bodies(&values), Bodies { input: None, request: Some(draw) });
    }

    #[test]
    fn actions_are_the_bytes_of_messages() {
        use greenroom::games::{arena, connect4};
        let input = arena::Input { thrust: true, turn: -100, fire: false, view_age_ms: 0 };
        let bodies = of("arena").bodies(&[1, -100, 0]);
        assert_eq!(bodies, Bodies { input: Some(wire::encode(&input)), request: None });
        let request = connect4::Request::Drop { column: 6 };
        let bodies = of("connect4").bodies(&[6]);
        assert_eq!(bodies, Bodies { input: None, request: Some(wire::encode(&request)) });
        assert_eq!(
            of("arena").check(&[0, -101, 0]),
            Err("`turn` is -101: choose -100 to 100".to_owned())
        );
    }

    #[derive(Message, PartialEq, Debug, Serialize, Deserialize)]
    #[message(crate = "greenroom::proto")]
    struct All {
        wide: ((u16, u32, u64), (i16, i32, i64)),
        far: [f64; 2],
        near: f32,
        option: Option<i16>,
        one: One,
        text: greenroom::proto::Text<9>,
    }

    #[derive(Message, PartialEq, Debug, Serialize, Deserialize)]
    #[message(crate = "greenroom::proto")]
    enum One {
        Nothing,
        Some(u8),
        Named { far: i32 },
    }

    #[test]
    fn all_kinds_of_fields_are_written_as_the_wire_has_them() {
        let messages = MessageShapes {
            input: All::shape(),
            request: greenroom::Never::shape(),
            reply: Shape::Unit,
            event: Shape::Unit,
        };
        const TERMS: Terms = Terms { ranges: &[("near", -500..=70_000)], masked: &[], win: 1.0 };
        let controls = Controls::new(&messages, &TERMS).unwrap();
        let value = |name: &str| match name {
            "wide.0.0" => 300,
            "wide.0.1" => 70_000,
            "wide.0.2" => 251,
            "wide.1.0" => -300,
            "wide.1.1" => i32::MIN,
            "wide.1.2" => i32::MAX,
            "far.0" => -1000,
            "far.1" => 250,
            "near" => 65_500,
            "option" => 1,
            "option.some" => -2,
            "one" => 2,
            "one.Named.far" => -70_000,
            "one.Some" => 7,
            other => panic!("{other}"),
        };
        let values: Vec<i32> = controls.all.iter().map(|it| value(&it.name)).collect();
        assert_eq!((controls.check(&values), values.len()), (Ok(()), 14));
        let all: All = wire::decode(&controls.bodies(&values).input.unwrap()).unwrap();
        let wide = ((300, 70_000, 251), (-300, i32::MIN, i64::from(i32::MAX)));
        let one = One::Named { far: -70_000 };
        let text = Default::default();
        let far = [-1.0, 0.25];
        assert_eq!(all, All { wide, far, near: 65.5, option: Some(-2), one, text });
    }

    #[test]
    fn what_an_author_says_wrong_is_said_back() {
        let games = Games::builtin();
        let messages = games.get("arena").unwrap().game.messages();
        let error = |ranges, masked| {
            Controls::new(&messages, &Terms { ranges, masked, win: 1.0 }).unwrap_err()
        };
        assert_eq!(
            error(&[("trn", 0..=1)], &[]),
            "Training::RANGES: there is no control `trn`: choose from thrust, turn, fire, view_age_ms"
        );
        assert_eq!(
            error(&[("turn", -129..=0)], &[]),
            "Training::RANGES: `turn` is -129 to 0, and its type has -128 to 127"
        );
        assert!(error(&[], &["trn"]).starts_with("Training::MASKED: there is no control `trn`"));
        let one = &[("thrust", 0..=0), ("turn", 0..=0), ("fire", 0..=0), ("view_age_ms", 0..=0)];
        assert_eq!(error(one, &[]), "there is nothing that a player could decide");
    }
}

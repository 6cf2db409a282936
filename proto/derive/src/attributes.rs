//! What stands in `#[sync(…)]`.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Ident, Lit, LitStr, Path, Result, UnOp};

/// What is said of a type.
pub(crate) struct TypeSync {
    pub proto: Path,
    pub seen: Option<Expr>,
    pub near: Option<(Ident, Ident)>,
}

impl TypeSync {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut sync = TypeSync { proto: crate::default_path(), seen: None, near: None };
        each(attributes, |meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            match name.as_str() {
                "crate" => sync.proto = meta.value()?.parse::<LitStr>()?.parse()?,
                "seen" => once(&meta, &mut sync.seen, |meta| meta.value()?.parse())?,
                "near" => once(&meta, &mut sync.near, near)?,
                _ => {
                    return Err(meta.error(
                        "above a type, `sync` knows `seen = EXPR`, `near = (x, y)` and \
                         `crate = \"path\"`",
                    ));
                }
            }
            Ok(())
        })?;
        Ok(sync)
    }
}

fn near(meta: &ParseNestedMeta<'_>) -> Result<(Ident, Ident)> {
    let (x, y) = pair(meta, "near = (x, y)")?;
    let field = |of: Expr| match &of {
        Expr::Path(path) => path.path.require_ident().cloned(),
        _ => Err(Error::new(of.span(), "write the name of a field, as in `near = (x, y)`")),
    };
    Ok((field(x)?, field(y)?))
}

/// What is said of a field.
#[derive(Default)]
pub(crate) struct FieldSync {
    pub skip: Option<Span>,
    pub step: Option<Expr>,
    pub range: Option<(Expr, Expr)>,
    pub angle: Option<Expr>,
    pub quat: Option<Expr>,
    pub tolerance: Option<Expr>,
    pub hold: Option<Span>,
    pub linear: Option<Span>,
    pub join: Option<Span>,
    pub seen: Option<Expr>,
}

impl FieldSync {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut sync = FieldSync::default();
        each(attributes, |meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            let flag = |meta: &ParseNestedMeta<'_>| Ok(meta.path.span());
            let value = |meta: &ParseNestedMeta<'_>| meta.value()?.parse::<Expr>();
            match name.as_str() {
                "skip" => once(&meta, &mut sync.skip, flag),
                "hold" => once(&meta, &mut sync.hold, flag),
                "linear" => once(&meta, &mut sync.linear, flag),
                "join" => once(&meta, &mut sync.join, flag),
                "step" => once(&meta, &mut sync.step, value),
                "angle" => once(&meta, &mut sync.angle, value),
                "quat" => once(&meta, &mut sync.quat, value),
                "tolerance" => once(&meta, &mut sync.tolerance, value),
                "seen" => once(&meta, &mut sync.seen, value),
                "range" => once(&meta, &mut sync.range, |meta| pair(meta, "range = (0.0, 100.0)")),
                _ => Err(meta.error(
                    "above a field, `sync` knows `step = 0.01`, `range = (0.0, 100.0)`, \
                     `angle = 10`, `quat = 10`, `tolerance = 0.05`, `hold`, `linear`, `join`, \
                     `seen = EXPR` and `skip`",
                )),
            }
        })?;
        sync.check()?;
        Ok(sync)
    }

    /// Refuses what does not go together, whatever the field's type is.
    fn check(&self) -> Result<()> {
        let said: Vec<(&str, Option<Span>)> = vec![
            ("step", self.step.as_ref().map(Spanned::span)),
            ("range", self.range.as_ref().map(|range| range.0.span())),
            ("angle", self.angle.as_ref().map(Spanned::span)),
            ("quat", self.quat.as_ref().map(Spanned::span)),
            ("tolerance", self.tolerance.as_ref().map(Spanned::span)),
            ("hold", self.hold),
            ("linear", self.linear),
            ("join", self.join),
            ("seen", self.seen.as_ref().map(Spanned::span)),
            ("skip", self.skip),
        ];
        let apart = |one: &str, others: &[&str]| {
            let span = |name: &str| said.iter().find(|(other, _)| *other == name)?.1;
            match others.iter().find_map(|other| Some((other, span(other)?))) {
                Some((other, at)) if span(one).is_some() => {
                    Err(Error::new(at, format!("`{one}` and `{other}` do not go together")))
                }
                _ => Ok(()),
            }
        };
        apart(
            "skip",
            &["step", "range", "angle", "quat", "tolerance", "hold", "linear", "join", "seen"],
        )?;
        apart("quat", &["step", "range", "angle", "tolerance", "hold", "linear", "join"])?;
        apart("angle", &["step", "range"])?;
        apart("hold", &["linear"])?;
        apart("seen", &["join"])?;
        if let (Some((min, _)), None) = (&self.range, &self.step) {
            return Err(Error::new(min.span(), "a range needs a step: add `step = 0.01`"));
        }
        if let (Some(tolerance), None, None) = (&self.tolerance, &self.step, &self.angle) {
            return Err(Error::new(
                tolerance.span(),
                "a tolerance needs a step: add `step = 0.01`",
            ));
        }
        number(self.step.as_ref(), |step| step > 0.0, "a step is greater than 0")?;
        number(self.tolerance.as_ref(), |most| most > 0.0, "a tolerance is greater than 0")?;
        number(
            self.angle.as_ref(),
            |bits| (1.0..=24.0).contains(&bits),
            "an angle has 1 to 24 bits",
        )?;
        let quat = "a component of a quaternion has 4 to 16 bits";
        number(self.quat.as_ref(), |bits| (4.0..=16.0).contains(&bits), quat)?;
        if let Some((min, max)) = &self.range
            && let (Some(least), Some(most)) = (literal(min), literal(max))
            && least >= most
        {
            return Err(Error::new(min.span(), "a range goes from less to more"));
        }
        Ok(())
    }
}

/// Checks a number that is written out; of others the trait's own check takes care.
fn number(value: Option<&Expr>, good: impl Fn(f64) -> bool, why: &str) -> Result<()> {
    match value.and_then(|value| Some((value, literal(value)?))) {
        Some((value, number)) if !good(number) => Err(Error::new(value.span(), why)),
        _ => Ok(()),
    }
}

fn literal(value: &Expr) -> Option<f64> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(number) => number.base10_parse().ok(),
            Lit::Float(number) => number.base10_parse().ok(),
            _ => None,
        },
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => Some(-literal(&unary.expr)?),
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        _ => None,
    }
}

/// Calls `read` for each word in `#[sync(…)]`.
fn each(
    attributes: &[Attribute],
    mut read: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("sync")) {
        attribute.parse_nested_meta(&mut read)?;
    }
    Ok(())
}

fn once<T>(
    meta: &ParseNestedMeta<'_>,
    place: &mut Option<T>,
    read: impl Fn(&ParseNestedMeta<'_>) -> Result<T>,
) -> Result<()> {
    if place.is_some() {
        return Err(meta.error("this is said twice"));
    }
    *place = Some(read(meta)?);
    Ok(())
}

fn pair(meta: &ParseNestedMeta<'_>, example: &str) -> Result<(Expr, Expr)> {
    let value: Expr = meta.value()?.parse()?;
    if let Expr::Tuple(tuple) = &value
        && let [first, second] = tuple.elems.iter().collect::<Vec<_>>()[..]
    {
        return Ok((first.clone(), second.clone()));
    }
    Err(Error::new(value.span(), format!("write it as `{example}`")))
}

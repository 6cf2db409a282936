//! What can be told of a type by its name alone. A macro sees no more: what hides behind an alias
//! is found by the traits.

use syn::spanned::Spanned;
use syn::{Error, GenericArgument, Ident, PathArguments, Result, Type, TypePath};

/// What a type holds, by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// Floats, perhaps among other things.
    Floats,
    /// Numbers that are sent exactly, perhaps among texts.
    Exact,
    /// Text or bytes.
    Text,
    /// Nothing that the name tells.
    Unknown,
}

/// What the values in a type are.
pub(crate) fn holds(of: &Type) -> Holds {
    match of {
        Type::Array(array) => holds(&array.elem),
        Type::Paren(inner) => holds(&inner.elem),
        Type::Group(inner) => holds(&inner.elem),
        Type::Tuple(tuple) => {
            let parts: Vec<Holds> = tuple.elems.iter().map(holds).collect();
            let all = [Holds::Floats, Holds::Unknown, Holds::Exact, Holds::Text];
            all.into_iter().find(|holds| parts.contains(holds)).unwrap_or(Holds::Text)
        }
        Type::Path(path) => match name(path).map(ToString::to_string).as_deref() {
            Some("f32" | "f64") => Holds::Floats,
            Some(
                "bool" | "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" | "PlayerId"
                | "RoomId" | "Tick",
            ) => Holds::Exact,
            Some("Text" | "Blob") => Holds::Text,
            Some("Option" | "List" | "Grid" | "Table") => {
                arguments(path).first().map_or(Holds::Unknown, |inner| holds(inner))
            }
            Some("Map") => arguments(path).get(1).map_or(Holds::Unknown, |inner| holds(inner)),
            _ => Holds::Unknown,
        },
        _ => Holds::Unknown,
    }
}

/// Refuses a type whose name says that it has no bounded form, wherever it stands in `of`.
pub(crate) fn refuse(of: &Type, state: bool) -> Result<()> {
    walk(of, &mut |of| {
        let why = match of {
            Type::Reference(_) => "a reference cannot be sent: own the value".to_owned(),
            Type::Ptr(_) => "a pointer cannot be sent: own the value".to_owned(),
            Type::Slice(_) => "a slice has no greatest length: write `List<T, 16>`".to_owned(),
            Type::Path(path) => match name(path).and_then(|name| unbounded(name, state)) {
                Some(why) => why,
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        let skip = if state { ", or `#[sync(skip)]` to keep it on the server" } else { "" };
        Err(Error::new(of.span(), format!("{why}{skip}")))
    })
}

fn unbounded(name: &Ident, state: bool) -> Option<String> {
    let name = name.to_string();
    let instead = match name.as_str() {
        "Vec" | "VecDeque" if state => "`List<T, 16>` or, for entities, `Table<T>`",
        "Vec" | "VecDeque" => "`List<T, 16>`; for bytes `Blob<32>`",
        "String" | "str" => "`Text<32>`",
        "HashMap" | "BTreeMap" => "`Map<K, V, 16>`",
        "HashSet" | "BTreeSet" => "`Map<K, (), 16>`",
        "usize" => return Some("`usize` is not of one size: write `u32` or `u64`".to_owned()),
        "isize" => return Some("`isize` is not of one size: write `i32` or `i64`".to_owned()),
        "u128" | "i128" => return Some(format!("`{name}` has no form: write `[u64; 2]`")),
        "char" => return Some("`char` has no form: write `Text<4>`".to_owned()),
        "Box" | "Rc" | "Arc" | "Cow" => {
            return Some(format!("`{name}` has no form: write the type itself"));
        }
        "EntityId" if state => {
            return Some(
                "an `EntityId` would tell about entities that a viewer may not see: refer to an \
                 entity by its `PlayerId` or by an id of your own"
                    .to_owned(),
            );
        }
        _ => return None,
    };
    Some(format!("`{name}` has no greatest length: write {instead}"))
}

/// Refuses what has rows of its own in an enum or an `Option`; `always` if `of` is in one.
pub(crate) fn refuse_rows(of: &Type, always: bool) -> Result<()> {
    let rows = |of: &Type| {
        walk(of, &mut |of| match of {
            Type::Path(path) => match name(path) {
                Some(name) if is_rows(name) => Err(Error::new(
                    of.span(),
                    format!(
                        "a `{name}` cannot be in an enum or an `Option`: make it a field beside \
                         it, empty when there is none"
                    ),
                )),
                _ => Ok(()),
            },
            _ => Ok(()),
        })
    };
    if always {
        return rows(of);
    }
    walk(of, &mut |of| match of {
        Type::Path(path) if name(path).is_some_and(|name| name == "Option") => {
            arguments(path).into_iter().try_for_each(rows)
        }
        _ => Ok(()),
    })
}

fn is_rows(name: &Ident) -> bool {
    ["Table", "List", "Map", "Grid"].iter().any(|rows| name == rows)
}

/// Whether the type is a table of entities.
pub(crate) fn is_table(of: &Type) -> bool {
    matches!(of, Type::Path(path) if name(path).is_some_and(|name| name == "Table"))
}

/// Whether the type can be a rotation: `[f32; 4]`, or a name for it.
pub(crate) fn may_be_quat(of: &Type) -> bool {
    match of {
        Type::Array(array) => {
            let four = matches!(&array.len, syn::Expr::Lit(length)
                if matches!(&length.lit, syn::Lit::Int(length) if length.base10_digits() != "4"));
            let float = matches!(&*array.elem, Type::Path(path)
                if name(path).is_some_and(|name| name == "f32"));
            float && !four
        }
        Type::Path(_) => holds(of) == Holds::Unknown,
        Type::Group(inner) => may_be_quat(&inner.elem),
        _ => false,
    }
}

/// Calls `check` for a type and all that it names.
fn walk(of: &Type, check: &mut impl FnMut(&Type) -> Result<()>) -> Result<()> {
    check(of)?;
    match of {
        Type::Array(array) => walk(&array.elem, check),
        Type::Paren(inner) => walk(&inner.elem, check),
        Type::Group(inner) => walk(&inner.elem, check),
        Type::Tuple(tuple) => tuple.elems.iter().try_for_each(|part| walk(part, check)),
        Type::Path(path) => arguments(path).into_iter().try_for_each(|inner| walk(inner, check)),
        _ => Ok(()),
    }
}

fn name(path: &TypePath) -> Option<&Ident> {
    path.path.segments.last().map(|last| &last.ident)
}

fn arguments(path: &TypePath) -> Vec<&Type> {
    match path.path.segments.last().map(|last| &last.arguments) {
        Some(PathArguments::AngleBracketed(inner)) => {
            let types = inner.args.iter().filter_map(|argument| match argument {
                GenericArgument::Type(inner) => Some(inner),
                _ => None,
            });
            types.collect()
        }
        _ => Vec::new(),
    }
}

//! The types of messages, from their shapes.

use greenroom_proto::Shape;

use super::types::{Names, Type};

/// The type of an input, a request, a reply or an event.
pub(super) fn root(shape: &Shape, names: &mut Names) -> Type {
    match shape {
        // It bears the name of what it is.
        Shape::Struct(..) | Shape::Enum(..) => definition(shape, names),
        _ => of(shape, names),
    }
}

/// The type of a part: its name, if it has one.
fn of(shape: &Shape, names: &mut Names) -> Type {
    match shape {
        Shape::Unit => Type::named("null"),
        Shape::Bool => Type::named("boolean"),
        Shape::U8 | Shape::U16 | Shape::U32 | Shape::I8 | Shape::I16 | Shape::I32 => {
            Type::named("number")
        }
        Shape::F32 | Shape::F64 => Type::named("number"),
        Shape::U64 | Shape::I64 => Type::named("bigint"),
        Shape::Text(_) => Type::named("string"),
        Shape::Bytes(_) => Type::named("Uint8Array"),
        Shape::Option(value) => of(value, names).or("null"),
        Shape::List(value, _) => Type::array(of(value, names)),
        Shape::Array(value, count) => Type::fixed(&of(value, names), *count as usize),
        Shape::Tuple(values) => Type::Tuple(values.iter().map(|value| of(value, names)).collect()),
        // A result has as many forms as there are results; the data of a variant has no name.
        Shape::Enum(name, _) if name == "Result" => definition(shape, names),
        Shape::Struct(name, _) if name.is_empty() => definition(shape, names),
        Shape::Struct(name, _) | Shape::Enum(name, _) => {
            names.of_shape(shape, name, |names| definition(shape, names))
        }
    }
}

fn definition(shape: &Shape, names: &mut Names) -> Type {
    match shape {
        Shape::Struct(_, fields) => {
            let field = |field: &greenroom_proto::message::Field| {
                (field.name.clone(), of(&field.shape, names))
            };
            Type::Object(fields.iter().map(field).collect())
        }
        Shape::Enum(_, variants) => {
            let variant = |variant: &greenroom_proto::message::Variant| {
                let data = (variant.data != Shape::Unit).then(|| of(&variant.data, names));
                Type::variant(&variant.name, data)
            };
            Type::Union(variants.iter().map(variant).collect())
        }
        other => of(other, names),
    }
}

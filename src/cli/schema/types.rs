//! TypeScript types, and how they are printed.

use greenroom_proto::Shape;

/// Characters of a line, but for what stands before a type.
const LINE: usize = 84;

/// A type.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Type {
    /// `number`, `string`, or one that was given a name.
    Named(String),
    /// A string that is always this.
    Literal(String),
    /// `T[]`
    Array(Box<Type>),
    /// `[A, B]`
    Tuple(Vec<Type>),
    /// `Map<K, V>`
    Map(Box<Type>, Box<Type>),
    /// `{ a: A; b: B }`
    Object(Vec<(String, Type)>),
    /// `A | B`; `never` if there is none.
    Union(Vec<Type>),
}

impl Type {
    pub(super) fn named(name: &str) -> Type {
        Type::Named(name.to_owned())
    }

    pub(super) fn array(of: Type) -> Type {
        Type::Array(Box::new(of))
    }

    /// This or something else.
    pub(super) fn or(self, other: &str) -> Type {
        Type::Union(vec![self, Type::named(other)])
    }

    /// So many values of one type.
    pub(super) fn fixed(of: &Type, count: usize) -> Type {
        match count {
            0..=4 => Type::Tuple(vec![of.clone(); count]),
            _ => Type::array(of.clone()),
        }
    }

    /// A variant of an enumeration, with its data if it has any.
    pub(super) fn variant(name: &str, data: Option<Type>) -> Type {
        match data {
            None => Type::Literal(name.to_owned()),
            Some(data) => Type::Object(vec![(name.to_owned(), data)]),
        }
    }

    /// The type in the syntax of TypeScript: in one line if that is short, else in lines that are
    /// indented by `depth`.
    pub(super) fn print(&self, depth: usize) -> String {
        let line = self.with(&|part| part.print(0));
        match line.len() + 2 * depth <= LINE && !line.contains('\n') {
            true => line,
            false => self.block(depth),
        }
    }

    /// The type behind a colon or the like: with a space between, unless it begins on a new line.
    pub(super) fn after(&self, depth: usize) -> String {
        match self.print(depth) {
            lines if lines.starts_with('\n') => lines,
            line => format!(" {line}"),
        }
    }

    /// The type with a line for each of its fields or variants.
    pub(super) fn block(&self, depth: usize) -> String {
        let indent = "  ".repeat(depth);
        match self {
            Type::Object(fields) if !fields.is_empty() => {
                let field = |(name, of): &(String, Type)| {
                    format!("{indent}  {name}:{};\n", of.after(depth + 1))
                };
                let fields: String = fields.iter().map(field).collect();
                format!("{{\n{fields}{indent}}}")
            }
            Type::Union(of) if !of.is_empty() => {
                of.iter().map(|one| format!("\n{indent}  | {}", one.print(depth + 2))).collect()
            }
            _ => self.with(&|part| part.print(depth)),
        }
    }

    /// The type in one line, if its parts are printed in one.
    fn with(&self, print: &dyn Fn(&Type) -> String) -> String {
        let list =
            |of: &[Type], between: &str| of.iter().map(print).collect::<Vec<_>>().join(between);
        match self {
            Type::Named(name) => name.clone(),
            Type::Literal(text) => format!("{text:?}"),
            Type::Array(of) => match **of {
                Type::Union(_) => format!("({})[]", print(of)),
                _ => format!("{}[]", print(of)),
            },
            Type::Tuple(of) => format!("[{}]", list(of, ", ")),
            Type::Map(key, value) => format!("Map<{}, {}>", print(key), print(value)),
            Type::Object(fields) if fields.is_empty() => "{}".to_owned(),
            Type::Object(fields) => {
                let field = |(name, of): &(String, Type)| format!("{name}: {}", print(of));
                format!("{{ {} }}", fields.iter().map(field).collect::<Vec<_>>().join("; "))
            }
            Type::Union(of) if of.is_empty() => "never".to_owned(),
            Type::Union(of) => list(of, " | "),
        }
    }
}

/// The names given to types: each to one type only.
pub(super) struct Names {
    defined: Vec<(String, Type)>,
    /// Which shapes have names already.
    shapes: Vec<(Shape, String)>,
}

/// Names that the module has for itself, or that TypeScript has.
const TAKEN: [&str; 10] = [
    "State",
    "Input",
    "Request",
    "Reply",
    "Event",
    "Map",
    "Array",
    "Uint8Array",
    "Object",
    "Symbol",
];

impl Names {
    pub(super) fn new() -> Self {
        Names { defined: Vec::new(), shapes: Vec::new() }
    }

    /// A name for a type; another one if `name` is taken.
    pub(super) fn define(&mut self, name: &str, of: Type) -> Type {
        let mut free = name.to_owned();
        let mut number = 2;
        while TAKEN.contains(&free.as_str()) || self.defined.iter().any(|(name, _)| *name == free) {
            free = format!("{name}{number}");
            number += 1;
        }
        self.defined.push((free.clone(), of));
        Type::Named(free)
    }

    /// The name of a message's part, which is defined when it is met first.
    pub(super) fn of_shape(
        &mut self,
        shape: &Shape,
        name: &str,
        define: impl FnOnce(&mut Self) -> Type,
    ) -> Type {
        if let Some((_, name)) = self.shapes.iter().find(|(known, _)| known == shape) {
            return Type::named(name);
        }
        let of = define(self);
        let named = self.define(name, of);
        if let Type::Named(name) = &named {
            self.shapes.push((shape.clone(), name.clone()));
        }
        named
    }

    pub(super) fn finish(self) -> Vec<(String, Type)> {
        self.defined
    }
}

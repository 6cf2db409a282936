//! The bytes of a message whose fields are controls.

/// How a float reads as a whole number.
pub(super) const FLOAT: f64 = 1000.0;

/// Where a number comes from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    Control(usize),
    Fixed(i32),
}

/// How the bytes of a message are written.
#[derive(Debug)]
pub(super) enum Form {
    /// A byte.
    Byte(Source),
    /// A varint.
    Uint(Source),
    /// A zig-zag varint.
    Int(Source),
    F32(Source),
    F64(Source),
    /// One after the other.
    All(Vec<Form>),
    /// The number of a variant, counted from `first`, and its data.
    One {
        which: Source,
        first: i32,
        variants: Vec<Form>,
    },
}

impl Source {
    pub(super) fn of(self, values: &[i32]) -> i32 {
        match self {
            Source::Control(place) => values.get(place).copied().unwrap_or(0),
            Source::Fixed(value) => value,
        }
    }
}

impl Form {
    pub(super) fn write(&self, values: &[i32], out: &mut Vec<u8>) {
        match self {
            Form::Byte(source) => out.push(source.of(values) as u8),
            Form::Uint(source) => varint(source.of(values).max(0).unsigned_abs().into(), out),
            Form::Int(source) => {
                let value = i64::from(source.of(values));
                varint(((value << 1) ^ (value >> 63)) as u64, out);
            }
            Form::F32(source) => {
                let value = (f64::from(source.of(values)) / FLOAT) as f32;
                out.extend(value.to_le_bytes());
            }
            Form::F64(source) => out.extend((f64::from(source.of(values)) / FLOAT).to_le_bytes()),
            Form::All(parts) => parts.iter().for_each(|part| part.write(values, out)),
            Form::One { which, first, variants } => {
                let number = usize::try_from(which.of(values) - first).unwrap_or(0);
                varint(number as u64, out);
                if let Some(data) = variants.get(number) {
                    data.write(values, out);
                }
            }
        }
    }
}

/// As messages have them: see the protocol's control messages.
fn varint(value: u64, out: &mut Vec<u8>) {
    match value {
        0..=250 => out.push(value as u8),
        251..=0xffff => {
            out.push(251);
            out.extend((value as u16).to_le_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(252);
            out.extend((value as u32).to_le_bytes());
        }
        _ => {
            out.push(253);
            out.extend(value.to_le_bytes());
        }
    }
}

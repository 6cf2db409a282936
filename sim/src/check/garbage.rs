//! Messages that a stranger might send and that decode: any value of the game's types.

use greenroom::Rng;
use greenroom::proto::Shape;

/// Values of a list, and bytes of a text, at most: enough to find what breaks.
const LENGTH_MAX: u32 = 12;

/// The bytes of some value of this form; `None` if there is none.
pub(super) fn any(shape: &Shape, rng: &mut Rng) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    put(shape, rng, &mut out).then_some(out)
}

/// Appends some value; `false` if there is none.
fn put(shape: &Shape, rng: &mut Rng, out: &mut Vec<u8>) -> bool {
    match shape {
        Shape::Unit => {}
        Shape::Bool => out.push(rng.below(2) as u8),
        Shape::U8 | Shape::I8 => out.push(number(rng) as u8),
        Shape::U16 => put_varint(number(rng) & 0xffff, out),
        Shape::U32 => put_varint(number(rng) & 0xffff_ffff, out),
        Shape::U64 => put_varint(number(rng), out),
        Shape::I16 => put_varint(zigzag(i64::from(number(rng) as i16)), out),
        Shape::I32 => put_varint(zigzag(i64::from(number(rng) as i32)), out),
        Shape::I64 => put_varint(zigzag(number(rng) as i64), out),
        Shape::F32 => out.extend_from_slice(&float(rng).to_le_bytes()),
        Shape::F64 => out.extend_from_slice(&f64::from(float(rng)).to_le_bytes()),
        Shape::Text(max) => {
            let text: String = (0..length(*max, rng)).map(|_| letter(rng)).collect();
            let text = &text[..text.floor_char_boundary(*max as usize)];
            put_varint(text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
        Shape::Bytes(max) => {
            let length = length(*max, rng);
            put_varint(length.into(), out);
            out.extend((0..length).map(|_| rng.next_u32() as u8));
        }
        Shape::Option(inner) => {
            let mut value = vec![1];
            match rng.below(2) == 1 && put(inner, rng, &mut value) {
                true => out.append(&mut value),
                false => out.push(0),
            }
        }
        Shape::List(inner, max) => {
            let length = length(*max, rng);
            put_varint(length.into(), out);
            return (0..length).all(|_| put(inner, rng, out));
        }
        Shape::Array(inner, count) => return (0..*count).all(|_| put(inner, rng, out)),
        Shape::Tuple(parts) => return parts.iter().all(|part| put(part, rng, out)),
        Shape::Struct(_, fields) => return fields.iter().all(|field| put(&field.shape, rng, out)),
        Shape::Enum(_, variants) => {
            let Some(last) = (variants.len() as u32).checked_sub(1) else { return false };
            let place = rng.below(last + 1);
            put_varint(place.into(), out);
            return put(&variants[place as usize].data, rng, out);
        }
    }
    true
}

/// Mostly small, else anything, now and then the greatest.
fn number(rng: &mut Rng) -> u64 {
    match rng.below(8) {
        0..=3 => rng.below(10).into(),
        4 => u64::MAX,
        5 => (1 << rng.below(64)) - 1,
        _ => rng.next_u64(),
    }
}

fn float(rng: &mut Rng) -> f32 {
    match rng.below(8) {
        0 => f32::NAN,
        1 => f32::INFINITY,
        2 => -f32::INFINITY,
        3 => f32::from_bits(rng.next_u32()),
        4 => 0.0,
        _ => rng.between(-100.0, 100.0),
    }
}

fn length(max: u32, rng: &mut Rng) -> u32 {
    match rng.below(16) {
        0 => max.min(64),
        _ => rng.below(max.min(LENGTH_MAX) + 1),
    }
}

fn letter(rng: &mut Rng) -> char {
    ['a', ' ', '"', '\\', '\0', '\n', 'ß', '❄', '🚀'][rng.below(9) as usize]
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// As control messages have them.
fn put_varint(number: u64, out: &mut Vec<u8>) {
    match number {
        0..=250 => out.push(number as u8),
        251..=0xffff => {
            out.push(251);
            out.extend_from_slice(&(number as u16).to_le_bytes());
        }
        0x1_0000..=0xffff_ffff => {
            out.push(252);
            out.extend_from_slice(&(number as u32).to_le_bytes());
        }
        _ => {
            out.push(253);
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use greenroom::Games;

    use super::*;

    #[test]
    fn what_is_made_from_a_form_decodes() {
        let games = Games::builtin();
        let mut rng = Rng::new(1);
        for entry in games.entries() {
            let shapes = entry.game.messages();
            for _ in 0..500 {
                let (input, request) =
                    (any(&shapes.input, &mut rng), any(&shapes.request, &mut rng));
                let input = input.expect("every game has an input");
                assert!(entry.game.is_input(&input), "{}: {input:?}", entry.game.name());
                let request = request.is_none_or(|body| entry.game.is_request(&body));
                assert!(request, "{}", entry.game.name());
            }
        }
    }
}

//! What goes between the rooms and the program that learns: frames of a length, a kind and a body.
//! All numbers are little endian.

use std::io::{self, ErrorKind, Read, Write};

/// Of all that is said here; a program that knows another refuses this one.
pub(super) const FORMAT: u32 = 1;

const HELLO: u8 = 1;
const RECORDS: u8 = 2;
const ERROR: u8 = 3;

const RESET: u8 = 1;
const STEP: u8 = 2;

/// What the other program asks for.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Asked {
    Reset(Option<u64>),
    Step(Vec<i32>),
}

/// Reads what is asked for next; `None` when nobody asks any more. An action takes `values` numbers.
/// The error is a sentence. Nothing is believed: a length that is not that of its kind is refused
/// before any of the body is read.
pub(super) fn read(input: &mut impl Read, values: usize) -> Result<Option<Asked>, String> {
    let mut head = [0; 5];
    match input.read(&mut head[..1]) {
        Ok(0) => return Ok(None),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::Interrupted => return read(input, values),
        Err(error) => return Err(broken(&error)),
    }
    input.read_exact(&mut head[1..]).map_err(|error| broken(&error))?;
    let [a, b, c, d, kind] = head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    let expected = match kind {
        RESET => 9,
        STEP => values * 4,
        kind => return Err(format!("a frame of kind {kind}: there are 1, reset, and 2, step")),
    };
    if length != expected {
        return Err(format!(
            "a frame of kind {kind} with {length} bytes: here it has {expected} (a step has a \
             32-bit integer for each control of each agent of each room)"
        ));
    }
    let mut body = vec![0; expected];
    input.read_exact(&mut body).map_err(|error| broken(&error))?;
    Ok(Some(match kind {
        RESET => {
            let mut seed = [0; 8];
            seed.copy_from_slice(&body[1..]);
            Asked::Reset((body[0] != 0).then_some(u64::from_le_bytes(seed)))
        }
        _ => {
            let number =
                |bytes: &[u8]| i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            Asked::Step(body.chunks_exact(4).map(number).collect())
        }
    }))
}

fn broken(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::UnexpectedEof => "the input ends within a frame".to_owned(),
        _ => format!("the input cannot be read: {error}"),
    }
}

/// Says what there is, in JSON.
pub(super) fn hello(output: &mut impl Write, json: &str) -> io::Result<()> {
    head(output, HELLO, json.len())?;
    output.write_all(json.as_bytes())?;
    output.flush()
}

/// Begins a frame of records, which follow.
pub(super) fn records(output: &mut impl Write, bytes: usize) -> io::Result<()> {
    head(output, RECORDS, bytes)
}

/// Says why there will be nothing more.
pub(super) fn error(output: &mut impl Write, why: &str) -> io::Result<()> {
    head(output, ERROR, why.len())?;
    output.write_all(why.as_bytes())?;
    output.flush()
}

fn head(output: &mut impl Write, kind: u8, bytes: usize) -> io::Result<()> {
    let length = u32::try_from(bytes).map_err(|_| ErrorKind::InvalidInput)?;
    let mut head = [0; 5];
    head[..4].copy_from_slice(&length.to_le_bytes());
    head[4] = kind;
    output.write_all(&head)
}

#[cfg(test)]
mod tests {
    use greenroom::Rng;

    use super::*;

    fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u32).to_le_bytes();
        [&length[..], &[kind], body].concat()
    }

    #[test]
    fn what_is_asked_for_is_read_frame_by_frame_to_the_end() {
        let reset = frame(RESET, &[1, 7, 0, 0, 0, 0, 0, 0, 0]);
        let step = frame(STEP, &[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        let bytes = [reset, step].concat();
        let mut input = &bytes[..];
        assert_eq!(read(&mut input, 2), Ok(Some(Asked::Reset(Some(7)))));
        assert_eq!(read(&mut input, 2), Ok(Some(Asked::Step(vec![1, -1]))));
        assert_eq!(read(&mut input, 2), Ok(None));
    }

    #[test]
    fn frames_that_are_wrong_are_refused_in_a_sentence() {
        let refused = |bytes: &[u8]| read(&mut &bytes[..], 2).unwrap_err();
        assert_eq!(refused(&frame(9, &[])), "a frame of kind 9: there are 1, reset, and 2, step");
        assert!(refused(&frame(STEP, &[0; 4])).starts_with("a frame of kind 2 with 4 bytes: here"));
        // Not a byte of it is waited for.
        assert!(refused(&[255, 255, 255, 255, STEP]).contains("4294967295 bytes"));
        assert_eq!(refused(&[8, 0, 0]), "the input ends within a frame");
        assert_eq!(refused(&frame(STEP, &[0; 8])[..9]), "the input ends within a frame");
    }

    #[test]
    fn any_bytes_are_read_or_refused() {
        let mut rng = Rng::new(11);
        for _ in 0..20_000 {
            let mut bytes: Vec<u8> = (0..rng.below(40)).map(|_| rng.below(4) as u8).collect();
            if rng.chance(0.5) && bytes.len() > 5 {
                bytes[..5].copy_from_slice(&[8, 0, 0, 0, STEP]);
            }
            let mut input = &bytes[..];
            while let Ok(Some(_)) = read(&mut input, 2) {}
        }
    }
}

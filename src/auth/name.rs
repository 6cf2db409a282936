//! What people call themselves, and what they say, made fit to be shown to others.
//!
//! As RFC 8266 (nicknames) asks: white space becomes single spaces, none at the ends, and the text
//! is normalised to NFKC. Before that, characters go that control, reorder or are not seen, so that
//! a name can neither turn the line around that it is shown in nor look like another or like none.
//! They go rather than have the name refused, because whoever pasted it cannot see what is wrong
//! with it. A game that wants more (a list of words, no doubles) has [`Game::admit`].
//!
//! [`Game::admit`]: crate::Game::admit

use greenroom_proto::{ChatText, Profile, Text};
use unicode_normalization::UnicodeNormalization;

use crate::account::is_object;
use crate::game::Chat;

/// Makes a profile fit to be shown. The error says what is wrong with its data.
pub fn clean(profile: &Profile) -> Result<Profile, String> {
    let data = profile.data.clone();
    if !data.is_empty() {
        is_object(&data)
            .map_err(|why| format!("the data of a profile is empty or a JSON object: {why}"))?;
    }
    Ok(Profile { name: clean_name(&profile.name), data })
}

/// Makes a line of a chat fit to be shown: cleaned as names are, and no longer than the room takes. The
/// error says what is wrong with it.
pub fn clean_line(text: &str, chat: &Chat) -> Result<ChatText, String> {
    let text = seen_text(text);
    if text.is_empty() {
        return Err("there is nothing to be seen in this line".to_owned());
    }
    let fits = text.len() <= usize::from(chat.bytes_max)
        && text.chars().count() <= usize::from(chat.chars_max);
    match ChatText::try_from(text.as_str()) {
        Ok(text) if fits => Ok(text),
        _ => Err(format!(
            "a line has at most {} characters and {} bytes: say it in two",
            chat.chars_max, chat.bytes_max
        )),
    }
}

/// A text as it is shown to others: on one line, and nothing in it that is not seen.
fn seen_text(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let seen: String = spaced.filter(|c| !is_unseen(*c)).nfkc().collect();
    // NFKC makes spaces out of some marks that stand alone.
    let words: Vec<&str> = seen.split_whitespace().collect();
    words.join(" ")
}

fn clean_name<const MAX: usize>(name: &str) -> Text<MAX> {
    let mut text = Text::cut(&seen_text(name));
    if text.ends_with(' ') {
        text.pop();
    }
    text
}

/// Controls, private and unassigned-for-good code points, and what Unicode calls
/// `Default_Ignorable_Code_Point`: that has zero-width characters, bidirectional controls, fillers,
/// variation selectors and tags.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        // A blank that is a letter, for the blind.
        || c == '\u{2800}'
        || matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fdd0}'..='\u{fdef}' | '\u{f0000}'..)
        || c as u32 & 0xfffe == 0xfffe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(name: &str) -> String {
        clean_name::<32>(name).to_string()
    }

    #[test]
    fn usual_names_stay_as_they_are() {
        for name in ["Ada", "Žofie", "王小明", "Ἀριάδνη", "أحمد", "Ada the 2nd", "🦀", ""]
        {
            assert_eq!(cleaned(name), name);
        }
    }

    #[test]
    fn what_is_not_seen_or_turns_lines_around_goes() {
        let cases = [
            ("\u{202e}adA", "adA"),
            ("A\u{200b}d\u{feff}a\u{200d}", "Ada"),
            ("A\u{0}d\u{7f}a\u{1b}[31m", "Ada[31m"),
            ("\u{2066}Ada\u{2069}", "Ada"),
            ("\u{3164}\u{2800}\u{115f}", ""),
            ("Ada\u{e0041}\u{fe0f}", "Ada"),
            ("\u{f8ff}\u{ffff}Ada", "Ada"),
        ];
        for (name, clean) in cases {
            assert_eq!(cleaned(name), clean, "{name:?}");
        }
    }

    #[test]
    fn spaces_are_single_and_looks_are_one() {
        assert_eq!(cleaned(" \t Ada \u{a0}\u{2003} Lovelace\n"), "Ada Lovelace");
        // Decomposed and composed, full width and plain are one name.
        assert_eq!(cleaned("Z\u{30c}ofie"), "Žofie");
        assert_eq!(cleaned("Ａｄａ"), "Ada");
        // An accent that stands alone would come with a space in front.
        assert_eq!(cleaned("\u{b4}"), "\u{301}");
    }

    #[test]
    fn a_name_that_grows_is_cut_at_a_character() {
        // One character of three bytes that becomes eighteen of them.
        let long = cleaned(&"\u{fdfa}".repeat(10));
        assert!(long.len() <= 32 && !long.ends_with(' '), "{long:?}");
        assert_eq!(cleaned(&cleaned("\u{fdfa}")), cleaned("\u{fdfa}"));
    }

    #[test]
    fn data_is_an_object_or_nothing() {
        let with = |data: &str| {
            clean(&Profile { name: Text::new(), data: data.try_into().unwrap() }).is_ok()
        };
        assert!(with("") && with("{}") && with(r#"{"hat":{"colour":"red"}}"#));
        assert!(!with("red") && !with("[1]") && !with(r#"{"hat":}"#) && !with("{} {}"));
    }

    #[test]
    fn a_line_is_one_line_that_is_seen_and_fits() {
        let chat = Chat { chars_max: 10, bytes_max: 24, ..Chat::default() };
        let clean = |text: &str| clean_line(text, &chat).map(|text| text.to_string());
        assert_eq!(clean("gg \n\t wp"), Ok("gg wp".into()));
        assert_eq!(clean("\u{202e}evil\u{0}\u{7}"), Ok("evil".into()));
        assert_eq!(clean("🦀🦀🦀🦀🦀🦀"), Ok("🦀🦀🦀🦀🦀🦀".into()));
        assert!(clean("🦀🦀🦀🦀🦀🦀🦀").unwrap_err().contains("10 characters and 24 bytes"));
        assert!(clean("12345678901").is_err() && clean("1234567890").is_ok());
        assert!(clean("").is_err() && clean("\u{200b}\n").is_err());
        // Three bytes that become eighteen characters.
        assert!(clean("\u{fdfa}").is_err());
    }
}

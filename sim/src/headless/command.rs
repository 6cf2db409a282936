//! What starts a bot that is a process: a name, and words.

use std::str::FromStr;
use std::time::Duration;

/// Name of a command that has none of its own.
const NAME: &str = "cmd";

/// `mine=python3 mybot.py`, or `python3 mybot.py`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BotCommand {
    name: String,
    text: String,
    words: Vec<String>,
    answer_within: Duration,
}

impl BotCommand {
    /// What `--bots` calls it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How long it may take for an answer; 1 s unless said otherwise.
    #[must_use]
    pub fn with_answers_within(mut self, time: Duration) -> Self {
        self.answer_within = time;
        self
    }

    pub(super) fn answer_within(&self) -> Duration {
        self.answer_within
    }

    pub(super) fn program(&self) -> &str {
        &self.words[0]
    }

    pub(super) fn args(&self) -> &[String] {
        &self.words[1..]
    }
}

impl std::fmt::Display for BotCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.name, self.text)
    }
}

impl FromStr for BotCommand {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_'))
        };
        let (name, command) = match text.split_once('=') {
            Some((name, command)) if is_name(name) => (name, command),
            _ => (NAME, text),
        };
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(format!("`{name}` begins with a digit: choose another name"));
        }
        let words = words(command)?;
        if words.is_empty() {
            return Err("write what to start, as `mine=python3 mybot.py`".to_owned());
        }
        Ok(BotCommand {
            name: name.to_owned(),
            text: command.trim().to_owned(),
            words,
            answer_within: Duration::from_secs(1),
        })
    }
}

/// The words of a command: between spaces, or between quotes of one kind. Nothing else is special;
/// whoever needs a shell writes `sh -c '…'`.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in text.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '\'' || c == '"' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None => word.get_or_insert_default().push(c),
        }
    }
    match quote {
        Some(quote) => Err(format!("a {quote} is not closed")),
        None => {
            words.extend(word);
            Ok(words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_a_name_and_words() {
        let of = |text: &str| {
            let command: BotCommand = text.parse().unwrap();
            (command.name.clone(), command.words)
        };
        let words =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(of("python3 bot.py"), ("cmd".to_owned(), words(&["python3", "bot.py"])));
        assert_eq!(
            of("mine= python3  'my bot.py' --x=\"it's\" ''"),
            ("mine".to_owned(), words(&["python3", "my bot.py", "--x=it's", ""]))
        );
        assert_eq!(of("./bot --depth=3").1, words(&["./bot", "--depth=3"]));
        for (wrong, why) in
            [("", "write what"), ("a=", "write what"), ("a='b", "not closed"), ("1=b", "digit")]
        {
            let said = wrong.parse::<BotCommand>().unwrap_err();
            assert!(said.contains(why), "{said}");
        }
    }
}

//! The pages that play the games, as they were built in.

/// A file.
pub struct File {
    /// Where it is read.
    pub path: &'static str,
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// What is in it.
    pub text: &'static str,
}

/// What these pages may do: load our own files, connect to this server. No script or style stands in
/// the pages themselves, so nothing that players call themselves or say can become one.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = super::JAVASCRIPT;

macro_rules! files {
    ($($path:literal $content_type:ident $file:literal;)+) => {
        /// All of them.
        pub static FILES: &[File] = &[$(File {
            path: $path,
            content_type: $content_type,
            text: include_str!(concat!("../../web/", $file)),
        }),+];
    };
}

files! {
    "/" HTML "play/index.html";
    "/replay" HTML "play/replay.html";
    "/play/play.css" CSS "play/play.css";
    "/play/app.js" JS "play/app.js";
    "/play/arena.js" JS "play/arena.js";
    "/play/arena-flight.js" JS "play/arena-flight.js";
    "/play/arena-picture.js" JS "play/arena-picture.js";
    "/play/banner.js" JS "play/banner.js";
    "/play/canvas.js" JS "play/canvas.js";
    "/play/cards.js" JS "play/cards.js";
    "/play/chat.js" JS "play/chat.js";
    "/play/connect4.js" JS "play/connect4.js";
    "/play/controls.js" JS "play/controls.js";
    "/play/ending.js" JS "play/ending.js";
    "/play/figures.js" JS "play/figures.js";
    "/play/games.js" JS "play/games.js";
    "/play/invite.js" JS "play/invite.js";
    "/play/lobby.js" JS "play/lobby.js";
    "/play/network.js" JS "play/network.js";
    "/play/pictures.js" JS "play/pictures.js";
    "/play/recording.js" JS "play/recording.js";
    "/play/replay.js" JS "play/replay.js";
    "/play/stage.js" JS "play/stage.js";
    "/play/swarm.js" JS "play/swarm.js";
    "/play/swarm-picture.js" JS "play/swarm-picture.js";
    // The console has them too.
    "/play/dom.js" JS "console/dom.js";
    "/play/plot.js" JS "console/plot.js";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/play");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let path = match name.as_str() {
                "index.html" => "/".to_owned(),
                "replay.html" => "/replay".to_owned(),
                _ => format!("/play/{name}"),
            };
            assert!(FILES.iter().any(|file| file.path == path), "{name}");
        }
    }

    #[test]
    fn no_page_has_script_or_style_of_its_own_and_no_markup_is_made_of_texts() {
        for File { path, text, content_type } in FILES {
            for bad in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!text.contains(bad), "{path}: {bad}");
            }
            if *content_type != HTML {
                continue;
            }
            let listens = |word: &str| word.starts_with("on") && word.contains('=');
            assert!(!text.split_whitespace().any(listens), "{path}: a listener in the page");
            assert!(!text.contains("<style") && !text.contains(" style="), "{path}");
            let scripts = text.matches("<script").count();
            assert_eq!(scripts, text.matches("<script type=\"module\" src=").count(), "{path}");
        }
    }
}

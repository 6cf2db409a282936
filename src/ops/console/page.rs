//! The files of the page, as they were built in.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use xxhash_rust::xxh3::xxh3_128;

use crate::ops::Site;

/// A file.
struct File {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! files {
    ($($path:literal $kind:literal $file:literal;)+) => {
        /// All of them.
        static FILES: &[File] = &[$(File {
            path: $path,
            kind: $kind,
            text: include_str!(concat!("../../web/console/", $file)),
        }),+];
    };
}

files! {
    "/console" "text/html; charset=utf-8" "index.html";
    "/console/console.css" "text/css; charset=utf-8" "console.css";
    "/console/app.js" "text/javascript; charset=utf-8" "app.js";
    "/console/api.js" "text/javascript; charset=utf-8" "api.js";
    "/console/change.js" "text/javascript; charset=utf-8" "change.js";
    "/console/dom.js" "text/javascript; charset=utf-8" "dom.js";
    "/console/events.js" "text/javascript; charset=utf-8" "events.js";
    "/console/format.js" "text/javascript; charset=utf-8" "format.js";
    "/console/plot.js" "text/javascript; charset=utf-8" "plot.js";
    "/console/room.js" "text/javascript; charset=utf-8" "room.js";
    "/console/tables.js" "text/javascript; charset=utf-8" "tables.js";
}

/// What the page may do: load our own files and ask this server. No script or style stands in the
/// page itself, so nothing that a player calls themself can become one.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// By file: a hash of its bytes.
static TAGS: LazyLock<Vec<HeaderValue>> = LazyLock::new(|| FILES.iter().map(tag).collect());

/// Whether this is one of the files, which may be had without a token.
pub(in crate::ops) fn is_page(path: &str) -> bool {
    FILES.iter().any(|file| file.path == path)
}

/// A route for each file.
pub(super) fn routes() -> Router<Arc<Site>> {
    FILES.iter().zip(TAGS.iter()).fold(Router::new(), |router, (file, tag)| {
        router.route(file.path, get(async move |headers: HeaderMap| serve(file, tag, &headers)))
    })
}

fn serve(file: &File, tag: &HeaderValue, asked: &HeaderMap) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.kind)),
        (header::ETAG, tag.clone()),
        // Kept, and asked for again each time: another build has other files.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    match asked.get(header::IF_NONE_MATCH) == Some(tag) {
        true => (StatusCode::NOT_MODIFIED, headers).into_response(),
        false => (headers, file.text).into_response(),
    }
}

fn tag(file: &File) -> HeaderValue {
    let tag = format!("\"{:032x}\"", xxh3_128(file.text.as_bytes()));
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/console");
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.file_type().unwrap().is_file() && name != "package.json" {
                let path = match name.as_str() {
                    "index.html" => "/console".to_owned(),
                    _ => format!("/console/{name}"),
                };
                assert!(is_page(&path), "{name}");
            }
        }
    }

    #[test]
    fn the_page_has_no_script_or_style_of_its_own_and_no_markup_is_made_of_texts() {
        for File { path, text, .. } in FILES {
            for bad in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
                assert!(!text.contains(bad), "{path}: {bad}");
            }
        }
        let page = FILES[0].text;
        let listens = |word: &str| word.starts_with("on") && word.contains('=');
        assert!(!page.split_whitespace().any(listens), "a listener in the page");
        assert!(!page.contains("<style") && !page.contains(" style="));
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script type=\"module\" src=").count()
        );
    }
}

//! What a request is told that was not done: a code for a program, a sentence for a person.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

macro_rules! codes {
    ($($(#[doc = $about:literal])+ $name:ident = $status:literal $word:literal;)+) => {
        /// Why a request was not done.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Code {
            $($(#[doc = $about])+ $name,)+
        }

        impl Code {
            /// All codes.
            pub const ALL: &[Code] = &[$(Code::$name),+];

            /// As it stands in an answer.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Code::$name => $word,)+ }
            }

            /// The status of the answer.
            #[must_use]
            pub fn status(self) -> u16 {
                match self { $(Code::$name => $status,)+ }
            }
        }
    };
}

codes! {
    /// What was sent is not what the interface takes.
    BadRequest = 400 "bad_request";
    /// No token, or not the right one.
    Unauthorized = 401 "unauthorized";
    /// A web page asks, or one behind a name that is not this machine's.
    Forbidden = 403 "forbidden";
    /// Nothing is at this address.
    NotFound = 404 "not_found";
    /// There is no game of this name.
    UnknownGame = 404 "unknown_game";
    /// There is no room of this id, or it ended too long ago to be remembered.
    UnknownRoom = 404 "unknown_room";
    /// Nobody in the room is this player.
    UnknownPlayer = 404 "unknown_player";
    /// No seat is kept by this code.
    UnknownReservation = 404 "unknown_reservation";
    /// The address has other methods.
    MethodNotAllowed = 405 "method_not_allowed";
    /// The match in this room is over.
    RoomOver = 409 "room_over";
    /// Not so many seats are free, or the game takes nobody now.
    RoomFull = 409 "room_full";
    /// The body is larger than it may be.
    TooLarge = 413 "too_large";
    /// A change has to say that its body is JSON.
    UnsupportedMediaType = 415 "unsupported_media_type";
    /// The options are not what the game allows.
    BadOptions = 422 "bad_options";
    /// The idempotency key was used for another request.
    KeyReused = 422 "key_reused";
    /// Too many words wait for this room already.
    Busy = 429 "busy";
    /// The game panicked over it: nothing came of it.
    GameFailed = 500 "game_failed";
    /// The server failed over it: what there is to know is in its log.
    Failed = 500 "failed";
    /// Not now: the sentence says why.
    Unavailable = 503 "unavailable";
    /// The server hosts as many rooms as it may.
    ServerFull = 503 "server_full";
    /// The server takes nobody new.
    Stopping = 503 "stopping";
    /// It was not done in time, or it is not known whether it was.
    Timeout = 504 "timeout";
}

/// A request that was not done.
#[derive(Clone, Debug)]
pub struct Fault {
    code: Code,
    message: String,
}

impl Fault {
    /// For this reason, in a sentence that says what to do.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Fault { code, message: message.into() }
    }

    /// For a program.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let Fault { code, message } = self;
        let body = serde_json::json!({ "error": code.word(), "message": message });
        let status = StatusCode::from_u16(code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = (status, super::json(&body)).into_response();
        if code == Code::Unauthorized {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

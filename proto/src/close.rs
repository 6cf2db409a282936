//! Why a connection ends. The class tells a client what to do next; the code tells a person why.

use serde::{Deserialize, Serialize};

/// What a client does after a close.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// Trying again would end the same way: show the reason.
    Stop,
    /// Connect again after a back-off with full jitter.
    BackOff,
    /// Connect again at once, within the window that the server named.
    Reconnect,
}

macro_rules! close_codes {
    ($($name:ident = $code:literal, $text:literal;)*) => {
        /// A close code of `greenroom.v1`.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        pub enum CloseCode {
            $(#[doc = concat!("Code ", $code, ": ", $text, ".")] $name,)*
        }

        impl CloseCode {
            /// Every code, in the order in which messages count them.
            pub const ALL: &[CloseCode] = &[$(CloseCode::$name),*];

            /// The number in the close frame.
            #[must_use]
            pub fn code(self) -> u16 {
                match self { $(CloseCode::$name => $code,)* }
            }

            /// The reason in the close frame, for a person.
            #[must_use]
            pub fn reason(self) -> &'static str {
                match self { $(CloseCode::$name => $text,)* }
            }
        }
    };
}

close_codes! {
    Normal = 1000, "closed as asked";
    BadFrame = 1002, "not a proper WebSocket frame";
    NotText = 1003, "a text message: greenroom.v1 is binary";
    BadUtf8 = 1007, "text that is not UTF-8";
    TooLarge = 1009, "a message larger than the server accepts";
    Malformed = 4000, "a message that does not decode";
    OutOfOrder = 4001, "a message that is not allowed now: Hello comes first, and once";
    WrongProtocol = 4002, "the server speaks another version of the protocol: update the client";
    RefusedOrigin = 4003, "this origin may not connect: the server's operator has to allow it";
    Unauthorized = 4004, "the token was refused";
    Flooding = 4005, "more messages than the server accepts";
    Kicked = 4006, "removed from the server";
    RoomFailed = 4007, "the room failed and its match is lost: join another";
    Replaced = 4008, "another connection has taken this seat";
    NoHello = 4100, "no first message in time";
    TooSlow = 4101, "the client does not keep up with what it is sent";
    NoPong = 4102, "no answer to a ping in time";
    Full = 4103, "the server has no room for another connection";
    Failed = 4104, "the server failed in handling this connection";
    GoingAway = 4200, "the server is stopping";
    Elsewhere = 4009, "the account has connected from elsewhere";
    AuthTimeout = 4105, "who this is could not be found out in time";
    AccountInUse = 4106, "the account has as many connections as it may have";
}

impl CloseCode {
    /// The code with this number.
    #[must_use]
    pub fn of(code: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|known| known.code() == code)
    }

    /// What a client does after any close code, known or not.
    #[must_use]
    pub fn then(code: u16) -> Then {
        match code {
            4100..=4199 | 1001 | 1005 | 1006 | 1011..=1014 => Then::BackOff,
            4200..=4299 => Then::Reconnect,
            _ => Then::Stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_distinct_and_reasons_fit_a_close_frame() {
        let numbers: BTreeSet<u16> = CloseCode::ALL.iter().map(|code| code.code()).collect();
        assert_eq!(numbers.len(), CloseCode::ALL.len());
        for code in CloseCode::ALL {
            assert_eq!(CloseCode::of(code.code()), Some(*code));
            assert!(code.reason().len() <= 123, "{code:?}");
            assert!(!matches!(code.code(), 1005 | 1006 | 1015), "never sent: {code:?}");
        }
    }
}

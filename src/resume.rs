//! Which tokens give a seat back: each is of a generation, and old ones become worthless.
//!
//! Whoever comes back gets a token of the next generation. The one before holds until that one has
//! shown that it arrived: an answer that is lost costs nothing, and a token that was stolen is worth
//! nothing once its owner has said another word.
//!
//! If the process dies while its disk fails, the next one takes the room up as it was before, and knows
//! nothing of the tokens that were made since. They are ours all the same, for they are signed: the
//! newest of them gives the seat back.

use crate::planted::{self, Bug};

/// The tokens of one seat.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Generations {
    newest: u32,
    confirmed: u32,
    /// Token and attempt by which the client has come back.
    came_by: Option<(u32, u64)>,
}

impl Generations {
    /// Of a seat out of the journal: the newest token that was made, and the newest of those that are
    /// known to have arrived.
    #[must_use]
    pub fn restored(newest: u32, confirmed: u32) -> Self {
        Generations { newest, confirmed, came_by: None }
    }

    /// The newest token that was made; 0: none was.
    #[must_use]
    pub fn newest(&self) -> u32 {
        self.newest
    }

    /// The newest token that is known to have arrived: older ones are not taken.
    #[must_use]
    pub fn confirmed(&self) -> u32 {
        self.confirmed
    }

    /// The next token. Returns its number.
    pub fn make(&mut self) -> u32 {
        self.newest += 1;
        self.newest
    }

    /// Whether this one, which we have signed, gives the seat back.
    #[must_use]
    pub fn hold(&self, token: u32) -> bool {
        let oldest = if planted::makes(Bug::OldTokens) { 0 } else { self.confirmed };
        token >= oldest && !(planted::makes(Bug::UndoneTokens) && token > self.newest)
    }

    /// Whether the client that has the seat came by a later token or attempt: one that its client has
    /// given up may arrive after the one that came through.
    #[must_use]
    pub fn is_outrun(&self, token: u32, attempt: u64) -> bool {
        self.came_by.is_some_and(|came_by| (token, attempt) < came_by)
    }

    /// The client comes back by this token.
    pub fn come_back(&mut self, token: u32, attempt: u64) {
        self.came_by = Some((token, attempt));
        self.confirmed = token;
        self.newest = self.newest.max(token);
    }

    /// This token has arrived.
    pub fn confirm(&mut self, token: u32) {
        self.confirmed = self.confirmed.max(token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_holds_until_the_next_has_arrived() {
        let mut tokens = Generations::default();
        assert_eq!((tokens.make(), tokens.make()), (1, 2));
        assert!(tokens.hold(1) && tokens.hold(2));
        tokens.confirm(2);
        assert!(!tokens.hold(1) && tokens.hold(2));
        tokens.confirm(1);
        assert_eq!(tokens.confirmed(), 2, "word that comes late changes nothing");
    }

    /// Found by `chaos`: the process had died while its disk failed, and the seat was lost.
    #[test]
    fn a_token_of_which_no_disk_knows_gives_the_seat_back() {
        let mut tokens = Generations::restored(3, 3);
        assert!(tokens.hold(5) && !tokens.hold(2));
        tokens.come_back(5, 1);
        assert_eq!((tokens.make(), tokens.hold(4)), (6, false));
    }

    #[test]
    fn an_attempt_that_was_given_up_does_not_win() {
        let mut tokens = Generations::restored(4, 3);
        tokens.come_back(4, 20);
        assert!(tokens.is_outrun(4, 19) && !tokens.is_outrun(4, 20));
        assert!(tokens.is_outrun(3, 99), "an older token is of an earlier time");
        assert_eq!(tokens.confirmed(), 4);
    }
}

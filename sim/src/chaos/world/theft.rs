//! Those who try a token that is not theirs, or not good any more.

use greenroom::proto::{
    Blob, CloseCode, List, PROTOCOL_VERSION, Refusal, Text, ToClient, ToServer, frame, wire,
};

use super::super::broken::{Broken, holds};
use super::super::host::conn::token_bytes;
use super::super::seat::ConnId;
use super::super::wires::{Down, Up};
use super::{World, account};

impl World {
    pub(super) fn steal(&mut self, client: usize, old: bool) {
        let player = &self.players[client];
        // One that is two behind: after that the client has said something.
        let stolen = match (old, player.tokens.as_slice()) {
            (true, [.., first, _, _]) => Some((*first, account(&format!("client{client}")))),
            (false, [.., newest]) => Some((*newest, account("thief"))),
            _ => None,
        };
        let Some(((player, token), Some(account))) = stolen else { return };
        let conn = self.new_wire(account);
        let what = if old { "an old token" } else { "a token of another account" };
        self.thieves.insert(conn, what);
        let hello = ToServer::Hello {
            protocol: PROTOCOL_VERSION,
            client: Text::cut("thief"),
            token: None,
            schemas: List::default(),
        };
        let resume = ToServer::Resume {
            id: 1,
            token: Blob::cut(&token_bytes(player, token)),
            attempt: 1 << 40,
            tick: None,
            events: None,
            schema: None,
        };
        for message in [hello, resume] {
            let mut bytes = vec![frame::CONTROL];
            wire::encode_into(&message, &mut bytes);
            self.send_up(conn, Up { bytes, token: None });
        }
    }

    /// What a thief is told must be no, at the latest after the owner has shown the next token.
    pub(super) fn caught(&mut self, conn: ConnId, what: &str, down: &Down) -> Result<(), Broken> {
        let is_no = match down {
            Down::Control(bytes) => matches!(
                wire::decode::<ToClient>(&bytes[1..]),
                Ok(ToClient::Refused {
                    why: Refusal::BadToken | Refusal::OtherAccount | Refusal::SeatGone,
                    ..
                })
            ),
            Down::Close(code) => *code == CloseCode::Replaced,
            Down::Frame(..) => false,
        };
        // An old token that nobody has shown to be old may still win: that is what it is kept for.
        holds(is_no || what == "an old token", "a stolen token gives nothing", || {
            format!("{what} was let in")
        })?;
        if let Some(wire) = self.wires.get_mut(&conn) {
            wire.gone_at = Some(self.now);
        }
        Ok(())
    }
}

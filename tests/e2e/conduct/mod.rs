//! What is done about players who spoil it for the others.

mod bans;
mod chat;
mod chat_cuts;
mod chat_hostile;

use greenroom::proto::{ChatLine, Refusal};
use greenroom_client::{CallError, Client, Update};

use crate::support::{find, within};

/// Drives the client until it hears a line.
async fn line(client: &mut Client) -> ChatLine {
    find(client, |update| match update {
        Update::Chat(line) => Some(line),
        _ => None,
    })
    .await
}

/// Drives the client until it has heard so many lines; returns their texts.
async fn texts(client: &mut Client, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        texts.push(line(client).await.text.to_string());
    }
    texts
}

async fn say(client: &mut Client, text: &str) {
    within("a line", client.chat(0, text)).await.unwrap();
}

/// Why a line was not said, and the words for it.
async fn unsaid(client: &mut Client, scope: u8, text: &str) -> (Refusal, String) {
    match within("an answer", client.chat(scope, text)).await {
        Err(CallError::Refused { why, text }) => (why, text),
        other => panic!("{other:?}"),
    }
}

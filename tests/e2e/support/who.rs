//! A game that shows who is in it, and a server that knows its clients by signed tokens.

use std::path::Path;

use greenroom::account::{Account, Role};
use greenroom::auth::keys::{Keys, add_key};
use greenroom::auth::signed::now_unix;
use greenroom::config::Config;
use greenroom::prelude::*;
use greenroom::proto::Profile;
use greenroom_client::{Client, Connect};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::{TestServer, find, within};

/// Somebody as the game knows them.
#[derive(Replicate, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Known {
    pub account: Text<64>,
    pub role: Text<16>,
    pub claims: Text<512>,
    pub name: Text<32>,
    pub data: Text<256>,
}

#[derive(Replicate, Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    pub people: Map<PlayerId, Known, 8>,
}

/// Panics, so that the room is restored.
#[derive(Message, Clone, Debug, Serialize, Deserialize)]
pub struct Panic;

#[derive(Serialize, Deserialize, Default)]
pub struct Who {
    state: State,
}

impl Game for Who {
    const NAME: &'static str = "who";
    type Options = NoOptions;
    type State = State;
    type Input = ();
    type Request = Panic;
    type Reply = ();
    type Event = ();
    type Result = ();

    fn people(_: &NoOptions) -> People {
        People::Known
    }

    fn new(_: &NoOptions, _: &mut Ctx<Self>) -> Self {
        Who::default()
    }

    fn state(&self) -> &State {
        &self.state
    }

    /// No trolls, no doubles, and everybody has a name.
    fn admit(
        &self,
        account: &Account,
        profile: &mut Profile,
        ctx: &Ctx<Self>,
    ) -> Result<(), String> {
        if &*profile.name == "troll" {
            return Err("choose another name".to_owned());
        }
        if profile.name.is_empty() {
            profile.name = Text::cut(account.id());
        }
        let taken = |name: &str| {
            ctx.players().any(|player| ctx.profile(player).is_some_and(|own| &*own.name == name))
        };
        if taken(&profile.name) {
            profile.name = Text::cut(&format!("{} 2", profile.name));
        }
        Ok(())
    }

    fn join(&mut self, player: PlayerId, ctx: &mut Ctx<Self>) -> Result<(), String> {
        let (Some(account), Some(profile)) = (ctx.account(player), ctx.profile(player)) else {
            return Err("nobody".to_owned());
        };
        let known = Known {
            account: account.id().clone(),
            role: Text::cut(account.role().name()),
            claims: Text::cut(account.claims()),
            name: profile.name.clone(),
            data: profile.data.clone(),
        };
        self.state.people.insert(player, known).map(drop).map_err(|_| "full".to_owned())
    }

    fn leave(&mut self, player: PlayerId, _: &mut Ctx<Self>) {
        self.state.people.remove(&player);
    }

    fn request(&mut self, _: PlayerId, _: Panic, _: &mut Ctx<Self>) {
        panic!("as a request asked");
    }
}

/// Where rooms of this game are created.
pub const NEW_ROOM: greenroom_client::Join<'_> =
    greenroom_client::Join::Create { game: "who", options: "" };

/// Drives the client until the game knows this player; returns what it knows.
pub async fn known(client: &mut Client, player: PlayerId) -> Known {
    within("the player's entry", async {
        loop {
            let state = client.state::<State>().unwrap();
            if let Some(known) = state.and_then(|state| state.people.get(&player).cloned()) {
                return known;
            }
            find(client, |_| Some(())).await;
        }
    })
    .await
}

/// A token that holds for a minute.
pub fn token(keys: &Keys, id: &str, role: Role) -> String {
    let account = Account::new(id, role).unwrap();
    keys.sign(&account, now_unix() + 60).unwrap().as_str().to_owned()
}

/// A key in a file of its own.
pub fn new_keys(path: &Path) -> Keys {
    add_key(path).unwrap();
    Keys::read(path).unwrap()
}

/// A server that takes signed tokens.
pub struct Keyed {
    pub server: TestServer,
    pub keys: Keys,
    _dir: TempDir,
}

impl Keyed {
    pub async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.key");
        let keys = new_keys(&path);
        let server = TestServer::start(|config| {
            config.auth.key = Some(path);
            change(config);
        })
        .await;
        Keyed { server, keys, _dir: dir }
    }

    /// How an account of this id connects.
    pub fn connect_as(&self, id: &str, role: Role) -> Connect {
        Connect { token: Some(token(&self.keys, id, role)), ..self.server.connect_with() }
    }

    /// A player who was welcomed.
    pub async fn player(&self, id: &str) -> Client {
        let connect = self.connect_as(id, Role::Player);
        within("a connection", Client::connect(connect)).await.unwrap()
    }
}

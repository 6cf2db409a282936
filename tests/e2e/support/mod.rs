//! What the end-to-end tests share.

pub mod hosting;
pub mod http;
pub mod probe;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod running;
pub mod state_dir;
pub mod tree;
pub mod who;
pub mod witness;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use greenroom::config::{AddressChoice, Config};
use greenroom::proto::RoomId;
use greenroom::server::{Server, ServerSpec};
use greenroom::{Games, certs};
use greenroom_client::{
    CallError, Client, Connect, Join, Reply, RequestId, SeatInfo, Trust, Update,
};
use tempfile::TempDir;

/// Far longer than anything here takes; what hangs fails instead.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The work's outcome, or a panic that names what did not come.
pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, work).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("{what}: not within {DEADLINE:?}"),
    }
}

/// Waits until the condition holds.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    within(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// A number from the environment.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A server in this process, on a free port, with a certificate of its own.
pub struct TestServer {
    pub server: Server,
    pub dir: TempDir,
    trust: Trust,
}

impl TestServer {
    /// Hosts the built-in games and the tests' own.
    pub async fn start(change: impl FnOnce(&mut Config)) -> Self {
        Self::hosting(probe::games(), change).await
    }

    /// Hosts these games.
    pub async fn hosting(games: Games, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let paths = certs::ensure(&dir.path().join("certs"), false).unwrap().paths;
        let identity = certs::Identity::of_files(&paths.server, &paths.server_key).unwrap();
        let mut config = Config::default();
        config.listen.bind = "127.0.0.1:0".parse().unwrap();
        config.listen.plain = None;
        config.ops.address = AddressChoice::Off;
        config.rooms.crash_dir = dir.path().join("crashes");
        config.deadlines.match_grace = Duration::ZERO;
        change(&mut config);
        let results = Some(dir.path().join("results.jsonl"));
        let server = Server::start(ServerSpec { config, games, identity, results }).await.unwrap();
        let trust = Trust::CaFile(paths.ca).prepare().unwrap();
        TestServer { server, dir, trust }
    }

    /// How to connect to it.
    pub fn connect_with(&self) -> Connect {
        Connect { trust: self.trust.clone(), ..Connect::to(format!("wss://{}", self.server.wss())) }
    }

    /// A client that was welcomed.
    pub async fn connect(&self) -> Client {
        within("a connection", Client::connect(self.connect_with())).await.unwrap()
    }

    /// A client with a seat.
    pub async fn seated(&self, to: Join<'_>) -> (Client, SeatInfo) {
        let mut client = self.connect().await;
        let seat = within("a seat", client.join(to)).await.unwrap();
        (client, seat)
    }

    /// How often the room was brought back.
    pub fn restarts(&self, room: RoomId) -> u64 {
        self.server.room(room).map_or(0, |room| room.restarts())
    }

    /// Whether the scheduler has so many tasks, rooms and what is shown of them.
    pub fn load_is(&self, tasks: usize) -> bool {
        let load = self.server.load();
        load.prompt_tasks + load.slow_tasks == tasks
    }

    /// The files that crashes have left, oldest first.
    pub fn crash_files(&self) -> Vec<PathBuf> {
        let Ok(dir) = std::fs::read_dir(self.dir.path().join("crashes")) else { return Vec::new() };
        let mut files: Vec<_> = dir.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }

    /// Stops the server in order; what it wrote is left.
    pub async fn stopped(self) -> TempDir {
        within("an orderly stop", self.server.stop()).await;
        self.dir
    }

    /// The lines of the result file.
    pub fn results_in(dir: &TempDir) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(dir.path().join("results.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A room of the tests' game with these options.
pub fn new_room(options: &str) -> Join<'_> {
    Join::Create { game: "probe", options }
}

/// The next update, which must come.
pub async fn next(client: &mut Client) -> Update {
    within("an update", client.next()).await
}

/// Drives the client until an update gives a value.
pub async fn find<T>(client: &mut Client, mut wanted: impl FnMut(Update) -> Option<T>) -> T {
    within("an update", async {
        loop {
            let update = client.next().await;
            let last = matches!(update, Update::Closed(_)).then(|| update.clone());
            if let Some(found) = wanted(update) {
                return found;
            }
            assert!(last.is_none(), "what was waited for cannot come any more: {last:?}");
        }
    })
    .await
}

/// Drives the client until a request that it started is answered.
pub async fn reply_to(client: &mut Client, request: RequestId) -> Result<Reply, CallError> {
    find(client, |update| match update {
        Update::Reply { id, reply } if id == request => Some(reply),
        _ => None,
    })
    .await
}

/// Drives the client until it is told of such an event.
pub async fn event_where(
    client: &mut Client,
    mut wanted: impl FnMut(&probe::Event) -> bool,
) -> probe::Event {
    find(client, |update| match update {
        Update::Event(event) => Some(event.decode().unwrap()).filter(|event| wanted(event)),
        _ => None,
    })
    .await
}

/// Drives the client until it is told that its match is over; returns the result.
pub async fn ended(client: &mut Client) -> String {
    find(client, |update| match update {
        Update::Ended { result } => Some(result),
        _ => None,
    })
    .await
}

/// Drives the client until its connection ends; returns the close code.
pub async fn closed(client: &mut Client) -> u16 {
    find(client, |update| match update {
        Update::Closed(closed) => Some(closed.code),
        _ => None,
    })
    .await
}

/// Drives the client until its state is as wanted.
pub async fn state_where(
    client: &mut Client,
    mut wanted: impl FnMut(&probe::State) -> bool,
) -> probe::State {
    within("a state", async {
        loop {
            if let Update::Closed(closed) = client.next().await {
                panic!("no such state comes any more: {closed}");
            }
            if let Some(state) = client.state::<probe::State>().unwrap()
                && wanted(&state)
            {
                return state;
            }
        }
    })
    .await
}

/// A handler of effects.
pub fn handler<F, Work>(handle: F) -> greenroom::effects::EffectHandler
where
    F: Fn(greenroom::effects::EffectCall) -> Work + Send + Sync + 'static,
    Work: Future<Output = Option<Vec<u8>>> + Send + 'static,
{
    Arc::new(move |call| Box::pin(handle(call)))
}

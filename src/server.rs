//! A server: the supervision tree, put together.
//!
//! ```text
//! root (one-for-one; started in this order, stopped in reverse)
//! ├─ results       writes match results (with a result file)
//! ├─ rooms         partitioned; one child per room
//! ├─ lobby         finds and makes rooms
//! ├─ connections   partitioned; one child per client
//! └─ listener      last up, first down
//! ```

mod revival;
mod sabotage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use greenroom_proto::{CloseCode, RoomId};
use rustls::sign::CertifiedKey;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use self::revival::{Making, StateError};
use self::sabotage::Sabotage;
use crate::actors::connection::Shared;
use crate::actors::journal::JournalKeeper;
use crate::actors::listener::door::Door;
use crate::actors::listener::{Listener, ListenerArgs, Sockets, listen};
use crate::actors::lobby::Lobby;
use crate::actors::results::{self, ResultSink};
use crate::actors::room::{self, Common, Keeper, Rooms};
use crate::build_id::build_id;
use crate::config::Config;
use crate::crash_files::CrashFiles;
use crate::directory::token::TokenKey;
use crate::directory::{Directory, RoomRecord};
use crate::faults::Faults;
use crate::journal::Health;
use crate::net::admission::Admission;
use crate::net::origin::Origins;
use crate::net::tls;
use crate::registry::Games;
use crate::scheduler::{self, Scheduler};
use crate::supervision::{
    ChildExit, ChildSpec, Dynamic, Intensity, Next, Partitioned, Shutdown, Slot, StartError,
    Strategy, SupervisorError, SupervisorRef, SupervisorSpec,
};
use crate::watch::Watch;

/// What a server is made from.
pub struct ServerSpec {
    /// All tunables.
    pub config: Config,
    /// The games it hosts.
    pub games: Games,
    /// Certificate chain and key.
    pub identity: CertifiedKey,
    /// Where match results are appended, one JSON object a line.
    pub results: Option<PathBuf>,
}

/// A running server.
pub struct Server {
    root: SupervisorRef,
    wss: SocketAddr,
    plain: Option<SocketAddr>,
    directory: Arc<Directory>,
    admission: Arc<Admission>,
    scheduler: Arc<Scheduler>,
    /// More threads are lost in steps without end than may be.
    exhausted: Arc<Notify>,
    keeper: Option<Keeper>,
    _watch: Watch,
    _sabotage: Sabotage,
}

/// A server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {}", bind_advice(error, *address))]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// Somebody on the way could read and change everything.
    #[error(
        "--plain {0} would serve unencrypted connections off this machine: give it a loopback \
         address such as 127.0.0.1:8080, or \"off\""
    )]
    PlainOffLoopback(SocketAddr),
    /// Others could reach a server that fails on purpose.
    #[error("{}", crate::config::faults_off_loopback(*.0))]
    FaultsOffLoopback(SocketAddr),
    /// The certificate is not one that rustls can use.
    #[error("the certificate cannot be used: {0}")]
    Identity(#[from] rustls::Error),
    /// The result file cannot be written.
    #[error("cannot write results to {}: {error}; give --results a file in a directory you can write to", path.display())]
    Results {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The state directory cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// No key for tokens.
    #[error("the system has no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// An actor could not be started.
    #[error("the server could not be started: {0}")]
    Start(#[from] StartError),
    /// The listener could not be started.
    #[error("the server could not be started: {0}")]
    Listener(#[from] SupervisorError),
}

/// How often something below the root may be started anew. Nothing there should ever fail; what does
/// so often is beyond repair.
const INTENSITY: Intensity = Intensity::new(10, Duration::from_secs(10));

fn bind_advice(error: &std::io::Error, address: SocketAddr) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::AddrInUse => format!(
            "another program has port {}; stop it or choose another port with --bind",
            address.port()
        ),
        ErrorKind::PermissionDenied => format!(
            "port {} needs privileges; choose one above 1023 with --bind",
            address.port()
        ),
        ErrorKind::AddrNotAvailable => {
            "this machine has no such address; choose one that it has, or 0.0.0.0 for all, with --bind"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

impl Server {
    /// Starts a server. Returns once it listens.
    ///
    /// A plain port that is taken is a warning, not an error: the server goes on without.
    pub async fn start(spec: ServerSpec) -> Result<Self, ServeError> {
        let ServerSpec { config, games, identity, results } = spec;
        let config = Arc::new(config);
        let faults = config.dev.faults.clone();
        check_faults(&faults, &config)?;
        let (sockets, wss, plain) = bind(&config)?;
        let past = match &config.journal.state_dir {
            Some(dir) => Some(revival::open(dir, &config)?),
            None => None,
        };
        let keeper = past.as_ref().map(|past| past.keeper.clone());
        let tokens = match &past {
            Some(past) => Arc::clone(&past.tokens),
            None => Arc::new(TokenKey::new(&TokenKey::random()?)),
        };
        let mut root = SupervisorSpec::new("root", Strategy::OneForOne).intensity(INTENSITY);
        // First up, last down: everything below may still have something to keep.
        if let Some(keeper) = &keeper {
            let journal = keeper.journal().clone();
            let shutdown = Shutdown::Within(config.deadlines.shutdown_timeout);
            root = root
                .child(ChildSpec::actor::<JournalKeeper>("journal", journal).shutdown(shutdown));
        }
        let mut sink = ResultSink::default();
        if let Some(path) = results {
            results::open(&path)
                .map_err(|error| ServeError::Results { path: path.clone(), error })?;
            let (child, to) = ResultSink::new(path);
            root = root.child(child);
            sink = to;
        }

        let exhausted = Arc::new(Notify::new());
        let scheduler = start_scheduler(&config, &exhausted);
        let directory = Arc::new(Directory::default());
        let common = Common {
            config: Arc::clone(&config),
            directory: Arc::clone(&directory),
            results: sink,
            scheduler: Arc::clone(&scheduler),
            crashes: CrashFiles::new(config.rooms.crash_dir.clone(), config.rooms.crash_files_max),
            build: if keeper.is_some() { build_id() } else { 0 },
            keeper: keeper.clone(),
        };
        let (rooms_spec, rooms) = room_supervisors(&directory, &common);
        let rooms = Rooms::new(rooms, common);
        let (connections_spec, connections) = connection_supervisors();
        let lobby = Slot::new();
        let lobby_args = Lobby {
            games: games.clone(),
            directory: Arc::clone(&directory),
            rooms: rooms.clone(),
            tokens: Arc::clone(&tokens),
            asked: 0,
        };
        let root = root
            .child(rooms_spec.into_child())
            .child(ChildSpec::actor_at::<Lobby>("lobby", lobby_args, &lobby))
            .child(connections_spec.into_child())
            .start()
            .await?;
        if let Some(past) = past {
            let build = rooms.build();
            let keeper = past.keeper.clone();
            let (games, directory, tokens) = (&games, &*directory, &tokens);
            let (rooms, keeper) = (&rooms, &keeper);
            let making = Making { games, directory, rooms, tokens, keeper, build };
            revival::revive(past, &making).await;
        }
        // Nobody is let in before the matches are there that they come back to.
        let admission = Admission::new(config.listen.clone());
        let door = Arc::new(Door {
            tls: TlsAcceptor::from(tls::server_config(identity)?),
            admission: Arc::clone(&admission),
            origins: Origins::new(&config.listen.origins, config.listen.bind),
            connections,
            shared: Arc::new(Shared {
                games,
                directory: Arc::clone(&directory),
                lobby: lobby.clone(),
                tokens,
                config: Arc::clone(&config),
            }),
            numbers: AtomicU64::new(1),
        });
        let listener = ChildSpec::actor::<Listener>("listener", ListenerArgs { sockets, door });
        let shutdown = Shutdown::Within(config.deadlines.shutdown_timeout);
        root.start_child(listener.shutdown(shutdown)).await?;
        let (_watch, _sabotage) =
            (Watch::start(), Sabotage::start(&faults, &root, keeper.as_ref()));
        Ok(Server {
            root,
            wss,
            plain,
            directory,
            admission,
            scheduler,
            exhausted,
            keeper,
            _watch,
            _sabotage,
        })
    }

    /// Where it listens for wss.
    #[must_use]
    pub fn wss(&self) -> SocketAddr {
        self.wss
    }

    /// Where it listens for plain ws, if it does.
    #[must_use]
    pub fn plain(&self) -> Option<SocketAddr> {
        self.plain
    }

    /// The top of the supervision tree: a studio's own actors can be hung there.
    #[must_use]
    pub fn root(&self) -> &SupervisorRef {
        &self.root
    }

    /// Rooms at the moment.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.directory.len()
    }

    /// The room with this id.
    #[must_use]
    pub fn room(&self, id: RoomId) -> Option<Arc<RoomRecord>> {
        self.directory.get(id)
    }

    /// Connections at the moment.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.admission.connections()
    }

    /// What the threads that step rooms are doing.
    #[must_use]
    pub fn load(&self) -> scheduler::Load {
        self.scheduler.load()
    }

    /// Whether matches are kept beyond the death of the process; `None`: no state directory was given.
    #[must_use]
    pub fn journal(&self) -> Option<Health> {
        self.keeper.as_ref().map(|keeper| keeper.journal().health())
    }

    /// Waits until the server is beyond repair: the tree has ended by itself, or too many threads
    /// are lost in steps that never end. Returns why.
    pub async fn failed(&self) -> &'static str {
        tokio::select! {
            _ = self.root.ended() => "the server failed too often and gave up: its log says why",
            () = self.exhausted.notified() => {
                "too many games never returned from a step: a new process is better off"
            }
        }
    }

    /// Stops in order: no new connections, every client gets a close frame with a reason, rooms
    /// end, results are on disk.
    pub async fn stop(self) {
        self.directory.stop();
        if let Err(error) = self.root.deadline(STOP_DEADLINE).shutdown().await {
            tracing::error!("the server did not stop in time: {error}");
            self.root.kill();
        }
    }
}

/// The supervisors of rooms. One that dies and is started anew finds its rooms in the directory.
fn room_supervisors(directory: &Arc<Directory>, common: &Common) -> (SupervisorSpec, Partitioned) {
    let count = cores();
    let (spec, handle) = Partitioned::new("rooms", count, |number| {
        let (of_exit, of_start) = (Arc::clone(directory), Arc::clone(directory));
        let common = common.clone();
        SupervisorSpec::dynamic(format!("rooms/{number}"), Dynamic::default())
            .on_exit(move |exit| room_ended(&of_exit, exit))
            .at_start(move || {
                let own = |id: RoomId| Partitioned::number_of(id.0, count) == number;
                let rooms = of_start.all().into_iter().filter(|record| own(record.id));
                rooms.map(|record| room::child(record, &common)).collect()
            })
    });
    (spec.intensity(INTENSITY), handle)
}

/// Faults are for whoever tries them out, alone.
fn check_faults(faults: &Faults, config: &Config) -> Result<(), ServeError> {
    if faults.is_none() {
        return Ok(());
    }
    if !config.listen.bind.ip().is_loopback() {
        return Err(ServeError::FaultsOffLoopback(config.listen.bind));
    }
    tracing::warn!(
        "THIS SERVER FAILS ON PURPOSE: {faults}. Leave out dev_faults if that is not \
        what you want"
    );
    Ok(())
}

fn connection_supervisors() -> (SupervisorSpec, Partitioned) {
    let (spec, handle) = Partitioned::new("connections", cores(), |number| {
        // Each may wait a second for its client's goodbye; a container waits ten for us.
        let options = Dynamic { stop_at_once: 4096, ..Dynamic::default() };
        SupervisorSpec::dynamic(format!("connections/{number}"), options)
    });
    (spec.intensity(INTENSITY), handle)
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, |count| count.get())
}

fn start_scheduler(config: &Config, exhausted: &Arc<Notify>) -> Arc<Scheduler> {
    let defaults = scheduler::Limits::default();
    let limits = scheduler::Limits {
        prompt_threads: match config.process.room_threads {
            0 => defaults.prompt_threads,
            threads => threads,
        },
        slow_threads_max: config.process.slow_room_threads_max,
        stall: config.rooms.step_timeout,
        lost_threads_max: config.process.lost_threads_max,
    };
    let exhausted = Arc::clone(exhausted);
    // A permit is kept for whoever asks later.
    Scheduler::start(limits, move || exhausted.notify_one())
}

/// Longer than all the shutdown times below the root in a row.
const STOP_DEADLINE: Duration = Duration::from_secs(60);

fn bind(config: &Config) -> Result<(Sockets, SocketAddr, Option<SocketAddr>), ServeError> {
    let address = config.listen.bind;
    let error = |error| ServeError::Bind { address, error };
    let secure = listen(address, config.listen.backlog).map_err(error)?;
    let wss = secure.local_addr().map_err(error)?;
    let mut sockets = vec![(secure, true)];
    let mut plain = None;
    if let Some(address) = config.listen.plain {
        if !address.ip().is_loopback() {
            return Err(ServeError::PlainOffLoopback(address));
        }
        match listen(address, config.listen.backlog).and_then(|socket| {
            plain = Some(socket.local_addr()?);
            Ok(socket)
        }) {
            Ok(socket) => sockets.push((socket, false)),
            Err(error) => tracing::warn!(
                "no plain ws on {address}: {error}; choose another port with --plain, or --plain off"
            ),
        }
    }
    Ok((Sockets::new(sockets), wss, plain))
}

/// A room's actor has ended and is not started again: the room goes, and if it did not end well its
/// members are told.
fn room_ended(directory: &Directory, exit: &ChildExit<'_>) {
    // A supervisor that fails takes its rooms along; the next one finds them in the directory.
    let goes_on = exit.next == Next::SupervisorEnds && !directory.is_stopping();
    if exit.next == Next::Restarted || goes_on {
        return;
    }
    let Ok(id) = exit.id.as_str().parse::<RoomId>() else { return };
    let Some(record) = directory.remove(id) else { return };
    let code = match exit.exit {
        end if end.is_normal() => CloseCode::GoingAway,
        _ => {
            metrics::counter!("greenroom_rooms_failed_total").increment(1);
            tracing::error!(room = %id, game = record.entry.game.name(),
                "a room failed too often: {:?}", exit.exit);
            CloseCode::RoomFailed
        }
    };
    record.fail(code);
}

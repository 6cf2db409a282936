//! A server: the supervision tree, put together.
//!
//! ```text
//! root (one-for-one; started in this order, stopped in reverse)
//! ├─ ops           health, metrics and the backend's interface
//! ├─ journal       keeps rooms (with a state directory)
//! ├─ replays       keeps the logs of finished matches (with a directory for them)
//! ├─ results       writes match results (with a result file)
//! ├─ lobby         finds and makes rooms
//! ├─ listings      tells who watches rooms what changes
//! ├─ connections   partitioned; one child per client
//! ├─ rooms         partitioned; one child per room
//! ├─ audiences     partitioned; one child per room that somebody looks on at
//! └─ listener      last up, first down
//! ```

mod keeping;
mod listening;
mod operations;
mod readiness;
mod revival;
mod sabotage;
pub mod stopping;
mod tree;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use greenroom_proto::{JoinTarget, RoomId};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use self::keeping::Keeping;
pub use self::listening::ServeError;
use self::listening::bind;
use self::operations::Operations;
pub(crate) use self::readiness::Condition;
pub use self::readiness::Readiness;
use self::revival::Past;
pub use self::revival::StateError;
use self::sabotage::Sabotage;
use self::tree::{
    INTENSITY, audience_supervisors, connection_supervisors, room_supervisors, start_scheduler,
};
use crate::actors::actor::Mailbox;
use crate::actors::audience::Audiences;
use crate::actors::connection::Shared;
use crate::actors::listener::door::Door;
use crate::actors::listener::{Listener, ListenerArgs};
use crate::actors::listings::{Listings, ListingsArgs};
use crate::actors::lobby::{self, Lobby, LobbyMsg, Refused, Wish};
use crate::actors::room::under_way::UnderWay;
use crate::actors::room::{Common, Keeper, Rooms};
use crate::auth::accounts::Accounts;
use crate::auth::gate::Gate;
use crate::build_id::build_id;
use crate::certs::Identity;
use crate::config::{Config, StopTimes};
use crate::crash_files::CrashFiles;
use crate::directory::reservations::Reservation;
use crate::directory::{Directory, RoomRecord};
use crate::journal::Health;
use crate::net::admission::Admission;
use crate::net::origin::Origins;
use crate::net::pages::Pages;
use crate::net::tls;
use crate::ops::Hosted;
use crate::registry::{Entry, Games};
use crate::scheduler::{self, Scheduler};
use crate::supervision::{ChildSpec, Shutdown, Slot, Strategy, SupervisorRef, SupervisorSpec};
use crate::watch::Watch;

/// What a server is made from.
pub struct ServerSpec {
    /// All tunables.
    pub config: Config,
    /// The games it hosts.
    pub games: Games,
    /// Certificate chain and key: [`Identity::of_files`] takes them anew when the files are renewed, a
    /// `CertifiedKey` that was made otherwise is turned `into()` one that stays.
    pub identity: Identity,
    /// Where match results are appended, one JSON object a line.
    pub results: Option<PathBuf>,
}

/// A running server.
pub struct Server {
    root: SupervisorRef,
    wss: SocketAddr,
    plain: Option<SocketAddr>,
    ops: Option<SocketAddr>,
    directory: Arc<Directory>,
    lobby: Slot<Mailbox<LobbyMsg>>,
    admission: Arc<Admission>,
    scheduler: Arc<Scheduler>,
    /// More threads are lost in steps without end than may be.
    exhausted: Arc<Notify>,
    under_way: Arc<UnderWay>,
    keeper: Option<Keeper>,
    times: StopTimes,
    condition: Arc<Condition>,
    opening: Mutex<Option<Opening>>,
    _watch: Watch,
    _sabotage: Sabotage,
}

/// What is left to do until the server listens.
struct Opening {
    past: Option<Past>,
    rooms: Rooms,
    listener: ListenerArgs,
}

impl Server {
    /// Starts a server. Returns once it listens.
    ///
    /// A port for plain ws, or the usual one for operations, that is taken is a warning, not an error:
    /// the server goes on without.
    pub async fn start(spec: ServerSpec) -> Result<Self, ServeError> {
        let server = Self::begin(spec).await?;
        server.open().await?;
        Ok(server)
    }

    /// The first half of a start: the server is there and can be [stopped](Self::stop), but takes
    /// nobody in. [`Server::open`] is the other half, which may take a while.
    pub async fn begin(spec: ServerSpec) -> Result<Self, ServeError> {
        let ServerSpec { config, games, identity, results } = spec;
        let config = Arc::new(config);
        sabotage::check(&config)?;
        let times = StopTimes::of(&config);
        let gate = Gate::new(games.authenticator(), &config.auth)?;
        let pages = pages(&config, &games)?;
        let (sockets, wss, plain) = bind(&config)?;
        let operations = operations::open(&config)?;
        let keeping = Keeping::open(&config, results, &times)?;
        let keeper = keeping.keeper();
        let Keeping { past, tokens, replays, results, children } = keeping;
        let mut root = SupervisorSpec::new("root", Strategy::OneForOne).intensity(INTENSITY);
        let exhausted = Arc::new(Notify::new());
        let scheduler = start_scheduler(&config, &exhausted);
        let journal = keeper.as_ref().map(|keeper| keeper.journal().clone());
        let condition = Condition::new(Arc::clone(&scheduler), journal);
        let directory = Arc::new(Directory::default());
        let admission = Admission::new(config.listen.clone());
        let lobby = Slot::new();
        let ops = operations.as_ref().map(Operations::address);
        let (crash_dir, crash_files_max) =
            (config.rooms.crash_dir.clone(), config.rooms.crash_files_max);
        let crashes = CrashFiles::new(crash_dir, crash_files_max);
        let top = Slot::new();
        // Before all else: it says whether the rest is there.
        if let Some(operations) = operations {
            let hosted = Hosted {
                condition: Arc::clone(&condition),
                games: games.clone(),
                directory: Arc::clone(&directory),
                lobby: lobby.clone(),
                admission: Arc::clone(&admission),
                root: top.clone(),
                crashes: crashes.clone(),
            };
            root = root.child(operations.child(&config, hosted));
        }
        // First up, last down of all that has something to keep.
        root = children.into_iter().fold(root, SupervisorSpec::child);

        let under_way = Arc::<UnderWay>::default();
        let common = Common {
            under_way: Arc::clone(&under_way),
            config: Arc::clone(&config),
            directory: Arc::clone(&directory),
            lobby: lobby.clone(),
            results,
            scheduler: Arc::clone(&scheduler),
            crashes,
            build: if keeper.is_some() { build_id() } else { 0 },
            keeper: keeper.clone(),
            replays,
        };
        let (rooms_spec, rooms) = room_supervisors(&directory, &common);
        let rooms = Rooms::new(rooms, common);
        let (connections_spec, connections) = connection_supervisors();
        let (audiences_spec, audiences) = audience_supervisors();
        let audiences = Audiences::new(
            audiences,
            Arc::clone(&directory),
            Arc::clone(&scheduler),
            Arc::clone(&config),
        );
        let lobby_args = Lobby {
            games: games.clone(),
            directory: Arc::clone(&directory),
            rooms: rooms.clone(),
            tokens: Arc::clone(&tokens),
            asked: 0,
        };
        let listings_args = ListingsArgs {
            directory: Arc::clone(&directory),
            interval: config.rooms.watch_interval,
        };
        let root = root
            .child(ChildSpec::actor_at::<Lobby>("lobby", lobby_args, &lobby))
            .child(ChildSpec::actor::<Listings>("listings", listings_args))
            .child(connections_spec.into_child())
            // Stopped before the connections: a room is kept with its players in it.
            .child(rooms_spec.into_child())
            // Before them: they have nothing to keep.
            .child(audiences_spec.into_child())
            .start()
            .await?;
        top.set(root.clone());
        let sabotage = Sabotage::start(&config.dev.faults, &root, keeper.as_ref());
        let identity = Arc::new(identity);
        let door = Arc::new(Door {
            pages,
            tls: TlsAcceptor::from(tls::server_config(Arc::clone(&identity))?),
            identity,
            admission: Arc::clone(&admission),
            origins: Origins::new(&config.listen.origins, config.listen.bind),
            connections,
            shared: Arc::new(Shared {
                games,
                directory: Arc::clone(&directory),
                audiences,
                lobby: lobby.clone(),
                tokens,
                gate,
                accounts: Accounts::new(&config.auth),
                config: Arc::clone(&config),
            }),
            numbers: AtomicU64::new(1),
        });
        let opening =
            Mutex::new(Some(Opening { past, rooms, listener: ListenerArgs { sockets, door } }));
        Ok(Server {
            root,
            wss,
            plain,
            ops,
            times,
            directory,
            lobby,
            admission,
            scheduler,
            exhausted,
            under_way,
            keeper,
            condition,
            opening,
            _watch: Watch::start(),
            _sabotage: sabotage,
        })
    }

    /// The other half of a start: brings back the matches of the process before, then listens. Does
    /// nothing the second time. Given up in the middle, it leaves what was not brought back where it
    /// was, for the next process.
    pub async fn open(&self) -> Result<(), ServeError> {
        let opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Opening { past, rooms, listener }) = opening else { return Ok(()) };
        // Nobody is let in before the matches are there that they come back to.
        if let Some(past) = past {
            revival::revive(past, &rooms, &listener.door.shared).await;
        }
        let listener = ChildSpec::actor::<Listener>("listener", listener);
        let shutdown = Shutdown::Within(self.times.connections);
        self.root.start_child(listener.shutdown(shutdown)).await?;
        self.condition.is_up();
        Ok(())
    }

    /// Whether the server may be sent clients, or why not. The gauge `greenroom_ready` says the same.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        self.condition.readiness()
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

    /// Where it answers for operations, if it does.
    #[must_use]
    pub fn ops(&self) -> Option<SocketAddr> {
        self.ops
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

    /// The rooms, and seats in them that are kept.
    #[must_use]
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Has seats kept in a room that there is, or in a new one: for a matchmaker.
    /// [`Directory::reserve`] does so in a room whose id is known.
    pub async fn reserve(
        &self,
        to: JoinTarget,
        seats: u32,
        expiry: Duration,
    ) -> Result<Reservation, Refused> {
        lobby::reserve(&self.lobby, Wish { to, by: None }, seats, expiry).await
    }

    /// The room with this id.
    #[must_use]
    pub fn room(&self, id: RoomId) -> Option<Arc<RoomRecord>> {
        self.directory.get(id)
    }

    /// Those who look on without a seat at the moment.
    #[must_use]
    pub fn spectators(&self) -> usize {
        self.directory.watching().count()
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

    /// Takes nobody new from now on; the first thing that [`Server::stop`] does.
    pub fn drain(&self) {
        self.condition.stops();
        self.directory.leaving().drain();
    }

    /// Stops in order, see [`stopping`]: without a state directory matches get some time to finish,
    /// with one each room is kept; clients are told to come back; results and journal are on disk, and
    /// what games have asked of the outside world is done. Takes `stop_timeout_ms` at most, and usually
    /// a fraction.
    pub async fn stop(self) {
        self.drain();
        stopping::matches_over(&self.directory, &self.times).await;
        self.directory.leaving().close(stopping::window_ms(self.connections()));
        stopping::end(&self.root, &self.under_way, &self.times).await;
    }
}

/// What is read over HTTP.
fn pages(config: &Config, games: &Games) -> Result<Pages, ServeError> {
    let described = |entry: &Entry| Some((entry.game.name().to_owned(), entry.description().ok()?));
    let pages = Pages::new(games.entries().filter_map(described));
    Ok(match &config.listen.pages {
        Some(dir) => pages.with_own(dir)?,
        None => pages,
    })
}

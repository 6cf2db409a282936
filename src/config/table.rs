//! The table of tunables: the only place where one is named.
//!
//! An entry reads: what it is; `field (as "key", where a unit belongs to the name): type =
//! default, what is allowed, when it takes effect, why this default and these bounds`. The field
//! of a duration has no unit in its name because its type has one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::layers::Settings;
use super::tunable::{AddressChoice, Kind, Reload, Tunable, bytes, count, ms, secs};
use crate::faults::Faults;

/// Makes the structs, [`TUNABLES`], [`SECTIONS`] and `Settings::config` from the one list.
macro_rules! tunables {
    ($(
        $(#[doc = $about:literal])+
        $section:ident: $Section:ident {
            $(
                $(#[doc = $what:literal])+
                $field:ident $(as $key:literal)?: $type:ty = $default:tt, $kind:expr, $reload:ident,
                    $why:literal;
            )+
        }
    )+) => {
        /// The whole configuration, checked. Made once at start, shared in an `Arc`.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config {
            $( $(#[doc = $about])+ pub $section: $Section, )+
        }

        $(
            $(#[doc = $about])+
            #[derive(Debug, Clone, PartialEq)]
            pub struct $Section {
                $( $(#[doc = $what])+ #[doc = concat!("\n\nWhy: ", $why, ".")] pub $field: $type, )+
            }
        )+

        /// Every tunable, in the order in which it is printed.
        pub static TUNABLES: &[Tunable] = &[
            $($( Tunable {
                section: stringify!($section),
                key: tunables!(@key $field $($key)?),
                kind: $kind,
                default: stringify!($default),
                reload: Reload::$reload,
                what: concat!($($what),+),
                why: $why,
            }, )+)+
        ];

        /// The sections and what each is about, in order.
        pub static SECTIONS: &[(&str, &str)] = &[
            $( (stringify!($section), concat!($($about),+)), )+
        ];

        impl Settings {
            /// The settings as typed structs.
            #[must_use]
            pub fn config(&self) -> Config {
                Config {
                    $( $section: $Section {
                        $( $field: self.read(tunables!(@key $field $($key)?)), )+
                    }, )+
                }
            }
        }
    };
    (@key $field:ident) => { stringify!($field) };
    (@key $field:ident $key:literal) => { $key };
}

tunables! {
    /// Where the server listens, and whom it lets in.
    listen: Listen {
        /// Address and port of the wss listener.
        bind: SocketAddr = "127.0.0.1:8443", Kind::Address, Fixed,
            "loopback, so that a first try is not open to the network; 0.0.0.0:8443 opens it";
        /// Address and port of the unencrypted ws listener.
        plain: Option<SocketAddr> = "127.0.0.1:8080", Kind::AddressOrOff, Fixed,
            "for development and for a proxy on this machine that ends TLS; elsewhere anybody on the way can read and alter it";
        /// File with the certificate chain, PEM.
        cert: Option<PathBuf> = "auto", Kind::PathOrAuto, Live,
            "auto is server.pem in certs_dir, made on the first run; give cert and key together; a renewed one is shown without a restart";
        /// File with the private key of cert, PEM.
        key: Option<PathBuf> = "auto", Kind::PathOrAuto, Live,
            "auto is server-key.pem in certs_dir, made on the first run; give cert and key together";
        /// Directory of the development certificates.
        certs_dir: PathBuf = "certs", Kind::Path, Fixed,
            "beside the working directory, where .gitignore keeps it out of the repository";
        /// Directory of the game's own pages, read at the start: its index.html is shown at /.
        pages: Option<PathBuf> = "off", Kind::PathOrOff, Fixed,
            "off shows the pages that play the built-in games; at most 1,024 files and 64 MiB, which stay in memory";
        /// Connections the kernel holds for us until we accept them.
        backlog: usize = 4_096, count(16, 65_535, "connections"), Fixed,
            "the usual 128 drops connections when a crowd comes back at once; the kernel caps it at net.core.somaxconn";
        /// Web origins whose pages may connect.
        origins: Vec<String> = [], Kind::Origins, Live,
            "browsers send cookies and reach loopback from any page, so foreign pages are refused; empty allows the pages this server serves";
        /// Connections in all.
        connections_max: usize = 10_000, count(1, 1_000_000, "connections"), Live,
            "about 25 KB each with TLS, so 250 MB; each also takes an open file";
        /// Connections from one address (IPv6: from one /64).
        connections_per_address_max: usize = 256, count(1, 1_000_000, "connections"), Live,
            "a school or an office behind one address fits, one hostile machine does not take all places";
        /// Whether connections_per_address_max holds for loopback too.
        limit_loopback: bool = false, Kind::Switch, Live,
            "load tests and a proxy on this machine all come from loopback";
    }

    /// How long the server waits for others before it gives up on them.
    deadlines: Deadlines {
        /// Time for the TLS handshake, from accept.
        tls_timeout as "tls_timeout_ms": Duration = 5_000, ms(100, 60_000), Live,
            "three round trips on a bad mobile link; slow handshakes hold a place while they last";
        /// Time for the HTTP request head.
        head_timeout as "head_timeout_ms": Duration = 5_000, ms(100, 60_000), Live,
            "a head sent a byte at a time is the oldest way to hold connections";
        /// Time for the first message after the upgrade.
        hello_timeout as "hello_timeout_ms": Duration = 5_000, ms(100, 60_000), Live,
            "clients say hello at once; whoever is silent is not a client";
        /// Time between two pings of the server.
        ping_interval as "ping_interval_ms": Duration = 10_000, ms(1_000, 300_000), Live,
            "below the 30 s and more after which mobile networks and proxies forget a silent connection";
        /// Time for the answer to a ping.
        ping_timeout as "ping_timeout_ms": Duration = 10_000, ms(500, 300_000), Live,
            "a dead peer keeps its place in the room for ping_interval_ms and this at most";
        /// Time for which a socket may take nothing while something waits for it.
        write_timeout as "write_timeout_ms": Duration = 10_000, ms(500, 120_000), Live,
            "a tunnel or a lift is survived, a stuck peer is closed and may resume";
        /// Time from the signal to stop to the exit.
        stop_timeout as "stop_timeout_ms": Duration = 9_000, ms(2_000, 600_000), Fixed,
            "a second less than the 10 s after which containers are killed; rooms, clients, results and journal have shares of it, a stop usually takes a fraction";
        /// Time of it for running matches to end by themselves, without a state directory; 0: none.
        match_grace as "match_grace_ms": Duration = 5_000, ms(0, 600_000), Fixed,
            "a round is played to its end, and 4 s are left for the rest; with a state directory matches go on in the next process";
    }

    /// Who clients are, and how many connections each account may have.
    auth: Auth {
        /// File with the keys of signed tokens, one a line; off: everybody is a guest.
        key as "auth_key": Option<PathBuf> = "off", Kind::PathOrOff, Fixed,
            "guests do for development; greenroom token --new-key makes such a file, and the studio's backend signs with it";
        /// Time to find out who a client is.
        timeout as "auth_timeout_ms": Duration = 5_000, ms(10, 60_000), Fixed,
            "a backend that is asked answers within a second; past it the client is told to come back";
        /// Clients of whom it is found out at once; the others wait their turn within auth_timeout_ms.
        at_once_max as "auth_at_once_max": usize = 64, count(1, 10_000, "clients"), Fixed,
            "a crowd that comes back at once must not become as many requests to the studio's backend";
        /// Connections of one account; guests are accounts of their own.
        per_account_max as "connections_per_account_max": usize = 1, count(1, 1_000, "connections"), Fixed,
            "a person plays on one device at a time";
        /// Whether the newest connection of an account closes its oldest when there are too many; otherwise it is refused.
        newest_wins as "newest_connection_wins": bool = true, Kind::Switch, Fixed,
            "a person who changes device wants to go on there, and a connection that broke may still seem to be there";
    }

    /// What one connection may send, and the memory it may take.
    edge: Edge {
        /// HTTP request head.
        head_bytes_max: usize = 16_384, bytes(8_192, 262_144), Live,
            "browsers send 1 to 4 KiB with cookies; the HTTP parser takes no less than 8192";
        /// One message from a client.
        message_bytes_max: usize = 4_096, bytes(256, 65_536), Live,
            "an input takes tens of bytes, a request a few hundred; it is reserved on the word of the peer";
        /// Read buffer of the WebSocket layer.
        read_buffer_bytes: usize = 2_048, bytes(512, 65_536), Live,
            "allocated per connection and cleared on every read; larger messages are read in pieces";
        /// TLS records of one connection that wait to be sent.
        tls_buffer_bytes_max: usize = 32_768, bytes(4_096, 1_048_576), Live,
            "one full state of a usual room; past it the client counts as behind";
        /// Unsent bytes the kernel keeps for one connection (TCP_NOTSENT_LOWAT and SO_SNDBUF).
        send_buffer_bytes: usize = 16_384, bytes(4_096, 4_194_304), Live,
            "what lies in the kernel is already old and cannot be taken back; too little costs throughput on long links";
        /// Messages of one client, sustained.
        messages_per_sec: u32 = 150, count(1, 10_000, "messages a second"), Live,
            "an input per tick in the fastest room, 128 a second, and some requests";
        /// Messages of one client at once, after a pause.
        messages_burst: u32 = 300, count(1, 20_000, "messages"), Live,
            "two seconds of messages that a stalled network delivers together";
        /// Questions of one client for rooms (find, watch, match), sustained; four times as many at once.
        finds_per_sec: u32 = 5, count(1, 1_000, "questions a second"), Live,
            "each may look at every room of a game: some milliseconds where there are 10,000";
        /// Pings of one client that are answered.
        pings_per_sec: u32 = 2, count(1, 100, "pings a second"), Live,
            "each costs a write; clients measure the delay once a second or less";
    }

    /// What waits for a client that does not keep up.
    outbox: Outbox {
        /// Reliable events that wait for one client, and of those kept until they have arrived.
        events_max: usize = 1_024, count(8, 65_536, "events"), Live,
            "half a minute of a lively game, for which a seat is held; a client that lets more wait is closed as too slow, one that missed more comes back without them";
        /// Bytes of the reliable events that wait for one client, and of those kept until they have arrived.
        event_bytes_max: usize = 32_768, bytes(256, 1_048_576), Live,
            "the same bound for large events, so 10,000 stuck clients take 320 MB at most";
    }

    /// What one room may take.
    rooms: Rooms {
        /// Rooms in all.
        rooms_max: usize = 10_000, count(1, 1_000_000, "rooms"), Live,
            "creating rooms is open to every client; each takes an actor, a log and a game";
        /// Requests of one player that wait for their answer.
        requests_per_player_max: usize = 8, count(1, 1_024, "requests"), Live,
            "a player waits for answers rather than queues; past it a request is refused";
        /// How far ahead of the room an input may be.
        input_lead_ticks_max: u32 = 32, count(1, 256, "ticks"), Live,
            "over a second at 30 ticks, far more than a link needs; inputs beyond are clamped";
        /// Frames of old rows kept for clients that are behind.
        history_frames_max: usize = 64, count(3, 1_024, "frames"), Live,
            "three seconds at 20 frames; the steady rule needs the last two; older clients get a full state";
        /// Bytes of old rows kept for clients that are behind.
        history_bytes_max: usize = 262_144, bytes(4_096, 67_108_864), Live,
            "64 frames of 4 KiB; past it the oldest frames go";
        /// Bytes of its log a room keeps in memory.
        log_bytes_max: usize = 1_048_576, bytes(65_536, 1_073_741_824), Live,
            "two keyframes and what follows; with 10,000 rooms at their bound this is 10 GB";
        /// Time after which a room without players ends, where its game does not say (`Game::room_empty`).
        room_empty as "room_empty_secs": Duration = 60, secs(0, 86_400), Live,
            "everybody may lose the same network for a moment and come back to the match";
        /// Time between two messages about rooms that somebody watches.
        watch_interval as "watch_interval_ms": Duration = 200, ms(10, 60_000), Fixed,
            "a list on a screen need not be faster; what changes meanwhile is one message";
        /// Different queries that are watched in all.
        watch_queries_max: usize = 64, count(0, 10_000, "queries"), Live,
            "each room that changes is looked at once for each of them, and each remembers the order of its rooms, 200 bytes a room; any number of clients may watch one";
        /// Time for which seats are kept that a client reserves for its party.
        reservation as "reservation_secs": Duration = 15, secs(1, 3_600), Live,
            "friends are told a code and join; each kept seat is one that nobody else has meanwhile";
        /// Restarts of a room after panics in so much time, `restart_period_secs`; one more ends it.
        restarts_max: u32 = 3, count(0, 1_000, "restarts"), Live,
            "a step that fails whatever its random numbers takes two; a game that goes on failing would only burn the machine";
        /// The time in which restarts are counted.
        restart_period as "restart_period_secs": Duration = 10, secs(1, 86_400), Live,
            "long enough for a fault that comes with every few ticks, short enough to forget one of last hour";
        /// Time after which a step that has not ended never will: its room is restored on another thread.
        step_timeout as "step_timeout_ms": Duration = 5_000, ms(100, 600_000), Fixed,
            "a hundred times the longest tick anybody would play with; its players stand still meanwhile";
        /// Time after which nobody waits for an effect any more: its handler is cut off, and the game is told that it is lost.
        effect_timeout as "effect_timeout_ms": Duration = 60_000, ms(100, 3_600_000), Live,
            "what no backend has answered within a minute it never will; sixteen that hang would keep all further ones of their room from beginning";
        /// Directory of the crash files.
        crash_dir: PathBuf = "crashes", Kind::Path, Live,
            "beside the working directory; greenroom-sim replay plays such a file up to the panic";
        /// Crash files kept, the newest; 0: none are written.
        crash_files_max: usize = 32, count(0, 10_000, "files"), Live,
            "each is a log of log_bytes_max at most, so 32 MiB in all";
    }

    /// People who look on without a seat.
    spectators: Spectators {
        /// Those of one room.
        per_room_max as "spectators_per_room_max": usize = 2_000, count(0, 1_000_000, "spectators"), Live,
            "each costs a socket and about 10 µs a frame on threads that wait for the rooms; 0: nobody looks on";
        /// Those of all rooms.
        all_max as "spectators_max": usize = 5_000, count(0, 1_000_000, "spectators"), Live,
            "half of the connections: those who look on must not keep out those who play";
        /// How much later than the players they see everything, if the game does not say later still.
        delay as "spectator_delay_ms": Duration = 0, ms(0, 600_000), Live,
            "games say what a spectator must not tell a player; an operator of tournaments may know better";
        /// Bytes of the frames of one room that wait to be shown late.
        delay_bytes_max as "spectator_delay_bytes_max": usize = 8_388_608, bytes(65_536, 1_073_741_824), Live,
            "ten seconds of 30 frames of 27 KB each; beyond it spectators see fewer frames a second, as late";
    }

    /// The files with which unfinished matches outlive this process.
    journal: Journal {
        /// Directory of these files.
        state_dir: Option<PathBuf> = "off", Kind::PathOrOff, Fixed,
            "off: matches end with the process; a directory on a local disk, for one server alone";
        /// Records that wait for the disk.
        queue_bytes_max as "journal_queue_bytes_max": usize = 8_388_608, bytes(65_536, 67_108_864), Fixed,
            "two seconds of 1,000 busy rooms, twice that in memory; beyond it records are lost and rooms begin anew; what a room writes at once must fit";
        /// Size of a file after which another is begun.
        segment_bytes as "journal_segment_bytes": u64 = 67_108_864, bytes(1_048_576, 1_073_741_824), Fixed,
            "a file goes when no room needs it: large ones are kept for long, each small one costs a sync; a quarter of journal_disk_bytes_max at most";
        /// Size of all files beyond which idle rooms write their state anew.
        disk_bytes_max as "journal_disk_bytes_max": u64 = 1_073_741_824, bytes(4_194_304, 4_294_967_295), Fixed,
            "16 files; four times what the unfinished rooms need is allowed in any case";
        /// Time between two syncs.
        sync_interval as "journal_sync_interval_ms": Duration = 1_000, ms(10, 60_000), Fixed,
            "when the power fails so much may be lost, when the process is killed nothing; a sync costs a disk milliseconds";
    }

    /// The whole logs of finished matches, which greenroom-sim replay plays again.
    replays: Replays {
        /// Directory of these files.
        dir as "replay_dir": Option<PathBuf> = "off", Kind::PathOrOff, Fixed,
            "off: of a match nothing is kept but its result; a file holds all that happened in the room, also what players could not see";
        /// Files kept, the newest.
        files_max as "replay_files_max": usize = 1_000, count(1, 1_000_000, "files"), Fixed,
            "a day of a small server; each start of the server, and each minute, looks at all of them";
        /// Mebibytes of all files together; the oldest go first.
        mib_max as "replay_mib_max": u64 = 1_024, count(1, 16_777_216, "MiB"), Fixed,
            "a match of eight players takes about 100 KB a minute; matches that are not over may take as much once more, and one beyond that is not kept";
        /// Age at which a file goes.
        age_max as "replay_age_max_secs": Duration = 2_592_000, secs(60, 315_360_000), Fixed,
            "30 days: long enough for a complaint, and nothing that players said is kept for ever";
        /// Records that wait for the disk.
        queue_bytes_max as "replay_queue_bytes_max": usize = 16_777_216, bytes(65_536, 1_073_741_824), Fixed,
            "several seconds of 1,000 busy rooms; beyond it replays are lost, and no room waits";
    }

    /// The operations address: health, metrics, and what a studio's backend asks and says. Plain HTTP.
    ops: Ops {
        /// Address and port of it.
        address as "ops": AddressChoice = "auto", Kind::AddressAutoOrOff, Fixed,
            "auto is 127.0.0.1:9464, and none if another program has that port; off this machine it needs ops_token_file";
        /// File with the token that requests must bring, as Authorization: Bearer.
        token_file as "ops_token_file": Option<PathBuf> = "off", Kind::PathOrOff, Fixed,
            "off: whoever can run programs on this machine may ask; a file, because the arguments of a process are for all to see";
        /// Connections at once.
        connections_max as "ops_connections_max": usize = 64, count(1, 10_000, "connections"), Fixed,
            "a scraper, a few probes and a backend's pool; past it newcomers wait in the kernel";
        /// Body of one request.
        body_bytes_max as "ops_body_bytes_max": usize = 32_768, bytes(1_024, 1_048_576), Fixed,
            "options and words to a game take some hundred bytes; a larger one is refused before it is read";
        /// Time for one request, from its head to its answer.
        timeout as "ops_timeout_ms": Duration = 10_000, ms(1_000, 120_000), Fixed,
            "a scraper gives up after 10 s; a room answers at its next step";
    }

    /// The process as a whole.
    process: Process {
        /// Threads that run rooms and connections.
        worker_threads: usize = 0, count(0, 1_024, "threads; 0: one per core"), Fixed,
            "more threads than cores only take turns";
        /// Threads that step rooms whose steps are short.
        room_threads: usize = 0, count(0, 1_024, "threads; 0: one per core"), Fixed,
            "more threads than cores only take turns";
        /// Threads that step rooms whose steps take 10 ms and more, at a lower priority.
        slow_room_threads_max: usize = 64, count(1, 1_024, "threads"), Fixed,
            "one for each such room, so that they do not wait for each other; past it they do";
        /// Threads that may be lost in steps that never end.
        lost_threads_max: usize = 8, count(0, 1_024, "threads"), Fixed,
            "each burns a core; past it the server stops with an error, and a new process is better off";
    }

    /// Not for players: what developers try out.
    dev: Dev {
        /// Faults that are to happen.
        faults as "dev_faults": Faults = "off", Kind::Faults, Fixed,
            "to see that what the server claims to survive it survives; a server that listens off loopback refuses them";
    }
}

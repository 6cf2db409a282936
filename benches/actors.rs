//! What an actor and a message cost, bare ractor and ours: `cargo bench --bench actors`. Each
//! measurement of memory is made in a process of its own, or the second would find the memory of
//! the first.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use greenroom::actors::actor::{self, Actor, Context, Failure, Mailbox, Named, Reply};
use greenroom::supervision::{ChildSpec, Dynamic, Partitioned, SupervisorSpec};
use ractor::{ActorProcessingErr, ActorRef};

const ACTORS: usize = 20_000;
const MESSAGES: u32 = 200_000;
const SECONDS: Duration = Duration::from_secs(9);

const PARTS: [(&str, fn()); 5] = [
    ("bare", a_bare_ractor_actor),
    ("wrapped", a_wrapped_actor),
    ("supervised", a_wrapped_actor_as_temporary_child),
    ("cast", a_cast),
    ("partitions", starting_in_partitions),
];

fn main() {
    let part = std::env::args().nth(1);
    for (name, measure) in PARTS {
        match part.as_deref() {
            Some(wanted) if wanted == name => return measure(),
            Some(wanted) if !wanted.starts_with("--") => {}
            _ => {
                let this = std::env::current_exe().unwrap();
                let status = std::process::Command::new(this).arg(name).status().unwrap();
                assert!(status.success(), "{name} failed");
            }
        }
    }
}

struct Bare;

impl ractor::Actor for Bare {
    type Msg = LeanMsg;
    type State = u64;
    type Arguments = ();
    async fn pre_start(&self, _: ActorRef<LeanMsg>, (): ()) -> Result<u64, ActorProcessingErr> {
        Ok(0)
    }
    async fn handle(
        &self,
        _: ActorRef<LeanMsg>,
        msg: LeanMsg,
        sum: &mut u64,
    ) -> Result<(), ActorProcessingErr> {
        match msg {
            LeanMsg::Add(n) => *sum += n,
            LeanMsg::Sum(reply) => drop(reply.send(*sum)),
        }
        Ok(())
    }
}

struct Lean(u64);

enum LeanMsg {
    Add(u64),
    Sum(Reply<u64>),
}

impl Named for LeanMsg {
    fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "add",
            Self::Sum(_) => "sum",
        }
    }
}

impl Actor for Lean {
    const CLASS: &'static str = "lean";
    type Msg = LeanMsg;
    type Args = ();
    async fn start((): (), _: &Context<LeanMsg>) -> Result<Self, Failure> {
        Ok(Self(0))
    }
    async fn handle(&mut self, msg: LeanMsg, _: &Context<LeanMsg>) -> Result<(), Failure> {
        match msg {
            LeanMsg::Add(n) => self.0 += n,
            LeanMsg::Sum(reply) => drop(reply.send(self.0)),
        }
        Ok(())
    }
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap()
}

fn a_bare_ractor_actor() {
    runtime().block_on(async {
        let (warm, _) = ractor::Actor::spawn(None, Bare, ()).await.unwrap();
        let before = resident_bytes();
        let mut actors = Vec::with_capacity(ACTORS);
        for _ in 0..ACTORS {
            actors.push(ractor::Actor::spawn(None, Bare, ()).await.unwrap().0);
        }
        for actor in &actors {
            let (reply, sum) = tokio::sync::oneshot::channel();
            actor.send_message(LeanMsg::Sum(reply)).unwrap();
            black_box(sum.await.unwrap());
        }
        println!("bare: {} bytes an actor", (resident_bytes() - before) / ACTORS);
        black_box((&warm, &actors));
    });
}

fn a_wrapped_actor() {
    runtime().block_on(async {
        let warm = actor::spawn::<Lean>("warm", ()).await.unwrap();
        let before = resident_bytes();
        let mut actors = Vec::with_capacity(ACTORS);
        for n in 0..ACTORS {
            actors.push(actor::spawn::<Lean>(format!("connection-{n}"), ()).await.unwrap());
        }
        for actor in &actors {
            black_box(actor.call(SECONDS, LeanMsg::Sum).await.unwrap());
        }
        println!("wrapped: {} bytes an actor", (resident_bytes() - before) / ACTORS);
        black_box((&warm, &actors));
    });
}

fn a_wrapped_actor_as_temporary_child() {
    runtime().block_on(async {
        let root = SupervisorSpec::dynamic("root", Dynamic::default()).start().await.unwrap();
        let before = resident_bytes();
        let mut cells = Vec::with_capacity(ACTORS);
        let began = Instant::now();
        for n in 0..ACTORS {
            let spec = ChildSpec::once::<Lean>(format!("connection-{n}"), ());
            cells.push(root.start_child(spec).await.unwrap());
        }
        let start = began.elapsed() / ACTORS as u32;
        for cell in &cells {
            let mailbox = Mailbox::<LeanMsg>::of(cell).unwrap();
            black_box(mailbox.call(SECONDS, LeanMsg::Sum).await.unwrap());
        }
        println!("supervised: {} bytes an actor", (resident_bytes() - before) / ACTORS);
        let began = Instant::now();
        for cell in &cells {
            cell.stop(None);
        }
        while root.count_children().await.unwrap().specs > 0 {}
        println!("supervised: start {start:?}, reap {:?}", began.elapsed() / ACTORS as u32);
    });
}

/// Nanoseconds per message: sent in bursts of 1,000 and handled.
fn a_cast() {
    runtime().block_on(async {
        let (bare, _) = ractor::Actor::spawn(None, Bare, ()).await.unwrap();
        let lean = actor::spawn::<Lean>("lean", ()).await.unwrap();
        for _ in 0..3 {
            let began = Instant::now();
            for n in 0..MESSAGES {
                bare.send_message(LeanMsg::Add(1)).unwrap();
                if n % 1000 == 999 {
                    let (reply, sum) = tokio::sync::oneshot::channel();
                    bare.send_message(LeanMsg::Sum(reply)).unwrap();
                    black_box(sum.await.unwrap());
                }
            }
            let bare_cost = began.elapsed() / MESSAGES;
            let began = Instant::now();
            for n in 0..MESSAGES {
                lean.cast(LeanMsg::Add(1)).unwrap();
                if n % 1000 == 999 {
                    let sum = lean.call(SECONDS, LeanMsg::Sum).await.unwrap();
                    black_box(sum);
                }
            }
            println!(
                "cast and handle: bare {bare_cost:?}, wrapped {:?}",
                began.elapsed() / MESSAGES
            );
        }
        let sum = lean.call(SECONDS, LeanMsg::Sum).await.unwrap();
        assert_eq!(sum, 3 * u64::from(MESSAGES));
    });
}

/// Start and end of children by two threads, in one supervisor and in four.
fn starting_in_partitions() {
    // The first run pays for the memory of the later ones.
    for partitions in [1, 1, 4] {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (spec, crowd) = Partitioned::new("root", partitions, |n| {
                SupervisorSpec::dynamic(format!("crowd-{n}"), Dynamic::default())
            });
            let root = spec.start().await.unwrap();
            let began = Instant::now();
            let starters: Vec<_> = (0..8_u64)
                .map(|starter| {
                    let crowd = crowd.clone();
                    tokio::spawn(async move {
                        for n in 0..5_000_u64 {
                            let key = starter * 5_000 + n;
                            let spec = ChildSpec::once::<Lean>(format!("connection-{key}"), ());
                            crowd.start_child(key, spec).await.unwrap();
                        }
                    })
                })
                .collect();
            for starter in starters {
                starter.await.unwrap();
            }
            let start = began.elapsed() / 40_000;
            let began = Instant::now();
            root.deadline(Duration::from_secs(60)).shutdown().await.unwrap();
            println!(
                "{partitions} partitions: start {start:?}, orderly stop {:?} a child",
                began.elapsed() / 40_000
            );
        });
    }
}

//! `greenroom dev`: hosts the game of a crate while it is written.
//!
//! When a source has changed it builds, and only what builds takes over: the old server stops with its
//! rooms kept in a state directory, the new one brings them back, and whoever played goes on.

#![allow(clippy::disallowed_methods)] // nothing of this is part of a room

mod build;
mod host;
mod sources;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use super::signals::Signals;
use build::{Build, Made, Outcome, Program};
use host::Host;
use sources::Sources;

/// So often are the sources looked at. A person does not notice it, and some hundred files take under a
/// millisecond.
const LOOKS_EVERY: Duration = Duration::from_millis(100);

#[derive(Args)]
pub(super) struct DevArgs {
    /// The directory of the crate.
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// The program that serves; the crate's default one if not given.
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,
    /// Build for speed, which takes longer.
    #[arg(long)]
    release: bool,
    /// What `serve` is given, such as -- --bind 127.0.0.1:9000. Without --state-dir rooms are kept in the
    /// target directory.
    #[arg(last = true, value_name = "SERVE FLAGS")]
    serve: Vec<String>,
}

/// Runs until it is asked to stop.
pub(super) fn run(args: &DevArgs) -> Result<(), String> {
    let program = Program::find(&args.dir, args.bin.as_deref(), args.release)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime could not be started: {error}"))?;
    runtime.block_on(async {
        let mut signals = Signals::new().map_err(|error| format!("no signals: {error}"))?;
        let mut dev = Dev::new(program, args.serve.clone())?;
        loop {
            tokio::select! {
                _ = signals.next() => break,
                () = tokio::time::sleep(LOOKS_EVERY) => dev.look().await?,
            }
        }
        dev.building = None;
        let Some(host) = dev.host.take() else { return Ok(()) };
        tokio::select! {
            _ = signals.next() => Err("stopped at once".into()), // by dropping it
            () = host.stop() => Ok(()),
        }
    })
}

/// What is going on.
struct Dev {
    program: Program,
    serve: Vec<String>,
    /// As they were when the newest build began.
    sources: Sources,
    building: Option<(Build, Instant)>,
    host: Option<Host>,
}

impl Dev {
    fn new(program: Program, serve: Vec<String>) -> Result<Self, String> {
        let sources = program.sources();
        let building = Some((program.build()?, Instant::now()));
        Ok(Dev { program, serve, sources, building, host: None })
    }

    /// Goes on with whatever has happened since.
    async fn look(&mut self) -> Result<(), String> {
        if let Some(host) = &mut self.host
            && let Some(how) = host.ended()
        {
            say(&format!("the server has ended ({how}); waiting for a change"));
            self.host = None;
        }
        if let Some((build, began)) = &mut self.building {
            let Some(outcome) = build.ended() else { return Ok(()) };
            let took = began.elapsed();
            self.building = None;
            return match outcome {
                Outcome::Built(made) => {
                    say(&format!("built in {:.1} s", took.as_secs_f64()));
                    self.take_over(&made).await
                }
                Outcome::Failed => {
                    let meanwhile = match self.host {
                        Some(_) => "the server goes on as it was; ",
                        None => "",
                    };
                    say(&format!("this does not build; {meanwhile}waiting for a change"));
                    Ok(())
                }
            };
        }
        let now = self.program.sources();
        let Some(changed) = now.change_since(&self.sources) else { return Ok(()) };
        say(&format!("{} has changed", changed.display()));
        self.sources = now;
        self.building = Some((self.program.build()?, Instant::now()));
        Ok(())
    }

    /// The new build in the place of the old one.
    async fn take_over(&mut self, made: &Made) -> Result<(), String> {
        self.program.is_now(made);
        // What the build depends on is known only now; what has changed meanwhile still differs.
        self.sources.learn(self.program.sources());
        if let Some(old) = self.host.take() {
            old.stop().await;
        }
        self.host = Some(Host::start(&self.program, &self.serve)?);
        Ok(())
    }
}

fn say(text: &str) {
    eprintln!("dev: {text}");
}

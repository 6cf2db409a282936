//! `greenroom serve`.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;

use super::signals::Signals;
use crate::certs::{self, Outcome};
use crate::config::{Config, ConfigFlags};
use crate::os;
use crate::registry::Games;
use crate::server::{Server, ServerSpec};

#[derive(Args)]
#[command(after_help = format!("GREENROOM_LOG chooses what is logged, to standard error: {LOG_HELP}"))]
pub(super) struct ServeArgs {
    /// Append each match's result to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    #[command(flatten)]
    config: ConfigFlags,
}

pub(super) fn run(args: ServeArgs, games: Games) -> Result<(), String> {
    log_to_stderr()?;
    let mut config = Config::load(&args.config).map_err(|errors| errors.to_string())?;
    match os::raise_open_files() {
        Ok(files) => {
            let connections_max = &mut config.listen.connections_max;
            if let Some(shortage) = files.shortage(*connections_max) {
                tracing::warn!("{shortage}");
            }
            *connections_max = files.connections_max(*connections_max);
        }
        Err(error) => tracing::warn!("the limit of open files could not be raised: {error}"),
    }
    let (identity, report) =
        certs::for_server(&config.listen).map_err(|error| error.to_string())?;
    if let Some(report) = report
        && matches!(report.outcome, Outcome::Made { .. } | Outcome::Renewed { .. })
    {
        eprintln!("{report}");
    }
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if config.process.worker_threads > 0 {
        runtime.worker_threads(config.process.worker_threads);
    }
    let runtime = runtime
        .thread_name("greenroom")
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime could not be started: {error}"))?;
    let outcome =
        runtime.block_on(serve(ServerSpec { config, games, identity, results: args.results }));
    // A game that never returns from a step holds its thread: nobody waits for that.
    runtime.shutdown_background();
    outcome
}

async fn serve(spec: ServerSpec) -> Result<(), String> {
    let mut signals = Signals::new().map_err(|error| format!("no signals: {error}"))?;
    let names = spec.games.names().collect::<Vec<_>>().join(", ");
    let guests = spec.config.auth.key.is_none() && spec.games.authenticator().is_none();
    let server = Server::begin(spec).await.map_err(|error| error.to_string())?;
    let asked = tokio::select! {
        opened = server.open() => {
            opened.map_err(|error| error.to_string())?;
            None
        }
        // Matches that are still to be brought back stay where they are.
        name = signals.next() => Some(name),
    };
    let asked = match asked {
        Some(name) => name,
        None => {
            say_where(&server, &names);
            if guests && !server.wss().ip().is_loopback() {
                tracing::warn!(
                    "whoever reaches {} may play, as a guest: --auth-key asks them who they are",
                    server.wss()
                );
            }
            tokio::select! {
                name = signals.next() => name,
                why = server.failed() => return Err(why.into()),
            }
        }
    };
    tracing::info!(
        connections = server.connections(),
        rooms = server.rooms(),
        "{asked}: stopping; once more to stop at once"
    );
    tokio::select! {
        () = server.stop() => {
            tracing::info!("stopped");
            Ok(())
        }
        name = signals.next() => Err(format!("{name} again: stopped at once")),
    }
}

/// Whoever started us through a pipe waits for this line.
fn say_where(server: &Server, names: &str) {
    let plain = server.plain().map(|address| format!(" and ws://{address}/ws")).unwrap_or_default();
    let mut out = std::io::stdout();
    let _ = writeln!(out, "listening on wss://{}/ws{plain} ({names})", server.wss());
    if let Some(address) = server.ops() {
        let _ = writeln!(out, "operations on http://{address}");
    }
    let _ = match server.plain() {
        Some(address) => writeln!(out, "pages on http://{address}/"),
        None => writeln!(out, "pages on https://{}/", server.wss()),
    };
    let _ = out.flush();
}

/// What `GREENROOM_LOG` may hold.
const LOG_HELP: &str = "write a level (error, warn, info, debug, trace) or levels of parts, such as \
                        info,greenroom::net=debug";

/// Logs go to standard error; `GREENROOM_LOG` chooses what.
fn log_to_stderr() -> Result<(), String> {
    use tracing_subscriber::EnvFilter;
    let filter = match std::env::var("GREENROOM_LOG") {
        Ok(text) => EnvFilter::try_new(&text)
            .map_err(|error| format!("GREENROOM_LOG is {text:?}: {error}: {LOG_HELP}"))?,
        Err(_) => EnvFilter::new("info"),
    };
    // ractor wraps every poll of an actor in a span below this level: see `supervision`.
    let filter = match "ractor=warn".parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    };
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_writer(std::io::stderr)
        .try_init();
    Ok(())
}

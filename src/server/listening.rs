//! The addresses of a server, and what keeps it from starting.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::revival::StateError;
use crate::actors::listener::{Sockets, listen};
use crate::auth::gate::GateError;
use crate::config::Config;
use crate::net::pages::PagesError;
use crate::ops::gate::TokenError;
use crate::replays::Unusable;
use crate::supervision::{StartError, SupervisorError};

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
    /// The operations address cannot be listened on.
    #[error(
        "cannot listen on {address} for operations: {error}; choose another address with --ops, or \
         --ops off"
    )]
    BindOps {
        /// Which.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
    /// Anybody could end matches.
    #[error(
        "--ops {0} can be reached from other machines: give --ops-token-file a file with a token, or \
         --ops a loopback address such as 127.0.0.1:9464, or \"off\""
    )]
    OpsOffLoopback(SocketAddr),
    /// The token of the operations address cannot be used.
    #[error(transparent)]
    OpsToken(#[from] TokenError),
    /// Others could reach a server that fails on purpose.
    #[error("{}", crate::config::faults_off_loopback(*.0))]
    FaultsOffLoopback(SocketAddr),
    /// The certificate is not one that rustls can use.
    #[error("the certificate cannot be used: {0}")]
    Identity(#[from] rustls::Error),
    /// The game's own pages cannot be served.
    #[error(transparent)]
    Pages(#[from] PagesError),
    /// The result file cannot be written.
    #[error("cannot write results to {}: {error}; give --results a file in a directory you can write to", path.display())]
    Results {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Nobody could be let in.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// The state directory cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The directory of replays cannot be used.
    #[error(transparent)]
    Replays(#[from] Unusable),
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

pub(super) fn bind(
    config: &Config,
) -> Result<(Sockets, SocketAddr, Option<SocketAddr>), ServeError> {
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

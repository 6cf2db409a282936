//! The operations address as a part of a server: its socket, who may ask, and its place in the tree.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;

use super::listening::ServeError;
use crate::actors::listener::{Sockets, listen};
use crate::actors::ops::{Ops, OpsArgs};
use crate::config::{AddressChoice, Config};
use crate::ops::gate::Gate;
use crate::ops::{Console, Hosted, Keys, Site, recorder};
use crate::supervision::{ChildSpec, Intensity};

/// Where it is if nobody says.
const USUAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464);
/// How often the actor may fail. Past it there are no operations, and matches go on.
const BUDGET: Intensity = Intensity::new(10, Duration::from_secs(10));

/// An address that is listened on, and that nobody answers on yet.
pub(super) struct Operations {
    socket: Sockets,
    address: SocketAddr,
    gate: Gate,
    recorder: Option<PrometheusHandle>,
}

/// The operations address, if there is to be one. What is counted from now on is seen there.
pub(super) fn open(config: &Config) -> Result<Option<Operations>, ServeError> {
    let Some((socket, address)) = bind(config)? else { return Ok(None) };
    let gate = Gate::new(address, config.ops.token_file.as_deref())?;
    Ok(Some(Operations { socket, address, gate, recorder: recorder() }))
}

impl Operations {
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whoever answers, as a child of the root.
    pub(super) fn child(self, config: &Arc<Config>, hosted: Hosted) -> ChildSpec {
        let Operations { socket, gate, recorder, .. } = self;
        let (config, keys, console) = (Arc::clone(config), Keys::default(), Console::default());
        let site = Arc::new(Site { gate, config, recorder, hosted, keys, console });
        ChildSpec::actor::<Ops>("ops", OpsArgs { socket, site }).budget(BUDGET)
    }
}

fn bind(config: &Config) -> Result<Option<(Sockets, SocketAddr)>, ServeError> {
    let (address, asked) = match config.ops.address {
        AddressChoice::Off => return Ok(None),
        AddressChoice::Auto => (USUAL, false),
        AddressChoice::At(address) => (address, true),
    };
    if !address.ip().is_loopback() && config.ops.token_file.is_none() {
        return Err(ServeError::OpsOffLoopback(address));
    }
    let bound = listen(address, config.ops.connections_max)
        .and_then(|socket| Ok((socket.local_addr()?, socket)));
    match bound {
        Ok((address, socket)) => Ok(Some((Sockets::new(vec![(socket, false)]), address))),
        Err(error) if asked => Err(ServeError::BindOps { address, error }),
        Err(error) => {
            tracing::warn!(
                "no operations on {address}: {error}; choose another address with --ops, or --ops off"
            );
            Ok(None)
        }
    }
}

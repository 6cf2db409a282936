//! The actor of the operations address.
//!
//! **Its job.** Keeps an accept loop running, and the recorder's memory small. **Its children.** The loop, and a task per connection,
//! so many at once and each within its deadlines. **What ends it.** An accept loop that ended.
//! **What happens then.** Its supervisor starts it again on the same socket; past its budget the
//! address is given up and the matches go on. It is the first up and the last down: it says that a
//! server is starting or stopping. A panic in an answer costs that connection.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::actor::{Actor, Context, Failure, Named};
use super::listener::{Refusals, Sockets};
use crate::ops::{Site, connection, router};

/// How often what was counted for histograms is put into their buckets. Until then each value takes
/// 8 bytes: 400,000 a second with 10,000 rooms at 20 Hz.
const UPKEEP: Duration = Duration::from_secs(1);

/// What the actor starts from.
#[derive(Clone)]
pub struct OpsArgs {
    /// The socket.
    pub socket: Sockets,
    /// What requests share.
    pub site: Arc<Site>,
}

/// What the actor is told.
#[derive(Debug)]
pub enum OpsMsg {
    /// The accept loop has ended, which it never should.
    LoopEnded,
}

impl Named for OpsMsg {
    fn name(&self) -> &'static str {
        "loop ended"
    }
}

/// The actor. Dropping it ends the loop and the connections.
pub struct Ops {
    socket: Sockets,
    tasks: JoinSet<()>,
}

impl Actor for Ops {
    const CLASS: &'static str = "ops";
    type Msg = OpsMsg;
    type Args = OpsArgs;

    async fn start(args: OpsArgs, ctx: &Context<OpsMsg>) -> Result<Self, Failure> {
        let OpsArgs { socket, site } = args;
        let mut tasks = JoinSet::new();
        for (listener, _) in socket.all() {
            let (site, mailbox) = (Arc::clone(&site), ctx.mailbox().clone());
            tasks.spawn(async move {
                // Said also when the loop panics: then the future is dropped.
                let _told = Told(|| drop(mailbox.cast(OpsMsg::LoopEnded)));
                accept(&listener, router(Arc::clone(&site)), &site).await;
            });
        }
        if let Some(recorder) = site.recorder.clone() {
            tasks.spawn(async move {
                loop {
                    tokio::time::sleep(UPKEEP).await;
                    recorder.run_upkeep();
                }
            });
        }
        Ok(Ops { socket, tasks })
    }

    async fn handle(&mut self, _: OpsMsg, _: &Context<OpsMsg>) -> Result<(), Failure> {
        Err("the accept loop ended".into())
    }

    async fn stopped(&mut self, _: &Context<OpsMsg>) {
        self.socket.close();
        self.tasks.shutdown().await;
    }
}

struct Told<F: FnMut()>(F);

impl<F: FnMut()> Drop for Told<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Takes connections, so many at once; the others wait in the kernel.
async fn accept(listener: &TcpListener, router: Router, site: &Arc<Site>) {
    let places = Arc::new(Semaphore::new(site.config.ops.connections_max));
    let (mut connections, mut refusals) = (JoinSet::new(), Refusals::default());
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((tcp, _)) => {
                let served = connection::serve(tcp, router.clone(), Arc::clone(site));
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => refusals.wait_after(&error).await,
        }
        // Those that have ended.
        while connections.try_join_next().is_some() {}
    }
}

//! One connection to the operations address: requests one after the other, each within its bounds.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;

use super::Site;

/// After this a connection takes no more requests: so a peer that does not read its answer goes,
/// too. Whoever asks often connects anew once a minute, which costs nothing.
const AGE_MAX: Duration = Duration::from_secs(60);

/// Answers what comes, until the peer or the connection's age ends it. A silent one is closed after
/// the time that a head may take.
pub(crate) async fn serve(tcp: TcpStream, router: Router, site: Arc<Site>) {
    let connection = http1::Builder::new()
        .max_buf_size(site.config.edge.head_bytes_max)
        .timer(TokioTimer::new())
        .header_read_timeout(site.config.deadlines.head_timeout)
        .serve_connection(TokioIo::new(tcp), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    if tokio::time::timeout(AGE_MAX, connection.as_mut()).await.is_err() {
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(site.config.ops.timeout, connection).await;
    }
}

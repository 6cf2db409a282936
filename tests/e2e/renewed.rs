//! A certificate that is renewed while the server runs.

use greenroom::certs;
use greenroom_client::{Client, Connect, Trust};

use super::support::{TestServer, new_room, next, within};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_is_renewed_is_shown_to_the_next_who_come_and_nobody_is_disconnected() {
    let server = TestServer::start(|_| {}).await;
    let (mut player, _) = server.seated(new_room("")).await;
    let new = tempfile::tempdir().unwrap();
    let paths = certs::ensure(new.path(), false).unwrap().paths;
    let url = format!("wss://{}", server.server.wss());
    let trust = Trust::CaFile(paths.ca).prepare().unwrap();
    let newcomer = || Client::connect(Connect { trust: trust.clone(), ..Connect::to(&url) });
    assert!(newcomer().await.is_err(), "it has another CA");

    let shown = certs::CertPaths::of(&server.dir.path().join("certs"));
    std::fs::copy(&paths.server_key, &shown.server_key).unwrap();
    std::fs::copy(&paths.server, &shown.server).unwrap();
    within("the new certificate", async {
        while newcomer().await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    })
    .await;
    // Without a ticket, as who has one is not shown a certificate.
    let trust = Trust::CaFile(shown.ca);
    let old = Client::connect(Connect { trust, ..Connect::to(&url) }).await;
    assert!(old.is_err(), "the old one is shown no more");

    // What cannot be used changes nothing.
    std::fs::write(&shown.server_key, "no key").unwrap();
    newcomer().await.unwrap();
    assert!(player.is_connected());
    next(&mut player).await;
    server.stopped().await;
}

//! The unit and the configuration of `examples/deploy`.

use greenroom_client::Join;

use super::support::process::Process;
use super::support::within;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_unit_starts_a_server_that_keeps_its_matches() {
    let unit = include_str!("../../examples/deploy/greenroom.service");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart="));
    let args = "--config-file /etc/greenroom/greenroom.toml --results results.jsonl";
    assert_eq!(command, Some(format!("/usr/local/bin/greenroom serve {args}").as_str()));
    let config = include_str!("../../examples/deploy/greenroom.toml");
    let [cert, key] = ["chain", "key"].map(|name| format!("/etc/greenroom/tls/{name}.pem"));
    assert!(config.contains(&cert) && config.contains(&key));

    // With certificates of its own, and, as all servers of the tests, a port of its own.
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("greenroom.toml");
    std::fs::write(&file, config.replace(&cert, "auto").replace(&key, "auto")).unwrap();
    let mut server = Process::serve(&["--config-file", file.to_str().unwrap()]);
    let mut client = server.connect().await;
    let join = Join::OpenOrCreate { game: "arena", options: "" };
    within("a seat", client.join(join)).await.unwrap();
    server.signal("TERM");
    assert!(server.ended().await.success(), "{}", server.errors());
    assert!(server.file("state").is_dir() && server.file("replays").is_dir());
}

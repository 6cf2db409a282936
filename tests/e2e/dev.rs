//! `greenroom dev`: who plays goes on while the game is written.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use greenroom::proto::PlayerId;
use greenroom_client::{Client, Connect, Join, Trust, Update};
use tempfile::TempDir;

use crate::support::process::run;
use crate::support::running::Running;
use crate::support::{DEADLINE, find, within};

/// A build on a new machine takes minutes.
const BUILD_DEADLINE: Duration = Duration::from_secs(300);
const PATIENCE: Duration = Duration::from_millis(20);

/// A crate that is being written, and its server.
struct Written {
    dir: TempDir,
    dev: Running,
    port: u16,
}

impl Written {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (code, _, errors) = run(&dir, &["new", "tag"]);
        assert_eq!(code, Some(0), "{errors}");
        // Clients come back to the port that they know.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // Its dependencies are those that are built here.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let stderr = fs::File::create(dir.path().join("stderr")).unwrap();
        let dev = Command::new(env!("CARGO_BIN_EXE_greenroom"))
            .args(["dev", "tag", "--", "--plain", "off", "--ops", "off"])
            .arg(format!("--bind=127.0.0.1:{port}"))
            .arg(format!("--state-dir={}", dir.path().join("state").display()))
            .env("CARGO_TARGET_DIR", target)
            .env("NO_COLOR", "1")
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(fs::File::create(dir.path().join("stdout")).unwrap())
            .stderr(stderr)
            .spawn()
            .unwrap();
        let written = Written { dir, dev: Running::new(dev), port };
        written.says("stdout", "listening on ", 1).await;
        written
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Waits until one of its outputs has this for the nth time.
    async fn says(&self, output: &str, what: &str, times: usize) {
        let until = Instant::now() + BUILD_DEADLINE;
        loop {
            let said = fs::read_to_string(self.file(output)).unwrap();
            if said.matches(what).count() >= times {
                return;
            }
            let errors = fs::read_to_string(self.file("stderr")).unwrap();
            assert!(Instant::now() < until, "no {what:?}, only {said}\n{errors}");
            tokio::time::sleep(PATIENCE).await;
        }
    }

    fn rewrite(&self, from: &str, to: &str) {
        let rules = self.file("tag/src/tag.rs");
        let text = fs::read_to_string(&rules).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{from}");
        fs::write(&rules, text.replace(from, to)).unwrap();
    }

    async fn connect(&self) -> Client {
        let trust = Trust::CaFile(self.file("tag/certs/ca.pem")).prepare().unwrap();
        let to = Connect { trust, ..Connect::to(format!("wss://127.0.0.1:{}", self.port)) };
        within("a connection", Client::connect(to)).await.unwrap()
    }
}

#[tokio::test]
#[ignore = "builds a crate, which .ci/run has the time for"]
async fn who_plays_goes_on_with_every_change_that_builds() {
    let mut written = Written::new().await;
    let mut client = written.connect().await;
    let options = r#"{"secs": 600}"#;
    let seat = within("a seat", client.join(Join::Create { game: "tag", options })).await.unwrap();

    // What does not build takes nothing away from anybody.
    written.rewrite("ctx.send(To::All, &player);", "ctx.send(To::All, player)");
    written.says("stderr", "this does not build; the server goes on as it was", 1).await;
    let mut frames = 0;
    while frames < 5 {
        let frame = within("a frame", client.next()).await;
        assert!(!matches!(frame, Update::Broken { .. } | Update::Closed(_)), "{frame:?}");
        frames += 1;
    }

    let began = Instant::now();
    written.rewrite(
        "            ctx.send(To::All, player)",
        "            ctx.send(To::All, &player);\n        }\n        if ctx.tick().0 % 10 == 0 {\n            \
         ctx.send(To::All, &PlayerId(77));",
    );
    let changed = async {
        loop {
            match client.next().await {
                Update::Event(event) if event.decode::<PlayerId>().unwrap().0 == 77 => return,
                Update::Closed(closed) => panic!("{closed}"),
                _ => {}
            }
        }
    };
    tokio::time::timeout(BUILD_DEADLINE, changed).await.unwrap();
    println!(
        "{:.1} s from a change of the rules to playing by them",
        began.elapsed().as_secs_f64()
    );
    assert_eq!(client.seat().unwrap().room, seat.room);
    assert_eq!((client.stats().resumed, client.stats().desyncs), (1, 0));

    // Nor does a server that ends by itself end this, though it has kept nothing for another build.
    written.rewrite("ctx.send(To::All, &PlayerId(77));", "std::process::exit(3);");
    written.says("stderr", "the server has ended (exit status: 3); waiting for a change", 1).await;
    written.rewrite("std::process::exit(3);", "ctx.send(To::All, &PlayerId(78));");
    written.says("stdout", "listening on ", 4).await;
    let mut client = written.connect().await;
    within("a seat", client.join(Join::Create { game: "tag", options })).await.unwrap();
    find(&mut client, |update| match update {
        Update::Event(event) if event.decode::<PlayerId>().unwrap().0 == 78 => Some(()),
        _ => None,
    })
    .await;

    written.dev.signal("TERM");
    let ended = tokio::time::timeout(DEADLINE, written.dev.ended()).await.unwrap();
    assert!(ended.success(), "{ended}");
    TcpListener::bind(("127.0.0.1", written.port)).expect("its server is gone");
}

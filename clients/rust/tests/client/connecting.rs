//! From a URL to a welcome, and everything that can come between.

use std::time::Duration;

use greenroom_client::proto::{CloseCode, PROTOCOL_VERSION, Then, ToServer};
use greenroom_client::{Client, Closed, ClosedBy, Connect, ConnectError, Step, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::mock::{Mock, both, within};

fn error(result: Result<Client, ConnectError>) -> ConnectError {
    match result {
        Ok(client) => panic!("connected to {}", client.server()),
        Err(error) => error,
    }
}

/// Connects while the server does its part.
async fn failing(connect: Connect, server: impl Future<Output = ()>) -> ConnectError {
    let (result, ()) = both(Client::connect(connect), server).await;
    error(result)
}

#[tokio::test]
async fn a_ca_file_is_all_that_trust_needs() {
    let mock = Mock::tls().await;
    let file = std::env::temp_dir().join(format!("greenroom-client-{}.pem", std::process::id()));
    std::fs::write(&file, &mock.ca).expect("a temporary file");
    let connect = Connect {
        trust: Trust::CaFile(file.clone()),
        client: "test/1".into(),
        token: Some("anna".into()),
        ..mock.connect()
    };
    let (client, peer) = mock.welcomed(connect).await;
    std::fs::remove_file(file).expect("it was written");
    assert_eq!((client.server(), client.games().len()), ("mock/1", 2));
    let Some(ToServer::Hello { protocol: PROTOCOL_VERSION, client, token, schemas }) = peer.hello
    else {
        panic!("{:?}", peer.hello)
    };
    assert_eq!(
        (&*client, token.as_ref().map(greenroom_proto::AuthToken::as_str)),
        ("test/1", Some("anna"))
    );
    assert!(schemas.is_empty());
}

#[tokio::test]
async fn an_untrusted_certificate_is_an_error_that_says_where_the_ca_is() {
    let (mock, other) = (Mock::tls().await, Mock::tls().await);
    let connect = Connect { trust: Trust::CaPem(other.ca.clone()), ..mock.connect() };
    let error = failing(connect, async { drop(mock.accept_stream().await) }).await;
    assert!(matches!(error, ConnectError::Untrusted { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("--ca") && text.contains("certs/ca.pem"), "{text}");
    assert!(text.contains(&mock.address()), "{text}");
}

#[tokio::test]
async fn any_certificate_is_accepted_only_by_the_frightening_name() {
    let mock = Mock::tls_for("example.org").await;
    let error = failing(mock.connect(), async { drop(mock.accept_stream().await) }).await;
    assert!(matches!(error, ConnectError::Certificate { .. }), "{error}");
    assert!(error.to_string().contains("example.org"), "{error}");
    let trust = Trust::DangerAcceptAnyCertificate;
    mock.welcomed(Connect { trust, ..mock.connect() }).await;
}

#[tokio::test]
async fn prepared_trust_connects_again_and_again() {
    let mock = Mock::tls().await;
    let trust = mock.connect().trust.prepare().expect("a CA");
    for tls_resumption in [true, true, false] {
        let trust = trust.clone();
        mock.welcomed(Connect { trust, tls_resumption, ..mock.connect() }).await;
    }
}

#[tokio::test]
async fn a_ca_file_that_is_none_is_named() {
    let connect = |trust| Connect { trust, ..Connect::to("wss://127.0.0.1:1") };
    let missing = Trust::CaFile("/no/such/ca.pem".into()).prepare().unwrap_err().to_string();
    assert!(missing.contains("/no/such/ca.pem") && missing.contains("--ca"), "{missing}");
    let empty = Trust::CaPem("hello".into()).prepare().unwrap_err().to_string();
    assert!(empty.contains("BEGIN CERTIFICATE"), "{empty}");
    // Without a server the address is what is wrong.
    let nobody = Client::connect(connect(Trust::DangerAcceptAnyCertificate));
    let nobody = error(within(nobody).await).to_string();
    assert!(nobody.contains("127.0.0.1:1") && nobody.contains("is the server running"), "{nobody}");
}

#[tokio::test]
async fn tls_and_plain_are_told_apart() {
    let plain = Mock::plain().await;
    let connect = Connect {
        trust: Trust::DangerAcceptAnyCertificate,
        ..Connect::to(format!("wss://{}", plain.address()))
    };
    let http = async {
        let mut tcp = plain.accept_tcp().await;
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("a client");
    };
    let error = failing(connect, http).await.to_string();
    assert!(error.contains("ws://"), "{error}");

    let tls = Mock::tls().await;
    let connect = Connect::to(format!("ws://{}", tls.address()));
    let error = failing(connect, async { drop(tls.accept_stream().await) }).await.to_string();
    assert!(error.contains("wss://"), "{error}");
}

#[tokio::test]
async fn an_http_error_is_shown_with_its_body() {
    let mock = Mock::tls().await;
    let server = async {
        let mut stream = mock.accept_stream().await.expect("TLS");
        let _ = stream.read(&mut [0; 4096]).await;
        let answer =
            b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 21\r\n\r\ntoo many connections\n";
        stream.write_all(answer).await.expect("a client");
        stream.flush().await.expect("a client");
        let _ = stream.read(&mut [0; 1]).await;
    };
    let error = failing(mock.connect(), server).await;
    assert!(matches!(&error, ConnectError::Http { status: 429, .. }), "{error}");
    assert!(error.to_string().contains("too many connections"), "{error}");
}

#[tokio::test]
async fn a_websocket_of_another_protocol_is_refused() {
    let mock = Mock::tls().await;
    let server = async {
        let stream = mock.accept_stream().await.expect("TLS");
        let socket = tokio_tungstenite::accept_async(stream).await;
        drop(socket);
    };
    let error = failing(mock.connect(), server).await;
    assert!(matches!(error, ConnectError::WrongProtocol { .. }), "{error}");
}

#[tokio::test]
async fn every_step_has_a_deadline() {
    let mock = Mock::tls().await;
    let connect = Connect { step_deadline: Duration::from_millis(150), ..mock.connect() };
    let step = |error: ConnectError| match error {
        ConnectError::Deadline { step, .. } => step,
        other => panic!("{other}"),
    };
    // The socket is held, and nothing is said.
    let (result, _silent) = both(Client::connect(connect.clone()), mock.accept_tcp()).await;
    assert_eq!(step(error(result)), Step::Tls);
    let (result, _silent) = both(Client::connect(connect.clone()), mock.accept_stream()).await;
    assert_eq!(step(error(result)), Step::Upgrade);
    let (result, _silent) = both(Client::connect(connect), mock.accept()).await;
    assert_eq!(step(error(result)), Step::Hello);
}

#[tokio::test]
async fn a_server_that_closes_at_once_is_quoted() {
    let mock = Mock::tls().await;
    let server = async {
        let mut peer = mock.accept().await;
        let _ = peer.control().await;
        peer.close(CloseCode::WrongProtocol).await;
    };
    let error = failing(mock.connect(), server).await;
    let ConnectError::Closed { closed: Closed { by, code, then, .. }, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!((*by, *code, *then), (ClosedBy::Server, 4002, Then::Stop));
    assert!(error.to_string().contains("update the client"), "{error}");

    let error = failing(mock.connect(), async { drop(mock.accept_tcp().await) }).await;
    assert!(matches!(error, ConnectError::Tls { .. }), "{error}");
    let error = failing(mock.connect(), async { drop(mock.accept_stream().await) }).await;
    assert!(matches!(error, ConnectError::NotHttp { .. }), "{error}");
    let error = failing(mock.connect(), async { drop(mock.accept().await) }).await;
    assert!(matches!(error, ConnectError::Closed { .. }), "{error}");
}

#[tokio::test]
async fn a_token_is_neither_printed_nor_cut() {
    let connect = Connect { token: Some("s3cret".repeat(200)), ..Connect::to("wss://127.0.0.1:1") };
    assert!(!format!("{connect:?}").contains("s3cret"));
    let error = error(within(Client::connect(connect)).await);
    assert!(matches!(error, ConnectError::BadText { what: "the token", .. }), "{error}");
    assert!(!error.to_string().contains("s3cret"));
}

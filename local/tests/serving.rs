//! Ports that are taken, and clients that keep a connection open.

use axum::Router;
use axum::routing::get;
use local::http::{BindError, HttpServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_taken_port_is_named_with_what_would_pass() {
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = server.local_addr();
    let error = HttpServer::bind(address).expect_err("taken");
    assert!(matches!(error, BindError::Taken { .. }));
    let message = error.to_string();
    assert!(message.contains(&address.to_string()) && message.contains("port 0"), "{message}");
}

#[tokio::test]
async fn an_idle_client_does_not_hold_up_the_end() {
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = server.local_addr();
    let stop = CancellationToken::new();
    let router = Router::new().route("/", get(async || "here"));
    let served = tokio::spawn(server.serve(router, stop.clone()));
    let silent = TcpStream::connect(address).await.expect("connected");
    let mut kept = TcpStream::connect(address).await.expect("connected");
    kept.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("sent");
    assert!(kept.read(&mut [0; 1024]).await.expect("answered") > 0);
    stop.cancel();
    served.await.expect("it served");
    drop((silent, kept));
}

//! Ports that are taken, and clients that keep a connection open.

use axum::Router;
use axum::routing::get;
use local::http::{BindError, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

#[tokio::test]
async fn a_taken_port_is_named_with_what_would_pass() {
    let bound = Server::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = bound.local_addr();
    let error = Server::bind(address).err().expect("taken");
    assert!(matches!(error, BindError::Taken { .. }));
    let message = error.to_string();
    assert!(message.contains(&address.to_string()) && message.contains("port 0"), "{message}");
}

#[tokio::test]
async fn an_idle_client_does_not_hold_up_the_end() {
    let bound = Server::bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = bound.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let router = Router::new().route("/", get(async || "here"));
    let served = tokio::spawn(bound.serve(router, async {
        let _ = stopped.await;
    }));
    let silent = TcpStream::connect(address).await.expect("connected");
    let mut kept = TcpStream::connect(address).await.expect("connected");
    kept.write_all(b"GET / HTTP/1.1\r\nhost: local\r\n\r\n").await.expect("sent");
    assert!(kept.read(&mut [0; 1024]).await.expect("answered") > 0);
    stop.send(()).expect("it was serving");
    served.await.expect("it served");
    drop((silent, kept));
}

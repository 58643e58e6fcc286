//! HTTP requests without the SDK.

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Response of the endpoint.
pub(crate) struct WireResponse {
    pub(crate) status: u16,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: serde_json::Value,
}

impl WireResponse {
    /// Error code, without the namespace that the service may add.
    pub(crate) fn code(&self) -> &str {
        let code = self.body["__type"].as_str().unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default()
    }
}

pub(crate) const JSON: (&str, &str) = ("content-type", "application/x-amz-json-1.1");
pub(crate) const SIGNED: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=key/20260312/eu-west-1/kinesis/aws4_request, \
     SignedHeaders=host;x-amz-date, Signature=0123456789abcdef",
);
pub(crate) const DATED: (&str, &str) = ("x-amz-date", "20260312T151700Z");
pub(crate) const LIST: (&str, &str) = ("x-amz-target", "Kinesis_20131202.ListStreams");

/// Sends a request with exactly these headers to `http://host:port`.
pub(crate) async fn send(
    url: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> WireResponse {
    let address = url.trim_start_matches("http://").trim_end_matches('/');
    let socket = TcpStream::connect(address).await.expect("connected");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.expect("spoken to");
    tokio::spawn(connection);
    let mut request = Request::post("/").header("host", address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = bytes::Bytes::copy_from_slice(body.as_ref());
    let request = request.body(Full::new(body)).expect("whole");
    let response = sender.send_request(request).await.expect("answered");
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let body = serde_json::from_slice(&body).unwrap_or_else(|_| {
        panic!("no JSON, status {}: {}", head.status, String::from_utf8_lossy(&body))
    });
    WireResponse { status: head.status.as_u16(), headers: head.headers, body }
}

//! The ingest API as a target.

use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use http::{Method, Request, Response, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use tokio::time::timeout;

use super::token::{AccessToken, TokenError};
use super::{Answer, Lines, Target};
use crate::scenario::Compression;

/// Timeout of a request: that of a till. The API answers within 30 s.
const TIMEOUT: Duration = Duration::from_secs(40);
/// Time for the preflight.
const PREFLIGHT_TIMEOUT: Duration = Duration::from_secs(5);
/// Media type of the events.
const FORM: HeaderValue = HeaderValue::from_static("application/x-ndjson");
/// Largest answer that is read: results of 10,000 events with their messages.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// Client of HTTP/1.1 whose connections grow with the open requests.
pub(super) type HttpClient = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Ingest API, by HTTP. Its clones share connections and token.
#[derive(Debug, Clone)]
pub struct HttpTarget {
    http: HttpClient,
    base: String,
    events_url: Uri,
    compression: Compression,
    token: AccessToken,
}

/// Target that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The URL is none of HTTP.
    #[error("{0:?} is no target: expected a URL such as http://127.0.0.1:7400")]
    Url(String),
    /// The certificates of this machine cannot be read.
    #[error("the certificates of this machine cannot be read: {0}")]
    Certificates(String),
    /// Nothing answers.
    #[error("{url} does not answer: {error}; is `daymark up` running there?")]
    Down {
        /// Address.
        url: String,
        /// Error of the connection.
        error: String,
    },
    /// No access token was issued.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// Creates a client. Certificates are read for TLS alone.
pub(super) fn client(url: &Uri) -> Result<HttpClient, TargetError> {
    let failed = |error: &dyn std::fmt::Display| TargetError::Certificates(error.to_string());
    let mut tcp = HttpConnector::new();
    tcp.set_nodelay(true);
    tcp.enforce_http(false);
    let builder = HttpsConnectorBuilder::new();
    let builder = if url.scheme_str() == Some("https") {
        let provider = ring::default_provider();
        builder.with_provider_and_native_roots(provider).map_err(|error| failed(&error))?
    } else {
        let config = ClientConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?;
        let config = config.with_root_certificates(RootCertStore::empty());
        builder.with_tls_config(config.with_no_client_auth())
    };
    let connector = builder.https_or_http().enable_http1().wrap_connector(tcp);
    let mut client = Client::builder(TokioExecutor::new());
    client.pool_timer(TokioTimer::new()).pool_max_idle_per_host(usize::MAX);
    Ok(client.build(connector))
}

/// Reads a URL with a scheme of HTTP and a host.
pub(super) fn http_url(url: &str) -> Result<Uri, TargetError> {
    let refused = || TargetError::Url(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| refused())?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    if is_http && uri.host().is_some_and(|host| !host.is_empty()) {
        Ok(uri)
    } else {
        Err(refused())
    }
}

/// Sends a request and reads the whole answer.
pub(super) async fn exchange(
    http: &HttpClient,
    request: Request<Full<Bytes>>,
    longest: Duration,
) -> Result<Response<Bytes>, String> {
    let exchange = async {
        let (parts, body) =
            http.request(request).await.map_err(|error| cause(&error))?.into_parts();
        let body = http_body_util::Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| cause(&*error))?.to_bytes();
        Ok(Response::from_parts(parts, body))
    };
    timeout(longest, exchange).await.map_err(|_| "no answer in time".to_owned())?
}

/// Returns the innermost cause of an error, without addresses: equal errors count as one.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl HttpTarget {
    /// Creates the target of an ingest API.
    ///
    /// # Errors
    /// Returns an error if the URL is none of HTTP, or the certificates cannot be read.
    pub fn new(
        url: &str,
        compression: Compression,
        token: AccessToken,
    ) -> Result<Self, TargetError> {
        let base = url.trim_end_matches('/').to_owned();
        let events_url = http_url(&format!("{base}/v1/events"))?;
        let http = client(&events_url)?;
        Ok(Self { http, base, events_url, compression, token })
    }

    /// Asks the target for its limits. Returns a remark if the answer is not one of Daymark's.
    ///
    /// # Errors
    /// Returns an error if nothing answers, or no token is issued.
    pub async fn preflight(&self) -> Result<Option<String>, TargetError> {
        let request = Request::builder().uri(http_url(&format!("{}/v1/limits", self.base))?);
        let mut request = request.body(Full::default()).expect("a URI and no headers");
        if let Some(bearer) = self.token.bearer().await? {
            request.headers_mut().insert(AUTHORIZATION, bearer);
        }
        let answer = exchange(&self.http, request, PREFLIGHT_TIMEOUT).await;
        let answer = answer.map_err(|error| TargetError::Down { url: self.base.clone(), error })?;
        let is_object = serde_json::from_slice(answer.body())
            .is_ok_and(|body: serde_json::Value| body.is_object());
        if answer.status().is_success() && is_object {
            return Ok(None);
        }
        Ok(Some(format!(
            "{} answers {} to GET /v1/limits: it is no ingest API of Daymark, or needs a token",
            self.base,
            answer.status()
        )))
    }

    fn request(&self, lines: &Lines<'_>, bearer: Option<HeaderValue>) -> Request<Full<Bytes>> {
        let (body, encoding) = match (&lines.places, self.compression) {
            (Some(_), _) => (lines.texts().join("\n").into(), None),
            (None, Compression::None) => (lines.request.body(), None),
            (None, Compression::Gzip) => (lines.request.body(), Some("gzip")),
            (None, Compression::Zstd) => (lines.request.body(), Some("zstd")),
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.events_url.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, FORM);
        if let Some(encoding) = encoding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        if let Some(bearer) = bearer {
            headers.insert(AUTHORIZATION, bearer);
        }
        request
    }
}

impl Target for HttpTarget {
    async fn send(&self, lines: &Lines<'_>) -> Answer {
        let bearer = match self.token.bearer().await {
            Ok(bearer) => bearer,
            Err(error) => return Answer::none(&error.to_string()),
        };
        match exchange(&self.http, self.request(lines, bearer), TIMEOUT).await {
            Ok(answer) => {
                let (status, headers) = (answer.status().as_u16(), answer.headers());
                Answer::parse(status, retry_after(headers), answer.body(), lines)
            }
            Err(error) => Answer::none(&error),
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

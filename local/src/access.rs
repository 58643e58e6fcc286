//! Protection of the servers against web pages. A page of any site can send requests to loopback,
//! under its own name (`Origin`) or, with a name that it points to loopback, as the same site
//! (`Host`). Such requests are refused before a handler sees them.

mod host;
mod origin;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::cors::{AllowHeaders, AllowOrigin, AllowPrivateNetwork, CorsLayer};

pub use self::host::HostName;
use self::host::{Host, HostPort};
use self::origin::Origin;
pub use self::origin::WebOrigin;

/// Time for which a browser may remember the answer to a preflight request.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);
/// Headers of answers that a page of another origin may read, as deployed.
const EXPOSED: [&str; 4] = ["retry-after", "link", "etag", "x-incomplete"];
/// Maximum characters of a header in a message.
const SHOWN_CHARS_MAX: usize = 80;

/// Hosts and origins that a server accepts besides those of its own machine.
///
/// ```
/// use local::access::{AccessRules, WebOrigin};
///
/// let rules = AccessRules {
///     hosts: vec!["till-server.example".parse()?],
///     origins: vec!["https://till.example".parse()?],
/// };
/// assert_eq!("HTTPS://Till.Example:443".parse::<WebOrigin>()?, rules.origins[0]);
/// assert!("https://till.example/page".parse::<WebOrigin>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct AccessRules {
    /// Names in `Host`, for example those of a forwarded port.
    pub hosts: Vec<HostName>,
    /// Origins of web pages that may call the server. They are answered with CORS headers.
    pub origins: Vec<WebOrigin>,
}

impl AccessRules {
    /// `true` for the header of a page of a named origin.
    fn names_origin(&self, header: &HeaderValue) -> bool {
        let origin = header.to_str().ok().and_then(|text| Origin::parse(text).ok());
        origin.is_some_and(|origin| self.origins.iter().any(|named| named.0.is(&origin)))
    }
}

/// Rules of one server.
struct Guard {
    rules: AccessRules,
    bound: Host<&'static str>,
}

/// Puts the rules in front of every route of a server that listens on `bound`.
pub(crate) fn guarded(router: Router, rules: AccessRules, bound: SocketAddr) -> Router {
    let guard = Arc::new(Guard { rules, bound: Host::Address(bound.ip()) });
    let router = if guard.rules.origins.is_empty() {
        router
    } else {
        let named = Arc::clone(&guard);
        let is_named = move |origin: &HeaderValue, _: &_| named.rules.names_origin(origin);
        router.layer(
            CorsLayer::new()
                .allow_origin(AllowOrigin::predicate(is_named))
                .allow_methods([Method::GET, Method::POST])
                .allow_headers(AllowHeaders::mirror_request())
                .allow_private_network(AllowPrivateNetwork::yes())
                .expose_headers(EXPOSED.map(HeaderName::from_static))
                .max_age(PREFLIGHT_MAX_AGE),
        )
    };
    router.layer(from_fn_with_state(guard, admit))
}

async fn admit(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Reason for refusing a request.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// The request does not name one host.
    Malformed(String),
    /// The host or the origin is not of this machine.
    Foreign(String),
}

impl Guard {
    fn check(&self, request: &Request) -> Result<(), Refusal> {
        let mut headers = request.headers().get_all(HOST).iter();
        let header = match (headers.next(), headers.next()) {
            (Some(header), None) => self.checked_host(header.as_bytes())?,
            (None, _) => return Err(not_one_host("no header Host")),
            (Some(_), Some(_)) => return Err(not_one_host("more than one header Host")),
        };
        // A target like `http://localhost/` names the host in place of the header. Source:
        // RFC 9112, section 3.2.2.
        let at = match request.uri().authority() {
            Some(target) => self.checked_host(target.as_str().as_bytes())?,
            None => header,
        };
        let own = Origin::of_server(at);
        let is_admitted = |origin: &&HeaderValue| {
            origin.to_str().is_ok_and(|text| Origin::parse(text).is_ok_and(|it| it.is(&own)))
                || self.rules.names_origin(origin)
        };
        match request.headers().get_all(ORIGIN).iter().find(|origin| !is_admitted(origin)) {
            None => Ok(()),
            Some(foreign) => Err(Refusal::Foreign(format!(
                "Origin {} is not allowed here; only the ingest API admits web pages of other \
                 origins, those named with --allow-origin",
                shown(foreign.as_bytes())
            ))),
        }
    }

    /// Returns the host and port that a request names, if the host is admitted.
    fn checked_host<'a>(&self, given: &'a [u8]) -> Result<HostPort<&'a str>, Refusal> {
        let parsed = str::from_utf8(given).ok().and_then(HostPort::parse).ok_or_else(|| {
            Refusal::Malformed(format!(
                "Host {} is not a host with any port from 0 to {}; expected one like \
                 localhost:7400 or 127.0.0.1",
                shown(given),
                u16::MAX
            ))
        })?;
        let host = &parsed.host;
        let is_admitted = host.is_loopback()
            || host.is(&self.bound)
            || self.rules.hosts.iter().any(|named| named.0.is(host));
        if is_admitted {
            return Ok(parsed);
        }
        Err(Refusal::Foreign(format!(
            "Host {} is not a name of this machine; expected localhost, a loopback address or a \
             host named with --allow-host",
            shown(given)
        )))
    }
}

/// Refusal by RFC 9112, section 3.2, which holds for clients of HTTP/1.0 as well here.
fn not_one_host(given: &str) -> Refusal {
    Refusal::Malformed(format!(
        "the request has {given}; expected exactly one, like Host: localhost:7400"
    ))
}

fn shown(header: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(header).chars().take(SHOWN_CHARS_MAX).collect();
    format!("{text:?}")
}

impl IntoResponse for Refusal {
    /// Returns problem details. `__type` and `message` are for the SDKs of AWS.
    fn into_response(self) -> Response {
        let (status, urn, title, aws, detail) = match self {
            Self::Malformed(detail) => (
                StatusCode::BAD_REQUEST,
                "urn:daymark:problem:malformed-host",
                "The request does not name one host",
                "ValidationException",
                detail,
            ),
            Self::Foreign(detail) => (
                StatusCode::FORBIDDEN,
                "urn:daymark:problem:foreign-caller",
                "The request comes from a foreign host or web page",
                "AccessDeniedException",
                detail,
            ),
        };
        let body = serde_json::json!({
            "type": urn,
            "title": title,
            "status": status.as_u16(),
            "detail": detail,
            "__type": aws,
            "message": detail,
        });
        let headers = [(CONTENT_TYPE, "application/problem+json")];
        (status, headers, body.to_string()).into_response()
    }
}

#[cfg(test)]
mod tests;

//! Protection of the servers against web pages. A page of any site can send requests to loopback,
//! under its own name (`Origin`) or, with a name that it points to loopback, as the same site
//! (`Host`). Such requests are refused before a handler sees them.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::cors::{AllowHeaders, AllowPrivateNetwork, CorsLayer};

/// Time for which a browser may remember the answer to a preflight request.
const PREFLIGHT_MAX_AGE: Duration = Duration::from_secs(600);
/// Maximum characters of a header in a message.
const SHOWN_CHARS_MAX: usize = 80;

/// Hosts and origins that a server accepts besides those of its own machine.
///
/// ```
/// use local::access::AccessRules;
///
/// let rules = AccessRules {
///     hosts: vec!["till-server.example".parse()?],
///     origins: vec!["https://till.example".parse()?],
/// };
/// assert!("https://till.example/page".parse::<local::access::WebOrigin>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct AccessRules {
    /// Names in `Host`, for example those of a forwarded port.
    pub hosts: Vec<HostName>,
    /// Origins of web pages that may call the server. They are answered with CORS headers.
    pub origins: Vec<WebOrigin>,
}

/// Name or address of a host, in lower case and without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

impl FromStr for HostName {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let authority = given.parse::<Authority>().ok();
        match authority.filter(|authority| authority.host() == given) {
            Some(_) => Ok(Self(given.to_ascii_lowercase())),
            None => Err(format!("{given:?} is not a host; expected a name without port or path")),
        }
    }
}

/// Origin of web pages, like `https://till.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(HeaderValue);

impl FromStr for WebOrigin {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        let origin = given.to_ascii_lowercase();
        let parts = origin.split_once("://").filter(|(scheme, _)| !scheme.is_empty());
        let authority = parts.and_then(|(_, host)| host.parse::<Authority>().ok());
        let is_origin = authority.is_some_and(|authority| !authority.as_str().contains('@'));
        match HeaderValue::from_str(&origin) {
            Ok(value) if is_origin => Ok(Self(value)),
            _ => Err(format!(
                "{given:?} is not an origin; expected scheme, host and any port, like \
                 https://till.example"
            )),
        }
    }
}

/// Rules of one server.
struct Guard {
    rules: AccessRules,
    bound: IpAddr,
}

/// Puts the rules in front of every route of a server that listens on `bound`.
pub(crate) fn guarded(router: Router, rules: AccessRules, bound: SocketAddr) -> Router {
    let origins: Vec<HeaderValue> = rules.origins.iter().map(|origin| origin.0.clone()).collect();
    let guard = Arc::new(Guard { rules, bound: bound.ip() });
    let router = if origins.is_empty() {
        router
    } else {
        router.layer(
            CorsLayer::new()
                .allow_origin(origins)
                .allow_methods([Method::GET, Method::POST])
                .allow_headers(AllowHeaders::mirror_request())
                .allow_private_network(AllowPrivateNetwork::yes())
                .expose_headers([HeaderName::from_static("retry-after")])
                .max_age(PREFLIGHT_MAX_AGE),
        )
    };
    router.layer(from_fn_with_state(guard, admit))
}

async fn admit(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.refusal(&request) {
        None => next.run(request).await,
        Some(detail) => refused(&detail),
    }
}

impl Guard {
    /// Returns the reason for refusing a request.
    fn refusal(&self, request: &Request) -> Option<String> {
        let target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        let hosts = request.headers().get_all(HOST).iter().map(HeaderValue::as_bytes);
        let mut hosts: Vec<&[u8]> = target.into_iter().chain(hosts).collect();
        if let Some(foreign) = hosts.iter().find(|host| !self.admits_host(host)) {
            return Some(format!(
                "Host {} is not a name of this machine; expected localhost, a loopback address or \
                 a host named with --allow-host",
                shown(foreign)
            ));
        }
        let own = hosts.pop().map(|host| [b"http://", host].concat());
        let foreign = request.headers().get_all(ORIGIN).iter().find(|origin| {
            let is_own =
                own.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(origin.as_bytes()));
            !is_own && !self.rules.origins.iter().any(|named| named.0 == **origin)
        })?;
        Some(format!(
            "Origin {} is not allowed here; only the ingest API admits web pages of other origins, \
             those named with --allow-origin",
            shown(foreign.as_bytes())
        ))
    }

    fn admits_host(&self, given: &[u8]) -> bool {
        let Ok(authority) = Authority::try_from(given) else { return false };
        let host = authority.host().to_ascii_lowercase();
        if self.rules.hosts.iter().any(|named| named.0 == host) {
            return true;
        }
        let name = host.strip_suffix('.').unwrap_or(&host);
        match name.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback() || address == self.bound,
            Err(_) => name == "localhost" || name.ends_with(".localhost"),
        }
    }
}

fn shown(header: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(header).chars().take(SHOWN_CHARS_MAX).collect();
    format!("{text:?}")
}

/// Response with problem details. `__type` and `message` are for the SDKs of AWS.
fn refused(detail: &str) -> Response {
    let body = serde_json::json!({
        "type": "urn:daymark:problem:foreign-caller",
        "title": "The request comes from a foreign host or web page",
        "status": StatusCode::FORBIDDEN.as_u16(),
        "detail": detail,
        "__type": "AccessDeniedException",
        "message": detail,
    });
    let headers = [(CONTENT_TYPE, "application/problem+json")];
    (StatusCode::FORBIDDEN, headers, body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(host: &str, origin: Option<&str>) -> Option<String> {
        let rules = AccessRules {
            hosts: vec!["Shop-Server".parse().expect("a host")],
            origins: vec!["https://till.example".parse().expect("an origin")],
        };
        let guard = Guard { rules, bound: IpAddr::from([192, 0, 2, 7]) };
        let mut request = Request::builder().uri("/").header(HOST, host);
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        guard.refusal(&request.body(axum::body::Body::empty()).expect("a request"))
    }

    #[test]
    fn names_of_this_machine_and_named_hosts_pass() {
        for host in [
            "localhost",
            "LOCALHOST:7400",
            "localhost.",
            "shop.localhost:1",
            "127.0.0.1:7400",
            "127.9.9.9",
            "[::1]:7400",
            "[::ffff:127.0.0.1]",
            "192.0.2.7:7400",
            "shop-server:80",
        ] {
            assert_eq!(refusal(host, None), None, "{host}");
        }
    }

    #[test]
    fn other_hosts_are_refused_with_what_would_pass() {
        for host in [
            "",
            "evil.example",
            "evil.example:7400",
            "localhost.evil.example",
            "evillocalhost",
            "127.0.0.1.evil.example",
            "0.0.0.0:7400",
            "192.0.2.8",
            "[::2]",
            "a b",
        ] {
            let message = refusal(host, None).unwrap_or_else(|| panic!("{host} passes"));
            assert!(message.contains("--allow-host"), "{message}");
        }
    }

    #[test]
    fn only_the_own_origin_and_named_origins_pass() {
        for origin in ["http://localhost:7400", "https://till.example"] {
            assert_eq!(refusal("localhost:7400", Some(origin)), None, "{origin}");
        }
        for origin in [
            "null",
            "",
            "http://localhost:3000",
            "http://till.example",
            "https://till.example:8443",
            "https://till.example.evil.example",
        ] {
            let message = refusal("localhost:7400", Some(origin));
            let message = message.unwrap_or_else(|| panic!("{origin} passes"));
            assert!(message.contains("--allow-origin"), "{message}");
        }
    }

    #[test]
    fn settings_that_match_nothing_are_refused() {
        for host in ["", "shop:80", "http://shop", "a b", "user@shop"] {
            assert!(host.parse::<HostName>().is_err(), "{host}");
        }
        for origin in ["", "*", "null", "till.example", "https://", "https://a/b", "https://u@a"] {
            assert!(origin.parse::<WebOrigin>().is_err(), "{origin}");
        }
    }
}

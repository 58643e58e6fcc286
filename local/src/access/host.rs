//! Hosts as callers name them: addresses, and names by RFC 3986, section 3.2.2, with the labels of
//! RFC 1123, section 2.1. Labels may have `_` too, which names of containers have.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Maximum characters of a name, and of one label. Source: RFC 1035, section 2.3.4.
const NAME_CHARS_MAX: usize = 253;
const LABEL_CHARS_MAX: usize = 63;

/// Host without its port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Host<T> {
    Address(IpAddr),
    /// Name in any letter case, without a dot at its end.
    Name(T),
}

impl<'a> Host<&'a str> {
    /// Parses a name, an IPv4 address, or an IPv6 address in brackets.
    fn parse(given: &'a str) -> Option<Self> {
        if let Some(rest) = given.strip_prefix('[') {
            let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
            return Some(Self::Address(address.into()));
        }
        let name = given.strip_suffix('.').unwrap_or(given);
        match name.parse::<Ipv4Addr>() {
            Ok(address) => Some(Self::Address(address.into())),
            Err(_) => is_name(name).then_some(Self::Name(name)),
        }
    }

    fn into_owned(self) -> Host<String> {
        match self {
            Self::Address(address) => Host::Address(address),
            Self::Name(name) => Host::Name(name.to_ascii_lowercase()),
        }
    }
}

impl<T: AsRef<str>> Host<T> {
    /// `true` for the same address or the same name, in any letter case.
    pub(super) fn is(&self, other: &Host<impl AsRef<str>>) -> bool {
        match (self, other) {
            (Self::Address(one), Host::Address(other)) => one == other,
            (Self::Name(one), Host::Name(other)) => {
                one.as_ref().eq_ignore_ascii_case(other.as_ref())
            }
            _ => false,
        }
    }

    /// `true` for loopback addresses, and for `localhost` with the names below it, which browsers
    /// never look up elsewhere. Source: RFC 6761, section 6.3.
    pub(super) fn is_loopback(&self) -> bool {
        match self {
            Self::Address(address) => address.to_canonical().is_loopback(),
            Self::Name(name) => {
                let last = name.as_ref().rsplit('.').next();
                last.is_some_and(|label| label.eq_ignore_ascii_case("localhost"))
            }
        }
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= NAME_CHARS_MAX && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=LABEL_CHARS_MAX).contains(&label.len())
        && label.bytes().all(is_inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// Host with any port, as in the header `Host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPort<T> {
    pub(super) host: Host<T>,
    pub(super) port: Option<u16>,
}

impl<'a> HostPort<&'a str> {
    /// Parses a host, which a colon and a port may follow. The port may be empty: RFC 3986, section
    /// 3.2.3.
    pub(super) fn parse(given: &'a str) -> Option<Self> {
        let (host, port) = match given.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (given, ""),
        };
        let port = match port {
            "" => None,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(digits.parse().ok()?)
            }
            _ => return None,
        };
        Some(Self { host: Host::parse(host)?, port })
    }

    pub(super) fn into_owned(self) -> HostPort<String> {
        HostPort { host: self.host.into_owned(), port: self.port }
    }
}

/// Name or address of a host, without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(pub(super) Host<String>);

impl FromStr for HostName {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        // No port is allowed, so an IPv6 address needs no brackets.
        let address = given.parse().map(Host::Address).ok();
        address.or_else(|| Host::parse(given)).map(|host| Self(host.into_owned())).ok_or_else(|| {
            format!(
                "{given:?} is no host of a request; expected an IP address, or a name of labels \
                 with 1 to {LABEL_CHARS_MAX} of a-z, 0-9, - and _, without scheme, port, path or \
                 wildcard, like till-server.example"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(given: &str) -> Option<(String, Option<u16>)> {
        let HostPort { host, port } = HostPort::parse(given)?;
        match host {
            Host::Address(address) => Some((address.to_string(), port)),
            Host::Name(name) => Some((name.to_owned(), port)),
        }
    }

    #[test]
    fn a_host_has_any_port() {
        for (given, host, port) in [
            ("localhost", "localhost", None),
            ("localhost:", "localhost", None),
            ("Shop-Server.:80", "Shop-Server", Some(80)),
            ("my_shop:65535", "my_shop", Some(65_535)),
            ("192.0.2.7:07400", "192.0.2.7", Some(7_400)),
            ("127.0.0.1.", "127.0.0.1", None),
            ("[::1]", "::1", None),
            ("[2001:DB8:0::1]:7400", "2001:db8::1", Some(7_400)),
            ("xn--lden-loa.example", "xn--lden-loa.example", None),
        ] {
            assert_eq!(parsed(given), Some((host.to_owned(), port)), "{given}");
        }
    }

    #[test]
    fn other_text_is_no_host() {
        let long = format!("{}.example", "a".repeat(64));
        let longer = ["a"; 128].join(".");
        for given in [
            &*long,
            &longer,
            "",
            ":80",
            ".",
            "a..b",
            ".a",
            "-",
            "-a",
            "a-",
            "a b",
            "a,b",
            "*.example",
            "user@localhost",
            "user:word@localhost",
            "http://localhost",
            "localhost/",
            "local%68ost",
            "läden.example",
            "localhost:notaport",
            "localhost:99999",
            "localhost:-1",
            "localhost:+80",
            "localhost:80:80",
            "::1",
            "[::1",
            "[::1]]",
            "[::1]80",
            "[localhost]",
            "[127.0.0.1]",
            "[fe80::1%25lo]",
        ] {
            assert_eq!(parsed(given), None, "{given}");
        }
    }

    #[test]
    fn a_named_host_has_one_form_and_no_port() {
        let host = |given: &str| given.parse::<HostName>();
        assert_eq!(host("Shop-Server."), host("shop-server"));
        assert_eq!(host("FD00:0::1"), host("[fd00::1]"));
        for given in ["", "*", "*.example", "shop:80", "http://shop", "a b", "user@shop", "-"] {
            let message = host(given).expect_err(given);
            assert!(message.contains("expected an IP address, or a name"), "{message}");
        }
    }
}

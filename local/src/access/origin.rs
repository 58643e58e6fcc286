//! Origins of web pages. Source: RFC 6454, sections 4 and 6.1; URL Standard, origin.

use std::str::FromStr;

use super::host::HostPort;

/// Schemes with a host that no page has: a browser sends `null` for a file.
const SCHEMES_WITHOUT_PAGES: [&str; 4] = ["file", "ftp", "ws", "wss"];

/// Scheme, host and port. The port that the scheme implies is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origin<T> {
    scheme: T,
    at: HostPort<T>,
}

impl<'a> Origin<&'a str> {
    /// Origin of the pages of a server, which speaks HTTP without TLS.
    pub(super) fn of_server(at: HostPort<&'a str>) -> Self {
        Self::new("http", at)
    }

    fn new(scheme: &'a str, HostPort { host, port }: HostPort<&'a str>) -> Self {
        let implied = if scheme.eq_ignore_ascii_case("http") {
            Some(80)
        } else if scheme.eq_ignore_ascii_case("https") {
            Some(443)
        } else {
            None
        };
        Self { scheme, at: HostPort { host, port: port.filter(|_| port != implied) } }
    }

    /// Parses an origin, in any letter case.
    ///
    /// # Errors
    /// Returns the broken rule.
    pub(super) fn parse(given: &'a str) -> Result<Self, &'static str> {
        match given {
            "*" => return Err("a wildcard would admit every page"),
            "null" => return Err("pages of any site can send it"),
            _ => {}
        }
        let (scheme, rest) = given.split_once("://").ok_or("it has no scheme")?;
        let has_form = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !has_form || SCHEMES_WITHOUT_PAGES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
        {
            return Err("no page has this scheme");
        }
        if rest.contains(['/', '?', '#']) {
            return Err("it has a path, a query or a fragment");
        }
        if rest.contains('@') {
            return Err("it has a user name");
        }
        let at = HostPort::parse(rest).ok_or("its host or its port is wrong")?;
        Ok(Self::new(scheme, at))
    }

    fn into_owned(self) -> Origin<String> {
        Origin { scheme: self.scheme.to_ascii_lowercase(), at: self.at.into_owned() }
    }
}

impl<T: AsRef<str>> Origin<T> {
    /// `true` for the same scheme, host and port.
    pub(super) fn is(&self, other: &Origin<impl AsRef<str>>) -> bool {
        self.at.port == other.at.port
            && self.scheme.as_ref().eq_ignore_ascii_case(other.scheme.as_ref())
            && self.at.host.is(&other.at.host)
    }
}

/// Origin of web pages, like `https://till.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebOrigin(pub(super) Origin<String>);

impl FromStr for WebOrigin {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        match Origin::parse(given) {
            Ok(origin) => Ok(Self(origin.into_owned())),
            Err(rule) => Err(format!(
                "{given:?} is not the origin of a web page: {rule}; expected scheme, host and any \
                 port from 0 to {}, like https://till.example or http://localhost:5173",
                u16::MAX
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_form() {
        let origin = |given: &str| given.parse::<WebOrigin>().unwrap_or_else(|e| panic!("{e}"));
        for (one, other) in [
            ("HTTPS://Till.Example:443", "https://till.example"),
            ("http://till.example.:80", "http://till.example"),
            ("http://LOCALHOST:5173", "http://localhost:5173"),
            ("https://till.example:", "https://till.example"),
            ("https://[2001:DB8:0::1]:443", "https://[2001:db8::1]"),
            ("capacitor://Localhost", "capacitor://localhost"),
        ] {
            assert_eq!(origin(one), origin(other), "{one}");
        }
        for (one, other) in [
            ("http://till.example", "https://till.example"),
            ("https://till.example:80", "https://till.example"),
            ("https://a.till.example", "https://till.example"),
        ] {
            assert_ne!(origin(one), origin(other), "{one}");
        }
    }

    #[test]
    fn other_text_is_refused_with_the_rule() {
        for (given, rule) in [
            ("*", "a wildcard would admit every page"),
            ("null", "pages of any site can send it"),
            ("", "it has no scheme"),
            ("till.example", "it has no scheme"),
            ("//till.example", "it has no scheme"),
            ("://till.example", "no page has this scheme"),
            ("file:///till.html", "no page has this scheme"),
            ("WSS://till.example", "no page has this scheme"),
            ("blob:https://till.example", "no page has this scheme"),
            ("https://till.example/", "it has a path"),
            ("https://till.example?a", "it has a path, a query"),
            ("https://user@till.example", "it has a user name"),
            ("https://", "its host or its port is wrong"),
            ("https://*", "its host or its port is wrong"),
            ("https://*.example", "its host or its port is wrong"),
            ("https://-", "its host or its port is wrong"),
            ("https://till.example:99999", "its host or its port is wrong"),
            (" https://till.example", "no page has this scheme"),
            ("https://till.example ", "its host or its port is wrong"),
        ] {
            let message = given.parse::<WebOrigin>().expect_err(given);
            assert!(message.contains(&format!(": {rule}")), "{message}");
            assert!(message.contains("expected scheme, host and any port"), "{message}");
        }
    }
}

//! Tests of the checks of `Host` and `Origin`, on requests without a connection.

use std::net::Ipv4Addr;

use super::*;

/// Checks a request with these headers against rules that name a host and two origins.
fn check(target: &str, headers: &[(HeaderName, &[u8])]) -> Result<(), Refusal> {
    let named = ["HTTPS://Till.Example:443", "http://localhost:5173"];
    let rules = AccessRules {
        hosts: vec!["Shop-Server.".parse().expect("a host")],
        origins: named.map(|origin| origin.parse().expect("an origin")).into(),
    };
    let guard = Guard { rules, bound: Host::Address(Ipv4Addr::new(192, 0, 2, 7).into()) };
    let mut request = Request::builder().uri(target);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    guard.check(&request.body(axum::body::Body::empty()).expect("a request"))
}

fn host(host: &str) -> Result<(), Refusal> {
    check("/", &[(HOST, host.as_bytes())])
}

fn origin(host: &str, origin: &str) -> Result<(), Refusal> {
    check("/", &[(HOST, host.as_bytes()), (ORIGIN, origin.as_bytes())])
}

#[track_caller]
fn assert_foreign(checked: Result<(), Refusal>, given: &str, remedy: &str) {
    let Err(Refusal::Foreign(message)) = checked else { panic!("{given}: {checked:?}") };
    assert!(message.contains(remedy), "{message}");
}

#[track_caller]
fn assert_malformed(checked: Result<(), Refusal>, given: &str) {
    let Err(Refusal::Malformed(message)) = checked else { panic!("{given}: {checked:?}") };
    assert!(message.contains("expected"), "{message}");
}

#[test]
fn names_of_this_machine_and_named_hosts_pass() {
    for given in [
        "localhost",
        "LOCALHOST:7400",
        "localhost.",
        "localhost:",
        "shop.localhost:1",
        "127.0.0.1:7400",
        "127.9.9.9",
        "[::1]:7400",
        "[::ffff:127.0.0.1]",
        "192.0.2.7:7400",
        "shop-server:80",
        "SHOP-SERVER.",
    ] {
        assert_eq!(host(given), Ok(()), "{given}");
    }
}

#[test]
fn other_hosts_are_foreign() {
    for given in [
        "evil.example",
        "evil.example:7400",
        "localhost.evil.example",
        "evillocalhost",
        "127.0.0.1.nip.io",
        "0.0.0.0:7400",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "192.0.2.8",
        "[::]",
        "[::2]",
        "[::ffff:192.0.2.8]",
        "till.example",
    ] {
        assert_foreign(host(given), given, "--allow-host");
    }
}

#[test]
fn a_request_names_exactly_one_host() {
    for given in [
        "",
        "a b",
        "user@localhost",
        "localhost:notaport",
        "localhost:99999",
        "localhost, evil.example",
        "http://localhost",
        "[localhost]",
        "::1",
    ] {
        assert_malformed(host(given), given);
    }
    let (localhost, other): (&[u8], &[u8]) = (b"localhost", b"evil.example");
    assert_malformed(check("/", &[]), "none");
    assert_malformed(check("/", &[(HOST, localhost), (HOST, localhost)]), "twice");
    assert_malformed(check("/", &[(HOST, localhost), (HOST, other)]), "two");
    assert_malformed(check("/", &[(HOST, b"local\xc3host")]), "no UTF-8");
}

#[test]
fn the_target_names_the_host_in_place_of_the_header() {
    let (localhost, foreign): (&[u8], &[u8]) = (b"localhost", b"evil.example");
    assert_eq!(check("http://localhost:7400/", &[(HOST, localhost)]), Ok(()));
    let evil = "http://evil.example/";
    assert_foreign(check(evil, &[(HOST, localhost)]), evil, "--allow-host");
    assert_foreign(check("http://localhost/", &[(HOST, foreign)]), "header", "--allow-host");
    assert_malformed(check("http://localhost/", &[]), "no header");
    assert_malformed(check("http://user@localhost/", &[(HOST, localhost)]), "user");
    let own: &[u8] = b"http://127.0.0.1:7400";
    let headers = [(HOST, localhost), (ORIGIN, own)];
    assert_eq!(check("http://127.0.0.1:7400/", &headers), Ok(()));
    assert_foreign(check("/", &headers), "the origin of the target", "--allow-origin");
}

#[test]
fn only_the_own_origin_and_named_origins_pass() {
    for given in [
        "http://localhost:7400",
        "HTTP://LocalHost:7400",
        "https://till.example",
        "https://TILL.example:443",
        "http://localhost:5173",
    ] {
        assert_eq!(origin("localhost:7400", given), Ok(()), "{given}");
    }
    assert_eq!(origin("localhost", "http://localhost:80"), Ok(()));
    assert_eq!(origin("[::1]:7400", "http://[::1]:7400"), Ok(()));
    for given in [
        "null",
        "",
        "*",
        "http://localhost",
        "http://localhost:3000",
        "https://localhost:7400",
        "http://localhost:7400/",
        "http://user@localhost:7400",
        "http://till.example",
        "https://till.example:8443",
        "https://till.example.evil.example",
        "https://till.example https://evil.example",
        "file://",
    ] {
        assert_foreign(origin("localhost:7400", given), given, "--allow-origin");
    }
    let two = [b"https://till.example".as_slice(), b"https://evil.example"];
    let headers = [(HOST, b"localhost".as_slice()), (ORIGIN, two[0]), (ORIGIN, two[1])];
    assert_foreign(check("/", &headers), "two origins", "--allow-origin");
}

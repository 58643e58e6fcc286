//! Requests that a web page can make a browser send: to every port, with a foreign name or origin.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{ApiClient, UpProcess, daymark, event, now};
use crate::up::clients;

/// Requests of each server: the ingest API with offers and metrics, Kinesis and DynamoDB.
fn requests(up: &UpProcess) -> [(&str, &'static str, &'static str); 7] {
    [
        (&up.api, "POST /v1/events", ""),
        (&up.api, "GET /v1/stores/corner/offers", ""),
        (&up.api, "GET /metrics", ""),
        (&up.api, "GET /unknown", ""),
        (&up.kinesis, "POST /", "x-amz-target: Kinesis_20131202.ListStreams\r\n"),
        (&up.dynamodb, "POST /", "x-amz-target: DynamoDB_20120810.DeleteTable\r\n"),
        (&up.dynamodb, "GET /", ""),
    ]
}

/// Sends one request with these headers. Returns the response in lower case.
fn send(url: &str, line: &str, headers: &str) -> String {
    send_text(url, &format!("{line} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n"))
}

fn send_text(url: &str, request: &str) -> String {
    let mut socket = TcpStream::connect(address(url)).expect("a connection");
    socket.write_all(request.as_bytes()).expect("sent");
    let mut response = String::new();
    socket.read_to_string(&mut response).expect("an answer");
    response.to_lowercase()
}

fn address(url: &str) -> &str {
    url.strip_prefix("http://").expect("an address")
}

#[test]
fn no_port_answers_a_foreign_host_or_a_web_page() {
    let up = UpProcess::start(&["--memory"]);
    for (url, line, headers) in requests(&up) {
        let port = address(url).rsplit(':').next().expect("a port");
        let preflight = format!("OPTIONS {}", line.split(' ').next_back().expect("a path"));
        let asks = "access-control-request-method: POST\r\n";
        let foreign = [
            (line, format!("host: attacker.example:{port}\r\n{headers}"), "attacker.example"),
            (line, format!("host: localhost.attacker.example\r\n{headers}"), "localhost.attacker"),
            (line, format!("host: 127.0.0.1.nip.io:{port}\r\n{headers}"), "127.0.0.1.nip.io"),
            (line, format!("host: 0.0.0.0:{port}\r\n{headers}"), "0.0.0.0"),
            (line, format!("host: 2130706433:{port}\r\n{headers}"), "2130706433"),
            (line, format!("host: [::ffff:192.0.2.1]\r\n{headers}"), "192.0.2.1"),
            (
                line,
                format!("host: 127.0.0.1:{port}\r\norigin: https://page.example\r\n{headers}"),
                "page",
            ),
            (line, format!("host: 127.0.0.1:{port}\r\norigin: null\r\n{headers}"), "null"),
            (
                &preflight,
                format!("host: 127.0.0.1:{port}\r\norigin: https://page.example\r\n{asks}"),
                "page",
            ),
        ];
        for (line, headers, named) in foreign {
            let response = send(url, line, &headers);
            assert!(response.starts_with("http/1.1 403 "), "{line} {headers}: {response}");
            assert!(response.contains(named) && response.contains("--allow-"), "{response}");
            assert!(!response.contains("access-control-"), "{response}");
        }
        let target = line.replacen('/', "http://attacker.example/", 1);
        let response = send(url, &target, &format!("host: 127.0.0.1:{port}\r\n{headers}"));
        assert!(response.starts_with("http/1.1 403 "), "{target}: {response}");
        let socket = format!(
            "host: localhost:{port}\r\norigin: https://page.example\r\nupgrade: websocket\r\n\
             connection: upgrade\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}"
        );
        let response = send(url, line, &socket);
        assert!(response.starts_with("http/1.1 403 "), "{line}: {response}");
        for host in ["127.0.0.1", "localhost", "LOCALHOST.", "[::1]", "[::ffff:127.0.0.1]"] {
            let own = format!("host: {host}:{port}\r\norigin: http://{host}:{port}\r\n");
            for admitted in [format!("host: {host}\r\n"), own] {
                let response = send(url, line, &format!("{admitted}{headers}"));
                assert!(response.starts_with("http/1.1 "), "{line} {host}: {response}");
                assert!(!response.starts_with("http/1.1 403 "), "{line} {host}: {response}");
                assert!(!response.contains("malformed-host"), "{line} {host}: {response}");
                assert!(!response.contains("access-control-"), "{response}");
            }
        }
    }
    assert_eq!(clients_tables(&up), 7);
}

/// Returns the number of tables, which any SDK of AWS may still read.
fn clients_tables(up: &UpProcess) -> usize {
    let listed = crate::support::run(clients(up).dynamodb.list_tables().send());
    listed.expect("an answer").table_names().len()
}

#[test]
fn a_request_names_exactly_one_host_on_every_port() {
    let up = UpProcess::start(&["--memory"]);
    for (url, line, headers) in requests(&up) {
        for hosts in [
            "",
            "host:\r\n",
            "host: localhost\r\nhost: localhost\r\n",
            "host: localhost\r\nhost: attacker.example\r\n",
            "host: localhost, attacker.example\r\n",
            "host: localhost:notaport\r\n",
            "host: localhost:99999\r\n",
            "host: user@localhost\r\n",
            "host: http://localhost\r\n",
            "host: [localhost]\r\n",
        ] {
            let response = send(url, line, &format!("{hosts}{headers}"));
            assert!(response.starts_with("http/1.1 400 "), "{line} {hosts}: {response}");
            assert!(response.contains("urn:daymark:problem:malformed-host"), "{response}");
            assert!(response.contains("expected"), "{response}");
        }
        let response = send_text(url, &format!("{line} HTTP/1.0\r\n{headers}\r\n"));
        assert!(response.starts_with("http/1.0 400 "), "{line} in HTTP/1.0: {response}");
        // The servers do not speak HTTP/2, whose `:authority` is in place of `Host`.
        let response = send_text(url, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        assert!(response.is_empty() || response.starts_with("http/1.1 400 "), "{response}");
    }
}

#[test]
fn a_named_origin_uses_the_api_and_no_other_port() {
    let arguments =
        ["--memory", "--allow-origin", "HTTPS://Till.Example:443", "--allow-host", "Shop-Server."];
    let up = UpProcess::start(&arguments);
    let origin = "host: shop-server:80\r\norigin: https://till.example\r\n";
    let preflight = format!(
        "{origin}access-control-request-method: POST\r\n\
         access-control-request-headers: content-type\r\n"
    );
    let response = send(&up.api, "OPTIONS /v1/events", &preflight);
    assert!(response.starts_with("http/1.1 200 "), "{response}");
    for header in [
        "access-control-allow-origin: https://till.example",
        "access-control-allow-methods: get,post",
        "access-control-allow-headers: content-type",
    ] {
        assert!(response.contains(header), "{header} in {response}");
    }
    let other = preflight.replace("method: POST", "method: DELETE");
    let response = send(&up.api, "OPTIONS /v1/events", &other);
    assert!(response.contains("access-control-allow-methods: get,post\r\n"), "{response}");
    let body = event("corner", "one", "rye", now()).to_string();
    let json = format!(
        "{origin}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let response = send(&up.api, "POST /v1/events", &json);
    assert!(response.starts_with("http/1.1 202 "), "{response}");
    assert!(response.contains("access-control-allow-origin: https://till.example"), "{response}");
    for (url, line, headers) in requests(&up) {
        let is_api = url == up.api;
        let response = send(url, line, &format!("{origin}{headers}"));
        assert_eq!(response.starts_with("http/1.1 403 "), !is_api, "{line}: {response}");
    }
}

#[test]
fn settings_that_name_no_host_or_origin_are_refused() {
    for (flag, rule) in [
        ("--allow-host=http://shop", "without scheme"),
        ("--allow-host=*", "wildcard"),
        ("--allow-host=shop:80", "port"),
        ("--allow-origin=*", "a wildcard would admit every page"),
        ("--allow-origin=null", "pages of any site can send it"),
        ("--allow-origin=till.example", "it has no scheme"),
        ("--allow-origin=https://till.example/", "it has a path"),
        ("--allow-origin=https://user@till.example", "it has a user name"),
        ("--allow-origin=https://till.example:99999", "its host or its port is wrong"),
    ] {
        let ran = daymark(["up", "--memory", "--port=0", flag]);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("expected") && ran.err.contains(rule), "{}", ran.err);
    }
}

#[test]
fn an_idle_connection_is_announced_on_every_port() {
    let up = UpProcess::start(&["--memory"]);
    for (url, line, headers) in requests(&up) {
        let mut socket = TcpStream::connect(address(url)).expect("a connection");
        let request = format!("{line} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        socket.write_all(request.as_bytes()).expect("sent");
        let mut response = [0; 1024];
        let count = socket.read(&mut response).expect("an answer");
        let response = String::from_utf8_lossy(&response[..count]).to_lowercase();
        assert!(response.contains("keep-alive: timeout=75\r\n"), "{line}: {response}");
    }
}

#[test]
fn a_table_that_is_missing_while_events_were_counted_stops_the_start() {
    for table in ["daymark-offers", "daymark-stock-log"] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().display().to_string();
        let up = UpProcess::start(&["--data", &data]);
        let at = now();
        assert_eq!(ApiClient::new(&up).post(&event("corner", "one", "rye", at)).stored(), 1);
        up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
        let drop = clients(&up).dynamodb.delete_table().table_name(table).send();
        crate::support::run(drop).expect("dropped");
        assert_eq!(up.interrupt().code, Some(0));
        let message = daymark(["up", "--port", "0", "--data", &data]).failure();
        assert!(message.contains(&format!("holds no table {table},")), "{message}");
        assert!(message.contains("checkpoints"), "{message}");
        // The cure that the message names.
        fs::rename(folder.path().join("checkpoints"), folder.path().join("aside")).expect("moved");
        let up = UpProcess::start(&["--data", &data]);
        up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
    }
}

/// Returns the permission bits of a folder and of everything in it.
fn modes(path: &Path) -> Vec<(PathBuf, u32)> {
    let metadata = fs::metadata(path).expect("there");
    let mut all = vec![(path.to_owned(), metadata.permissions().mode() & 0o777)];
    if metadata.is_dir() {
        for entry in fs::read_dir(path).expect("a folder") {
            all.extend(modes(&entry.expect("an entry").path()));
        }
    }
    all
}

#[track_caller]
fn assert_private(data: &Path) {
    let modes = modes(data);
    assert!(modes.len() > 3, "{modes:?}");
    for (path, mode) in modes {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}: {mode:o}", path.display());
    }
}

fn open_to_all(path: &Path) {
    for (path, _) in modes(path) {
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("mine");
    }
}

#[test]
fn the_data_folder_is_for_its_owner_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let start = || UpProcess::start(&["--data", &data.display().to_string()]);
    let up = start();
    assert_eq!(ApiClient::new(&up).post(&event("corner", "one", "rye", now())).stored(), 1);
    up.wait_for("corner", now().date_naive(), "rye", ("on_hand", "1"));
    assert_private(&data);
    assert!(!up.interrupt().err.contains("open to other users"));

    open_to_all(&data);
    let up = start();
    assert_private(&data);
    let err = up.interrupt().err;
    assert!(err.contains("were open to other users of this machine"), "{err}");

    // A folder that holds something else stays as it is, with closed entries.
    fs::write(data.join("notes.txt"), "mine").expect("written");
    open_to_all(&data);
    assert_eq!(start().interrupt().code, Some(0));
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&data), mode(&data.join("notes.txt"))), (0o755, 0o644));
    assert_private(&data.join("kinesis"));
}

//! The program as a process.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::NaiveDate;
use serde_json::Value;
use serde_json::value::RawValue;

use super::eventually;

/// Timeout of a start. Only a defect takes that long.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// Returns a command line of the program without the `DAYMARK_` variables of the environment.
pub(crate) fn command<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    command_under(&[], arguments)
}

/// Returns a command line of another program that executes `daymark`.
fn command_under<I: AsRef<OsStr>>(
    wrapper: &[&str],
    arguments: impl IntoIterator<Item = I>,
) -> Command {
    let mut words = wrapper.iter().copied().chain([env!("CARGO_BIN_EXE_daymark")]);
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words);
    for name in [
        "ALLOW_HOST",
        "ALLOW_ORIGIN",
        "API_URL",
        "DYNAMODB_URL",
        "STAGE",
        "TOKEN",
        "PORT",
        "LOG",
        "LOG_FORMAT",
    ]
    .map(|name| format!("DAYMARK_{name}"))
    {
        command.env_remove(name);
    }
    command.env_remove("COLUMNS");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the program to its end, executed by another program.
pub(crate) fn daymark_under(wrapper: &[&str], arguments: &[&str]) -> ProgramOutput {
    ProgramOutput::of(command_under(wrapper, arguments), "")
}

/// Runs the program to its end, without a server.
pub(crate) fn daymark<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> ProgramOutput {
    ProgramOutput::of(command(arguments), "")
}

/// Runs the program with text on standard input.
pub(crate) fn daymark_reading<I: AsRef<OsStr>>(
    arguments: impl IntoIterator<Item = I>,
    input: &str,
) -> ProgramOutput {
    ProgramOutput::of(command(arguments), input)
}

/// Exit code and output of the program.
#[derive(Debug)]
pub(crate) struct ProgramOutput {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl ProgramOutput {
    pub(crate) fn of(mut command: Command, input: &str) -> Self {
        let mut child = command.stdin(Stdio::piped()).spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // The program may end without reading its input.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("the program ends");
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Returns standard output. Asserts exit code 0.
    #[track_caller]
    pub(crate) fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self.out
    }

    /// Returns the error message. Asserts exit code 1 without a panic.
    #[track_caller]
    pub(crate) fn failure(self) -> String {
        assert_eq!(self.code, Some(1), "{}\n{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        assert!(self.err.contains("daymark: "), "{}", self.err);
        self.err
    }

    /// Returns the rows of JSON output.
    #[track_caller]
    pub(crate) fn json(self) -> Vec<serde_json::Map<String, Value>> {
        let out = self.success();
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} in {out}"))
    }

    /// Returns the rows of JSON output as texts; an absent value is empty.
    #[track_caller]
    pub(crate) fn rows(self) -> Vec<BTreeMap<String, String>> {
        let text = |value: &RawValue| match serde_json::from_str(value.get()) {
            Ok(Value::Null) => String::new(),
            Ok(Value::String(text)) => text,
            // The digits as they were printed.
            _ => value.get().to_owned(),
        };
        let out = self.success();
        let rows: Vec<BTreeMap<String, Box<RawValue>>> =
            serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error} in {out}"));
        let row = |row: BTreeMap<String, Box<RawValue>>| {
            row.into_iter().map(|(name, value)| (name, text(&value))).collect()
        };
        rows.into_iter().map(row).collect()
    }
}

/// Returns the command line of `daymark up` on free ports.
fn up(wrapper: &[&str], arguments: &[&str]) -> Command {
    command_under(wrapper, ["up", "--port", "0"].iter().chain(arguments))
}

/// Returns a port that is free with the two above it.
pub(crate) fn free_ports() -> u16 {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let mut ports = std::iter::repeat_with(|| {
        let first = bind(0).and_then(|listener| listener.local_addr()).expect("a port").port();
        let all =
            [0, 1, 2].map(|offset| first.checked_add(offset).and_then(|port| bind(port).ok()));
        all.iter().all(Option::is_some).then_some(first)
    });
    ports.find_map(|port| port).expect("an endless search")
}

/// Running `daymark up`, killed on drop.
pub(crate) struct UpProcess {
    child: Child,
    /// Standard output until the program was ready.
    pub(crate) guide: String,
    pub(crate) api: String,
    pub(crate) kinesis: String,
    pub(crate) dynamodb: String,
    lines: Receiver<String>,
    err: Option<JoinHandle<String>>,
}

impl Drop for UpProcess {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl UpProcess {
    /// Starts the program on free ports and waits until it is ready.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_in(Path::new("."), arguments)
    }

    /// Starts the program on this port and the two above it.
    pub(crate) fn start_on(port: &str, arguments: &[&str]) -> Self {
        Self::ready(command(["up", "--port", port].iter().chain(arguments)))
    }

    /// Starts the program in another folder.
    pub(crate) fn start_in(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = up(&[], arguments);
        command.current_dir(folder);
        Self::ready(command)
    }

    /// Starts the program, executed by another program.
    pub(crate) fn start_under(wrapper: &[&str], arguments: &[&str]) -> Self {
        Self::ready(up(wrapper, arguments))
    }

    fn ready(command: Command) -> Self {
        let mut up = Self::spawn(command);
        up.wait_until_ready();
        up
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let out = child.stdout.take().expect("a pipe");
        let mut err = child.stderr.take().expect("a pipe");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let err = std::thread::spawn(move || {
            let mut text = String::new();
            // Output that is not UTF-8 is left out, and missed by the assertions.
            let _ = err.read_to_string(&mut text);
            text
        });
        Self {
            child,
            guide: String::new(),
            api: String::new(),
            kinesis: String::new(),
            dynamodb: String::new(),
            lines,
            err: Some(err),
        }
    }

    fn wait_until_ready(&mut self) {
        while !self.guide.contains("Ctrl-C stops.") {
            let Ok(line) = self.lines.recv_timeout(START_TIMEOUT) else {
                let _ = self.child.kill();
                let stderr = self.stderr();
                panic!("the program did not start: {}{stderr}", self.guide);
            };
            self.guide.push_str(&line);
            self.guide.push('\n');
        }
        let url = |part: &str| {
            let line = self.guide.lines().find_map(|line| line.trim().strip_prefix(part));
            let url = line.and_then(|rest| rest.split_whitespace().next());
            url.unwrap_or_else(|| panic!("no {part} in {}", self.guide)).to_owned()
        };
        (self.api, self.kinesis, self.dynamodb) =
            (url("ingest API"), url("Kinesis"), url("DynamoDB"));
    }

    fn stderr(&mut self) -> String {
        self.err.take().and_then(|err| err.join().ok()).unwrap_or_default()
    }

    /// Runs a command against this program.
    pub(crate) fn daymark<I: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = I>,
    ) -> ProgramOutput {
        self.daymark_with_input("", arguments)
    }

    /// Runs a command against this program, with standard input.
    pub(crate) fn daymark_with_input<I: AsRef<OsStr>>(
        &self,
        input: &str,
        arguments: impl IntoIterator<Item = I>,
    ) -> ProgramOutput {
        let mut command = command(arguments);
        command.env("DAYMARK_API_URL", &self.api).env("DAYMARK_DYNAMODB_URL", &self.dynamodb);
        ProgramOutput::of(command, input)
    }

    /// Returns the output of `daymark stock` for a day, by item.
    pub(crate) fn stock(
        &self,
        store: &str,
        date: NaiveDate,
    ) -> BTreeMap<String, BTreeMap<String, String>> {
        let date = date.to_string();
        let ran = self.daymark(["stock", "--store", store, "--date", &date, "--format", "json"]);
        // A store that is not in the catalogue is known from its first event on.
        if ran.code == Some(1) && ran.err.contains("there is no event of it") {
            return BTreeMap::new();
        }
        ran.rows().into_iter().map(|row| (row["sku"].clone(), row)).collect()
    }

    /// Waits until a field of an item in `daymark stock` has a value.
    #[track_caller]
    pub(crate) fn wait_for(&self, store: &str, date: NaiveDate, sku: &str, field: (&str, &str)) {
        eventually(&format!("{store}/{sku} has {field:?}"), || {
            let stock = self.stock(store, date);
            let found = stock.get(sku).map(|row| row[field.0].as_str());
            if found == Some(field.1) { Ok(()) } else { Err(format!("{stock:?}")) }
        });
    }

    /// Returns a counter of `/metrics`. The name includes its labels.
    pub(crate) fn counter(&self, name: &str) -> u64 {
        let text = super::ApiClient::new(self).get("/metrics").text;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        value.unwrap_or_default()
    }

    /// Returns the event in the printed guide.
    pub(crate) fn printed_event(&self) -> Value {
        let json = self.guide.split('\'').find(|text| text.trim().starts_with('{'));
        serde_json::from_str(json.expect("an event in the guide")).expect("JSON")
    }

    /// Sends the signal of Ctrl-C, and waits for the end.
    pub(crate) fn interrupt(self) -> ProgramOutput {
        self.signal("INT")
    }

    /// Sends the signal of a service manager, and waits for the end.
    pub(crate) fn terminate(self) -> ProgramOutput {
        self.signal("TERM")
    }

    fn signal(mut self, signal: &str) -> ProgramOutput {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([&format!("-{signal}"), &id]).status();
        assert!(sent.is_ok_and(|sent| sent.success()), "the signal is sent");
        let status = eventually("the program ends", || {
            self.child.try_wait().ok().flatten().ok_or_else(|| "still running".to_owned())
        });
        let err = self.stderr();
        assert!(!err.contains("panicked"), "{err}");
        ProgramOutput { code: status.code(), out: self.guide.clone(), err }
    }

    /// Kills the program, and returns its log.
    pub(crate) fn kill(mut self) -> String {
        self.child.kill().expect("a running process");
        self.child.wait().expect("a status");
        let err = self.stderr();
        assert!(!err.contains("panicked"), "{err}");
        err
    }

    /// Starts the program, kills it after a time, ready or not, and returns its log.
    pub(crate) fn kill_while_it_starts(
        wrapper: &[&str],
        arguments: &[&str],
        after: Duration,
    ) -> String {
        let up = Self::spawn(up(wrapper, arguments));
        std::thread::sleep(after);
        up.kill()
    }
}

//! MiniStack as a process on loopback, with identity and access management enforced.

use std::fs::File;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::aws::REGION;
use super::terminator::terminate_tls;
use super::{eventually, run};

/// Ends the emulator as soon as nothing holds its input open any more. The tests' process does,
/// and however it ends, the system closes what it held.
const GUARD: &str = r#""$@" & read -r _; kill $!; wait $!"#;

/// A running MiniStack.
pub(crate) struct Emulator {
    /// Process with a pipe as input, which is never written to.
    _guard: Child,
    /// Address for callers over TLS.
    pub(crate) url: String,
    /// Address for callers without TLS.
    pub(crate) clear_url: String,
    log: PathBuf,
}

impl Emulator {
    /// Starts `program` on a free port, keeps its files in `folder`, and waits until it answers.
    pub(crate) fn start(program: &Path, folder: &Path) -> Self {
        if let Err(error) = std::fs::remove_dir_all(folder) {
            assert_eq!(error.kind(), ErrorKind::NotFound, "{}: {error}", folder.display());
        }
        std::fs::create_dir_all(folder).expect("a folder");
        let port = free_port();
        let clear_url = format!("http://127.0.0.1:{port}");
        let url = terminate_tls(&clear_url);
        let log = folder.join("ministack.log");
        let output = File::create(&log).expect("a log");
        let guard = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(program)
            // Every function inherits what the emulator finds here.
            .env_clear()
            .env("PATH", path())
            .envs(["HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR"].map(|name| (name, folder)))
            .envs([
                ("BIND_HOST", "127.0.0.1"),
                ("GATEWAY_PORT", &port.to_string()),
                ("IOT_MTLS_ENABLED", "0"),
                ("MINISTACK_REGION", REGION),
                ("AWS_ENDPOINT_URL", &url),
                ("AUTH", "true"),
            ])
            .stdin(Stdio::piped())
            .stdout(output.try_clone().expect("a second handle"))
            .stderr(output)
            .spawn()
            .expect("sh runs");
        let emulator = Self { _guard: guard, url, clear_url, log };
        eventually("MiniStack answers", || {
            let health = reqwest::get(format!("{}/_ministack/health", emulator.url));
            match run(health) {
                Ok(answer) if answer.status().is_success() => Ok(()),
                _ => Err(emulator.said()),
            }
        });
        emulator
    }

    /// Log of the emulator.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// The search path of whoever runs the tests: Node is on it.
pub(crate) fn path() -> std::ffi::OsString {
    std::env::var_os("PATH").expect("a search path")
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

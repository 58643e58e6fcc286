//! A Lambda function under test: its process and its runtime API.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;

use crate::binaries;
use crate::runtime_api::{Answer, RuntimeApi};

/// Time limit for a function that hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Process of a function, killed on drop.
pub(crate) struct Process {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
    /// Channel that closes when the process ends.
    ended: watch::Receiver<()>,
}

/// Exit status and output of a process.
#[derive(Debug)]
pub(crate) struct ProcessOutput {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Process {
    /// Starts a Lambda binary with these variables and the variables of Lambda.
    pub(crate) fn start(binary: &str, runtime_api: &str, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(binaries::path(binary))
            .env_clear()
            .envs([
                ("AWS_ACCESS_KEY_ID", "key"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("AWS_REGION", "eu-west-1"),
                ("AWS_LAMBDA_FUNCTION_NAME", binary),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
                ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ])
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let (alive, ended) = watch::channel(());
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let stdout = std::thread::spawn(move || {
            let _alive = alive;
            text(stdout.expect("a pipe"))
        });
        let stderr = std::thread::spawn(move || text(stderr.expect("a pipe")));
        Self { child, stdout: Some(stdout), stderr: Some(stderr), ended }
    }

    /// Waits until the process ends.
    pub(crate) fn wait(mut self) -> ProcessOutput {
        let status = self.child.wait().expect("a status");
        let text = |reader: Option<JoinHandle<String>>| {
            reader.expect("read once").join().expect("it was read")
        };
        ProcessOutput { status, stdout: text(self.stdout.take()), stderr: text(self.stderr.take()) }
    }
}

fn text(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).expect("a pipe can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Drop for Process {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Running function that takes invocations.
pub(crate) struct RunningFunction {
    api: RuntimeApi,
    process: Process,
}

impl RunningFunction {
    pub(crate) async fn start(binary: &str, variables: &[(&str, &str)]) -> Self {
        let api = RuntimeApi::start().await;
        let process = Process::start(binary, &api.address.to_string(), variables);
        Self { api, process }
    }

    /// Invokes the function and waits for its answer.
    pub(crate) async fn invoke(&mut self, event: Value) -> Answer {
        let answer = self.api.invoke(event);
        let said = tokio::select! {
            answer = answer => answer.ok(),
            _ = self.process.ended.changed() => None,
            () = tokio::time::sleep(PATIENCE) => None,
        };
        said.unwrap_or_else(|| {
            // Standard error closes when the process ends.
            let _ = self.process.child.kill();
            let stderr = self.process.stderr.take().map(JoinHandle::join);
            panic!("the function did not answer; it said {stderr:?}")
        })
    }

    /// Invokes the function and expects a response.
    pub(crate) async fn respond(&mut self, event: Value) -> Value {
        match self.invoke(event).await {
            Answer::Response(response) => response,
            Answer::Error(error) => panic!("{error}"),
        }
    }

    /// Stops the function and returns its output lines.
    pub(crate) fn end(self) -> Vec<Value> {
        let Self { mut process, .. } = self;
        process.child.kill().expect("it was running");
        let printed = process.wait().stdout;
        let line = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?}"));
        printed.lines().map(line).collect()
    }
}

/// Returns the metrics of the output as `name{labels} value unit`. Checks that they are in
/// CloudWatch's embedded metric format and in the namespace Daymark, for this function.
pub(crate) fn metrics(printed: &[Value], function: &str) -> Vec<String> {
    let mut metrics = Vec::new();
    for line in printed {
        let Some(directives) = line["_aws"]["CloudWatchMetrics"].as_array() else { continue };
        assert!(line["_aws"]["Timestamp"].is_u64(), "{line}");
        assert_eq!(line["function"], function);
        for directive in directives {
            assert_eq!(directive["Namespace"], "Daymark");
            let dimensions = directive["Dimensions"][0].as_array().expect("dimensions");
            let labels = dimensions.iter().filter_map(Value::as_str);
            let labels: Vec<&str> = labels.filter_map(|name| line[name].as_str()).collect();
            assert_eq!(dimensions.len(), labels.len(), "each dimension is a text: {line}");
            assert_eq!(directive["Dimensions"].as_array().map(Vec::len), Some(1), "{line}");
            for metric in directive["Metrics"].as_array().expect("metrics") {
                let name = metric["Name"].as_str().expect("a name");
                let unit = metric["Unit"].as_str().expect("a unit");
                assert!(["Count", "Seconds"].contains(&unit), "{line}");
                let is_plain = |c: char| c.is_ascii_lowercase() || c == '_';
                assert!(name.starts_with("daymark_") && name.chars().all(is_plain), "{name}");
                // A counter is a number, a histogram a list of values.
                let value = &line[name];
                let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                assert!((1..=100).contains(&values.len()), "{line}");
                assert!(values.iter().all(Value::is_number), "{line}");
                metrics.push(format!("{name}{labels:?} {} {unit}", line[name]));
            }
        }
    }
    metrics.sort();
    metrics
}

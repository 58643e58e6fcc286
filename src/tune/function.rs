//! Process of a Lambda binary that takes invocations from the runtime API.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::time::{Instant, timeout};

use super::probe::{Probe, Recorded};
use super::runtime_api::{FromFunction, RuntimeApi};
use crate::CommandError;

/// Maximum duration of an invocation, as for a function of Lambda with its longest timeout.
const TIMEOUT: Duration = Duration::from_secs(900);

/// Running function, ended on drop.
pub(super) struct RunningFunction {
    name: String,
    api: RuntimeApi,
    probe: Arc<Probe>,
    child: Child,
    /// Initialization: processor time in nanoseconds, and its duration.
    pub(super) init: (u64, Duration),
}

impl RunningFunction {
    /// Starts a binary with these variables and those of Lambda, and waits until it is ready.
    pub(super) async fn start(
        binary: &Path,
        name: &str,
        probe: Arc<Probe>,
        variables: &[(&str, String)],
    ) -> Result<Self, CommandError> {
        let api = RuntimeApi::start(Arc::clone(&probe)).await?;
        let started = Instant::now();
        let child = Command::new(binary)
            .env_clear()
            .envs([
                ("AWS_ACCESS_KEY_ID", "key"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
                ("AWS_REGION", "us-east-1"),
                ("AWS_LAMBDA_FUNCTION_NAME", name),
                ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
                ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769"),
                ("AWS_LAMBDA_RUNTIME_API", &api.address),
            ])
            .envs(variables.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", binary.display()))?;
        probe.watch(child.id());
        let init = (0, Duration::ZERO);
        let mut function = Self { name: name.to_owned(), api, probe, child, init };
        match function.message().await? {
            FromFunction::Ready => {}
            FromFunction::Response(body) | FromFunction::Error(body) => {
                return Err(function.failed("did not start", &body));
            }
        }
        function.init = (function.probe.cpu(), started.elapsed());
        Ok(function)
    }

    /// Invokes the function. Returns its response and its trace.
    pub(super) async fn invoke(
        &mut self,
        event: String,
    ) -> Result<(Bytes, Recorded), CommandError> {
        self.api.invoke(event);
        let response = match self.message().await? {
            FromFunction::Response(body) => body,
            FromFunction::Error(body) => return Err(self.failed("failed", &body)),
            FromFunction::Ready => return Err(self.failed("gave no response", &[])),
        };
        // The invocation ends when the function asks for the next one.
        match self.message().await? {
            FromFunction::Ready => {}
            FromFunction::Response(body) | FromFunction::Error(body) => {
                return Err(self.failed("answered twice", &body));
            }
        }
        let recorded = self.probe.take().ok_or("no invocation was recorded")?;
        Ok((response, recorded))
    }

    async fn message(&mut self) -> Result<FromFunction, CommandError> {
        let mut exited = tokio::time::interval(Duration::from_millis(100));
        let wait = async {
            loop {
                tokio::select! {
                    message = self.api.message() => return message.ok_or("the API ended".into()),
                    _ = exited.tick() => {
                        if let Some(status) = self.child.try_wait()? {
                            let name = &self.name;
                            return Err(format!("{name} ended with {status}; see above").into());
                        }
                    }
                }
            }
        };
        let name = &self.name;
        timeout(TIMEOUT, wait).await.map_err(|_| format!("{name} ran for 15 minutes"))?
    }

    fn failed(&self, what: &str, body: &[u8]) -> CommandError {
        format!("{} {what}: {}", self.name, String::from_utf8_lossy(body)).into()
    }
}

impl Drop for RunningFunction {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

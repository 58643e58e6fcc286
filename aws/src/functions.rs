//! Deployed Lambda functions: change of their memory, and invocations whose log says what was
//! billed.

use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{LastUpdateStatus, LogType, State};
use domain::ports::Failure;

use crate::clients::attempts_within;
use crate::deployed::{NoRegion, config};
use crate::failure::failure;

/// Delay between two reads of the state of a function.
const POLL: Duration = Duration::from_millis(500);
/// Maximum number of reads, two minutes, until a change is in force.
const POLLS_MAX: u32 = 240;
/// Longest invocation of a function. Source: Lambda quotas.
const INVOCATION_TIMEOUT: Duration = Duration::from_secs(900);

/// Client of Lambda.
#[derive(Debug, Clone)]
pub struct DeployedFunctions {
    client: Client,
}

/// Response of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Payload of the response, or of the error.
    pub payload: Vec<u8>,
    /// Kind of the error, for example `Unhandled`, if the function failed.
    pub error: Option<String>,
    /// Last 4 KB of the log.
    pub log: String,
}

impl DeployedFunctions {
    /// Creates a client from the environment, and returns its region.
    ///
    /// # Errors
    /// Returns an error if no region is configured.
    pub async fn connect() -> Result<(Self, String), NoRegion> {
        let config = config().await;
        let region = config.region().ok_or(NoRegion)?.to_string();
        // A repeated invocation would find its events already stored, and measure less work.
        let config = aws_sdk_lambda::config::Builder::from(&config)
            .retry_config(RetryConfig::disabled())
            .timeout_config(attempts_within(INVOCATION_TIMEOUT))
            .build();
        Ok((Self { client: Client::from_conf(config) }, region))
    }

    /// Changes the memory of a function, in MB, and waits until the change is in force.
    ///
    /// # Errors
    /// Returns an error if Lambda refuses the change, or if it takes more than two minutes.
    pub async fn set_memory(&self, function: &str, megabytes: u32) -> Result<(), Failure> {
        self.wait_until_updated(function).await?;
        let memory = i32::try_from(megabytes).unwrap_or(i32::MAX);
        let update = self.client.update_function_configuration();
        let update = update.function_name(function).memory_size(memory).send();
        Box::pin(update).await.map_err(|error| failure(&error))?;
        self.wait_until_updated(function).await
    }

    async fn wait_until_updated(&self, function: &str) -> Result<(), Failure> {
        for _ in 0..POLLS_MAX {
            let get = self.client.get_function_configuration().function_name(function).send();
            let found = Box::pin(get).await.map_err(|error| failure(&error))?;
            let reason = found.last_update_status_reason.unwrap_or_default();
            match (found.state, found.last_update_status) {
                (_, Some(LastUpdateStatus::Failed)) => {
                    return Err(Failure::Refused(format!("{function} is not updated: {reason}")));
                }
                (Some(State::Active), Some(LastUpdateStatus::Successful) | None) => return Ok(()),
                _ => tokio::time::sleep(POLL).await,
            }
        }
        Err(Failure::Unavailable(format!("{function} is not ready after two minutes")))
    }

    /// Invokes a function and waits for its response.
    ///
    /// # Errors
    /// Returns an error if Lambda refuses the invocation. An error of the function is in
    /// [`Invocation::error`].
    pub async fn invoke(&self, function: &str, payload: String) -> Result<Invocation, Failure> {
        let invoke = self.client.invoke().function_name(function).log_type(LogType::Tail);
        let invoke = invoke.payload(Blob::new(payload)).send();
        let response = Box::pin(invoke).await.map_err(|error| failure(&error))?;
        let log = response.log_result.unwrap_or_default();
        let log = base64_simd::STANDARD.decode_to_vec(log).unwrap_or_default();
        Ok(Invocation {
            payload: response.payload.map(Blob::into_inner).unwrap_or_default(),
            error: response.function_error,
            log: String::from_utf8_lossy(&log).into_owned(),
        })
    }
}

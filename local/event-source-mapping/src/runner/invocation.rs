//! Invocation of the handler.

use std::panic::AssertUnwindSafe;

use domain::record::Delivered;
use futures_util::FutureExt as _;

use crate::handler::{Handler, HandlerError, Response};

/// Calls the handler and turns a panic into an error, so that the mapping outlives it.
pub(crate) async fn call(
    handler: &impl Handler,
    batch: &[Delivered],
) -> Result<Response, HandlerError> {
    // The call itself may panic before it returns a future.
    let invocation = async { handler.handle(batch).await };
    // After a panic the future is never polled again, so no half-changed state is seen.
    let caught = AssertUnwindSafe(invocation).catch_unwind().await;
    caught.unwrap_or_else(|panic| Err(HandlerError(message_of(panic.as_ref()))))
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("it panicked: {}", message.as_deref().unwrap_or("no message"))
}

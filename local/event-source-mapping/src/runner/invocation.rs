//! Invocation of the handler.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use domain::record::Delivered;
use futures_util::FutureExt as _;

use crate::handler::{Handler, HandlerError, HandlerResponse};

/// Calls the handler. A panic becomes an error, so that the mapping continues.
pub(crate) async fn call(
    handler: &impl Handler,
    batch: &[Delivered],
) -> Result<HandlerResponse, HandlerError> {
    // The block also catches a panic before `handle` returns its future. After a panic the future
    // is not polled again, so no inconsistent state is visible.
    let invocation = async { handler.handle(batch).await };
    let caught = AssertUnwindSafe(invocation).catch_unwind().await;
    caught.unwrap_or_else(|panic| Err(HandlerError(panic_message(panic.as_ref()))))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", message.unwrap_or("no message"))
}

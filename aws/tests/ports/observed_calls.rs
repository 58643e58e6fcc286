//! Interceptor of a DynamoDB client: the calls with their read units, and a hook before each call.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

/// Function that is called with the number of calls sent before.
type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// Calls of one client. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct ObservedCalls {
    hook: Option<Arc<Hook>>,
    sent: Arc<AtomicUsize>,
    refuses_get: bool,
    reads: Arc<Mutex<Vec<(&'static str, f64)>>>,
}

impl std::fmt::Debug for ObservedCalls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObservedCalls").finish_non_exhaustive()
    }
}

impl ObservedCalls {
    /// Observes calls, and calls `hook` before each is sent.
    pub(crate) fn before_each(hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        Self { hook: Some(Arc::new(Box::new(hook))), ..Self::default() }
    }

    /// Lets every `GetItem` fail.
    pub(crate) fn without_get() -> Self {
        Self { refuses_get: true, ..Self::default() }
    }

    /// Returns a client of the same endpoint whose calls are observed.
    pub(crate) fn client(&self, client: &Client) -> Client {
        Client::from_conf(client.config().to_builder().interceptor(self.clone()).build())
    }

    /// Returns the reads since the last call, sorted: operation and read units.
    pub(crate) fn take_reads(&self) -> Vec<(&'static str, f64)> {
        let mut reads = std::mem::take(&mut *self.reads.lock().unwrap());
        reads.sort_by(|left, right| left.partial_cmp(right).unwrap());
        reads
    }

    fn add(&self, operation: &'static str, consumed: Option<&ConsumedCapacity>) {
        let units = consumed.and_then(ConsumedCapacity::capacity_units).expect("read units");
        self.reads.lock().unwrap().push((operation, units));
    }
}

impl Intercept for ObservedCalls {
    fn name(&self) -> &'static str {
        "ObservedCalls"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        if let Some(get) = input.downcast_mut::<GetItemInput>() {
            if self.refuses_get {
                return Err("GetItem fails in this test".into());
            }
            get.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
        } else if let Some(query) = input.downcast_mut::<QueryInput>() {
            query.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let before = self.sent.fetch_add(1, Ordering::Relaxed);
        if let Some(hook) = &self.hook {
            hook(before);
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else { return Ok(()) };
        if let Some(get) = output.downcast_ref::<GetItemOutput>() {
            self.add("GetItem", get.consumed_capacity());
        } else if let Some(query) = output.downcast_ref::<QueryOutput>() {
            self.add("Query", query.consumed_capacity());
        }
        Ok(())
    }
}

//! Measurement of work: capacity units as the endpoint reports them, bytes as DynamoDB counts them,
//! and processor time as the kernel accounts it to this thread.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::AddAssign;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity};

/// Work of a number of invocations.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Measurement {
    /// Number of invocations.
    pub(crate) invocations: f64,
    pub(crate) cpu_ms: f64,
    /// Number of calls of DynamoDB.
    pub(crate) calls: f64,
    /// Read units of the stock log.
    pub(crate) stock_reads: f64,
    /// Read units of the other tables.
    pub(crate) other_reads: f64,
    /// Write units.
    pub(crate) writes: f64,
    /// Write units of segments.
    pub(crate) segment_writes: f64,
    /// Write units of late marks and active stores.
    pub(crate) mark_writes: f64,
    /// Write units of window rows and of the states of the rollup.
    pub(crate) window_writes: f64,
    /// Number of items written.
    pub(crate) rows: f64,
}

impl AddAssign for Measurement {
    fn add_assign(&mut self, other: Self) {
        self.invocations += other.invocations;
        self.cpu_ms += other.cpu_ms;
        self.calls += other.calls;
        self.stock_reads += other.stock_reads;
        self.other_reads += other.other_reads;
        self.writes += other.writes;
        self.segment_writes += other.segment_writes;
        self.mark_writes += other.mark_writes;
        self.window_writes += other.window_writes;
        self.rows += other.rows;
    }
}

#[derive(Debug, Default)]
struct CapacityTally {
    work: Measurement,
    /// Bytes of every item, by table and key.
    items: BTreeMap<(String, String), usize>,
}

/// Interceptor that counts the calls of a DynamoDB client.
#[derive(Debug, Clone, Default)]
pub(crate) struct CapacityCounter(Arc<Mutex<CapacityTally>>);

impl CapacityCounter {
    /// Returns the work since the last call.
    pub(crate) fn take(&self) -> Measurement {
        std::mem::take(&mut self.0.lock().expect("no thread panicked").work)
    }

    /// Returns the number of items in a table, and their bytes.
    pub(crate) fn stored(&self, table: &str) -> (usize, usize) {
        self.stored_of(table, "")
    }

    /// Returns the number of items in a table whose keys begin with a text, and their bytes.
    pub(crate) fn stored_of(&self, table: &str, start: &str) -> (usize, usize) {
        let tally = self.0.lock().expect("no thread panicked");
        let is_asked = |key: &(String, String)| key.0 == table && key.1.starts_with(start);
        let sizes = tally.items.iter().filter(|(key, _)| is_asked(key)).map(|(_, bytes)| bytes);
        (sizes.clone().count(), sizes.sum())
    }

    fn count(&self, consumed: Option<&ConsumedCapacity>, is_write: bool) {
        let consumed = consumed.expect("the endpoint reports capacity units");
        let units = consumed.capacity_units().expect("a number of units");
        let work = &mut self.0.lock().expect("no thread panicked").work;
        let of_stock = consumed.table_name().is_some_and(|name| name.ends_with("stock-log"));
        let sum = match (is_write, of_stock) {
            (true, _) => &mut work.writes,
            (false, true) => &mut work.stock_reads,
            (false, false) => &mut work.other_reads,
        };
        *sum += units;
    }
}

impl CapacityTally {
    fn put(&mut self, table: &str, item: &HashMap<String, AttributeValue>) {
        let [pk, sk] = ["pk", "sk"].map(|name| item[name].as_s().expect("a text").as_str());
        let bytes: usize = item.iter().map(|(name, value)| name.len() + bytes_of(value)).sum();
        let units = bytes.div_ceil(1024) as f64;
        match table.rsplit('-').next() {
            Some("windows") => self.work.window_writes += units,
            Some("log") if pk.starts_with('#') => self.work.mark_writes += units,
            Some("log") if sk.ends_with("#rolled") => self.work.window_writes += units,
            Some("log") if sk.ends_with("#closed") => {}
            Some("log") if pk.ends_with("#late") => self.work.mark_writes += units,
            Some("log") => self.work.segment_writes += units,
            _ => {}
        }
        self.items.insert((table.to_owned(), [pk, sk].join("\n")), bytes);
        self.work.rows += 1.0;
    }
}

impl Intercept for CapacityCounter {
    fn name(&self) -> &'static str {
        "CapacityCounter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input_mut();
        let total = Some(ReturnConsumedCapacity::Total);
        let mut tally = self.0.lock().expect("no thread panicked");
        tally.work.calls += 1.0;
        if let Some(put) = input.downcast_mut::<PutItemInput>() {
            put.return_consumed_capacity = total;
            let table = put.table_name.clone().expect("a table");
            tally.put(&table, put.item.as_ref().expect("an item"));
        } else if let Some(batch) = input.downcast_mut::<BatchWriteItemInput>() {
            batch.return_consumed_capacity = total;
            for (table, requests) in batch.request_items.iter().flatten() {
                let puts = requests.iter().filter_map(|request| request.put_request());
                puts.for_each(|put| tally.put(table, put.item()));
            }
        } else if let Some(query) = input.downcast_mut::<QueryInput>() {
            query.return_consumed_capacity = total;
        } else if let Some(get) = input.downcast_mut::<GetItemInput>() {
            get.return_consumed_capacity = total;
        } else if let Some(get) = input.downcast_mut::<BatchGetItemInput>() {
            get.return_consumed_capacity = total;
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
        if let Some(put) = output.downcast_ref::<PutItemOutput>() {
            self.count(put.consumed_capacity(), true);
        } else if let Some(batch) = output.downcast_ref::<BatchWriteItemOutput>() {
            batch.consumed_capacity().iter().for_each(|consumed| self.count(Some(consumed), true));
        } else if let Some(query) = output.downcast_ref::<QueryOutput>() {
            self.count(query.consumed_capacity(), false);
        } else if let Some(get) = output.downcast_ref::<GetItemOutput>() {
            self.count(get.consumed_capacity(), false);
        } else if let Some(get) = output.downcast_ref::<BatchGetItemOutput>() {
            get.consumed_capacity().iter().for_each(|consumed| self.count(Some(consumed), false));
        }
        Ok(())
    }
}

/// Returns the size of a value. Source: "DynamoDB item sizes and formats" in the developer guide.
fn bytes_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(number) => {
            let digits = number.bytes().filter(u8::is_ascii_digit).count();
            digits.div_ceil(2) + 1 + usize::from(number.starts_with('-'))
        }
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::Ss(texts) => texts.iter().map(String::len).sum(),
        AttributeValue::Bool(_) | AttributeValue::Null(_) => 1,
        AttributeValue::L(values) => {
            3 + values.iter().map(|value| 1 + bytes_of(value)).sum::<usize>()
        }
        AttributeValue::M(values) => {
            3 + values.iter().map(|(name, value)| 1 + name.len() + bytes_of(value)).sum::<usize>()
        }
        other => panic!("Daymark stores no {other:?}"),
    }
}

/// Returns the processor time of this thread, in milliseconds.
pub(crate) fn cpu_ms() -> f64 {
    let text = fs::read_to_string("/proc/thread-self/schedstat")
        .expect("a kernel with scheduler statistics");
    let nanoseconds = text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    nanoseconds.expect("nanoseconds") / 1e6
}

//! Kinesis batches become stock by time window; questions about stock are answered.

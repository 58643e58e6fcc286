//! Bytes from a till become validated events, and those become Kinesis records.

//! The one room that speaks AWS: domain's ports over Kinesis and DynamoDB.

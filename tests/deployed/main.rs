//! The deployed system: the CDK app's own template in CloudFormation, API Gateway, Cognito,
//! Kinesis, Lambda, SQS, Scheduler and DynamoDB of an emulator that nobody here wrote (MiniStack),
//! with identity and access management enforced, and the Lambda binaries as real processes.
//!
//! One deployment serves all tests. docs/proof.md says what is proved here and what elsewhere.

mod bakery;
#[path = "../lambda/binaries.rs"]
mod binaries;
mod destroy;
mod moved;
mod offers_out;
mod refusals;
mod roles;
mod same_rows;
mod shop;
mod support;
mod update;

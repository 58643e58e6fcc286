//! Conditional writes.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::Version;
use domain::ports::{Failure, Saved};

use crate::attributes::{Attributes, text};
use crate::failure::failure;

/// Puts an item if what is stored is still of the version that was read (`None`: if there is
/// nothing stored); the conflict gives what is stored now, as `read_item` reads it.
pub(crate) async fn put_if<T>(
    client: &Client,
    table: &str,
    item: Attributes,
    read: Option<&Version>,
    read_item: impl Fn(&Attributes) -> Result<T, Failure>,
) -> Result<Saved<T>, Failure> {
    let put = client
        .put_item()
        .table_name(table)
        .set_item(Some(item))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let put = match read {
        None => put.condition_expression("attribute_not_exists(pk)"),
        Some(version) => put
            .condition_expression("version = :read")
            .expression_attribute_values(":read", text(version)),
    };
    let Err(error) = Box::pin(put.send()).await else { return Ok(Saved::Done) };
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(conflict)) => {
            Ok(Saved::Conflict(conflict.item().map(read_item).transpose()?))
        }
        _ => Err(failure(&error)),
    }
}

//! Storage of the tables.

use std::fs;

use local::dynamodb::{DynamoDb, DynamoDbOpenError, TableStorage};

#[test]
fn a_new_file_holds_no_tables_and_its_folder_is_created() {
    let folder = tempfile::tempdir().expect("a folder");
    let storage = TableStorage::File(folder.path().join("dynamodb").join("tables.sqlite"));
    for attempt in ["created", "opened again"] {
        let dynamodb = DynamoDb::open(&storage).expect(attempt);
        assert_eq!(dynamodb.table_names().expect(attempt), [""; 0], "{attempt}");
    }
}

#[test]
fn a_damaged_file_is_refused_and_stays_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tables.sqlite");
    fs::write(&file, "no database").expect("written");
    let error = DynamoDb::open(&TableStorage::File(file.clone())).err().expect("refused");
    assert!(matches!(error, DynamoDbOpenError::Damaged { .. }), "{error}");
    assert!(error.to_string().contains("tables.sqlite"), "{error}");
    assert_eq!(fs::read_to_string(&file).expect("readable"), "no database");
}

#[test]
fn a_table_whose_creation_was_interrupted_is_not_listed_and_can_be_created() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tables.sqlite");
    let storage = TableStorage::File(file.clone());
    drop(DynamoDb::open(&storage).expect("a new file"));
    // dynoxide lists a table in one transaction and creates it in the next one.
    let list = "INSERT INTO _tables (table_name, key_schema, attribute_definitions, created_at) \
                VALUES ('daymark-days', '[]', '[]', 0)";
    let connection = rusqlite::Connection::open(&file).expect("a database");
    assert_eq!(connection.execute(list, []), Ok(1));
    drop(connection);
    let mut dynamodb = DynamoDb::open(&storage).expect("opened");
    assert_eq!(dynamodb.table_names().expect("readable"), [""; 0]);
    assert_eq!(dynamodb.remove_incomplete().expect("writable"), ["daymark-days"]);
    drop(dynamodb);
    let mut dynamodb = DynamoDb::open(&storage).expect("opened again");
    assert_eq!(dynamodb.remove_incomplete().expect("writable"), [""; 0]);
}

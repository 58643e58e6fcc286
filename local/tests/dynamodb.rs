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

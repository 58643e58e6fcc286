//! Storage of the tables.

use std::fs;

use local::dynamodb::{DynamoDb, DynamoDbOpenError, TableStorage, check_tables, copy_tables};
use local::http::HttpServer;
use local::service::ServiceThread;

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

/// Serves the tables of a file until they are closed.
async fn serve_once(storage: &TableStorage) {
    let dynamodb = DynamoDb::open(storage).expect("opened");
    let server = HttpServer::bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let service = ServiceThread::start("dynamodb", |stop| dynamodb.serve(server, stop));
    service.expect("a thread").stop().await;
}

#[tokio::test]
async fn any_flipped_bit_of_closed_tables_is_refused_with_its_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tables.sqlite");
    let storage = TableStorage::File(file.clone());
    serve_once(&storage).await;
    let (sound, seal) = (fs::read(&file).expect("tables"), file.with_extension("seal"));
    assert!(seal.exists(), "closed tables are sealed");
    for at in (0..sound.len()).step_by(97) {
        let mut flipped = sound.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(&file, &flipped).expect("written");
        let found = DynamoDb::open(&storage).err().expect("refused").to_string();
        assert!(found.contains("from byte 0 to byte 1048575"), "{found}");
        assert!(check_tables(&file).is_err(), "byte {at}");
        assert_eq!(fs::read(&file).expect("tables"), flipped, "nothing was changed");
    }
    fs::write(&file, &sound).expect("written");
    check_tables(&file).expect("sound");
    drop(DynamoDb::open(&storage).expect("sound"));
    assert!(!seal.exists(), "open tables have no seal");
}

#[tokio::test]
async fn a_damaged_seal_says_nothing_about_its_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tables.sqlite");
    let storage = TableStorage::File(file.clone());
    serve_once(&storage).await;
    let seal = file.with_extension("seal");
    let sound = fs::read(&seal).expect("a seal");
    for at in 0..sound.len() {
        let mut flipped = sound.clone();
        flipped[at] ^= 1;
        fs::write(&seal, flipped).expect("written");
        check_tables(&file).expect("the tables are sound");
    }
}

#[test]
fn tables_are_copied_while_they_are_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, copy) = (folder.path().join("tables.sqlite"), folder.path().join("copy.sqlite"));
    let open = DynamoDb::open(&TableStorage::File(file.clone())).expect("opened");
    copy_tables(&file, &copy).expect("copied");
    check_tables(&copy).expect("sound");
    drop(open);
    assert!(copy_tables(&file, &copy).is_err(), "a file that exists is not replaced");
}

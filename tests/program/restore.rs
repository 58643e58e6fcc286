//! Restore drills of one machine: from a backup that was made while it ran, and of lost tables.

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::{
    ApiClient, Random, Tills, UpProcess, assert_sent_stored_once, daymark, event, ledger_of, now,
};

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// Returns receipts of one unit each.
fn receipts(name: &str, at: DateTime<Utc>) -> Vec<Value> {
    (0..300).map(|number| event("corner", &format!("{name}-{number}"), "rye", at)).collect()
}

fn send(up: &UpProcess, events: &[Value]) {
    assert_eq!(ApiClient::new(up).post_lines(events).stored(), events.len() as u64);
}

fn import_catalogue(up: &UpProcess, folder: &Path) {
    let store = json!({ "store_id": "corner", "zone": "UTC", "hours": "mon-sun 00:00-24:00" });
    let item = json!({ "sku": "rye", "price": "2.40", "currency": "EUR" });
    for entry in [store, item] {
        let file = folder.join("entry.json");
        fs::write(&file, entry.to_string()).expect("written");
        up.daymark(["catalog".as_ref(), "import".as_ref(), file.as_os_str()]).success();
    }
}

/// Asserts that the views are those that the stock log gives.
#[track_caller]
fn assert_views(up: &UpProcess, units: usize, at: DateTime<Utc>) {
    let units = units.to_string();
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", &units));
    up.daymark(["check", "--store", "corner", "--repair"]);
    let checked = up.daymark(["check", "--store", "corner"]).success();
    assert!(checked.contains("everything is as the log says"), "{checked}");
    let catalogue = up.daymark(["catalog", "list"]).success();
    assert!(catalogue.contains("corner"), "{catalogue}");
}

#[test]
fn a_backup_of_a_running_machine_has_every_event_acknowledged_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, copy) = (path(folder.path(), "data"), path(folder.path(), "copy"));
    let mut random = Random::by_seed("backup");
    let tills = Tills::open(&mut random);
    let up = UpProcess::start(&["--data", &data]);
    import_catalogue(&up, folder.path());
    let at = now();
    let events = receipts("before", at);
    send(&up, &events);
    tills.send_to(&up);
    tills.wait_for_answers(10);
    let told = daymark(["backup", &copy, "--data", &data]).success();
    assert!(told.contains(&format!("daymark up --data {copy}")), "{told}");
    up.kill();
    drop(tills.stop());
    let up = UpProcess::start(&["--data", &copy]);
    assert_sent_stored_once(&up, &ledger_of(&events));
    assert_views(&up, events.len(), at);
    assert_eq!(up.interrupt().code, Some(0));
    let checked = daymark(["check", "--data", &copy]).success();
    assert!(checked.contains("every file is as it was written"), "{checked}");
}

#[test]
fn lost_tables_come_back_from_a_backup_and_the_stream() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, copy) = (path(folder.path(), "data"), path(folder.path(), "copy"));
    let up = UpProcess::start(&["--data", &data]);
    import_catalogue(&up, folder.path());
    let at = now();
    let mut events = receipts("before", at);
    send(&up, &events);
    daymark(["backup", &copy, "--data", &data]).success();
    // Events after the backup are in the stream alone, once the tables are lost.
    let after = receipts("after", at);
    send(&up, &after);
    events.extend(after);
    up.kill();
    for part in ["dynamodb", "checkpoints"] {
        fs::remove_dir_all(Path::new(&data).join(part)).expect("lost");
        fs::rename(Path::new(&copy).join(part), Path::new(&data).join(part)).expect("put back");
    }
    let up = UpProcess::start(&["--data", &data]);
    assert_sent_stored_once(&up, &ledger_of(&events));
    assert_views(&up, events.len(), at);
}

#[test]
fn a_backup_replaces_nothing_and_names_what_is_no_data_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, copy) = (path(folder.path(), "data"), path(folder.path(), "copy"));
    let message = daymark(["backup", &copy, "--data", &data]).failure();
    assert!(message.contains(&data) && message.contains("no data folder"), "{message}");
    assert_eq!(UpProcess::start(&["--data", &data]).interrupt().code, Some(0));
    fs::create_dir(&copy).expect("a folder");
    let message = daymark(["backup", &copy, "--data", &data]).failure();
    assert!(message.contains(&copy) && message.contains("a new folder would pass"), "{message}");
}

#[test]
fn a_check_of_the_files_finds_what_a_start_does_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = path(folder.path(), "data");
    let up = UpProcess::start(&["--data", &data]);
    send(&up, &receipts("one", now()));
    let message = daymark(["check", "--data", &data]);
    assert_eq!(message.code, Some(1), "{}", message.out);
    assert!(message.out.contains("in use"), "{}", message.out);
    assert_eq!(up.interrupt().code, Some(0));
    daymark(["check", "--data", &data]).success();
    let tables = folder.path().join("data/dynamodb/tables.sqlite");
    let mut bytes = fs::read(&tables).expect("tables");
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&tables, bytes).expect("written");
    let found = daymark(["check", "--data", &data]);
    assert_eq!(found.code, Some(1), "{}", found.out);
    assert!(
        found.out.contains("tables.sqlite") && found.out.contains("from byte"),
        "{}",
        found.out
    );
}

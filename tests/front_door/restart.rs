//! What was acknowledged stays, exactly once, however the program ends.

use crate::support::{Up, Wire, event, now};

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    (folder, data)
}

#[test]
fn a_restart_after_ctrl_c_finds_everything_again() {
    let (_folder, data) = folder();
    let at = now();
    for round in 1..=3 {
        let up = Up::start(&["--data", &data]);
        let id = format!("round-{round}");
        assert_eq!(Wire::new(&up).post(&event("corner", &id, "rye", at)).stored(), 1);
        // At once: it may not be in the table yet.
        let ended = up.interrupt();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(ended.err.contains("stopped"), "{}", ended.err);
    }
    let up = Up::start(&["--data", &data]);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "3"));
}

#[test]
fn a_service_manager_can_stop_it_as_well() {
    let ended = Up::start(&["--memory"]).terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn in_memory_nothing_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = now();
    let up = Up::start_in(folder.path(), &["--memory"]);
    assert_eq!(Wire::new(&up).post(&event("corner", "one", "rye", at)).stored(), 1);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
    assert_eq!(up.interrupt().code, Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
    let up = Up::start_in(folder.path(), &["--memory"]);
    assert!(up.stock("corner", at.date_naive()).is_empty());
}

#[test]
fn without_a_word_the_data_is_in_a_folder_beside_the_caller() {
    let folder = tempfile::tempdir().expect("a folder");
    let up = Up::start_in(folder.path(), &[]);
    assert_eq!(up.interrupt().code, Some(0));
    assert!(folder.path().join("daymark-data").is_dir());
}

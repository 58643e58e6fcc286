//! Names that would steer a terminal, reorder a line, or be a formula in a spreadsheet.

use std::fs;

use serde_json::json;

use crate::support::UpProcess;

#[test]
fn a_name_is_a_text_in_every_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let up = UpProcess::start(&["--memory"]);
    let name = "=HYPERLINK(1)\u{202e}";
    let store = json!({ "store_id": "corner", "zone": "UTC", "hours": "mon-sun 06:00-22:00" });
    let item = json!({ "sku": "rye", "name": name, "price": "2.40", "currency": "EUR" });
    for entry in [store, item] {
        let file = folder.path().join("entry.json");
        fs::write(&file, entry.to_string()).expect("written");
        up.daymark(["catalog".as_ref(), "import".as_ref(), file.as_os_str()]).success();
    }
    let list = ["catalog", "list", "--store", "corner"];
    let shown = |format: &str| up.daymark(list.iter().chain(&["--format", format])).success();
    for (format, expected) in
        [("table", "=HYPERLINK(1)\\u202e"), ("csv", "\nrye,'=HYPERLINK(1)\\u202e,")]
    {
        let text = shown(format);
        assert!(text.contains(expected) && !text.contains('\u{202e}'), "{text}");
    }
    let rows: Vec<serde_json::Value> = serde_json::from_str(&shown("json")).expect("JSON");
    assert_eq!(rows[0]["name"], name, "JSON has the name itself");
}

#[test]
fn a_message_about_a_file_steers_no_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("items.json");
    fs::write(&file, "{\"sku\":\"\\u001b[2J\\u202e\",\"price\":\"1\"}").expect("written");
    let up = UpProcess::start(&["--memory"]);
    let ran = up.daymark(["catalog".as_ref(), "import".as_ref(), file.as_os_str()]);
    let text = format!("{}{}", ran.out, ran.err);
    assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text:?}");
}

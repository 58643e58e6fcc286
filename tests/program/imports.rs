//! `daymark send --csv` and `daymark imports`: exports that overlap, and imports that are undone.

use std::process::Command;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::support::{ApiClient, UpProcess, eventually};

const FLAGS: &str = "--csv --store corner --map occurred_at=time --map sku=item \
    --map quantity=qty --map unit_price=price --default currency=EUR";
const TEN: &str = "2026-03-12 10:00:00,rye,1,3.90";
const ELEVEN: &str = "2026-03-12 11:00:00,rye,1,3.90";
const TWELVE: &str = "2026-03-12 12:00:00,rye,1,3.90";
/// Dates around the events.
const DATES: [&str; 4] = ["--from", "2026-03-11", "--to", "2026-03-13"];

/// Program without an age limit, to which exports of a shop are sent.
struct Shop {
    up: UpProcess,
    folder: tempfile::TempDir,
}

impl Shop {
    fn open() -> Self {
        let up = UpProcess::start(&["--memory", "--any-age"]);
        Self { up, folder: tempfile::tempdir().expect("a folder") }
    }

    /// Sends an export with more flags, and returns the import id and the notes.
    fn send_with(&self, name: &str, header: &str, lines: &[&str], flags: &str) -> (String, String) {
        let path = self.folder.path().join(name);
        let text: String = [header].iter().chain(lines).map(|line| format!("{line}\n")).collect();
        std::fs::write(&path, text).expect("written");
        let path = path.display().to_string();
        let words = ["send", &path].into_iter().chain(FLAGS.split_whitespace());
        let ran = self.up.daymark(words.chain(flags.split_whitespace()));
        let (notes, out) = (ran.err.clone(), ran.success());
        let counts = format!("{} stored, 0 duplicate, 0 skipped, 0 refused\n", lines.len());
        assert_eq!(out, counts);
        let id = notes.lines().find_map(|line| line.strip_prefix("import ")?.split(';').next());
        (id.unwrap_or_default().to_owned(), notes)
    }

    /// Sends an export, waits until its events are stored, and returns the import id.
    fn send(&self, name: &str, lines: &[&str], sold: &str) -> String {
        let (import_id, _) = self.send_with(name, "time,item,qty,price", lines, "");
        self.wait(sold);
        import_id
    }

    fn date() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, 12).expect("a date")
    }

    fn sold(&self) -> String {
        let stock = self.up.stock("corner", Self::date());
        stock.get("rye").map_or_else(String::new, |row| row["sold"].clone())
    }

    /// Waits until everything that was acknowledged is processed, and compares the units sold.
    #[track_caller]
    fn wait(&self, sold: &str) {
        eventually("everything is processed", || {
            let stored = self.up.counter("daymark_ingest_events_total{outcome=\"stored\"}");
            let processed = ["written", "duplicate"].map(|outcome| {
                let name = format!("daymark_processor_events_total{{outcome=\"{outcome}\"}}");
                self.up.counter(&name)
            });
            let processed: u64 = processed.iter().sum();
            if processed >= stored { Ok(()) } else { Err(format!("{processed} of {stored}")) }
        });
        assert_eq!(self.sold(), sold);
    }

    /// Undoes an import, and returns the report.
    #[track_caller]
    fn undo(&self, import_id: &str) -> String {
        let words = ["imports", "undo", import_id, "--store", "corner"];
        self.up.daymark(words.into_iter().chain(DATES)).success()
    }
}

#[test]
fn exports_that_overlap_or_have_another_order_or_name_count_once() {
    let shop = Shop::open();
    let first = shop.send("sales.csv", &[TEN, TEN, ELEVEN], "3");
    assert!(first.starts_with("i-20"), "{first}");
    // Newest first, under the same name, and then the week under another one.
    shop.send("sales.csv", &[TWELVE, ELEVEN, TEN, TEN], "4");
    let week = "2026-03-11 09:00:00,rye,1,3.90";
    shop.send("week.csv", &[week, TEN, TEN, ELEVEN, TWELVE], "4");
    let (import_id, notes) = shop.send_with("again.csv", "time,item,qty,price", &[TWELVE, TEN], "");
    assert_eq!(import_id, "");
    assert!(notes.contains("2 lines were sent before; they count once\n"), "{notes}");
    assert!(notes.contains("brings nothing new"), "{notes}");
    shop.wait("4");
}

#[test]
fn an_import_is_undone_and_imported_again_twice_round() {
    let shop = Shop::open();
    for _ in 0..2 {
        let import_id = shop.send("sales.csv", &[TEN, TEN, ELEVEN], "3");
        let report = shop.undo(&import_id);
        let expected = "3 events voided, 0 voided before, 0 refused; \
                        from 2026-03-12T10:00:00.000Z to 2026-03-12T11:00:00.000Z\n";
        assert_eq!(report, format!("import {import_id}: {expected}"));
        // The command has waited for the tables.
        assert_eq!(shop.sold(), "0");
        let again = shop.undo(&import_id);
        assert!(again.contains("0 events voided, 3 voided before, 0 refused"), "{again}");
        shop.wait("0");
    }
    shop.send("sales.csv", &[ELEVEN, TEN, TEN], "3");
    shop.send("sales.csv", &[ELEVEN, TEN, TEN], "3");
}

#[test]
fn the_printed_command_undoes_the_import() {
    let shop = Shop::open();
    let header = "shop,time,item,qty,price";
    let lines = ["corner,2026-03-12 10:00:00,rye,1,3.90", "park,2026-03-13 10:00:00,rye,1,3.90"];
    let (import_id, notes) =
        shop.send_with("two.csv", header, &lines, "--map store_id=shop --import-id spring");
    assert_eq!(import_id, "spring");
    shop.wait("1");
    let command = notes.lines().find_map(|line| line.split_once("to undo it: daymark "));
    let words = command.expect("a command").1.split(' ');
    let report = shop.up.daymark(words).success();
    assert!(report.starts_with("import spring: 2 events voided,"), "{report}");
    assert_eq!(shop.sold(), "0");
}

#[test]
fn an_undo_voids_only_what_the_import_brought_first() {
    let shop = Shop::open();
    shop.send("monday.csv", &[TEN, ELEVEN], "2");
    let second = shop.send("week.csv", &[TEN, ELEVEN, TWELVE], "3");
    let list = |format: &[&str]| {
        let words = ["imports", "list", "--store", "corner"].into_iter().chain(DATES);
        shop.up.daymark(words.chain(format.iter().copied()))
    };
    let counts = |row: &std::collections::BTreeMap<String, String>| {
        [&row["events"], &row["voided"]].map(Clone::clone)
    };
    let rows = list(&["--format", "json"]).rows();
    assert_eq!(rows.iter().map(counts).collect::<Vec<_>>(), [["2", "0"], ["1", "0"]]);
    assert_eq!(rows[1]["import_id"], second);

    let words = ["imports", "undo", &second, "--store", "corner", "--dry-run"];
    let report = shop.up.daymark(words.into_iter().chain(DATES)).success();
    assert!(report.contains("1 events to void, 0 voided before"), "{report}");
    assert_eq!(shop.sold(), "3");
    shop.undo(&second);
    assert_eq!(shop.sold(), "2");
    let rows = list(&["--format", "json"]).rows();
    assert_eq!(rows.iter().map(counts).collect::<Vec<_>>(), [["2", "0"], ["1", "1"]]);
}

#[test]
fn an_event_that_a_till_sent_itself_belongs_to_no_import() {
    let shop = Shop::open();
    let import_id = shop.send("sales.csv", &[TEN, ELEVEN], "2");
    let words = ["imports", "undo", &import_id, "--store", "corner", "--print"];
    let printed = shop.up.daymark(words.into_iter().chain(DATES)).success();
    let corrections: Vec<Value> =
        printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(corrections.len(), 2);
    // The till knows the rule and sends ten o'clock itself.
    let ten = json!({
        "event_id": corrections[0]["corrects"], "kind": "sale", "store_id": "corner",
        "terminal_id": "csv", "sku": "rye", "quantity": "1", "unit_price": "3.90",
        "currency": "EUR", "occurred_at": "2026-03-12T10:00:00Z",
    });
    assert_eq!(ApiClient::new(&shop.up).post(&ten).stored(), 1);
    shop.wait("2");
    let report = shop.undo(&import_id);
    assert!(report.contains("1 events voided"), "{report}");
    assert_eq!(shop.sold(), "1");
}

#[test]
fn an_unknown_import_is_refused_with_the_known_ones() {
    let shop = Shop::open();
    let undo = |id: &str| {
        let words = ["imports", "undo", id, "--store", "corner"].into_iter();
        shop.up.daymark(words.chain(DATES)).failure()
    };
    let message = undo("spring");
    assert!(message.contains("no event of store corner, from 2026-03-11 to"), "{message}");
    assert!(message.contains("there is no import; --from and --to"), "{message}");
    let known = shop.send("sales.csv", &[TEN], "1");
    let message = undo("spring");
    assert!(message.contains(&format!("the last imports there are {known}")), "{message}");
    let ran = shop.up.daymark(["imports", "undo", "spring"]);
    assert!(ran.code == Some(2) && ran.err.contains("--store"), "{}", ran.err);
    let backwards = ["imports", "list", "--from", "2026-03-12", "--to", "2026-03-11"];
    let message = shop.up.daymark(backwards).failure();
    assert!(message.contains("2026-03-12 to 2026-03-11 are no dates"), "{message}");
}

#[test]
fn ids_of_the_file_count_once_and_are_refused_after_an_undo() {
    let shop = Shop::open();
    let header = "bon,time,item,qty,price";
    let line = format!("bon-7,{TEN}");
    let (import_id, _) = shop.send_with("a.csv", header, &[&line], "--map event_id=bon");
    shop.wait("1");
    shop.undo(&import_id);
    let path = shop.folder.path().join("a.csv").display().to_string();
    let words = ["send", &path, "--map", "event_id=bon"];
    let ran = shop.up.daymark(words.into_iter().chain(FLAGS.split_whitespace()));
    assert_eq!(ran.out, "0 stored, 0 duplicate, 0 skipped, 1 refused\n");
    let message = ran.failure();
    assert!(message.contains("event_id was voided when an import was undone"), "{message}");
    assert!(message.contains(": line 2 (bon-7)\n"), "{message}");
}

#[test]
fn receipt_line_amount_and_refunds_of_an_export_count_as_on_the_till() {
    let shop = Shop::open();
    let header = "bon,no,time,item,qty,price,paid";
    let lines = [
        "17,1,2026-03-12 10:00:00,rye,3,3.90,10.00",
        "17,2,2026-03-12 10:00:00,rye,3,3.90,10.00",
        "18,1,2026-03-12 10:00:00,rye,-1,3.90,-3.90",
    ];
    let flags = "--map receipt=bon --map line=no --map amount=paid";
    for order in [[0, 1, 2], [2, 0, 1]] {
        shop.send_with("bons.csv", header, &order.map(|place: usize| lines[place]), flags);
        shop.wait("6");
        let rye = &shop.up.stock("corner", Shop::date())["rye"];
        assert_eq!([&*rye["returned"], &*rye["revenue"]], ["1", "16.10"]);
    }
}

#[test]
fn a_field_that_no_event_has_is_refused_with_the_nearest_one() {
    let shop = Shop::open();
    for (flags, expected) in [
        (["--map", "recipt=bon"], "recipt is no field of a till line; did you mean receipt?"),
        (["--map", "import_id=bon"], "--import-id names the import"),
        (["--default", "event_id=1"], "an event id belongs to one line"),
    ] {
        let ran = shop.up.daymark(["send", "-", "--csv"].into_iter().chain(flags));
        assert!(ran.code == Some(2) && ran.err.contains(expected), "{}", ran.err);
    }
    let ran = shop.up.daymark(["send", "-", "--import-id", "spring"]);
    assert!(ran.code == Some(2) && ran.err.contains("--csv"), "{}", ran.err);
}

#[test]
fn an_import_without_tables_says_where_they_are_expected() {
    let shop = Shop::open();
    let words = ["send", "-", "--dynamodb-url", "http://127.0.0.1:1"].into_iter();
    let text = format!("time,item,qty,price\n{TEN}\n");
    let ran = shop.up.daymark_with_input(&text, words.chain(FLAGS.split_whitespace()));
    let message = ran.failure();
    assert!(message.contains("DynamoDB does not answer at http://127.0.0.1:1"), "{message}");
}

#[test]
fn the_reference_of_the_rule_equals_the_test_vectors() {
    let root = env!("CARGO_MANIFEST_DIR");
    let page = std::fs::read_to_string(format!("{root}/docs/event-ids.md")).expect("the page");
    let code = page.split_once("```python\n").and_then(|(_, rest)| rest.split_once("```"));
    let check = "\
import json, sys
for vector in json.load(open(sys.argv[1]))['events']:
    print(event_id(vector['event'], vector['number'], vector['generation']))
";
    let program = format!("{}\n{check}", code.expect("the code").0);
    let vectors = format!("{root}/docs/event-ids.json");
    let ran = Command::new("python3").args(["-c", &program, &vectors]).output();
    let ran = ran.expect("python3, which ./check needs");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let text = std::fs::read_to_string(&vectors).expect("the vectors");
    let vectors: Value = serde_json::from_str(&text).expect("JSON");
    let expected = vectors["events"].as_array().expect("vectors").iter();
    let expected: Vec<&str> = expected.filter_map(|one| one["event_id"].as_str()).collect();
    let printed = String::from_utf8(ran.stdout).expect("text");
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
    assert!(expected.len() > 20);
}

#[test]
fn an_import_is_shown_by_date_and_kind_with_its_state() {
    let shop = Shop::open();
    let refund = "2026-03-12 12:00:00,rye,-1,3.90";
    let import_id = shop.send("sales.csv", &[TEN, ELEVEN, refund], "2");
    let show = || {
        let words = ["imports", "show", &import_id, "--store", "corner", "--format", "csv"];
        shop.up.daymark(words.into_iter().chain(DATES))
    };
    let ran = show();
    assert!(ran.err.contains("3 events, 0 voided: counts"), "{}", ran.err);
    let rows = ran.success();
    assert!(rows.contains("corner,2026-03-12,sale,2,0,2,0,0,0,7.80,EUR,,counts\n"), "{rows}");
    assert!(rows.contains("corner,2026-03-12,return,1,0,0,1,0,0,-3.90,EUR,,counts\n"), "{rows}");
    shop.undo(&import_id);
    let rows = show().success();
    assert!(rows.contains("corner,2026-03-12,sale,2,2,0,0,0,0,,,,undone\n"), "{rows}");
    let words = ["imports", "show", "i-none", "--store", "corner"];
    let message = shop.up.daymark(words.into_iter().chain(DATES)).failure();
    assert!(message.contains("belongs to import i-none"), "{message}");
}

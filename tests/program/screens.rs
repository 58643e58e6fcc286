//! Screens of the commands in terminals of 60, 80 and 120 columns, compared with the files in
//! `tests/program/screens/`. `DAYMARK_TEST_WRITE_SCREENS=1` writes them again; review the change as
//! a person who reads the screen.

use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{ClientsTable, OffersTable, QuarantineTable};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::{Arm, Authority, Grant, Inputs, Money, Offer, Outlook, Trust, Version};
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::support::{ApiClient, UpProcess, command, env_number, event, run, sale};
use crate::up::clients;

const WIDTHS: [usize; 3] = [60, 80, 120];
const STORE: &str = "athens-monastiraki-01";
const LONG: &str = "sourdough-rye-wholegrain-1000g-sliced";
const SHORT: &str = "bun-6";
const FIRST: &str = "2026-03-12";
const LAST: &str = "2026-03-13";

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

/// Runs a command in a terminal of each width, and compares the screens with their files.
#[track_caller]
pub(crate) fn assert_screens(name: &str, screen: impl Fn() -> Command) {
    assert_screens_of(name, 0, screen);
}

/// Does the same for a command with another exit code.
#[track_caller]
fn assert_screens_of(name: &str, code: i32, screen: impl Fn() -> Command) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/screens");
    for width in WIDTHS {
        let output = screen().env("COLUMNS", width.to_string()).output().expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("text");
        let notes = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{notes}");
        for line in text.lines() {
            // A word, such as an id that is copied, is never broken.
            let fits = line.width() <= width || !line.trim().contains(' ');
            assert!(fits, "{name} at {width} has {}: {line}", line.width());
        }
        let file = folder.join(format!("{name}-{width}.txt"));
        if env_number("DAYMARK_TEST_WRITE_SCREENS").is_some() {
            fs::create_dir_all(&folder).expect("a folder");
            fs::write(&file, &text).expect("written");
        }
        let expected = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(text, expected, "{} differs at {width} columns:\n{text}", file.display());
    }
}

/// Asserts that every value of the JSON form without a space is whole in the table. A list of
/// objects may be wrapped between them.
#[track_caller]
fn assert_whole(up: &UpProcess, words: &[&str], columns: &[&str]) {
    let rows = up.daymark(words.iter().chain(&["--format", "json"])).rows();
    assert!(!rows.is_empty(), "{words:?}");
    for width in WIDTHS {
        let mut table = on(up, words);
        let output = table.env("COLUMNS", width.to_string()).output().expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("text");
        for value in rows.iter().flat_map(|row| columns.iter().map(|column| &row[*column])) {
            for part in value.replace("},{", "}, {").split(' ') {
                assert!(text.contains(part), "{part} is not whole at {width}:\n{text}");
            }
        }
    }
}

/// Returns a command on the tables of a program.
pub(crate) fn on(up: &UpProcess, words: &[&str]) -> Command {
    let mut command = command(words);
    command.env("DAYMARK_DYNAMODB_URL", &up.dynamodb);
    command
}

fn catalogue() -> [(&'static str, String); 2] {
    let store = json!({
        "store_id": STORE, "name": "Φούρνος «Η Αθηνά», Πλατεία Μοναστηρακίου 12",
        "zone": "Europe/Athens", "hours": "mon-fri 06:30-20:00, sat 07:00-15:00",
        "policy": { "experiment": { "salt": "spring", "control_percent": 50 } },
    });
    let other = json!({
        "store_id": "osaka-1", "name": "大阪の小さなパン屋さん・梅田駅前店", "zone": "Asia/Tokyo",
        "hours": "mon-sun 07:00-21:00",
    });
    let item = |sku: &str, name: &str, category: &str, price: &str| {
        json!({ "store_id": STORE, "sku": sku, "name": name, "category": category, "price": price,
            "cost": "1.05", "floor": "1.50", "shelf_life_days": 1 })
    };
    let items = [
        item(LONG, "Προζυμένιο ψωμί σίκαλης ολικής άλεσης, 1 κιλό, σε φέτες", "bread", "4.20"),
        item(SHORT, "全粒粉のやわらかい丸パン六個入り", "buns and rolls", "123456.78"),
    ];
    let lines = |entries: &[Value]| entries.iter().map(|entry| format!("{entry}\n")).collect();
    [("stores.ndjson", lines(&[store, other])), ("items.ndjson", lines(&items))]
}

fn events() -> Vec<Value> {
    let mut events = Vec::new();
    for (day, date) in [FIRST, LAST].into_iter().enumerate() {
        for (sku, price, quantity) in [(LONG, "4.20", 48), (SHORT, "123456.78", 6)] {
            let id = |what: &str| format!("{what}-{sku}-{day}");
            let mut receipt = event(STORE, &id("r"), sku, at(&format!("{date}T05:00:00Z")));
            receipt["quantity"] = json!(quantity);
            let mut sold = sale(STORE, &id("s"), sku, price, at(&format!("{date}T14:02:00Z")));
            sold["quantity"] = json!(quantity / 2);
            let mut waste = event(STORE, &id("w"), sku, at(&format!("{date}T17:30:00Z")));
            waste["kind"] = json!("waste");
            events.extend([receipt, sold, waste]);
        }
    }
    let mut count = event(STORE, "count", LONG, at(&format!("{LAST}T15:30:00Z")));
    count["kind"] = json!("count");
    count["quantity"] = json!(23);
    events.push(count);
    for number in [1, 2, 5, 6, 9, 14, 15, 23, 24, 40] {
        let mut numbered =
            event(STORE, &format!("n-{number}"), "counted", at(&format!("{LAST}T09:00:00Z")));
        numbered["terminal_id"] = json!("till-by-the-door-3");
        numbered["sequence"] = json!({ "epoch": "boot-2026-03-13T06", "number": number });
        let import = if number < 20 { "i-20260313T201500123Z-0a1b2c3d" } else { "spring" };
        numbered["import_id"] = json!(import);
        events.push(numbered);
    }
    events
}

fn offer(sku: &str, price: &str, reason: &str) -> Offer {
    let money =
        |text: &str| Money::parse_price(text, "EUR".parse().expect("a code")).expect("a price");
    Offer {
        offer_id: format!("{LAST}/{STORE}/{sku}/1").parse().expect("an id"),
        slot: at("2026-03-13T13:15:00Z"),
        valid_from: at("2026-03-13T13:15:20Z"),
        valid_until: at("2026-03-13T18:00:00Z"),
        regular_price: money("123456.78"),
        was_price: money("123456.78"),
        lowest_price: None,
        price: money(price),
        discount_percent: 30,
        on_hand: "24".parse().expect("a number"),
        portion: "1".parse().expect("a number"),
        expected: Outlook::default(),
        if_unchanged: Outlook::default(),
        reason: reason.to_owned(),
        arm: Arm::Policy,
        trust: Trust::Full,
        shadow: false,
        policy_version: Version::of(b"rules"),
        inputs: Inputs { request: "{}".to_owned(), answer: "{}".to_owned() },
    }
}

/// Stores rows that no command writes with a fixed time.
fn store_rows(up: &UpProcess) {
    let tables = aws::Tables::new(clients(up).dynamodb, &aws::ResourceNames::default());
    let english = "24 left at 15:15; at 4.20 EUR about 9 would sell until closing at 20:00, at \
                   2.94 EUR about 21, which brings 13.84 EUR more";
    let greek =
        "Απομένουν 24 στις 15:15· στην τιμή 86419.75 EUR πωλούνται περίπου 21 έως τις 20:00";
    let stores = (1..=9).map(|number| format!("store-{number:04}").parse().expect("an id"));
    let grants = [
        Grant::new(
            "6qr3f8c2k1m0v9b7n5x4z2a1s8".parse().expect("an id"),
            Authority::Stores(stores.collect()),
            at("2026-03-12T10:00:00Z"),
        ),
        Grant::new(
            "9fk2".parse().expect("an id"),
            Authority::everything(),
            at("2026-03-12T10:00:00Z"),
        ),
    ];
    let date: NaiveDate = LAST.parse().expect("a date");
    let key = "shardId-000000000001#49591795391405223958402938475602938475610293847561029385#0000";
    let refused = Quarantined {
        id: QuarantineId { date, key: key.to_owned() },
        reason: QuarantineReason::InvalidEvent,
        message: "line 3: unit_price \"4,20 €\" is not a decimal number; expected digits with a \
                  point, like 4.20 (in the event of 大阪の小さなパン屋さん)"
            .to_owned(),
        at: at("2026-03-13T09:00:00Z"),
        bytes: b"{}".to_vec(),
    };
    run(async {
        for (sku, price, reason) in [(LONG, "2.94", english), (SHORT, "86419.75", greek)] {
            tables.publish_offer(&offer(sku, price, reason)).await.expect("stored");
        }
        for grant in grants {
            tables.put_grant(&grant.expect("it fits a token")).await.expect("stored");
        }
        tables.put_quarantined(&refused).await.expect("stored");
    });
}

#[test]
fn screens_of_the_tables_fit_60_80_and_120_columns() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in catalogue() {
        let path = folder.path().join(name).display().to_string();
        fs::write(&path, text).expect("written");
        up.daymark(["catalog", "import", &path]).success();
    }
    let events = events();
    assert_eq!(ApiClient::new(&up).post_lines(&events).stored(), events.len() as u64);
    let last: NaiveDate = LAST.parse().expect("a date");
    up.wait_for(STORE, last, "counted", ("received", "10"));
    up.wait_for(STORE, last, LONG, ("wasted", "1"));
    up.wait_for(STORE, last, SHORT, ("wasted", "1"));
    let dates = ["--store", STORE, "--from", FIRST, "--to", LAST];
    up.daymark(["days", "--close"].iter().chain(&dates)).success();
    store_rows(&up);

    let day = ["--store", STORE, "--date", LAST];
    let stock: Vec<&str> = ["stock"].into_iter().chain(day).collect();
    let windows: Vec<&str> = ["stock", "--windows"].into_iter().chain(day).collect();
    let offers: Vec<&str> = ["offers"].into_iter().chain(day).collect();
    let days: Vec<&str> = ["days"].into_iter().chain(dates).collect();
    let gaps: Vec<&str> = ["gaps"].into_iter().chain(day).collect();
    let imports: Vec<&str> = ["imports", "list"].into_iter().chain(dates).collect();
    let quarantine: &[&str] = &["quarantine", "list", "--from", LAST, "--to", LAST];
    let commands: [(&str, &[&str], &[&str]); 11] = [
        ("stock", &stock, &["sku", "on_hand", "sold", "wasted", "revenue", "counted"]),
        ("stock-windows", &windows, &["sku", "window", "revenue", "sold"]),
        ("offers", &offers, &["sku", "price", "currency", "on_hand", "reason"]),
        ("days", &days, &["business_date", "sku", "sold", "closing", "revenue"]),
        ("gaps", &gaps, &["terminal_id", "epoch", "missing", "missing_numbers"]),
        ("imports", &imports, &["import_id", "store_id", "events", "voided"]),
        ("history", &["history", "--store", STORE], &["sku"]),
        ("catalog-stores", &["catalog", "list"], &["store_id", "name", "zone", "hours"]),
        ("catalog-items", &["catalog", "list", "--store", STORE], &["sku", "name", "price"]),
        ("quarantine", quarantine, &["id", "reason", "at", "bytes"]),
        ("clients", &["clients", "list"], &["client_id", "granted_at"]),
    ];
    for (name, words, columns) in commands {
        assert_whole(&up, words, columns);
        assert_screens(name, || on(&up, words));
    }
    assert_screens("effect", || on(&up, &["effect", "--from", FIRST, "--to", LAST]));
    // Its offers were not decided, and one of its rows was changed.
    let check = ["check", "--store", STORE, "--date", LAST];
    assert_screens_of("check", 1, || on(&up, &check));
}

#[test]
fn screens_of_the_catalogue_fit_60_80_and_120_columns() {
    let up = UpProcess::start(&["--memory"]);
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in catalogue() {
        let path = folder.path().join(name).display().to_string();
        fs::write(&path, text).expect("written");
        up.daymark(["catalog", "import", &path]).success();
    }
    let rule = json!([{ "at": "16:00", "discount_percent": 30 },
        { "at": "18:15", "discount_percent": 50 }]);
    let rule = json!({ "store_id": STORE, "policy": { "experiment": { "rule": rule } } });
    let path = folder.path().join("rule.ndjson");
    fs::write(&path, rule.to_string()).expect("written");
    up.daymark(["catalog", "import", &path.display().to_string()]).success();
    let item = [LONG, "--store", STORE];
    let shown: [(&str, &[&str]); 3] = [
        ("catalog-show-store", &[STORE]),
        ("catalog-show-item", &item),
        ("catalog-show-chain", &["chain"]),
    ];
    for (name, target) in shown {
        let words = [&["catalog", "show"], target].concat();
        assert_whole(&up, &words, &["rule", "value", "source"]);
        assert_screens(name, || on(&up, &words));
    }
    let changed = json!({ "store_id": STORE, "sku": LONG, "cost": "1.15",
        "name": "全粒粉のやわらかい丸パン六個入り、スライス済み、冷蔵保存してください" });
    let new = json!({ "store_id": STORE, "sku": "sourdough-rye-wholegrain-500g-sliced",
        "name": "Προζυμένιο ψωμί", "price": "2.20", "cost": "0.55" });
    let hours = json!({ "store_id": STORE,
        "hours": "mon-fri 06:30-20:00, sat 07:00-15:00, sun 07:00-12:00" });
    let path = folder.path().join("changed.ndjson");
    fs::write(&path, format!("{changed}\n{new}\n{hours}\n")).expect("written");
    let import = ["catalog", "import", "--check", &path.display().to_string()];
    assert_screens("catalog-import", || on(&up, &import));
    let removed: [(&str, &[&str]); 2] =
        [("catalog-remove-store", &[STORE]), ("catalog-remove-item", &item)];
    for (name, target) in removed {
        let words = [&["catalog", "remove", "--check"], target].concat();
        assert_screens(name, || on(&up, &words));
    }
    assert_screens("catalog-export", || {
        // An export replaces no file.
        let _ = fs::remove_dir_all(folder.path().join("files"));
        let mut export = on(&up, &["catalog", "export", "files"]);
        export.current_dir(folder.path());
        export
    });
}

#[test]
fn screens_without_tables_fit_60_80_and_120_columns() {
    assert_screens("cost", || command(["cost"]));
    assert_screens("simulate-pricing-list", || command(["simulate-pricing", "--list"]));
    assert_screens("simulate-pricing", || {
        command([
            "simulate-pricing",
            "--world=plain",
            "--days=4",
            "--training-days=8",
            "--policies=none,ours",
        ])
    });
}

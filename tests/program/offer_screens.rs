//! Screens of prices and offers, decided by the real pricing at a fixed instant, for goods sold by
//! piece, weight and volume with Greek and Chinese names.

use domain::ports::OffersTable;
use domain::slot_of;
use pricing::Pricing;
use serde_json::{Value, json};

use crate::screens::{assert_screens, at, on};
use crate::support::{ApiClient, UpProcess, event, run, sale};
use crate::up::clients;

const STORE: &str = "athens-monastiraki-01";
const DATE: &str = "2026-03-13";
const BREAD: &str = "sourdough-rye-wholegrain-1000g-sliced";
/// Slot in which the offers are made: 16:15 in Athens.
const SLOT: &str = "2026-03-13T14:15:00Z";

fn catalogue() -> Vec<Value> {
    let item = |sku: &str, name: &str, price: &str, floor: &str| {
        json!({ "store_id": STORE, "sku": sku, "name": name, "category": "fresh", "price": price,
            "floor": floor })
    };
    vec![
        json!({
            "store_id": STORE, "name": "Φούρνος «Η Αθηνά», Πλατεία Μοναστηρακίου 12",
            "zone": "Europe/Athens", "hours": "mon-sun 06:30-20:00",
        }),
        item(BREAD, "Προζυμένιο ψωμί σίκαλης ολικής άλεσης, 1 κιλό, σε φέτες", "4.20", "1.50"),
        item("feta-1", "Φέτα Π.Ο.Π. βαρελίσια από αιγοπρόβειο γάλα", "19.53", "8.00"),
        item("soy-milk", "全粒粉のやわらかい豆乳・量り売り", "3.60", "3.60"),
        item("bun-6", "全粒粉のやわらかい丸パン六個入り", "2.90", "1.00"),
    ]
}

fn events() -> Vec<Value> {
    let mut events = Vec::new();
    for (sku, unit, price, received, sold) in [
        (BREAD, "EA", "4.20", "48", "9"),
        ("feta-1", "KGM", "19.53", "9.189", "1.105"),
        ("soy-milk", "LTR", "3.60", "14.5", "2.25"),
        ("bun-6", "EA", "2.90", "1", "1"),
    ] {
        let mut receipt = event(STORE, &format!("r-{sku}"), sku, at("2026-03-13T05:00:00Z"));
        let mut sale = sale(STORE, &format!("s-{sku}"), sku, price, at("2026-03-13T13:02:00Z"));
        (receipt["unit"], receipt["quantity"]) = (json!(unit), json!(received));
        (sale["unit"], sale["quantity"]) = (json!(unit), json!(sold));
        events.extend([receipt, sale]);
    }
    events
}

#[test]
fn screens_of_prices_and_offers_fit_60_80_and_120_columns() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("catalogue.ndjson").display().to_string();
    let lines: String = catalogue().iter().map(|entry| format!("{entry}\n")).collect();
    std::fs::write(&path, lines).expect("written");
    up.daymark(["catalog", "import", &path]).success();
    let events = events();
    assert_eq!(ApiClient::new(&up).post_lines(&events).stored(), events.len() as u64);
    let date = DATE.parse().expect("a date");
    for (sku, left) in [(BREAD, "39"), ("feta-1", "8.084"), ("soy-milk", "12.25"), ("bun-6", "0")] {
        up.wait_for(STORE, date, sku, ("on_hand", left));
    }
    let price = |at: &'static str| ["price", "--store", STORE, "--dry-run", "--at", at];
    assert_screens("price", || on(&up, &price(SLOT)));

    let tables = aws::Tables::new(clients(&up).dynamodb, &aws::ResourceNames::default());
    let pricing = Pricing { tables: tables.clone() };
    let store_id = STORE.parse().expect("an id");
    let slot = slot_of(at(SLOT));
    let report = run(pricing.price_store(&store_id, slot, slot)).expect("a pass");
    assert_eq!(report.published.len(), 2, "{report:?}");
    assert_screens("price-decided", || on(&up, &price(SLOT)));
    for offer in run(tables.query_offers(&store_id, date)).expect("offers") {
        let id = offer.offer_id.to_string();
        let kind = if offer.offer_id.sku.as_str() == BREAD { "piece" } else { "weight" };
        let name = format!("offers-explain-{kind}");
        let explain = ["offers", "explain", &id];
        assert_screens(&name, || {
            let mut command = on(&up, &explain);
            command.env("LC_ALL", "C.UTF-8");
            command
        });
    }
    assert_screens("offers-decided", || on(&up, &["offers", "--store", STORE, "--date", DATE]));
}

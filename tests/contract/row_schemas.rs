//! Schemas of rows: their members are the columns of the tables, in their order, with their types
//! and meanings.

use analytics::table::{Column, ColumnType, columns};
use analytics::tables::{catalog, days, offer_outcomes, offers, sales_by_slot, stock};
use reader::{effect, lowest_price};

use crate::document::{contract, ordered};

/// Returns each schema with the columns of its rows.
fn tables() -> Vec<(&'static str, Vec<Column>)> {
    vec![
        ("StoreRow", columns(catalog::STORES)),
        ("StockRow", columns(reader::stock::FIELDS)),
        ("StockWindowRow", columns(stock::FIELDS)),
        ("OfferRow", columns(offers::FIELDS)),
        ("OfferOutcomeRow", columns(offer_outcomes::FIELDS)),
        ("DayRow", columns(days::FIELDS)),
        ("SalesRow", columns(sales_by_slot::FIELDS)),
        ("LowestPriceRow", columns(lowest_price::FIELDS)),
        ("EffectRow", columns(effect::ARM_FIELDS)),
        ("EffectStepRow", columns(effect::STEP_FIELDS)),
    ]
}

/// Members of `EffectRow` that name the group, in answers with `by`.
const GROUPS: [&str; 2] = ["category", "store_id"];

/// Returns type and format of a column.
fn type_of(kind: ColumnType) -> (&'static str, Option<&'static str>) {
    match kind {
        ColumnType::Text | ColumnType::Amount => ("string", None),
        ColumnType::Date => ("string", Some("date")),
        ColumnType::Instant | ColumnType::LocalTime => ("string", Some("date-time")),
        ColumnType::Integer => ("integer", None),
        ColumnType::Quantity | ColumnType::Share => ("number", None),
        ColumnType::Truth => ("boolean", None),
    }
}

#[test]
fn each_row_has_the_columns_of_its_table() {
    for (name, columns) in tables() {
        let path = ["components", "schemas", name, "properties"];
        let node = path.iter().try_fold(ordered(), |node, name| node.get(name)).expect(name);
        let is_group = |member: &str| name == "EffectRow" && GROUPS.contains(&member);
        let members = node.members().iter().map(|(member, _)| member.as_str());
        let members: Vec<&str> = members.filter(|member| !is_group(member)).collect();
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        assert_eq!(members, names, "members of {name}");
        let schema = &contract()["components"]["schemas"][name];
        let required = schema["required"].as_array().expect("names");
        let required: Vec<&str> = required.iter().filter_map(|name| name.as_str()).collect();
        assert_eq!(required, names, "required of {name}");
        for column in columns {
            let member = &schema["properties"][column.name];
            let place = format!("{name}.{}", column.name);
            assert_eq!(member["description"], column.meaning, "{place}");
            let found = (member["type"].as_str().expect("a type"), member["format"].as_str());
            assert_eq!(found, type_of(column.kind), "{place}");
            assert_eq!(member["pattern"].is_string(), column.kind == ColumnType::Amount, "{place}");
        }
    }
}

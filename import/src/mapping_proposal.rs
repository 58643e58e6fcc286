//! Proposal of a mapping from the header and the first rows of a till export.

use chrono::{Datelike, NaiveDateTime};
use domain::excerpt;

use crate::csv_rows::Lines;
use crate::delimiter::Delimiter;
use crate::till_lines::{folded, has_known_form};

/// Number of rows that are looked at.
const ROWS_LOOKED_AT: usize = 200;
/// Number of lines in which the header is looked for.
const HEADER_LINES_MAX: usize = 30;
/// Least number of columns with a known name that make a header.
const KNOWN_COLUMNS_MIN: usize = 2;

/// Fields with the names that tills give their columns, in lower case, the surest first.
const FIELDS: [(&str, &[&str]); 13] = [
    (
        "sku",
        &[
            "sku",
            "plu",
            "item code",
            "product code",
            "artikelnummer",
            "item",
            "item name",
            "product",
            "product name",
            "artikel",
            "article",
            "producto",
            "商品名",
            "상품명",
        ],
    ),
    ("quantity", &["quantity", "qty", "menge", "anzahl", "pieces", "cantidad", "数量", "수량"]),
    ("unit_price", &["unit price", "price", "einzelpreis", "preis", "precio", "単価", "단가"]),
    (
        "amount",
        &[
            "gross sales",
            "line total",
            "amount",
            "total",
            "net sales",
            "betrag",
            "umsatz",
            "importe",
            "montant",
            "金額",
            "금액",
        ],
    ),
    ("discount", &["discount", "discounts", "rabatt", "descuento", "remise"]),
    ("kind", &["event type", "transaction type", "type", "vorgang", "kind"]),
    ("store_id", &["store id", "store", "shop", "location", "branch", "outlet", "filiale"]),
    ("terminal_id", &["till", "terminal", "register", "device name", "kasse", "pos"]),
    ("receipt", &["receipt", "receipt number", "transaction id", "order id", "bon"]),
    ("payment", &["payment method", "payment type", "tender", "payment", "zahlart"]),
    ("zone", &["time zone", "timezone", "tz"]),
    ("currency", &["currency", "währung", "cur"]),
    ("unit", &["unit", "einheit", "uom"]),
];
/// Names of columns with a date and a time of day.
const INSTANTS: &[&str] = &[
    "occurred at",
    "occurred_at",
    "datetime",
    "date time",
    "date/time",
    "timestamp",
    "created at",
    "created_at",
    "at",
];
const DATES: &[&str] = &["date", "business date", "datum", "fecha", "日付", "날짜"];
const TIMES: &[&str] = &["time", "uhrzeit", "zeit", "hora", "heure", "時刻", "시간"];
/// Names of columns with a tax.
const TAXES: &[&str] = &["tax", "vat", "mwst", "ust", "iva", "tva"];
/// Names of amounts after discounts.
const NET_AMOUNTS: [&str; 2] = ["net sales", "line total"];
/// Smallest year of a time: a year of two digits is none of four.
const YEAR_MIN: i32 = 1000;
/// Formats that are tried where a time has no form of one meaning.
const FORMATS: [&str; 12] = [
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%y %I:%M:%S %p",
    "%m/%d/%y %I:%M %p",
    "%d.%m.%y %H:%M",
    "%d.%m.%y %H:%M:%S",
    "%d/%m/%y %H:%M",
    "%m/%d/%y %H:%M",
];

/// Header of a file with its first rows.
struct Sample {
    /// Names of the columns.
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// Returns a mapping file with its reasons as comments. Only names of columns that are known and
/// forms that all of the first rows have are proposed; what needs a decision is a comment.
///
/// ```
/// use import::propose_mapping;
///
/// let text = "Datum;Artikel;Menge;Betrag\n20.11.26 10:00;Käse;1;3,90\n";
/// let mapping = propose_mapping(text)?;
/// assert!(mapping.contains("\ntime_format = \"%d.%m.%y %H:%M\""), "{mapping}");
/// assert!(mapping.contains("\nsku = \"Artikel\""), "{mapping}");
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// Returns an error if no line has known names of columns.
pub fn propose_mapping(text: &str) -> Result<String, String> {
    let sample = Sample::find(text).ok_or_else(|| {
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        format!(
            "no line has names of columns that are known; --map names them; the first line is {}",
            excerpt(first)
        )
    })?;
    let mut keys =
        vec!["# proposed from the names of the columns; check it with --dry-run".to_owned()];
    let mut map = Vec::new();
    match sample.time() {
        Some((columns, times)) => {
            keys.extend(time_keys(&times));
            map.push(entry("occurred_at", &columns));
        }
        None => keys.push("# no column with a time is known: occurred_at needs one".to_owned()),
    }
    let mut found = Vec::new();
    for (field, names) in FIELDS {
        let Some(column) = sample.column(names, field == "sku") else { continue };
        found.push(field);
        let name = folded(&sample.names[column]);
        if field == "discount" && sample.has_net_amount() {
            map.push(format!("# {name:?} is left out: the amount is the one after discounts"));
            found.pop();
            continue;
        }
        map.push(entry(field, &sample.names[column]));
    }
    if let Some(column) = sample.column(TAXES, false) {
        keys.push(format!(
            "# tax has the column {name:?}: add tax = \"added\" or \"included\", and tax = \
             {name:?} below",
            name = sample.names[column]
        ));
    }
    for (field, advice) in [
        ("sku", "sku needs a column, which is never empty"),
        ("store_id", "store = \"STORE\" names the store, or --store"),
        ("quantity", "a line without a quantity is one unit"),
        ("currency", "[default] currency = \"EUR\" names the currency, unless the amounts show it"),
    ] {
        if !found.contains(&field) {
            keys.push(format!("# {advice}"));
        }
    }
    if !found.contains(&"unit_price") && !found.contains(&"amount") {
        keys.push(
            "# no column with a price or an amount is known: map one, or give a default".into(),
        );
    }
    keys.push("\n[map]".to_owned());
    Ok(keys.into_iter().chain(map).collect::<Vec<_>>().join("\n") + "\n")
}

fn entry(field: &str, columns: &str) -> String {
    format!("{field} = {}", serde_json::Value::from(columns))
}

/// Returns the keys for times, with the reason.
fn time_keys(times: &[String]) -> Vec<String> {
    if times.iter().all(|time| has_known_form(time)) {
        return vec![
            "# times have a form with one meaning, so time_format is not needed".to_owned(),
        ];
    }
    let fits = |format: &&&str| {
        times.iter().all(|time| {
            let read = NaiveDateTime::parse_from_str(time, format);
            read.is_ok_and(|time| time.year() >= YEAR_MIN)
        })
    };
    let shown = times.first().map_or("", String::as_str);
    match FORMATS.iter().filter(fits).collect::<Vec<_>>()[..] {
        [format] => vec![
            format!("# all of the first {} times fit this format only", times.len()),
            format!("time_format = {format:?}"),
        ],
        [] => vec![format!("# no known format fits {shown:?}: time_format names it")],
        ref several => vec![format!(
            "# undecided, because {shown:?} may be {}: time_format says which",
            several.iter().map(|format| format!("{format:?}")).collect::<Vec<_>>().join(" or ")
        )],
    }
}

impl Sample {
    /// Finds the line with the most known names, with the delimiter that gives them.
    fn find(text: &str) -> Option<Self> {
        let mut best: Option<(usize, Self)> = None;
        for delimiter in Delimiter::ALL {
            let mut lines = Lines::of(text);
            for _ in 0..HEADER_LINES_MAX {
                let Some((_, cells)) = lines.next_header(delimiter) else { break };
                let Ok(cells) = cells else { continue };
                let names: Vec<String> = cells.iter().map(|cell| cell.trim().to_owned()).collect();
                let sample = Self { names, rows: Vec::new() };
                let known = sample.known();
                if known < KNOWN_COLUMNS_MIN
                    || best.as_ref().is_some_and(|(most, _)| *most >= known)
                {
                    continue;
                }
                let rows = lines.clone().rows(delimiter, sample.names.len());
                let rows = rows.filter_map(|(_, row)| row.ok()).take(ROWS_LOOKED_AT);
                let text = |row: Vec<_>| {
                    row.iter()
                        .map(|cell: &std::borrow::Cow<'_, str>| cell.trim().to_owned())
                        .collect()
                };
                best = Some((known, Self { rows: rows.map(text).collect(), ..sample }));
            }
        }
        best.map(|(_, sample)| sample)
    }

    /// Returns the number of columns with a known name.
    fn known(&self) -> usize {
        let is_known = |name: &&String| {
            let name = folded(name);
            let of_field = FIELDS.iter().any(|(_, names)| names.contains(&&*name));
            of_field || [INSTANTS, DATES, TIMES, TAXES].iter().any(|names| names.contains(&&*name))
        };
        self.names.iter().filter(is_known).count()
    }

    /// Returns the column with the surest of the names: one that is never empty, or else one that
    /// is not always empty.
    fn column(&self, names: &[&str], is_required: bool) -> Option<usize> {
        let place = |name: &&str| self.names.iter().position(|known| folded(known) == **name);
        let mut places = names.iter().filter_map(place);
        places.find(|place| {
            let mut cells = self.rows.iter().map(|row| row[*place].is_empty());
            if is_required { !cells.any(|empty| empty) } else { !cells.all(|empty| empty) }
        })
    }

    /// `true` if the amount has a name of amounts after discounts.
    fn has_net_amount(&self) -> bool {
        let amounts = FIELDS.iter().find(|(field, _)| *field == "amount").map(|(_, names)| *names);
        let column = self.column(amounts.unwrap_or_default(), false);
        column.is_some_and(|column| NET_AMOUNTS.contains(&&*folded(&self.names[column])))
    }

    /// Returns the columns of the time as a mapping names them, and its texts.
    fn time(&self) -> Option<(String, Vec<String>)> {
        let texts = |places: &[usize]| {
            let text = |row: &Vec<String>| {
                let parts: Vec<&str> = places.iter().map(|place| &*row[*place]).collect();
                parts.join(" ").trim().to_owned()
            };
            self.rows.iter().map(text).filter(|text| !text.is_empty()).collect()
        };
        if let Some(place) = self.column(INSTANTS, true) {
            return Some((self.names[place].clone(), texts(&[place])));
        }
        match (self.column(DATES, true), self.column(TIMES, true)) {
            (Some(date), Some(time)) => {
                let columns = format!("{}+{}", self.names[date], self.names[time]);
                Some((columns, texts(&[date, time])))
            }
            (Some(place), None) | (None, Some(place)) => {
                Some((self.names[place].clone(), texts(&[place])))
            }
            (None, None) => None,
        }
    }
}

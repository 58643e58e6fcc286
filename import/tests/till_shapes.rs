//! Shapes of till exports: delimiters, decimal signs, currencies, headers and names.

mod exports;

use exports::{TILL, read, read_file, values};
use import::TillLine;

/// Returns a field of each line, or the rule that refuses the line.
fn cells(flags: &str, text: &str, field: &str) -> Vec<String> {
    let cell = |line| match line {
        TillLine::Event { event, .. } => {
            let json: serde_json::Value =
                serde_json::from_str(&event.event().canonical()).expect("JSON");
            json[field].as_str().unwrap_or_default().to_owned()
        }
        TillLine::Invalid { problem, .. } => problem.rule,
        other => panic!("{other:?}"),
    };
    read(&format!("--store corner {flags}"), text).into_iter().map(cell).collect()
}

#[test]
fn the_delimiter_is_the_one_that_gives_the_columns_and_is_told() {
    for (delimiter, told) in [(';', "semicolons"), ('\t', "tabs"), ('|', "bars")] {
        let text = "Datum;Artikel;Menge;Preis\n20.11.2026 10:00;Rye, dark;1,5;3,90\n";
        let text = text.replace(';', &delimiter.to_string());
        let flags = "--store corner --map occurred_at=Datum --map sku=Artikel --map quantity=Menge \
                     --map unit_price=Preis --default currency=EUR --default unit=KGM";
        assert_eq!(values(flags, &text, "quantity"), ["1.5"]);
        assert_eq!(values(flags, &text, "unit_price"), ["3.90"]);
        let notes = read_file(flags, &text).expect("a file").notes;
        assert_eq!(notes[0], format!("{told} separate the columns"));
        let given = format!("{flags} --delimiter '{delimiter}'");
        assert_eq!(read_file(&given, &text).expect("a file").notes.len(), notes.len() - 1);
    }
}

#[test]
fn columns_are_found_without_regard_to_case_and_blanks_below_the_title_of_a_report() {
    let text = "sep=,\nSales by item\nCorner,2026\n\n\
                \u{20}Date , TIME,\"Item\u{a0}name\",Qty+Wt,Net = Gross\n\
                2026-03-12,10:00:00,rye,2,3.90\n";
    let flags = "--store corner --map 'occurred_at=date+Time' --map 'sku=item name' \
                 --map quantity=qty+wt --map 'amount=net = gross' --default currency=EUR \
                 --skip 'net = gross=0'";
    let file = read_file(flags, text).expect("a file");
    let [TillLine::Event { number: 6, event }] = &file.lines[..] else { panic!("{file:?}") };
    assert_eq!(event.event().occurred_at().to_rfc3339(), "2026-03-12T10:00:00+00:00");
    assert_eq!(file.notes[0], "the header is on line 5; the lines above it are left out");
    assert_eq!(file.notes.last().expect("a note"), "--skip \"net = gross=0\" meets no line");
    let twice = read_file("--map sku=ITEM", "Item,item\na,b\n").unwrap_err();
    assert_eq!(twice, "the file has more than one column \"ITEM\"; keep one");
    let unknown = read_file("--map sku=Itm", "Item,Qty\na,1\n").unwrap_err();
    assert_eq!(unknown, "the file has no column \"Itm\"; it has Item, Qty; did you mean \"Item\"?");
}

#[test]
fn amounts_are_read_as_back_offices_print_them() {
    let flags =
        "--map occurred_at=t --map sku=i --map quantity=q --map amount=a --default currency=USD";
    let row = |quantity: &str, amount: &str| {
        format!("2026-03-12 10:00:00,rye,\"{quantity}\",\"{amount}\"\n")
    };
    let text = |rows: &[String]| format!("t,i,q,a\n{}", rows.concat());
    let lines = [row("1", "$3.50"), row("1", "1,250.00"), row("-1", "($3.50)"), row("2", "USD 7")];
    assert_eq!(cells(flags, &text(&lines), "amount"), ["3.50", "1250.00", "3.50", "7.00"]);
    // A code or a sign of another currency is no amount of the line.
    let lines = [row("1", "3.50 €")];
    assert_eq!(
        cells(flags, &text(&lines), "amount"),
        ["amounts are in EUR, and the currency of the line is USD; --default currency=EUR or a \
          column for currency names it"]
    );
    let without = flags.replace(" --default currency=USD", "");
    assert_eq!(cells(&without, &text(&lines), "currency"), ["EUR"]);
    let shared = [row("1", "$3.50")];
    assert_eq!(cells(&without, &text(&shared), "currency"), ["currency is required"]);
    let euro = format!("--store corner {}", flags.replace("USD", "EUR"));
    let notes = read_file(&euro, &text(&shared)).expect("a file").notes;
    assert!(
        notes.contains(&"amounts have the sign $, and are read as EUR".to_owned()),
        "{notes:?}"
    );
}

#[test]
fn a_column_has_one_decimal_sign_and_an_open_number_needs_a_flag() {
    let flags =
        "--map occurred_at=t --map sku=i --map quantity=q --map amount=a --default currency=EUR";
    let text = |rows: &[(&str, &str)]| {
        let row = |(q, a): &(&str, &str)| format!("2026-03-12 10:00:00;rye;{q};{a}\n");
        format!("t;i;q;a\n{}", rows.iter().map(row).collect::<String>())
    };
    let open = text(&[("1.250", "3")]);
    let told = cells(flags, &open, "quantity");
    assert!(
        told[0].starts_with("quantity (column q) has one separator and three digits"),
        "{told:?}"
    );
    assert_eq!(cells(&format!("{flags} --decimal point"), &open, "quantity"), ["1.25"]);
    assert_eq!(cells(&format!("{flags} --decimal comma"), &open, "quantity"), ["1250"]);
    // Another number of the column tells.
    let shown = text(&[("1.250", "3"), ("0.384", "1.250"), ("1", "4,90")]);
    assert_eq!(cells(flags, &shown, "quantity"), ["1.25", "0.384", "1"]);
    assert_eq!(cells(flags, &shown, "amount"), ["3.00", "1250.00", "4.90"]);
    let both =
        read_file(&format!("--store corner {flags}"), &text(&[("1", "3,90"), ("1", "4.90")]));
    assert!(both.unwrap_err().starts_with("column \"a\" has a decimal point on line 3, 4.90, and"));
    let flags = format!("{flags} --decimal comma");
    let lines = cells(&flags, &text(&[("1", "3,90"), ("1", "4.90")]), "amount");
    assert!(lines[0] == "3.90" && lines[1].contains("no number with a decimal comma"), "{lines:?}");
}

#[test]
fn names_in_any_script_are_items_of_their_own_and_are_told() {
    let names = ["소금빵", "단팥빵", "Bäcker", "Böcker", "Hot chocolate", "Hot-chocolate"];
    let rows: String =
        names.iter().map(|name| format!("2026-03-12 10:00:00,{name},1,3.90\n")).collect();
    let flags = format!("{TILL} --store 'Main Street'");
    let file = read_file(&flags, &format!("time,item,qty,paid\n{rows}")).expect("a file");
    let sku = |line: &TillLine| match line {
        TillLine::Event { event, .. } => event.event().sku().to_string(),
        other => panic!("{other:?}"),
    };
    let skus: std::collections::BTreeSet<String> = file.lines.iter().map(sku).collect();
    assert_eq!(skus.len(), names.len());
    let told: Vec<&str> = file.names.keys().map(String::as_str).collect();
    assert_eq!(told, ["Bäcker", "Böcker", "Hot chocolate", "Main Street", "단팥빵", "소금빵"]);
}

#[test]
fn words_of_the_till_become_values_and_a_rule_without_a_line_is_told() {
    let flags = format!(
        "{TILL} --store corner --map kind=type --value 'kind:Gutschrift=return' \
         --value kind:x=waste --skip 'TYPE= void '"
    );
    let text = "type,time,item,qty,paid\n GUTSCHRIFT ,2026-03-12 10:00:00,rye,1,3.90\n\
                REFUNDED,2026-03-12 10:00:00,rye,1,-3.90\nVoid,2026-03-12 10:00:00,rye,1,3.90\n\
                Payment,2026-03-12 10:00:00,rye,1,3.90\n";
    let file = read_file(&flags, text).expect("a file");
    let picture = |line: &TillLine| match line {
        TillLine::Event { event, .. } => format!("{:?}", event.event().action().kind()),
        TillLine::Skipped { reason, .. } => reason.clone(),
        TillLine::Invalid { problem, .. } => problem.rule.clone(),
        TillLine::Json { .. } => panic!("a row"),
    };
    let lines: Vec<String> = file.lines.iter().map(picture).collect();
    assert_eq!(lines[..3], ["Return", "Return", "TYPE is void"]);
    assert!(
        lines[3].ends_with(
            "--value \"kind:CELL=KIND\" gives a word of the till a kind, and \
                                --skip COLUMN=VALUE leaves its lines out"
        ),
        "{}",
        lines[3]
    );
    assert_eq!(file.notes.last().expect("a note"), "--value \"kind:x=waste\" meets no line");
}

//! A mapping as a file: kept, shown, and used again.

use clap::Parser;
use import::{StoreZones, TillMapping, propose_mapping};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    mapping: TillMapping,
}

fn flags(words: &[&str]) -> TillMapping {
    Arguments::parse_from(["send"].iter().chain(words)).mapping
}

const FLAGS: &[&str] = &[
    "--csv",
    "--store",
    "ulm",
    "--zone",
    "Europe/Berlin",
    "--time-format",
    "%d.%m.%y %H:%M",
    "--time-of-day",
    "12:00",
    "--tax",
    "included",
    "--decimal",
    "comma",
    "--delimiter",
    ";",
    "--encoding",
    "latin1",
    "--skip",
    "Artikel=Summe",
    "--map",
    "sku=Artikel",
    "--map",
    "tax=MwSt",
    "--map",
    "occurred_at=Datum+Zeit",
    "--default",
    "currency=EUR",
    "--value",
    "kind:Gutschrift=return",
];

#[test]
fn the_shown_mapping_is_a_file_that_means_the_same() {
    let shown = flags(FLAGS).to_toml();
    assert_eq!(
        shown,
        "store = \"ulm\"\nzone = \"Europe/Berlin\"\ntime_format = \"%d.%m.%y %H:%M\"\n\
         time_of_day = \"12:00\"\ntax = \"included\"\ndecimal = \"comma\"\ndelimiter = \";\"\n\
         encoding = \"windows-1252\"\nskip = [\"Artikel=Summe\"]\n\n[map]\n\
         occurred_at = \"Datum+Zeit\"\nsku = \"Artikel\"\ntax = \"MwSt\"\n\n[default]\n\
         currency = \"EUR\"\n\n[value.kind]\nGutschrift = \"return\"\n"
    );
    let again = flags(&[]).with_file(&shown).expect("a mapping");
    assert!(again.is_csv());
    assert_eq!(again.to_toml(), shown);
}

#[test]
fn a_flag_counts_before_a_key_of_the_file() {
    let file = flags(FLAGS).to_toml();
    let more = ["--csv", "--store", "bonn", "--map", "sku=PLU", "--value", "kind:Storno=return"];
    let shown = flags(&more).with_file(&file).expect("a mapping").to_toml();
    for expected in
        ["store = \"bonn\"", "sku = \"PLU\"", "Gutschrift = \"return\"", "Storno = \"return\""]
    {
        assert!(shown.contains(expected), "{shown}");
    }
    assert!(!shown.contains("sku = \"Artikel\""), "{shown}");
}

#[test]
fn a_wrong_key_or_value_is_refused_with_the_rule_of_its_flag() {
    for (file, told) in [
        ("zone = \"Mars\"", "invalid value 'Mars' for '--zone <ZONE>'"),
        ("[map]\nquantty = \"Item\"", "quantty is no field of a till line; did you mean quantity?"),
        ("decimal = \"dot\"", "invalid value 'dot' for '--decimal <SIGN>'"),
        ("colums = 1", "unknown field `colums`"),
        ("zone = ", "string values must be quoted"),
    ] {
        let message = flags(&[]).with_file(file).expect_err(file);
        assert!(message.contains(told) && !message.contains('\n'), "{message}");
    }
    let twice = flags(&["--csv", "--map", "sku=a", "--map", "sku=b"]);
    let message = twice.read("a,b\n1,2\n", &StoreZones::default()).unwrap_err();
    assert_eq!(message, "--map sku is given twice; keep one");
}

#[test]
fn a_proposal_decides_only_what_all_rows_show() {
    let propose = |times: [&str; 2]| {
        let rows = times.map(|time| format!("{time},,Rye,1,3.90,0.20\n")).concat();
        propose_mapping(&format!("Report\nDate,Time,Item,Qty,Net Sales,Discounts\n{rows}"))
    };
    let mapping = propose(["03/04/26 3:00 PM", "03/14/26 3:00 PM"]).expect("a proposal");
    assert!(mapping.contains("\ntime_format = \"%m/%d/%y %I:%M %p\"\n"), "{mapping}");
    assert!(mapping.contains("\n# \"discounts\" is left out: the amount is the one after"));
    assert!(mapping.contains("\noccurred_at = \"Date\"\n"), "{mapping}");
    let mapping = propose(["03/04/2026 15:00", "04/04/2026 15:00"]).expect("a proposal");
    let told = "# undecided, because \"03/04/2026 15:00\" may be \"%d/%m/%Y %H:%M\" or";
    assert!(mapping.contains(told) && !mapping.contains("\ntime_format"), "{mapping}");
    let message = propose_mapping("a,b\n1,2\n").unwrap_err();
    assert!(message.ends_with("the first line is a,b"), "{message}");
}

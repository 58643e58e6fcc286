//! Lines of till exports as events: fields, ids and lines that are refused.

mod exports;

use exports::{TILL, read, values};
use import::TillLine;

/// Export of a bakery with the price as a default.
const BAKERY: &str = "--store edinburgh --zone Europe/London --map occurred_at=Date+Time \
    --map sku=Item --skip Item=NONE --default unit_price=2.50 --default currency=GBP";

/// Returns the ids of an export of one till.
fn ids(lines: &str) -> Vec<String> {
    values(&format!("{TILL} --store corner"), &format!("time,item,qty,paid\n{lines}"), "event_id")
}

#[test]
fn lines_become_events_and_invalid_lines_are_reported_by_their_number() {
    let text = "Date,Time,Transaction,Item\n\
                2016-10-30,09:58:11,1,Bread\n\
                2016-10-29,09:58:11,2,Hot chocolate\n\
                2016-10-30,10:00:00,3,NONE\n\
                2016-13-30,10:00:00,4,Bread\n\
                2017-03-26,01:30:00,5,Bread\n\
                too,few\n\
                -2016-10-30,10:00:00,6,Bread\n\
                1999-10-30,10:00:00,7,Bread\n\
                2016-10-30,10:00:00,8,\n";
    let picture = |line| match line {
        TillLine::Json { number, .. } => panic!("line {number} of a CSV file is no JSON"),
        TillLine::Event { number, event } => {
            format!("{number} {} {}", event.event().sku(), event.event().occurred_at())
        }
        TillLine::Skipped { number, reason } => format!("{number} skipped: {reason}"),
        TillLine::Invalid { number, problem } => {
            format!("{number} {} [{}]", problem.rule, problem.given.unwrap_or_default())
        }
    };
    let lines: Vec<String> = read(BAKERY, text).into_iter().map(picture).collect();
    assert_eq!(
        lines,
        [
            "2 Bread 2016-10-30 09:58:11 UTC",
            "3 Hot-chocolate-7430e3e10ea0 2016-10-29 08:58:11 UTC",
            "4 skipped: Item is NONE",
            "5 occurred_at (column Date+Time) is not a time like 2026-03-12 15:15:00; \
             --time-format names another form, like \"%d.%m.%y %H:%M\" [2016-13-30 10:00:00]",
            "6 occurred_at (column Date+Time) is in an hour that Europe/London left out \
             [2017-03-26 01:30:00]",
            "7 not a CSV line: it has 2 columns, and the header 4 []",
            "8 occurred_at (column Date+Time) is not a time like 2026-03-12 15:15:00; \
             --time-format names another form, like \"%d.%m.%y %H:%M\" [-2016-10-30 10:00:00]",
            "9 occurred_at (column Date+Time) is before 2000-01-01T00:00:00Z; check the till's \
             clock [1999-10-30 10:00:00]",
            "10 sku (column Item) is required []",
        ]
    );
}

#[test]
fn an_id_depends_on_neither_the_place_in_the_file_nor_the_lines_around() {
    let alone = ids("2026-03-12 10:00:00,rye,1,3.90\n");
    let among = ids("2026-03-12 11:00:00,rye,1,3.90\n\n2026-03-12 10:00:00,rye,1.0,3.9\n");
    assert_eq!(alone[0], among[1]);
    assert_ne!(among[0], among[1]);
}

#[test]
fn equal_lines_have_ids_of_their_own_and_so_have_equal_lines_in_the_repeated_hour_of_autumn() {
    let equal = ids("2026-03-12 10:00:00,rye,1,3.90\n2026-03-12 10:00:00,rye,1,3.90\n");
    assert_ne!(equal[0], equal[1]);
    // On 2026-10-25 the hour after two o'clock comes twice in Berlin.
    let fold = "time,item,qty,paid\n2026-10-25 02:30:00,rye,1,3.90\n\
                2026-10-25 03:30:00,rye,1,3.90\n2026-10-25 02:30:00,rye,1,3.90\n";
    let flags = format!("{TILL} --store corner --zone Europe/Berlin");
    let ids = values(&flags, fold, "event_id");
    assert!(ids[0] != ids[2] && ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
    let instants = values(&flags, fold, "occurred_at");
    assert_eq!(instants[0], "2026-10-25T00:30:00.000Z");
    assert_eq!(instants[0], instants[2]);
}

#[test]
fn a_column_of_ids_wins_and_a_line_without_one_gets_a_derived_id() {
    let flags = format!("{TILL} --store corner --map event_id=id");
    let text = "id,time,item,qty,paid\nbon 7/1,2026-03-12 10:00:00,rye,1,3.90\n\
                ,2026-03-12 10:00:00,rye,1,3.90\n";
    let named = values(&flags, text, "event_id");
    assert_eq!(named, ["bon-7-1-4751ab49d464", &ids("2026-03-12 10:00:00,rye,1,3.90\n")[0]]);
}

#[test]
fn receipt_line_and_transfer_are_read_and_part_of_the_event() {
    let flags = format!("{TILL} --store corner --map receipt=bon --map line=no");
    let text = "bon,no,time,item,qty,paid\nR/17,1,2026-03-12 10:00:00,rye,1,3.90\n\
                R/17,2,2026-03-12 10:00:00,rye,1,3.90\n";
    assert_eq!(values(&flags, text, "receipt"), ["R-17-d33e41ec573e", "R-17-d33e41ec573e"]);
    assert_eq!(values(&flags, text, "line"), ["1", "2"]);
    let reversed = "bon,no,time,item,qty,paid\nR/17,2,2026-03-12 10:00:00,rye,1,3.90\n\
                    R/17,1,2026-03-12 10:00:00,rye,1,3.90\n";
    let mut ids = values(&flags, text, "event_id");
    ids.reverse();
    assert_eq!(values(&flags, reversed, "event_id"), ids);

    let flags = "--store corner --map occurred_at=time --map sku=item --map quantity=qty \
                 --default kind=transfer_out --map transfer_id=note";
    let text = "time,item,qty,note\n2026-03-12 10:00:00,rye,4,LS 12\n";
    assert_eq!(values(flags, text, "transfer_id"), ["LS-12-f25ff765b712"]);
}

#[test]
fn refunds_are_returns_however_the_till_writes_them() {
    let flags = format!("{TILL} --store corner --map kind=type");
    let text = "type,time,item,qty,paid\n\
                Sale,2026-03-12 10:00:00,rye,2,7.80\n\
                Sale,2026-03-12 10:05:00,rye,-1,-3.90\n\
                Refund,2026-03-12 10:05:00,rye,1,3.90\n\
                Refund,2026-03-12 10:05:00,rye,-1,3.90\n";
    assert_eq!(values(&flags, text, "kind"), ["sale", "return", "return", "return"]);
    assert_eq!(values(&flags, text, "quantity"), ["2", "1", "1", "1"]);
    assert_eq!(values(&flags, text, "amount"), ["7.80", "3.90", "3.90", "3.90"]);

    let text = "type,time,item,qty,paid\n\
                Waste,2026-03-12 10:05:00,rye,-1,\n\
                Sale,2026-03-12 10:05:00,rye,1,-3.90\n\
                Sale,2026-03-12 10:05:00,rye,-0,0\n";
    let message = |line| match line {
        TillLine::Invalid { problem, .. } => problem.rule,
        other => panic!("{other:?}"),
    };
    let messages: Vec<String> = read(&flags, text).into_iter().map(message).collect();
    assert_eq!(
        messages,
        [
            "quantity (column qty) is outside 0 to 1000000",
            "amount (column paid) is outside 0 to 1000000000 (an amount in EUR)",
            "quantity (column qty) is a negative zero; write 0",
        ]
    );
}

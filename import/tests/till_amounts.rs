//! Amounts of till lines: discounts beside the price, and tax that the prices do not contain.

mod exports;

use exports::{read_file, values};
use import::TillLine;

const FLAGS: &str = "--store corner --map occurred_at=time --map sku=item --map quantity=qty \
    --map unit_price=price --map discount=off --default currency=EUR";

#[test]
fn a_discount_beside_the_price_is_taken_off_the_line_and_the_label_keeps_its_price() {
    let text = "time,item,qty,price,off\n2026-03-12 10:00:00,bun,3,2.00,1.00\n\
                2026-03-12 10:00:00,bun,3,2.00,-1.00\n2026-03-12 10:00:00,bun,1,2.00,\n\
                2026-03-12 10:00:00,bun,1,2.00,-0.00\n2026-03-12 10:00:00,bun,-3,2.00,1.00\n\
                2026-03-12 10:00:00,ham,0.384,12.90,0.50\n2026-03-12 10:00:00,bun,1,2.00,2.00\n";
    assert_eq!(
        values(FLAGS, text, "amount"),
        ["5.00", "5.00", "null", "2.00", "5.00", "4.45", "0.00"]
    );
    assert_eq!(values(FLAGS, text, "unit_price")[..2], ["2.00", "2.00"]);
    assert_eq!(values(FLAGS, text, "kind")[4], "return");
    let text = "time,item,qty,price,off\n2026-03-12 10:00:00,bun,1,2.00,2.01\n\
                2026-03-12 10:00:00,bun,1,2.00,half\n";
    let file = read_file(FLAGS, text).expect("a file");
    let rule = |line: &TillLine| match line {
        TillLine::Invalid { problem, .. } => problem.rule.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        file.lines.iter().map(rule).collect::<Vec<_>>(),
        [
            "discount 2.01 is above the amount 2.00",
            "discount (column off) is not a number; write it like 0.50",
        ]
    );
}

#[test]
fn tax_is_added_or_included_as_a_flag_says_and_never_without_it() {
    let flags = "--store corner --map occurred_at=time --map sku=item --map quantity=qty \
                 --map unit_price=price --map amount=net --map tax=vat --default currency=EUR";
    let text = "time,item,qty,price,net,vat\n2026-03-12 10:00:00,bun,2,2.00,4.00,0.28\n\
                2026-03-12 10:00:00,tea,1,2.00,2.00,0.38\n2026-03-12 10:00:00,bun,-1,2.00,-2.00,-0.14\n\
                2026-03-12 10:00:00,book,1,5.00,5.00,\n";
    let message = read_file(flags, text).unwrap_err();
    assert!(
        message.starts_with("tax has a column, and the amounts may contain the tax"),
        "{message}"
    );
    let added = format!("{flags} --tax added");
    assert_eq!(values(&added, text, "amount"), ["4.28", "2.38", "2.14", "5.00"]);
    assert_eq!(values(&added, text, "unit_price"), ["2.14", "2.38", "2.14", "5.00"]);
    let notes = read_file(&added, text).expect("a file").notes;
    assert_eq!(notes.last().expect("a note"), "1 lines have no tax to add");
    let included = format!("{flags} --tax included");
    assert_eq!(values(&included, text, "amount"), ["4.00", "2.00", "2.00", "5.00"]);
    let message = read_file("--map sku=item --tax added", text).unwrap_err();
    assert_eq!(message, "--tax needs a column for tax: --map tax=COLUMN");
}

//! Guard of the hot parts: the allocations of each are those of `benches/allocations.toml`.
//!
//! Allocations depend neither on the machine nor on its load, so the test never flakes. It has one
//! function, because the counts are those of all threads of the process.
//!
//! `cargo test --test allocations` compares, and with `DAYMARK_TEST_WRITE_ALLOCATIONS=1` it writes
//! the file.

mod allocations_file;
mod input;
mod null_ports;
mod parts;

use std::alloc::System;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::{env, fs};

use alloc_tracker::{Allocator, Session};

use crate::allocations_file::Allocations;
use crate::parts::HotPart;

#[global_allocator]
static ALLOCATOR: Allocator<System> = Allocator::system();

/// Largest difference from a number in the file, in both directions.
const MARGIN: f64 = 0.05;

const WRITE: &str = "DAYMARK_TEST_WRITE_ALLOCATIONS=1 cargo test --test allocations";

#[test]
fn each_hot_part_allocates_as_often_as_the_file_says() {
    let measured: Vec<(&str, Allocations)> =
        parts::all().iter_mut().map(|part| (part.name, measure(part))).collect();
    if env::var_os("DAYMARK_TEST_WRITE_ALLOCATIONS").is_some() {
        fs::write(allocations_file::path(), text(&measured)).expect("written");
    }
    let differences = differences(&measured, &allocations_file::read());
    assert!(
        differences.is_empty(),
        "\n{}\n\n\
         If the change is intended, write benches/allocations.toml again:\n\n    \
         {WRITE}\n\n\
         The commit has to give the reason for each higher number.\n\
         A lower number belongs in the file too: it is the new limit.\n",
        differences.join("\n")
    );
}

/// Measures a run. The one before it fills what is kept, such as buffers of a thread.
fn measure(part: &mut HotPart) -> Allocations {
    (part.run)();
    let session = Session::new().no_stdout().no_file();
    let operation = session.operation(part.name);
    let span = operation.measure_process().iterations(1);
    (part.run)();
    drop(span);
    let report = session.to_report();
    let (_, counts) = report.operations().next().expect("one operation");
    let units = part.units as f64;
    // The digits of the file: those behind them may differ from run to run, because a thread that
    // waits may allocate.
    let allocations = counts.total_allocations_count() as f64 / units;
    Allocations {
        unit: part.unit.to_owned(),
        allocations: (allocations * 1e3).round() / 1e3,
        bytes: (counts.total_bytes_allocated() as f64 / units).round(),
    }
}

/// Returns the text of the file.
fn text(measured: &[(&str, Allocations)]) -> String {
    let mut text = format!(
        "# Allocations of the hot parts, and the bytes of these, for each event or record.\n\
         # `cargo test --test allocations` compares them with the program. To write them:\n\
         # {WRITE}\n\
         # The commit that changes a number gives the reason.\n\n"
    );
    for (name, Allocations { unit, allocations, bytes }) in measured {
        let row = format!(r#"unit = "{unit}", allocations = {allocations}, bytes = {bytes}"#);
        writeln!(text, "{name} = {{ {row} }}").expect("a text");
    }
    text
}

/// Returns a line for each number that differs from the file.
fn differences(
    measured: &[(&str, Allocations)],
    file: &BTreeMap<String, Allocations>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, new) in measured {
        let Some(old) = file.get(*name) else {
            lines.push(format!("{name} is not in the file"));
            continue;
        };
        let numbers =
            [("allocations", old.allocations, new.allocations), ("bytes", old.bytes, new.bytes)];
        for (word, old, now) in numbers {
            let more = now - old;
            if more.abs() > old * MARGIN {
                let (unit, percent) = (&new.unit, more / old * 100.0);
                lines.push(format!(
                    "{name}: {old} {word} for each {unit} in the file, now {now} ({percent:+.1} %)"
                ));
            }
        }
    }
    let is_measured = |name: &&String| measured.iter().any(|(part, _)| part == name);
    let unknown = file.keys().filter(|name| !is_measured(name));
    lines.extend(unknown.map(|name| format!("{name} is in the file and no part")));
    lines
}

//! Processor time of each hot part of ingest, of the stock processor and of a replay.
//!
//! `cargo bench --bench hot_parts` prints the allocations of each part as committed, then its time
//! and the events or records in a second. `cargo test --test allocations` checks the allocations.

mod allocations_file;
mod input;
mod null_ports;
mod parts;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use crate::parts::HotPart;

#[expect(clippy::print_stdout, reason = "the allocations are a result")]
fn benches(criterion: &mut Criterion) {
    let allocations = allocations_file::read();
    let mut group = criterion.benchmark_group("hot_parts");
    for HotPart { name, unit, units, mut run } in parts::all() {
        let counts = &allocations[name];
        assert_eq!(counts.unit, unit, "unit of {name} in benches/allocations.toml");
        // Printed by the first call, which a filter of the command line may prevent.
        let mut line = Some(format!(
            "\n{name}: {} allocations and {} bytes for each {unit}",
            counts.allocations, counts.bytes
        ));
        group.throughput(Throughput::Elements(units));
        group.bench_function(name, |bencher| {
            if let Some(line) = line.take() {
                println!("{line}");
            }
            bencher.iter(&mut run);
        });
    }
    group.finish();
}

criterion_group!(all, benches);
criterion_main!(all);

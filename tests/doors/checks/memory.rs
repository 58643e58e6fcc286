//! What a door may allocate.

use peak_alloc::PeakAlloc;

/// Counts what Rust code allocates. What zstd allocates in C is bounded by its window.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Does `work` and fails when more than `bytes_max` were held at once beside what was held before.
#[track_caller]
pub(super) fn within<T>(bytes_max: usize, work: impl FnOnce() -> T) -> T {
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    let done = work();
    let held = ALLOCATED.peak_usage().saturating_sub(before);
    assert!(held <= bytes_max, "{held} bytes were held at once; at most {bytes_max} are allowed");
    done
}

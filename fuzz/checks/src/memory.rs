//! Limit of the memory that a reader may allocate.

use peak_alloc::PeakAlloc;

/// Counts the allocations of Rust code. The allocations of zstd, in C, are bounded by its window.
#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Runs `work`. Panics if `work` holds more than `bytes_max` bytes at once.
#[track_caller]
pub(crate) fn within<T>(bytes_max: usize, work: impl FnOnce() -> T) -> T {
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();
    let result = work();
    let held = ALLOCATED.peak_usage().saturating_sub(before);
    assert!(held <= bytes_max, "{held} bytes were held at once; at most {bytes_max} are allowed");
    result
}

//! Fuzzes one door; see `tests/doors/checks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| doors_fuzz::knock("decide", data));

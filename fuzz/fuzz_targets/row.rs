//! Fuzzes `untrusted_input::check_row`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| untrusted_input::check_row(data));

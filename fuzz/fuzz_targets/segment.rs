//! Fuzzes `untrusted_input::check_segment`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| untrusted_input::check_segment(data));

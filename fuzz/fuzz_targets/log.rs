#![no_main]

#[path = "../../tests/sync/garbage.rs"]
#[allow(dead_code)]
mod garbage;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    garbage::log(bytes);
});

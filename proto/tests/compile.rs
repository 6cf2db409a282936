//! What an author gets to read who makes a mistake. After a change of a text, run with
//! `TRYBUILD=overwrite` and read what has changed.

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/compile/state/*.rs");
    cases.compile_fail("tests/compile/message/*.rs");
}

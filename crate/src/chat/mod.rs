//! Conversations: their messages, their import from other programs, their language, and their division into windows.

pub mod conversation;
pub mod dialogue;
pub mod import;
pub mod language;
pub mod windows;

/// Returns settings for property tests: `cases` cases, the same in every run.
#[cfg(test)]
fn property_tests(cases: u32) -> proptest::test_runner::Config {
    use proptest::test_runner::{Config, RngSeed};
    Config { cases, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..Config::default() }
}

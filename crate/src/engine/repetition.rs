//! Loops of tokens, found while they are written.

/// Longest loop, in tokens.
const MAX_PERIOD: usize = 40;

/// Number of tokens of a loop with its repetitions, at least: a word of a few letters may be said three times.
const MIN_TOKENS: usize = 12;

/// Returns the length of the loop that `ids` end in, once it was repeated twice: the last tokens are three times the
/// same. A loop of a few tokens has to go on for [`MIN_TOKENS`].
pub fn loop_at_end(ids: &[u32]) -> Option<usize> {
    (1..=MAX_PERIOD.min(ids.len() / 3)).find(|period| {
        let repeated = ids.iter().rev().zip(ids.iter().rev().skip(*period)).take_while(|(one, other)| one == other);
        let repeated = repeated.count();
        repeated >= 2 * period && repeated + period >= MIN_TOKENS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_found_when_it_was_repeated_twice() {
        // de la boda de la boda …
        let ids: Vec<u32> = [9, 8].into_iter().chain([1, 2, 3, 4].into_iter().cycle().take(40)).collect();
        let found = (0..ids.len()).find(|end| loop_at_end(&ids[..*end]).is_some()).unwrap();
        assert_eq!((found, loop_at_end(&ids[..found])), (2 + 12, Some(4)));
        let single = [7; 12];
        assert_eq!((loop_at_end(&single[..11]), loop_at_end(&single)), (None, Some(1)));
        let long: Vec<u32> = (0..30).cycle().take(90).collect();
        assert_eq!((loop_at_end(&long[..89]), loop_at_end(&long)), (None, Some(30)));
    }

    #[test]
    fn other_repetitions_are_none() {
        let twice: Vec<u32> = (0..20).cycle().take(40).collect();
        assert_eq!(loop_at_end(&twice), None);
        let with_changes: Vec<u32> = (0..30).flat_map(|i| [1, 2, 3, i]).collect();
        assert_eq!(loop_at_end(&with_changes), None);
        assert_eq!(loop_at_end(&[]), None);
    }
}

//! Merging as both kinds of tokenizer do it: neighbours are joined, the best pair first, until no pair joins.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::vocabulary::Vocabulary;

/// A run of the text that is one token so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Symbol {
    /// Token, or [`Symbol::NONE`] for a character that is not in the vocabulary.
    pub id: u32,
    /// Start of the byte range in the text.
    pub start: u32,
    /// End of the range; equal to `start` once it has been joined to its left neighbour.
    pub end: u32,
    previous: u32,
    next: u32,
}

/// Index that stands for no neighbour.
const END: u32 = u32::MAX;

impl Symbol {
    /// Id of a character that is not in the vocabulary.
    pub const NONE: u32 = u32::MAX;

    /// Makes a symbol of the bytes from `start` to `end`, not yet linked to its neighbours.
    pub fn new(id: u32, start: usize, end: usize) -> Self {
        Self { id, start: start as u32, end: end as u32, previous: END, next: END }
    }

    /// The characters of `text`.
    pub fn characters(text: &str, vocabulary: &Vocabulary) -> Vec<Self> {
        let symbol = |(start, character): (usize, char)| {
            let end = start + character.len_utf8();
            Self::new(vocabulary.id(&text[start..end]).unwrap_or(Self::NONE), start, end)
        };
        text.char_indices().map(symbol).collect()
    }
}

/// Joins neighbours in `symbols`, which are in order of the text, and returns those that are left.
///
/// `join` returns the rank (lower first; the leftmost of equals) with which two neighbours join and the token that they
/// become, or `None` if they do not join. `joined` is called
/// with each token that is made.
pub(super) fn merge(
    mut symbols: Vec<Symbol>,
    join: impl Fn(&Symbol, &Symbol) -> Option<(u32, u32)>,
    mut joined: impl FnMut(u32),
) -> Vec<Symbol> {
    let count = symbols.len() as u32;
    for (i, symbol) in symbols.iter_mut().enumerate() {
        symbol.previous = (i as u32).checked_sub(1).unwrap_or(END);
        symbol.next = if i as u32 + 1 < count { i as u32 + 1 } else { END };
    }
    // Smallest first: (rank, left symbol, right symbol, end of the pair, token). The end tells whether either symbol
    // has grown since the pair was put here.
    let mut pairs = BinaryHeap::new();
    let consider = |pairs: &mut BinaryHeap<_>, symbols: &[Symbol], left: u32, right: u32| {
        if left != END && right != END {
            let (l, r) = (&symbols[left as usize], &symbols[right as usize]);
            if let Some((rank, id)) = join(l, r) {
                pairs.push(Reverse((rank, left, right, l.end, r.end, id)));
            }
        }
    };
    for i in 1..count {
        consider(&mut pairs, &symbols, i - 1, i);
    }
    while let Some(Reverse((_, left, right, left_end, right_end, id))) = pairs.pop() {
        let (l, r) = (symbols[left as usize], symbols[right as usize]);
        let gone = l.start == l.end || r.start == r.end;
        if gone || l.end != left_end || r.end != right_end {
            continue;
        }
        joined(id);
        symbols[left as usize] = Symbol { id, end: r.end, next: r.next, ..l };
        symbols[right as usize].end = r.start;
        if r.next != END {
            symbols[r.next as usize].previous = left;
        }
        consider(&mut pairs, &symbols, l.previous, left);
        consider(&mut pairs, &symbols, left, r.next);
    }
    symbols.retain(|symbol| symbol.start != symbol.end);
    symbols
}

//! Guided decoding of an answer with one line for each of several people: `Name: text`.
//!
//! At the start of a line the names that have not had one are possible, or the end of the text; after a name any
//! text of at least one token to the end of the line. So no name is invented, doubled or misspelt. A [`Guide`]
//! is a finite automaton over tokens; the GPU runs it too (`decoder/gpu/kernels/guide.wgsl`), so that it need
//! not wait for the processor.

use std::collections::HashMap;

use crate::error::Result;
use crate::model::tokenizer::Tokenizer;

/// Largest number of names. Each has a bit in [`GuideState`].
pub const MAX_NAMES: usize = 64;

/// Node at the start of a line. Nodes between it and [`AFTER_NAME`] are those of names that have begun.
pub const LINE_START: u32 = 0;
/// Node after a name and its colon, where the text of the line has to begin.
pub const AFTER_NAME: u32 = u32::MAX - 1;
/// Node within the text of a line.
pub const TEXT: u32 = u32::MAX;

/// Order of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineOrder {
    /// Any of the names has the next line, and some may have none.
    Free,
    /// Each name has a line, in the order in which they are given.
    Given,
}

/// An automaton over the tokens of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guide {
    order: LineOrder,
    /// Bits of all names.
    names: u64,
    edges: Vec<Edge>,
    /// Tokens that end a text.
    ends: Vec<u32>,
    /// Tokens that end a line.
    breaks: Vec<u32>,
}

/// A step within names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edge {
    from: u32,
    token: u32,
    to: u32,
    /// Bits of the names that have this step.
    names: u64,
}

/// State of a [`Guide`] between two tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GuideState {
    /// Node of the automaton.
    pub node: u32,
    /// Bits of the names that have had a line.
    pub used: u64,
}

impl GuideState {
    /// State before the first token.
    pub const START: Self = Self { node: LINE_START, used: 0 };
}

impl Guide {
    /// Makes the guide to lines of `names`, of which the first [`MAX_NAMES`] are taken.
    ///
    /// # Errors
    /// If a name cannot be encoded.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>, order: LineOrder, tokenizer: &Tokenizer) -> Result<Self> {
        let line_break = tokenizer.encode_plain("\n")?;
        let mut guide = Self {
            order,
            names: 0,
            edges: Vec::new(),
            ends: tokenizer.ends().to_vec(),
            breaks: tokenizer.line_breaks(),
        };
        let mut steps: HashMap<(u32, u32), usize> = HashMap::new();
        for (index, name) in names.into_iter().take(MAX_NAMES).enumerate() {
            // The name as it is encoded at the start of a line, not of a text.
            let after_break = tokenizer.encode_plain(&format!("\n{name}:"))?;
            let ids = match after_break.strip_prefix(&line_break[..]) {
                Some(ids) => ids.to_vec(),
                None => tokenizer.encode_plain(&format!("{name}:"))?,
            };
            let bit = 1 << index;
            guide.names |= bit;
            let mut node = LINE_START;
            for (at, token) in ids.iter().enumerate() {
                let next = guide.edges.len() as u32 + 1; // each edge leads to a node of its own
                let step = *steps.entry((node, *token)).or_insert_with(|| {
                    let to = if at + 1 == ids.len() { AFTER_NAME } else { next };
                    guide.edges.push(Edge { from: node, token: *token, to, names: 0 });
                    guide.edges.len() - 1
                });
                guide.edges[step].names |= bit;
                node = guide.edges[step].to;
            }
        }
        Ok(guide)
    }

    /// Returns the bits of the names that the next line may have.
    fn next_names(&self, state: GuideState) -> u64 {
        let left = self.names & !state.used;
        match self.order {
            LineOrder::Free => left,
            LineOrder::Given => left & left.wrapping_neg(), // the first of them
        }
    }

    /// Returns `true` if the text may end in `state`.
    fn may_end(&self, state: GuideState) -> bool {
        let is_complete = self.order == LineOrder::Free || self.names & !state.used == 0;
        match state.node {
            LINE_START => is_complete && state.used != 0,
            TEXT => is_complete,
            _ => false,
        }
    }

    /// Returns `true` if `token` may come next in `state`.
    pub fn allows(&self, state: GuideState, token: u32) -> bool {
        if self.ends.contains(&token) {
            return self.may_end(state);
        }
        match state.node {
            TEXT => true,
            AFTER_NAME => !self.breaks.contains(&token),
            node => self.edge(node, token).is_some_and(|edge| edge.names & self.next_names(state) != 0),
        }
    }

    /// Returns the state after `token`, which [`Guide::allows`].
    pub fn after(&self, state: GuideState, token: u32) -> GuideState {
        let GuideState { node, used } = state;
        match node {
            TEXT | AFTER_NAME if self.breaks.contains(&token) => GuideState { node: LINE_START, used },
            TEXT | AFTER_NAME => GuideState { node: TEXT, used },
            node => match self.edge(node, token) {
                Some(Edge { to: AFTER_NAME, names, .. }) => GuideState { node: AFTER_NAME, used: used | names },
                Some(Edge { to, .. }) => GuideState { node: *to, used },
                None => state, // an end
            },
        }
    }

    /// Sets the logits, one for each token of the vocabulary, of those that may not come next to [`MASKED`].
    pub fn mask(&self, state: GuideState, logits: &mut [f32]) {
        let listed = self.ends.iter().chain(&self.breaks);
        if matches!(state.node, TEXT | AFTER_NAME) {
            listed.filter(|token| !self.allows(state, **token)).for_each(|token| logits[*token as usize] = MASKED);
            return;
        }
        let possible = listed.copied().chain(self.edges.iter().map(|edge| edge.token));
        let kept: Vec<(u32, f32)> =
            possible.filter(|token| self.allows(state, *token)).map(|token| (token, logits[token as usize])).collect();
        logits.fill(MASKED);
        kept.into_iter().for_each(|(token, logit)| logits[token as usize] = logit);
    }

    /// Returns the edge from `node` by `token`.
    fn edge(&self, node: u32, token: u32) -> Option<&Edge> {
        self.edges.iter().find(|edge| (edge.from, edge.token) == (node, token))
    }

    /// Returns the automaton as words, for `guide.wgsl`: `order | names: 2 | edges, ends, breaks: their counts |
    /// edges: [from, token, to, names: 2] | ends | breaks`. Bits of names are two words, the low one first.
    pub fn to_words(&self) -> Vec<u32> {
        let split = |bits: u64| [bits as u32, (bits >> 32) as u32];
        let [low, high] = split(self.names);
        let counts = [self.edges.len(), self.ends.len(), self.breaks.len()].map(|count| count as u32);
        let mut words = vec![u32::from(self.order == LineOrder::Given), low, high];
        words.extend(counts);
        for Edge { from, token, to, names } in &self.edges {
            let [low, high] = split(*names);
            words.extend([*from, *token, *to, low, high]);
        }
        words.extend(self.ends.iter().chain(&self.breaks));
        words
    }
}

/// Logit of a token that may not come next: so low that no temperature gives it a probability, and finite, since
/// shaders may assume that numbers are.
pub const MASKED: f32 = -3e38;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sampler::argmax;
    use crate::model::tokenizer::testing::gemma_like;
    use crate::random::random;

    /// Takes the best allowed token again and again, by a score of each token's piece, and returns the text.
    fn write(guide: &Guide, tokenizer: &Tokenizer, wishes: &[&str]) -> String {
        let mut state = GuideState::START;
        let mut decoder = tokenizer.decoder();
        let mut text = String::new();
        let mut wishes = wishes.iter();
        loop {
            // Wishes that are not allowed are passed over.
            let wish = wishes.find_map(|piece| tokenizer.id(piece).filter(|id| guide.allows(state, *id)));
            let Some(id) = wish else { return text + &decoder.finish() };
            state = guide.after(state, id);
            if tokenizer.is_end(id) {
                return text + &decoder.finish();
            }
            text.push_str(&decoder.push(id));
        }
    }

    #[test]
    fn a_line_begins_with_a_name_that_has_not_had_one() {
        let tokenizer = gemma_like(&["A", "B", "n", "a", ":", "\n", "\n\n", "x", "▁"]);
        let guide = Guide::new(["Ana", "An", "B"], LineOrder::Free, &tokenizer).unwrap();
        let start = GuideState::START;
        let id = |piece: &str| tokenizer.id(piece).unwrap();
        let allowed = |state| -> Vec<&str> {
            let ids = (0..tokenizer.vocab_size() as u32).filter(|id| guide.allows(state, *id));
            ids.map(|id| tokenizer.piece(id)).collect()
        };
        assert_eq!(allowed(start), ["A", "B"]);
        let an = ["A", "n"].iter().fold(start, |state, piece| guide.after(state, id(piece)));
        assert_eq!(allowed(an), ["a", ":"]);
        let after_an = guide.after(an, id(":"));
        assert!(!guide.allows(after_an, id("\n")) && !guide.allows(after_an, id("<eos>")), "a line has text");
        let text = guide.after(after_an, id("x"));
        assert!(guide.allows(text, id("<eos>")) && guide.allows(text, id(":")));
        let next = guide.after(text, id("\n\n"));
        assert_eq!(allowed(next), ["<eos>", "A", "B"]);
        let again = ["A", "n"].iter().fold(next, |state, piece| guide.after(state, id(piece)));
        assert_eq!(allowed(again), ["a"], "An has had a line");
        let wishes =
            ["x", "B", ":", "x", "\n", "B", "A", "n", ":", "a", ":", "x", "\n", "A", "n", "a", ":", "x", "<eos>"];
        assert_eq!(write(&guide, &tokenizer, &wishes), "B:x\nAn:a:x\nAna:x");
    }

    #[test]
    fn lines_in_a_given_order_are_complete() {
        let tokenizer = gemma_like(&["A", "B", ":", "\n", "x"]);
        let guide = Guide::new(["B", "A"], LineOrder::Given, &tokenizer).unwrap();
        let wishes = ["A", "B", ":", "x", "<eos>", "\n", "B", "<eos>", "A", ":", "x", "\n", "A", "B", "<eos>"];
        assert_eq!(write(&guide, &tokenizer, &wishes), "B:x\nA:x\n");
    }

    #[test]
    fn the_mask_leaves_the_logits_of_tokens_that_may_come_next() {
        let tokenizer = gemma_like(&["A", "B", "n", ":", "\n", "x"]);
        for order in [LineOrder::Free, LineOrder::Given] {
            let guide = Guide::new(["A", "An", "B"], order, &tokenizer).unwrap();
            let mut state = GuideState::START;
            for step in 0..60 {
                let whole = random(&format!("{step}"), tokenizer.vocab_size(), 0.0, 1.0);
                let mut masked = whole.clone();
                guide.mask(state, &mut masked);
                for (id, (masked, whole)) in masked.iter().zip(&whole).enumerate() {
                    assert_eq!(*masked, if guide.allows(state, id as u32) { *whole } else { MASKED }, "{step}, {id}");
                }
                state = guide.after(state, argmax(&masked));
            }
        }
    }
}

//! Windows of a text that is longer than the context has room for: their limits, and the division into them, between
//! messages where possible.
//!
//! The windows are as few as possible, since each takes a pass of the model, and about equally long, since a short one
//! would weigh as much in the final summary as a full one.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use crate::chat::conversation::Message;
use crate::error::Result;
use crate::input;

/// Tokens of a translation for tokens of its text, as a fraction: other languages need more tokens than English.
const TRANSLATED: (usize, usize) = (3, 2);

/// Smallest window of a text to translate, in tokens, even where fewer tokens are allowed for the answer: a name alone
/// may have twenty.
const SMALLEST_WINDOW: usize = 32;

/// Limits within which windows are read, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLimits {
    /// Largest window.
    pub room: usize,
    /// Length of a prompt with its answer.
    context: usize,
    /// Largest answer.
    max_tokens: usize,
}

impl WindowLimits {
    /// Returns the limits for a prompt of `instructions` tokens beside the window.
    ///
    /// # Errors
    /// If the context has no room for a window.
    pub fn new(context: usize, instructions: usize, max_tokens: usize) -> Result<Self> {
        let room = context.checked_sub(instructions.saturating_add(max_tokens)).filter(|room| *room > 0);
        let room = room.ok_or_else(|| {
            input!(
                "the context of {context} tokens has no room beside {max_tokens} tokens of answer and {instructions} of \
                 prompt; ask for fewer"
            )
        })?;
        Ok(Self { room, context, max_tokens })
    }

    /// Returns the limits of windows so short that the translation of each fits into an answer.
    pub fn for_translation(self) -> Self {
        let translatable = (self.max_tokens * TRANSLATED.1 / TRANSLATED.0).max(SMALLEST_WINDOW);
        Self { room: self.room.min(translatable), ..self }
    }

    /// Checks that the summaries of `windows` windows are shorter than the windows, so that repeated summarising ends.
    /// `before` is the number of windows of the stage before, 0 for the first.
    ///
    /// # Errors
    /// If they may be as long.
    pub fn check_shrinks(&self, windows: usize, before: usize) -> Result<()> {
        let Self { room, context, max_tokens } = *self;
        if room < 2 * (max_tokens + 1) {
            // The room is what one answer leaves, so three answers have to share room and answer.
            let limit = (room + max_tokens).saturating_sub(2) / 3;
            return Err(input!(
                "the chat is longer than the context of {context} tokens, and summaries of its parts of up to \
                 {max_tokens} tokens are too long to be put together; ask for at most {limit}"
            ));
        }
        if before > 0 && windows >= before {
            return Err(input!(
                "the summaries of the chat's {before} parts are as long as the parts; ask for fewer than {max_tokens} tokens"
            ));
        }
        Ok(())
    }
}

/// Divides `messages` into windows and returns their texts, each of which costs at most `room` tokens. `cost` counts
/// the tokens of a text; the line break after each message counts as one more.
///
/// # Errors
/// If `cost` fails, or `room` is too small for a name and one letter.
pub fn divide(messages: &[Message], room: usize, cost: impl Fn(&str) -> Result<usize>) -> Result<Vec<String>> {
    let cost = |message: &Message| Ok(cost(&message.to_string())? + 1);
    let (mut lines, mut costs) = (Vec::new(), Vec::new());
    for message in messages {
        let whole = cost(message)?;
        let parts = if whole <= room { vec![(message.clone(), whole)] } else { split(message, whole, room, cost)? };
        for (part, tokens) in parts {
            lines.push(part.to_string());
            costs.push(tokens);
        }
    }
    Ok(ranges(&costs, room).into_iter().map(|range| lines[range].join("\n")).collect())
}

/// Splits `message`, which costs more than `room`, into messages that do not, and returns each with its cost.
fn split(
    message: &Message,
    whole: usize,
    room: usize,
    cost: impl Fn(&Message) -> Result<usize>,
) -> Result<Vec<(Message, usize)>> {
    let mut count = whole.div_ceil(room.max(1));
    while count <= message.text.len() {
        let mut parts = Vec::with_capacity(count);
        for text in cut(&message.text, count) {
            let part = Message { text: text.to_owned(), ..message.clone() };
            let tokens = cost(&part)?;
            parts.push((part, tokens));
        }
        if parts.iter().all(|(_, tokens)| *tokens <= room) {
            return Ok(parts);
        }
        count += count.div_ceil(8); // each part repeats the name, and parts are not all equally long
    }
    Err(input!(
        "there is room for {room} tokens of the chat at a time, too few for part of a message; ask for fewer tokens"
    ))
}

/// Cuts `text` into at most `count` parts of about the same length.
fn cut(text: &str, count: usize) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::with_capacity(count), text);
    for left in (2..=count).rev() {
        let (part, after) = rest.split_at(cut_point(rest, rest.len() / left));
        parts.push(part.trim());
        rest = after;
    }
    parts.push(rest.trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns the place near `ideal` to cut `text`: between sentences, or else at a space, or else between characters as
/// people see them.
fn cut_point(text: &str, ideal: usize) -> usize {
    let nearest = |tolerance: usize, points: &mut dyn Iterator<Item = usize>| {
        points
            .skip_while(|at| *at == 0 || at + tolerance < ideal)
            .take_while(|at| *at <= ideal + tolerance)
            .min_by_key(|at| at.abs_diff(ideal))
    };
    // Sentences may make parts less even by a third; a word is cut only where it is longer than two parts.
    nearest(ideal / 3, &mut text.split_sentence_bound_indices().map(|(at, _)| at))
        .or_else(|| nearest(ideal, &mut text.char_indices().filter(|(_, c)| c.is_whitespace()).map(|(at, _)| at)))
        .or_else(|| nearest(ideal, &mut text.grapheme_indices(true).map(|(at, _)| at)))
        .unwrap_or(text.len())
}

/// Returns the fewest ranges of neighbours that cost at most `room` each, and of those the ones whose largest is
/// smallest.
fn ranges(costs: &[usize], room: usize) -> Vec<Range<usize>> {
    let fewest = fill(costs, room).len();
    let (mut low, mut high) = (costs.iter().copied().max().unwrap_or(0), room);
    while low < high {
        let middle = low.midpoint(high);
        match fill(costs, middle).len() > fewest {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    fill(costs, low)
}

/// Returns ranges, each of which takes as many neighbours as fit into `room`.
fn fill(costs: &[usize], room: usize) -> Vec<Range<usize>> {
    let (mut ranges, mut start, mut taken) = (Vec::new(), 0, 0);
    for (i, cost) in costs.iter().enumerate() {
        if taken + cost > room && i > start {
            ranges.push(start..i);
            (start, taken) = (i, 0);
        }
        taken += cost;
    }
    ranges.push(start..costs.len());
    ranges
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::chat::property_tests;

    /// Divides a chat whose tokens are words.
    fn windows(chat: &[(&str, &str)], room: usize) -> Result<Vec<String>> {
        let messages: Vec<Message> = chat.iter().map(|(speaker, text)| Message::new(speaker, text, None)).collect();
        divide(&messages, room, |text| Ok(text.split_whitespace().count()))
    }

    #[test]
    fn what_fits_stays_whole() {
        let chat = [("Ana", "one two"), ("Ben", "three\nfour")];
        // Three words each, and a line break.
        assert_eq!(windows(&chat, 8).unwrap(), ["Ana: one two\nBen: three\nfour"]);
        assert_eq!(windows(&chat, 7).unwrap(), ["Ana: one two", "Ben: three\nfour"]);
    }

    #[test]
    fn windows_are_few_and_even() {
        let chat: Vec<_> = (0..10).map(|_| ("Ana", "one two")).collect();
        // Seven messages would fit into the first of two windows.
        let windows = windows(&chat, 28).unwrap();
        assert_eq!(windows.iter().map(|window| window.lines().count()).collect::<Vec<_>>(), [5, 5]);
        assert_eq!(ranges(&[9, 1, 1, 1, 9], 12), [0..3, 3..5]);
        assert_eq!(ranges(&[1, 1, 1, 1, 1, 1, 1], 3), [0..3, 3..6, 6..7]);
    }

    #[test]
    fn a_message_longer_than_a_window_is_split_between_sentences() {
        let chat = [("Ana", "One two three. Four five six. Seven eight nine."), ("Ben", "ten")];
        assert_eq!(
            windows(&chat, 8).unwrap(),
            ["Ana: One two three. Four five six.", "Ana: Seven eight nine.\nBen: ten"]
        );
        // Too long a sentence is cut at spaces.
        assert_eq!(windows(&[("", "one two three four five six")], 4).unwrap(), ["one two three", "four five six"]);
    }

    #[test]
    fn text_without_spaces_is_cut_between_characters_as_people_see_them() {
        let family = "👨\u{200d}👩\u{200d}👧";
        let message = Message::new("", &family.repeat(8), None);
        let windows = divide(&[message], 40, |text| Ok(text.chars().count())).unwrap();
        assert_eq!(windows, [family.repeat(4), family.repeat(4)]);
    }

    /// Returns messages of words, sentences and lines.
    fn message() -> impl Strategy<Value = Message> {
        let words = vec(select(&["a", "bc.", "é!", "defgh", "\n"][..]), 1..61);
        words.prop_map(|words| Message::new("A", &format!("x{}", words.join(" ")), None))
    }

    proptest! {
        #![proptest_config(property_tests(250))]

        #[test]
        fn nothing_is_lost_or_too_long(chat in vec(message(), 1..13), room in 4..24_usize) {
            // A word may be cut where windows are tiny, so letters are compared.
            let letters = |text: &str| text.split_whitespace().filter(|word| *word != "A:").collect::<String>();
            let expected: String = chat.iter().map(|message| letters(&message.text)).collect();
            let windows = divide(&chat, room, |text| Ok(text.split_whitespace().count())).unwrap();
            prop_assert_eq!(windows.iter().map(|window| letters(window)).collect::<String>(), expected);
            // The speaker's name begins each message, after which a line break is counted.
            let cost =
                |window: &String| window.split_whitespace().map(|word| 1 + usize::from(word == "A:")).sum::<usize>();
            prop_assert!(windows.iter().all(|window| cost(window) <= room), "{:?}", windows);
        }
    }

    #[test]
    fn too_little_room_is_said() {
        let error = windows(&[("A long name", "one two three")], 4).unwrap_err().to_string();
        assert!(error.starts_with("there is room for 4 tokens of the chat at a time"), "{error}");
    }
}

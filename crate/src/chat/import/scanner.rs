//! A line of an export, read character by character and without regard to how its script writes them.

use crate::chat::conversation::is_invisible;

/// Digits of a date or time.
#[derive(Clone, Copy)]
pub struct Number {
    /// What they mean.
    pub value: u16,
    /// How many there are.
    pub digits: usize,
}

/// Reads a line with its letters in lower case, its digits as 0 to 9, and without marks that are not seen.
pub struct Scanner<'a> {
    /// The line.
    pub text: &'a str,
    /// How far it has been read. May be set back to where it was before.
    pub at: usize,
}

impl<'a> Scanner<'a> {
    /// Begins to read `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next character.
    pub fn next(&mut self) -> Option<char> {
        loop {
            let c = self.text[self.at..].chars().next()?;
            self.at += c.len_utf8();
            if !is_invisible(c) {
                return Some(fold(c));
            }
        }
    }

    /// The next character, which stays to be read.
    pub fn peek(&self) -> Option<char> {
        Scanner { text: self.text, at: self.at }.next()
    }

    /// Skips spaces; whether there were any.
    pub fn spaces(&mut self) -> bool {
        let mut any = false;
        while self.peek() == Some(' ') {
            self.next();
            any = true;
        }
        any
    }

    /// Skips `word`, given in lower case, if it is what comes next.
    pub fn eat(&mut self, word: &str) -> bool {
        let start = self.at;
        let found = word.chars().all(|c| self.next() == Some(c));
        if !found {
            self.at = start;
        }
        found
    }

    /// Skips one of `words`.
    pub fn eat_any(&mut self, words: &[&str]) -> Option<()> {
        words.iter().any(|word| self.eat(word)).then_some(())
    }

    /// A number of at most four digits.
    pub fn number(&mut self) -> Option<Number> {
        let mut number = Number { value: 0, digits: 0 };
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            if number.digits == 4 {
                return None;
            }
            self.next();
            number = Number { value: number.value * 10 + digit as u16, digits: number.digits + 1 };
        }
        (number.digits > 0).then_some(number)
    }

    /// Whether a word ends here.
    pub fn at_space(&self) -> bool {
        self.text[self.at..].chars().next().is_none_or(|c| c.is_whitespace() || is_invisible(c))
    }

    /// What is left. It keeps the marks that are not seen: WhatsApp sets its own words off by them.
    pub fn rest(&self) -> &'a str {
        self.text[self.at..].trim_start()
    }
}

/// `c` in lower case; any decimal digit that phones write as 0 to 9; the commas and colons of other scripts as ours.
fn fold(c: char) -> char {
    const ZEROS: [char; 6] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{e50}', '\u{ff10}'];
    for zero in ZEROS {
        if let Some(digit) = (c as u32).checked_sub(zero as u32).and_then(|digit| char::from_digit(digit, 10)) {
            return digit;
        }
    }
    match c {
        '،' | '，' | '、' => ',',
        '：' => ':',
        '／' => '/',
        '．' => '.',
        c if c.is_whitespace() => ' ',
        c => c.to_lowercase().next().unwrap_or(c),
    }
}

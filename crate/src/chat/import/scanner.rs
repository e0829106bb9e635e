//! A scanner for the lines of exports, which reads characters of any script alike.

use crate::chat::conversation::is_invisible;

/// A number of a date or time.
#[derive(Clone, Copy)]
pub struct Number {
    /// Value of the number.
    pub value: u16,
    /// Number of digits.
    pub digits: usize,
}

/// A reader of one line: letters come in lower case, digits as 0 to 9, and invisible marks not at all.
pub struct Scanner<'a> {
    /// Line that it reads.
    pub text: &'a str,
    /// Offset of the next byte. Callers may set it back to an earlier value.
    pub at: usize,
}

impl<'a> Scanner<'a> {
    /// Returns a scanner at the start of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads the next character.
    pub fn next(&mut self) -> Option<char> {
        loop {
            let c = self.text[self.at..].chars().next()?;
            self.at += c.len_utf8();
            if !is_invisible(c) {
                return Some(fold(c));
            }
        }
    }

    /// Returns the next character without reading it.
    pub fn peek(&self) -> Option<char> {
        Scanner { text: self.text, at: self.at }.next()
    }

    /// Skips spaces, and returns `true` if there were any.
    pub fn spaces(&mut self) -> bool {
        let mut any = false;
        while self.peek() == Some(' ') {
            self.next();
            any = true;
        }
        any
    }

    /// Skips `word`, given in lower case, if it comes next.
    pub fn eat(&mut self, word: &str) -> bool {
        let start = self.at;
        let found = word.chars().all(|c| self.next() == Some(c));
        if !found {
            self.at = start;
        }
        found
    }

    /// Skips one of `words`, if one comes next.
    pub fn eat_any(&mut self, words: &[&str]) -> Option<()> {
        words.iter().any(|word| self.eat(word)).then_some(())
    }

    /// Reads a number of at most four digits.
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

    /// Returns `true` at the end of a word.
    pub fn at_space(&self) -> bool {
        self.text[self.at..].chars().next().is_none_or(|c| c.is_whitespace() || is_invisible(c))
    }

    /// Returns the rest of the line, with its invisible marks: WhatsApp puts one before its own words.
    pub fn rest(&self) -> &'a str {
        self.text[self.at..].trim_start()
    }
}

/// Returns `c` in lower case; a decimal digit of any script that phones write as 0 to 9; the punctuation of other
/// scripts as that of Latin.
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

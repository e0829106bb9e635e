//! Text without the marks on its letters, for comparisons, and the way back to the places of the original.

use std::ops::Range;

/// A text whose letters have lost their marks and whose spaces, dashes and apostrophes are those of ASCII. Letters keep
/// their case.
pub struct Folded {
    /// The text.
    pub text: String,
    /// Place in the original of each byte, and of the end.
    places: Vec<usize>,
}

impl Folded {
    /// Folds `text`.
    pub fn new(text: &str) -> Self {
        let mut folded = Self { text: String::with_capacity(text.len()), places: Vec::with_capacity(text.len() + 1) };
        for (at, c) in text.char_indices() {
            push(&mut folded.text, c);
            folded.places.resize(folded.text.len(), at);
        }
        folded.places.push(text.len());
        folded
    }

    /// Returns the range of the original that `range` of the folded text stands for.
    pub fn original(&self, range: &Range<usize>) -> Range<usize> {
        let place = |at: usize| self.places.get(at).or(self.places.last()).copied().unwrap_or(0);
        place(range.start)..place(range.end)
    }
}

/// Returns `text` in small letters without marks.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    text.chars().for_each(|c| push(&mut folded, c));
    folded.to_lowercase()
}

fn push(text: &mut String, c: char) {
    let base = match c {
        ..='\u{7f}' => c,
        '\u{300}'..='\u{36f}' => return, // marks of their own
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' => ' ',
        '’' | '‘' | 'ʼ' | '´' => '\'',
        '‐'..='―' | '−' => '-',
        'ß' => return text.push_str("ss"),
        'œ' => return text.push_str("oe"),
        'Œ' => return text.push_str("Oe"),
        'æ' => return text.push_str("ae"),
        'Æ' => return text.push_str("Ae"),
        'À'..='Å' | 'Ā' | 'Ă' | 'Ą' => 'A',
        'Ç' | 'Ć' | 'Ĉ' | 'Ċ' | 'Č' => 'C',
        'Ď' | 'Đ' | 'Ð' => 'D',
        'È'..='Ë' | 'Ē' | 'Ĕ' | 'Ė' | 'Ę' | 'Ě' => 'E',
        'Ĝ' | 'Ğ' | 'Ġ' | 'Ģ' => 'G',
        'Ì'..='Ï' | 'Ĩ' | 'Ī' | 'Ĭ' | 'Į' | 'İ' => 'I',
        'Ĺ' | 'Ļ' | 'Ľ' | 'Ŀ' | 'Ł' => 'L',
        'Ñ' | 'Ń' | 'Ņ' | 'Ň' => 'N',
        'Ò'..='Ö' | 'Ø' | 'Ō' | 'Ŏ' | 'Ő' => 'O',
        'Ŕ' | 'Ŗ' | 'Ř' => 'R',
        'Ś' | 'Ŝ' | 'Ş' | 'Š' | 'Ș' => 'S',
        'Ţ' | 'Ť' | 'Ŧ' | 'Ț' => 'T',
        'Ù'..='Ü' | 'Ũ' | 'Ū' | 'Ŭ' | 'Ů' | 'Ű' | 'Ų' => 'U',
        'Ý' | 'Ŷ' | 'Ÿ' => 'Y',
        'Ź' | 'Ż' | 'Ž' => 'Z',
        'à'..='å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => 'c',
        'ď' | 'đ' | 'ð' => 'd',
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => 'e',
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => 'g',
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' => 'i',
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => 'l',
        'ñ' | 'ń' | 'ņ' | 'ň' => 'n',
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' => 'o',
        'ŕ' | 'ŗ' | 'ř' => 'r',
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => 's',
        'ţ' | 'ť' | 'ŧ' | 'ț' => 't',
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' => 'u',
        'ý' | 'ŷ' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        other => other,
    };
    text.push(base);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_lead_back_to_the_original() {
        let text = "Œuf: fünf, e\u{301}t\u{e9}, weiß 19\u{202f}h – l’été";
        let folded = Folded::new(text);
        assert_eq!(folded.text, "Oeuf: funf, ete, weiss 19 h - l'ete");
        for word in ["funf", "ete", "weiss", "19 h"] {
            let start = folded.text.find(word).unwrap();
            let original = &text[folded.original(&(start..start + word.len()))];
            assert_eq!(fold(original), word);
        }
        assert_eq!(folded.original(&(0..folded.text.len())), 0..text.len());
    }
}

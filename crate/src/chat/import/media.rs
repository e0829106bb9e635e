//! Marks in English for pictures, sounds and files, in place of the words that exports have for them.
//!
//! The marks stay in the text, since people go on to speak of them ("who is that?"), and are short, since prompts are.
//! They are English because the model reads chats in English and `<Multimedia omitido>` is no word of the chat. Only a
//! document keeps the name of its file, which often tells its content.

use std::fmt;

use crate::chat::conversation::is_invisible;

/// Kind of an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// Picture.
    Photo,
    /// Film.
    Video,
    /// Voice message.
    Voice,
    /// Any other sound.
    Audio,
    /// Small picture from a collection.
    Sticker,
    /// Moving picture.
    Gif,
    /// Any other file.
    Document,
    /// Name and numbers of a person.
    Contact,
    /// Place on a map.
    Location,
    /// Attachment of a kind that the export does not state.
    Unknown,
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Media::Photo => "photo",
            Media::Video => "video",
            Media::Voice => "voice message",
            Media::Audio => "audio",
            Media::Sticker => "sticker",
            Media::Gif => "GIF",
            Media::Document => "document",
            Media::Contact => "contact",
            Media::Location => "location",
            Media::Unknown => "media",
        })
    }
}

impl Media {
    /// Returns the mark for the text, with the file's name if it is a document.
    pub fn mark(self, name: Option<&str>) -> String {
        match name.map(str::trim) {
            Some(name) if self == Media::Document && !name.is_empty() => format!("[{self}: {name}]"),
            _ => format!("[{self}]"),
        }
    }

    /// Returns the kind of attachment, from the name that messengers give it and its extension.
    pub fn of_file(name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        let is = |marks: &[&str]| marks.iter().any(|mark| name.starts_with(mark) || name.contains(&format!("-{mark}")));
        match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "webp" if is(&["stk-", "sticker"]) => Media::Sticker,
            "webp" | "jpg" | "jpeg" | "png" | "heic" | "avif" | "tif" | "tiff" | "apng" => Media::Photo,
            "gif" => Media::Gif,
            "mp4" if is(&["gif"]) => Media::Gif,
            "mp4" | "mov" | "mkv" | "webm" | "3gp" | "mpeg" | "avi" => Media::Video,
            "opus" => Media::Voice,
            "m4a" | "aac" | "ogg" | "amr" if is(&["ptt-", "audio", "voice"]) => Media::Voice,
            "m4a" | "aac" | "ogg" | "amr" | "mp3" | "wav" | "flac" => Media::Audio,
            "vcf" => Media::Contact,
            _ => Media::Document,
        }
    }
}

/// Replaces the messenger's words for media in `line` of a message by marks, and counts them.
pub fn mark_line(line: &str) -> (String, usize) {
    let seen: String = line.chars().filter(|&c| !is_invisible(c)).collect();
    let line = seen.trim();
    if let Some(mark) = whole_line(line) {
        return (mark, 1);
    }
    // `look at this <attached: 00000012-PHOTO-2024-01-05.jpg>`
    if let Some((before, name)) =
        line.strip_suffix('>').and_then(|line| line.rsplit_once('<')).and_then(|(before, tag)| {
            let (word, name) = tag.split_once(':')?;
            is_one_of(word, &["attached", "adjunto", "pièce jointe", "piece jointe", "anhang", "allegato", "anexado"])
                .then_some((before.trim_end(), name.trim()))
        })
    {
        let media = Media::of_file(name);
        // A document's own name comes first, then the name of its copy.
        let before = if media == Media::Document && name.ends_with(before) { "" } else { before };
        let mark = media.mark(Some(without_number(name)));
        return (if before.is_empty() { mark } else { format!("{before} {mark}") }, 1);
    }
    // signal-export: `hello  ![photo.jpg](./media/photo.jpg)  `
    let mut text = String::new();
    let mut rest = line;
    let mut count = 0;
    while let Some((before, after)) = rest.split_once("](./")
        && let Some((before, name)) = before.rsplit_once('[')
        && let Some((_, after)) = after.split_once(')')
    {
        text.push_str(before.trim_end_matches('!'));
        text.push_str(&Media::of_file(name).mark(Some(name)));
        count += 1;
        rest = after;
    }
    text.push_str(rest);
    (text, count)
}

/// Returns the mark for a line that consists of media only.
fn whole_line(line: &str) -> Option<String> {
    let line = line.trim_end_matches('.');
    // `IMG-20250328-WA0014.jpg (file attached)`
    const ATTACHED: &[&str] = &[
        "(file attached)",
        "(archivo adjunto)",
        "(fichier joint)",
        "(Datei angehängt)",
        "(file allegato)",
        "(arquivo anexado)",
        "(bestand bijgevoegd)",
    ];
    if let Some(name) = ATTACHED.iter().find_map(|word| line.strip_suffix(word)) {
        return Some(Media::of_file(name.trim()).mark(Some(name)));
    }
    // `(( 😀 ))`, a sticker of signal-export
    if line.starts_with("(( ") && line.ends_with(" ))") {
        return Some(Media::Sticker.mark(None));
    }
    // `Location: https://maps.google.com/?q=52.5,13.4`
    if let Some((word, place)) = line.split_once(':')
        && is_one_of(word, &["location", "ubicación", "localisation", "position", "standort", "live location"])
        && place.trim_start().starts_with("https://")
    {
        return Some(Media::Location.mark(None));
    }
    // `report.pdf • 4 pages document omitted`
    if let Some((name, rest)) = line.split_once('•')
        && rest.split_whitespace().rev().nth(1).and_then(noun) == Some(Media::Document)
        && omitted(line).is_some()
    {
        return Some(Media::Document.mark(Some(name)));
    }
    let inner = line.strip_prefix('<').and_then(|line| line.strip_suffix('>')).unwrap_or(line);
    noun(omitted(inner)?).map(|media| media.mark(None))
}

/// Returns the words before a last word such as `omitted`.
fn omitted(line: &str) -> Option<&str> {
    let (words, verb) = line.rsplit_once(' ')?;
    let verbs = &[
        "omitted",
        "omitido",
        "omitida",
        "omis",
        "omise",
        "absent",
        "absente",
        "retiré",
        "weggelassen",
        "ausgelassen",
        "ausgeschlossen",
        "omesso",
        "omessa",
        "oculta",
        "weggelaten",
    ];
    is_one_of(verb, verbs).then_some(words)
}

/// Returns the kind of attachment that `words` name, in English, Spanish, French or German.
fn noun(words: &str) -> Option<Media> {
    let nouns: &[(Media, &[&str])] = &[
        (Media::Unknown, &["media", "multimedia", "archivo", "médias", "medien", "mídia"]),
        (Media::Photo, &["image", "photo", "imagen", "foto", "bild"]),
        (Media::Video, &["video", "vídeo", "vidéo", "video note", "videonachricht"]),
        (Media::Audio, &["audio"]),
        (Media::Sticker, &["sticker"]),
        (Media::Gif, &["gif"]),
        (Media::Document, &["document", "documento", "dokument"]),
        (
            Media::Contact,
            &["contact card", "contact", "tarjeta de contacto", "fiche contact", "kontaktkarte", "kontakt"],
        ),
    ];
    nouns.iter().find(|(_, names)| is_one_of(words, names)).map(|(media, _)| *media)
}

/// Returns the original name of a file, `plan.pdf` for `00000012-plan.pdf`.
fn without_number(name: &str) -> &str {
    match name.split_once('-') {
        Some((number, rest)) if number.len() == 8 && number.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => name,
    }
}

/// Returns `true` if `word` is one of `words`, which are in lower case.
fn is_one_of(word: &str, words: &[&str]) -> bool {
    let word = word.trim().to_lowercase();
    words.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_for_media_become_marks() {
        let cases = [
            ("<Media omitted>", "[media]"),
            ("<Multimedia omitido>", "[media]"),
            ("<Médias omis>", "[media]"),
            ("<Medien ausgeschlossen>", "[media]"),
            ("\u{200e}image omitted", "[photo]"),
            ("\u{200e}imagen omitida", "[photo]"),
            ("image absente", "[photo]"),
            ("Bild weggelassen", "[photo]"),
            ("video omitted", "[video]"),
            ("Vídeo omitido", "[video]"),
            ("vidéo absente", "[video]"),
            ("audio omis", "[audio]"),
            ("Audio weggelassen", "[audio]"),
            ("GIF retiré", "[GIF]"),
            ("sticker omitido", "[sticker]"),
            ("Contact card omitted", "[contact]"),
            ("tarjeta de contacto omitida", "[contact]"),
            ("Kontaktkarte ausgelassen", "[contact]"),
            ("documento omitido", "[document]"),
            ("plan.pdf • \u{200e}4 pages \u{200e}document omitted", "[document: plan.pdf]"),
            ("PTT-20250328-WA0014.opus (archivo adjunto)", "[voice message]"),
            ("IMG-20250328-WA0014.jpg (file attached)", "[photo]"),
            ("STK-20250328-WA0014.webp (fichier joint)", "[sticker]"),
            ("VID-20250328-WA0014.mp4 (Datei angehängt)", "[video]"),
            ("Plan für Rom.pdf (Datei angehängt)", "[document: Plan für Rom.pdf]"),
            ("Ana.vcf (file attached)", "[contact]"),
            ("\u{200e}<attached: 00000012-PHOTO-2024-01-05-10-00-00.jpg>", "[photo]"),
            ("<adjunto: 00000005-VIDEO-2025-01-08-13-48-18.mp4>", "[video]"),
            ("< pièce jointe : 00000456-AUDIO-2024-08-15-14-20-56.opus >", "[voice message]"),
            ("<Anhang: 00000021-STICKER-2026-01-01-10-00-00.webp>", "[sticker]"),
            ("look \u{200e}<attached: 00000012-PHOTO-2024-01-05-10-00-00.jpg>", "look [photo]"),
            ("plan.pdf <pièce jointe : 00000021-plan.pdf>", "[document: plan.pdf]"),
            ("Location: https://maps.google.com/?q=52.5,13.4", "[location]"),
            ("Standort: https://maps.google.com/?q=52.5,13.4", "[location]"),
            ("hello  ![cat.jpg](./media/cat.jpg)  ", "hello  [photo]"),
            ("[a.pdf](./media/a.pdf)  [b.mp3](./media/b.mp3)", "[document: a.pdf]  [audio]"),
            ("(( 😀 ))", "[sticker]"),
        ];
        for (line, expected) in cases {
            let (marked, count) = mark_line(line);
            assert_eq!(marked, expected, "{line:?}");
            assert!(count > 0, "{line:?}");
        }
    }

    #[test]
    fn other_lines_stay_as_they_are() {
        for line in [
            "",
            "I omitted",
            "the image is absent",
            "<3",
            "a <b: c>",
            "Location: the pub",
            "see [this](https://a.b/c)",
            "see [this](./",
            "](./)",
            "x](./y) [",
            "photo",
            "I have it (file attached) somewhere",
        ] {
            assert_eq!(mark_line(line), (line.to_owned(), 0));
        }
    }
}

//! Characters that stand for bytes in byte-level vocabularies.

/// Returns the character for each byte in a byte-level vocabulary, as GPT-2 chose them: printable bytes are themselves,
/// the others are counted up from U+0100.
pub(crate) fn byte_characters() -> [char; 256] {
    let mut others = '\u{100}'..;
    std::array::from_fn(|byte| match byte as u8 {
        byte @ (b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff) => char::from(byte),
        _ => others.next().unwrap_or_default(),
    })
}

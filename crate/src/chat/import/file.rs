//! The text of a chat from the bytes of its file: opens archives and decodes text, in memory of limited size.

use std::borrow::Cow;

use crate::error::Result;
use crate::files::zip::{Archive, ZipError, is_archive};
use crate::input;

/// Largest file, in bytes. Exports with their media are larger, and the media are of no use here.
pub const MAX_FILE_BYTES: usize = 256 << 20;

/// Longest text, in bytes. A messenger's export of 40,000 messages has a few million bytes.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// Checks that a file of `bytes` bytes is not too long, so that callers need not read one that is.
///
/// # Errors
/// If it is too long.
pub fn check_length(bytes: usize) -> Result<()> {
    if bytes > MAX_FILE_BYTES {
        let (bytes, limit) = (bytes.div_ceil(1 << 20), MAX_FILE_BYTES >> 20);
        return Err(input!("the file has {bytes} MB, and {limit} MB are read at most; export the chat without media"));
    }
    Ok(())
}

/// Returns the text of the chat in the file `bytes`, which may be an archive that contains one.
pub fn text_of(bytes: &[u8]) -> Result<Cow<'_, str>> {
    check_length(bytes.len())?;
    if is_archive(bytes) {
        return Ok(decode(&unzip(bytes)?)?.into_owned().into());
    }
    decode(bytes)
}

/// Returns the chat in an archive: WhatsApp's `_chat.txt` or `WhatsApp Chat with Ana.txt`, or Telegram's `result.json`.
/// The archive may also hold texts that were sent as documents.
fn unzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let advise = |error: ZipError| match error {
        ZipError::Damaged(why) => input!("the zip archive is damaged ({why}); export the chat again"),
        ZipError::Encrypted => input!("the chat in the zip archive is encrypted; unpack it and give the text"),
        ZipError::Compression(other) => {
            input!("the zip archive is compressed by {other}, not by deflate; unpack it and give the text")
        }
        ZipError::TooLong => too_long(),
    };
    let archive = Archive::open(bytes).map_err(advise)?;
    let members = archive.members().map_err(advise)?;
    let ranked = members.iter().filter_map(|member| Some((rank(&member.path)?, member)));
    let Some((_, chat)) = ranked.min_by_key(|(rank, _)| *rank) else {
        return Err(input!(
            "the zip archive holds no chat: neither a .txt file nor a result.json; export the chat again"
        ));
    };
    archive.read(chat, MAX_TEXT_BYTES).map_err(advise)
}

/// Ranks the file `path` of an archive: the lowest rank is the likeliest chat, and `None` cannot be one.
fn rank(path: &str) -> Option<(u8, usize)> {
    let path = path.to_lowercase();
    let depth = path.matches('/').count();
    let name = path.rsplit('/').next()?;
    let rank = match name {
        _ if path.starts_with("__macosx/") || name.starts_with('.') => return None,
        "_chat.txt" | "result.json" => 0,
        _ if name.ends_with(".txt") && name.contains("whatsapp") => 1,
        _ if name.ends_with(".txt") => 2,
        _ => return None,
    };
    Some((rank, depth))
}

/// Decodes UTF-8 and UTF-16.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>> {
    if bytes.len() > MAX_TEXT_BYTES {
        return Err(too_long());
    }
    let zero_at = |index: usize| bytes.get(index) == Some(&0);
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes)?.into(),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes)?.into(),
        _ if zero_at(1) && zero_at(3) => utf16(bytes, u16::from_le_bytes)?.into(),
        _ if zero_at(0) && zero_at(2) => utf16(bytes, u16::from_be_bytes)?.into(),
        _ => Cow::Borrowed(std::str::from_utf8(bytes).map_err(|_| not_text())?),
    };
    Ok(text)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(not_text());
    }
    char::decode_utf16(units.iter().map(|&pair| unit(pair))).collect::<Result<_, _>>().map_err(|_| not_text())
}

fn not_text() -> crate::error::Error {
    input!("the file is not UTF-8 text, nor an export in zip or JSON; save the chat as plain text")
}

fn too_long() -> crate::error::Error {
    input!("the text of the chat has more than {} MB; export a shorter part of it", MAX_TEXT_BYTES >> 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::zip::zip;

    #[test]
    fn the_chat_of_an_archive_is_found() {
        type Files<'a> = &'a [(&'a str, &'a [u8])];
        let cases: [(Files<'_>, &str); 5] = [
            (&[("a.txt", b"other"), ("_chat.txt", b"chat")], "chat"),
            (&[("notes.txt", b"other"), ("WhatsApp Chat with Ana.txt", b"chat"), ("b.jpg", b"")], "chat"),
            (&[("ChatExport/photos/a.txt", b"other"), ("ChatExport/result.json", b"chat")], "chat"),
            (&[("files/deep.txt", b"other"), ("top.TXT", b"chat")], "chat"),
            (&[("__MACOSX/_chat.txt", b"other"), ("._chat.txt", b"other"), ("x/_chat.txt", b"chat")], "chat"),
        ];
        for (files, expected) in cases {
            assert_eq!(text_of(&zip(files)).unwrap(), expected, "{files:?}");
        }
    }

    #[test]
    fn large_files_and_bombs_are_refused_before_they_take_memory() {
        let bomb = zip(&[("_chat.txt", &vec![b'a'; MAX_TEXT_BYTES + 1])]);
        assert!(bomb.len() < MAX_TEXT_BYTES / 100, "{}", bomb.len());
        let error = text_of(&bomb).unwrap_err().to_string();
        assert_eq!(error, "the text of the chat has more than 64 MB; export a shorter part of it");
        assert!(check_length(MAX_FILE_BYTES).is_ok());
        let error = check_length(MAX_FILE_BYTES + 1).unwrap_err().to_string();
        assert_eq!(error, "the file has 257 MB, and 256 MB are read at most; export the chat without media");
    }

    #[test]
    fn encodings_are_told_apart() {
        for (bytes, expected) in [
            (&b"h\xc3\xa9"[..], Some("h\u{e9}")),
            (b"\xff\xfeh\0\xe9\0", Some("h\u{e9}")),
            (b"\xfe\xff\0h\0\xe9", Some("h\u{e9}")),
            (b"h\0i\0", Some("hi")),
            (b"\0h\0i", Some("hi")),
            (b"h\xe9", None),
            (b"\xff\xfeh", None),
            (b"\xff\xfe\0\xd8", None),
        ] {
            assert_eq!(text_of(bytes).ok().as_deref(), expected, "{bytes:?}");
        }
    }
}

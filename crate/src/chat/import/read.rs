//! The import itself: recognises the format of a file and calls its reader.

use super::file::text_of;
use super::{Chat, ChatFormat, Imported, Options, stamped, telegram};
use crate::chat::conversation::Conversation;
use crate::error::Result;

/// Imports the chat from the contents `bytes` of the file `name`.
///
/// # Errors
/// If the file contains no chat, is damaged or is too large. The error names the file.
pub fn import(name: &str, bytes: &[u8], options: &Options) -> Result<Imported> {
    read(name, bytes, options).map_err(|error| if name.is_empty() { error } else { error.at(name) })
}

fn read(name: &str, bytes: &[u8], options: &Options) -> Result<Imported> {
    let text = text_of(bytes)?;
    let text = text.trim_start_matches(|c: char| c == '\u{feff}' || c.is_whitespace());
    if text.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}'])) {
        return telegram::read(text, options.chat);
    }
    if let Some(chat) = stamped::read(name, text, options.order)? {
        return Ok(Imported::Chat(chat));
    }
    Ok(Imported::Chat(Chat {
        conversation: Conversation::parse(text)?,
        format: ChatFormat::Plain,
        dates: None,
        announcements: 0,
        media: 0,
        warnings: Vec::new(),
    }))
}

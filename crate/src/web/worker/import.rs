//! The request `import`: reads a chat that another program exported.

use crate::chat::import::{DateOrder, Imported, Options, import};
use crate::error::Result;
use crate::web::protocol::{Body, ChatTitle};

/// Reads the chat in the file `name` of contents `bytes`; of several chats, number `chat`.
///
/// # Errors
/// If the file holds no chat.
pub fn import_chat(name: &str, bytes: &[u8], order: Option<DateOrder>, chat: Option<usize>) -> Result<Body> {
    Ok(match import(name, bytes, &Options { order, chat })? {
        Imported::Chat(chat) => Body::Imported { chat: Some(chat.into()), chats: Vec::new() },
        Imported::Several(titles) => {
            Body::Imported { chat: None, chats: titles.into_iter().map(ChatTitle::from).collect() }
        }
    })
}

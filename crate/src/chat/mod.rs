//! Conversations, wherever they come from.

pub mod conversation;
pub mod dialogue;
pub mod import;
pub mod windows;

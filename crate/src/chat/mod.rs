//! Conversations: their messages, their import from other programs, and their division into windows.

pub mod conversation;
pub mod dialogue;
pub mod import;
pub mod windows;

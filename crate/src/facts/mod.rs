//! Facts of chats and summaries, found by rule and without a model: times, dates, amounts, names and more.
//!
//! `Extractor` finds the facts of one text. The words that it knows are tables, one for each language, in
//! `languages`. `ChatFacts` compares a summary's facts with those of its chat, which can be in another language.
//! `agenda` lists what the messages hold for certain, and `calendar` writes its appointments to a file.

mod agenda;
mod agreement;
mod calendar;
mod checks;
mod contacts;
mod dates;
mod evidence;
mod exchange;
mod extract;
mod fact;
mod fold;
mod languages;
mod meaning;
mod money;
mod names;
mod numbers;
mod patterns;
mod times;

pub use self::agenda::{Item, ItemKind, agenda};
pub use self::calendar::calendar;
pub use self::checks::has_loop;
pub use self::evidence::{ChatFacts, Check, Evidence, SourcedFact};
pub use self::exchange::NameExchange;
pub use self::extract::Extractor;
pub use self::fact::{Fact, FactKind, Span};

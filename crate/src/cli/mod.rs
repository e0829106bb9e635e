//! The commands of `gist`, each in a file of its own, and the parts that they share.

pub mod bench;
pub mod eval;
pub mod export;
pub mod facts;
pub mod import;
pub mod inspect;
pub mod logits;
pub mod lorahub;
pub mod merge;
pub mod rouge;
pub mod summarize;
pub mod synth;
pub mod trim;

mod adapters;
mod files;
mod model;
mod process;

use self::adapters::{AdapterOptions, correction_bytes, read_adapter};
use self::files::{read_dialogues, read_file, write_file};
use self::model::{DEFAULT_MODEL, ModelOptions, is_path, load, locate};
use self::process::{peak_rss_mb, progress_bar};

//! The methods of the paper: each merges two adapters to at most one low-rank pair for each weight.

pub mod adapter_kind;
pub mod baked;
pub mod calibration;
pub mod correction;
pub mod correction_file;
pub mod lorahub;
pub mod merge;
pub mod method;
pub mod plan;
pub mod projection;
pub mod registry;
pub mod requirements;
mod ties;

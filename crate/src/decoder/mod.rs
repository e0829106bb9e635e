//! One forward pass, on the processor and on the GPU.

pub mod benchmark;
pub mod cpu;
pub mod executor;
pub mod gpu;

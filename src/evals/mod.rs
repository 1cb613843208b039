//! Measuring the parts of the pipeline on public data.

pub mod slots;

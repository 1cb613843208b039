//! Concierge: a self-hosted, real-time conversation hub with an AI agent runtime.
//!
//! The floors of the house, what may live where and how a message travels are in `ARCHITECTURE.md`.

pub mod base;
pub mod evals;
pub mod language;
pub mod ports;
pub mod protocol;

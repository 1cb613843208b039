//! Concierge: a self-hosted, real-time conversation hub with an AI agent runtime.
//!
//! The floors of the house, what may live where and how a message travels are in `ARCHITECTURE.md`.

pub mod base;
pub mod config;
pub mod contacts;
pub mod context;
pub mod conversations;
pub mod http;
pub mod identity;
pub mod knowledge;
pub mod ports;
pub mod protocol;
pub mod rules;
pub mod schemas;
pub mod telemetry;
pub mod workspaces;

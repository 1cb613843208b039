//! Concierge: a self-hosted, real-time conversation hub with an AI agent runtime.
//!
//! The floors of the house, what may live where and how a message travels are in `ARCHITECTURE.md`.

pub mod agents;
pub mod app;
pub mod automation;
pub mod base;
pub mod cli;
pub mod client;
pub mod config;
pub mod contacts;
pub mod context;
pub mod conversations;
pub mod drafts;
pub mod evals;
pub mod files;
pub mod gateway;
pub mod hooks;
pub mod http;
pub mod hub;
pub mod identity;
pub mod jobs;
pub mod knowledge;
pub mod language;
pub mod load;
pub mod notices;
pub mod pipeline;
pub mod ports;
pub mod protocol;
pub mod reading;
pub mod rules;
pub mod schemas;
pub mod segments;
pub mod sequences;
pub mod setup;
pub mod snippets;
pub mod telemetry;
pub mod views;
pub mod voice;
pub mod workspaces;

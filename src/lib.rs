//! Concierge: a self-hosted, real-time conversation hub with an AI agent runtime.
//!
//! The floors of the house, what may live where and how a message travels are in `ARCHITECTURE.md`.

pub mod base;
pub mod config;
pub mod contacts;
pub mod conversations;
pub mod drafts;
pub mod files;
pub mod gateway;
pub mod http;
pub mod hub;
pub mod identity;
pub mod jobs;
pub mod ports;
pub mod protocol;
pub mod telemetry;
pub mod workspaces;
pub mod context {
    pub async fn move_status(_: &crate::ports::Cx, _: &mut crate::ports::Tx, _: crate::base::ConversationId, _: &str) -> Result<(), crate::http::Problem> { Ok(()) }
}
pub mod schemas {
    pub async fn initial_status(_: &crate::ports::Cx, _: &mut crate::ports::Tx) -> Result<String, crate::http::Problem> { Ok("new".into()) }
}

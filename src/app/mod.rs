//! Wiring: puts the parts together, starts them in order and stops them in order.

mod api;
pub mod backup;
mod documents;
mod examples;
mod health;
mod jobs;
mod layers;
mod node;
mod pages;
mod reminders;
pub mod seed;
mod server;
mod slow_jobs;

pub use api::{api, openapi, operations};
pub use documents::{asyncapi, protocol_schema};
pub use node::{Node, Options, StartError, open_ports};

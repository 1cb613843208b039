//! Autopilot as a business sees it: the evidence (`drafts::autopilot`) beside the names of its intents.

mod routes;

pub use routes::routes;

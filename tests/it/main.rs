//! Features, tested through HTTP and sockets, on both engines. One file per domain.

#![expect(unreachable_pub, reason = "what the tests share is public among them")]

mod approvals;
mod audience;
mod automation;
mod autopilot;
mod bad_input;
mod contacts;
mod context;
mod desk;
mod examples;
mod files;
mod identity;
mod inbox;
mod index;
mod intents;
mod knowledge;
mod live;
mod load;
mod models;
mod models_bad;
mod models_tools;
mod packs;
mod ratings;
mod refusals;
mod replay;
mod resend;
mod resume;
mod rules;
mod schemas;
mod segments;
mod sequences;
mod setup;
mod slow;
mod sources;
mod sources_bad;
mod sources_web;
mod state;
mod support;
mod tenancy;
mod translation;
mod uploads;
mod vectors;
mod voice;
mod voice_bad;
mod waits;

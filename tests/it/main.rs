//! The hub as its users see it, on each engine.

mod context;
mod knowledge;
mod rules;
mod schemas;
mod support;

//! Features, tested through HTTP and sockets, on both engines. One file per domain.

mod approvals;
mod bad_input;
mod contacts;
mod context;
mod files;
mod identity;
mod inbox;
mod knowledge;
mod live;
mod rules;
mod schemas;
mod support;
mod tenancy;

//! Features, tested through HTTP and sockets, on both engines. One file per domain.

mod audience;
mod contacts;
mod context;
mod knowledge;
mod live;
mod resend;
mod resume;
mod rules;
mod schemas;
mod slow;
mod state;
mod support;

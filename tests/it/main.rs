//! Features, tested through HTTP and sockets, on both engines. One file per domain.

mod contacts;
mod live;
mod support;

//! Ports for servers of the tests' own.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports that the system gives to nobody by itself. Those that it does give may become the near end of any
/// connection between the moment when a test asks for one and the moment when its server takes it, and again
/// while the server is dead for a moment.
const PORTS: std::ops::Range<u32> = 20_000..32_000;

/// A port of this machine where nothing listens; no other test of this process gets the same one.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let many = PORTS.end - PORTS.start;
    // Processes that run side by side begin at places of their own.
    let begin = std::process::id().wrapping_mul(7_919);
    (0..many)
        .map(|_| PORTS.start + begin.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % many)
        .filter_map(|port| u16::try_from(port).ok())
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .expect("one of so many ports is free")
}

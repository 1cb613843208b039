//! A line between the hub and a server that can be cut.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Forwards connections to a server while the line is whole.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    whole: Arc<watch::Sender<bool>>,
    _forwards: JoinSet<()>,
}

impl Proxy {
    /// A line to a port of this machine.
    pub(crate) async fn to(port: u16) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address");
        let whole = Arc::new(watch::Sender::new(true));
        let mut forwards = JoinSet::new();
        forwards.spawn(forward(listener, port, whole.clone()));
        Proxy { address, whole, _forwards: forwards }
    }

    /// Cuts all connections; new ones are closed at once.
    pub(crate) fn cuts(&self) {
        self.whole.send_replace(false);
    }

    /// The line is whole again.
    pub(crate) fn heals(&self) {
        self.whole.send_replace(true);
    }
}

async fn forward(listener: TcpListener, port: u16, whole: Arc<watch::Sender<bool>>) {
    let mut lines = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        let mut state = whole.subscribe();
        lines.spawn(async move {
            if !*state.borrow_and_update() {
                return;
            }
            let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else { return };
            tokio::select! {
                // However it ends, both sides are closed.
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                _ = state.wait_for(|whole| !whole) => {}
            }
        });
    }
}

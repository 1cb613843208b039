//! The lines between clients and nodes: slow, torn, cut, and silent in one direction or both.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};
use tokio::sync::watch;

/// What a line holds before its writer has to wait.
const LINE: usize = 64 * 1024;

/// The lines of one node.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weather {
    /// Nothing reaches the node.
    pub(super) deaf: bool,
    /// Nothing leaves the node.
    pub(super) mute: bool,
    /// How often all lines were cut.
    pub(super) cuts: u64,
}

/// A new line: the client's end and the node's.
pub(super) fn line(weather: watch::Receiver<Weather>, dice: &mut StdRng) -> (DuplexStream, DuplexStream) {
    let (client, near) = tokio::io::duplex(LINE);
    let (far, node) = tokio::io::duplex(LINE);
    let (there, back) = (StdRng::seed_from_u64(dice.random()), StdRng::seed_from_u64(dice.random()));
    tokio::spawn(async move {
        let (near_out, near_in) = tokio::io::split(near);
        let (far_out, far_in) = tokio::io::split(far);
        let mut cut = weather.clone();
        let before = cut.borrow_and_update().cuts;
        tokio::select! {
            biased;
            _ = cut.wait_for(|weather| weather.cuts != before) => {}
            () = carry(near_out, far_in, weather.clone(), |weather| !weather.deaf, there) => {}
            () = carry(far_out, near_in, weather, |weather| !weather.mute, back) => {}
        }
    });
    (client, node)
}

/// Carries bytes in one direction, in pieces of any length, each with a delay of its own.
async fn carry(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut weather: watch::Receiver<Weather>,
    open: impl Fn(&Weather) -> bool,
    mut dice: StdRng,
) {
    let mut piece = [0; 4096];
    loop {
        let most = if dice.random_bool(0.2) { dice.random_range(1..200) } else { piece.len() };
        let Ok(length @ 1..) = from.read(&mut piece[..most]).await else { return };
        tokio::time::sleep(Duration::from_millis(dice.random_range(0..12))).await;
        if weather.wait_for(&open).await.is_err() || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

//! The gateway: sockets in, frames out.
//!
//! One task per connection reads commands, authorises each of them, calls one verb, and sends what the hub
//! queued. Three small tasks serve the hub, which reads no database itself: the **listener** carries notes
//! from the bus to it, the **filler** reads entries that the bus lost, the **inbox** turns "something
//! changed" into fresh inbox rows, a few times a second and for all changes at once. A fourth lets the
//! connections ask their peers for a sign of life, those of one second together: a clock for each would wake
//! the machine for each.

mod commands;
mod connection;
mod inbox;
mod listener;
mod routes;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use connection::read_command;
pub use routes::{routes, tuned};

use crate::base::WorkspaceId;
use crate::conversations::Postbox;
use crate::hub::{Gap, Hub};
use crate::identity::Site;

/// What all connections of this node share.
pub struct Gateway {
    site: Site,
    hub: Arc<Hub>,
    messages: DefaultKeyedRateLimiter<WorkspaceId>,
    postbox: Postbox,
    usual_waits: routes::UsualWaits,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Gateway {
    /// Starts the gateway and its tasks; they end when `stop` is cancelled and are tracked by `tasks`.
    pub fn start(
        site: Site,
        hub: Arc<Hub>,
        gaps: mpsc::Receiver<Gap>,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Arc<Gateway> {
        let quota = Quota::per_second(site.config.sockets.workspace_per_second);
        let messages = RateLimiter::keyed(quota);
        let usual_waits = routes::UsualWaits::default();
        let postbox = Postbox::new(site.ports.db.clone(), tasks.clone());
        let gateway = Arc::new(Gateway { site, hub, messages, postbox, usual_waits, tasks, stop });
        gateway.tasks.spawn(listener::listen(gateway.clone()));
        gateway.tasks.spawn(listener::fill_gaps(gateway.clone(), gaps));
        gateway.tasks.spawn(inbox::refresh(gateway.clone()));
        gateway.tasks.spawn(ping(gateway.clone()));
        gateway
    }

    /// The hub behind it.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Whether this node takes no more sockets because it stops.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Asks all clients to come back later, each after a delay of its own, and closes their sockets.
    pub fn drain(&self) {
        let spread = self.site.config.sockets.drain_spread_ms;
        self.hub.drain(|| 200 + self.site.ports.entropy.below(spread.max(1)));
    }

    /// Whether a workspace may post another message now.
    fn may_post(&self, workspace: WorkspaceId) -> bool {
        matches!(self.messages.check_key_n(&workspace, NonZeroU32::MIN), Ok(Ok(())))
    }
}

/// Has every connection ask its peer for a sign of life once in a period.
async fn ping(gateway: Arc<Gateway>) {
    let turns = gateway.site.config.sockets.ping_seconds.max(1);
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    for turn in 0.. {
        tokio::select! {
            biased;
            () = gateway.stop.cancelled() => return,
            _ = seconds.tick() => gateway.hub.ping(turn, turns),
        }
    }
}

//! From the bus to the hub, and from the store where the bus lost something.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::conversations;
use crate::gateway::Gateway;
use crate::hub::Gap;
use crate::identity;
use crate::ports::bus::{Heard, News, Note};
use crate::protocol::MAX_PAGE;

/// How often rooms are compared with the store when nothing says that the bus lost something.
const POSITION_CHECK: Duration = Duration::from_secs(1);

/// Carries notes from the bus to the hub. After a lag every room and every session is compared with the
/// store.
pub(super) async fn listen(gateway: Arc<Gateway>) {
    let mut bus = gateway.site.ports.bus.subscribe();
    let mut check = tokio::time::interval(POSITION_CHECK);
    check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let unreliable = gateway.site.ports.bus.is_unreliable();
    loop {
        let all = tokio::select! {
            biased;
            () = gateway.stop.cancelled() => return,
            _ = check.tick(), if unreliable => {
                compare(&gateway).await;
                continue;
            }
            all = bus.next_ones() => all,
        };
        for heard in all {
            match heard {
                Heard::Note(note) => {
                    gateway.hub.hear(&note);
                    measure(&gateway, &note);
                }
                Heard::Missed => compare(&gateway).await,
                Heard::Closed => return,
            }
        }
    }
}

/// Compares every session and every room with the store.
async fn compare(gateway: &Gateway) {
    // A session that ended meanwhile must not go on reading: first of all.
    check_sessions(gateway).await;
    for gap in gateway.hub.positions() {
        fill(gateway, gap).await;
    }
}

/// Cuts the staff lines whose session has ended, as the bus may have said unheard.
async fn check_sessions(gateway: &Gateway) {
    for workspace in gateway.hub.staffed_workspaces() {
        let live = async {
            let mut tx = gateway.site.ports.db.read().await?;
            identity::live_sessions(&mut tx, workspace, gateway.site.ports.now()).await
        };
        match live.await {
            Ok(live) => gateway.hub.keep_sessions(workspace, &live),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "sessions could not be read");
            }
        }
    }
}

/// How long a message took from its time to the queues of those who follow it.
fn measure(gateway: &Gateway, note: &Note) {
    if let News::Entry { entry, .. } = &note.news
        && entry.content.is_message()
    {
        let took = gateway.site.ports.now().since(entry.at);
        metrics::histogram!("concierge_delivery_seconds").record(took.as_secs_f64());
    }
}

/// Reads what rooms are missing.
pub(super) async fn fill_gaps(gateway: Arc<Gateway>, mut gaps: mpsc::Receiver<Gap>) {
    loop {
        tokio::select! {
            biased;
            () = gateway.stop.cancelled() => return,
            gap = gaps.recv() => match gap {
                Some(gap) => fill(&gateway, gap).await,
                None => return,
            },
        }
    }
}

async fn fill(gateway: &Gateway, gap: Gap) {
    let limit = i64::try_from(MAX_PAGE).unwrap_or(i64::MAX);
    let mut after = gap.after;
    loop {
        let entries = match gateway.site.ports.db.read().await {
            Ok(mut tx) => {
                match conversations::raw_entries(&mut tx, gap.workspace, gap.conversation, after, limit).await
                {
                    Ok(entries) => entries,
                    Err(error) => return report(gateway, gap, &error),
                }
            }
            Err(error) => return report(gateway, gap, &error),
        };
        let full = entries.len() == MAX_PAGE;
        after = entries.last().map_or(after, |(entry, _)| entry.seq);
        gateway.hub.fill(gap.conversation, entries);
        if !full {
            return;
        }
    }
}

/// The room asks again at its next entry or comparison.
fn report(gateway: &Gateway, gap: Gap, error: &(dyn std::error::Error + 'static)) {
    tracing::warn!(error, conversation.id = %gap.conversation, "missing entries could not be read");
    gateway.hub.fill(gap.conversation, Vec::new());
}

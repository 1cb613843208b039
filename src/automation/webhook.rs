//! Telling an address outside what a rule found: a job, tried again while the other side fails, with a
//! receipt that follows.

use std::time::Duration;

use serde_json::json;

use crate::automation::Error;
use crate::base::{Actor, ConversationId, RuleId};
use crate::conversations;
use crate::hooks;
use crate::identity::Site;
use crate::jobs::{self, Job, Queue, Taken};
use crate::ports::outbound::Url;
use crate::protocol::{Receipt, ReceiptState};
use crate::rules::{self, Action, Cause};

/// How long the other side may take, and how much of its answer is read.
const WITHIN: Duration = Duration::from_secs(10);
const MAX_ANSWER: usize = 64 * 1024;

/// Calls the address of one action of one run.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct CallWebhook {
    /// Where the rule matched.
    pub conversation: ConversationId,
    /// The entry that made it.
    pub seq: i64,
    /// The rule.
    pub rule: RuleId,
    /// The place of the action among the rule's.
    pub at: usize,
}

impl Job for CallWebhook {
    const KIND: &'static str = "call_webhook";
    const QUEUE: Queue = Queue::Slow;
}

/// Runs the job: calls, writes the receipt, and ends or puts back the job.
pub async fn call(site: &Site, taken: &Taken) -> Result<(), Error> {
    let job: CallWebhook = serde_json::from_value(taken.payload.clone()).map_err(Error::Unreadable)?;
    let cx = site.ports.cx(taken.workspace, Actor::System, "");
    let cause = Cause { conversation: job.conversation, seq: job.seq, turn: None };
    let mut tx = site.ports.db.read().await?;
    let Some((run, action)) = rules::run_action(&cx, &mut tx, cause, job.rule, job.at).await? else {
        // The rule's version or the run is gone: nobody waits for this.
        drop(tx);
        return end(site, taken).await;
    };
    let Action::Webhook { url } = &action else { return end(site, taken).await };
    let conversation = conversations::get(&cx, &mut tx, job.conversation).await?;
    drop(tx);
    let body = json!({
        "event": "rule_matched",
        "rule": {"id": run.rule, "key": run.key, "name": run.name, "version": run.version},
        "conversation": {"id": conversation.id, "title": conversation.title, "status": conversation.status,
            "labels": conversation.labels, "contact": conversation.contact},
        "seq": job.seq,
        "tree": run.tree,
        "at": run.at,
    });
    let secret = outgoing_secret(site, taken).await?;
    let told = tell(site, url, taken, (&body, &secret)).await;
    let cx = site.ports.cx(taken.workspace, Actor::System, "");
    let (state, because) = match &told {
        Ok(()) => (ReceiptState::Done, None),
        Err(why) if jobs::is_last(taken) => (ReceiptState::Failed, Some(why.clone())),
        Err(why) => {
            let because = format!("attempt {}: {why}; it is tried again", taken.attempts);
            (ReceiptState::Failed, Some(because))
        }
    };
    let mut tx = site.ports.db.begin().await?;
    conversations::hold(&cx, &mut tx, job.conversation).await?;
    let receipt = Receipt { action: action.to_string(), state, because };
    rules::update_receipt(&cx, &mut tx, cause, job.rule, job.at, receipt).await?;
    match &told {
        Ok(()) => jobs::done(&mut tx, taken).await?,
        Err(why) => jobs::failed(&mut tx, taken, why, cx.now).await?,
    }
    tx.commit().await?;
    Ok(())
}

async fn end(site: &Site, taken: &Taken) -> Result<(), Error> {
    let mut tx = site.ports.db.begin().await?;
    jobs::done(&mut tx, taken).await?;
    tx.commit().await?;
    Ok(())
}

async fn outgoing_secret(site: &Site, taken: &Taken) -> Result<String, Error> {
    let cx = site.ports.cx(taken.workspace, Actor::System, "");
    let mut tx = site.ports.db.begin().await?;
    let secret = hooks::outgoing_secret(&cx, &mut tx).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Posts the news, signed; whoever gets it twice knows it by its key.
async fn tell(
    site: &Site,
    url: &str,
    taken: &Taken,
    (body, secret): (&serde_json::Value, &str),
) -> Result<(), String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let (key, body) = (taken.id.to_string(), body.to_string());
    let now = site.ports.now();
    let signature = hooks::sign(secret, &key, now, body.as_bytes());
    let seconds = (now.as_micros() / 1_000_000).to_string();
    let signed = [(hooks::ID, key.as_str()), (hooks::TIMESTAMP, &seconds), (hooks::SIGNATURE, &signature)];
    let asked = site.ports.outbound.post_json(url, (&key, &signed), body, MAX_ANSWER, WITHIN).await;
    let answer = asked.map_err(|error| error.to_string())?;
    match answer.status.is_success() {
        true => Ok(()),
        false => Err(format!("the address answered {}", answer.status)),
    }
}

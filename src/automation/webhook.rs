//! Telling an address outside what a rule found: a job, tried again while the other side fails, with a
//! receipt that follows.

use std::time::Duration;

use serde_json::{Value, json};

use crate::automation::Error;
use crate::base::{Actor, ConversationId, RuleId, SequenceRunId};
use crate::conversations;
use crate::hooks;
use crate::identity::Site;
use crate::jobs::{self, Job, Queue, Taken};
use crate::ports::outbound::Url;
use crate::ports::{Cx, Tx};
use crate::protocol::{Receipt, ReceiptState};
use crate::rules::{self, Action, Cause};
use crate::sequences;

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
    /// The rule, if it was one.
    #[serde(default)]
    pub rule: Option<RuleId>,
    /// The step of a sequence, if it was one.
    #[serde(default)]
    pub step: Option<(SequenceRunId, i64)>,
    /// The place of the action among those of the rule or the step.
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
    let Some((mut body, action)) = news(&cx, &mut tx, &job, cause).await? else {
        // The version or the run is gone: nobody waits for this.
        drop(tx);
        return end(site, taken).await;
    };
    let Action::Webhook { url } = &action else { return end(site, taken).await };
    let conversation = conversations::get(&cx, &mut tx, job.conversation).await?;
    drop(tx);
    body["conversation"] = json!({"id": conversation.id, "title": conversation.title,
        "status": conversation.status, "labels": conversation.labels, "contact": conversation.contact});
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
    match (job.rule, job.step) {
        (Some(rule), _) => rules::update_receipt(&cx, &mut tx, cause, rule, job.at, receipt).await?,
        (None, Some(step)) => sequences::update_receipt(&cx, &mut tx, step, job.at, receipt).await?,
        (None, None) => {}
    }
    match &told {
        Ok(()) => jobs::done(&mut tx, taken).await?,
        Err(why) => jobs::failed(&mut tx, taken, why, cx.now).await?,
    }
    tx.commit().await?;
    Ok(())
}

/// What the address is told of the rule that matched or the step that was done, and the action that tells.
async fn news(
    cx: &Cx,
    tx: &mut Tx,
    job: &CallWebhook,
    cause: Cause,
) -> Result<Option<(Value, Action)>, Error> {
    if let Some(rule) = job.rule {
        let found = rules::run_action(cx, tx, cause, rule, job.at).await?;
        return Ok(found.map(|(run, action)| {
            let rule = json!({"id": run.rule, "key": run.key, "name": run.name, "version": run.version});
            let event = "rule_matched";
            (json!({"event": event, "rule": rule, "seq": job.seq, "tree": run.tree, "at": run.at}), action)
        }));
    }
    let Some(step) = job.step else { return Ok(None) };
    let found = sequences::step_action(cx, tx, step, job.at).await?;
    Ok(found.map(|(run, document, action)| {
        let sequence = json!({"id": run.sequence, "key": document.key, "name": document.name,
            "version": run.version});
        let (id, step) = step;
        (json!({"event": "sequence_step", "sequence": sequence, "run": id, "step": step}), action)
    }))
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

//! Plays one script: a customer's socket, a colleague's socket, and what each of them sees.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::Node;
use crate::app::seed::{DEMO_PASSWORD, Script, SeededWorkspace, Step};
use crate::base::{Actor, ConversationId, Role};
use crate::cli::{Failure, say};
use crate::client::{Error, Http, Socket};
use crate::protocol::{
    Command, Content, DraftStatus, DraftView, Outcome, RejectReason, ServerFrame, Signal, StageState,
};

/// How long a draft or an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Both sides of one conversation.
struct Stage {
    customer: Socket,
    desk: Socket,
    conversation: Option<ConversationId>,
    draft: Option<DraftView>,
    said: u32,
    json: bool,
}

/// Plays a script and prints what happens.
pub(super) async fn script(
    node: &Node,
    workspace: &SeededWorkspace,
    script: &Script,
    json: bool,
) -> Result<(), Failure> {
    let url = node.url();
    let who = json!({ "name": script.contact.name, "email": script.contact.email });
    let (_, visit) = Http::visit(&url, &workspace.slug, who).await?;
    let (customer, _) = Socket::visitor(&url, &visit.token).await?;
    let owner = workspace
        .staff
        .iter()
        .find(|(_, role)| *role == Role::Owner)
        .ok_or_else(|| Failure::failed("the demo workspace has no owner"))?;
    let colleague = Http::sign_in(&url, &workspace.slug, &owner.0, DEMO_PASSWORD).await?;
    // Nobody here takes an approval back: the customer need not wait for the usual seconds.
    let _: serde_json::Value = colleague.patch("/v1/workspace", json!({ "undo_seconds": 1 })).await?;
    let (desk, _) = Socket::staff(&colleague).await?;
    let mut stage = Stage { customer, desk, conversation: None, draft: None, said: 0, json };
    stage.print("script", &script.title, json!({ "workspace": workspace.slug, "title": script.title }));
    for step in &script.step {
        match step {
            Step::Customer { customer } => stage.customer_says(customer, &script.contact.name).await?,
            Step::Staff { staff, text, replace, reason, note, say } => match staff.as_str() {
                "approve" => stage.approve(None).await?,
                "edit" => {
                    let edited = stage.edited(text.as_deref(), replace.as_ref())?;
                    stage.approve(Some(edited)).await?;
                }
                "reject" => stage.reject(reason.as_deref(), note.clone()).await?,
                "take_over" => stage.take_over(say.as_deref()).await?,
                other => {
                    return Err(Failure::wrong(format!("{}: no step is called {other:?}", script.title)));
                }
            },
        }
    }
    stage.customer.close().await;
    stage.desk.close().await;
    Ok(())
}

impl Stage {
    /// The customer writes; the desk watches the stages and the draft.
    async fn customer_says(&mut self, text: &str, name: &str) -> Result<(), Failure> {
        self.said += 1;
        self.print("customer", &format!("{name}: {text}"), json!({ "text": text }));
        let send = Command::Send {
            conversation: self.conversation,
            client_id: format!("demo-{}", self.said),
            body: text.to_owned(),
            files: Vec::new(),
        };
        let started = Instant::now();
        let Outcome::Posted(posted) = self.customer.ask(send).await? else {
            return Err(Failure::failed("the message was not posted"));
        };
        if self.conversation.is_none() {
            self.conversation = Some(posted.conversation);
            let join = |after| Command::Join { conversation: posted.conversation, after, epoch: None };
            self.customer.ask(join(posted.seq)).await?;
            self.desk.ask(join(posted.seq)).await?;
        }
        self.wait_for_draft(posted.seq, started).await
    }

    async fn wait_for_draft(&mut self, for_seq: i64, started: Instant) -> Result<(), Failure> {
        let mut lines: Vec<(String, serde_json::Value)> = Vec::new();
        let draft = self
            .desk
            .find(PATIENCE, |frame| match frame {
                ServerFrame::Signal(Signal::Stage { stage, state, micros, summary, .. })
                    if state != StageState::Started =>
                {
                    let (micros, summary) = (micros.unwrap_or(0), summary.unwrap_or_default());
                    let line = format!("    {stage:<10} {:>8.2} ms  {summary}", milliseconds(micros));
                    lines.push((
                        line,
                        json!({ "stage": stage, "state": state, "micros": micros, "summary": summary }),
                    ));
                    None
                }
                ServerFrame::Signal(Signal::Draft { draft })
                    if draft.for_seq >= for_seq && draft.status == DraftStatus::Pending =>
                {
                    Some(*draft)
                }
                _ => None,
            })
            .await?;
        for (line, value) in lines {
            self.print("stage", &line, value);
        }
        self.show_draft(&draft, started.elapsed());
        self.draft = Some(draft);
        Ok(())
    }

    fn show_draft(&self, draft: &DraftView, took: Duration) {
        let text = draft.edited_text.as_deref().unwrap_or(&draft.text);
        let mut lines = vec![format!("  draft after {} ms: {text}", took.as_millis())];
        lines.extend(
            draft.citations.iter().map(|citation| {
                format!("    [{}] {}: {:?}", citation.number, citation.title, citation.quote)
            }),
        );
        lines.extend(draft.blockers.iter().map(|blocker| format!("    waits: {}", blocker.says)));
        self.print("draft", &lines.join("\n"), json!({ "draft": draft, "after_ms": took.as_millis() }));
    }

    fn draft(&self) -> Result<DraftView, Failure> {
        self.draft.clone().ok_or_else(|| Failure::wrong("the script decides before there is a draft"))
    }

    fn edited(&self, text: Option<&str>, replace: Option<&(String, String)>) -> Result<String, Failure> {
        match (text, replace) {
            (Some(text), _) => Ok(text.to_owned()),
            (None, Some((from, to))) => Ok(self.draft()?.text.replace(from, to)),
            (None, None) => Err(Failure::wrong("an edit needs text or replace")),
        }
    }

    async fn approve(&mut self, text: Option<String>) -> Result<(), Failure> {
        let draft = self.draft()?;
        let decision = if text.is_some() { "approves with edits" } else { "approves" };
        let approve = Command::Approve {
            draft: draft.id,
            revision: draft.revision,
            hash: draft.hash,
            text: text.clone(),
        };
        self.desk.ask(approve).await?;
        self.print("decision", &format!("  staff {decision}"), json!({ "decision": decision }));
        self.customer_reads().await
    }

    async fn reject(&mut self, reason: Option<&str>, note: Option<String>) -> Result<(), Failure> {
        let draft = self.draft()?;
        let reason: RejectReason = reason.unwrap_or("other").parse().map_err(Failure::wrong)?;
        let shown = note.clone().unwrap_or_default();
        let reject =
            Command::Reject { draft: draft.id, revision: draft.revision, reason, note, rewrite: true };
        let started = Instant::now();
        self.desk.ask(reject).await?;
        let line = format!("  staff rejects ({reason}): {shown}");
        self.print("decision", &line, json!({ "decision": "rejects", "reason": reason, "note": shown }));
        self.wait_for_other_draft(draft.id, draft.for_seq, started).await
    }

    async fn wait_for_other_draft(
        &mut self,
        before: crate::base::DraftId,
        for_seq: i64,
        started: Instant,
    ) -> Result<(), Failure> {
        loop {
            self.wait_for_draft(for_seq, started).await?;
            if self.draft()?.id != before {
                return Ok(());
            }
        }
    }

    async fn take_over(&mut self, words: Option<&str>) -> Result<(), Failure> {
        let conversation = self.conversation.ok_or_else(|| Failure::wrong("nobody has written yet"))?;
        self.desk.ask(Command::TakeOver { conversation }).await?;
        self.print("decision", "  staff takes over", json!({ "decision": "takes over" }));
        let Some(words) = words else { return Ok(()) };
        self.said += 1;
        let send = Command::Send {
            conversation: Some(conversation),
            client_id: format!("demo-{}", self.said),
            body: words.to_owned(),
            files: Vec::new(),
        };
        self.desk.ask(send).await?;
        self.customer_reads().await
    }

    /// The customer sees the answer.
    async fn customer_reads(&mut self) -> Result<(), Failure> {
        let started = Instant::now();
        let found = self.customer.find(PATIENCE, |frame| match frame {
            ServerFrame::Event { entry, .. } => match (&entry.content, entry.actor) {
                (Content::Message { .. }, Actor::Agent | Actor::Staff { .. }) => Some(entry),
                _ => None,
            },
            _ => None,
        });
        let entry = found.await.map_err(|error| match error {
            Error::TimedOut(_) => Failure::failed("the customer did not get the answer"),
            other => other.into(),
        })?;
        let body = entry.body.clone().unwrap_or_default();
        let line =
            format!("  customer reads after {} ms: {}: {body}", started.elapsed().as_millis(), entry.author);
        self.print("reads", &line, json!({ "entry": entry, "after_ms": started.elapsed().as_millis() }));
        Ok(())
    }

    fn print(&self, what: &str, line: &str, mut value: serde_json::Value) {
        if self.json {
            value["what"] = json!(what);
            say(&value.to_string());
        } else if what == "script" {
            say(&format!("\n=== {line}"));
        } else {
            say(line);
        }
    }
}

fn milliseconds(micros: i64) -> f64 {
    f64::from(i32::try_from(micros).unwrap_or(i32::MAX)) / 1_000.0
}

//! What people do to drafts: edit, approve, reject, undo, answer instead.

use std::time::Duration;

use crate::base::{Actor, Audience, ConversationId, DraftId, Role, StaffId, clean_text};
use crate::conversations::{self, NewMessage};
use crate::drafts::store::DecisionRow;
use crate::drafts::write::{give_up_open, show};
use crate::drafts::{Draft, Error, autopilot, carry_edits, get, hold, model, store};
use crate::jobs;
use crate::ports::{Cx, Tx};
use crate::protocol::{
    Blocker, BlockerKind, Content, Decision, DraftApproval, DraftStatus, Held, MAX_BODY_CHARS, Posted,
    RejectReason,
};

/// Sends an approved draft when the time to undo is over.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct SendDraft {
    /// Which draft.
    pub draft: DraftId,
}

impl jobs::Job for SendDraft {
    const KIND: &'static str = "send_draft";
}

/// What became of an approval. Either way the caller commits: a stale approval keeps the person's edits.
#[derive(Debug)]
pub enum Approval {
    /// It will be sent, unless it is undone before.
    Held(Held),
    /// A rule asks for more people: this one's approval is kept.
    Noted(Box<Draft>),
    /// The customer wrote again: nothing is sent, the edits are kept for the next draft.
    Stale,
}

/// Approves a pending draft as it was shown, or with the person's `text` instead.
pub async fn approve(
    cx: &Cx,
    tx: &mut Tx,
    role: Role,
    id: DraftId,
    shown: (i64, &str),
    text: Option<&str>,
    undo_window: Duration,
) -> Result<Approval, Error> {
    let (revision, hash) = shown;
    let mut draft = hold(cx, tx, id).await?;
    if is_replaced(cx, tx, &draft).await? {
        if let Some(text) = text {
            carry_on(cx, tx, &draft, revision, &clean(text)?).await?;
        }
        return Ok(Approval::Stale);
    }
    draft.check_open(revision, Some(hash))?;
    if let Some(needed) = draft.required_role.filter(|needed| role < *needed) {
        return Err(Error::NeedsRole(needed));
    }
    let text = match text {
        None => draft.current_text().to_owned(),
        Some(text) => clean(text)?,
    };
    let conversation = conversations::get(cx, tx, draft.conversation).await?;
    if conversation.customer_seq > draft.for_seq {
        if text != draft.text {
            store::keep_edit(tx, cx.workspace, id, revision, Some(&text), staff_of(cx)).await?;
        }
        return Ok(Approval::Stale);
    }
    if draft.required_people > 1
        && let Some(noted) = note_approval(cx, tx, &mut draft, revision, &text).await?
    {
        return Ok(noted);
    }
    let decision = if text == draft.text { Decision::Approved } else { Decision::ApprovedEdited };
    let send_at = cx.now.after(undo_window);
    let row = DecisionRow {
        status: DraftStatus::Approved,
        by: staff_of(cx),
        name: &cx.name,
        decision,
        reason: None,
        note: None,
        send_at: Some(send_at),
        sent_text: Some(&text),
        edit_distance: Some(model::edit_distance(&draft.text, &text)),
        at: cx.now,
    };
    decide(cx, tx, &mut draft, revision, &row).await?;
    jobs::enqueue(cx, tx, &SendDraft { draft: id }, send_at).await?;
    Ok(Approval::Held(Held { draft: id, send_at }))
}

/// Keeps the approval of one of several people. `None`: with this one everybody has approved. An approval
/// is of the text as it stands: who changes it begins anew.
async fn note_approval(
    cx: &Cx,
    tx: &mut Tx,
    draft: &mut Draft,
    revision: i64,
    text: &str,
) -> Result<Option<Approval>, Error> {
    let needed = draft.required_people;
    let by = staff_of(cx).ok_or(Error::NeedsSecondPerson { needed })?;
    if text != draft.current_text() {
        draft.approvals.clear();
        draft.edited_text = Some(text.to_owned()).filter(|text| *text != draft.text);
        draft.edited_by = Some(by);
        draft.revision += 1;
    }
    if draft.approvals.iter().any(|approval| approval.by == by) {
        return Err(Error::NeedsSecondPerson { needed });
    }
    draft.approvals.push(DraftApproval { by, name: cx.name.clone(), at: cx.now });
    if i64::try_from(draft.approvals.len()).is_ok_and(|given| given >= needed) {
        return Ok(None);
    }
    if !store::note_approval(tx, cx.workspace, draft, revision).await? {
        return Err(Error::Changed);
    }
    show(cx, tx, draft).await?;
    let content = Content::DraftDecided {
        draft: draft.id,
        decision: Decision::ApprovedInPart,
        reason: None,
        note: None,
    };
    conversations::append(cx, tx, draft.conversation, Audience::Staff, None, content).await?;
    Ok(Some(Approval::Noted(Box::new(draft.clone()))))
}

/// Rejects a pending draft. With `rewrite` the message owes a turn again.
pub async fn reject(
    cx: &Cx,
    tx: &mut Tx,
    id: DraftId,
    revision: i64,
    reason: RejectReason,
    note: Option<&str>,
    rewrite: bool,
) -> Result<Draft, Error> {
    let draft = hold(cx, tx, id).await?;
    let (mut draft, revision) = stop_autopilot(cx, tx, draft, revision).await?;
    draft.check_open(revision, None)?;
    let note = match note.filter(|note| !note.trim().is_empty()) {
        None => None,
        Some(note) => Some(clean(note)?),
    };
    let row = DecisionRow {
        status: DraftStatus::Rejected,
        by: staff_of(cx),
        name: &cx.name,
        decision: Decision::Rejected,
        reason: Some(reason),
        note: note.as_deref(),
        send_at: None,
        sent_text: None,
        edit_distance: None,
        at: cx.now,
    };
    if rewrite {
        conversations::owe_again(cx, tx, draft.conversation).await?;
    }
    decide(cx, tx, &mut draft, revision, &row).await?;
    Ok(draft)
}

/// Writes a decision, shows it, and appends it to the timeline.
async fn decide(
    cx: &Cx,
    tx: &mut Tx,
    draft: &mut Draft,
    revision: i64,
    row: &DecisionRow<'_>,
) -> Result<(), Error> {
    if !store::decide(tx, cx.workspace, draft.id, revision, row).await? {
        let now = get(cx, tx, draft.id).await?;
        now.check_open(revision, None)?;
        return Err(Error::Changed);
    }
    *draft = get(cx, tx, draft.id).await?;
    show(cx, tx, draft).await?;
    let content = Content::DraftDecided {
        draft: draft.id,
        decision: row.decision,
        reason: row.reason,
        note: row.note.map(str::to_owned),
    };
    conversations::append(cx, tx, draft.conversation, Audience::Staff, None, content).await?;
    autopilot::learn(cx, tx, draft).await
}

/// Stops autopilot from sending what a person has begun to change or to reject; gives the draft as it is
/// then, and the revision that was shown as it is counted now.
async fn stop_autopilot(cx: &Cx, tx: &mut Tx, draft: Draft, revision: i64) -> Result<(Draft, i64), Error> {
    let says = format!("{} stopped autopilot", cx.name);
    let blocker = Blocker { kind: BlockerKind::PersonWrites, says };
    if !autopilot::take_back(cx, tx, draft.id, blocker).await? {
        return Ok((draft, revision));
    }
    let shown = if revision == draft.revision { revision + 1 } else { revision };
    Ok((get(cx, tx, draft.id).await?, shown))
}

/// Keeps an edit without deciding. On a draft that was superseded meanwhile the edit goes on to the open
/// one, and the answer is `Stale`; the caller commits in both cases.
pub async fn keep_edit(
    cx: &Cx,
    tx: &mut Tx,
    id: DraftId,
    revision: i64,
    text: &str,
) -> Result<Result<Draft, Error>, Error> {
    let draft = hold(cx, tx, id).await?;
    let text = clean(text)?;
    if is_replaced(cx, tx, &draft).await? {
        carry_on(cx, tx, &draft, revision, &text).await?;
        return Ok(Err(Error::Stale));
    }
    let (draft, revision) = stop_autopilot(cx, tx, draft, revision).await?;
    draft.check_open(revision, None)?;
    let edited = Some(text.as_str()).filter(|text| *text != draft.text);
    if !store::keep_edit(tx, cx.workspace, id, revision, edited, staff_of(cx)).await? {
        return Err(Error::Changed);
    }
    let draft = get(cx, tx, id).await?;
    show(cx, tx, &draft).await?;
    Ok(Ok(draft))
}

/// Whether a draft for a newer message took this one's place.
async fn is_replaced(cx: &Cx, tx: &mut Tx, draft: &Draft) -> Result<bool, Error> {
    if draft.status != DraftStatus::Superseded {
        return Ok(false);
    }
    let open = store::open_of(tx, cx.workspace, draft.conversation).await?;
    Ok(open.is_some_and(|open| matches!(open.status, DraftStatus::Writing | DraftStatus::Pending)))
}

/// Brings an edit of a superseded draft into the conversation's open one. What the edit was made on is
/// there already: the text that the draft had at this revision.
async fn carry_on(cx: &Cx, tx: &mut Tx, old: &Draft, revision: i64, text: &str) -> Result<(), Error> {
    let Some(open) = store::open_of(tx, cx.workspace, old.conversation).await? else { return Ok(()) };
    let base = if revision == old.revision { old.current_text() } else { &old.text };
    match open.status {
        DraftStatus::Writing => {
            // Edits that are on their way already have their own base.
            let (base, text) = match (&open.carried_base, &open.carried_edit) {
                (Some(first), Some(edit)) => (first.as_str(), carry_edits(base, text, edit)),
                _ => (base, text.to_owned()),
            };
            store::carry(tx, cx.workspace, open.id, base, &text, staff_of(cx)).await?;
        }
        DraftStatus::Pending => {
            let merged = carry_edits(base, text, open.current_text());
            let edited = Some(merged.as_str()).filter(|merged| *merged != open.text);
            store::keep_edit(tx, cx.workspace, open.id, open.revision, edited, staff_of(cx)).await?;
            let open = get(cx, tx, open.id).await?;
            show(cx, tx, &open).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Takes an approval back before it was sent: the draft waits again.
pub async fn undo(cx: &Cx, tx: &mut Tx, id: DraftId) -> Result<Draft, Error> {
    let draft = hold(cx, tx, id).await?;
    match draft.status {
        DraftStatus::Approved => {}
        DraftStatus::Sent => return Err(Error::AlreadySent),
        DraftStatus::Writing | DraftStatus::Pending => return Ok(draft),
        status => return Err(Error::AlreadyDecided { by: draft.decided_by_name, status }),
    }
    let newer = store::open_of(tx, cx.workspace, draft.conversation).await?.is_some_and(|open| open.id != id);
    if newer {
        // A draft for a later message is open already: this one cannot wait beside it.
        give_back_superseded(cx, tx, draft).await
    } else if draft.decision == Some(Decision::AutoApproved) {
        let (draft, _) = stop_autopilot(cx, tx, draft, 0).await?;
        Ok(draft)
    } else if store::undo(tx, cx.workspace, id).await? {
        let draft = get(cx, tx, id).await?;
        show(cx, tx, &draft).await?;
        tell_undone(cx, tx, &draft).await?;
        Ok(draft)
    } else {
        Err(Error::AlreadySent)
    }
}

async fn give_back_superseded(cx: &Cx, tx: &mut Tx, mut draft: Draft) -> Result<Draft, Error> {
    let change = (DraftStatus::Approved, DraftStatus::Superseded);
    if !store::set_status(tx, cx.workspace, draft.id, change, None).await? {
        return Err(Error::AlreadySent);
    }
    // The whole edit is carried on: it was approved, so no draft after it has it yet.
    let text = draft.edited_text.take().unwrap_or_else(|| draft.text.clone());
    carry_on(cx, tx, &draft, draft.revision, &text).await?;
    draft.status = DraftStatus::Superseded;
    tell_undone(cx, tx, &draft).await?;
    Ok(draft)
}

async fn tell_undone(cx: &Cx, tx: &mut Tx, draft: &Draft) -> Result<(), Error> {
    let content =
        Content::DraftDecided { draft: draft.id, decision: Decision::Undone, reason: None, note: None };
    conversations::append(cx, tx, draft.conversation, Audience::Staff, None, content).await?;
    Ok(())
}

/// Sends an approved draft whose time to undo is over. `assistant` is the name the customer sees. Does
/// nothing when it was undone, sent before, or a person took over. Gives the draft that was sent now: the
/// caller does what it proposes in the same transaction, so that it is done once.
pub async fn send_due(cx: &Cx, tx: &mut Tx, id: DraftId, assistant: &str) -> Result<Option<Draft>, Error> {
    let draft = match hold(cx, tx, id).await {
        Ok(draft) => draft,
        Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    if draft.send_at.is_none_or(|at| at > cx.now) {
        return Ok(None);
    }
    let by_autopilot = draft.decision == Some(Decision::AutoApproved);
    if draft.status == DraftStatus::Approved && by_autopilot && !autopilot::may_go(cx, tx, &draft).await? {
        return Ok(None);
    }
    let Some(text) = store::claim_for_sending(tx, cx.workspace, id).await? else { return Ok(None) };
    let agent = cx.acting_as(Actor::Agent, assistant);
    let seq = conversations::send_draft(&agent, tx, draft.conversation, id, text).await?;
    store::set_sent(tx, cx.workspace, id, seq).await?;
    let open = store::open_of(tx, cx.workspace, draft.conversation).await?;
    let sent = get(cx, tx, id).await?;
    show(cx, tx, &sent).await?;
    if let Some(open) = open {
        show(cx, tx, &open).await?;
    }
    Ok(Some(sent))
}

/// Posts a person's own answer: whatever the agent was about to say is given up, and no turn is owed.
pub async fn reply_in_person(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    message: NewMessage,
) -> Result<Posted, Error> {
    let posted = conversations::post(cx, tx, conversation, message).await?;
    if !posted.duplicate {
        give_up_open(cx, tx, conversation).await?;
        conversations::settle(cx, tx, conversation).await?;
    }
    Ok(posted)
}

/// Gives the conversation to the person who calls: nothing the agent wrote is sent from here on.
pub async fn take_over(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<(), Error> {
    conversations::take_over(cx, tx, conversation).await?;
    give_up_open(cx, tx, conversation).await
}

/// Closes the conversation as done, or opens it again. What is closed waits for no draft.
pub async fn resolve(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    resolved: bool,
) -> Result<(), Error> {
    conversations::resolve(cx, tx, conversation, resolved).await?;
    match resolved {
        true => give_up_open(cx, tx, conversation).await,
        false => Ok(()),
    }
}

fn staff_of(cx: &Cx) -> Option<StaffId> {
    match cx.actor {
        Actor::Staff { id } => Some(id),
        Actor::Contact { .. } | Actor::Agent | Actor::Rule { .. } | Actor::System => None,
    }
}

fn clean(text: &str) -> Result<String, Error> {
    Ok(clean_text(text, MAX_BODY_CHARS).map_err(conversations::Error::from)?.into_string())
}

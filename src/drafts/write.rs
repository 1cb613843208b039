//! What a turn does to drafts: begin, finish, fail.

use crate::base::{Actor, Audience, ConversationId, DraftId, Role, TurnId};
use crate::conversations;
use crate::drafts::{Draft, Error, Written, autopilot, carry_edits, store, uses};
use crate::ports::bus::News;
use crate::ports::{Cx, Tx};
use crate::protocol::{Blocker, BlockerKind, Content, Decision, DraftStatus, Signal};

/// Begins a draft in answer to the customer entry `for_seq`. An open draft of before is superseded; edits
/// that people made in it are carried into the new one.
pub async fn begin(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    turn: TurnId,
    for_seq: i64,
) -> Result<Draft, Error> {
    conversations::hold(cx, tx, conversation).await?;
    let mut carried = None;
    for open in store::unsettled(tx, cx.workspace, conversation).await? {
        if open.status == DraftStatus::Approved {
            // What a person approved still goes out; what only autopilot did is answered anew.
            if open.decision == Some(Decision::AutoApproved) {
                autopilot::give_up(cx, tx, &open).await?;
            }
            continue;
        }
        carried = edits_of(&open).or(carried);
        settle(cx, tx, open, DraftStatus::Superseded).await?;
    }
    let (carried_base, carried_edit, edited_by) = match carried {
        None => (None, None, None),
        Some((base, edit, by)) => (Some(base), Some(edit), by),
    };
    let blank = Draft::begun(cx.id(), conversation, turn, for_seq, cx.now);
    let draft = Draft { edited_by, carried_base, carried_edit, ..blank };
    if !store::insert(tx, cx.workspace, &draft).await? {
        return Err(Error::AlreadyDecided { by: None, status: DraftStatus::Superseded });
    }
    show(cx, tx, &draft).await?;
    Ok(draft)
}

/// The edits of a draft that must not be lost: what they were made on, what they made of it, and by whom.
fn edits_of(draft: &Draft) -> Option<(String, String, Option<crate::base::StaffId>)> {
    match (&draft.edited_text, &draft.carried_base, &draft.carried_edit) {
        (Some(edited), _, _) => Some((draft.text.clone(), edited.clone(), draft.edited_by)),
        (None, Some(base), Some(edit)) => Some((base.clone(), edit.clone(), draft.edited_by)),
        _ => None,
    }
}

/// Ends the writing: the draft waits for a person, with the edits that were carried into it.
pub async fn finish(cx: &Cx, tx: &mut Tx, id: DraftId, written: Written) -> Result<Draft, Error> {
    let mut draft = super::get(cx, tx, id).await?;
    if let (Some(base), Some(edit)) = (draft.carried_base.take(), draft.carried_edit.take()) {
        let merged = carry_edits(&base, &edit, &written.text);
        draft.edited_text = Some(merged).filter(|merged| *merged != written.text);
    }
    if draft.edited_text.is_none() {
        draft.edited_by = None;
    }
    draft.status = DraftStatus::Pending;
    draft.text = written.text;
    draft.citations = written.citations;
    draft.sentences = written.sentences;
    draft.blockers = written.blockers;
    draft.intent = written.intent;
    draft.confidence = written.confidence;
    draft.required_role = written.required_role;
    draft.required_people = written.required_people.max(1);
    draft.model = written.model;
    draft.fallback = written.fallback;
    draft.proposals = written.proposals;
    if !store::finish(tx, cx.workspace, &draft).await? {
        return Err(Error::AlreadyDecided { by: None, status: DraftStatus::Superseded });
    }
    uses::note(cx, tx, &draft).await?;
    let content = Content::DraftProposed {
        draft: draft.id,
        turn: draft.turn,
        gist: draft.gist(),
        waits_because: draft.blockers.iter().map(|blocker| blocker.says.clone()).collect(),
    };
    show(cx, tx, &draft).await?;
    conversations::append(cx, tx, draft.conversation, Audience::Staff, None, content).await?;
    Ok(draft)
}

/// Proposes a reply that was not written by a turn. `None`: another draft is open, which says more.
pub async fn propose(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    written: Written,
) -> Result<Option<Draft>, Error> {
    conversations::hold(cx, tx, conversation).await?;
    if store::open_of(tx, cx.workspace, conversation).await?.is_some() {
        return Ok(None);
    }
    let for_seq = conversations::get(cx, tx, conversation).await?.customer_seq;
    let draft = begin(cx, tx, conversation, cx.id(), for_seq).await?;
    finish(cx, tx, draft.id, written).await.map(Some)
}

/// Asks for the approval of a role or of several people for the draft that waits; says whether one does.
/// What was asked for before stays asked for.
pub async fn require(
    cx: &Cx,
    tx: &mut Tx,
    conversation: ConversationId,
    (role, people): (Role, i64),
    says: &str,
) -> Result<bool, Error> {
    conversations::hold(cx, tx, conversation).await?;
    let Some(mut draft) = store::open_of(tx, cx.workspace, conversation).await? else { return Ok(false) };
    let blocker = Blocker { kind: BlockerKind::RuleRequires, says: says.to_owned() };
    if autopilot::take_back(cx, tx, draft.id, blocker.clone()).await? {
        draft = super::get(cx, tx, draft.id).await?;
    }
    if draft.status != DraftStatus::Pending {
        return Ok(false);
    }
    draft.required_role = draft.required_role.max(Some(role));
    draft.required_people = draft.required_people.max(people);
    if !draft.blockers.contains(&blocker) {
        draft.blockers.push(blocker);
    }
    if !store::require(tx, cx.workspace, &draft).await? {
        return Ok(false);
    }
    show(cx, tx, &draft).await?;
    Ok(true)
}

/// Ends the writing without a draft.
pub async fn fail(cx: &Cx, tx: &mut Tx, id: DraftId) -> Result<(), Error> {
    let draft = super::hold(cx, tx, id).await?;
    if draft.status == DraftStatus::Writing {
        settle(cx, tx, draft, DraftStatus::Failed).await?;
    }
    Ok(())
}

/// Gives up every draft of a conversation that is not sent, because a person answers instead.
pub async fn give_up_open(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<(), Error> {
    conversations::hold(cx, tx, conversation).await?;
    for open in store::unsettled(tx, cx.workspace, conversation).await? {
        let id = open.id;
        settle(cx, tx, open, DraftStatus::Superseded).await?;
        let decided =
            Content::DraftDecided { draft: id, decision: Decision::Superseded, reason: None, note: None };
        conversations::append(cx, tx, conversation, Audience::Staff, None, decided).await?;
    }
    Ok(())
}

/// Ends a draft that nobody decided.
async fn settle(cx: &Cx, tx: &mut Tx, mut draft: Draft, to: DraftStatus) -> Result<(), Error> {
    let by = match cx.actor {
        Actor::Staff { id } => Some((id, cx.name.as_str())),
        Actor::Contact { .. } | Actor::Agent | Actor::Rule { .. } | Actor::System => None,
    };
    if store::set_status(tx, cx.workspace, draft.id, (draft.status, to), by).await? {
        draft.status = to;
        if let Some((staff, name)) = by {
            draft.decided_by = Some(staff);
            draft.decided_by_name = Some(name.to_owned());
        }
        show(cx, tx, &draft).await?;
    }
    Ok(())
}

/// Shows a draft as it is now to all staff, live and in the inbox.
pub(super) async fn show(cx: &Cx, tx: &mut Tx, draft: &Draft) -> Result<(), Error> {
    let open = matches!(draft.status, DraftStatus::Writing | DraftStatus::Pending | DraftStatus::Approved);
    let hint = draft.hint();
    conversations::set_draft_hint(cx, tx, draft.conversation, open.then_some(&hint)).await?;
    let signal = Signal::Draft { draft: Box::new(draft.view()) };
    tx.tell(
        cx.workspace,
        News::Signal { conversation: draft.conversation, audience: Audience::Staff, signal: signal.into() },
    );
    Ok(())
}

//! What a draft wants to have done, as far as the draft is concerned: taken off, put back, receipted.

use crate::base::{Audience, DraftId};
use crate::conversations;
use crate::drafts::write::show;
use crate::drafts::{Draft, Error, get, hold, store};
use crate::ports::{Cx, Tx};
use crate::protocol::{Content, Proposal, ProposalState, Receipt, ReceiptState};

/// Takes a proposal off a pending draft, or puts it back. The draft gets another revision: who approves
/// approves what they saw.
pub async fn drop_proposal(
    cx: &Cx,
    tx: &mut Tx,
    id: DraftId,
    revision: i64,
    number: i64,
    dropped: bool,
) -> Result<Draft, Error> {
    let mut draft = hold(cx, tx, id).await?;
    draft.check_open(revision, None)?;
    let proposal = draft.proposals.iter_mut().find(|proposal| proposal.number == number);
    let proposal = proposal.ok_or(Error::NotFound(id))?;
    proposal.state = if dropped { ProposalState::Dropped } else { ProposalState::Proposed };
    if !store::keep_proposals(tx, cx.workspace, id, revision, &draft.proposals).await? {
        return Err(Error::Changed);
    }
    let draft = get(cx, tx, id).await?;
    show(cx, tx, &draft).await?;
    Ok(draft)
}

/// Notes what became of a sent draft's proposals, on the draft and in the timeline.
pub async fn receipt(cx: &Cx, tx: &mut Tx, draft: &Draft, proposals: Vec<Proposal>) -> Result<(), Error> {
    if !store::keep_receipts(tx, cx.workspace, draft.id, &proposals).await? {
        return Err(Error::AlreadySent);
    }
    // What is on its way is told when it is over.
    let over = proposals.iter().filter(|one| one.state != ProposalState::Dropped).map(receipt_of);
    let told: Vec<Receipt> = over.filter(|receipt| receipt.state != ReceiptState::Waiting).collect();
    tell(cx, tx, draft, told).await
}

/// Moves what a sent draft wanted to have done from one state to the next; says whether it was in that state:
/// of two who move it, one does. What is over is told in the timeline.
pub async fn move_proposal(
    cx: &Cx,
    tx: &mut Tx,
    (id, number): (DraftId, i64),
    from: ProposalState,
    (to, receipt): (ProposalState, Option<String>),
) -> Result<bool, Error> {
    let mut draft = hold(cx, tx, id).await?;
    let found = draft.proposals.iter_mut().find(|one| one.number == number && one.state == from);
    let Some(proposal) = found else { return Ok(false) };
    proposal.state = to;
    proposal.receipt = receipt;
    proposal.at = Some(cx.now);
    let told = receipt_of(proposal);
    if !store::keep_receipts(tx, cx.workspace, id, &draft.proposals).await? {
        return Ok(false);
    }
    let told = if told.state == ReceiptState::Waiting { Vec::new() } else { vec![told] };
    tell(cx, tx, &draft, told).await?;
    Ok(true)
}

/// What became of a proposal, as the timeline tells it.
fn receipt_of(proposal: &Proposal) -> Receipt {
    Receipt {
        action: proposal.says.clone(),
        state: match proposal.state {
            ProposalState::Done => ReceiptState::Done,
            ProposalState::Waiting | ProposalState::Begun => ReceiptState::Waiting,
            ProposalState::Failed => ReceiptState::Failed,
            ProposalState::Proposed | ProposalState::Dropped | ProposalState::Skipped => {
                ReceiptState::Skipped
            }
        },
        because: proposal.receipt.clone(),
    }
}

/// Tells what became of proposals, in the timeline and to who looks at the draft.
async fn tell(cx: &Cx, tx: &mut Tx, draft: &Draft, receipts: Vec<Receipt>) -> Result<(), Error> {
    if !receipts.is_empty() {
        let content = Content::ProposalsDone { draft: draft.id, receipts };
        conversations::append(cx, tx, draft.conversation, Audience::Staff, None, content).await?;
    }
    let open = super::open_of(cx, tx, draft.conversation).await?;
    if open.is_none() {
        let sent = get(cx, tx, draft.id).await?;
        show(cx, tx, &sent).await?;
    }
    Ok(())
}

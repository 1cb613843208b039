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
    let receipts = proposals.iter().filter(|proposal| proposal.state != ProposalState::Dropped);
    let receipts: Vec<Receipt> = receipts
        .map(|proposal| Receipt {
            action: proposal.says.clone(),
            state: match proposal.state {
                ProposalState::Done => ReceiptState::Done,
                _ => ReceiptState::Skipped,
            },
            because: proposal.receipt.clone(),
        })
        .collect();
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

//! Who is on which draft: short holds that keep colleagues out of each other's way.
//!
//! A hold is a courtesy, not a lock: approving is decided by the store. It lapses unless it is renewed, and
//! ends when its line leaves the conversation. Other nodes hear of holds over the bus; what they miss they
//! learn with the next renewal, or the hold lapses there.

use std::time::Duration;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;

use crate::base::{ConversationId, Timestamp, WorkspaceId};
use crate::hub::line::{Line, LineId};
use crate::protocol::DraftLease;

/// How long a hold lasts without being renewed.
const LASTS: Duration = Duration::from_secs(60);

/// What somebody wants with a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Hold it if it is free, or go on holding it.
    Hold,
    /// Hold it even if a colleague does.
    Take,
    /// Let it go.
    LetGo,
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// Who holds the draft now.
    pub lease: Option<DraftLease>,
    /// Whether others must hear of it.
    pub is_news: bool,
}

struct Held {
    workspace: WorkspaceId,
    /// The line on this node that holds it; none when another node told of it.
    line: Option<LineId>,
    lease: DraftLease,
}

/// The holds that this node knows of.
#[derive(Default)]
pub(super) struct Leases(DashMap<ConversationId, Held>);

impl Leases {
    /// Who holds a conversation's draft now.
    pub(super) fn of(&self, conversation: ConversationId, now: Timestamp) -> Option<DraftLease> {
        let held = self.0.get(&conversation)?;
        (held.lease.until > now).then(|| held.lease.clone())
    }

    /// The holds of a workspace.
    pub(super) fn all_of(&self, workspace: WorkspaceId, now: Timestamp) -> Vec<(ConversationId, DraftLease)> {
        let ours = self.0.iter().filter(|held| held.workspace == workspace && held.lease.until > now);
        ours.map(|held| (*held.key(), held.lease.clone())).collect()
    }

    /// Does what a line wishes, if nobody else is there before.
    pub(super) fn wish(
        &self,
        line: &Line,
        conversation: ConversationId,
        wish: Wish,
        now: Timestamp,
    ) -> Leased {
        let Some(holder) = line.person() else { return Leased { lease: None, is_news: false } };
        let mine = DraftLease { holder, until: now.after(LASTS) };
        let fresh = || Held { workspace: line.workspace(), line: Some(line.id()), lease: mine.clone() };
        match self.0.entry(conversation) {
            Entry::Occupied(mut held) => {
                let theirs = held.get().lease.holder.id != mine.holder.id && held.get().lease.until > now;
                match wish {
                    Wish::LetGo | Wish::Hold if theirs => {
                        Leased { lease: Some(held.get().lease.clone()), is_news: false }
                    }
                    Wish::LetGo => {
                        held.remove();
                        Leased { lease: None, is_news: true }
                    }
                    Wish::Hold | Wish::Take => {
                        held.insert(fresh());
                        Leased { lease: Some(mine), is_news: true }
                    }
                }
            }
            Entry::Vacant(_) if wish == Wish::LetGo => Leased { lease: None, is_news: false },
            Entry::Vacant(free) => {
                free.insert(fresh());
                Leased { lease: Some(mine), is_news: true }
            }
        }
    }

    /// Ends the hold of a line that goes; says whether it had one.
    pub(super) fn left(&self, line: LineId, conversation: ConversationId) -> bool {
        self.0.remove_if(&conversation, |_, held| held.line == Some(line)).is_some()
    }

    /// Takes what the bus tells of a hold. A hold of a line of this node is known here better than there.
    pub(super) fn hear(
        &self,
        workspace: WorkspaceId,
        conversation: ConversationId,
        lease: Option<&DraftLease>,
    ) {
        match lease {
            Some(lease) => {
                let mut held = self.0.entry(conversation).or_insert_with(|| Held {
                    workspace,
                    line: None,
                    lease: lease.clone(),
                });
                if lease.until > held.lease.until {
                    *held = Held { workspace, line: None, lease: lease.clone() };
                }
            }
            None => {
                self.0.remove_if(&conversation, |_, held| held.line.is_none());
            }
        }
    }
}

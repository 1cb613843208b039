//! What a verb knows of its call: whose workspace, who acts, what time it is.

use crate::base::{Actor, Id, Timestamp, WorkspaceId};
use crate::ports::Entropy;

/// What a verb knows of its call. Time and identifiers come from here, never from the system.
#[derive(Debug, Clone)]
pub struct Cx {
    /// Whose rows these are.
    pub workspace: WorkspaceId,
    /// Who acts.
    pub actor: Actor,
    /// The actor's name as shown.
    pub name: String,
    /// The time of the call.
    pub now: Timestamp,
    /// Random bits.
    pub entropy: Entropy,
}

impl Cx {
    /// A fresh identifier.
    pub fn id<I: Id>(&self) -> I {
        self.entropy.id(self.now)
    }

    /// The same call by somebody else, such as the agent or a rule on behalf of the caller.
    #[must_use]
    pub fn acting_as(&self, actor: Actor, name: impl Into<String>) -> Cx {
        Cx { actor, name: name.into(), ..self.clone() }
    }
}

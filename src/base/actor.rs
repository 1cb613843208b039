//! Who did something, and who may see it.

use crate::base::{ContactId, RuleId, StaffId};

crate::word_enum! {
    /// Who may see a timeline entry.
    pub enum Audience {
        /// The customer and all staff.
        Everyone = "everyone",
        /// Staff only: a customer's connection never receives it.
        Staff = "staff",
    }
}

crate::word_enum! {
    /// What a staff member may do; each role may do everything the one below may.
    pub enum Role {
        /// Reads conversations.
        Viewer = "viewer",
        /// Answers customers and decides drafts.
        Staff = "staff",
        /// Also changes knowledge, agents, rules and people.
        Manager = "manager",
        /// Also changes the workspace itself.
        Owner = "owner",
    }
}

crate::word_enum! {
    /// What kind of being acted.
    pub enum ActorKind {
        /// A customer.
        Contact = "contact",
        /// A person of the business.
        Staff = "staff",
        /// The machine that drafts.
        Agent = "agent",
        /// A rule of the business.
        Rule = "rule",
        /// The hub itself.
        System = "system",
    }
}

/// Who did something.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
    utoipa::ToSchema,
)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Actor {
    /// A customer.
    Contact {
        /// Which one.
        id: ContactId,
    },
    /// A person of the business.
    Staff {
        /// Which one.
        id: StaffId,
    },
    /// The workspace's agent.
    Agent,
    /// A business rule.
    Rule {
        /// Which one.
        id: RuleId,
    },
    /// The hub itself (timers, recovery, seeding).
    System,
}

impl Actor {
    /// What kind of being acted.
    pub const fn kind(&self) -> ActorKind {
        match self {
            Actor::Contact { .. } => ActorKind::Contact,
            Actor::Staff { .. } => ActorKind::Staff,
            Actor::Agent => ActorKind::Agent,
            Actor::Rule { .. } => ActorKind::Rule,
            Actor::System => ActorKind::System,
        }
    }

    /// The actor's identifier as text, where it has one.
    pub fn id_text(&self) -> Option<String> {
        match self {
            Actor::Contact { id } => Some(id.to_string()),
            Actor::Staff { id } => Some(id.to_string()),
            Actor::Rule { id } => Some(id.to_string()),
            Actor::Agent | Actor::System => None,
        }
    }

    /// Puts an actor back together from the two columns it is stored in.
    pub fn from_columns(kind: ActorKind, id: Option<&str>) -> Option<Actor> {
        Some(match kind {
            ActorKind::Contact => Actor::Contact { id: id?.parse().ok()? },
            ActorKind::Staff => Actor::Staff { id: id?.parse().ok()? },
            ActorKind::Rule => Actor::Rule { id: id?.parse().ok()? },
            ActorKind::Agent => Actor::Agent,
            ActorKind::System => Actor::System,
        })
    }
}

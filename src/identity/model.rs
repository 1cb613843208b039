//! Staff, sessions and permissions.

use crate::base::{FileId, Role, SessionId, StaffId, Timestamp, WorkspaceId, clean_text};
use crate::identity::Error;

/// Longest name, in characters.
const MAX_NAME: usize = 100;

/// Longest address, in characters (RFC 5321, 4.5.3.1.3).
const MAX_EMAIL: usize = 254;

/// Shortest password, in characters (NIST SP 800-63B: at least 8).
const MIN_PASSWORD: usize = 8;

/// Longest language tag.
const MAX_LANGUAGE: usize = 20;

/// Characters kept of what a browser calls itself.
const MAX_AGENT: usize = 250;

/// What a route or command needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// See conversations, contacts and knowledge.
    Read,
    /// Write to customers, decide drafts, change context.
    Answer,
    /// Change knowledge, rules, schemas and people.
    Manage,
    /// Change the workspace itself.
    Own,
}

impl Permission {
    /// The least role that has it.
    pub const fn least_role(self) -> Role {
        match self {
            Permission::Read => Role::Viewer,
            Permission::Answer => Role::Staff,
            Permission::Manage => Role::Manager,
            Permission::Own => Role::Owner,
        }
    }
}

/// A person of the business.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Staff {
    /// Their identifier.
    pub id: StaffId,
    /// Their name.
    pub name: String,
    /// The address they sign in with, in lower case.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Whether their access was taken.
    pub disabled: bool,
    /// The colour behind their initials, as a hue from 0 to 359; by their identifier if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hue: Option<i64>,
    /// Their picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<FileId>,
    /// The language of their desk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When they were added.
    pub created_at: Timestamp,
}

/// A staff member to be added.
#[derive(Debug, Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewStaff {
    /// Their name.
    pub name: String,
    /// The address they will sign in with.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// Their first password, at least 8 characters.
    pub password: String,
}

/// Changes to a staff member: what is absent stays.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffChange {
    /// Their name.
    pub name: Option<String>,
    /// What they may do.
    pub role: Option<Role>,
    /// Take or give back their access.
    pub disabled: Option<bool>,
}

/// Changes to one's own profile: what is absent stays.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    /// The name that colleagues and customers see.
    pub name: Option<String>,
    /// The colour behind the initials, as a hue from 0 to 359.
    pub hue: Option<i64>,
    /// The language of the desk, such as `en-GB`.
    pub language: Option<String>,
}

/// A browser in which one is signed in.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct OpenSession {
    /// Its identifier.
    pub id: SessionId,
    /// Whether it is the one that asks.
    pub here: bool,
    /// What the browser called itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What somebody types to sign in.
#[derive(Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Slug of the workspace; needed only by those who work in several.
    pub workspace: Option<String>,
    /// E-mail address.
    pub email: String,
    /// Password.
    pub password: String,
}

/// An open session.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Its identifier.
    pub id: SessionId,
    /// Whose rows it may see.
    pub workspace: WorkspaceId,
    /// Who signed in.
    pub staff: Staff,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Staff {
    pub(super) fn is_active_owner(&self) -> bool {
        self.role == Role::Owner && !self.disabled
    }
}

impl NewStaff {
    pub(super) fn into_staff(self, id: StaffId, now: Timestamp) -> Result<Staff, Error> {
        let email = clean("email", &normal_email(&self.email), MAX_EMAIL)?;
        if !email.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()) {
            return Err(Error::Invalid { field: "email", problem: format!("{email:?} is not an address") });
        }
        check_password(&self.password)?;
        let name = clean_name(&self.name)?;
        let (hue, picture, language) = (None, None, None);
        Ok(Staff {
            id,
            name,
            email,
            role: self.role,
            disabled: false,
            hue,
            picture,
            language,
            created_at: now,
        })
    }
}

impl StaffChange {
    pub(super) fn apply(self, mut staff: Staff) -> Result<Staff, Error> {
        if let Some(name) = &self.name {
            staff.name = clean_name(name)?;
        }
        staff.role = self.role.unwrap_or(staff.role);
        staff.disabled = self.disabled.unwrap_or(staff.disabled);
        Ok(staff)
    }
}

impl ProfileChange {
    pub(super) fn apply(self, mut staff: Staff) -> Result<Staff, Error> {
        if let Some(name) = &self.name {
            staff.name = clean_name(name)?;
        }
        if let Some(hue) = self.hue {
            if !(0..360).contains(&hue) {
                return Err(Error::Invalid { field: "hue", problem: "must be from 0 to 359".to_owned() });
            }
            staff.hue = Some(hue);
        }
        if let Some(language) = self.language {
            let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            if !(2..=MAX_LANGUAGE).contains(&language.len()) || !language.bytes().all(known) {
                let problem = format!("{language:?} is not a language tag such as de or en-GB");
                return Err(Error::Invalid { field: "language", problem });
            }
            staff.language = Some(language);
        }
        Ok(staff)
    }
}

/// Refuses a password that is too short.
pub(super) fn check_password(password: &str) -> Result<(), Error> {
    if password.chars().count() >= MIN_PASSWORD {
        return Ok(());
    }
    let problem = format!("at least {MIN_PASSWORD} characters are needed");
    Err(Error::Invalid { field: "password", problem })
}

/// What a browser calls itself, short enough to keep.
pub(super) fn agent_of(header: Option<&str>) -> Option<String> {
    let agent: String = header?.chars().filter(|one| !one.is_control()).take(MAX_AGENT).collect();
    Some(agent).filter(|agent| !agent.is_empty())
}

fn clean_name(name: &str) -> Result<String, Error> {
    clean("name", name, MAX_NAME)
}

fn clean(field: &'static str, text: &str, limit: usize) -> Result<String, Error> {
    match clean_text(text, limit) {
        Ok(text) => Ok(text.into_string()),
        Err(fault) => Err(Error::Invalid { field, problem: fault.to_string() }),
    }
}

/// An address as it is stored and compared.
pub(super) fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

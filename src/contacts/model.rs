//! What a contact is.

use crate::base::{ContactId, Id, Timestamp, clean_text};
use crate::contacts::Error;

/// Longest name, address or number, in characters.
const MAX_SHORT: usize = 200;

/// Longest note, in characters.
const MAX_NOTE: usize = 2_000;

/// A customer.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct Contact {
    /// Its identifier.
    pub id: ContactId,
    /// Their name, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Their telephone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Their language and region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// What staff wrote about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When they first came.
    pub created_at: Timestamp,
    /// When they were last here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Timestamp>,
}

crate::word_enum! {
    /// What happened to a contact, as rules hear of it.
    pub enum Change {
        /// Their first conversation began.
        Created = "created",
        /// It became known who they are: an e-mail address or a number where there was neither.
        Identified = "identified",
        /// Something else about them changed.
        Changed = "changed",
    }
}

impl Change {
    /// What a change of what is known amounts to.
    pub(super) fn between(before: &Contact, after: &Contact) -> Change {
        let known = |one: &Contact| one.email.is_some() || one.phone.is_some();
        match !known(before) && known(after) {
            true => Change::Identified,
            false => Change::Changed,
        }
    }
}

/// A contact to be added. All fields may be absent.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in Contact")]
pub struct NewContact {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub locale: Option<String>,
    pub note: Option<String>,
}

/// Changes to a contact: what is absent stays, an empty text clears.
pub type ContactChange = NewContact;

/// Which contacts are wanted.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContactFilter {
    /// Part of the name, e-mail address or telephone number.
    pub q: Option<String>,
}

impl Contact {
    /// The name to show: the real one, or a stand-in from the identifier.
    pub fn display_name(&self) -> String {
        match &self.name {
            Some(name) => name.clone(),
            None => visitor_name(self.id),
        }
    }
}

/// A stand-in for a name that is not known: "Visitor 4F2K".
fn visitor_name(id: ContactId) -> String {
    let text = id.to_string();
    format!("Visitor {}", text.get(text.len() - 4..).unwrap_or(ContactId::PREFIX))
}

impl NewContact {
    pub(super) fn into_contact(self, id: ContactId, now: Timestamp) -> Result<Contact, Error> {
        let empty = Contact {
            id,
            name: None,
            email: None,
            phone: None,
            locale: None,
            note: None,
            created_at: now,
            last_seen_at: None,
        };
        self.apply(empty)
    }

    pub(super) fn apply(self, mut contact: Contact) -> Result<Contact, Error> {
        set("name", &mut contact.name, self.name, MAX_SHORT)?;
        set("email", &mut contact.email, self.email, MAX_SHORT)?;
        set("phone", &mut contact.phone, self.phone, MAX_SHORT)?;
        set("locale", &mut contact.locale, self.locale, MAX_SHORT)?;
        set("note", &mut contact.note, self.note, MAX_NOTE)?;
        match &contact.email {
            Some(email) if !looks_like_email(email) => Err(Error::Invalid {
                field: "email",
                problem: format!("{email:?} is not an address such as ana@mail.example"),
            }),
            _ => Ok(contact),
        }
    }
}

fn set(
    field: &'static str,
    place: &mut Option<String>,
    value: Option<String>,
    limit: usize,
) -> Result<(), Error> {
    let Some(text) = value else { return Ok(()) };
    if text.trim().is_empty() {
        *place = None;
        return Ok(());
    }
    let cleaned =
        clean_text(&text, limit).map_err(|fault| Error::Invalid { field, problem: fault.to_string() })?;
    *place = Some(cleaned.into_string());
    Ok(())
}

/// One `@` with something on both sides and no spaces: mail servers decide the rest.
fn looks_like_email(text: &str) -> bool {
    let mut parts = text.split('@');
    let filled = |part: Option<&str>| part.is_some_and(|part| !part.is_empty());
    filled(parts.next())
        && filled(parts.next())
        && parts.next().is_none()
        && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contact() -> Contact {
        let new = NewContact { name: Some("Ana".to_owned()), ..NewContact::default() };
        let at = Timestamp::from_micros(0);
        new.into_contact(ContactId::from_parts(at, 7), at).expect("a name is enough")
    }

    #[test]
    fn an_empty_text_clears_and_an_absent_one_keeps() {
        let cleared = ContactChange { name: Some("  ".to_owned()), ..ContactChange::default() };
        let kept = ContactChange::default();
        assert_eq!(kept.apply(contact()).map(|contact| contact.name).ok().flatten().as_deref(), Some("Ana"));
        assert_eq!(cleared.apply(contact()).map(|contact| contact.name).ok().flatten(), None);
    }

    #[test]
    fn an_address_needs_two_sides() {
        for wrong in ["ana", "@mail.example", "ana@", "a b@c", "a@b@c"] {
            assert!(!looks_like_email(wrong), "{wrong}");
        }
        assert!(looks_like_email("ana@mail.example"));
    }
}

//! E-mail addresses, telephone numbers, links and files.

use serde_json::{Value, json};

use super::super::contact::{Contact, valid};
use super::super::reading::{Mention, Need, Reading};
use super::super::{FieldSpec, Setting};
use super::{Fault, Kind, Operator, PRESENCE, WORDS, unreadable};
use crate::base::FileId;

fn found(reading: &Reading<'_>, pick: impl Fn(&Contact) -> Option<&String>) -> Vec<Mention> {
    reading
        .contacts
        .iter()
        .filter_map(|c| {
            Some(Mention {
                value: json!(pick(&c.value)?),
                start: c.start,
                end: c.end,
                certainty: c.certainty,
                need: Need::Nothing,
            })
        })
        .collect()
}

fn only(
    kind: &dyn Kind,
    spec: &FieldSpec,
    text: &str,
    setting: &Setting,
    wanted: &'static str,
) -> Result<Value, Fault> {
    let reading = Reading::new(text, setting);
    kind.find(spec, &reading).into_iter().next().map(|m| m.value).ok_or_else(|| unreadable(text, wanted))
}

/// An e-mail address.
pub(in super::super) struct Email;

impl Kind for Email {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        only(self, spec, text, setting, "an e-mail address")
    }

    fn format(&self, _: &FieldSpec, value: &Value, _: &str) -> String {
        value.as_str().unwrap_or_default().to_owned()
    }

    fn find(&self, _: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        found(reading, |c| if let Contact::Email(address) = c { Some(address) } else { None })
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "format": "email" })
    }

    fn operators(&self) -> &'static [Operator] {
        WORDS
    }
}

/// A telephone number.
pub(in super::super) struct Phone;

impl Kind for Phone {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        if let Some(number) = valid(text, &setting.country) {
            return Ok(json!(number));
        }
        only(self, spec, text, setting, "a telephone number")
    }

    fn format(&self, _: &FieldSpec, value: &Value, _: &str) -> String {
        let text = value.as_str().unwrap_or_default();
        match phonenumber::parse(None, text) {
            Ok(number) => number.format().mode(phonenumber::Mode::International).to_string(),
            Err(_) => text.to_owned(),
        }
    }

    fn find(&self, _: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        found(reading, |c| if let Contact::Phone(number) = c { Some(number) } else { None })
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "pattern": "^[+0-9 ()./-]{7,24}$" })
    }

    fn operators(&self) -> &'static [Operator] {
        WORDS
    }
}

/// A web address.
pub(in super::super) struct Url;

impl Kind for Url {
    fn parse(&self, spec: &FieldSpec, text: &str, setting: &Setting) -> Result<Value, Fault> {
        only(self, spec, text, setting, "a web address")
    }

    fn format(&self, _: &FieldSpec, value: &Value, _: &str) -> String {
        value.as_str().unwrap_or_default().to_owned()
    }

    fn find(&self, _: &FieldSpec, reading: &Reading<'_>) -> Vec<Mention> {
        found(reading, |c| if let Contact::Url(address) = c { Some(address) } else { None })
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "format": "uri" })
    }

    fn operators(&self) -> &'static [Operator] {
        WORDS
    }
}

/// An uploaded file. Files come with a message, never from its words.
pub(in super::super) struct File;

impl Kind for File {
    fn parse(&self, _: &FieldSpec, text: &str, _: &Setting) -> Result<Value, Fault> {
        text.parse::<FileId>().map(|id| json!(id)).map_err(|_| unreadable(text, "a file identifier"))
    }

    fn format(&self, _: &FieldSpec, value: &Value, _: &str) -> String {
        value.as_str().unwrap_or_default().to_owned()
    }

    fn find(&self, _: &FieldSpec, _: &Reading<'_>) -> Vec<Mention> {
        Vec::new()
    }

    fn json_schema(&self, _: &FieldSpec) -> Value {
        json!({ "type": "string", "pattern": "^fil_[0-9A-HJKMNP-TV-Z]{26}$" })
    }

    fn operators(&self) -> &'static [Operator] {
        PRESENCE
    }
}

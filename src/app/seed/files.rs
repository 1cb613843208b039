//! The files of the demo workspaces, as they come with the binary.

use include_dir::{Dir, include_dir};

use crate::app::seed::Error;
use crate::base::Role;
use crate::knowledge::NewDocument;
use crate::workspaces::Hours;

static DEMO: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/demo");
static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");

/// Everything of one demo workspace.
#[derive(Debug, Clone)]
pub struct DemoFiles {
    pub(super) profile: Profile,
    pub(super) schema: &'static str,
    pub(super) rules: &'static str,
    pub(super) documents: Vec<NewDocument>,
    pub(super) past: Vec<Past>,
    /// Conversations to be played live.
    pub scripts: Vec<Script>,
}

impl DemoFiles {
    /// The workspace's slug.
    pub fn slug(&self) -> &str {
        &self.profile.slug
    }

    /// Addresses of its staff who may answer customers.
    pub fn answering_staff(&self) -> Vec<String> {
        let may_answer = self.profile.staff.iter().filter(|person| person.role != Role::Viewer);
        may_answer.map(|person| person.email.clone()).collect()
    }
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) timezone: String,
    pub(super) locale: String,
    pub(super) country: String,
    pub(super) currency: String,
    pub(super) accent: String,
    pub(super) agent: String,
    pub(super) schema: String,
    pub(super) undo_seconds: u32,
    pub(super) hours: Vec<Hours>,
    pub(super) staff: Vec<Person>,
    pub(super) contacts: Vec<Customer>,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) role: Role,
}

#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Customer {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) note: Option<String>,
}

/// A conversation of the past.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Past {
    pub(super) contact: String,
    pub(super) title: String,
    pub(super) status: String,
    #[serde(default)]
    pub(super) resolved: bool,
    pub(super) assignee: Option<String>,
    #[serde(default)]
    pub(super) labels: Vec<String>,
    pub(super) days_ago: u32,
    pub(super) at: String,
    pub(super) say: Vec<Said>,
    #[serde(default)]
    pub(super) fields: std::collections::BTreeMap<String, serde_json::Value>,
}

/// Something that was said.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    pub(super) by: String,
    pub(super) text: Option<String>,
    pub(super) note: Option<String>,
    pub(super) written: Option<String>,
    pub(super) approved_by: Option<String>,
    pub(super) after: String,
}

/// A conversation to be played live.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What it shows.
    pub title: String,
    /// The customer.
    pub contact: ScriptContact,
    /// What happens.
    pub step: Vec<Step>,
}

/// The customer of a script.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ScriptContact {
    pub name: String,
    pub email: Option<String>,
}

/// A step of a script: what the customer says, or what staff do.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(untagged, deny_unknown_fields)]
#[expect(missing_docs, reason = "demo/README.md explains each")]
pub enum Step {
    Customer {
        customer: String,
    },
    Staff {
        staff: String,
        text: Option<String>,
        replace: Option<(String, String)>,
        reason: Option<String>,
        note: Option<String>,
        say: Option<String>,
    },
}

/// Reads a script file.
pub fn parse_script(text: &str) -> Result<Script, String> {
    toml::from_str(text).map_err(|error| error.to_string())
}

/// All demo workspaces.
pub fn all() -> Result<Vec<DemoFiles>, Error> {
    DEMO.dirs().map(read).collect()
}

fn read(folder: &'static Dir<'static>) -> Result<DemoFiles, Error> {
    let slug = folder.path().display().to_string();
    let profile: Profile = parse(&format!("{slug}/workspace.toml"))?;
    let schema_file = format!("{}.json", profile.schema);
    let schema = SCHEMAS
        .get_file(&schema_file)
        .and_then(|file| file.contents_utf8())
        .ok_or_else(|| missing(&format!("../schemas/{schema_file}")))?;
    let documents = each(&format!("{slug}/knowledge"), |text, _| Ok(document(text)))?;
    let past = each(&format!("{slug}/history"), parse_text)?;
    let scripts = each(&format!("{slug}/scripts"), parse_text)?;
    Ok(DemoFiles { rules: text(&format!("{slug}/rules.json"))?, profile, schema, documents, past, scripts })
}

/// A Markdown file whose first line is its title.
fn document(text: &str) -> NewDocument {
    let (first, body) = text.split_once('\n').unwrap_or((text, ""));
    NewDocument {
        title: first.trim_start_matches('#').trim().to_owned(),
        body: body.trim().to_owned(),
        language: Some("en".to_owned()),
    }
}

fn each<T>(folder: &str, read: impl Fn(&'static str, &str) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    let folder = DEMO.get_dir(folder).ok_or_else(|| missing(folder))?;
    let mut files: Vec<_> = folder.files().collect();
    files.sort_by_key(|file| file.path());
    files
        .into_iter()
        .map(|file| {
            let name = file.path().display().to_string();
            read(file.contents_utf8().ok_or_else(|| missing(&name))?, &name)
        })
        .collect()
}

fn parse<T: serde::de::DeserializeOwned>(file: &str) -> Result<T, Error> {
    parse_text(text(file)?, file)
}

fn parse_text<T: serde::de::DeserializeOwned>(text: &str, file: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|error| Error::File { file: file.to_owned(), problem: error.to_string() })
}

fn text(file: &str) -> Result<&'static str, Error> {
    DEMO.get_file(file).and_then(|file| file.contents_utf8()).ok_or_else(|| missing(file))
}

fn missing(file: &str) -> Error {
    Error::File { file: file.to_owned(), problem: "is missing or not UTF-8".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_demo_workspace_is_complete() {
        let all = all().expect("the demo files are right");
        assert_eq!(all.len(), 3);
        for files in all {
            let slug = &files.profile.slug;
            assert!(files.documents.len() >= 12, "{slug}");
            assert!((15..=30).contains(&files.past.len()), "{slug}");
            assert!(files.scripts.len() >= 5, "{slug}");
            for role in Role::ALL {
                assert!(
                    files.profile.staff.iter().any(|person| person.role == *role),
                    "{slug} has no {role}"
                );
            }
        }
    }
}

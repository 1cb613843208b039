//! The demo workspaces: believable businesses for a first look, for demos and for tests.
//!
//! Their content comes with the binary (`demo/`, see its README). Seeding writes through the same verbs as
//! everybody else, at the times of the story, into a store that has no workspace yet.

mod files;
mod history;

use std::time::Duration;

use crate::base::{Actor, Role};
use crate::pipeline::Library;
use crate::ports::{Cx, DbError, Ports, Tx};
use crate::workspaces::{NewWorkspace, Settings};
use crate::{contacts, conversations, drafts, identity, knowledge, notices, rules, schemas, workspaces};

pub use files::{DemoFiles, Script, ScriptContact, Step, all as demo_files, parse_script};

/// The password of all demo staff.
pub const DEMO_PASSWORD: &str = "concierge-demo";

/// What seeding made: who can sign in.
#[derive(Debug, Clone)]
pub struct Seeded {
    /// The businesses, by slug.
    pub workspaces: Vec<SeededWorkspace>,
}

/// One demo business.
#[derive(Debug, Clone)]
pub struct SeededWorkspace {
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its staff: address and role.
    pub staff: Vec<(String, Role)>,
}

/// Why the demo content could not be stored.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each variant passes on what a domain said")]
pub enum Error {
    #[error("demo/{file}: {problem}")]
    File { file: String, problem: String },
    #[error(transparent)]
    Workspace(#[from] workspaces::Error),
    #[error(transparent)]
    Identity(#[from] identity::Error),
    #[error(transparent)]
    Contact(#[from] contacts::Error),
    #[error(transparent)]
    Knowledge(#[from] knowledge::Error),
    #[error(transparent)]
    Schema(#[from] schemas::Error),
    #[error(transparent)]
    Rule(#[from] rules::Error),
    #[error(transparent)]
    Conversation(#[from] conversations::Error),
    #[error(transparent)]
    Draft(#[from] drafts::Error),
    #[error(transparent)]
    Context(#[from] crate::context::Error),
    #[error(transparent)]
    Db(#[from] DbError),
}

/// Fills an empty store with the demo workspaces. `None`: there were workspaces already.
pub async fn demo(ports: &Ports, library: &Library) -> Result<Option<Seeded>, Error> {
    let mut tx = ports.db.read().await?;
    let known = workspaces::all(&mut tx).await?;
    drop(tx);
    if !known.is_empty() {
        return Ok(None);
    }
    let hash = tokio::task::spawn_blocking(|| identity::hash_password(DEMO_PASSWORD))
        .await
        .map_err(|error| Error::File { file: "workspace.toml".to_owned(), problem: error.to_string() })?;
    let mut seeded = Vec::new();
    for files in files::all()? {
        seeded.push(workspace(ports, library, &files, &hash).await?);
    }
    Ok(Some(Seeded { workspaces: seeded }))
}

async fn workspace(
    ports: &Ports,
    library: &Library,
    files: &DemoFiles,
    password_hash: &str,
) -> Result<SeededWorkspace, Error> {
    let profile = &files.profile;
    let agent = library.understanding().catalogue().find(&profile.agent).ok_or_else(|| Error::File {
        file: format!("{}/workspace.toml", profile.slug),
        problem: format!("there is no agent {:?}", profile.agent),
    })?;
    let settings = Settings {
        timezone: profile.timezone.clone(),
        locale: profile.locale.clone(),
        country: profile.country.clone(),
        currency: profile.currency.clone(),
        accent: profile.accent.clone(),
        assistant_name: agent.assistant_name.clone(),
        greeting: agent.greeting.clone(),
        starters: agent.starters.clone(),
        hours: profile.hours.clone(),
        undo_seconds: profile.undo_seconds,
        allowed_origins: Vec::new(),
        setup: None,
    };
    let mut cx = ports.cx(ports.id(), Actor::System, "Concierge");
    cx.now = cx.now.before(Duration::from_secs(40 * 24 * 3_600));
    let new = NewWorkspace {
        slug: profile.slug.clone(),
        name: profile.name.clone(),
        agent: profile.agent.clone(),
        settings,
    };
    let mut tx = ports.db.begin().await?;
    workspaces::create(&cx, &mut tx, new).await?;
    let staff = people(&cx, &mut tx, files, password_hash).await?;
    schemas::install(&cx, &mut tx, files.schema).await?;
    for document in &files.documents {
        knowledge::create(&cx, &mut tx, document.clone()).await?;
    }
    rules::install_all(&cx, &mut tx, files.rules).await?;
    history::play(&cx, &mut tx, files, &staff, ports.now()).await?;
    conversations::skip_rules(&cx, &mut tx).await?;
    contacts::skip_changes(&cx, &mut tx).await?;
    for one in &staff {
        // What was played is history: nobody is told of it as news.
        notices::see(&cx, &mut tx, one.id, i64::MAX).await?;
    }
    tx.commit().await?;
    let staff = profile.staff.iter().map(|person| (person.email.clone(), person.role)).collect();
    Ok(SeededWorkspace { slug: profile.slug.clone(), name: profile.name.clone(), staff })
}

async fn people(
    cx: &Cx,
    tx: &mut Tx,
    files: &DemoFiles,
    password_hash: &str,
) -> Result<Vec<identity::Staff>, Error> {
    let mut staff = Vec::new();
    for person in &files.profile.staff {
        let new = identity::NewStaff {
            name: person.name.clone(),
            email: person.email.clone(),
            role: person.role,
            password: DEMO_PASSWORD.to_owned(),
        };
        staff.push(identity::add_staff(cx, tx, new, password_hash).await?);
    }
    Ok(staff)
}

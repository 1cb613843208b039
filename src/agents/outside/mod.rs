//! Tools from outside: servers that speak the Model Context Protocol, and what an agent may do with what they
//! offer.
//!
//! Invariants: nothing of a server is used before a manager looked at it and allowed it, tool by tool; a tool
//! is what was looked at, by its hash, and is off as soon as its server changes a word of it; each call looks
//! again before it is made. What reads is called while a draft is written. What has an effect is a proposal on
//! the draft, and called at most once after a person approved it. A secret is kept encrypted, goes to the
//! address it was given for, and never comes out.

mod call;
mod model;
mod routes;
mod store;

pub use call::{CallTool, carry_out};
pub use model::{Policy, Server, Shape, Standing, Tool, arguments_of, says};
pub use routes::routes;

use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::base::clean_text;
use crate::drafts;
use crate::ports::db::JsonText;
use crate::ports::mcp::{Failure, Offered, Place, Said, Visit};
use crate::ports::outbound::{OutboundError, Url};
use crate::ports::{Cx, DbError, Ports, Tx};

/// Most servers of a business, and tools that are on at once.
const MOST: usize = 8;
const MOST_ON: usize = 32;
/// Longest name of a server; address and secret.
const MAX_NAME: usize = 20;
const MAX_TEXT: usize = 2_000;
/// Headers that are not a secret's place, as they say how the request is to be read.
const TAKEN: &[&str] = &[
    "accept",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "transfer-encoding",
    "upgrade",
];

/// A server to be saved.
#[derive(Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServer {
    /// Where it speaks the Model Context Protocol, such as `https://tools.example/mcp`.
    pub address: String,
    /// The header that carries the secret.
    #[serde(default = "authorization")]
    pub header: String,
    /// The header's whole value, such as `Bearer …`; absent: the one that is kept, as long as the address stays;
    /// empty: none.
    #[serde(default)]
    pub secret: Option<String>,
    /// Whether its tools may be used.
    #[serde(default = "yes")]
    pub enabled: bool,
}

fn authorization() -> String {
    "authorization".to_owned()
}

const fn yes() -> bool {
    true
}

/// A tool that an agent may use now, with the way to its server.
#[derive(Clone)]
pub struct Usable {
    /// The tool.
    pub tool: Tool,
    server: Server,
}

/// A business's servers with what they offer.
pub async fn list(cx: &Cx, tx: &mut Tx) -> Result<Vec<(Server, Vec<Tool>)>, DbError> {
    let servers = store::servers(tx, cx.workspace).await?;
    let mut tools = match servers.is_empty() {
        true => Vec::new(),
        false => store::tools(tx, cx.workspace).await?,
    };
    let with_tools = servers.into_iter().map(|server| {
        let (own, others) = std::mem::take(&mut tools).into_iter().partition(|one| one.server == server.name);
        tools = others;
        (server, own)
    });
    Ok(with_tools.collect())
}

/// The tools that an agent may use now.
pub async fn usable(cx: &Cx, tx: &mut Tx, ports: &Ports) -> Result<Vec<Usable>, DbError> {
    if !ports.mcp.settings().outside {
        return Ok(Vec::new());
    }
    let mut usable = Vec::new();
    for (server, tools) in list(cx, tx).await? {
        let on = tools.into_iter().filter(|tool| server.enabled && tool.standing() == Standing::On);
        usable.extend(on.map(|tool| Usable { tool, server: server.clone() }));
    }
    Ok(usable)
}

/// Saves a server; one of the same name is replaced. Another address is another server: what was decided about
/// the tools of the old one is forgotten.
pub async fn save(cx: &Cx, tx: &mut Tx, ports: &Ports, name: &str, new: NewServer) -> Result<Server, Error> {
    let known = store::servers(tx, cx.workspace).await?;
    let before = known.iter().find(|one| one.name == name);
    if before.is_none() && known.len() >= MOST {
        return Err(invalid("name", format!("a business has at most {MOST} servers; delete one first")));
    }
    let letters = |name: &str| name.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '-'));
    if name.is_empty() || name.len() > MAX_NAME || !letters(name) {
        return Err(invalid("name", format!("use 1 to {MAX_NAME} small letters, digits and -")));
    }
    let address =
        clean_text(&new.address, MAX_TEXT).map_err(|fault| invalid("address", fault.to_string()))?;
    let address: String = address.into_string().split_whitespace().collect();
    let url = Url::parse(&address).map_err(|_| Error::Address(OutboundError::NoAddress(address.clone())))?;
    ports.outbound.allows(&url)?;
    let header = header_of(&new.header)?;
    let sealed_secret = match new.secret.as_deref().map(str::trim) {
        Some("") => None,
        Some(secret) => Some(seal(cx, ports, (name, &address), secret)?),
        None => match before {
            Some(before) if before.address == address => before.sealed_secret.clone(),
            Some(before) if before.sealed_secret.is_some() => return Err(Error::SecretMoves),
            _ => None,
        },
    };
    let moved = before.is_some_and(|before| before.address != address);
    if moved {
        store::forget_tools(tx, cx.workspace, name).await?;
    }
    let kept = before.filter(|_| !moved);
    let server = Server {
        name: name.to_owned(),
        address,
        header,
        sealed_secret,
        enabled: new.enabled,
        looked_at: kept.and_then(|before| before.looked_at),
        problem: kept.and_then(|before| before.problem.clone()),
        updated_at: cx.now,
        updated_by_name: cx.name.clone(),
    };
    store::save(tx, cx.workspace, &server).await?;
    Ok(server)
}

fn header_of(text: &str) -> Result<String, Error> {
    let header = text.trim().to_lowercase();
    let letters = |name: &str| name.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '-' | '_'));
    match () {
        () if header.is_empty() || header.len() > 60 || !letters(&header) => {
            Err(invalid("header", "give the name of a header, such as authorization or x-api-key".to_owned()))
        }
        () if TAKEN.contains(&header.as_str()) => {
            Err(invalid("header", format!("{header} says how the request is read; take another")))
        }
        () => Ok(header),
    }
}

/// The place that a server's secret is sealed for.
fn place(cx: &Cx, name: &str, address: &str) -> String {
    format!("tool server {} {name} {address}", cx.workspace)
}

fn seal(cx: &Cx, ports: &Ports, (name, address): (&str, &str), secret: &str) -> Result<String, Error> {
    let printable = |character: char| character.is_ascii_graphic() || character == ' ';
    if secret.len() > MAX_TEXT || !secret.chars().all(printable) {
        let problem = format!("use at most {MAX_TEXT} printable ASCII characters");
        return Err(invalid("secret", problem));
    }
    ports.secrets.seal(&cx.entropy, &place(cx, name, address), secret).ok_or(Error::NoSecretsKey)
}

/// Deletes a server with its secret and what was decided about its tools.
pub async fn delete(cx: &Cx, tx: &mut Tx, name: &str) -> Result<(), Error> {
    match store::delete(tx, cx.workspace, name).await? {
        true => Ok(()),
        false => Err(Error::NotFound),
    }
}

/// Decides what an agent may do with a tool. `hash` names what was looked at.
pub async fn decide(
    cx: &Cx,
    tx: &mut Tx,
    (server, name): (&str, &str),
    policy: Policy,
    hash: &str,
) -> Result<Tool, Error> {
    let tools = store::tools(tx, cx.workspace).await?;
    let on = tools.iter().filter(|tool| tool.policy != Policy::Off && tool.name != name).count();
    let found = tools.into_iter().find(|tool| tool.server == server && tool.name == name);
    let tool = found.ok_or(Error::NotFound)?;
    if tool.hash != hash {
        return Err(Error::Changed);
    }
    if policy != Policy::Off {
        if let Some(why) = tool.unusable() {
            return Err(invalid("policy", format!("this tool cannot be used: {why}")));
        }
        if on >= MOST_ON {
            return Err(invalid("policy", format!("at most {MOST_ON} tools are on at once")));
        }
    }
    let decided = Tool {
        policy,
        pinned: Some(tool.hash.clone()),
        pinned_shape: Some(tool.shape.clone()),
        decided_at: Some(cx.now),
        decided_by_name: Some(cx.name.clone()),
        ..tool
    };
    match store::decide(tx, cx.workspace, &decided).await? {
        true => Ok(decided),
        false => Err(Error::Changed),
    }
}

/// Looks at what a server offers, and keeps it. What went wrong is kept too.
pub async fn look(ports: &Ports, cx: &Cx, name: &str) -> Result<(), Error> {
    if !ports.mcp.settings().outside {
        return Err(Error::SwitchedOff);
    }
    let mut tx = ports.db.read().await?;
    let servers = store::servers(&mut tx, cx.workspace).await?;
    drop(tx);
    let server = servers.into_iter().find(|one| one.name == name).ok_or(Error::NotFound)?;
    let offered = offered_by(ports, cx, &server).await;
    let mut tx = ports.db.begin().await?;
    match offered {
        Ok(offered) => keep(cx, &mut tx, &server, offered).await?,
        Err(why) => {
            store::looked(&mut tx, cx.workspace, &server, Some(&why.to_string()), cx.now).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

async fn offered_by(ports: &Ports, cx: &Cx, server: &Server) -> Result<Vec<Offered>, Failure> {
    visit(ports, cx, server, latest(ports)).await?.tools().await
}

/// When a call that begins now is over.
pub fn latest(ports: &Ports) -> Instant {
    Instant::now() + Duration::from_millis(ports.mcp.settings().call_ms)
}

async fn visit(ports: &Ports, cx: &Cx, server: &Server, until: Instant) -> Result<Visit, Failure> {
    let broken = |why: &str| Failure::Broken(why.to_owned());
    let url = Url::parse(&server.address).map_err(|_| broken("its address is none"))?;
    // Looked at again: what the settings allow may have changed since it was saved.
    ports.outbound.allows(&url).map_err(|error| Failure::Broken(error.to_string()))?;
    let opened = server.sealed_secret.as_ref().map(|sealed| {
        let opened = ports.secrets.open(&place(cx, &server.name, &server.address), sealed);
        opened.ok_or_else(|| broken("its secret cannot be opened any more: store.secrets_key is another"))
    });
    let secret = opened.transpose()?;
    let secret = secret.as_deref().map(|secret| (server.header.as_str(), secret));
    let place = Place::new(url, secret).ok_or_else(|| broken("its header cannot be sent"))?;
    ports.mcp.visit(&place, until).await
}

/// Keeps what a server offers, if it is still the server that was asked.
async fn keep(cx: &Cx, tx: &mut Tx, server: &Server, offered: Vec<Offered>) -> Result<(), DbError> {
    if !store::looked(tx, cx.workspace, server, None, cx.now).await? {
        return Ok(());
    }
    let known = store::tools(tx, cx.workspace).await?;
    let known: Vec<Tool> = known.into_iter().filter(|tool| tool.server == server.name).collect();
    let mut seen = std::collections::BTreeSet::new();
    for offered in offered {
        let name = offered.name.clone();
        let shape = Shape::from(offered);
        let hash = shape.hash(&name);
        if !seen.insert(name.clone()) {
            continue;
        }
        let same = |one: &&Tool| one.name == name && one.hash == hash && !one.gone;
        if known.iter().any(|one| same(&one)) {
            continue;
        }
        let tool = Tool {
            server: server.name.clone(),
            name,
            shape: JsonText(shape),
            hash,
            gone: false,
            policy: Policy::Off,
            pinned: None,
            pinned_shape: None,
            decided_at: None,
            decided_by_name: None,
        };
        store::keep_tool(tx, cx.workspace, &tool).await?;
    }
    for gone in known.into_iter().filter(|one| !seen.contains(&one.name)) {
        match gone.pinned {
            None => store::forget_tool(tx, cx.workspace, &gone.server, &gone.name).await?,
            Some(_) => store::keep_tool(tx, cx.workspace, &Tool { gone: true, ..gone }).await?,
        }
    }
    Ok(())
}

/// A visit on which a tool was found to be what somebody looked at.
pub struct Ready {
    visit: Visit,
    name: String,
}

/// Why a tool could not be called.
#[derive(Debug)]
pub enum Unready {
    /// Its server does not answer as it should.
    Failed(Failure),
    /// It is not what somebody looked at any more: it is off.
    Changed,
    /// The store failed.
    Ours(DbError),
}

/// Goes to a tool's server and looks whether the tool is still the one that was allowed. What was seen is kept
/// when it is not.
pub async fn reach(ports: &Ports, cx: &Cx, usable: &Usable, until: Instant) -> Result<Ready, Unready> {
    let visit = visit(ports, cx, &usable.server, until).await.map_err(Unready::Failed)?;
    let offered = visit.tools().await.map_err(Unready::Failed)?;
    let name = usable.tool.name.clone();
    let now = offered.iter().find(|one| one.name == name).cloned().map(|one| Shape::from(one).hash(&name));
    if now.as_ref() == usable.tool.pinned.as_ref() && now.is_some() {
        return Ok(Ready { visit, name });
    }
    let noted = async {
        let mut tx = ports.db.begin().await?;
        keep(cx, &mut tx, &usable.server, offered).await?;
        tx.commit().await
    };
    match noted.await {
        Ok(()) => Err(Unready::Changed),
        Err(error) => Err(Unready::Ours(error)),
    }
}

impl Ready {
    /// Calls the tool, once.
    pub async fn call(self, arguments: Map<String, Value>) -> Result<Said, Failure> {
        self.visit.call(&self.name, arguments).await
    }
}

/// Names a call of a draft: the prompt it was made after, and what it asked.
pub fn named(prompt_hash: &str, call: &crate::ports::models::Call) -> String {
    let text = format!("{prompt_hash}\n{}\n{}\n{}", call.id, call.name, call.arguments);
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

/// Keeps what tools answered, each under the name of its call: a replay asks the record.
pub async fn keep_answers(cx: &Cx, tx: &mut Tx, answers: &[(String, Said)]) -> Result<(), DbError> {
    for (hash, said) in answers {
        store::keep_answer(tx, cx.workspace, hash, said, cx.now).await?;
    }
    Ok(())
}

/// What a tool answered to the call of this name.
pub async fn answer(cx: &Cx, tx: &mut Tx, hash: &str) -> Result<Option<Said>, DbError> {
    store::answer(tx, cx.workspace, hash).await
}

fn invalid(field: &'static str, problem: String) -> Error {
    Error::Invalid { field, problem }
}

/// Why something about tools from outside was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such server, or no such tool.
    #[error("there is no such server or tool")]
    NotFound,
    /// A value is not valid.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The address is not one that may be called.
    #[error("address: {0}")]
    Address(#[from] OutboundError),
    /// No secret can be kept.
    #[error(
        "secret: this hub cannot keep secrets; its operator sets store.secrets_key (CONCIERGE__STORE__SECRETS_KEY) first"
    )]
    NoSecretsKey,
    /// The address is another, and the secret was given for the old one.
    #[error("secret: the kept secret was given for the old address; give it again for the new one")]
    SecretMoves,
    /// The tool is not what was looked at any more.
    #[error("the server has changed this tool since you looked at it; look at it again")]
    Changed,
    /// The operator has switched tools from outside off.
    #[error("whoever runs this hub has switched tools from outside off (tools.outside)")]
    SwitchedOff,
    /// A job's content is not readable.
    #[error("the job's content is not readable")]
    Unreadable(#[from] serde_json::Error),
    /// The draft refused.
    #[error(transparent)]
    Draft(#[from] drafts::Error),
    /// The workspace could not be read.
    #[error(transparent)]
    Workspace(#[from] crate::workspaces::Error),
    /// The store failed.
    #[error("tools from outside could not be stored")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound => Self::not_found(),
            Error::Changed => Self::new(ErrorCode::Conflict, error.to_string()),
            Error::Db(error) => error.into(),
            Error::Draft(error) => error.into(),
            Error::Workspace(error) => error.into(),
            _ => Self::new(ErrorCode::InvalidValue, error.to_string()),
        }
    }
}

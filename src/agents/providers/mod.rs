//! Providers of models that a business brings itself: asked before the hub's, paid by its own key.
//!
//! Invariants: a key is kept encrypted and never shown again; it goes to the address it was given for and no
//! other; an address inside the hub's own network is refused, unless the operator lists it.

mod routes;
mod store;

pub use routes::routes;

use crate::agents::usage;
use crate::base::{Timestamp, clean_text};
use crate::config::ModelProvider;
use crate::ports::db::FromRow;
use crate::ports::models::Chain;
use crate::ports::outbound::{OutboundError, Url};
use crate::ports::{Cx, DbError, Ports, Tx};

/// Most providers of a business.
const MOST: usize = 8;
/// Longest name, address, model and key, in characters.
const MAX_NAME: usize = 40;
const MAX_TEXT: usize = 500;
/// The highest price of a million tokens.
const MAX_PRICE: f64 = 100_000.0;

/// A provider as it is stored.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// The server's address up to its version.
    pub address: String,
    /// The model's name there.
    pub model: String,
    /// Its key, encrypted.
    pub sealed_key: Option<String>,
    /// Whether its model can call tools.
    pub tools: bool,
    /// How freely it chooses words; below zero: not sent.
    pub temperature: f64,
    /// What a million tokens cost that it is given.
    pub input_price: f64,
    /// What a million tokens cost that it answers.
    pub output_price: f64,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// By whom.
    pub updated_by_name: String,
}

/// A provider to be saved.
#[derive(Clone, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewProvider {
    /// The server's address up to its version, such as `https://api.openai.com/v1`.
    pub address: String,
    /// The model's name there.
    pub model: String,
    /// Its key; absent: the one that is kept, as long as the address stays; empty: none.
    #[serde(default)]
    pub key: Option<String>,
    /// Whether its model can call tools.
    #[serde(default = "ModelProvider::tools_unless_said")]
    pub tools: bool,
    /// How freely it chooses words; below zero: not sent.
    #[serde(default = "ModelProvider::temperature_unless_said")]
    pub temperature: f64,
    /// What a million tokens cost that it is given.
    #[serde(default)]
    pub input_price: f64,
    /// What a million tokens cost that it answers.
    #[serde(default)]
    pub output_price: f64,
}

/// The place that a provider's key is sealed for.
fn place(cx: &Cx, name: &str, address: &str) -> String {
    format!("model provider {} {name} {address}", cx.workspace)
}

/// A business's own providers, by name.
pub async fn list(cx: &Cx, tx: &mut Tx) -> Result<Vec<Stored>, Error> {
    Ok(store::all(tx, cx.workspace).await?)
}

/// The models that draft for a workspace: its own, and the hub's unless it wants them left out.
pub async fn chain(cx: &Cx, tx: &mut Tx, ports: &Ports) -> Result<Chain, DbError> {
    let stored = store::all(tx, cx.workspace).await?;
    if stored.is_empty() {
        return Ok(Chain::default());
    }
    let hub_too = usage::settings(cx, tx).await?.hub_too;
    let mut stamp = blake3::Hasher::new();
    for one in &stored {
        stamp.update(format!("{one:?}").as_bytes());
    }
    let stamp = *stamp.finalize().as_bytes();
    Ok(ports.models.own((cx.workspace, stamp), hub_too, || opened(cx, ports, stored)))
}

/// Providers with their keys. One whose key cannot be opened any more is left out.
fn opened(
    cx: &Cx,
    ports: &Ports,
    stored: Vec<Stored>,
) -> Vec<(String, ModelProvider, crate::ports::outgoing::Client)> {
    let open = |one: Stored| {
        let key = match &one.sealed_key {
            None => String::new(),
            Some(sealed) => match ports.secrets.open(&place(cx, &one.name, &one.address), sealed) {
                Some(key) => key,
                None => {
                    tracing::warn!(workspace.id = %cx.workspace, "a provider's key cannot be opened: store.secrets_key is another");
                    return None;
                }
            },
        };
        // Looked at again: what the settings allow may have changed since it was saved.
        let url = Url::parse(&one.address).ok()?;
        ports.outbound.allows(&url).ok()?;
        let set = ModelProvider {
            address: one.address,
            model: one.model,
            key,
            tools: one.tools,
            temperature: one.temperature,
            input_price: one.input_price,
            output_price: one.output_price,
        };
        Some((one.name, set, ports.outbound.client()))
    };
    stored.into_iter().filter_map(open).collect()
}

/// Saves a provider; one of the same name is replaced.
pub async fn save(
    cx: &Cx,
    tx: &mut Tx,
    ports: &Ports,
    name: &str,
    new: NewProvider,
) -> Result<Stored, Error> {
    let known = store::all(tx, cx.workspace).await?;
    let before = known.iter().find(|one| one.name == name);
    if before.is_none() && known.len() >= MOST {
        return Err(invalid("name", format!("a business has at most {MOST} providers; delete one first")));
    }
    let letters = |name: &str| name.chars().all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '-' | '_'));
    if name.is_empty() || name.len() > MAX_NAME || !letters(name) {
        return Err(invalid("name", format!("use 1 to {MAX_NAME} small letters, digits, - and _")));
    }
    let address = clean("address", &new.address)?.trim_end_matches('/').to_owned();
    let model = clean("model", &new.model)?;
    let url = Url::parse(&address).map_err(|_| Error::Address(OutboundError::NoAddress(address.clone())))?;
    ports.outbound.allows(&url)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("address", "give the address up to its version, without ? and #".to_owned()));
    }
    let prices = [new.input_price, new.output_price];
    if !prices.iter().all(|price| (0.0..=MAX_PRICE).contains(price)) {
        return Err(invalid("input_price", format!("prices are from 0 to {MAX_PRICE}")));
    }
    if !(-1.0..=2.0).contains(&new.temperature) {
        return Err(invalid("temperature", "give -1 to 2".to_owned()));
    }
    let sealed_key = match new.key.as_deref().map(str::trim) {
        Some("") => None,
        Some(key) => Some(seal(cx, ports, (name, &address), key)?),
        None => match before {
            // A key goes to the address it was given for, and to no other.
            Some(before) if before.address == address => before.sealed_key.clone(),
            Some(before) if before.sealed_key.is_some() => return Err(Error::KeyMoves),
            _ => None,
        },
    };
    let stored = Stored {
        name: name.to_owned(),
        address,
        model,
        sealed_key,
        tools: new.tools,
        temperature: new.temperature,
        input_price: new.input_price,
        output_price: new.output_price,
        updated_at: cx.now,
        updated_by_name: cx.name.clone(),
    };
    store::save(tx, cx.workspace, &stored).await?;
    Ok(stored)
}

fn seal(cx: &Cx, ports: &Ports, (name, address): (&str, &str), key: &str) -> Result<String, Error> {
    if key.len() > MAX_TEXT || !key.chars().all(|character| character.is_ascii_graphic()) {
        return Err(invalid(
            "key",
            format!("use at most {MAX_TEXT} printable ASCII characters without spaces"),
        ));
    }
    ports.secrets.seal(&cx.entropy, &place(cx, name, address), key).ok_or(Error::NoSecretsKey)
}

/// Deletes a provider with its key.
pub async fn delete(cx: &Cx, tx: &mut Tx, name: &str) -> Result<(), Error> {
    match store::delete(tx, cx.workspace, name).await? {
        true => Ok(()),
        false => Err(Error::NotFound),
    }
}

fn clean(field: &'static str, text: &str) -> Result<String, Error> {
    let clean = clean_text(text, MAX_TEXT).map_err(|fault| invalid(field, fault.to_string()))?;
    Ok(clean.into_string().split_whitespace().collect())
}

fn invalid(field: &'static str, problem: String) -> Error {
    Error::Invalid { field, problem }
}

/// Why something about a provider was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such provider.
    #[error("there is no such provider")]
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
    /// No key can be kept.
    #[error(
        "key: this hub cannot keep keys; its operator sets store.secrets_key (CONCIERGE__STORE__SECRETS_KEY) first"
    )]
    NoSecretsKey,
    /// The address is another, and the key was given for the old one.
    #[error("key: the kept key was given for the old address; give it again for the new one")]
    KeyMoves,
    /// The store failed.
    #[error("providers storage failed")]
    Db(#[from] DbError),
}

impl From<Error> for crate::http::Problem {
    fn from(error: Error) -> Self {
        use crate::protocol::ErrorCode;
        match error {
            Error::NotFound => Self::not_found(),
            Error::Invalid { .. } | Error::Address(_) | Error::NoSecretsKey | Error::KeyMoves => {
                Self::new(ErrorCode::InvalidValue, error.to_string())
            }
            Error::Db(error) => error.into(),
        }
    }
}

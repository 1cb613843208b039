//! Servers of tools elsewhere, spoken to by the Model Context Protocol over HTTP.
//!
//! One visit at a time: hello, the list of tools, at most one call. A visit goes through the client that looks
//! where addresses lead, follows no redirect, and is limited in time, in number and in what is read. A server
//! can ask nothing of us: no sampling, no questions to people, no roots, and no stream on which it could.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use futures_util::stream::BoxStream;
use reqwest::header::{HeaderName, HeaderValue};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientCapabilities, ClientConfig,
    ClientJsonRpcMessage, ContentBlock, Implementation, PaginatedRequestParams, ProtocolVersion,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, RunningService, serve_client_with_lifecycle,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::common::client_side_sse::NeverRetry;
use rmcp::transport::streamable_http_client::{
    StreamableHttpClient, StreamableHttpClientTransportConfig, StreamableHttpError,
    StreamableHttpPostResponse,
};
use rmcp::{RoleClient, ServiceError};
use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Tools as Settings;
use crate::ports::Outbound;
use crate::ports::outbound::Url;

/// The most bytes of one piece of a stream.
const MAX_PIECE: usize = 1024 * 1024;
/// Pages of a list of tools, and tools in all.
const MAX_PAGES: usize = 8;
const MAX_TOOLS: usize = 128;
/// Characters of what a server says went wrong.
const MAX_WHY: usize = 240;

/// A server, and how it knows us.
#[derive(Clone)]
pub struct Place {
    /// Its address.
    pub url: Url,
    /// A header with a secret.
    pub secret: Option<(HeaderName, HeaderValue)>,
}

impl Place {
    /// A place, if its header can be one.
    pub fn new(url: Url, secret: Option<(&str, &str)>) -> Option<Place> {
        let secret = match secret {
            None => None,
            Some((name, value)) => {
                let mut value = HeaderValue::from_str(value).ok()?;
                value.set_sensitive(true);
                Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
            }
        };
        Some(Place { url, secret })
    }
}

/// A tool as a server offers it. Every word of it is the server's.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// Its name there.
    pub name: String,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// What it says of itself.
    pub description: String,
    /// The JSON schema of its arguments.
    pub parameters: Value,
    /// Whether it says that it changes nothing. It may say anything.
    pub says_it_reads: bool,
}

/// What a tool answered.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Said {
    /// Whether it says that it worked.
    pub worked: bool,
    /// Its words, shortened.
    pub text: String,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Too many calls are on their way from here.
    #[error("too many calls are on their way at once")]
    Busy,
    /// It took too long.
    #[error("it took too long")]
    TooSlow,
    /// It cannot be reached, refuses, breaks off, or says something that is no answer.
    #[error("{0}")]
    Broken(String),
}

/// The port. Clones are the same.
#[derive(Clone)]
pub struct Mcp {
    client: reqwest::Client,
    settings: Settings,
    places: Arc<Semaphore>,
}

/// A visit to a server.
pub struct Visit {
    line: RunningService<RoleClient, ClientConfig>,
    until: Instant,
    answer_chars: usize,
    _place: OwnedSemaphorePermit,
}

impl Mcp {
    /// With the client that looks where addresses lead.
    pub fn new(settings: &Settings, outbound: &Outbound) -> Mcp {
        let places = Arc::new(Semaphore::new(settings.at_once.max(1)));
        Mcp { client: outbound.client(), settings: settings.clone(), places }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Says hello to a server. Everything on this visit is over at `until`.
    pub async fn visit(&self, place: &Place, until: Instant) -> Result<Visit, Failure> {
        let waited = tokio::time::timeout_at(until.into(), self.places.clone().acquire_owned()).await;
        let Ok(Ok(permit)) = waited else { return Err(Failure::Busy) };
        let mut config = StreamableHttpClientTransportConfig::with_uri(place.url.as_str())
            .max_sse_event_size(MAX_PIECE)
            // A call that is sent twice might be done twice.
            .reinit_on_expired_session(false)
            .custom_headers(place.secret.iter().cloned().collect());
        config.retry_config = Arc::new(NeverRetry::default());
        let transport = StreamableHttpClientTransport::with_client(OneWay(self.client.clone()), config);
        let us = Implementation::new("concierge", env!("CARGO_PKG_VERSION"));
        let us = ClientConfig::new(ClientCapabilities::default(), us)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE);
        let manner = ClientLifecycleMode::Auto {
            preferred_versions: vec![ProtocolVersion::LATEST],
            legacy_version: Some(ProtocolVersion::LATEST_WITH_INITIALIZE),
        };
        let hello = serve_client_with_lifecycle(us, transport, manner);
        match tokio::time::timeout_at(until.into(), hello).await {
            Err(_) => Err(Failure::TooSlow),
            Ok(Err(error)) => Err(no_hello(&error)),
            Ok(Ok(line)) => {
                Ok(Visit { line, until, answer_chars: self.settings.answer_chars, _place: permit })
            }
        }
    }
}

impl Visit {
    /// What the server offers, as far as there is an end to it.
    pub async fn tools(&self) -> Result<Vec<Offered>, Failure> {
        let mut offered = Vec::new();
        let mut cursor = None;
        for _ in 0..MAX_PAGES {
            let asked = PaginatedRequestParams::default().with_cursor(cursor.take());
            let page = self.within(self.line.list_tools(Some(asked))).await?;
            offered.extend(page.tools.into_iter().map(|tool| Offered {
                name: tool.name.into_owned(),
                title: tool.title,
                description: tool.description.unwrap_or_default().into_owned(),
                parameters: Value::Object(Map::clone(&tool.input_schema)),
                says_it_reads: tool.annotations.and_then(|says| says.read_only_hint).unwrap_or(false),
            }));
            cursor = page.next_cursor;
            if cursor.is_none() || offered.len() > MAX_TOOLS {
                break;
            }
        }
        offered.truncate(MAX_TOOLS);
        Ok(offered)
    }

    /// Calls a tool, once: what was sent is never sent again.
    pub async fn call(&self, name: &str, arguments: Map<String, Value>) -> Result<Said, Failure> {
        let asked = CallToolRequestParams::new(name.to_owned()).with_arguments(arguments);
        let answered = async {
            match self.line.call_tool_once(asked).await {
                // A refusal is an answer: the model may try otherwise.
                Err(ServiceError::McpError(error)) => {
                    Ok(Err(Said { worked: false, text: short(&error.message, self.answer_chars) }))
                }
                other => other.map(Ok),
            }
        };
        match self.within(answered).await? {
            Err(refused) => Ok(refused),
            Ok(CallToolResponse::Complete(result)) => Ok(self.said(result)),
            Ok(_) => Err(Failure::Broken("it asks questions back, which nobody answers here".to_owned())),
        }
    }

    async fn within<T>(&self, asked: impl Future<Output = Result<T, ServiceError>>) -> Result<T, Failure> {
        match tokio::time::timeout_at(self.until.into(), asked).await {
            Err(_) => Err(Failure::TooSlow),
            Ok(Err(ServiceError::McpError(error))) => Err(Failure::Broken(short(&error.message, MAX_WHY))),
            Ok(Err(error)) => Err(Failure::Broken(chain(&error))),
            Ok(Ok(answer)) => Ok(answer),
        }
    }

    /// The words of an answer. Pictures, sounds and files are named and left out.
    fn said(&self, result: CallToolResult) -> Said {
        let mut parts: Vec<String> = Vec::new();
        for block in result.content {
            parts.push(match block {
                ContentBlock::Text(text) => text.text,
                ContentBlock::Image(_) => "[a picture, left out]".to_owned(),
                ContentBlock::Audio(_) => "[a sound, left out]".to_owned(),
                ContentBlock::Resource(_) | ContentBlock::ResourceLink(_) => "[a file, left out]".to_owned(),
                _ => "[something, left out]".to_owned(),
            });
        }
        if parts.is_empty() {
            parts.extend(result.structured_content.map(|value| value.to_string()));
        }
        let text = short(&parts.join("\n"), self.answer_chars);
        Said { worked: !result.is_error.unwrap_or(false), text }
    }
}

/// A text with at most so many characters, without those that are made to hide.
fn short(text: &str, most: usize) -> String {
    let shown = |character: &char| match character {
        '\n' | '\t' => true,
        '\u{e0000}'..='\u{e007f}' | '\u{200b}' | '\u{feff}' => false,
        character => !character.is_control(),
    };
    let mut kept: String = text.trim().chars().filter(shown).take(most + 1).collect();
    if kept.chars().count() > most {
        kept = kept.chars().take(most).collect();
        kept.push('…');
    }
    kept
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut says = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !says.contains(&more) {
            says = format!("{says}: {more}");
        }
        source = cause.source();
    }
    short(&says, MAX_WHY)
}

fn no_hello(error: &ClientInitializeError) -> Failure {
    match error {
        ClientInitializeError::JsonRpcError(error) => Failure::Broken(short(&error.message, MAX_WHY)),
        error => Failure::Broken(chain(error)),
    }
}

/// Requests and their answers, and nothing that a server could begin: no stream is opened, so none is resumed.
#[derive(Clone)]
struct OneWay(reqwest::Client);

type Headers = HashMap<HeaderName, HeaderValue>;
type Refused = StreamableHttpError<reqwest::Error>;

impl StreamableHttpClient for OneWay {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Refused> {
        self.post_message_with_max_sse_event_size(uri, message, session, token, headers, MAX_PIECE).await
    }

    async fn post_message_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session: Option<Arc<str>>,
        token: Option<String>,
        headers: Headers,
        most: usize,
    ) -> Result<StreamableHttpPostResponse, Refused> {
        self.0.post_message_with_max_sse_event_size(uri, message, session, token, headers, most).await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session: Arc<str>,
        token: Option<String>,
        headers: Headers,
    ) -> Result<(), Refused> {
        StreamableHttpClient::delete_session(&self.0, uri, session, token, headers).await
    }

    async fn get_stream(
        &self,
        _: Arc<str>,
        _: Option<Arc<str>>,
        _: Option<String>,
        _: Option<String>,
        _: Headers,
    ) -> Result<BoxStream<'static, Result<sse_stream::Sse, sse_stream::Error>>, Refused> {
        Err(StreamableHttpError::ServerDoesNotSupportSse)
    }
}

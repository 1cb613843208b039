//! Calls as they are on the wire, and what several domains ask of a hub.

use std::time::Duration;

use concierge::base::{Actor, ConversationId};
use concierge::client::{Error, Http};
use concierge::ports::Clock;
use concierge::ports::bus::{News, Note};
use concierge::protocol::{Content, ConversationSummary, DraftStatus, DraftView, Entry};
use reqwest::Method;
use serde_json::{Value, json};

use super::App;

/// What a call gave, whatever it was.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub text: String,
}

impl Answer {
    /// Reads a response to its end.
    pub async fn of(response: reqwest::Response) -> Answer {
        let status = response.status().as_u16();
        let content_type = response.headers().get(reqwest::header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        // Bytes that are no text are looked through all the same.
        let text = String::from_utf8_lossy(&response.bytes().await.expect("the body ends")).into_owned();
        Answer { status, content_type, text }
    }

    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The status and code of a refusal, which must be a problem as RFC 9457 wants it.
    pub fn problem(&self) -> (u16, String) {
        assert_eq!(self.content_type, "application/problem+json", "{self:?}");
        let body = self.json();
        assert_eq!(body["status"], self.status, "{self:?}");
        assert_eq!(body["type"], "about:blank", "{self:?}");
        for field in ["title", "detail"] {
            assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {self:?}");
        }
        (self.status, body["code"].as_str().expect("a code").to_owned())
    }
}

/// Calls the API.
pub async fn call(caller: &Http, method: &str, path: &str, body: Option<Value>) -> Answer {
    let method: Method = method.parse().expect("a method");
    Answer::of(caller.raw(method, path, body).await.expect("the hub answers")).await
}

/// Calls the API and expects success.
pub async fn ok(caller: &Http, method: &str, path: &str, body: Option<Value>) -> Value {
    let answer = call(caller, method, path, body).await;
    assert!((200..300).contains(&answer.status), "{method} {path}: {answer:?}");
    if answer.text.is_empty() { Value::Null } else { answer.json() }
}

/// The code of a refusal over a socket or HTTP.
pub fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Refused { code, .. }) => code,
        other => panic!("a refusal was expected: {other:?}"),
    }
}

/// A conversation's row.
pub async fn summary(caller: &Http, conversation: ConversationId) -> ConversationSummary {
    caller.get(&format!("/v1/conversations/{conversation}")).await.expect("the conversation is shown")
}

/// A conversation's timeline.
pub async fn timeline(caller: &Http, conversation: ConversationId) -> Vec<Entry> {
    #[derive(serde::Deserialize)]
    struct Entries {
        entries: Vec<Entry>,
        more: bool,
    }
    let page: Entries = caller
        .get(&format!("/v1/conversations/{conversation}/entries"))
        .await
        .expect("the timeline is shown");
    assert!(!page.more, "the test reads one page");
    page.entries
}

/// The messages that the agent sent.
pub async fn sent_by_agent(caller: &Http, conversation: ConversationId) -> Vec<Entry> {
    let mut entries = timeline(caller, conversation).await;
    entries.retain(|entry| entry.content.is_message() && entry.actor == Actor::Agent);
    entries
}

/// What the conversation's timeline says was decided, in order.
pub async fn decisions(caller: &Http, conversation: ConversationId) -> Vec<String> {
    let entries = timeline(caller, conversation).await;
    entries
        .iter()
        .filter_map(|entry| match &entry.content {
            Content::DraftDecided { decision, .. } => Some(decision.as_str().to_owned()),
            _ => None,
        })
        .collect()
}

/// A draft as it is now.
pub async fn draft(caller: &Http, id: concierge::base::DraftId) -> DraftView {
    caller.get(&format!("/v1/drafts/{id}")).await.expect("the draft is shown")
}

impl App {
    /// Waits for the work in hand, then gives the conversation's draft, which must wait for a person.
    pub async fn pending(&self, caller: &Http, conversation: ConversationId) -> DraftView {
        self.settle().await;
        let hint = summary(caller, conversation).await.draft.expect("there is a draft");
        let draft = draft(caller, hint.id).await;
        assert_eq!(draft.status, DraftStatus::Pending);
        draft
    }

    /// Gives `alpha` these rules beside the ones it has.
    pub async fn add_rules(&self, rules: Value) {
        let ports = &self.node.site.ports;
        let cx = ports.cx(self.alpha, Actor::System, "Tests");
        let mut tx = ports.db.begin().await.expect("a transaction begins");
        concierge::rules::install_all(&cx, &mut tx, &rules.to_string()).await.expect("the rules are right");
        tx.commit().await.expect("the rules are stored");
    }

    /// Gives `alpha` another document.
    pub async fn add_document(&self, manager: &Http, title: &str, body: &str) {
        let document = json!({ "title": title, "body": body, "language": "en" });
        ok(manager, "POST", "/v1/knowledge/documents", Some(document)).await;
    }

    /// Moves the hub's manual clock and tells the hub to look at it.
    pub fn advance(&self, by: Duration) {
        let ports = &self.node.site.ports;
        ports.clock.advance(by);
        ports.bus.publish(Note { workspace: self.alpha, news: News::JobDue { at: ports.now() } });
    }
}

/// A clock that stands still until a test moves it; it begins today, so that nothing is out of date.
pub fn manual_clock() -> Clock {
    Clock::manual(Clock::system().now())
}

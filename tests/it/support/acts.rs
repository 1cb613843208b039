//! Random things that customers and colleagues do. What is refused is part of life, as long as the hub
//! says so with a code of its own.

use concierge::base::{ConversationId, StaffId};
use concierge::client::{Error, Http, Socket};
use concierge::http::Page;
use concierge::protocol::{Command, Outcome, RejectReason, You};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// What customers say: something to find, something to extract, something unknown, a rule's word.
const SAID: &[&str] = &[
    "How much is a brake check?",
    "It's a Ford Focus from 2017, the plate is AB12 CDE.",
    "When are you open on Saturday?",
    "My telephone number is 0113 496 0171.",
    "Do you sell aeroplanes?",
    "Thank you!",
];

/// Statuses of the tests' workflow, and one it does not have.
const STATUSES: &[&str] = &["new", "quoted", "booked", "in_work", "done", "cancelled", "nowhere"];

/// A colleague at work.
pub struct Colleague {
    pub socket: Socket,
    pub http: Http,
    pub id: StaffId,
    /// The furthest mark the hub has acknowledged.
    pub read_to: i64,
}

impl Colleague {
    /// Opens the colleague's socket.
    pub async fn of(http: Http) -> Colleague {
        let (socket, welcome) = Socket::staff(&http).await.expect("the socket opens");
        match welcome.you {
            You::Staff { id, .. } => Colleague { socket, http, id, read_to: 0 },
            other => panic!("{other:?}"),
        }
    }

    /// Does one random thing. Every text only staff may see holds the canary.
    pub async fn acts(&mut self, conversation: ConversationId, rng: &mut StdRng, canary: &str) {
        let key = format!("k-{}", rng.random::<u64>());
        let text = || format!("{canary} {key}");
        let command = match rng.random_range(0..14) {
            0 | 1 => {
                Command::Note { conversation, client_id: key.clone(), body: text(), mentions: vec![self.id] }
            }
            2 => Command::Label {
                conversation,
                add: vec![format!("{canary}-{}", rng.random_range(0..4))],
                remove: vec![format!("{canary}-{}", rng.random_range(0..4))],
            },
            3 => Command::Assign { conversation, staff: rng.random_bool(0.6).then_some(self.id) },
            4 => Command::SetStatus {
                conversation,
                status: STATUSES[rng.random_range(0..STATUSES.len())].to_owned(),
            },
            5 => Command::TakeOver { conversation },
            6 => Command::HandBack { conversation },
            7 => Command::Send {
                conversation: Some(conversation),
                client_id: key.clone(),
                body: "An answer in person".to_owned(),
                files: Vec::new(),
            },
            8 if rng.random_bool(0.5) => {
                let field = format!("{canary}_field");
                Command::EditField { conversation, field, on: rng.random_bool(0.5) }
            }
            8 => Command::Typing { conversation, on: rng.random_bool(0.5) },
            9 => Command::Inbox { on: true },
            10 => {
                let path = format!("/v1/conversations/{conversation}/resolve");
                return fair(
                    self.http.post::<Value>(&path, json!({ "resolved": rng.random_bool(0.5) })).await,
                );
            }
            11 => {
                let seq = rng.random_range(0..60);
                let path = format!("/v1/conversations/{conversation}");
                let top: Value = self.http.get(&path).await.expect("the conversation is shown");
                let seq = seq.min(top["last_seq"].as_i64().unwrap_or(0));
                self.socket.ask(Command::Read { conversation, seq }).await.expect("the mark is kept");
                self.read_to = self.read_to.max(seq);
                return;
            }
            _ => return self.decides(conversation, rng, canary).await,
        };
        fair(self.socket.ask(command).await);
    }

    /// Edits, approves or rejects the open draft, if there is one.
    async fn decides(&mut self, conversation: ConversationId, rng: &mut StdRng, canary: &str) {
        let waiting: Page<Value> = self.http.get("/v1/drafts").await.expect("drafts are listed");
        let drafts = waiting.items.iter().map(|item| &item["draft"]);
        let Some(draft) = drafts.into_iter().find(|draft| draft["conversation"] == json!(conversation))
        else {
            return;
        };
        let id = draft["id"].as_str().and_then(|id| id.parse().ok()).expect("an identifier");
        let revision = draft["revision"].as_i64().expect("a revision");
        let hash = draft["hash"].as_str().expect("a hash").to_owned();
        let command = match rng.random_range(0..4) {
            0 => Command::Edit { draft: id, revision, text: "An edited answer".to_owned() },
            1 => Command::Reject {
                draft: id,
                revision,
                reason: RejectReason::Tone,
                note: Some(format!("{canary}, softer")),
                rewrite: rng.random_bool(0.5),
            },
            _ => Command::Approve { draft: id, revision, hash, text: None },
        };
        fair(self.socket.ask(command).await);
    }
}

/// A customer does one random thing; gives the mark if they read.
pub async fn customer_acts(
    socket: &mut Socket,
    conversation: ConversationId,
    rng: &mut StdRng,
    top: i64,
) -> Option<i64> {
    let command = match rng.random_range(0..8) {
        0 => Command::Typing { conversation, on: true },
        1 => Command::AskForPerson { conversation },
        3 => Command::Rate { conversation, score: rng.random_range(1..=5), words: None },
        2 => {
            let seq = rng.random_range(0..=top);
            socket.ask(Command::Read { conversation, seq }).await.expect("the mark is kept");
            return Some(seq);
        }
        _ => Command::Send {
            conversation: Some(conversation),
            client_id: format!("c-{}", rng.random::<u64>()),
            body: SAID[rng.random_range(0..SAID.len())].to_owned(),
            files: Vec::new(),
        },
    };
    fair::<Outcome>(socket.ask(command).await);
    None
}

/// A result, or a refusal that is the caller's doing.
fn fair<T>(result: Result<T, Error>) {
    match result {
        Ok(_) => {}
        Err(Error::Refused { code, .. }) if !matches!(code.as_str(), "internal" | "busy" | "not_found") => {}
        Err(error) => panic!("{error}"),
    }
}

//! Two businesses on one hub know nothing of each other: reliability S3, S4, S5, P9, I6.
//!
//! Everything of `beta` holds the canary. The tests walk the route table and the command list, so that a new
//! route or command fails here until somebody says how it is kept apart.

mod commands;

use std::collections::BTreeSet;

use concierge::app::operations;
use concierge::base::{
    Actor, ContactId, ConversationId, DocumentId, DraftId, FileId, GapId, HookId, Id, Role, RuleId,
    SegmentId, SequenceId, SequenceRunId, SessionId, SnippetId, StaffId, Timestamp, TurnId, UploadId, ViewId,
};
use concierge::client::Http;
use concierge::knowledge::gaps::{self, Asked};
use concierge::protocol::CommandName;
use serde_json::{Value, json};

use self::commands::{command, names_nothing, told};
use crate::sources::uploaded;
use crate::support::{Answer, App, Customer, PASSWORD, call, ok, on_each_engine_with};
use crate::uploads::begin;

/// A word that stands in everything of `beta` and nowhere else.
const CANARY: &str = "zebrafinch";

/// A file that every route about files knows what to do with.
const RECORDING: &[u8] = include_bytes!("../data/speech/hours.wav");

/// Identifiers of one business, or of nothing at all.
#[derive(Clone, Copy)]
struct Ids {
    contact: ContactId,
    conversation: ConversationId,
    draft: DraftId,
    file: FileId,
    upload: UploadId,
    document: DocumentId,
    gap: GapId,
    turn: TurnId,
    rule: RuleId,
    hook: HookId,
    segment: SegmentId,
    sequence: SequenceId,
    run: SequenceRunId,
    staff: StaffId,
    view: ViewId,
    session: SessionId,
    snippet: SnippetId,
}

impl Ids {
    /// Identifiers that nothing has.
    fn unknown() -> Ids {
        fn id<I: Id>() -> I {
            I::from_parts(Timestamp::from_micros(1_763_683_200_000_000), 7)
        }
        Ids {
            contact: id(),
            conversation: id(),
            draft: id(),
            file: id(),
            upload: id(),
            document: id(),
            gap: id(),
            turn: id(),
            rule: id(),
            hook: id(),
            segment: id(),
            sequence: id(),
            run: id(),
            staff: id(),
            view: id(),
            session: id(),
            snippet: id(),
        }
    }

    /// The identifier in a path, by what comes before it.
    fn of_path(&self, path: &str) -> String {
        match path.split('/').nth(2) {
            Some("contacts") => self.contact.to_string(),
            Some("conversations") => self.conversation.to_string(),
            Some("drafts") => self.draft.to_string(),
            Some("files") => self.file.to_string(),
            Some("uploads") => self.upload.to_string(),
            Some("knowledge") if path.contains("/gaps/") => self.gap.to_string(),
            Some("knowledge") => self.document.to_string(),
            Some("agent") => self.draft.to_string(),
            Some("turns") => self.turn.to_string(),
            Some("rules") => self.rule.to_string(),
            Some("hooks") => self.hook.to_string(),
            Some("segments") => self.segment.to_string(),
            Some("sequences") => self.sequence.to_string(),
            Some("staff") => self.staff.to_string(),
            Some("views") => self.view.to_string(),
            Some("snippets") => self.snippet.to_string(),
            Some("profile") => self.session.to_string(),
            other => panic!("whose identifier is it? {other:?} in {path}"),
        }
    }

    /// Takes the identifiers out of a text, so that two answers can be compared.
    fn take_out_of(&self, text: &str) -> String {
        [
            self.contact.to_string(),
            self.conversation.to_string(),
            self.draft.to_string(),
            self.file.to_string(),
            self.upload.to_string(),
            self.document.to_string(),
            self.gap.to_string(),
            self.turn.to_string(),
            self.rule.to_string(),
            self.hook.to_string(),
            self.segment.to_string(),
            self.sequence.to_string(),
            self.run.to_string(),
            self.staff.to_string(),
            self.view.to_string(),
            self.session.to_string(),
            self.snippet.to_string(),
        ]
        .iter()
        .fold(text.to_owned(), |text, id| text.replace(id, "ID"))
    }
}

/// How a route is called with what belongs to others.
enum Route {
    /// It names one thing: other people's is not found. With the body it takes.
    Names(Value),
    /// It lists or searches: others' things are not among it. With queries that would find them.
    Lists(fn(&Ids) -> Vec<String>),
    /// It shows or changes only the caller's own, or makes something new. With what it takes.
    Own(Value),
    /// Anybody may see it: the business shows it to the world.
    Public,
}

/// Every route, by method and path.
fn routes() -> Vec<(&'static str, &'static str, Route)> {
    use Route::{Lists, Names, Own, Public};
    let conversation = |verb: &'static str, body: Value| ("POST", verb, Names(body));
    vec![
        (
            "POST",
            "/v1/session",
            Own(json!({ "workspace": "alpha", "email": "x@y", "password": "wrong one" })),
        ),
        ("GET", "/v1/session", Own(Value::Null)),
        // Last of all: it signs the caller out.
        ("DELETE", "/v1/session", Own(Value::Null)),
        ("GET", "/v1/staff", Lists(|_| vec![String::new()])),
        (
            "POST",
            "/v1/staff",
            Own(
                json!({ "name": "New", "email": "viewer@shop.example", "role": "viewer", "password": PASSWORD }),
            ),
        ),
        ("PATCH", "/v1/staff/{id}", Names(json!({ "name": "Stolen", "disabled": true }))),
        ("GET", "/v1/workspace", Own(Value::Null)),
        ("PATCH", "/v1/workspace", Own(json!({ "greeting": "Good day" }))),
        ("GET", "/v1/setup", Public),
        ("POST", "/v1/setup", Public),
        ("GET", "/v1/setup/agents", Own(Value::Null)),
        ("PUT", "/v1/setup/agent", Own(json!({ "agent": "hotel-front-desk" }))),
        ("POST", "/v1/setup/sample", Own(json!({ "question": "Are you open?" }))),
        (
            "GET",
            "/v1/contacts",
            Lists(|_| vec![String::new(), format!("?q={CANARY}"), "?limit=200".to_owned()]),
        ),
        ("POST", "/v1/contacts", Own(json!({ "name": "Somebody" }))),
        ("GET", "/v1/contacts/{id}", Names(Value::Null)),
        ("PATCH", "/v1/contacts/{id}", Names(json!({ "name": "Stolen" }))),
        (
            "GET",
            "/v1/conversations",
            Lists(|beta| {
                vec![
                    "?view=all".to_owned(),
                    format!("?view=all&q={CANARY}"),
                    format!("?view=all&label={CANARY}"),
                    format!("?view=all&contact={}", beta.contact),
                    "?view=all&when=%7B%22all%22%3A%5B%5D%7D".to_owned(),
                    "?view=mine".to_owned(),
                ]
            }),
        ),
        ("GET", "/v1/conversations/{id}", Names(Value::Null)),
        ("GET", "/v1/conversations/{id}/entries", Names(Value::Null)),
        ("GET", "/v1/conversations/{id}/turns", Names(Value::Null)),
        ("GET", "/v1/conversations/{id}/context", Names(Value::Null)),
        ("PUT", "/v1/conversations/{id}/context/{field}", Names(json!({ "value": "Stolen" }))),
        ("GET", "/v1/conversations/{id}/context/{field}/history", Names(Value::Null)),
        ("POST", "/v1/conversations/{id}/context/{field}/revert", Names(json!({ "seq": 1 }))),
        ("GET", "/v1/conversations/{id}/moves", Names(Value::Null)),
        ("GET", "/v1/conversations/{id}/rule-runs", Names(Value::Null)),
        conversation("/v1/conversations/{id}/messages", json!({ "client_id": "stolen", "body": "Stolen" })),
        conversation("/v1/conversations/{id}/notes", json!({ "client_id": "stolen", "body": "Stolen" })),
        conversation("/v1/conversations/{id}/read", json!({ "seq": 1 })),
        conversation("/v1/conversations/{id}/assign", json!({})),
        conversation("/v1/conversations/{id}/labels", json!({ "add": ["stolen"] })),
        conversation("/v1/conversations/{id}/resolve", json!({ "resolved": true })),
        conversation("/v1/conversations/{id}/status", json!({ "status": "booked" })),
        conversation("/v1/conversations/{id}/take-over", Value::Null),
        conversation("/v1/conversations/{id}/hand-back", Value::Null),
        conversation("/v1/conversations/{id}/ask-for-person", Value::Null),
        ("PUT", "/v1/conversations/{id}/rating", Names(json!({ "score": 1, "words": "Stolen" }))),
        conversation("/v1/conversations/{id}/snooze", json!({})),
        (
            "GET",
            "/v1/messages",
            Lists(|_| vec![format!("?q={CANARY}"), format!("?q=a+{CANARY}+note&limit=200")]),
        ),
        ("GET", "/v1/notices", Lists(|_| vec![String::new(), "?limit=200".to_owned()])),
        ("POST", "/v1/notices/seen", Own(json!({ "seq": 1 }))),
        ("PATCH", "/v1/profile", Own(json!({ "hue": 7 }))),
        ("PUT", "/v1/profile/picture", Own(json!({}))),
        ("POST", "/v1/profile/password", Own(json!({ "current": "wrong one", "new": "another one" }))),
        ("GET", "/v1/profile/sessions", Own(Value::Null)),
        ("DELETE", "/v1/profile/sessions/{id}", Names(Value::Null)),
        ("GET", "/v1/views", Lists(|_| vec![String::new()])),
        ("POST", "/v1/views", Own(json!({ "name": "Mine", "filter": {} }))),
        ("PATCH", "/v1/views/{id}", Names(json!({ "name": "Stolen" }))),
        ("DELETE", "/v1/views/{id}", Names(Value::Null)),
        ("GET", "/v1/snippets", Lists(|_| vec![String::new()])),
        ("POST", "/v1/snippets", Own(json!({ "shortcut": "mine", "body": "My own words." }))),
        ("PATCH", "/v1/snippets/{id}", Names(json!({ "body": "Stolen" }))),
        ("DELETE", "/v1/snippets/{id}", Names(Value::Null)),
        ("POST", "/v1/snippets/{id}/used", Names(Value::Null)),
        ("GET", "/v1/drafts", Lists(|_| vec![String::new(), "?limit=200".to_owned()])),
        ("GET", "/v1/drafts/{id}", Names(Value::Null)),
        ("PUT", "/v1/drafts/{id}/edit", Names(json!({ "revision": 1, "text": "Stolen" }))),
        ("POST", "/v1/drafts/{id}/approve", Names(json!({ "revision": 1, "hash": "x" }))),
        ("POST", "/v1/drafts/{id}/reject", Names(json!({ "revision": 1, "reason": "wrong" }))),
        ("POST", "/v1/drafts/{id}/undo", Names(Value::Null)),
        ("POST", "/v1/files", Own(Value::Null)),
        ("GET", "/v1/files/{id}", Names(Value::Null)),
        ("GET", "/v1/files/{id}/wav", Names(Value::Null)),
        ("POST", "/v1/uploads", Own(Value::Null)),
        ("GET", "/v1/uploads/{id}", Names(Value::Null)),
        ("PATCH", "/v1/uploads/{id}", Names(Value::Null)),
        ("DELETE", "/v1/uploads/{id}", Names(Value::Null)),
        ("PUT", "/v1/files/{id}/transcript", Names(json!({ "text": "Stolen" }))),
        ("POST", "/v1/files/{id}/translation", Names(json!({ "language": "de" }))),
        ("GET", "/v1/translation", Own(Value::Null)),
        ("GET", "/v1/speech", Own(Value::Null)),
        ("POST", "/v1/voicemails", Own(Value::Null)),
        ("GET", "/v1/knowledge/documents", Lists(|_| vec![String::new(), "?limit=200".to_owned()])),
        ("POST", "/v1/knowledge/documents", Own(json!({ "title": "Mine", "body": "My own words." }))),
        ("GET", "/v1/knowledge/documents/{id}", Names(Value::Null)),
        ("PUT", "/v1/knowledge/documents/{id}", Names(json!({ "title": "Stolen", "body": "Stolen" }))),
        ("DELETE", "/v1/knowledge/documents/{id}", Names(Value::Null)),
        ("POST", "/v1/knowledge/documents/upload", Own(Value::Null)),
        ("POST", "/v1/knowledge/documents/{id}/upload", Names(Value::Null)),
        ("POST", "/v1/knowledge/documents/web", Own(json!({ "address": "http://127.0.0.1:9/" }))),
        ("POST", "/v1/knowledge/documents/{id}/read-again", Names(Value::Null)),
        ("GET", "/v1/knowledge/documents/{id}/file", Names(Value::Null)),
        ("GET", "/v1/knowledge/documents/{id}/passages", Names(Value::Null)),
        ("GET", "/v1/knowledge/documents/{id}/uses", Names(Value::Null)),
        ("GET", "/v1/knowledge/documents/{id}/versions", Names(Value::Null)),
        ("GET", "/v1/knowledge/documents/{id}/versions/{version}", Names(Value::Null)),
        ("POST", "/v1/knowledge/documents/{id}/versions/{version}/restore", Names(Value::Null)),
        ("GET", "/v1/knowledge/uses", Lists(|_| vec![String::new()])),
        ("GET", "/v1/knowledge/gaps", Lists(|_| vec![String::new(), "?closed=true".to_owned()])),
        ("GET", "/v1/knowledge/gaps/{id}", Names(Value::Null)),
        ("POST", "/v1/knowledge/gaps/{id}/close", Names(json!({}))),
        ("POST", "/v1/knowledge/gaps/{id}/reopen", Names(Value::Null)),
        (
            "GET",
            "/v1/knowledge/search",
            Lists(|_| vec![format!("?q={CANARY}"), format!("?q=What+does+a+{CANARY}+cost&limit=50")]),
        ),
        ("GET", "/v1/knowledge/index", Own(Value::Null)),
        ("POST", "/v1/knowledge/index/retry", Own(Value::Null)),
        ("GET", "/v1/intents", Own(Value::Null)),
        (
            "PUT",
            "/v1/intents",
            Own(json!({ "version": 0, "intents": [{ "key": "a", "label": "A", "examples": ["mine"] }] })),
        ),
        ("DELETE", "/v1/intents", Own(Value::Null)),
        ("POST", "/v1/intents/try", Own(json!({ "text": "How much is a brake check?" }))),
        ("GET", "/v1/agent", Own(Value::Null)),
        ("PUT", "/v1/agent/draft", Own(json!({}))),
        ("DELETE", "/v1/agent/draft", Own(Value::Null)),
        ("GET", "/v1/agent/roles/{key}", Own(Value::Null)),
        ("GET", "/v1/agent/roles/{key}/schema", Own(Value::Null)),
        ("GET", "/v1/agent/versions", Lists(|_| vec![String::new()])),
        ("GET", "/v1/agent/versions/{version}", Own(Value::Null)),
        ("POST", "/v1/agent/versions/{version}/restore", Own(json!({ "live": 0 }))),
        ("PUT", "/v1/agent/canary", Own(json!({ "version": 1, "share": 10 }))),
        ("POST", "/v1/agent/try", Own(json!({ "said": [{ "customer": true, "text": "Hello" }] }))),
        ("POST", "/v1/agent/preview", Own(json!({ "of": {} }))),
        ("POST", "/v1/agent/publish", Own(json!({ "revision": 1 }))),
        ("GET", "/v1/agent/lessons", Lists(|_| vec![String::new()])),
        ("POST", "/v1/agent/lessons/{id}/{kind}", Names(json!({ "accept": true }))),
        ("GET", "/v1/agent/evals", Lists(|_| vec![String::new()])),
        ("POST", "/v1/agent/evals", Own(json!({}))),
        ("DELETE", "/v1/agent/evals/{id}", Own(Value::Null)),
        ("POST", "/v1/agent/evals/run", Own(json!({ "cases": ["role:quote"] }))),
        ("GET", "/v1/models/own", Own(Value::Null)),
        ("PUT", "/v1/models/own/{name}", Own(json!({}))),
        ("DELETE", "/v1/models/own/{name}", Own(Value::Null)),
        ("GET", "/v1/tool-servers", Own(Value::Null)),
        ("PUT", "/v1/tool-servers/{name}", Own(json!({}))),
        ("DELETE", "/v1/tool-servers/{name}", Own(Value::Null)),
        ("POST", "/v1/tool-servers/{name}/look", Own(Value::Null)),
        ("PUT", "/v1/tool-servers/{name}/tools/{tool}", Own(json!({ "policy": "off", "hash": "x" }))),
        ("GET", "/v1/models", Own(Value::Null)),
        ("PUT", "/v1/models", Own(json!({ "enabled": true }))),
        ("POST", "/v1/models/{name}/test", Own(Value::Null)),
        ("GET", "/v1/autopilot", Own(Value::Null)),
        ("PUT", "/v1/autopilot", Own(json!({ "bar": 0.9, "least": 30, "sample": 0.1 }))),
        ("PUT", "/v1/autopilot/intents/{key}", Own(json!({ "on": false }))),
        ("PUT", "/v1/drafts/{id}/proposals/{number}", Names(json!({ "revision": 1, "dropped": true }))),
        ("GET", "/v1/rules", Lists(|_| vec![String::new()])),
        ("POST", "/v1/rules", Own(json!({}))),
        ("GET", "/v1/rules/vocabulary", Own(Value::Null)),
        ("POST", "/v1/rules/check", Own(json!({}))),
        ("POST", "/v1/rules/test", Own(json!({}))),
        ("GET", "/v1/rules/habits", Own(Value::Null)),
        ("GET", "/v1/rules/{id}", Names(Value::Null)),
        ("PUT", "/v1/rules/{id}", Names(json!({ "version": 1, "document": {} }))),
        ("PATCH", "/v1/rules/{id}", Names(json!({ "enabled": false }))),
        ("DELETE", "/v1/rules/{id}", Names(Value::Null)),
        ("GET", "/v1/rules/{id}/versions", Names(Value::Null)),
        ("GET", "/v1/conversations/{id}/rules", Names(Value::Null)),
        ("GET", "/v1/conversations/{id}/rules/{rule}", Names(Value::Null)),
        ("GET", "/v1/hooks", Lists(|_| vec![String::new()])),
        ("POST", "/v1/hooks", Own(json!({}))),
        ("GET", "/v1/hooks/outgoing", Own(Value::Null)),
        ("PATCH", "/v1/hooks/{id}", Names(json!({ "enabled": false }))),
        ("DELETE", "/v1/hooks/{id}", Names(Value::Null)),
        ("POST", "/v1/hooks/{id}/secret", Names(Value::Null)),
        ("GET", "/v1/hooks/{id}/deliveries", Names(Value::Null)),
        ("POST", "/v1/hooks/{id}/events", Public),
        ("GET", "/v1/sequences", Lists(|_| vec![String::new()])),
        ("POST", "/v1/sequences", Own(json!({}))),
        ("POST", "/v1/sequences/check", Own(json!({}))),
        ("GET", "/v1/sequences/{id}", Names(Value::Null)),
        ("PUT", "/v1/sequences/{id}", Names(json!({ "version": 1, "document": {} }))),
        ("PATCH", "/v1/sequences/{id}", Names(json!({ "enabled": false }))),
        ("DELETE", "/v1/sequences/{id}", Names(Value::Null)),
        ("GET", "/v1/conversations/{id}/sequences", Names(Value::Null)),
        conversation(
            "/v1/conversations/{id}/sequences",
            json!({ "sequence": SequenceId::from_parts(Timestamp::from_micros(0), 1) }),
        ),
        ("DELETE", "/v1/conversations/{id}/sequences/{run}", Names(Value::Null)),
        ("POST", "/v1/conversations/{id}/extract", Names(Value::Null)),
        ("GET", "/v1/segments", Lists(|_| vec![String::new()])),
        ("POST", "/v1/segments", Own(json!({}))),
        ("GET", "/v1/segments/{id}", Names(Value::Null)),
        ("PUT", "/v1/segments/{id}", Names(json!({ "version": 1, "name": "Stolen", "when": { "all": [] } }))),
        ("DELETE", "/v1/segments/{id}", Names(Value::Null)),
        ("GET", "/v1/segments/{id}/contacts", Names(Value::Null)),
        ("POST", "/v1/contacts/search", Own(json!({ "when": { "all": [] } }))),
        ("POST", "/v1/conversations/search", Own(json!({ "when": { "all": [] } }))),
        ("GET", "/v1/schemas", Lists(|_| vec![String::new()])),
        ("POST", "/v1/schemas", Own(json!({ "document": {} }))),
        ("POST", "/v1/schemas/check", Own(json!({ "document": {} }))),
        ("POST", "/v1/schemas/test", Own(json!({ "document": minimal(), "text": "Hello" }))),
        ("POST", "/v1/schemas/preview", Own(json!({ "document": minimal() }))),
        // Both businesses have a schema of this name: each sees and changes its own.
        ("GET", "/v1/schemas/{key}", Own(Value::Null)),
        ("PUT", "/v1/schemas/{key}", Own(json!({ "base_version": 9, "document": minimal() }))),
        ("DELETE", "/v1/schemas/{key}", Own(Value::Null)),
        ("GET", "/v1/schemas/{key}/versions", Own(Value::Null)),
        ("POST", "/v1/schemas/{key}/fill", Own(Value::Null)),
        ("GET", "/v1/schemas/{key}/fill", Own(Value::Null)),
        ("GET", "/v1/schemas/{key}/suggestions", Own(Value::Null)),
        ("DELETE", "/v1/schemas/{key}/fill", Own(Value::Null)),
        ("GET", "/v1/schemas/{key}/board", Own(Value::Null)),
        ("GET", "/v1/schemas/{key}/statistics", Own(Value::Null)),
        ("GET", "/v1/turns/{id}", Names(Value::Null)),
        ("POST", "/v1/replay", Own(json!({}))),
        ("GET", "/v1/socket", Public),
        ("GET", "/v1/widget/{workspace}", Public),
        ("POST", "/v1/widget/{workspace}/sessions", Public),
    ]
}

/// The smallest document that is one.
fn minimal() -> Value {
    serde_json::from_str(&crate::schemas::document("garage-visit", &json!({}))).expect("JSON")
}

/// A business with something in every table, all of it marked.
struct World {
    owner: Http,
    customer: Customer,
    ids: Ids,
}

async fn world(app: &App, workspace: &str, mark: &str) -> World {
    let owner = app.staff_of(workspace, Role::Owner).await;
    let mut customer = app.customer_of(workspace).await;
    let text = format!("How much is a {mark} brake check?");
    let document = uploaded(&owner, &format!("the {mark}.txt"), format!("A {mark} costs £12.").into()).await;
    app.settle().await;
    let file = customer.http.upload(&format!("{mark}.wav"), RECORDING.to_vec()).await;
    let file = file.expect("uploaded").id;
    let upload = begin(&owner, &[("upload-length", "5")]).await;
    let upload = upload.trim_start_matches("/v1/uploads/").parse().expect("an identifier");
    let conversation = customer.says(&text).await.conversation;
    let draft = app.pending(&owner, conversation).await;
    let conversation_path = format!("/v1/conversations/{conversation}");
    let at = |verb: &str| format!("{conversation_path}/{verb}");
    let contact = customer.visit.contact.id;
    let named = json!({ "name": format!("{mark} Silva"), "note": format!("likes the {mark}") });
    ok(&owner, "PATCH", &format!("/v1/contacts/{contact}"), Some(named)).await;
    let intent =
        json!({ "key": "buy", "label": format!("Buy a {mark}"), "examples": [format!("a {mark} please")] });
    ok(&owner, "PUT", "/v1/intents", Some(json!({ "version": 0, "intents": [intent] }))).await;
    let note = json!({ "client_id": "n", "body": format!("a {mark} note") });
    ok(&owner, "POST", &at("notes"), Some(note)).await;
    ok(&owner, "POST", &at("labels"), Some(json!({ "add": [mark] }))).await;
    ok(&owner, "PUT", &at("context/vehicle"), Some(json!({ "value": format!("{mark} van") }))).await;
    let edit = json!({ "revision": draft.revision, "text": format!("{} {mark}", draft.text) });
    ok(&owner, "PUT", &format!("/v1/drafts/{}/edit", draft.id), Some(edit)).await;
    let attach = json!({ "client_id": "f", "body": format!("my {mark}"), "files": [file] });
    ok(&customer.http, "POST", &at("messages"), Some(attach)).await;
    let draft = app.pending(&owner, conversation).await;
    let person = json!({ "name": format!("{mark} person"), "email": format!("{mark}@shop.example"),
        "role": "staff", "password": PASSWORD });
    let person = ok(&owner, "POST", "/v1/staff", Some(person)).await;
    let rules = ok(&owner, "GET", "/v1/rules", None).await;
    let hook = json!({ "key": "orders", "name": format!("{mark} orders"), "mapping": { "email": "/email" } });
    let hook = ok(&owner, "POST", "/v1/hooks", Some(hook)).await;
    let segment = json!({ "key": "friends", "name": format!("Friends of {mark}"), "when": { "all": [] } });
    let segment = ok(&owner, "POST", "/v1/segments", Some(segment)).await;
    let later = json!([{ "minutes": 10_000, "then": [{ "do": "notify", "text": mark }] }]);
    let sequence = json!({ "key": "later", "name": format!("Later {mark}"), "steps": later,
        "stop_when": { "answered": false, "taken_over": false } });
    let sequence = ok(&owner, "POST", "/v1/sequences", Some(sequence)).await;
    let run = ok(&owner, "POST", &at("sequences"), Some(json!({ "sequence": sequence["id"] }))).await;
    let view = json!({ "name": format!("All {mark}"), "shared": true, "filter": { "q": mark } });
    let view = ok(&owner, "POST", "/v1/views", Some(view)).await;
    let sessions = ok(&owner, "GET", "/v1/profile/sessions", None).await;
    let snippet = json!({ "shortcut": mark, "body": format!("About the {mark}"), "shared": true });
    let snippet = ok(&owner, "POST", "/v1/snippets", Some(snippet)).await;
    fn id<T: serde::de::DeserializeOwned>(value: &Value) -> T {
        serde_json::from_value(value["id"].clone()).unwrap_or_else(|error| panic!("{error}: {value}"))
    }
    let ids = Ids {
        contact,
        conversation,
        draft: draft.id,
        file,
        upload,
        document: document.parse().expect("an identifier"),
        gap: gap(app, workspace, conversation, mark).await,
        turn: draft.turn,
        rule: id(&rules["items"][0]),
        hook: id(&hook),
        segment: id(&segment),
        sequence: id(&sequence),
        run: id(&run),
        staff: id(&person),
        view: id(&view),
        session: id(&sessions["items"][0]),
        snippet: id(&snippet),
    };
    World { owner, customer, ids }
}

/// A question in the business that nothing answers.
async fn gap(app: &App, workspace: &str, conversation: ConversationId, mark: &str) -> GapId {
    let ports = &app.node.site.ports;
    let workspace = if workspace == "beta" { app.beta } else { app.alpha };
    let cx = ports.cx(workspace, Actor::System, "Tests");
    let mut tx = ports.db.begin().await.expect("a transaction begins");
    let text = format!("Is there a {mark} carousel?");
    let asked = Asked { conversation, seq: 1, text, language: "en".to_owned(), vector: None };
    gaps::note(&cx, &mut tx, asked).await.expect("noted");
    let listed = gaps::list(&cx, &mut tx, false).await.expect("listed");
    tx.commit().await.expect("stored");
    listed.iter().find(|gap| gap.question.contains("carousel")).expect("the gap is listed").id
}

impl World {
    /// Everything the business can see of itself.
    async fn state(&self) -> Vec<(String, Value)> {
        let conversation = format!("/v1/conversations/{}", self.ids.conversation);
        let mut state = Vec::new();
        for path in [
            "/v1/workspace".to_owned(),
            "/v1/staff".to_owned(),
            "/v1/contacts?limit=200".to_owned(),
            "/v1/conversations?view=all&limit=200".to_owned(),
            "/v1/drafts?limit=200".to_owned(),
            "/v1/knowledge/documents?limit=200".to_owned(),
            "/v1/knowledge/gaps".to_owned(),
            "/v1/knowledge/uses".to_owned(),
            format!("/v1/knowledge/documents/{}/versions", self.ids.document),
            "/v1/knowledge/index".to_owned(),
            "/v1/intents".to_owned(),
            "/v1/rules".to_owned(),
            format!("/v1/segments/{}", self.ids.segment),
            "/v1/sequences".to_owned(),
            format!("{conversation}/sequences"),
            "/v1/schemas".to_owned(),
            "/v1/views".to_owned(),
            "/v1/snippets".to_owned(),
            "/v1/notices".to_owned(),
            conversation.clone(),
            format!("{conversation}/entries"),
            format!("{conversation}/turns"),
            format!("{conversation}/context"),
            format!("{conversation}/rule-runs"),
            format!("/v1/drafts/{}", self.ids.draft),
            format!("/v1/turns/{}", self.ids.turn),
        ] {
            let shown = ok(&self.owner, "GET", &path, None).await;
            state.push((path, shown));
        }
        let own = format!("/v1/conversations/{}", self.ids.conversation);
        state.push(("as the customer sees it".to_owned(), ok(&self.customer.http, "GET", &own, None).await));
        state
    }
}

fn patient(config: &mut concierge::config::Config, _: &mut concierge::app::Options) {
    config.sockets.strikes = u32::MAX;
}

/// Fills a path with identifiers.
fn filled(path: &str, ids: &Ids) -> String {
    if !path.contains("{id}") {
        return path.to_owned();
    }
    path.replace("{id}", &ids.of_path(path))
        .replace("{field}", "vehicle")
        .replace("{version}", "1")
        .replace("{number}", "1")
        .replace("{kind}", "case")
        .replace("{rule}", &ids.rule.to_string())
        .replace("{run}", &ids.run.to_string())
}

fn without(ids: &Ids, answer: &Answer) -> Answer {
    Answer { text: ids.take_out_of(&answer.text), ..answer.clone() }
}

/// Calls every route that names something with others' identifiers, and compares with unknown ones.
async fn others_are_as_if_they_were_not(caller: &Http, who: &str, ids: &Ids) {
    let unknown = Ids::unknown();
    for (method, path, route) in routes() {
        let Route::Names(body) = route else { continue };
        let body = Some(body).filter(|body| !body.is_null());
        let theirs = call(caller, method, &filled(path, ids), body.clone()).await;
        let nobodys = call(caller, method, &filled(path, &unknown), body).await;
        assert!(matches!(theirs.status, 401 | 404), "{who}: {method} {path}: {theirs:?}");
        theirs.problem();
        assert_eq!(without(ids, &theirs), without(&unknown, &nobodys), "{who}: {method} {path}");
        assert!(!theirs.text.contains(CANARY), "{who}: {method} {path}: {theirs:?}");
    }
}

#[test]
fn every_route_is_listed_here() {
    let known: BTreeSet<(String, String)> =
        routes().into_iter().map(|(method, path, _)| (method.to_owned(), path.to_owned())).collect();
    let served: BTreeSet<(String, String)> = operations().into_iter().collect();
    let new: Vec<_> = served.difference(&known).collect();
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(new.is_empty(), "say in this file how these keep businesses apart: {new:?}");
    assert!(gone.is_empty(), "these are served no more: {gone:?}");
    assert!(served.len() > 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_shows_or_changes_anything_of_another_business() {
    on_each_engine_with(patient, async |app| {
        let beta = world(app, "beta", CANARY).await;
        let alpha = world(app, "alpha", "robin").await;
        app.settle().await;
        let before = beta.state().await;
        let text = serde_json::to_string(&before.iter().map(|(_, state)| state).collect::<Vec<_>>());
        assert!(text.expect("JSON").matches(CANARY).count() > 20, "the canary stands everywhere in beta");

        others_are_as_if_they_were_not(&alpha.owner, "owner", &beta.ids).await;
        others_are_as_if_they_were_not(&alpha.customer.http, "customer", &beta.ids).await;
        for (method, path, route) in routes() {
            match route {
                Route::Names(_) => {
                    // The same calls on one's own find it: the refusals above are about whose it is.
                    if method == "GET" {
                        let own = call(&alpha.owner, method, &filled(path, &alpha.ids), None).await;
                        assert_eq!(own.status, 200, "{method} {path}: {own:?}");
                    }
                }
                Route::Lists(queries) => {
                    for query in queries(&beta.ids) {
                        let listed = call(&alpha.owner, method, &format!("{path}{query}"), None).await;
                        assert_eq!(listed.status, 200, "{path}{query}: {listed:?}");
                        assert!(!listed.text.contains(CANARY), "{path}{query}: {listed:?}");
                        assert_eq!(
                            beta.ids.take_out_of(&listed.text),
                            listed.text,
                            "{path}{query} holds no identifier of beta"
                        );
                        if query.ends_with(CANARY) || query.contains("contact=") {
                            let list = listed.json();
                            let rows = list["items"].as_array().or(list["hits"].as_array());
                            assert_eq!(rows.map(Vec::len), Some(0), "{path}{query}: {list}");
                        }
                        let visitor =
                            call(&alpha.customer.http, method, &format!("{path}{query}"), None).await;
                        assert_eq!(visitor.problem(), (401, "unauthenticated".to_owned()), "{path}{query}");
                    }
                }
                Route::Own(_) | Route::Public if (method, path) == ("DELETE", "/v1/session") => {}
                Route::Own(body) => {
                    let body = Some(body).filter(|body| !body.is_null());
                    let answer =
                        call(&alpha.owner, method, &path.replace("{key}", "garage-visit"), body).await;
                    assert!(!answer.text.contains(CANARY), "{method} {path}: {answer:?}");
                    assert!(!answer.text.contains(&app.beta.to_string()), "{method} {path}: {answer:?}");
                }
                Route::Public => {
                    let path = path.replace("{workspace}", "beta");
                    let answer = call(&alpha.owner, method, &path, Some(json!({}))).await;
                    assert!(!answer.text.contains(CANARY), "{method} {path}: {answer:?}");
                }
            }
        }
        // Opening beta's public widget made a contact there, which is beta's business; nothing else changed.
        app.settle().await;
        for ((path, before), (_, after)) in before.iter().zip(beta.state().await) {
            if path.starts_with("/v1/contacts") {
                let (before, after) = (before["items"].as_array(), after["items"].as_array());
                let after = after.map(|contacts| contacts[contacts.len() - 1..].to_vec());
                assert_eq!(after.as_ref(), before, "{path}");
                continue;
            }
            assert_eq!(*before, after, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_another_business_can_be_brought_into_ones_own() {
    on_each_engine_with(patient, async |app| {
        let beta = world(app, "beta", CANARY).await;
        let alpha = world(app, "alpha", "robin").await;
        let conversation = format!("/v1/conversations/{}", alpha.ids.conversation);
        let before = (beta.state().await, alpha.state().await);
        let unknown = Ids::unknown();
        for (verb, body) in [
            ("assign", (|ids: &Ids| json!({ "staff": ids.staff })) as fn(&Ids) -> Value),
            ("messages", |ids| json!({ "client_id": "b", "body": "x", "files": [ids.file] })),
            ("notes", |ids| json!({ "client_id": "b", "body": "x", "mentions": [ids.staff] })),
        ] {
            let path = format!("{conversation}/{verb}");
            let theirs = call(&alpha.owner, "POST", &path, Some(body(&beta.ids))).await;
            let nobodys = call(&alpha.owner, "POST", &path, Some(body(&unknown))).await;
            assert_eq!(theirs.problem(), (404, "not_found".to_owned()), "{verb}");
            assert_eq!(without(&beta.ids, &theirs), without(&unknown, &nobodys), "{verb}");
        }
        // A cursor of beta's list is a place in alpha's list at most.
        let page = ok(&beta.owner, "GET", "/v1/knowledge/documents?limit=1", None).await;
        let cursor = page["next"].as_str().expect("there is more").to_owned();
        let listed =
            call(&alpha.owner, "GET", &format!("/v1/knowledge/documents?cursor={cursor}"), None).await;
        assert!(!listed.text.contains(CANARY), "{listed:?}");
        app.settle().await;
        assert_eq!((beta.state().await, alpha.state().await), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_reaches_into_another_business_or_another_customers_conversation() {
    on_each_engine_with(patient, async |app| {
        let beta = world(app, "beta", CANARY).await;
        let mut alpha = world(app, "alpha", "robin").await;
        app.settle().await;
        let mut desk = app.desk(Role::Owner).await;
        let mut neighbour = app.customer().await;
        neighbour.says("I have a conversation, too").await;
        app.settle().await;
        let before = (beta.state().await, alpha.state().await);
        let unknown = Ids::unknown();
        for name in CommandName::ALL.iter().copied() {
            // Staff and a customer of alpha with beta's identifiers; a customer with another customer's.
            for (who, socket, ids) in [
                ("alpha's owner with beta's", &mut desk, &beta.ids),
                ("alpha's customer with beta's", &mut alpha.customer.socket, &beta.ids),
                ("a customer with another's", &mut neighbour.socket, &alpha.ids),
            ] {
                let (taken, theirs) = told(socket, command(name, ids), ids).await;
                let (_, nobodys) = told(socket, command(name, &unknown), &unknown).await;
                let customer = who != "alpha's owner with beta's";
                let kindly = names_nothing(name) && !(customer && name.staff_only());
                assert_eq!(taken, kindly, "{who}: {}: {theirs}", name.as_str());
                assert_eq!(theirs, nobodys, "{who}: {}", name.as_str());
                assert!(!theirs.contains(CANARY) && !theirs.contains("robin"), "{who}: {theirs}");
                if customer && name.staff_only() {
                    assert!(theirs.contains("\"forbidden\""), "{who}: {theirs}");
                }
            }
        }
        others_are_as_if_they_were_not(&neighbour.http, "neighbour", &alpha.ids).await;
        app.settle().await;
        let after = (beta.state().await, alpha.state().await);
        assert_eq!(after.0, before.0);
        assert_eq!(after.1, before.1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_cannot_use_staff_commands_even_in_their_own_conversation() {
    on_each_engine_with(patient, async |app| {
        let mut own = world(app, "alpha", "robin").await;
        app.settle().await;
        let before = own.state().await;
        let ids = own.ids;
        for name in CommandName::ALL.iter().copied().filter(|name| name.staff_only()) {
            let (taken, theirs) = told(&mut own.customer.socket, command(name, &ids), &ids).await;
            assert!(!taken && theirs.contains("\"forbidden\""), "{}: {theirs}", name.as_str());
        }
        // Over HTTP as well: only what is meant for customers opens for them.
        let for_customers = [
            ("GET", "/v1/conversations/{id}"),
            ("GET", "/v1/conversations/{id}/entries"),
            ("GET", "/v1/files/{id}"),
            ("GET", "/v1/files/{id}/wav"),
            ("POST", "/v1/conversations/{id}/messages"),
            ("POST", "/v1/conversations/{id}/read"),
            ("POST", "/v1/conversations/{id}/ask-for-person"),
            ("PUT", "/v1/conversations/{id}/rating"),
            ("POST", "/v1/files"),
            ("POST", "/v1/uploads"),
            ("GET", "/v1/uploads/{id}"),
            ("PATCH", "/v1/uploads/{id}"),
            ("DELETE", "/v1/uploads/{id}"),
        ];
        for (method, path, route) in routes() {
            let (Route::Names(body) | Route::Own(body)) = route else { continue };
            if for_customers.contains(&(method, path)) || (method, path) == ("POST", "/v1/session") {
                continue;
            }
            let body = Some(body).filter(|body| !body.is_null());
            let answer = call(&own.customer.http, method, &filled(path, &ids), body).await;
            assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{method} {path}");
        }
        for path in ["/v1/conversations/{id}", "/v1/conversations/{id}/entries"] {
            let shown = call(&own.customer.http, "GET", &filled(path, &ids), None).await;
            assert_eq!(shown.status, 200);
            for hidden in ["robin note", "draft_proposed", "labels_changed", "field_changed", "rule_fired"] {
                assert!(!shown.text.contains(hidden), "{path} shows {hidden}: {shown:?}");
            }
        }
        app.settle().await;
        assert_eq!(own.state().await, before);
    })
    .await;
}

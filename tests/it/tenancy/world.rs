//! A business with something of everything in it.

use concierge::base::{
    Actor, ContactId, ConversationId, DocumentId, DraftId, FileId, GapId, HookId, Id, Role, RuleId,
    SegmentId, SequenceId, SequenceRunId, SessionId, SnippetId, StaffId, Timestamp, TurnId, UploadId, ViewId,
};
use concierge::client::Http;
use concierge::knowledge::gaps::{self, Asked};
use serde_json::{Value, json};

use crate::sources::uploaded;
use crate::support::{App, Customer, PASSWORD, ok};
use crate::uploads::begin;

/// A file that every route about files knows what to do with.
const RECORDING: &[u8] = include_bytes!("../../data/speech/hours.wav");

/// Identifiers of one business, or of nothing at all.
#[derive(Clone, Copy)]
pub(super) struct Ids {
    pub(super) contact: ContactId,
    pub(super) conversation: ConversationId,
    pub(super) draft: DraftId,
    pub(super) file: FileId,
    pub(super) upload: UploadId,
    pub(super) document: DocumentId,
    pub(super) gap: GapId,
    pub(super) turn: TurnId,
    pub(super) rule: RuleId,
    pub(super) hook: HookId,
    pub(super) segment: SegmentId,
    pub(super) sequence: SequenceId,
    pub(super) run: SequenceRunId,
    pub(super) staff: StaffId,
    pub(super) view: ViewId,
    pub(super) session: SessionId,
    pub(super) snippet: SnippetId,
}

impl Ids {
    /// Identifiers that nothing has.
    pub(super) fn unknown() -> Ids {
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
    pub(super) fn of_path(&self, path: &str) -> String {
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
    pub(super) fn take_out_of(&self, text: &str) -> String {
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

/// A business with something in every table, all of it marked.
pub(super) struct World {
    pub(super) owner: Http,
    pub(super) customer: Customer,
    pub(super) ids: Ids,
}

pub(super) async fn world(app: &App, workspace: &str, mark: &str) -> World {
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
    pub(super) async fn state(&self) -> Vec<(String, Value)> {
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

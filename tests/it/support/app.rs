//! A hub in this process, with two businesses in it that look alike.

use std::time::Duration;

use concierge::app::{Node, Options};
use concierge::base::{Actor, Role, WorkspaceId};
use concierge::client::{Error, Http, Socket, Visit};
use concierge::config::Config;
use concierge::knowledge::NewDocument;
use concierge::ports::db::Engine;
use concierge::protocol::{
    Command, DraftStatus, DraftView, Entry, Joined, Outcome, Posted, ServerFrame, Signal,
};
use concierge::workspaces::{NewWorkspace, Settings as WorkspaceSettings};
use concierge::{base::ConversationId, identity, jobs, knowledge, rules, schemas, workspaces};
use serde_json::json;

use super::{PATIENCE, postgres};

/// The password of everybody in the tests.
pub const PASSWORD: &str = "a test password";

/// The program that reads documents: in a test, this process is another one.
const READER: &str = env!("CARGO_BIN_EXE_concierge");

/// A schema as small as a real one can be.
const SCHEMA: &str = include_str!("../../../schemas/garage-visit.json");

/// A running hub and the two businesses in it: `alpha` and `beta` have the same staff names, contacts and
/// documents, so that nothing but the tenancy tells them apart.
pub struct App {
    pub node: Node,
    pub alpha: WorkspaceId,
    pub beta: WorkspaceId,
    _folder: tempfile::TempDir,
}

/// A customer with a socket.
pub struct Customer {
    pub http: Http,
    pub visit: Visit,
    pub socket: Socket,
    pub conversation: Option<ConversationId>,
    sent: u32,
}

/// Runs a test on SQLite and on PostgreSQL.
pub async fn on_each_engine(test: impl AsyncFn(&App)) {
    on_each_engine_with(|_, _| {}, test).await;
}

/// Runs a test on both engines with other settings. A finished test leaves no job and no socket behind.
pub async fn on_each_engine_with(settings: impl Fn(&mut Config, &mut Options), test: impl AsyncFn(&App)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let app = App::start(engine, &settings).await;
        test(&app).await;
        app.finish().await;
    }
}

/// Runs a test on a hub without any business, on SQLite and on PostgreSQL.
pub async fn on_each_empty_hub(test: impl AsyncFn(&Node)) {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = test_config();
        config.store.folder = folder.path().to_owned();
        if engine == Engine::Postgres {
            config.store.postgres = postgres::fresh_database();
        }
        let options = Options { reader: READER.into(), ..Options::default() };
        let node = Node::start(config, options).await.expect("the hub starts");
        test(&node).await;
        node.stop().await;
    }
}

impl App {
    /// Starts a hub on an engine.
    pub async fn start(engine: Engine, settings: impl Fn(&mut Config, &mut Options)) -> App {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = test_config();
        config.store.folder = folder.path().to_owned();
        if engine == Engine::Postgres {
            config.store.postgres = postgres::fresh_database();
        }
        // Nobody else gets this port while a test starts its hub again.
        config.http.listen.set_port(postgres::ports::free_port());
        let mut options = Options { reader: READER.into(), ..Options::default() };
        settings(&mut config, &mut options);
        let node = Node::start(config, options).await.expect("the hub starts");
        let alpha = business(&node, "alpha").await;
        let beta = business(&node, "beta").await;
        App { node, alpha, beta, _folder: folder }
    }

    /// Stops the hub and starts another on the same store and address.
    pub async fn restart(self) -> App {
        self.restart_with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn restart_with(self, settings: impl Fn(&mut Config)) -> App {
        let mut config = (*self.node.site.config).clone();
        config.http.listen = self.node.address;
        settings(&mut config);
        self.node.stop().await;
        let options = Options { reader: READER.into(), ..Options::default() };
        let node = Node::start(config, options).await.expect("the hub starts again");
        App { node, ..self }
    }

    /// The same with the test's own clock.
    pub async fn restart_at(self, clock: &concierge::ports::Clock) -> App {
        let mut config = (*self.node.site.config).clone();
        config.http.listen = self.node.address;
        self.node.stop().await;
        let options = Options { reader: READER.into(), clock: clock.clone(), ..Options::default() };
        let node = Node::start(config, options).await.expect("the hub starts again");
        App { node, ..self }
    }

    pub fn url(&self) -> String {
        self.node.url()
    }

    /// A signed-in colleague of `alpha`.
    pub async fn staff(&self, role: Role) -> Http {
        self.staff_of("alpha", role).await
    }

    /// A signed-in colleague.
    pub async fn staff_of(&self, workspace: &str, role: Role) -> Http {
        Http::sign_in(&self.url(), workspace, &format!("{role}@shop.example"), PASSWORD)
            .await
            .expect("the colleague signs in")
    }

    /// A colleague's socket.
    pub async fn desk(&self, role: Role) -> Socket {
        Socket::staff(&self.staff(role).await).await.expect("the colleague's socket opens").0
    }

    /// A new customer of `alpha`.
    pub async fn customer(&self) -> Customer {
        self.customer_of("alpha").await
    }

    /// A new customer.
    pub async fn customer_of(&self, workspace: &str) -> Customer {
        let who = json!({ "name": "Ana Silva", "email": "ana@mail.example" });
        let (http, visit) = Http::visit(&self.url(), workspace, who).await.expect("the visit opens");
        let (socket, _) = Socket::visitor(&self.url(), &visit.token).await.expect("the socket opens");
        Customer { http, visit, socket, conversation: None, sent: 0 }
    }

    /// Waits until no job is open and no turn owed, then stops the hub.
    pub async fn finish(self) {
        self.settle().await;
        self.node.stop().await;
    }

    /// Waits until no job is open, no turn is owed, and rules have looked at everything.
    pub async fn settle(&self) {
        let settled = async {
            loop {
                let mut tx = self.node.site.ports.db.read().await.expect("the store answers");
                let far = self.node.site.ports.now().after(Duration::from_secs(3_600));
                let owed =
                    concierge::conversations::owed_turns(&mut tx, far, 1).await.expect("turns are read");
                let unseen = concierge::conversations::for_rules(&mut tx, 1).await.expect("events are read");
                let idle = owed.is_empty() && unseen.is_empty();
                if idle && jobs::open(&mut tx).await.expect("jobs are read") == 0 {
                    return;
                }
                drop(tx);
                // Whoever asks without a pause takes the time that the hub needs to get there.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.expect("every job and turn ends");
    }
}

impl Customer {
    /// Another socket of the same customer: a second tab.
    pub async fn tab(&self) -> Socket {
        Socket::visitor(self.http.base(), &self.visit.token).await.expect("the second socket opens").0
    }

    /// Says something and waits for the acknowledgement; the first time a conversation begins and is joined.
    pub async fn says(&mut self, text: &str) -> Posted {
        self.sent += 1;
        let client_id = format!("says-{}", self.sent);
        let posted = self.sends(&client_id, text).await.expect("the message is taken");
        if self.conversation.is_none() {
            self.conversation = Some(posted.conversation);
            join(&mut self.socket, posted.conversation, posted.seq).await;
        }
        posted
    }

    /// Sends a message under a client id.
    pub async fn sends(&mut self, client_id: &str, text: &str) -> Result<Posted, Error> {
        let send = Command::Send {
            conversation: self.conversation,
            client_id: client_id.to_owned(),
            body: text.to_owned(),
            files: Vec::new(),
        };
        match self.socket.ask(send).await? {
            Outcome::Posted(posted) => Ok(posted),
            other => panic!("{other:?}"),
        }
    }

    /// Waits for the next message to the customer.
    pub async fn hears(&mut self) -> Entry {
        next_message(&mut self.socket).await
    }
}

/// Joins a conversation and gives the first page.
pub async fn join(socket: &mut Socket, conversation: ConversationId, after: i64) -> Joined {
    match socket.ask(Command::Join { conversation, after, epoch: None }).await {
        Ok(Outcome::Joined(joined)) => joined,
        other => panic!("{other:?}"),
    }
}

/// The next durable event of a conversation.
pub async fn next_event(socket: &mut Socket) -> Entry {
    let event = socket.find(PATIENCE, |frame| match frame {
        ServerFrame::Event { entry, .. } => Some(entry),
        _ => None,
    });
    event.await.expect("an event comes")
}

/// The next message that somebody else than the customer wrote.
pub async fn next_message(socket: &mut Socket) -> Entry {
    let message = socket.find(PATIENCE, |frame| match frame {
        ServerFrame::Event { entry, .. }
            if entry.content.is_message() && !matches!(entry.actor, Actor::Contact { .. }) =>
        {
            Some(entry)
        }
        _ => None,
    });
    message.await.expect("a message comes")
}

/// The next draft that waits for a decision.
pub async fn next_draft(socket: &mut Socket) -> DraftView {
    let draft = socket.find(PATIENCE, |frame| match frame {
        ServerFrame::Signal(Signal::Draft { draft }) if draft.status == DraftStatus::Pending => Some(*draft),
        _ => None,
    });
    draft.await.expect("a draft comes")
}

/// The command that approves a draft as it is shown.
pub fn approve(draft: &DraftView) -> Command {
    Command::Approve { draft: draft.id, revision: draft.revision, hash: draft.hash.clone(), text: None }
}

/// Quick turns, and limits that no honest test reaches.
pub fn test_config() -> Config {
    let many = std::num::NonZeroU32::MAX;
    let mut config = Config::defaults();
    config.http.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    config.http.requests_per_minute = many;
    config.sessions.attempts_per_minute = many;
    config.sockets.burst = many;
    config.sockets.per_second = many;
    config.sockets.workspace_per_second = many;
    config.sockets.drain_spread_ms = 1;
    config.pipeline.settle_ms = 10;
    config.pipeline.word_ms = 0;
    config.understanding.sentence_model = false;
    config.pipeline.sweep_seconds = 1;
    config
}

/// A small business: staff of every role, two documents, a schema, a rule.
async fn business(node: &Node, slug: &str) -> WorkspaceId {
    static HASH: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();
    let hash = HASH
        .get_or_init(|| async {
            tokio::task::spawn_blocking(|| identity::hash_password(PASSWORD)).await.expect("hashing ends")
        })
        .await;
    let ports = &node.site.ports;
    let cx = ports.cx(ports.id(), Actor::System, "Tests");
    let settings = WorkspaceSettings {
        timezone: "Europe/London".to_owned(),
        locale: "en-GB".to_owned(),
        country: "GB".to_owned(),
        currency: "GBP".to_owned(),
        accent: "#0d5c49".to_owned(),
        assistant_name: "Pia".to_owned(),
        greeting: "Hello".to_owned(),
        starters: Vec::new(),
        hours: Vec::new(),
        undo_seconds: 0,
        allowed_origins: Vec::new(),
        setup: None,
    };
    let mut tx = ports.db.begin().await.expect("a transaction begins");
    let new = NewWorkspace {
        slug: slug.to_owned(),
        name: "The Shop".to_owned(),
        agent: "garage-front-desk".to_owned(),
        settings,
    };
    workspaces::create(&cx, &mut tx, new).await.expect("the workspace is made");
    for role in Role::ALL {
        let new = identity::NewStaff {
            name: format!("Some {role}"),
            email: format!("{role}@shop.example"),
            role: *role,
            password: PASSWORD.to_owned(),
        };
        identity::add_staff(&cx, &mut tx, new, hash).await.expect("the colleague is added");
    }
    schemas::install(&cx, &mut tx, SCHEMA).await.expect("the schema is installed");
    for (title, body) in [
        ("Opening hours", "We are open from Monday to Friday from 8 in the morning to 6 in the evening."),
        ("Brakes", "A brake check costs £79 and takes about 40 minutes."),
    ] {
        let new =
            NewDocument { title: title.to_owned(), body: body.to_owned(), language: Some("en".to_owned()) };
        knowledge::create(&cx, &mut tx, new).await.expect("the document is added");
    }
    let rules = json!([{
        "key": "brakes-are-labelled", "name": "Brakes are labelled", "on": "message", "priority": 10,
        "stop": false, "enabled": true,
        "when": { "all": [{ "fact": "message.text", "op": "contains", "value": "brake" }] },
        "then": [{ "do": "label", "add": ["brakes"] }],
    }]);
    rules::install_all(&cx, &mut tx, &rules.to_string()).await.expect("the rules are installed");
    tx.commit().await.expect("the business is stored");
    cx.workspace
}

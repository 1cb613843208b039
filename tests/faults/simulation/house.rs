//! The hub of a simulation: its store, its nodes, and the businesses in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use concierge::base::{Actor, ContactId, ConversationId, Role, Timestamp, WorkspaceId};
use concierge::config::Config;
use concierge::contacts::NewContact;
use concierge::gateway::{self, Gateway};
use concierge::hub::Hub;
use concierge::identity::{NewStaff, Site, TokenKey, VisitorToken};
use concierge::ports::db::Location;
use concierge::ports::{Bus, Clock, Db, Entropy, Ports};
use concierge::protocol::Entry;
use concierge::workspaces::{NewWorkspace, Settings};
use concierge::{app, contacts, conversations, identity, schemas, workspaces};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A schema as small as a real one can be.
const SCHEMA: &str = include_str!("../../../schemas/garage-visit.json");

/// Customers that each business has.
const CUSTOMERS: usize = 3;

/// Tokens and sessions outlive every jump of the clock.
const LONG: Duration = Duration::from_secs(20 * 365 * 24 * 3600);

/// What all simulations of a process begin with: a store with two businesses that look alike.
pub(super) struct Template {
    folder: tempfile::TempDir,
    ports: Ports,
    config: Arc<Config>,
    tokens: TokenKey,
    pub(super) businesses: Vec<Business>,
}

/// A business, and what lets people in.
pub(super) struct Business {
    pub(super) id: WorkspaceId,
    pub(super) cookie: String,
    pub(super) customers: Vec<(ContactId, String)>,
}

/// One running hub; the nodes share its store and its bus.
pub(super) struct House {
    template: Arc<Template>,
    folder: PathBuf,
    site: Site,
    nodes: Vec<Option<Node>>,
}

/// One node.
struct Node {
    routes: Router,
    gateway: Arc<Gateway>,
    stop: CancellationToken,
}

impl Template {
    /// Makes the store, in the time of the real world.
    pub(super) async fn make() -> Template {
        let folder = temporary();
        let mut config = Config::defaults();
        let many = std::num::NonZeroU32::MAX;
        config.store.folder = folder.path().to_owned();
        config.understanding.sentence_model = false;
        config.http.secure_cookies = false;
        let sockets = &mut config.sockets;
        (sockets.burst, sockets.per_second, sockets.workspace_per_second) = (many, many, many);
        (sockets.queue_frames, sockets.queue_bytes) = (24, 24 * 1024);
        (sockets.ping_seconds, sockets.hello_seconds, sockets.strikes) = (2, 5, 1_000);
        let mut ports = app::open_ports(&config).await.expect("the ports open");
        ports.entropy = Entropy::seeded(1);
        ports.clock = Clock::manual("2026-01-05T12:00:00Z".parse().expect("a time"));
        let mut tx = ports.db.begin().await.expect("it begins");
        let tokens = TokenKey::load(&mut tx, &ports.entropy).await.expect("a key");
        tx.commit().await.expect("it is stored");
        let mut businesses = Vec::new();
        for slug in ["alpha", "beta"] {
            businesses.push(business(&ports, &tokens, slug).await);
        }
        ports.db.close().await;
        let config = Arc::new(config);
        // The clock of the limits compares itself with the system's once: before that one stands still.
        drop(Site::new(ports.clone(), config.clone(), "", tokens.clone(), ""));
        Template { folder, ports, config, tokens, businesses }
    }

    async fn site(&self, folder: &Path, seed: u64) -> Site {
        // Every second simulation has a bus that loses news, and says so.
        let bus = if seed.is_multiple_of(2) { Bus::memory() } else { Bus::unreliable(seed) };
        let location = Location::File(folder.join("concierge.db"));
        let db = Db::open(&location, bus.clone()).await.expect("the store opens");
        let (clock, entropy) = (Clock::system(), Entropy::seeded(seed));
        let ports = Ports { db, bus, clock, entropy, ..self.ports.clone() };
        Site::new(ports, self.config.clone(), "http://hub.test", self.tokens.clone(), "simulated")
    }
}

async fn business(ports: &Ports, tokens: &TokenKey, slug: &str) -> Business {
    let cx = ports.cx(ports.id(), Actor::System, "Simulation");
    let settings = Settings {
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
    let agent = "garage-front-desk".to_owned();
    let new = NewWorkspace { slug: slug.to_owned(), name: "The Shop".to_owned(), agent, settings };
    let mut tx = ports.db.begin().await.expect("it begins");
    workspaces::create(&cx, &mut tx, new).await.expect("a workspace");
    let new = NewStaff {
        name: "Some One".to_owned(),
        email: "someone@shop.example".to_owned(),
        role: Role::Owner,
        password: "a test password".to_owned(),
    };
    let staff = identity::add_staff(&cx, &mut tx, new, "nobody signs in").await.expect("a colleague");
    let (cookie, expires_at) = (ports.entropy.secret(), cx.now.after(LONG));
    identity::open_session(&cx, &mut tx, staff.id, &cookie, None, expires_at).await.expect("a session");
    schemas::install(&cx, &mut tx, SCHEMA).await.expect("a schema");
    let mut customers = Vec::new();
    for number in 0..CUSTOMERS {
        let name = Some(format!("Customer {number}"));
        let new = NewContact { name, email: None, phone: None, locale: None, note: None };
        let contact = contacts::create(&cx, &mut tx, new).await.expect("a contact").id;
        let token = tokens.sign(&VisitorToken { workspace: cx.workspace, contact, expires_at });
        customers.push((contact, token));
    }
    tx.commit().await.expect("it is stored");
    Business { id: cx.workspace, cookie, customers }
}

/// A folder in memory, where there is one.
pub(super) fn temporary() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder")
}

impl House {
    /// Starts a hub of so many nodes on a copy of the template.
    pub(super) async fn start(template: Arc<Template>, folder: &Path, nodes: usize, seed: u64) -> House {
        copy_store(template.folder.path(), folder);
        let site = template.site(folder, seed).await;
        let nodes = (0..nodes).map(|_| Some(Node::start(site.clone()))).collect();
        House { template, folder: folder.to_owned(), site, nodes }
    }

    /// The process ends here and now; the next one finds what was written so far. Whatever the old one still
    /// does, it does where nobody looks.
    pub(super) async fn crash(&mut self, folder: &Path, seed: u64) {
        self.nodes.iter_mut().for_each(|node| *node = None);
        copy_store(&self.folder, folder);
        folder.clone_into(&mut self.folder);
        self.site = self.template.site(folder, seed).await;
    }

    /// One node ends.
    pub(super) fn end_node(&mut self, node: usize) {
        self.nodes[node] = None;
    }

    /// Starts the nodes that do not run.
    pub(super) fn start_nodes(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| node.is_none()) {
            *node = Some(Node::start(self.site.clone()));
        }
    }

    /// Gives a connection to a node; says whether it runs.
    pub(super) fn accept(&self, node: usize, stream: DuplexStream) -> bool {
        let Some(node) = &self.nodes[node] else { return false };
        let service = TowerToHyperService::new(node.routes.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::spawn(async move {
            // A line that was cut ends it.
            let _ = connection.await;
        });
        true
    }

    /// Lines and rooms that are open.
    pub(super) fn open(&self) -> usize {
        let hubs = self.nodes.iter().flatten().map(|node| node.gateway.hub());
        hubs.map(|hub| hub.open_lines() + hub.open_rooms()).sum()
    }

    /// The timeline of a conversation: as staff see it, or as its customer does.
    pub(super) async fn timeline(
        &self,
        business: &Business,
        customer: Option<ContactId>,
        conversation: ConversationId,
    ) -> Vec<Entry> {
        let actor = customer.map_or(Actor::System, |id| Actor::Contact { id });
        let cx = self.site.ports.cx(business.id, actor, "");
        let mut tx = self.site.ports.db.read().await.expect("a reader");
        let conversation = conversations::get(&cx, &mut tx, conversation).await.expect("it is there");
        let mut entries: Vec<Entry> = Vec::new();
        loop {
            let after = entries.last().map_or(0, |entry| entry.seq);
            let page = conversations::timeline(&cx, &mut tx, &conversation, after, 200).await;
            let page = page.expect("the timeline is read");
            entries.extend(page.entries);
            if !page.more {
                return entries;
            }
        }
    }
}

impl Node {
    fn start(site: Site) -> Node {
        let (hub, gaps) = Hub::new();
        let stop = CancellationToken::new();
        let gateway = Gateway::start(site.clone(), hub, gaps, TaskTracker::new(), stop.clone());
        let routes = Router::from(gateway::routes()).layer(Extension(gateway.clone())).with_state(site);
        Node { routes, gateway, stop }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The store's files as a process that was killed leaves them.
fn copy_store(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for file in ["concierge.db", "concierge.db-wal"] {
        if from.join(file).exists() {
            std::fs::copy(from.join(file), to.join(file)).expect("it is copied");
        }
    }
}

/// The time now, in a simulation: its own.
pub(super) fn now() -> Timestamp {
    Clock::system().now()
}

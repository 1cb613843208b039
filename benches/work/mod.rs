//! What a message costs on its way: three pieces of work that `benches/hot.rs` times and `tests/counts.rs`
//! counts instructions of.

use std::path::Path;
use std::sync::Arc;

use concierge::app;
use concierge::base::{
    Actor, Audience, ContactId, ConversationId, Role, SessionId, StaffId, Timestamp, WorkspaceId,
};
use concierge::config::Config;
use concierge::contacts::NewContact;
use concierge::conversations::{self, NewMessage, Postbox};
use concierge::gateway::read_command;
use concierge::hub::{GoLive, Hub, Line, Queue, encode};
use concierge::identity::{Caller, Party, Visitor};
use concierge::ports::bus::{News, Note};
use concierge::ports::{Entropy, Ports};
use concierge::protocol::{Command, Content, Entry, ServerFrame, Signal};
use concierge::workspaces::{NewWorkspace, Settings};
use concierge::{contacts, workspaces};
use tokio_util::task::TaskTracker;

/// How many of each.
pub(crate) const MANY: usize = 100;

/// A frame as a customer's page sends it.
const FRAME: &str = r#"{"ref":"17","cmd":"send","conversation":"cnv_01KE70EHJ4G3365C0SN0KYB27A","client_id":"01KE70EHJ4-17","body":"Could I bring my car in on Friday at half past eight, please? The brakes squeal \"a little\"."}"#;

/// Reads a frame: its reference and its command, checked.
pub(crate) fn parse() {
    let (reference, command) = read_command(FRAME);
    let command = command.expect("it is a command");
    assert!(reference == "17" && matches!(command, Command::Send { .. }));
    std::hint::black_box(command);
}

/// A store with conversations that customers write in.
pub(crate) struct Store {
    ports: Ports,
    workspace: WorkspaceId,
    postbox: Postbox,
    conversations: Vec<(ContactId, ConversationId)>,
    sent: usize,
}

impl Store {
    /// Makes the store in a folder.
    pub(crate) async fn make(folder: &Path) -> Store {
        let mut config = Config::defaults();
        config.store.folder = folder.to_owned();
        config.understanding.sentence_model = false;
        let mut ports = app::open_ports(&config).await.expect("the ports open");
        ports.entropy = Entropy::seeded(1);
        let cx = ports.cx(ports.id(), Actor::System, "Bench");
        let mut tx = ports.db.begin().await.expect("it begins");
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
        let (slug, name, agent) = ("shop".to_owned(), "The Shop".to_owned(), "garage-front-desk".to_owned());
        let new = NewWorkspace { slug, name, agent, settings };
        workspaces::create(&cx, &mut tx, new).await.expect("a workspace");
        let mut all = Vec::new();
        for number in 0..MANY {
            let name = Some(format!("Customer {number}"));
            let new = NewContact { name, email: None, phone: None, locale: None, note: None };
            let contact = contacts::create(&cx, &mut tx, new).await.expect("a contact").id;
            let conversation = conversations::start(&cx, &mut tx, contact, "new").await.expect("it begins");
            all.push((contact, conversation));
        }
        tx.commit().await.expect("it is stored");
        let postbox = Postbox::new(ports.db.clone(), TaskTracker::new());
        Store { ports, workspace: cx.workspace, postbox, conversations: all, sent: 0 }
    }

    /// A hundred customers write at once; returns when all of it is on disk.
    pub(crate) async fn commit(&mut self) {
        let mut posts = tokio::task::JoinSet::new();
        for (contact, conversation) in self.conversations.clone() {
            self.sent += 1;
            let cx = self.ports.cx(self.workspace, Actor::Contact { id: contact }, "Customer");
            let (postbox, client_id) = (self.postbox.clone(), format!("message-{}", self.sent));
            posts.spawn(async move {
                let body = "Could I bring my car in on Friday at half past eight, please?".to_owned();
                let new = NewMessage { client_id, body, files: Vec::new() };
                let posted = postbox.post(cx, conversation, new).await.expect("it is stored");
                assert!(!posted.duplicate);
            });
        }
        while let Some(posted) = posts.join_next().await {
            posted.expect("it was posted");
        }
    }
}

/// A room that a hundred people follow, a tenth of them staff.
pub(crate) struct Room {
    hub: Arc<Hub>,
    workspace: WorkspaceId,
    conversation: ConversationId,
    lines: Vec<(Arc<Line>, Queue)>,
    last: i64,
}

impl Room {
    /// Opens the lines and makes them live.
    pub(crate) fn open() -> Room {
        let entropy = Entropy::seeded(2);
        let at = Timestamp::from_micros(1_767_614_400_000_000);
        let (hub, _) = Hub::new();
        let (workspace, conversation) = (entropy.id(at), entropy.id(at));
        let lines = (0..MANY).map(|number| {
            let party = match number % 10 {
                0 => Party::Staff(Caller {
                    workspace,
                    staff: entropy.id::<StaffId>(at),
                    name: "Some One".to_owned(),
                    role: Role::Owner,
                    session: entropy.id::<SessionId>(at),
                    expires_at: at,
                }),
                _ => Party::Visitor(Visitor { workspace, contact: entropy.id(at), expires_at: at }),
            };
            let (line, queue) = hub.open_line(party, 1_000, 1 << 20);
            hub.enter(&line, conversation);
            let reply = || encode(&ServerFrame::Signal(Signal::InboxStale));
            assert_eq!(hub.go_live(&line, conversation, 0, |_| reply()), GoLive::Live);
            (line, queue)
        });
        let lines = lines.collect();
        let mut room = Room { hub, workspace, conversation, lines, last: 0 };
        room.empty();
        room
    }

    /// Takes everything that waits; says how many frames it was.
    fn empty(&mut self) -> usize {
        let taken = self.lines.iter_mut().map(|(_, queue)| std::iter::from_fn(|| queue.next_now()).count());
        taken.sum()
    }

    /// An entry comes over the bus and is queued for everybody; their connections take it.
    pub(crate) fn deliver(&mut self) {
        self.last += 1;
        let entry = Entry {
            seq: self.last,
            prev: self.last - 1,
            audience: Audience::Everyone,
            actor: Actor::System,
            author: "Some One".to_owned(),
            body: Some("Could I bring my car in on Friday at half past eight, please?".to_owned()),
            content: Content::Message { files: Vec::new(), draft: None },
            client_id: Some(format!("message-{}", self.last)),
            at: Timestamp::from_micros(1_767_614_400_000_000),
        };
        let (conversation, prev_public) = (self.conversation, self.last - 1);
        let news = News::Entry { conversation, entry: Arc::new(entry), prev_public };
        self.hub.hear(&Note { workspace: self.workspace, news });
        assert_eq!(self.empty(), MANY);
    }
}

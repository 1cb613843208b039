//! A stand-in for the shared harness: a store per engine, a workspace and a conversation.

use std::path::PathBuf;

use concierge::base::{Actor, ContactId, ConversationId, StaffId, Timestamp, WorkspaceId};
use concierge::execute;
use concierge::ports::db::Location;
use concierge::ports::{Bus, Clock, Cx, Db, Entropy, Tx};

pub struct App {
    pub db: Db,
    pub clock: Clock,
    entropy: Entropy,
    pub workspace: WorkspaceId,
    staff: StaffId,
}

pub async fn on_each_engine(test: impl AsyncFn(App)) {
    let folder = tempfile::tempdir().expect("a folder");
    run(&test, Location::File(folder.path().join("concierge.db"))).await;
    if let Ok(address) = std::env::var("CONCIERGE_TEST_POSTGRES") {
        let name = format!("test_{:016x}", u64::from_le_bytes(random()));
        let psql = |sql: String| {
            let done = std::process::Command::new("psql").arg(&address).arg("-qc").arg(sql).status();
            assert!(done.is_ok_and(|status| status.success()));
        };
        psql(format!("CREATE DATABASE {name}"));
        run(&test, Location::Postgres(format!("{address}/{name}"))).await;
        psql(format!("DROP DATABASE {name}"));
    }
    let _ = PathBuf::new();
}

fn random() -> [u8; 8] {
    let mut bytes = [0; 8];
    Entropy::system().fill(&mut bytes);
    bytes
}

async fn run(test: &impl AsyncFn(App), location: Location) {
    let db = Db::open(&location, Bus::memory()).await.expect("a store");
    let clock = Clock::manual(Timestamp::from_micros(1_763_683_200_000_000));
    let entropy = Entropy::seeded(1);
    let workspace = entropy.id(clock.now());
    let staff = entropy.id(clock.now());
    test(App { db: db.clone(), clock, entropy, workspace, staff }).await;
    db.close().await;
}

impl App {
    pub fn cx(&self) -> Cx {
        self.cx_of(self.workspace)
    }

    /// A call in another workspace.
    pub fn foreign(&self) -> Cx {
        self.cx_of(self.entropy.id(self.clock.now()))
    }

    fn cx_of(&self, workspace: WorkspaceId) -> Cx {
        let actor = Actor::Staff { id: self.staff };
        Cx {
            workspace,
            actor,
            name: "Marta".to_owned(),
            now: self.clock.now(),
            entropy: self.entropy.clone(),
        }
    }

    pub async fn begin(&self) -> Tx {
        self.db.begin().await.expect("a unit of work")
    }

    pub async fn conversation(&self) -> ConversationId {
        let id: ConversationId = self.entropy.id(self.clock.now());
        let contact: ContactId = self.entropy.id(self.clock.now());
        let mut tx = self.begin().await;
        execute!(
            tx,
            "INSERT INTO conversations (id, workspace_id, contact_id, title, status, owner, last_seq,
                 last_public_seq, inbound_count, outbound_count, customer_seq, answered_seq, created_at, updated_at)
             VALUES ($1, $2, $3, '', 'new', 'agent', 0, 0, 0, 0, 0, 0, $4, $4)",
            id,
            self.workspace,
            contact,
            self.clock.now(),
        )
        .expect("a conversation");
        tx.commit().await.expect("stored");
        id
    }
}

//! A store without a hub around it, for verbs whose rules do not show over HTTP.

use concierge::base::{Actor, ConversationId, StaffId, Timestamp, WorkspaceId};
use concierge::contacts::{self, NewContact};
use concierge::conversations;
use concierge::ports::db::Location;
use concierge::ports::{Bus, Clock, Cx, Db, Entropy, Tx};

use super::postgres;

/// When these tests begin.
const START: Timestamp = Timestamp::from_micros(1_763_683_200_000_000);

/// A store with one workspace and one person in it, and a clock that stands still.
pub struct Store {
    pub db: Db,
    pub clock: Clock,
    entropy: Entropy,
    workspace: WorkspaceId,
    staff: StaffId,
}

/// Runs a test on SQLite and on PostgreSQL.
pub async fn on_each_store(test: impl AsyncFn(&Store)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sqlite = Location::File(folder.path().join("concierge.db"));
    for location in [sqlite, Location::Postgres(postgres::fresh_database())] {
        let store = Store::open(&location).await;
        test(&store).await;
        store.db.close().await;
    }
}

impl Store {
    async fn open(location: &Location) -> Store {
        let db = Db::open(location, Bus::memory()).await.expect("a store");
        let (clock, entropy) = (Clock::manual(START), Entropy::seeded(1));
        let (workspace, staff) = (entropy.id(START), entropy.id(START));
        Store { db, clock, entropy, workspace, staff }
    }

    /// A call by the person, now.
    pub fn cx(&self) -> Cx {
        self.cx_in(self.workspace)
    }

    /// The same call in another workspace.
    pub fn foreign(&self) -> Cx {
        self.cx_in(self.entropy.id(START))
    }

    fn cx_in(&self, workspace: WorkspaceId) -> Cx {
        Cx {
            workspace,
            actor: Actor::Staff { id: self.staff },
            name: "Marta".to_owned(),
            now: self.clock.now(),
            entropy: self.entropy.clone(),
        }
    }

    /// Begins a unit of work.
    pub async fn begin(&self) -> Tx {
        self.db.begin().await.expect("a unit of work")
    }

    /// Begins a conversation of a new contact.
    pub async fn conversation(&self) -> ConversationId {
        let cx = self.cx();
        let mut tx = self.begin().await;
        let contact = contacts::create(&cx, &mut tx, NewContact::default()).await.expect("a contact");
        let id = conversations::start(&cx, &mut tx, contact.id, "new").await.expect("a conversation");
        tx.commit().await.expect("stored");
        id
    }
}

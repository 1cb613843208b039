//! What everybody in a simulation shares: the hub, its lines, and the books.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use concierge::base::ConversationId;
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::client::Who;
use super::house::{House, Template};
use super::network::{Weather, line};

/// The end of a conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Top {
    pub(super) conversation: ConversationId,
    pub(super) customer: usize,
    pub(super) for_staff: i64,
    pub(super) for_everyone: i64,
}

/// How far a simulation is.
#[derive(Debug, Clone)]
pub(super) enum Phase {
    /// Everybody writes.
    Busy,
    /// Nobody writes any more; this is everything there is, business by business.
    Last(Vec<Vec<Top>>),
}

pub(super) struct World {
    pub(super) template: Arc<Template>,
    pub(super) house: tokio::sync::Mutex<House>,
    pub(super) phase: watch::Sender<Phase>,
    /// Conversations that began, business by business.
    pub(super) known: Vec<watch::Sender<Vec<ConversationId>>>,
    pub(super) weather: Vec<watch::Sender<Weather>>,
    books: Mutex<Books>,
}

struct Books {
    begun: Instant,
    trace: DefaultHasher,
    /// Every line of the trace, where somebody wants to read it.
    lines: Option<Vec<String>>,
    customers: BTreeMap<ConversationId, usize>,
    idle: BTreeMap<String, bool>,
    wrong: Vec<String>,
}

impl World {
    pub(super) fn new(template: Arc<Template>, house: House, nodes: usize, keeps_lines: bool) -> World {
        World {
            known: template.businesses.iter().map(|_| watch::Sender::new(Vec::new())).collect(),
            template,
            house: tokio::sync::Mutex::new(house),
            phase: watch::Sender::new(Phase::Busy),
            weather: (0..nodes).map(|_| watch::Sender::new(Weather::default())).collect(),
            books: Mutex::new(Books {
                begun: Instant::now(),
                trace: DefaultHasher::new(),
                lines: keeps_lines.then(Vec::new),
                customers: BTreeMap::new(),
                idle: BTreeMap::new(),
                wrong: Vec::new(),
            }),
        }
    }

    /// A line to any node; none while that one does not run.
    pub(super) fn dial(&self, dice: &mut StdRng) -> Option<DuplexStream> {
        let node = dice.random_range(0..self.weather.len());
        let (client, hub) = line(self.weather[node].subscribe(), dice);
        let house = self.house.try_lock().ok()?;
        house.accept(node, hub).then_some(client)
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down what happened, and when.
    pub(super) fn note(&self, who: &str, what: &str) {
        let mut books = self.books();
        let at = books.begun.elapsed().as_millis();
        (at, who, what).hash(&mut books.trace);
        if let Some(lines) = &mut books.lines {
            lines.push(format!("{at:>6} {who}: {what}"));
        }
    }

    /// Writes down what must not happen.
    pub(super) fn wrong(&self, says: String) {
        self.note("WRONG", &says);
        self.books().wrong.push(says);
    }

    /// A customer began a conversation.
    pub(super) fn tell_known(&self, business: usize, who: &Who, conversation: ConversationId) {
        if let Who::Customer { number } = who {
            self.books().customers.insert(conversation, *number);
        }
        self.known[business].send_if_modified(|known| {
            let is_new = !known.contains(&conversation);
            if is_new {
                known.push(conversation);
            }
            is_new
        });
    }

    /// Whose conversation it is.
    pub(super) fn customer_of(&self, conversation: ConversationId) -> usize {
        self.books().customers[&conversation]
    }

    pub(super) fn set_idle(&self, who: &str, idle: bool) {
        self.books().idle.insert(who.to_owned(), idle);
    }

    /// Clients that still have something to write.
    pub(super) fn busy(&self) -> Vec<String> {
        self.books().idle.iter().filter(|(_, idle)| !**idle).map(|(who, _)| who.clone()).collect()
    }

    /// A number that is the same for two simulations that went the same way.
    pub(super) fn trace(&self) -> u64 {
        self.books().trace.finish()
    }

    pub(super) fn found(&self) -> (Vec<String>, Vec<String>) {
        let books = self.books();
        (books.wrong.clone(), books.lines.clone().unwrap_or_default())
    }
}

//! A reader of one conversation that drops, comes back, and checks what every reader is promised:
//! strictly rising `seq`, no hole by `prev`, the backlog before anything live.

use concierge::base::ConversationId;
use concierge::client::{Error, Http, Socket};
use concierge::protocol::{Command, Entry, Joined, Outcome, ServerFrame};

use super::PATIENCE;

/// What a reader has of a conversation.
pub struct Reader {
    pub conversation: ConversationId,
    pub entries: Vec<Entry>,
    name: String,
}

/// A page of entries over HTTP.
#[derive(serde::Deserialize)]
struct Page {
    entries: Vec<Entry>,
    more: bool,
}

impl Reader {
    /// A reader that has nothing yet; the name is for failures.
    pub fn new(name: &str, conversation: ConversationId) -> Reader {
        Reader { conversation, entries: Vec::new(), name: name.to_owned() }
    }

    /// The last entry it has.
    pub fn last(&self) -> i64 {
        self.entries.last().map_or(0, |entry| entry.seq)
    }

    /// The command that continues where it stands.
    pub fn wish(&self) -> Command {
        Command::Join { conversation: self.conversation, after: self.last(), epoch: None }
    }

    /// Joins page by page until it is live.
    pub async fn join(&mut self, socket: &mut Socket) -> Result<Joined, Error> {
        loop {
            let after = self.last();
            match socket.ask(self.wish()).await? {
                Outcome::Joined(joined) => {
                    assert!(!joined.resync, "{}: its position {after} is one of this timeline", self.name);
                    joined.entries.iter().for_each(|entry| self.add(entry));
                    if !joined.more {
                        return Ok(joined);
                    }
                    assert!(self.last() > after, "{}: a page brings it on", self.name);
                }
                other => panic!("{}: {other:?}", self.name),
            }
        }
    }

    /// Takes a frame; only this conversation's events count.
    pub fn take(&mut self, frame: &ServerFrame) {
        if let ServerFrame::Event { conversation, entry } = frame
            && *conversation == self.conversation
        {
            self.add(entry);
        }
    }

    /// Reads on until it has this entry.
    pub async fn read_to(&mut self, socket: &mut Socket, seq: i64) {
        let reading = async {
            while self.last() < seq {
                let frame = socket.next().await.unwrap_or_else(|error| panic!("{}: {error}", self.name));
                self.take(&frame);
            }
        };
        if tokio::time::timeout(PATIENCE, reading).await.is_err() {
            panic!("{}: waits for {seq} and has only {}", self.name, self.last());
        }
    }

    fn add(&mut self, entry: &Entry) {
        let last = self.last();
        assert!(entry.seq > last, "{}: {} came after {last}", self.name, entry.seq);
        assert_eq!(entry.prev, last, "{}: a hole before {}", self.name, entry.seq);
        self.entries.push(entry.clone());
    }
}

/// The whole timeline as this caller may see it, over HTTP.
pub async fn all_entries(caller: &Http, conversation: ConversationId) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |entry| entry.seq);
        let path = format!("/v1/conversations/{conversation}/entries?after={after}");
        let page: Page = caller.get(&path).await.expect("the timeline is read");
        entries.extend(page.entries);
        if !page.more {
            return entries;
        }
    }
}

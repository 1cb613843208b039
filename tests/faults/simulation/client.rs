//! A client of a simulation: writes, follows, loses its line, comes back, and writes down what it saw.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use concierge::base::{Audience, ConversationId};
use concierge::load::History;
use concierge::protocol::{Command, CommandFrame, Outcome, ServerFrame, You};
use futures_util::{SinkExt as _, StreamExt as _};
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::io::DuplexStream;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::world::{Phase, World};

/// How long an answer may take before the client gives its line up.
const PATIENCE: Duration = Duration::from_secs(6);

type Socket = WebSocketStream<DuplexStream>;

/// Something to write.
#[derive(Debug, Clone)]
struct Message {
    number: usize,
    client_id: String,
    /// For staff: which of the conversations they know.
    place: usize,
    /// Only for staff's eyes.
    is_note: bool,
    due: Instant,
}

/// What a command that was sent is waited for.
enum Asked {
    Hello,
    Message(Message),
    Join { place: usize, after: i64 },
    Other,
}

/// A line ended.
enum End {
    Left,
    Broken,
}

/// Who a client is.
pub(super) enum Who {
    Customer { number: usize },
    Staff,
}

pub(super) struct Client {
    pub(super) name: String,
    pub(super) who: Who,
    pub(super) business: usize,
    pub(super) histories: Vec<History>,
    world: Arc<World>,
    dice: StdRng,
    plan: VecDeque<Message>,
    asked: BTreeMap<u64, Asked>,
    references: u64,
    written: Vec<Message>,
    greeted: bool,
    act_at: Instant,
    epoch: Option<String>,
}

impl Client {
    /// A client who wants to write so many messages.
    pub(super) fn new(
        world: &Arc<World>,
        (name, who): (String, Who),
        business: usize,
        messages: usize,
        mut dice: StdRng,
    ) -> Client {
        let is_staff = matches!(who, Who::Staff);
        let plan = (0..messages)
            .map(|number| Message {
                number,
                client_id: format!("{name}-{number}"),
                place: dice.random_range(0..64),
                is_note: is_staff && dice.random_bool(0.4),
                due: Instant::now(),
            })
            .collect();
        let histories = if is_staff { Vec::new() } else { vec![History::default()] };
        Client {
            name,
            who,
            business,
            histories,
            world: world.clone(),
            dice,
            plan,
            asked: BTreeMap::new(),
            references: 0,
            written: Vec::new(),
            greeted: false,
            act_at: Instant::now(),
            epoch: None,
        }
    }

    fn is_staff(&self) -> bool {
        matches!(self.who, Who::Staff)
    }

    /// Lives until it has seen everything.
    pub(super) async fn live(mut self) -> Client {
        loop {
            if let Some(mut socket) = self.connect().await
                && let End::Left = self.converse(&mut socket).await
            {
                // The hub may be slow to say goodbye.
                let _ = timeout(PATIENCE, socket.close(None)).await;
                self.world.note(&self.name, "left");
                return self;
            }
            self.world.note(&self.name, "broken");
            self.write_again();
            sleep(Duration::from_millis(self.dice.random_range(5..400))).await;
        }
    }

    async fn connect(&mut self) -> Option<Socket> {
        self.greeted = false;
        self.asked.clear();
        let stream = self.world.dial(&mut self.dice)?;
        let mut request = "ws://hub.test/v1/socket".into_client_request().expect("an address");
        let business = &self.world.template.businesses[self.business];
        if self.is_staff() {
            let cookie = format!("concierge={}", business.cookie);
            request.headers_mut().insert("cookie", cookie.parse().expect("a header"));
        }
        let opened = timeout(PATIENCE, tokio_tungstenite::client_async(request, stream)).await;
        let (mut socket, _) = opened.ok()?.ok()?;
        let token = match self.who {
            Who::Customer { number } => Some(business.customers[number].1.clone()),
            Who::Staff => None,
        };
        self.ask(&mut socket, Command::Hello { token }, Asked::Hello).await.ok()?;
        Some(socket)
    }

    /// What was not answered is written again, in the same order.
    fn write_again(&mut self) {
        let mut open: Vec<Message> = std::mem::take(&mut self.asked)
            .into_values()
            .filter_map(|asked| match asked {
                Asked::Message(message) => Some(message),
                _ => None,
            })
            .collect();
        open.sort_by_key(|message| std::cmp::Reverse(message.number));
        open.into_iter().for_each(|message| self.plan.push_front(message));
    }

    async fn ask(&mut self, socket: &mut Socket, command: Command, asked: Asked) -> Result<(), End> {
        self.references += 1;
        let frame = CommandFrame { reference: self.references.to_string(), command };
        let text = serde_json::to_string(&frame).expect("a command is JSON");
        self.asked.insert(self.references, asked);
        match timeout(PATIENCE, socket.send(Frame::text(text))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(End::Broken),
        }
    }

    async fn converse(&mut self, socket: &mut Socket) -> End {
        match self.talk(socket).await {
            Ok(never) => never,
            Err(end) => end,
        }
    }

    async fn talk(&mut self, socket: &mut Socket) -> Result<End, End> {
        let mut phase = self.world.phase.subscribe();
        let mut known = self.world.known[self.business].subscribe();
        known.mark_changed();
        let mut heard_at = Instant::now();
        loop {
            let writes = self.asked.values().any(|asked| matches!(asked, Asked::Message(_)));
            self.world.set_idle(&self.name, self.plan.is_empty() && !writes);
            if self.has_seen_everything(&phase.borrow_and_update()) {
                return Ok(End::Left);
            }
            let acts = self.greeted && self.plan.front().is_some();
            let act_at = self.plan.front().map_or(self.act_at, |message| message.due.max(self.act_at));
            tokio::select! {
                biased;
                frame = socket.next() => {
                    heard_at = Instant::now();
                    match frame {
                        Some(Ok(Frame::Text(text))) => {
                            let frame = serde_json::from_str(&text).expect("the hub speaks the protocol");
                            self.hears(socket, frame).await?;
                        }
                        Some(Ok(Frame::Close(_)) | Err(_)) | None => return Err(End::Broken),
                        Some(Ok(_)) => {}
                    }
                }
                _ = phase.changed() => {}
                _ = known.changed(), if self.greeted && self.is_staff() => {
                    let all = known.borrow_and_update().clone();
                    self.looks_at(socket, all).await?;
                }
                () = sleep_until(act_at), if acts => self.acts(socket).await?,
                () = sleep_until(heard_at + PATIENCE), if !self.asked.is_empty() => return Err(End::Broken),
            }
        }
    }

    /// Whether nothing is left to write, and everything that is stored was seen.
    fn has_seen_everything(&self, phase: &Phase) -> bool {
        let Phase::Last(tops) = phase else { return false };
        let quiet = self.greeted && self.plan.is_empty() && self.asked.is_empty();
        let everything = tops[self.business].iter().filter(|top| match self.who {
            Who::Staff => true,
            Who::Customer { number } => top.customer == number,
        });
        quiet
            && everything.into_iter().all(|top| {
                let seq = if self.is_staff() { top.for_staff } else { top.for_everyone };
                let mut ours =
                    self.histories.iter().filter(|ours| ours.conversation() == Some(top.conversation));
                ours.any(|history| history.last() >= seq)
            })
    }

    /// Staff open every conversation they hear of.
    async fn looks_at(&mut self, socket: &mut Socket, all: Vec<ConversationId>) -> Result<(), End> {
        for conversation in all.into_iter().skip(self.histories.len()) {
            self.histories.push(History::of(conversation));
            self.join(socket, self.histories.len() - 1).await?;
        }
        Ok(())
    }

    async fn join(&mut self, socket: &mut Socket, place: usize) -> Result<(), End> {
        let history = &self.histories[place];
        let Some(conversation) = history.conversation() else { return Ok(()) };
        let (after, epoch) = (history.last(), self.epoch.clone());
        self.ask(socket, Command::Join { conversation, after, epoch }, Asked::Join { place, after }).await
    }

    /// Does one thing: mostly writes, now and then something else.
    async fn acts(&mut self, socket: &mut Socket) -> Result<(), End> {
        self.act_at = Instant::now() + Duration::from_millis(self.dice.random_range(1..500));
        match self.dice.random_range(0..24) {
            0 => return Err(End::Broken),
            // Reads nothing for a while.
            1 => sleep(Duration::from_millis(self.dice.random_range(200..4_000))).await,
            2 | 3 => {
                if let Some(place) = (0..self.written.len()).nth(self.dice.random_range(0..8)) {
                    let again = self.written[place].clone();
                    return self.writes(socket, again).await;
                }
            }
            4 => {
                let conversation = self.histories.iter().find_map(History::conversation);
                if let Some(conversation) = conversation {
                    let on = self.dice.random_bool(0.5);
                    return self.ask(socket, Command::Typing { conversation, on }, Asked::Other).await;
                }
            }
            5 if !self.histories.is_empty() => {
                let place = self.dice.random_range(0..self.histories.len());
                return self.join(socket, place).await;
            }
            _ => {
                if let Some(message) = self.plan.pop_front() {
                    return self.writes(socket, message).await;
                }
            }
        }
        Ok(())
    }

    async fn writes(&mut self, socket: &mut Socket, mut message: Message) -> Result<(), End> {
        if self.histories.is_empty() {
            // Staff who know of nobody yet.
            message.due = Instant::now() + Duration::from_millis(300);
            self.plan.push_front(message);
            return Ok(());
        }
        // Always the same conversation for the same message, whatever was heard of meanwhile.
        let place = match self.written.iter().find(|before| before.number == message.number) {
            Some(before) => before.place,
            None => message.place % self.histories.len(),
        };
        message.place = place;
        if !self.written.iter().any(|before| before.number == message.number) {
            self.written.push(message.clone());
        }
        let history = &mut self.histories[place];
        history.sends(&message.client_id);
        let (conversation, client_id) = (history.conversation(), message.client_id.clone());
        let body = format!("{} {}", message.client_id, "words ".repeat(message.number % 5 * 20));
        self.world.note(&self.name, &format!("writes {client_id}"));
        let command = match (message.is_note, conversation) {
            (true, Some(conversation)) => {
                Command::Note { conversation, client_id, body, mentions: Vec::new() }
            }
            _ => Command::Send { conversation, client_id, body, files: Vec::new() },
        };
        self.ask(socket, command, Asked::Message(message)).await
    }

    async fn hears(&mut self, socket: &mut Socket, frame: ServerFrame) -> Result<(), End> {
        match frame {
            ServerFrame::Event { conversation, entry } => {
                self.world.note(&self.name, &format!("hears {conversation} {}", entry.seq));
                if !self.is_staff() && entry.audience != Audience::Everyone {
                    self.world.wrong(format!("{} was shown a note: {}", self.name, entry.seq));
                }
                let ours = self.histories.iter_mut().find(|ours| ours.conversation() == Some(conversation));
                match ours {
                    Some(history) => history.hears(conversation, &entry),
                    None => self.world.wrong(format!("{} heard of {conversation}", self.name)),
                }
                Ok(())
            }
            ServerFrame::Signal(_) => Ok(()),
            ServerFrame::Reply { reference, ok, error } => {
                let asked = reference.parse().ok().and_then(|reference: u64| self.asked.remove(&reference));
                let Some(asked) = asked else {
                    self.world.wrong(format!("{}: nobody asked for {reference}", self.name));
                    return Ok(());
                };
                match (ok, error) {
                    (Some(outcome), None) => self.answered(socket, asked, *outcome).await,
                    (_, Some(error)) => self.refused(asked, error.code.as_str(), error.retry_after_ms),
                    (None, None) => Err(End::Broken),
                }
            }
        }
    }

    fn refused(&mut self, asked: Asked, code: &str, retry: Option<u64>) -> Result<(), End> {
        self.world.note(&self.name, &format!("was refused: {code}"));
        match (asked, retry) {
            (Asked::Message(mut message), Some(wait)) => {
                message.due = Instant::now() + Duration::from_millis(wait);
                self.plan.push_front(message);
            }
            // Whoever types in a conversation that is not live yet is told so.
            (Asked::Other, _) => {}
            (_, Some(_)) => return Err(End::Broken),
            (_, None) => self.world.wrong(format!("{} was refused: {code}", self.name)),
        }
        Ok(())
    }

    async fn answered(&mut self, socket: &mut Socket, asked: Asked, outcome: Outcome) -> Result<(), End> {
        match (asked, outcome) {
            (Asked::Hello, Outcome::Welcome(welcome)) => {
                self.world.note(&self.name, "is welcome");
                self.greeted = true;
                self.epoch = Some(welcome.epoch);
                if let You::Contact { conversation: Some(conversation), .. } = welcome.you {
                    self.histories[0].follows(conversation);
                    self.world.tell_known(self.business, &self.who, conversation);
                }
                for place in 0..self.histories.len() {
                    self.join(socket, place).await?;
                }
                Ok(())
            }
            (Asked::Message(message), Outcome::Posted(posted)) => {
                let says = format!("{} is {} at {}", message.client_id, posted.conversation, posted.seq);
                self.world.note(&self.name, &says);
                let history = &mut self.histories[message.place];
                let first = history.conversation().is_none();
                history.acked(&message.client_id, posted.conversation, posted.seq);
                if !first {
                    return Ok(());
                }
                self.world.tell_known(self.business, &self.who, posted.conversation);
                self.join(socket, message.place).await
            }
            (Asked::Join { place, after }, Outcome::Joined(joined)) => {
                let last = joined.entries.last().map(|entry| entry.seq);
                self.world.note(&self.name, &format!("joined {place} after {after} to {last:?}"));
                if joined.resync {
                    self.world.wrong(format!("{}: the history is the same, but not {after}", self.name));
                }
                if !self.is_staff() && joined.entries.iter().any(|entry| entry.audience != Audience::Everyone)
                {
                    self.world.wrong(format!("{} could read a note", self.name));
                }
                self.histories[place].reads(after, &joined.entries);
                if joined.more { self.join(socket, place).await } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }
}

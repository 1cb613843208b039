//! A visitor: comes, writes at their own pace whatever the hub does, breaks off, comes back, leaves.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::json;
use tokio::time::Instant;

use crate::base::FileId;
use crate::client::{Error, Http, Socket, Visit};
use crate::load::history::History;
use crate::load::measure::{Count, Metric};
use crate::load::scenario::{between, happens};
use crate::load::world::World;
use crate::protocol::{Command, Content, Outcome, ServerFrame};

/// Between two attempts to reach the hub.
const RETRY: Duration = Duration::from_millis(250);

/// How long a slow reader reads nothing.
const ASLEEP: Duration = Duration::from_secs(5);

/// How long a message may stay without an answer on a connection that lives.
const PATIENCE: Duration = Duration::from_secs(30);

/// A message that is to be sent.
struct Message {
    client_id: String,
    body: String,
    due: Instant,
    /// It is spoken, and not uploaded yet.
    spoken: bool,
    files: Vec<FileId>,
}

/// What a command that was sent is waited for.
enum Asked {
    Message(Message, Instant),
    Join { after: i64, since: Option<Instant> },
}

/// How a connection ended.
enum End {
    /// Everything is done.
    Left,
    /// It broke, on purpose or not.
    Broken,
}

struct Visitor {
    world: Arc<World>,
    rng: StdRng,
    http: Http,
    token: String,
    /// Messages that are still to be sent, in order.
    plan: VecDeque<Message>,
    asked: BTreeMap<String, Asked>,
    history: History,
    epoch: Option<String>,
    stays: Duration,
    dozes: bool,
}

/// Plays a visitor who was meant to arrive at `due`.
pub(super) async fn visit(world: Arc<World>, number: usize, due: Instant, mut rng: StdRng) {
    world.arrives();
    let source = world.sources[number % world.sources.len()].clone();
    let workspace = world.workspaces[number % world.workspaces.len()].clone();
    let mut entered = None;
    while entered.is_none() && !world.over.is_cancelled() {
        match source.clone().visiting(&workspace, json!({ "name": format!("Visitor {number}") })).await {
            Ok(visit) => entered = Some(visit),
            Err(error) => {
                world.failed(&error);
                tokio::time::sleep(RETRY).await;
            }
        }
    }
    if let Some((http, visit)) = entered {
        world.measures.took(Metric::Visit, due.elapsed());
        let dozes = happens(&mut rng, world.scenario.visitors.slow_readers);
        let stays = between(&mut rng, world.scenario.visitors.stay_ms);
        let plan = plan(&world, &visit, (number, due), &mut rng);
        let (world, token) = (world.clone(), visit.token);
        let visitor = Visitor {
            world,
            rng,
            http,
            token,
            plan,
            asked: BTreeMap::new(),
            history: History::default(),
            epoch: None,
            stays,
            dozes,
        };
        visitor.play().await;
    }
    world.leaves();
}

/// The messages of a visit, each with the moment when it is due, whatever happens to those before it.
fn plan(
    world: &World,
    visit: &Visit,
    (visitor, arrived): (usize, Instant),
    rng: &mut StdRng,
) -> VecDeque<Message> {
    let habits = &world.scenario.visitors;
    let [least, most] = habits.messages;
    let mut due = arrived;
    let (now, clock) = (Instant::now(), world.now().as_millis_unsigned());
    // Begins with the time, as a browser's does.
    let client_id = |number: usize, due: Instant| {
        let ahead = due.saturating_duration_since(now).as_millis();
        format!("{:x}-{}-{number}", u128::from(clock) + ahead, visit.contact.id)
    };
    let message = |number: usize, due: Instant, body: String, rng: &mut StdRng| Message {
        client_id: client_id(number, due),
        spoken: body.is_empty() || happens(rng, habits.voice),
        body,
        due,
        files: Vec::new(),
    };
    if let Some(recorded) = world.recording.as_ref().and_then(|recording| recording.visits.get(visitor)) {
        let messages = recorded.messages.iter().enumerate();
        return messages
            .map(|(number, said)| {
                message(number, arrived + Duration::from_millis(said.after_ms), said.text.clone(), rng)
            })
            .collect();
    }
    (0..rng.random_range(least..=most))
        .map(|number| {
            due += between(rng, habits.think_ms);
            let text = world.scenario.text(rng).to_owned();
            message(usize::try_from(number).unwrap_or(usize::MAX), due, text, rng)
        })
        .collect()
}

/// A second and a half of a low tone, as a telephone would send it.
fn speech() -> Vec<u8> {
    const RATE: u32 = 8_000;
    let samples = (0..RATE * 3 / 2).flat_map(|sample: u32| {
        let level: i16 = if (sample / 20).is_multiple_of(2) { 3_000 } else { -3_000 };
        level.to_le_bytes()
    });
    let sound: Vec<u8> = samples.collect();
    let length = u32::try_from(sound.len()).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(sound.len() + 44);
    file.extend(b"RIFF");
    file.extend((length + 36).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16_u32.to_le_bytes());
    // PCM, one channel.
    file.extend(1_u16.to_le_bytes());
    file.extend(1_u16.to_le_bytes());
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend(2_u16.to_le_bytes());
    file.extend(16_u16.to_le_bytes());
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    file.extend(sound);
    file
}

impl Visitor {
    async fn play(mut self) {
        let mut comes_back = None;
        while !self.world.over.is_cancelled() {
            let ended = match self.connect(comes_back).await {
                Ok(mut socket) => self.converse(&mut socket, comes_back).await,
                Err(error) => {
                    self.world.failed(&error);
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            };
            match ended {
                End::Left => break,
                End::Broken => {
                    self.world.measures.count(Count::Broken);
                    self.resend_later();
                    tokio::time::sleep(between(&mut self.rng, self.world.scenario.visitors.away_ms)).await;
                    comes_back = Some(Instant::now());
                }
            }
        }
        if self.world.over.is_cancelled() {
            // Cut short: what is open now says nothing about the hub.
            self.world.measures.count(Count::Unfinished);
            return;
        }
        let Visitor { world, http, history, .. } = self;
        world.judge(&http, history).await;
    }

    async fn connect(&mut self, since: Option<Instant>) -> Result<Socket, Error> {
        let begun = since.unwrap_or_else(Instant::now);
        let mut socket = Socket::open(&self.http).await?;
        if since.is_none() {
            self.world.measures.took(Metric::Connect, begun.elapsed());
        }
        let opened = Instant::now();
        let welcome = socket.hello(Some(self.token.clone())).await?;
        self.world.measures.took(Metric::Hello, opened.elapsed());
        self.epoch = Some(welcome.epoch);
        Ok(socket)
    }

    /// Messages without an answer go to the front of the plan again.
    fn resend_later(&mut self) {
        let mut open: Vec<Message> = std::mem::take(&mut self.asked)
            .into_values()
            .filter_map(|asked| match asked {
                Asked::Message(message, _) => Some(message),
                Asked::Join { .. } => None,
            })
            .collect();
        open.sort_by_key(|message| std::cmp::Reverse(message.due));
        for message in open {
            self.world.measures.count(Count::Resent);
            self.plan.push_front(message);
        }
    }

    /// Writes and reads on one connection.
    async fn converse(&mut self, socket: &mut Socket, since: Option<Instant>) -> End {
        let world = self.world.clone();
        let mut cuts = world.cuts.clone();
        cuts.mark_unchanged();
        let mut cut = pin!(cuts.changed());
        let (closing, mut over) = (&world.closing, pin!(world.over.cancelled()));
        if self.history.conversation().is_some() && self.join(socket, since).await.is_err() {
            return End::Broken;
        }
        let mut leaves_at: Option<Instant> = None;
        let mut last_asked = Instant::now();
        // What is waited for, unless it has come.
        let (mut turn, mut awaited) = (pin!(world.alarm.at(last_asked)), None);
        loop {
            if closing.is_cancelled() {
                self.plan.clear();
            }
            let done = self.plan.is_empty() && self.asked.is_empty();
            if done && leaves_at.is_none() {
                leaves_at = Some(Instant::now() + self.stays);
            }
            let next = match self.plan.front() {
                Some(message) => message.due,
                None if done && closing.is_cancelled() => Instant::now(),
                None => leaves_at.unwrap_or(last_asked + PATIENCE),
            };
            if awaited.replace(next) != Some(next) {
                turn.set(world.alarm.at(next));
            }
            tokio::select! {
                biased;
                () = &mut over => return End::Broken,
                _ = &mut cut => return End::Broken,
                frame = socket.next() => match frame {
                    Ok(frame) => if self.hears(socket, frame).await.is_err() { return End::Broken },
                    Err(error) => {
                        self.world.failed(&error);
                        return End::Broken;
                    }
                },
                () = &mut turn => match self.plan.pop_front() {
                    Some(message) => {
                        awaited = None;
                        last_asked = Instant::now();
                        if self.sends(socket, message).await.is_err() { return End::Broken }
                        if happens(&mut self.rng, self.world.scenario.visitors.reconnects) {
                            return End::Broken;
                        }
                        if std::mem::take(&mut self.dozes) {
                            tokio::time::sleep(ASLEEP).await;
                        }
                    }
                    // All is said, or an answer is overdue: the judge tells which.
                    None => return End::Left,
                },
                () = closing.cancelled(), if !self.plan.is_empty() => {}
            }
        }
    }

    /// Uploads what was spoken. What cannot be uploaded is written.
    async fn speaks(&mut self, message: &mut Message) {
        let begun = Instant::now();
        match self.http.upload("voice.wav", speech()).await {
            Ok(file) => {
                self.world.measures.took(Metric::Upload, begun.elapsed());
                self.world.measures.count(Count::Spoken);
                message.files.push(file.id);
                message.body.clear();
            }
            Err(error) => {
                self.world.failed(&error);
                if message.body.is_empty() {
                    message.body = self.world.scenario.text(&mut self.rng).to_owned();
                }
            }
        }
    }

    async fn sends(&mut self, socket: &mut Socket, mut message: Message) -> Result<(), Error> {
        if std::mem::take(&mut message.spoken) {
            self.speaks(&mut message).await;
        }
        let first = self.world.due.insert(message.client_id.clone(), message.due).is_none();
        if first {
            self.world.measures.count(Count::Sent);
        }
        self.history.sends(&message.client_id);
        let command = Command::Send {
            conversation: self.history.conversation(),
            client_id: message.client_id.clone(),
            body: message.body.clone(),
            files: message.files.clone(),
        };
        match socket.send(command).await {
            Ok(reference) => {
                self.asked.insert(reference, Asked::Message(message, Instant::now()));
                Ok(())
            }
            Err(error) => {
                self.plan.push_front(message);
                Err(error)
            }
        }
    }

    async fn join(&mut self, socket: &mut Socket, since: Option<Instant>) -> Result<(), Error> {
        let Some(conversation) = self.history.conversation() else { return Ok(()) };
        let after = self.history.last();
        let command = Command::Join { conversation, after, epoch: self.epoch.clone() };
        let reference = socket.send(command).await?;
        self.asked.insert(reference, Asked::Join { after, since });
        Ok(())
    }

    async fn hears(&mut self, socket: &mut Socket, frame: ServerFrame) -> Result<(), Error> {
        match frame {
            ServerFrame::Event { conversation, entry } => {
                self.history.hears(conversation, &entry);
                if let Content::Message { draft, .. } = &entry.content
                    && entry.client_id.as_ref().is_none_or(|id| !self.world.due.contains_key(id))
                {
                    self.world.measures.count(Count::Received);
                    if let Some((_, from)) = draft.and_then(|draft| self.world.approved.remove(&draft)) {
                        self.world.measures.took(Metric::Approval, from.elapsed());
                    }
                }
                Ok(())
            }
            ServerFrame::Reply { reference, ok, error } => match (self.asked.remove(&reference), ok, error) {
                (Some(Asked::Message(message, sent)), Some(outcome), _) => {
                    self.acked(socket, message, sent, *outcome).await
                }
                (Some(Asked::Message(message, _)), None, Some(error)) => {
                    self.world.measures.failed(error.code.as_str());
                    match error.retry_after_ms {
                        // Its time was; it is still measured from then.
                        Some(wait) => {
                            tokio::time::sleep(Duration::from_millis(wait)).await;
                            self.plan.push_front(message);
                        }
                        None => self.history.refused(&message.client_id),
                    }
                    Ok(())
                }
                (Some(Asked::Join { after, since }), Some(outcome), _) => {
                    self.joined(socket, after, since, *outcome).await
                }
                (Some(Asked::Join { .. }), None, Some(error)) => {
                    self.world.measures.failed(error.code.as_str());
                    Err(Error::Unreadable(error.message))
                }
                _ => Ok(()),
            },
            ServerFrame::Signal(_) => Ok(()),
        }
    }

    async fn acked(
        &mut self,
        socket: &mut Socket,
        message: Message,
        sent: Instant,
        outcome: Outcome,
    ) -> Result<(), Error> {
        let Outcome::Posted(posted) = outcome else { return Ok(()) };
        self.world.measures.took(Metric::Ack, message.due.elapsed());
        self.world.measures.took(Metric::Service, sent.elapsed());
        self.world.measures.count(Count::Acked);
        self.world.newest.insert(posted.conversation, message.due);
        self.world.ours.insert(posted.conversation);
        let first = self.history.conversation().is_none();
        self.history.acked(&message.client_id, posted.conversation, posted.seq);
        if first { self.join(socket, None).await } else { Ok(()) }
    }

    async fn joined(
        &mut self,
        socket: &mut Socket,
        after: i64,
        since: Option<Instant>,
        outcome: Outcome,
    ) -> Result<(), Error> {
        let Outcome::Joined(joined) = outcome else { return Ok(()) };
        self.history.reads(if joined.resync { 0 } else { after }, &joined.entries);
        if joined.more {
            return self.join(socket, since).await;
        }
        if let Some(since) = since {
            self.world.measures.took(Metric::Resume, since.elapsed());
            self.world.measures.count(Count::Resumed);
        }
        Ok(())
    }
}

//! What each command does: authorise, call one verb, answer.

use std::time::Duration;

use crate::base::{Audience, ContactId, ConversationId};
use crate::conversations::{NewMessage, NewNote};
use crate::drafts::{self, Approval};
use crate::gateway::connection::{Connection, reply};
use crate::http::Problem;
use crate::hub::{GoLive, Leased, Wish};
use crate::identity::{self, Caller, Party, Permission};
use crate::ports::bus::{News, Note};
use crate::ports::{Cx, Tx};
use crate::protocol::{
    Command, DraftStatus, Entry, ErrorCode, Joined, MAX_PAGE, Outcome, Posted, RejectReason, Signal,
};
use crate::{contacts, context, conversations, schemas, voice, workspaces};

/// Most conversations one connection follows at a time.
const MAX_FOLLOWED: usize = 200;

/// Times a join reads on because the room got further meanwhile.
const CATCH_UPS: usize = 20;

/// Runs a command. `None`: the answer was queued already.
///
/// A customer's message goes its way here. Everything else is done in a box of its own: what a connection may
/// have to keep while it waits is kept for as long as the connection lives.
pub(super) async fn run(
    connection: &Connection,
    reference: &str,
    command: Command,
) -> Result<Option<Outcome>, Problem> {
    let party = connection.line.party().clone();
    if command.name().staff_only() {
        let Party::Staff(caller) = party else {
            return Err(Problem::new(ErrorCode::Forbidden, "only staff may do this"));
        };
        return Box::pin(run_staff(connection, &caller, command)).await.map(Some);
    }
    match command {
        Command::Send { conversation, client_id, body, files } => {
            let message = NewMessage { client_id, body, files };
            send(connection, &party.may(Permission::Answer)?, conversation, message)
                .await
                .map(|posted| Some(Outcome::Posted(posted)))
        }
        command => Box::pin(run_other(connection, reference, party, command)).await,
    }
}

async fn run_other(
    connection: &Connection,
    reference: &str,
    party: Party,
    command: Command,
) -> Result<Option<Outcome>, Problem> {
    match command {
        Command::Hello { .. } => Err(Problem::new(ErrorCode::AlreadyGreeted, "hello was said already")),
        Command::Ping => Ok(Some(Outcome::Done)),
        Command::Join { conversation, after, epoch } => {
            join(connection, reference, conversation, after, epoch.as_deref()).await?;
            Ok(None)
        }
        Command::Leave { conversation } => {
            connection.gateway.hub.leave(&connection.line, conversation);
            Ok(Some(Outcome::Done))
        }
        Command::Typing { conversation, on } => typing(connection, conversation, on).await.map(Some),
        Command::Read { conversation, seq } => {
            let cx = party.cx(&connection.gateway.site.ports);
            let mut tx = connection.gateway.site.ports.db.begin().await?;
            conversations::mark_read(&cx, &mut tx, conversation, seq).await?;
            tx.commit().await?;
            Ok(Some(Outcome::Done))
        }
        Command::AskForPerson { conversation } => {
            let cx = party.may(Permission::Answer)?.cx(&connection.gateway.site.ports);
            let mut tx = connection.gateway.site.ports.db.begin().await?;
            conversations::ask_for_person(&cx, &mut tx, conversation).await?;
            tx.commit().await?;
            Ok(Some(Outcome::Done))
        }
        Command::Rate { conversation, score, words } => {
            let cx = party.may(Permission::Answer)?.cx(&connection.gateway.site.ports);
            let mut tx = connection.gateway.site.ports.db.begin().await?;
            conversations::rate(&cx, &mut tx, conversation, score, words.as_deref()).await?;
            tx.commit().await?;
            Ok(Some(Outcome::Done))
        }
        _ => Err(Problem::new(ErrorCode::Forbidden, "only staff may do this")),
    }
}

async fn run_staff(connection: &Connection, caller: &Caller, command: Command) -> Result<Outcome, Problem> {
    let ports = &connection.gateway.site.ports;
    if let Command::Inbox { on } = command {
        match on {
            true => connection.gateway.hub.follow_inbox(&connection.line, ports.now()),
            false => connection.gateway.hub.unfollow_inbox(&connection.line),
        }
        return Ok(Outcome::Done);
    }
    let caller = caller.clone().may(Permission::Answer)?;
    if let Command::Lease { conversation, on, take } = command {
        let wish = match (on, take) {
            (false, _) => Wish::LetGo,
            (true, false) => Wish::Hold,
            (true, true) => Wish::Take,
        };
        return lease(connection, conversation, wish);
    }
    if let Command::EditField { conversation, field, on } = command {
        return editing_field(connection, conversation, field, on);
    }
    let cx = caller.cx(ports);
    let mut tx = ports.db.begin().await?;
    let outcome = run_staff_verb(&cx, &mut tx, &caller, command).await?;
    tx.commit().await?;
    outcome
}

/// The inner result is a refusal whose work is committed all the same: a person's edits are kept.
async fn run_staff_verb(
    cx: &Cx,
    tx: &mut Tx,
    caller: &Caller,
    command: Command,
) -> Result<Result<Outcome, Problem>, Problem> {
    let outcome = match command {
        Command::Note { conversation, client_id, body, mentions } => {
            for mentioned in &mentions {
                identity::get_staff(cx, tx, *mentioned).await?;
            }
            let new = NewNote { client_id, body, mentions };
            Outcome::Posted(conversations::note(cx, tx, conversation, new).await?)
        }
        Command::Edit { draft, revision, text } => {
            match drafts::keep_edit(cx, tx, draft, revision, &text).await? {
                Ok(draft) => Outcome::Draft { draft: Box::new(draft.view()) },
                Err(refused) => return Ok(Err(refused.into())),
            }
        }
        Command::Approve { draft, revision, hash, text } => {
            let workspace = workspaces::get(tx, cx.workspace).await?;
            let window = Duration::from_secs(workspace.settings.undo_seconds.into());
            let shown = (revision, hash.as_str());
            match drafts::approve(cx, tx, caller.role, draft, shown, text.as_deref(), window).await? {
                Approval::Held(held) => Outcome::Held(held),
                Approval::Noted(draft) => Outcome::Draft { draft: Box::new(draft.view()) },
                Approval::Stale => return Ok(Err(drafts::Error::Stale.into())),
            }
        }
        Command::Reject { draft, revision, reason, note, rewrite } => {
            reject(cx, tx, draft, revision, (reason, note.as_deref(), rewrite)).await?
        }
        Command::Undo { draft } => {
            let draft = drafts::undo(cx, tx, draft).await?;
            Outcome::Draft { draft: Box::new(draft.view()) }
        }
        Command::TakeOver { conversation } => {
            drafts::take_over(cx, tx, conversation).await?;
            Outcome::Done
        }
        Command::HandBack { conversation } => {
            conversations::hand_back(cx, tx, conversation).await?;
            Outcome::Done
        }
        Command::Assign { conversation, staff } => {
            let to = match staff {
                None => None,
                Some(staff) => Some((staff, identity::get_staff(cx, tx, staff).await?.name)),
            };
            conversations::assign(cx, tx, conversation, to).await?;
            Outcome::Done
        }
        Command::Label { conversation, add, remove } => {
            conversations::label(cx, tx, conversation, &add, &remove).await?;
            Outcome::Done
        }
        Command::Snooze { conversation, until } => {
            conversations::snooze(cx, tx, conversation, until).await?;
            Outcome::Done
        }
        Command::SetStatus { conversation, status } => {
            context::move_status(cx, tx, conversation, &status).await?;
            Outcome::Done
        }
        Command::CorrectTranscript { file, text } => {
            voice::correct(cx, tx, file, &text).await?;
            Outcome::Done
        }
        _ => return Err(Problem::new(ErrorCode::Forbidden, "not for staff")),
    };
    Ok(Ok(outcome))
}

async fn reject(
    cx: &Cx,
    tx: &mut Tx,
    draft: crate::base::DraftId,
    revision: i64,
    how: (RejectReason, Option<&str>, bool),
) -> Result<Outcome, Problem> {
    let (reason, note, rewrite) = how;
    let draft = drafts::reject(cx, tx, draft, revision, reason, note, rewrite).await?;
    Ok(Outcome::Draft { draft: Box::new(draft.view()) })
}

/// Holds a draft or lets it go, and tells everybody. Only in a conversation that this connection has joined.
fn lease(connection: &Connection, conversation: ConversationId, wish: Wish) -> Result<Outcome, Problem> {
    let (line, gateway) = (&connection.line, &connection.gateway);
    if !gateway.hub.is_live(line, conversation) {
        return Err(Problem::new(ErrorCode::NotJoined, "join the conversation first"));
    }
    let Leased { lease, is_news } = gateway.hub.lease(line, conversation, wish, gateway.site.ports.now());
    if is_news {
        let signal = Signal::Lease { conversation, lease: lease.clone() };
        let news = News::Inbox { signal: signal.into() };
        gateway.site.ports.bus.publish(Note { workspace: line.workspace(), news });
    }
    Ok(Outcome::Lease { lease })
}

/// Longest key of a field that is passed on.
const MAX_FIELD: usize = 64;

/// Tells colleagues that somebody edits a field. Only in a conversation that this connection has joined.
fn editing_field(
    connection: &Connection,
    conversation: ConversationId,
    field: String,
    on: bool,
) -> Result<Outcome, Problem> {
    let (line, gateway) = (&connection.line, &connection.gateway);
    if !gateway.hub.is_live(line, conversation) {
        return Err(Problem::new(ErrorCode::NotJoined, "join the conversation first"));
    }
    if field.is_empty() || field.chars().count() > MAX_FIELD {
        let detail = format!("field must be the key of a field, 1 to {MAX_FIELD} characters");
        return Err(Problem::new(ErrorCode::InvalidField, detail));
    }
    if let Some(person) = line.person() {
        let signal = Signal::EditingField { conversation, person, field, on };
        let news = News::Signal { conversation, audience: Audience::Staff, signal: signal.into() };
        gateway.site.ports.bus.publish(Note { workspace: line.workspace(), news });
    }
    Ok(Outcome::Done)
}

/// Posts a message; a visitor without a conversation begins one.
async fn send(
    connection: &Connection,
    party: &Party,
    conversation: Option<ConversationId>,
    message: NewMessage,
) -> Result<Posted, Problem> {
    let site = &connection.gateway.site;
    let cx = party.cx(&site.ports);
    if !connection.gateway.may_post(cx.workspace) {
        return Err(
            Problem::new(ErrorCode::RateLimited, "this workspace is very busy; try again").retry_after(1_000)
        );
    }
    if let (Party::Visitor(_), Some(conversation), []) = (party, conversation, message.files.as_slice()) {
        return Ok(connection.gateway.postbox.post(cx, conversation, message).await?);
    }
    Box::pin(send_alone(connection, &cx, party, conversation, message)).await
}

/// Posts a message in a unit of work of its own.
async fn send_alone(
    connection: &Connection,
    cx: &Cx,
    party: &Party,
    conversation: Option<ConversationId>,
    message: NewMessage,
) -> Result<Posted, Problem> {
    let mut tx = connection.gateway.site.ports.db.begin().await?;
    let posted = match (party, conversation) {
        (Party::Staff(_), Some(conversation)) => {
            drafts::reply_in_person(cx, &mut tx, conversation, message).await?
        }
        (Party::Staff(_), None) => {
            return Err(Problem::new(ErrorCode::InvalidField, "conversation is missing"));
        }
        (Party::Visitor(_), Some(conversation)) => {
            conversations::post(cx, &mut tx, conversation, message).await?
        }
        (Party::Visitor(visitor), None) => first_message(cx, &mut tx, visitor.contact, message).await?,
    };
    tx.commit().await?;
    Ok(posted)
}

/// Posts a visitor's message that names no conversation: in the one that is open, or in a new one.
async fn first_message(
    cx: &Cx,
    tx: &mut Tx,
    contact: ContactId,
    message: NewMessage,
) -> Result<Posted, Problem> {
    // Also makes the visitor's other connections wait, so that two of them do not begin two conversations.
    contacts::seen(cx, tx, contact).await?;
    if let Some(posted) = conversations::sent_before(cx, tx, contact, &message.client_id).await? {
        return Ok(posted);
    }
    let conversation = match conversations::open_of(cx, tx, contact).await? {
        Some(conversation) => conversation,
        None => {
            let status = schemas::initial_status(cx, tx).await?;
            conversations::start(cx, tx, contact, &status).await?
        }
    };
    Ok(conversations::post(cx, tx, conversation, message).await?)
}

/// Tells the others that somebody types. Only in a conversation that this connection has joined.
async fn typing(connection: &Connection, conversation: ConversationId, on: bool) -> Result<Outcome, Problem> {
    let line = &connection.line;
    if !connection.gateway.hub.is_live(line, conversation) {
        return Err(Problem::new(ErrorCode::NotJoined, "join the conversation first"));
    }
    let name = match line.party() {
        Party::Staff(caller) => {
            let caller = caller.clone().may(Permission::Answer)?;
            if on {
                stop_machine(connection, &caller, conversation).await?;
            }
            caller.name
        }
        Party::Visitor(_) => String::new(),
    };
    let signal = Signal::Typing { conversation, actor: line.actor(), name, on };
    let news = News::Signal { conversation, audience: Audience::Everyone, signal: signal.into() };
    connection.gateway.site.ports.bus.publish(Note { workspace: line.workspace(), news });
    Ok(Outcome::Done)
}

/// A person who types stops the machine in the log, before anybody is told that they type.
async fn stop_machine(
    connection: &Connection,
    caller: &Caller,
    conversation: ConversationId,
) -> Result<(), Problem> {
    let ports = &connection.gateway.site.ports;
    let cx = caller.cx(ports);
    let mut tx = ports.db.read().await?;
    if !drafts::autopilot::is_on(&cx, &mut tx).await? {
        return Ok(());
    }
    drop(tx);
    let mut tx = ports.db.begin().await?;
    drafts::autopilot::person_types(&cx, &mut tx, conversation).await?;
    tx.commit().await?;
    Ok(())
}

/// Reads the missing entries and, once they are all read, goes live. The reply is queued in the room, so
/// that no event can come before it.
async fn join(
    connection: &Connection,
    reference: &str,
    conversation: ConversationId,
    after: i64,
    epoch: Option<&str>,
) -> Result<(), Problem> {
    let site = &connection.gateway.site;
    let line = &connection.line;
    let cx = line.party().clone().may(Permission::Read)?.cx(&site.ports);
    if after < 0 {
        return Err(Problem::new(ErrorCode::InvalidField, "after must be 0 or more"));
    }
    if line.followed_count() >= MAX_FOLLOWED && !connection.gateway.hub.is_live(line, conversation) {
        let detail = format!("a connection follows at most {MAX_FOLLOWED} conversations; leave one first");
        return Err(Problem::new(ErrorCode::RateLimited, detail));
    }
    let mut tx = site.ports.db.read().await?;
    conversations::exists(&cx, &mut tx, conversation).await?;
    drop(tx);

    connection.gateway.hub.enter(line, conversation);
    let joined = catch_up(connection, &cx, reference, conversation, after, epoch).await;
    if joined.is_err() {
        connection.gateway.hub.leave(line, conversation);
    }
    joined
}

async fn catch_up(
    connection: &Connection,
    cx: &Cx,
    reference: &str,
    conversation: ConversationId,
    after: i64,
    epoch: Option<&str>,
) -> Result<(), Problem> {
    let site = &connection.gateway.site;
    let mut tx = site.ports.db.read().await?;
    let mut now = conversations::get(cx, &mut tx, conversation).await?;
    let resync = after > now.last_seq || epoch.is_some_and(|epoch| epoch != &*site.epoch);
    let mut entries: Vec<Entry> = Vec::new();
    let mut read_to = if resync { 0 } else { after };
    for _ in 0..CATCH_UPS {
        // Everything up to `now.last_seq` is read by the next page or has been read before.
        let room_left = MAX_PAGE - entries.len().min(MAX_PAGE);
        if room_left == 0 {
            break;
        }
        let page = conversations::timeline(cx, &mut tx, &now, read_to, room_left).await?;
        read_to = page.entries.last().map_or(read_to, |entry| entry.seq);
        entries.extend(page.entries);
        if page.more {
            break;
        }
        let position = read_to.max(now.last_seq);
        let staff = conversations::audience_of(cx) == Audience::Staff;
        let (summary, draft, lease) = match staff {
            true => (
                Some(Box::new(conversations::summary(cx, &mut tx, conversation).await?)),
                drafts::open_of(cx, &mut tx, conversation).await?,
                connection.gateway.hub.lease_of(conversation, cx.now),
            ),
            false => (None, None, None),
        };
        let reads = conversations::reads(cx, &mut tx, &now).await?;
        let epoch = site.epoch.to_string();
        let entries_now = entries.clone();
        let outcome = connection.gateway.hub.go_live(&connection.line, conversation, position, |live| {
            let draft = match (live, draft) {
                (Some(live), Some(stored)) if stored.status == DraftStatus::Writing => Some(live),
                (_, stored) => stored,
            };
            let joined = Joined {
                conversation,
                epoch,
                resync,
                entries: entries_now,
                more: false,
                summary,
                draft: draft.map(Box::new),
                lease,
                reads,
            };
            reply(reference.to_owned(), Ok(Outcome::Joined(joined)))
        });
        match outcome {
            GoLive::Live | GoLive::Left => return Ok(()),
            GoLive::Behind => now = conversations::get(cx, &mut tx, conversation).await?,
        }
    }
    let joined = Joined {
        conversation,
        epoch: site.epoch.to_string(),
        resync,
        entries,
        more: true,
        summary: None,
        draft: None,
        lease: None,
        reads: Vec::new(),
    };
    let frame = reply(reference.to_owned(), Ok(Outcome::Joined(joined)));
    connection.line.send(crate::hub::Outgoing::Reply(frame));
    Ok(())
}

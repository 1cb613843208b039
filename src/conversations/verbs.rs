//! What can be done in a conversation.

use crate::base::{Actor, Audience, ContactId, ConversationId, DraftId, StaffId, clean_text};
use crate::conversations::store::{self, Locked, NewEntry};
use crate::conversations::{Error, NewMessage, NewNote, columns, get, model, resends, snooze, status};
use crate::ports::{Cx, Tx};
use crate::protocol::{Content, DraftHint, Entry, NoticeKind, Owner, Posted, WokenBy};
use crate::{contacts, files, notices};

/// Longest label and title, in characters.
const MAX_LABEL: usize = 40;
const MAX_TITLE: usize = 120;

/// Most labels on one conversation.
const MAX_LABELS: usize = 20;

/// Begins a conversation of a contact, in the first status of the workspace's workflow.
pub async fn start(cx: &Cx, tx: &mut Tx, contact: ContactId, status: &str) -> Result<ConversationId, Error> {
    let id: ConversationId = cx.id();
    store::insert(tx, cx.workspace, id, contact, status, cx.now).await?;
    if store::is_only(tx, cx.workspace, contact).await? {
        contacts::first_came(cx, tx, contact).await?;
    }
    Ok(id)
}

/// The contact's conversation that is still open, the newest if there are several.
pub async fn open_of(cx: &Cx, tx: &mut Tx, contact: ContactId) -> Result<Option<ConversationId>, Error> {
    Ok(store::open_of(tx, cx.workspace, contact).await?)
}

/// The message that a contact has sent before under this `client_id`, in whichever conversation: a first
/// message names none, and when it is sent again its conversation may be over.
pub async fn sent_before(
    cx: &Cx,
    tx: &mut Tx,
    contact: ContactId,
    client_id: &str,
) -> Result<Option<Posted>, Error> {
    model::check_client_id(client_id)?;
    let sent = resends::find_sent(tx, cx.workspace, contact, client_id).await?;
    Ok(sent.map(|(conversation, seq)| Posted { conversation, seq, duplicate: true }))
}

/// Posts a message. The same `client_id` again gives the first result and stores nothing.
pub async fn post(cx: &Cx, tx: &mut Tx, id: ConversationId, new: NewMessage) -> Result<Posted, Error> {
    model::check_client_id(&new.client_id)?;
    let body = model::message_body(&new.body, new.files.len())?;
    let locked = lock(cx, tx, id).await?;
    if let Some(seq) = resends::find_client_id(tx, cx.workspace, id, &new.client_id).await? {
        return Ok(Posted { conversation: id, seq, duplicate: true });
    }
    let files = files::attach(cx, tx, id, &new.files).await?;
    let content = Content::Message { files: files.clone(), draft: None };
    let entry = NewEntry { audience: Audience::Everyone, body, content, client_id: Some(new.client_id) };
    let entry = store::append(cx, tx, &locked, entry).await?;
    files::expect_transcripts(cx, tx, id, entry.seq, &files).await?;
    if locked.snoozed_by.is_some() && model::is_inbound(cx.actor.kind()) {
        snooze::wake(cx, tx, &locked, WokenBy::Customer).await?;
    }
    Ok(Posted { conversation: id, seq: entry.seq, duplicate: false })
}

/// Sends the text of an approved draft as the agent's message. A draft is sent once, whatever happens.
pub async fn send_draft(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
    draft: DraftId,
    text: String,
) -> Result<i64, Error> {
    let client_id = draft.to_string();
    let locked = lock(cx, tx, id).await?;
    if let Some(seq) = resends::find_client_id(tx, cx.workspace, id, &client_id).await? {
        return Ok(seq);
    }
    let content = Content::Message { files: Vec::new(), draft: Some(draft) };
    let entry =
        NewEntry { audience: Audience::Everyone, body: Some(text), content, client_id: Some(client_id) };
    Ok(store::append(cx, tx, &locked, entry).await?.seq)
}

/// Writes a private note that only staff see.
pub async fn note(cx: &Cx, tx: &mut Tx, id: ConversationId, new: NewNote) -> Result<Posted, Error> {
    model::check_client_id(&new.client_id)?;
    let body = model::message_body(&new.body, 0)?;
    let locked = lock(cx, tx, id).await?;
    if let Some(seq) = resends::find_client_id(tx, cx.workspace, id, &new.client_id).await? {
        return Ok(Posted { conversation: id, seq, duplicate: true });
    }
    let mut told = new.mentions.clone();
    told.sort();
    told.dedup();
    let text = model::preview(body.as_deref().unwrap_or_default());
    let content = Content::Note { mentions: new.mentions };
    let entry = NewEntry { audience: Audience::Staff, body, content, client_id: Some(new.client_id) };
    let entry = store::append(cx, tx, &locked, entry).await?;
    for staff in told {
        notices::tell(cx, tx, locked.notice(staff, NoticeKind::Mention, text.clone())).await?;
    }
    Ok(Posted { conversation: id, seq: entry.seq, duplicate: false })
}

/// Appends what another module has to say; the caller's actor is its author.
pub async fn append(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
    audience: Audience,
    body: Option<String>,
    content: Content,
) -> Result<Entry, Error> {
    let locked = lock(cx, tx, id).await?;
    Ok(store::append(cx, tx, &locked, NewEntry { audience, body, content, client_id: None }).await?)
}

/// Tells what was said in a voice message, and shows it in the inbox where the recording stood.
pub async fn tell_transcript(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
    of: i64,
    text: Option<String>,
    content: Content,
) -> Result<(), Error> {
    let locked = lock(cx, tx, id).await?;
    if let Some(text) = &text {
        store::show_transcript(tx, cx.workspace, id, of, text).await?;
    }
    let new = NewEntry { audience: Audience::Everyone, body: text, content, client_id: None };
    store::append(cx, tx, &locked, new).await?;
    Ok(())
}

/// Assigns the conversation to a colleague of the same workspace, or to nobody.
pub async fn assign(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
    to: Option<(StaffId, String)>,
) -> Result<(), Error> {
    let locked = lock(cx, tx, id).await?;
    let (to, name) = to.unzip();
    if !columns::set_assignee(tx, cx.workspace, id, to).await? {
        return Ok(());
    }
    append_locked(cx, tx, &locked, Audience::Staff, Content::Assigned { to, name }).await?;
    if let Some(staff) = to {
        let title = get(cx, tx, id).await?.title;
        notices::tell(cx, tx, locked.notice(staff, NoticeKind::Assigned, title)).await?;
    }
    Ok(())
}

/// Adds and removes labels.
pub async fn label(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
    add: &[String],
    remove: &[String],
) -> Result<(), Error> {
    let conversation = get(cx, tx, id).await?;
    let locked = lock(cx, tx, id).await?;
    if conversation.labels.len() + add.len() > MAX_LABELS {
        let problem = format!("a conversation has at most {MAX_LABELS} labels");
        return Err(Error::Invalid { field: "add", problem });
    }
    let mut added = Vec::new();
    for label in add {
        let label = clean_text(label, MAX_LABEL)?.into_string().to_lowercase();
        if columns::add_label(tx, cx.workspace, id, &label).await? {
            added.push(label);
        }
    }
    let mut removed = Vec::new();
    for label in remove {
        let label = clean_text(label, MAX_LABEL)?.into_string().to_lowercase();
        if columns::remove_label(tx, cx.workspace, id, &label).await? {
            removed.push(label);
        }
    }
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    append_locked(cx, tx, &locked, Audience::Staff, Content::LabelsChanged { added, removed }).await
}

/// Moves the conversation to another status. The caller has checked that the workflow allows it.
pub async fn move_status(cx: &Cx, tx: &mut Tx, id: ConversationId, to: &str) -> Result<(), Error> {
    let locked = lock(cx, tx, id).await?;
    let from = get(cx, tx, id).await?.status;
    if from == to {
        return Ok(());
    }
    status::set_status(tx, cx.workspace, id, to, cx.now).await?;
    append_locked(cx, tx, &locked, Audience::Staff, Content::StatusMoved { from, to: to.to_owned() }).await
}

/// Gives the conversation to the person who calls: the agent is silent from here on.
pub async fn take_over(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<(), Error> {
    set_owner(cx, tx, id, Owner::Person).await?;
    match cx.actor {
        Actor::Staff { id: staff } => assign(cx, tx, id, Some((staff, cx.name.clone()))).await,
        Actor::Contact { .. } | Actor::Agent | Actor::Rule { .. } | Actor::System => Ok(()),
    }
}

/// Gives the conversation back to the agent.
pub async fn hand_back(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<(), Error> {
    set_owner(cx, tx, id, Owner::Agent).await
}

async fn set_owner(cx: &Cx, tx: &mut Tx, id: ConversationId, owner: Owner) -> Result<(), Error> {
    let locked = lock(cx, tx, id).await?;
    if !columns::set_owner(tx, cx.workspace, id, owner).await? {
        return Ok(());
    }
    append_locked(cx, tx, &locked, Audience::Everyone, Content::OwnerChanged { owner }).await
}

/// Notes that the customer wants a person; asking again while it stands changes nothing.
pub async fn ask_for_person(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<(), Error> {
    let locked = lock(cx, tx, id).await?;
    if columns::has_open_person_request(tx, cx.workspace, id).await? {
        return Ok(());
    }
    append_locked(cx, tx, &locked, Audience::Everyone, Content::PersonRequested).await
}

/// Closes the conversation as done, or opens it again.
pub async fn resolve(cx: &Cx, tx: &mut Tx, id: ConversationId, resolved: bool) -> Result<(), Error> {
    let locked = lock(cx, tx, id).await?;
    if !columns::set_resolved(tx, cx.workspace, id, resolved.then_some(cx.now)).await? {
        return Ok(());
    }
    append_locked(cx, tx, &locked, Audience::Everyone, Content::ResolvedChanged { resolved }).await
}

/// Gives the conversation another title.
pub async fn retitle(cx: &Cx, tx: &mut Tx, id: ConversationId, title: &str) -> Result<(), Error> {
    let title = clean_text(title, MAX_TITLE)?.into_string();
    let locked = lock(cx, tx, id).await?;
    if !columns::set_title(tx, cx.workspace, id, &title).await? {
        return Ok(());
    }
    append_locked(cx, tx, &locked, Audience::Staff, Content::TitleChanged { title }).await
}

/// Shows a draft in the conversation's inbox row, or none.
pub async fn set_draft_hint(
    cx: &Cx,
    tx: &mut Tx,
    id: ConversationId,
    hint: Option<&DraftHint>,
) -> Result<(), Error> {
    Ok(columns::set_draft_hint(tx, cx.workspace, id, hint).await?)
}

/// Holds the conversation until the transaction ends. Whoever writes several rows of one begins with this,
/// so that two never wait for each other.
pub async fn hold(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<(), Error> {
    lock(cx, tx, id).await.map(|_| ())
}

/// Shows in the conversation's inbox row how much of its context record is known, a letter per field.
pub async fn set_stitch(cx: &Cx, tx: &mut Tx, id: ConversationId, stitch: &str) -> Result<(), Error> {
    Ok(columns::set_stitch(tx, cx.workspace, id, stitch).await?)
}

pub(super) async fn lock(cx: &Cx, tx: &mut Tx, id: ConversationId) -> Result<Locked, Error> {
    store::lock(tx, cx.workspace, id, model::contact_scope(cx)).await?.ok_or(Error::NotFound)
}

pub(super) async fn append_locked(
    cx: &Cx,
    tx: &mut Tx,
    locked: &Locked,
    audience: Audience,
    content: Content,
) -> Result<(), Error> {
    store::append(cx, tx, locked, NewEntry { audience, body: None, content, client_id: None }).await?;
    Ok(())
}

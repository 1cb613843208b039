//! Autopilot: an intent whose drafts people send unedited, again and again, may be let answer by itself.
//!
//! Invariants: nothing goes out without a person's approval or a grant that a manager gave and that holds in
//! the transaction of the send. A grant is offered by evidence only, belongs to the engine that earned it,
//! and ends by itself when the drafts of the sample are no longer good. A person who types, edits, takes
//! over or answers stops the machine in the log: what was about to go out waits again. What has an effect,
//! what a rule asks about, and what anything but missing trust holds back never goes out by itself.

mod model;
mod store;

use std::time::Duration;

pub use model::{Bin, Evidence, Offer, Settings};

use crate::base::{Actor, Audience, ConversationId, DraftId, Role, Timestamp};
use crate::drafts::store::DecisionRow;
use crate::drafts::write::show;
use crate::drafts::{Draft, Error, SendDraft, Written, get, store as rows};
use crate::ports::db::FromRow;
use crate::ports::{Cx, DbError, Tx};
use crate::protocol::{
    AutopilotMark, Blocker, BlockerKind, Content, Decision, DraftStatus, NoticeKind, Owner, Support,
};
use crate::{conversations, identity, jobs, notices, text_column};

/// The name of the engine that comes with the hub.
pub const BUILT_IN: &str = "built-in";

/// The name under which drafts go out that nobody approved.
const AUTOPILOT: &str = "Autopilot";

/// Decisions older than this tell nothing of today.
const REMEMBERED: Duration = Duration::from_secs(180 * 24 * 3_600);

/// So long after a person's last keystroke the machine keeps still.
const QUIET: Duration = Duration::from_secs(30);

/// A person's typing is noted once in so long.
const NOTED: Duration = Duration::from_secs(3);

crate::word_enum! {
    /// What happened to an intent's autopilot.
    pub enum What {
        /// A manager turned it on.
        TurnedOn = "turned_on",
        /// A manager turned it off.
        TurnedOff = "turned_off",
        /// It ended by itself.
        Demoted = "demoted",
    }
}

text_column!(What);

/// Autopilot of an intent.
#[derive(Debug, Clone, PartialEq, FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct Grant {
    /// The intent.
    #[serde(skip)]
    pub intent: String,
    /// Whether it is on.
    pub enabled: bool,
    /// The least confidence of a draft that goes out by itself.
    pub threshold: f64,
    /// Who earned it.
    pub engine: String,
    /// Who turned it on.
    pub granted_by_name: String,
    /// When.
    pub granted_at: Timestamp,
    /// Drafts that went out by it.
    pub sent: i64,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_because: Option<String>,
}

/// Something that happened to an intent's autopilot.
#[derive(Debug, Clone, PartialEq, FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct Event {
    /// The intent.
    pub intent: String,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// Who did it.
    pub by_name: String,
    /// On what evidence.
    pub says: String,
}

/// Everything a business should see before it decides.
#[derive(Debug, Clone)]
pub struct Overview {
    /// What it asks for.
    pub settings: Settings,
    /// Intent by intent: the evidence, what is offered, and what was given.
    pub intents: Vec<Standing>,
    /// How confidence and outcome agree.
    pub reliability: Vec<Bin>,
    /// What happened, newest first.
    pub events: Vec<Event>,
}

/// How an intent stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// The intent.
    pub intent: String,
    /// What is known of its drafts.
    pub evidence: Evidence,
    /// What it has earned.
    pub offer: Option<Offer>,
    /// What it was given.
    pub grant: Option<Grant>,
}

/// What a business asks for.
pub async fn settings(cx: &Cx, tx: &mut Tx) -> Result<Settings, DbError> {
    store::settings(tx, cx.workspace).await
}

/// Changes what a business asks for.
pub async fn change(cx: &Cx, tx: &mut Tx, settings: &Settings) -> Result<(), Error> {
    match settings.fault() {
        Some(fault) => Err(Error::InvalidAutopilot(fault.to_owned())),
        None => Ok(store::save_settings(tx, cx.workspace, settings, cx.now).await?),
    }
}

/// The evidence of all intents.
pub async fn overview(cx: &Cx, tx: &mut Tx) -> Result<Overview, Error> {
    let settings = store::settings(tx, cx.workspace).await?;
    let judged = store::judged(tx, cx.workspace, None, cx.now.before(REMEMBERED)).await?;
    let mut grants = store::grants(tx, cx.workspace).await?;
    let mut evidence = model::evidence(&judged);
    for grant in &grants {
        evidence.entry(grant.intent.clone()).or_default();
    }
    let intents = evidence.into_iter().map(|(intent, evidence)| {
        let place = grants.iter().position(|grant| grant.intent == intent);
        Standing {
            offer: model::offer(&judged, &intent, &settings),
            grant: place.map(|place| grants.swap_remove(place)),
            intent,
            evidence,
        }
    });
    Ok(Overview {
        intents: intents.collect(),
        settings,
        reliability: model::reliability(&judged),
        events: store::events(tx, cx.workspace).await?,
    })
}

/// Turns an intent's autopilot on, if it has earned it.
pub async fn turn_on(cx: &Cx, tx: &mut Tx, intent: &str) -> Result<Grant, Error> {
    let settings = store::settings(tx, cx.workspace).await?;
    let judged = store::judged(tx, cx.workspace, Some(intent), cx.now.before(REMEMBERED)).await?;
    let Some(offer) = model::offer(&judged, intent, &settings) else {
        let known = model::evidence(&judged).remove(intent).unwrap_or_default();
        return Err(Error::NotEarned {
            good: known.good,
            of: known.eligible,
            lower: known.lower,
            bar: settings.bar,
        });
    };
    let grant = Grant {
        intent: intent.to_owned(),
        enabled: true,
        threshold: offer.threshold,
        engine: offer.engine.clone(),
        granted_by_name: cx.name.clone(),
        granted_at: cx.now,
        sent: 0,
        ended_at: None,
        ended_because: None,
    };
    if store::give(tx, cx.workspace, &grant).await? {
        let says = format!(
            "{} of {} went out as written, at least {:.0} of 100",
            offer.good,
            offer.decided,
            (offer.lower * 100.0).floor()
        );
        note(cx, tx, intent, What::TurnedOn, says).await?;
    }
    Ok(grant)
}

/// Turns an intent's autopilot off. What it was about to send waits for a person.
pub async fn turn_off(cx: &Cx, tx: &mut Tx, intent: &str) -> Result<(), Error> {
    let because = format!("{} turned it off", cx.name);
    if store::end(tx, cx.workspace, intent, &because, cx.now).await? {
        note(cx, tx, intent, What::TurnedOff, because).await?;
    }
    Ok(())
}

async fn note(cx: &Cx, tx: &mut Tx, intent: &str, what: What, says: String) -> Result<(), DbError> {
    let event = Event { intent: intent.to_owned(), at: cx.now, what, by_name: cx.name.clone(), says };
    store::add_event(tx, cx.workspace, &event).await
}

/// What holds a draft back from going out by itself. Nothing does: its intent's autopilot may send it.
pub async fn blockers(cx: &Cx, tx: &mut Tx, written: &Written, turn: &str) -> Result<Vec<Blocker>, Error> {
    let intent = written.intent.as_deref().unwrap_or_default();
    let Some(grant) = store::grant(tx, cx.workspace, intent).await? else {
        let (decided, unedited) = rows::track_record(tx, cx.workspace, intent).await?;
        let says = match decided {
            0 => "No reply of this kind has been approved yet".to_owned(),
            _ => format!("{unedited} of {decided} replies of this kind went out unedited"),
        };
        return Ok(vec![Blocker { kind: BlockerKind::NotTrustedYet, says }]);
    };
    let mut held = Vec::new();
    let hold = |held: &mut Vec<Blocker>, kind: BlockerKind, says: String| held.push(Blocker { kind, says });
    let engine = written.model.as_deref().unwrap_or(BUILT_IN);
    if engine != grant.engine {
        let says = format!("Autopilot was earned by {}; {engine} wrote this", grant.engine);
        hold(&mut held, BlockerKind::NotTrustedYet, says);
    }
    if written.confidence < grant.threshold {
        let says = format!("The agent is less sure than {:.0} of 100", grant.threshold * 100.0);
        hold(&mut held, BlockerKind::LowConfidence, says);
    }
    if !written.proposals.is_empty() {
        hold(&mut held, BlockerKind::HasEffect, "It wants something to be done".to_owned());
    }
    if written.sentences.iter().any(|sentence| sentence.support == Support::Unsupported) {
        hold(&mut held, BlockerKind::Unsupported, "A sentence rests on nothing we know".to_owned());
    }
    if written.required_role.is_some() || written.required_people > 1 {
        hold(&mut held, BlockerKind::RuleRequires, "A rule asks for an approval".to_owned());
    }
    if held.is_empty() && written.blockers.is_empty() {
        let settings = store::settings(tx, cx.workspace).await?;
        if model::is_sampled(turn, settings.sample) {
            let says = "Autopilot would send this; it is one of those that a person looks at".to_owned();
            hold(&mut held, BlockerKind::ReviewSample, says);
        }
    }
    Ok(held)
}

/// What autopilot does with a draft that a turn has finished: sends it when the time to stop it is over, or
/// says why not. A draft of the sample is marked.
pub async fn release(cx: &Cx, tx: &mut Tx, draft: Draft, window: Duration) -> Result<Draft, Error> {
    let only_sampled = draft.blockers.iter().all(|blocker| blocker.kind == BlockerKind::ReviewSample);
    if !only_sampled {
        return Ok(draft);
    }
    if !draft.blockers.is_empty() {
        rows::mark(tx, cx.workspace, draft.id, AutopilotMark::Sample).await?;
        return get(cx, tx, draft.id).await;
    }
    conversations::hold(cx, tx, draft.conversation).await?;
    if let Some(blocker) = still_holds(cx, tx, &draft).await? {
        return wait(cx, tx, draft, blocker).await;
    }
    let agent = cx.acting_as(Actor::Agent, AUTOPILOT);
    let send_at = cx.now.after(window);
    let text = draft.text.clone();
    let row = DecisionRow {
        status: DraftStatus::Approved,
        by: None,
        name: AUTOPILOT,
        decision: Decision::AutoApproved,
        reason: None,
        note: None,
        send_at: Some(send_at),
        sent_text: Some(&text),
        edit_distance: None,
        at: cx.now,
    };
    if !rows::decide(tx, cx.workspace, draft.id, draft.revision, &row).await? {
        return Err(Error::Changed);
    }
    rows::mark(tx, cx.workspace, draft.id, AutopilotMark::Sent).await?;
    let draft = get(cx, tx, draft.id).await?;
    show(cx, tx, &draft).await?;
    decided(&agent, tx, &draft, Decision::AutoApproved, None).await?;
    jobs::enqueue(cx, tx, &SendDraft { draft: draft.id }, send_at).await?;
    Ok(draft)
}

async fn decided(
    cx: &Cx,
    tx: &mut Tx,
    draft: &Draft,
    decision: Decision,
    note: Option<String>,
) -> Result<(), Error> {
    let content = Content::DraftDecided { draft: draft.id, decision, reason: None, note };
    conversations::append(cx, tx, draft.conversation, Audience::Staff, None, content).await?;
    Ok(())
}

/// Keeps a draft back that would have gone out.
async fn wait(cx: &Cx, tx: &mut Tx, mut draft: Draft, blocker: Blocker) -> Result<Draft, Error> {
    draft.blockers.push(blocker);
    rows::require(tx, cx.workspace, &draft).await?;
    show(cx, tx, &draft).await?;
    Ok(draft)
}

/// What speaks against sending a draft now, in a conversation that the caller holds.
async fn still_holds(cx: &Cx, tx: &mut Tx, draft: &Draft) -> Result<Option<Blocker>, Error> {
    let block = |kind, says: &str| Ok(Some(Blocker { kind, says: says.to_owned() }));
    let conversation = conversations::get(cx, tx, draft.conversation).await?;
    if conversation.owner == Owner::Person {
        return block(BlockerKind::PersonWrites, "A colleague answers here");
    }
    if conversation.resolved_at.is_some() {
        return block(BlockerKind::PersonWrites, "The conversation was closed");
    }
    if draft.edited_text.is_some() {
        return block(BlockerKind::PersonWrites, "A colleague has edited it");
    }
    let typed = store::typed_at(tx, cx.workspace, draft.conversation).await?;
    if typed.is_some_and(|at| at.after(QUIET) > cx.now) {
        return block(BlockerKind::PersonWrites, "A colleague is writing an answer");
    }
    let intent = draft.intent.as_deref().unwrap_or_default();
    let Some(grant) = store::grant(tx, cx.workspace, intent).await? else {
        return block(BlockerKind::NotTrustedYet, "Autopilot was turned off");
    };
    match demote_if_bad(cx, tx, &grant, draft.conversation).await? {
        true => block(BlockerKind::NotTrustedYet, "Autopilot has ended"),
        false => Ok(None),
    }
}

/// Whether a draft that is due may still go out. If not, it waits again, or is given up for a newer message.
pub(super) async fn may_go(cx: &Cx, tx: &mut Tx, draft: &Draft) -> Result<bool, Error> {
    let conversation = conversations::get(cx, tx, draft.conversation).await?;
    if conversation.customer_seq > draft.for_seq {
        // The next turn answers both messages.
        give_up(cx, tx, draft).await?;
        return Ok(false);
    }
    let mut held = still_holds(cx, tx, draft).await?;
    let intent = draft.intent.as_deref().unwrap_or_default();
    if held.is_none() && !store::count_sent(tx, cx.workspace, intent).await? {
        let says = "Autopilot was turned off".to_owned();
        held = Some(Blocker { kind: BlockerKind::NotTrustedYet, says });
    }
    match held {
        None => Ok(true),
        Some(blocker) => {
            take_back(cx, tx, draft.id, blocker).await?;
            Ok(false)
        }
    }
}

/// Gives a draft up that nobody has approved, because the customer wrote again.
pub(super) async fn give_up(cx: &Cx, tx: &mut Tx, draft: &Draft) -> Result<(), Error> {
    let change = (DraftStatus::Approved, DraftStatus::Superseded);
    if rows::set_status(tx, cx.workspace, draft.id, change, None).await? {
        let given_up = get(cx, tx, draft.id).await?;
        show(cx, tx, &given_up).await?;
        decided(cx, tx, &given_up, Decision::Superseded, None).await?;
    }
    Ok(())
}

/// Makes a draft wait again that was about to go out by itself; says whether it was. A draft for a later
/// message that is open already takes its place.
pub(super) async fn take_back(cx: &Cx, tx: &mut Tx, id: DraftId, blocker: Blocker) -> Result<bool, Error> {
    let draft = get(cx, tx, id).await?;
    if draft.status != DraftStatus::Approved || draft.decision != Some(Decision::AutoApproved) {
        return Ok(false);
    }
    let newer = rows::open_of(tx, cx.workspace, draft.conversation).await?.is_some_and(|open| open.id != id);
    if newer {
        give_up(cx, tx, &draft).await?;
        return Ok(true);
    }
    if !rows::undo(tx, cx.workspace, id).await? {
        return Ok(false);
    }
    rows::mark(tx, cx.workspace, id, AutopilotMark::Stopped).await?;
    let says = blocker.says.clone();
    let waiting = get(cx, tx, id).await?;
    let waiting = wait(cx, tx, waiting, blocker).await?;
    decided(cx, tx, &waiting, Decision::Undone, Some(says)).await?;
    Ok(true)
}

/// Stops the machine because a person begins to answer: what it was about to send waits again, in the
/// transaction that notes the typing. Does nothing where no intent answers by itself.
pub async fn person_types(cx: &Cx, tx: &mut Tx, conversation: ConversationId) -> Result<(), Error> {
    let range = (cx.now.before(NOTED), cx.now);
    if !store::note_typing(tx, cx.workspace, conversation, range).await? {
        return Ok(());
    }
    for draft in rows::unsettled(tx, cx.workspace, conversation).await? {
        let says = format!("{} began to write", cx.name);
        take_back(cx, tx, draft.id, Blocker { kind: BlockerKind::PersonWrites, says }).await?;
    }
    Ok(())
}

/// Whether a reason to wait is only about trust.
pub fn is_about_trust(kind: BlockerKind) -> bool {
    model::is_clean([kind])
}

/// Whether any intent of the workspace answers by itself.
pub async fn is_on(cx: &Cx, tx: &mut Tx) -> Result<bool, DbError> {
    store::any(tx, cx.workspace).await
}

/// Looks whether a decision about a draft of the sample ends its intent's autopilot.
pub(super) async fn learn(cx: &Cx, tx: &mut Tx, draft: &Draft) -> Result<(), Error> {
    let (Some(_), Some(intent)) = (draft.autopilot, draft.intent.as_deref()) else { return Ok(()) };
    if let Some(grant) = store::grant(tx, cx.workspace, intent).await? {
        demote_if_bad(cx, tx, &grant, draft.conversation).await?;
    }
    Ok(())
}

/// Ends autopilot when too many of its drafts were bad, and tells those who may turn it on again.
async fn demote_if_bad(
    cx: &Cx,
    tx: &mut Tx,
    grant: &Grant,
    conversation: ConversationId,
) -> Result<bool, Error> {
    let settings = store::settings(tx, cx.workspace).await?;
    let judged = store::judged(tx, cx.workspace, Some(&grant.intent), grant.granted_at).await?;
    let Some((bad, of)) = model::ends(&judged, settings.bar) else { return Ok(false) };
    let says = format!("{bad} of the last {of} drafts that were looked at were not sent as written");
    if !store::end(tx, cx.workspace, &grant.intent, &says, cx.now).await? {
        return Ok(true);
    }
    let hub = cx.acting_as(Actor::System, AUTOPILOT);
    note(&hub, tx, &grant.intent, What::Demoted, says.clone()).await?;
    let contact = conversations::get(&hub, tx, conversation).await?.contact.name;
    for one in identity::list_staff(&hub, tx).await.map_err(Error::Staff)? {
        if one.disabled || one.role < Role::Manager {
            continue;
        }
        let new = notices::NewNotice {
            to: one.id,
            kind: NoticeKind::AutopilotOff,
            conversation,
            contact: contact.clone(),
            text: format!("{}: {says}", grant.intent),
        };
        notices::tell(&hub, tx, new).await?;
    }
    Ok(true)
}

//! The dry run: what a rule would have done to conversations of the past, before it is switched on.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::Value;

use crate::automation::Error;
use crate::automation::replay::{Moment, Replay};
use crate::automation::segments;
use crate::base::{ContactId, ConversationId, RuleId, Timestamp};
use crate::ports::{Cx, Tx};
use crate::rules::{self, Action, Condition, Explanation, Facts, Program, Rule, RuleSet, evaluate};
use crate::workspaces::{self, Settings, is_open, local_time};
use crate::{conversations, schemas, sequences};

/// Conversations and entries that are read at once.
const CONVERSATIONS: i64 = 50;
const ENTRIES: i64 = 5_000;

/// Matches that are shown one by one, and with every value.
const SHOWN: usize = 50;

/// What a rule would have done.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct DryRun {
    /// The rule in words.
    pub text: String,
    /// How many days were looked at.
    pub days: u32,
    /// Conversations in which something happened in these days.
    pub conversations: u64,
    /// Moments at which the rule would have looked.
    pub moments: u64,
    /// Of these, messages of which is not known how the agent understood them.
    pub unread: u64,
    /// How often it would have acted.
    pub matched: u64,
    /// In how many conversations.
    pub touched_conversations: u64,
    /// How often while the business was closed.
    pub out_of_hours: u64,
    /// How often another rule would have stopped it.
    pub stopped: u64,
    /// Replies it would have proposed.
    pub replies: u64,
    /// What it would have done, and how often.
    pub actions: Vec<Counted>,
    /// How often on each day, by the business's own calendar.
    pub by_day: Vec<Counted>,
    /// The newest matches.
    pub touched: Vec<Touched>,
    /// Other rules that would have wanted something else at the same moment.
    pub conflicts: Vec<Conflict>,
    /// Customers who would have been written to more than once.
    pub twice: Vec<WrittenTwice>,
}

/// Something with a number.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Counted {
    /// What.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// A moment at which the rule would have acted.
#[derive(Debug, Clone, PartialEq, serde::Serialize, utoipa::ToSchema)]
pub struct Touched {
    /// Where.
    pub conversation: ConversationId,
    /// The customer's name.
    pub contact: String,
    /// What the conversation is about.
    pub title: String,
    /// The entry.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Whether the business was open.
    pub open: bool,
    /// What was there.
    pub tree: Explanation,
}

/// Another rule that wants something else.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Conflict {
    /// Which rule.
    pub rule: RuleId,
    /// Its name.
    pub name: String,
    /// About what they disagree.
    pub about: String,
    /// How often.
    pub count: u64,
}

/// A customer who would have been written to more than once.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct WrittenTwice {
    /// Who.
    pub contact: ContactId,
    /// Their name.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// Runs a document that is perhaps no rule yet over the conversations of the last days. Changes nothing.
pub async fn dry_run(
    cx: &Cx,
    tx: &mut Tx,
    set: &RuleSet,
    document: &Value,
    days: u32,
) -> Result<DryRun, Error> {
    let checked = rules::check(cx, tx, document).await?;
    let words = rules::vocabulary(cx, tx).await?;
    let settings = workspaces::get(tx, cx.workspace).await?.settings;
    let initial = schemas::initial_status(cx, tx).await?;
    let segments = segments::ready(cx, tx).await?;
    let since = cx.now.before(Duration::from_secs(u64::from(days) * 24 * 3_600));
    let text = rules::describe(&checked, &words);
    let rule = Rule {
        id: cx.id(),
        version: 0,
        enabled: true,
        updated_at: cx.now,
        of_schema: None,
        document: checked,
    };
    let mut judge = Judge::new(&rule, set, &settings, since);
    judge.proposes = proposes(cx, tx, &rule.document.then).await?;
    judge.found = DryRun { text, days, ..DryRun::default() };
    let mut after = String::new();
    loop {
        let page = conversations::past_conversations(cx, tx, since, &after, CONVERSATIONS).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
        let range = (first.id, last.id);
        after = last.id.to_string();
        let mut looks: HashMap<ConversationId, HashMap<i64, Facts>> = HashMap::new();
        if rule.document.on == rules::Trigger::Message {
            for look in rules::message_looks(cx, tx, range).await? {
                looks.entry(look.conversation).or_default().insert(look.seq, look.facts);
            }
        }
        let mut replays: HashMap<ConversationId, (ContactId, Replay<'_>)> = page
            .iter()
            .map(|past| {
                let looks = looks.remove(&past.id).unwrap_or_default();
                (
                    past.id,
                    (past.contact_id, Replay::begin(&rule, &settings, past, (&initial, &segments), looks)),
                )
            })
            .collect();
        judge.found.conversations += page.len() as u64;
        let mut place = (String::new(), 0);
        loop {
            let entries = conversations::past_entries(cx, tx, range, (&place.0, place.1), ENTRIES).await?;
            for entry in &entries {
                if let Some((contact, replay)) = replays.get_mut(&entry.conversation_id) {
                    let of = (entry.conversation_id, *contact);
                    replay.entry(entry, &mut |moment, facts| judge.look(of, &moment, facts));
                }
            }
            match entries.last() {
                Some(entry) if entries.len() as i64 == ENTRIES => {
                    place = (entry.conversation_id.to_string(), entry.seq);
                }
                _ => break,
            }
        }
        for (id, (contact, mut replay)) in replays {
            replay.time(cx.now, &mut |moment, facts| judge.look((id, contact), &moment, facts));
        }
    }
    let mut found = judge.finish();
    name(cx, tx, &mut found).await?;
    Ok(found)
}

/// Whether these actions lead to a reply: at once, or by a sequence they start.
async fn proposes(cx: &Cx, tx: &mut Tx, actions: &[Action]) -> Result<bool, Error> {
    for action in actions {
        match action {
            Action::Draft { .. } => return Ok(true),
            Action::StartSequence { sequence } => {
                let found = sequences::by_key(cx, tx, sequence).await?;
                let steps = found.iter().flat_map(|found| &found.document.steps);
                if steps.flat_map(|step| &step.then).any(|action| matches!(action, Action::Draft { .. })) {
                    return Ok(true);
                }
            }
            _ => {}
        }
    }
    Ok(false)
}

/// Puts in the customers' names and the conversations' titles.
async fn name(cx: &Cx, tx: &mut Tx, found: &mut DryRun) -> Result<(), Error> {
    let ids: Vec<ConversationId> = found.touched.iter().map(|one| one.conversation).collect();
    let summaries = conversations::summaries(tx, cx.workspace, &ids).await?;
    for touched in &mut found.touched {
        if let Some(summary) = summaries.iter().find(|summary| summary.id == touched.conversation) {
            touched.contact.clone_from(&summary.contact.name);
            touched.title.clone_from(&summary.title);
        }
    }
    for twice in &mut found.twice {
        twice.name = crate::contacts::get(cx, tx, twice.contact).await?.display_name();
    }
    Ok(())
}

/// Counts what a rule would have done.
struct Judge<'a> {
    rule: &'a Rule,
    set: &'a RuleSet,
    settings: &'a Settings,
    since: Timestamp,
    condition: Condition,
    program: Program,
    found: DryRun,
    days: BTreeMap<String, u64>,
    touched: HashMap<ConversationId, u64>,
    written: HashMap<ContactId, u64>,
    conflicts: BTreeMap<(RuleId, String), (String, u64)>,
    /// Whether it leads to replies.
    proposes: bool,
}

impl<'a> Judge<'a> {
    fn new(rule: &'a Rule, set: &'a RuleSet, settings: &'a Settings, since: Timestamp) -> Judge<'a> {
        let condition = rule.document.condition();
        Judge {
            program: Program::of(&condition),
            condition,
            rule,
            set,
            settings,
            since,
            found: DryRun::default(),
            days: BTreeMap::new(),
            touched: HashMap::new(),
            written: HashMap::new(),
            conflicts: BTreeMap::new(),
            proposes: false,
        }
    }

    fn look(&mut self, (id, contact): (ConversationId, ContactId), moment: &Moment, facts: &Facts) {
        if moment.at < self.since {
            return;
        }
        self.found.moments += 1;
        self.found.unread += u64::from(moment.unread);
        if !self.program.holds(facts) {
            return;
        }
        let mine = &self.rule.document;
        for other in self.set.holding(mine.on, facts) {
            if other.document.key == mine.key {
                continue;
            }
            let first = (other.document.priority, &other.document.key) < (mine.priority, &mine.key);
            if first && other.document.stop {
                self.found.stopped += 1;
                return;
            }
            for about in disagreements(&mine.then, &other.document.then) {
                let known = self.conflicts.entry((other.id, about)).or_default();
                known.0.clone_from(&other.document.name);
                known.1 += 1;
            }
        }
        self.found.matched += 1;
        let open = is_open(self.settings, moment.at);
        self.found.out_of_hours += u64::from(!open);
        *self.days.entry(local_time(self.settings, moment.at).2).or_default() += 1;
        *self.touched.entry(id).or_default() += 1;
        if self.proposes {
            self.found.replies += 1;
            *self.written.entry(contact).or_default() += 1;
        }
        let tree = evaluate(&self.condition, facts);
        let (contact, title) = (String::new(), String::new());
        let touched =
            Touched { conversation: id, contact, title, seq: moment.seq, at: moment.at, open, tree };
        self.found.touched.push(touched);
        if self.found.touched.len() >= 2 * SHOWN {
            self.keep_newest();
        }
    }

    fn keep_newest(&mut self) {
        self.found.touched.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| b.seq.cmp(&a.seq)));
        self.found.touched.truncate(SHOWN);
    }

    fn finish(mut self) -> DryRun {
        self.keep_newest();
        let matched = self.found.matched;
        let mut found = self.found;
        found.touched_conversations = self.touched.len() as u64;
        let each = self.rule.document.then.iter();
        found.actions = each.map(|action| Counted { what: action.to_string(), count: matched }).collect();
        found.by_day = self.days.into_iter().map(|(what, count)| Counted { what, count }).collect();
        let conflicts = self.conflicts.into_iter();
        found.conflicts =
            conflicts.map(|((rule, about), (name, count))| Conflict { rule, name, about, count }).collect();
        let mut twice: Vec<WrittenTwice> = self
            .written
            .into_iter()
            .filter(|(_, count)| *count > 1)
            .map(|(contact, count)| WrittenTwice { contact, name: String::new(), count })
            .collect();
        twice.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.contact.cmp(&b.contact)));
        twice.truncate(SHOWN);
        found.twice = twice;
        found
    }
}

/// What an action decides, and how.
fn wishes(action: &Action) -> Vec<(String, String)> {
    let one = |what: String, how: String| vec![(what, how)];
    match action {
        Action::SetField { field, value } => one(format!("the field {field}"), value.to_string()),
        Action::SetStatus { status } => one("the status".to_owned(), status.clone()),
        Action::Assign { role } => one("who looks after it".to_owned(), role.to_string()),
        Action::Draft { text } => one("the reply".to_owned(), text.clone()),
        Action::Label { add, remove } => {
            let adds = add.iter().map(|label| (format!("the label {label}"), "add".to_owned()));
            adds.chain(remove.iter().map(|label| (format!("the label {label}"), "remove".to_owned())))
                .collect()
        }
        Action::RequireApproval { .. }
        | Action::Notify { .. }
        | Action::Webhook { .. }
        | Action::HandOver { .. } => Vec::new(),
        Action::StartSequence { sequence } => one(format!("the sequence {sequence}"), "start".to_owned()),
        Action::StopSequence { sequence } => one(format!("the sequence {sequence}"), "stop".to_owned()),
    }
}

/// About what two rules disagree.
fn disagreements(mine: &[Action], theirs: &[Action]) -> Vec<String> {
    let mine: Vec<_> = mine.iter().flat_map(wishes).collect();
    let theirs: HashMap<String, String> = theirs.iter().flat_map(wishes).collect();
    let differs = |(what, how): &(String, String)| theirs.get(what).is_some_and(|other| other != how);
    mine.into_iter().filter(differs).map(|(what, _)| what).collect()
}

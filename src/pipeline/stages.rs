//! The stages of a turn. Each adds facts to it and reports what it did; none calls its neighbour.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use crate::agents::{Brief, Missing, Moment, Reader, compose};
use crate::base::Actor;
use crate::context::Proposal;
use crate::drafts::{self, Written};
use crate::identity::Site;
use crate::knowledge::{self, Compared, Question};
use crate::language::fields::{self, FieldSpec, Setting};
use crate::language::sentences::sentences;
use crate::language::tongue::Tongue;
use crate::language::{compose as answers, moments};
use crate::pipeline::library::blocking;
use crate::pipeline::trace::Report;
use crate::pipeline::turn::Turn;
use crate::pipeline::{Error, Library, acts};
use crate::protocol::{
    Blocker, BlockerKind, Citation, Entry, FieldOrigin, RejectReason, StageName, TranscriptState,
};
use crate::rules::{Action, Trigger};
use crate::schemas::FieldType;

/// Passages that a reply may cite.
const PASSAGES: usize = 8;

/// Most quoted sentences in a reply.
const MAX_QUOTES: usize = 3;

/// A field value below this confidence is not read back to the customer.
const SURE: f64 = 0.6;

/// The name of the built-in engine in traces.
const BUILT_IN: &str = "built-in";

/// Speech to text. Recordings were listened to before the turn began (`voice`): here their words are found
/// among the message's, and what is missing is said.
pub(super) fn transcribe(turn: &Turn) -> Report {
    if turn.spoken.is_empty() {
        return Report::skipped("nothing to transcribe");
    }
    let words = |text: &str| text.split_whitespace().count();
    let heard: usize = turn.spoken.iter().map(|transcript| words(&transcript.text)).sum();
    let output = json!({
        "recordings": turn.spoken.iter().map(|transcript| json!({
            "file": transcript.file, "seq": transcript.seq, "state": transcript.state, "text": transcript.text,
        })).collect::<Vec<_>>(),
    });
    let missing = turn.spoken.iter().find(|transcript| transcript.text.is_empty());
    match missing.map(|transcript| transcript.state) {
        None => Report::done(format!("{heard} words"), output),
        Some(TranscriptState::NotTranscribed) => {
            Report { output, ..Report::skipped("not transcribed: no transcription is set up") }
        }
        Some(TranscriptState::Silent) => {
            Report { output, ..Report::skipped("nobody speaks in the recording") }
        }
        Some(_) => Report { output, ..Report::skipped("could not transcribe") },
    }
}

/// What the customer wants, with an honest "none of these".
pub(super) async fn classify(library: &Library, turn: &mut Turn) -> Result<Report, Error> {
    if turn.text.is_empty() {
        return Ok(Report::skipped("no words"));
    }
    let (understanding, agent, text) =
        (library.understanding().clone(), turn.agent.clone(), turn.text.clone());
    let ((classified, reader), steering) = blocking(StageName::Classify, move || {
        (understanding.classify(&agent.intents, &text), understanding.judge(&text))
    })
    .await?;
    if reader == Reader::Words && library.understanding().embedder().is_some() {
        // The list is new on this node: the next message finds it learned.
        let (understanding, agent) = (library.understanding().clone(), turn.agent.clone());
        tokio::task::spawn_blocking(move || understanding.learn(&agent.intents));
    }
    turn.found.steering = steering.score;
    turn.found.steers = steering.flag;
    if let Some((intent, confidence)) = classified.best {
        let others = classified.present.iter().map(|(other, _)| other).filter(|other| **other != intent);
        turn.found.also = others.cloned().collect();
        turn.found.intent = Some(intent);
        turn.found.intent_confidence = confidence;
    }
    let label =
        turn.found.intent.as_deref().and_then(|key| turn.agent.intent(key)).map(|intent| &intent.label);
    let summary = label.cloned().unwrap_or_else(|| "none of the known intents".to_owned());
    let output = json!({
        "intent": turn.found.intent,
        "ranked": classified.ranked.iter().take(5).collect::<Vec<_>>(),
        "present": classified.present,
        "because": classified.because,
        "compared": reader,
        "steering": { "score": steering.score, "reasons": steering.reasons },
        "language": turn.tongue.code(),
    });
    Ok(Report::done(summary, output).sure(turn.found.intent_confidence).by(BUILT_IN))
}

/// Passages that may answer, for the question as the conversation led to it.
pub(super) async fn retrieve(site: &Site, turn: &mut Turn) -> Result<Report, Error> {
    if turn.text.is_empty() {
        return Ok(Report::skipped("no words"));
    }
    let earlier = turn.earlier();
    let within = turn.edition.as_deref();
    let asked = Question { text: &turn.text, earlier: &earlier, tongue: Some(turn.tongue), within };
    let found = knowledge::find(&site.ports, &turn.cx, asked, PASSAGES).await?;
    let best = found.hits.first().map_or(0.0, |hit| hit.score);
    let mut summary = match found.hits.first() {
        None => "nothing found".to_owned(),
        Some(hit) => format!("{} passages, best in {:?}", found.hits.len(), hit.title),
    };
    if let Some(why) = &found.because {
        summary.push_str(&format!(" ({why})"));
    }
    let passages: Vec<_> = found
        .hits
        .iter()
        .map(|hit| json!({ "passage": hit.passage, "title": hit.title, "heading": hit.heading, "score": hit.score }))
        .collect();
    let output = json!({ "passages": passages, "compared": found.by, "because": found.because });
    let engine = match found.by {
        Compared::WordsAndMeaning => site.ports.embeddings.model().unwrap_or(BUILT_IN),
        Compared::Words => BUILT_IN,
    };
    turn.found.hits = found.hits;
    turn.found.rarity = found.rarity;
    Ok(Report::done(summary, output).sure(best).by(engine))
}

/// Values of the context record's fields, read from the conversation.
pub(super) async fn extract(_site: &Site, turn: &mut Turn) -> Result<Report, Error> {
    if turn.text.is_empty() {
        return Ok(Report::skipped("no words"));
    }
    let specs = specs(turn);
    let settings = &turn.workspace.settings;
    let setting = Setting {
        now: turn.cx.now,
        zone: settings.zone(),
        country: settings.country.clone(),
        locale: settings.locale.clone(),
        currency: settings.currency.clone(),
    };
    let said: Vec<(bool, String, i64)> = turn
        .history
        .iter()
        .filter_map(|entry| Some((is_customer(entry), entry.body.clone()?, entry.seq)))
        .collect();
    let told = said.clone();
    let found = blocking(StageName::Extract, move || {
        let turns: Vec<fields::Turn<'_>> = told
            .iter()
            .map(|(customer, text, _)| match customer {
                true => fields::Turn::customer(text),
                false => fields::Turn::business(text),
            })
            .collect();
        fields::extract(&specs, &turns, &setting)
    })
    .await?;
    let known = known_values(turn);
    let mut fresh = Vec::new();
    for value in &found {
        let seq = said.get(value.turn).map(|(_, _, seq)| *seq);
        turn.found.proposals.push(Proposal {
            field: value.field.clone(),
            value: value.value.clone(),
            confidence: value.confidence,
            evidence: Some(value.text.clone()),
            evidence_seq: seq,
            origin: FieldOrigin::Extracted,
        });
        let is_new = !known.iter().any(|(field, known)| *field == value.field && *known == value.value);
        if is_new && value.confidence >= SURE {
            fresh.push((value.field.clone(), value.value.clone()));
        }
    }
    let output = json!({
        "found": found.iter().map(|value| json!({
            "field": value.field, "value": value.value, "evidence": value.text, "confidence": value.confidence,
        })).collect::<Vec<_>>(),
    });
    let shown: Vec<String> = fresh.iter().filter_map(|(field, value)| show(turn, field, value)).collect();
    let summary = if shown.is_empty() { "nothing new".to_owned() } else { shown.join(", ") };
    turn.found.learned = fresh
        .iter()
        .filter(|(field, _)| is_read_back(turn, field))
        .filter_map(|(field, value)| show(turn, field, value))
        .collect();
    Ok(Report::done(summary, output).by(BUILT_IN))
}

pub(super) fn is_customer(entry: &Entry) -> bool {
    matches!(entry.actor, Actor::Contact { .. })
}

fn known_values(turn: &Turn) -> Vec<(String, serde_json::Value)> {
    let fields = turn.records.iter().flat_map(|record| &record.fields);
    fields.filter_map(|field| Some((field.key.clone(), field.value.clone()?))).collect()
}

/// A field and its value as a person reads it: "Preferred day: 25 November 2026".
fn show(turn: &Turn, key: &str, value: &serde_json::Value) -> Option<String> {
    let spec = specs(turn).into_iter().find(|spec| spec.key == key)?;
    Some(format!("{}: {}", spec.label, fields::format(&spec, value, &turn.workspace.settings.locale)))
}

/// Whether a value is read back to the customer: what they want done needs it, and they said it in words
/// of their own. What a business sorts its messages by is its own affair.
fn is_read_back(turn: &Turn, key: &str) -> bool {
    let needed = turn
        .found
        .intent
        .as_deref()
        .and_then(|intent| turn.agent.intent(intent))
        .is_some_and(|intent| intent.needs.iter().any(|need| need == key));
    let sorted_by = turn.schemas.iter().find_map(|schema| schema.field(key)).is_some_and(|field| {
        matches!(
            field.kind,
            FieldType::Choice | FieldType::MultiChoice | FieldType::Boolean | FieldType::Tags
        )
    });
    needed && !sorted_by
}

/// The fields of the workspace's schemas, as they are read from conversations.
fn specs(turn: &Turn) -> Vec<FieldSpec> {
    turn.schemas
        .iter()
        .filter_map(|schema| serde_json::from_str(schema.document.get()).ok())
        .filter_map(|document| FieldSpec::from_schema(&document).ok())
        .flatten()
        .collect()
}

/// The business's rules on what is known now. They are decided here and carried out when the turn ends.
pub(super) fn rules(site: &Site, turn: &mut Turn) -> Report {
    let now = if turn.telling.is_live() { site.ports.now() } else { turn.cx.now };
    let facts = acts::facts(turn, now);
    let decided = turn.rules.decide(Trigger::Message, &facts);
    let matched: Vec<&str> =
        decided.runs.iter().filter(|run| run.matched).map(|run| turn.rule_name(run.rule)).collect();
    let summary = match matched.len() {
        0 => format!("none of {} rules matched", decided.rules),
        _ => matched.join(", "),
    };
    let output = json!({
        "matched": matched,
        "facts": facts,
    });
    for (_, action) in &decided.actions {
        if let Action::RequireApproval { role, people, .. } = action {
            turn.found.required_role = turn.found.required_role.max(Some(*role));
            turn.found.required_people = turn.found.required_people.max(i64::from(*people));
        }
    }
    turn.found.facts = Some(facts);
    turn.found.runs = decided.runs;
    turn.found.actions = decided.actions;
    Report::done(summary, output)
}

/// The built-in reply, from cited sentences and the agent's phrases.
pub(super) async fn draft(library: &Library, turn: &mut Turn) -> Result<Report, Error> {
    let hits = Arc::new(usable_hits(turn));
    let (query, tongue, read) = (question(&turn.text), turn.tongue, hits.clone());
    // The model in this process reads English only.
    let embedder = library.understanding().embedder().filter(|_| tongue == Tongue::English);
    let known = std::mem::take(&mut turn.found.rarity);
    let answer = blocking(StageName::Draft, move || {
        let passages: Vec<answers::Passage<'_>> = read
            .iter()
            .map(|hit| answers::Passage { title: &hit.title, text: &hit.text, score: hit.score })
            .collect();
        let usual = known.values().copied().fold(0.0, f32::max);
        let rarity = |stem: &str| known.get(stem).copied().unwrap_or(usual);
        // Without meaning, a rare word that the texts do not have would outweigh all that they do have.
        let rarity: Option<&dyn Fn(&str) -> f32> = if embedder.is_some() { Some(&rarity) } else { None };
        answers::compose(&query, tongue, &passages, rarity, embedder)
    })
    .await?;
    let mut citations: Vec<Citation> = Vec::new();
    let mut quotes = Vec::new();
    let rejected = turn.rejection.as_ref().map(|rejection| rejection.reason);
    let quoted = if rejected.is_some_and(wants_less) { 1 } else { MAX_QUOTES };
    if let Some(rejection) =
        turn.rejection.as_ref().filter(|rejection| rejection.reason == RejectReason::Incomplete)
    {
        // What was there stays, and more is added.
        for citation in &rejection.draft.citations {
            citations.push(citation.clone());
            quotes.push(crate::agents::Quote { text: citation.quote.clone(), number: citation.number });
        }
    }
    for sentence in answer.sentences.iter().take(quoted) {
        let Some(hit) = hits.get(sentence.passage) else { continue };
        if quotes.iter().any(|quote| quote.text == sentence.text) {
            continue;
        }
        let number = cite(&mut citations, hit, &sentence.text);
        quotes.push(crate::agents::Quote { text: sentence.text.clone(), number });
    }
    let missing = missing(turn);
    let brief = Brief {
        language: turn.tongue.code(),
        business: &turn.workspace.name,
        name: first_name(&turn.conversation.contact.name),
        first: !turn.answered_before(),
        moment: moment(turn),
        intent: turn.found.intent.as_deref().and_then(|key| turn.agent.intent(key)),
        quotes: &quotes,
        answers: answer.answerable,
        learned: &turn.found.learned,
        missing: &missing,
        already_asked: None,
        closing: closing(library, turn),
    };
    let composed = compose(library.phrases(), &brief);
    let used: BTreeSet<i64> =
        composed.sentences.iter().flat_map(|sentence| sentence.citations.iter().copied()).collect();
    citations.retain(|citation| used.contains(&citation.number));
    let confidence = if citations.is_empty() { 0.3 } else { answer.answerability };
    let summary = format!("{} characters, {} sources", composed.text.chars().count(), citations.len());
    let output =
        json!({ "text": composed.text, "answerability": answer.answerability, "asks": composed.asks });
    turn.found.answerability = answer.answerability;
    turn.found.written = Written {
        text: composed.text,
        citations,
        sentences: composed.sentences,
        blockers: composed.blockers,
        intent: turn.found.intent.clone(),
        confidence,
        required_role: turn.found.required_role,
        required_people: turn.found.required_people,
        ..Written::default()
    };
    Ok(Report::done(summary, output).sure(confidence).by(BUILT_IN).with_prompt(library.phrases().hash()))
}

/// The closing words of the agent's personality, which the catalogue has in English.
fn closing<'a>(library: &'a Library, turn: &Turn) -> Option<&'a str> {
    let manner = library.understanding().catalogue().manner(turn.agent.manner.as_deref()?)?;
    (turn.tongue.code() == "en").then_some(manner.closing.as_str())
}

/// The questions of a message: what stands around them (a greeting, a story) would only blur which
/// sentence answers. A message without any is taken whole.
pub(super) fn question(text: &str) -> String {
    let asked: Vec<&str> = sentences(text)
        .into_iter()
        .filter_map(|span| text.get(span))
        .filter(|sentence| sentence.trim_end().ends_with(['?', '؟', '？']))
        .collect();
    if asked.is_empty() { text.to_owned() } else { asked.join(" ") }
}

/// Whether a colleague's reason for a rejection asks for a shorter draft.
fn wants_less(reason: RejectReason) -> bool {
    matches!(reason, RejectReason::Tone | RejectReason::Other)
}

/// The passages a reply may use: none that a colleague has just called wrong.
pub(super) fn usable_hits(turn: &Turn) -> Vec<knowledge::Hit> {
    turn.found.hits.iter().filter(|hit| !turn.wrong.contains(&hit.passage)).cloned().collect()
}

/// The number of a passage among the citations; adds it if it is new.
fn cite(citations: &mut Vec<Citation>, hit: &knowledge::Hit, quote: &str) -> i64 {
    if let Some(known) = citations.iter().find(|citation| citation.passage == hit.passage) {
        return known.number;
    }
    let number = i64::try_from(citations.len() + 1).unwrap_or(i64::MAX);
    citations.push(citation(number, hit, quote.to_owned()));
    number
}

/// A passage as a source of a draft.
pub(super) fn citation(number: i64, hit: &knowledge::Hit, quote: String) -> Citation {
    Citation {
        number,
        passage: hit.passage,
        document: hit.document,
        title: hit.title.clone(),
        heading: hit.heading.clone(),
        start: hit.start,
        end: hit.end,
        quote,
        score: hit.score,
    }
}

/// Fields the intent needs and nobody knows yet, in the agent's order.
pub(super) fn missing(turn: &Turn) -> Vec<Missing> {
    let Some(intent) = turn.found.intent.as_deref().and_then(|key| turn.agent.intent(key)) else {
        return Vec::new();
    };
    let known = known_values(turn);
    let is_known = |key: &str| {
        known.iter().any(|(field, _)| field == key)
            || turn
                .found
                .proposals
                .iter()
                .any(|proposal| proposal.field == key && proposal.confidence >= SURE)
    };
    intent
        .needs
        .iter()
        .filter(|key| !is_known(key))
        .filter_map(|key| turn.schemas.iter().find_map(|schema| schema.field(key)))
        .map(|field| Missing {
            field: field.key.clone(),
            label: field.label.clone(),
            ask: Some(field.ask.clone()).filter(|ask| !ask.is_empty()),
        })
        .collect()
}

pub(super) fn moment(turn: &Turn) -> Moment {
    let hands_over = turn.found.actions.iter().any(|(_, action)| matches!(action, Action::HandOver { .. }));
    if turn.text.is_empty() {
        return Moment::Wordless;
    }
    if turn.found.steers {
        return Moment::Steering;
    }
    match moments::of(&turn.text) {
        moments::Moment::WantsPerson => Moment::WantsPerson,
        _ if hands_over => Moment::WantsPerson,
        moments::Moment::Greeting => Moment::Greeting,
        moments::Moment::Thanks => Moment::Thanks,
        moments::Moment::Other => Moment::Ask,
    }
}

/// The first name, unless the name is only a stand-in.
pub(super) fn first_name(name: &str) -> Option<&str> {
    name.split_whitespace().next().filter(|first| *first != "Visitor")
}

/// Why the draft waits for a person: what blocks it, what a rule asks for, what is not proven yet.
pub(super) async fn gate(site: &Site, turn: &mut Turn) -> Result<Report, Error> {
    if turn.person_answers() {
        return Ok(Report::skipped("a person answers in this conversation"));
    }
    let actions = std::mem::take(&mut turn.found.actions);
    for (_, action) in &actions {
        if let Action::RequireApproval { because, role, .. } = action {
            let says = if because.is_empty() { format!("A rule asks for a {role}") } else { because.clone() };
            block(turn, BlockerKind::RuleRequires, says);
        }
        if let Action::HandOver { because } = action {
            block(turn, BlockerKind::PersonRequested, because.clone());
        }
    }
    turn.found.actions = actions;
    if turn.found.steers {
        block(turn, BlockerKind::Steering, "The message tries to steer the agent".to_owned());
    }
    guard(turn);
    let mut tx = site.ports.db.read().await?;
    let id = turn.id.to_string();
    let held = drafts::autopilot::blockers(&turn.cx, &mut tx, &turn.found.written, &id).await?;
    drop(tx);
    for blocker in held {
        block(turn, blocker.kind, blocker.says);
    }
    let is_sampled = |blocker: &Blocker| blocker.kind == BlockerKind::ReviewSample;
    if turn.found.written.blockers.iter().all(is_sampled) && !turn.found.also.is_empty() {
        // What one of them has earned says nothing of the others.
        turn.found.written.blockers.clear();
        block(turn, BlockerKind::NotTrustedYet, "The message asks for several things".to_owned());
    }
    let kinds: Vec<&str> = turn.found.written.blockers.iter().map(|blocker| blocker.kind.as_str()).collect();
    let output = json!({ "blockers": kinds, "required_role": turn.found.required_role,
        "required_people": turn.found.required_people.max(1), "decision": if kinds.is_empty() { "autopilot" } else { "person" } });
    let summary = if kinds.is_empty() { "goes out by autopilot" } else { "waits for a person" };
    Ok(Report::done(summary, output))
}

/// What the agent's own guards hold back: they can only add a reason to wait.
fn guard(turn: &mut Turn) {
    let agent = turn.agent.clone();
    if let Some(intent) = turn.found.intent.clone().filter(|intent| agent.leaves_to_people(intent)) {
        let label = agent.intent(&intent).map_or(intent.clone(), |intent| intent.label.clone());
        block(turn, BlockerKind::Sensitive, format!("This agent leaves “{label}” to a person"));
    }
    let text = turn.found.written.text.to_lowercase();
    for word in agent.guards.never_say.iter().filter(|word| text.contains(&word.to_lowercase())) {
        block(turn, BlockerKind::RuleRequires, format!("It says “{word}”, which this agent does not say"));
    }
}

fn block(turn: &mut Turn, kind: BlockerKind, says: String) {
    let blockers = &mut turn.found.written.blockers;
    if !blockers.iter().any(|known| known.kind == kind && known.says == says) {
        blockers.push(Blocker { kind, says });
    }
}

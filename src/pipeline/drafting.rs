//! A draft by a model: its prompt, its tools, its words as they come, and what they rest on.
//!
//! Whatever goes wrong, the built-in reply is there already and takes its place.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::agents::examples;
use crate::agents::grounding::{self, Grounded, Known};
use crate::agents::markers::Stream;
use crate::agents::outside::{self, Usable};
use crate::agents::prompt::{self, Prompt, Scene};
use crate::agents::{Moment, providers, tools, usage};
use crate::base::{Audience, DraftId, clean_text};
use crate::drafts::Written;
use crate::identity::Site;
use crate::pipeline::toolbox::{During, Toolbox};
use crate::pipeline::trace::Report;
use crate::pipeline::turn::{Step, Telling, Turn};
use crate::pipeline::{Error, Library, stages};
use crate::ports::bus::{News, Note};
use crate::ports::models::{Answer, Ask, Chain, Message, Piece, Reservation, tokens_of_all};
use crate::protocol::{Blocker, BlockerKind, MAX_BODY_CHARS, RejectReason, Signal};

/// So many words in a row that stand in the instructions too are no coincidence.
const REPEATED: usize = 8;

/// What became of asking a model.
pub(super) enum Drafted {
    /// No model is set up or wanted here, or this is no moment for one.
    NotAsked,
    /// It wrote the draft.
    Written(Report),
    /// It did not, and why.
    Failed(String),
}

/// Why a model's draft is not taken.
enum Trouble {
    /// For staff to read.
    Says(String),
    /// Our own.
    Ours(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Ours(error)
    }
}

impl From<String> for Trouble {
    fn from(says: String) -> Self {
        Trouble::Says(says)
    }
}

/// Lets a model write the draft, if one is set up and this is a moment for it.
pub(super) async fn with_model(site: &Site, library: &Library, turn: &mut Turn, draft: DraftId) -> Drafted {
    if turn.agent.model.built_in || !is_for_models(turn) {
        return Drafted::NotAsked;
    }
    let (allowance, chain, outside) = match allowance(site, turn).await {
        Ok(both) => both,
        Err(error) => return failed(Trouble::Ours(error)),
    };
    if !allowance.enabled || !site.ports.models.ready(&chain) {
        return Drafted::NotAsked;
    }
    match write(site, library, turn, draft, (allowance.left, &chain), outside).await {
        Ok(report) => Drafted::Written(report),
        Err(trouble) => failed(trouble),
    }
}

fn failed(trouble: Trouble) -> Drafted {
    match trouble {
        Trouble::Says(says) => Drafted::Failed(says),
        Trouble::Ours(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a model could not be asked");
            Drafted::Failed("the model could not be asked".to_owned())
        }
    }
}

/// Questions and requests are. What always is a person's matter, attempts to steer, and mere courtesy are
/// answered by the agent's own phrases.
fn is_for_models(turn: &Turn) -> bool {
    let intent = turn.found.intent.as_deref().and_then(|key| turn.agent.intent(key));
    stages::moment(turn) == Moment::Ask
        && !intent.is_some_and(|intent| intent.sensitive || turn.agent.leaves_to_people(&intent.key))
}

/// How much of models the workspace may use now, which draft for it, and the tools from outside that they have.
async fn allowance(site: &Site, turn: &Turn) -> Result<(usage::Allowance, Chain, Vec<Usable>), Error> {
    let mut tx = site.ports.db.read().await?;
    let allowance = usage::allowance(&turn.cx, &mut tx, site.ports.models.settings()).await?;
    let chain = providers::chain(&turn.cx, &mut tx, &site.ports).await?;
    Ok((allowance, chain, outside::usable(&turn.cx, &mut tx, &site.ports).await?))
}

async fn write(
    site: &Site,
    library: &Library,
    turn: &mut Turn,
    draft: DraftId,
    budget: (i64, &Chain),
    outside: Vec<Usable>,
) -> Result<Report, Trouble> {
    let hits = stages::usable_hits(turn);
    let prompt = render(site, library, turn, &hits)?;
    let mut toolbox = Toolbox::new(hits, prompt.fence.clone(), outside);
    let mut messages = prompt.messages.clone();
    let answer = converse(site, turn, draft, budget, &mut messages, &mut toolbox).await?;
    let text = whole(&answer)?;
    if repeats(&text, &prompt) {
        return Err(Trouble::Says("the model repeated its instructions".to_owned()));
    }
    let grounded = ground(turn, &toolbox, &text);
    if grounded.text.trim().is_empty() {
        return Err(Trouble::Says("the model's answer is empty".to_owned()));
    }
    if turn.agent.guards.only_supported && grounded.supported < 1.0 {
        let says = "the model said something that rests on nothing, which this agent does not take";
        return Err(Trouble::Says(says.to_owned()));
    }
    Ok(take(turn, toolbox, grounded, &answer, &prompt::hash(&messages)))
}

/// Asks, lets tools answer, and asks again, until there is a reply.
async fn converse(
    site: &Site,
    turn: &mut Turn,
    draft: DraftId,
    (left, chain): (i64, &Chain),
    messages: &mut Vec<Message>,
    toolbox: &mut Toolbox,
) -> Result<Answer, Trouble> {
    let models = &site.ports.models;
    let limits = models.settings();
    let deadline = Instant::now() + Duration::from_millis(limits.total_ms);
    let mut specs = tools::specs();
    specs.retain(|spec| turn.agent.may_use(&spec.name));
    specs.extend(toolbox.outside_specs());
    let longest = turn.agent.model.answer_tokens.and_then(|tokens| usize::try_from(tokens).ok());
    let answer_tokens = longest.unwrap_or(usize::MAX).min(limits.answer_tokens);
    let steps = limits.steps.max(1);
    let mut shown = Shower::new(site, turn, draft);
    let mut reserved: Vec<Reservation> = Vec::new();
    for step in 1..=steps {
        let hash = prompt::hash(messages);
        let tokens = i64::try_from(tokens_of_all(messages) + answer_tokens).unwrap_or(i64::MAX);
        let text = prompt::text_of(messages);
        turn.telling.tell(Step::Asked(text.clone())).await;
        turn.found.prompts.push((hash.clone(), text));
        if site.ports.traces.texts() {
            turn.found.asked.push((hash.clone(), messages.clone()));
        }
        let ask = Ask {
            workspace: turn.cx.workspace,
            prompt_hash: &hash,
            messages,
            // The last step must be a reply.
            tools: if step < steps { &specs } else { &[] },
            answer_tokens,
            deadline,
            chain,
            first: turn.agent.model.first.as_deref(),
            temperature: turn.agent.model.temperature,
        };
        let known = match turn.telling {
            Telling::Live | Telling::Watched(_) => None,
            Telling::Again | Telling::Trial => remembered(site, turn, &hash).await?,
        };
        let answer = match known {
            Some(answer) => answer,
            None if matches!(turn.telling, Telling::Again) => {
                let says = "no model was given this prompt, so what it would say is not known";
                return Err(Trouble::Says(says.to_owned()));
            }
            None => {
                let spent = models.reserve(turn.cx.workspace, tokens, left);
                reserved.push(spent.ok_or_else(|| "today's budget of tokens is used up".to_owned())?);
                // Others work while the model writes.
                let mut hear = |piece: Piece<'_>| shown.hear(piece);
                let answer = turn.place.away(models.chat(&ask, &turn.meter, &mut hear)).await;
                answer.map_err(|failure| failure.to_string())?
            }
        };
        turn.found.answers.push((hash.clone(), answer.clone()));
        if answer.calls.is_empty() || step == steps {
            return Ok(answer);
        }
        shown.hear(Piece::Afresh);
        messages.push(Message::Assistant { text: answer.text, calls: answer.calls.clone() });
        for call in &answer.calls {
            let during = During { prompt_hash: &hash, deadline };
            let elsewhere = toolbox.is_outside(call);
            let mut place = std::mem::take(&mut turn.place);
            let asked = toolbox.answer(site, turn, call, during);
            let answered = if elsewhere { place.away(asked).await } else { asked.await };
            turn.place = place;
            let text = answered?;
            turn.found.heard.append(&mut toolbox.heard);
            turn.found.timed.append(&mut toolbox.timed);
            if let Some(call) = toolbox.calls.last() {
                turn.telling.tell(Step::Called(call.clone())).await;
            }
            messages.push(Message::Tool { call: call.id.clone(), text });
        }
    }
    Err(Trouble::Says("the model did not come to a reply".to_owned()))
}

/// What a model answered to the same prompt before. A replay asks nobody.
async fn remembered(site: &Site, turn: &Turn, hash: &str) -> Result<Option<Answer>, Trouble> {
    let mut tx = site.ports.db.read().await.map_err(Error::from)?;
    Ok(usage::answer(&turn.cx, &mut tx, hash).await.map_err(Error::from)?)
}

/// Shows the words as they come: to staff, or to whoever tries the agent.
struct Shower<'a> {
    site: &'a Site,
    telling: Telling,
    workspace: crate::base::WorkspaceId,
    conversation: crate::base::ConversationId,
    draft: DraftId,
    stream: Stream,
    offset: i64,
}

impl<'a> Shower<'a> {
    fn new(site: &'a Site, turn: &Turn, draft: DraftId) -> Shower<'a> {
        let (workspace, conversation) = (turn.cx.workspace, turn.lease.conversation);
        let telling = turn.telling.clone();
        Shower { site, telling, workspace, conversation, draft, stream: Stream::default(), offset: 0 }
    }

    fn hear(&mut self, piece: Piece<'_>) {
        let text = match piece {
            Piece::Afresh => {
                self.stream = Stream::default();
                self.offset = 0;
                return;
            }
            Piece::Text(text) => self.stream.take(text),
        };
        if text.is_empty() {
            return;
        }
        let length = i64::try_from(text.encode_utf16().count()).unwrap_or(0);
        let (conversation, draft, offset) = (self.conversation, self.draft, self.offset);
        self.offset += length;
        match &self.telling {
            Telling::Live => {}
            Telling::Again | Telling::Trial => return,
            Telling::Watched(watcher) => {
                // Whoever reads too slowly gets the draft whole at its end.
                let _ = watcher.try_send(Step::Text(offset, text));
                return;
            }
        }
        let signal = Signal::DraftDelta { conversation, draft, offset, text };
        let news = News::Signal { conversation, audience: Audience::Staff, signal: signal.into() };
        self.site.ports.bus.publish(Note { workspace: self.workspace, news });
    }
}

/// What is known in words, for the prompt and for what sentences may rest on.
fn known(turn: &Turn) -> Vec<String> {
    let fields = turn.records.iter().flat_map(|record| &record.fields);
    let mut known: Vec<String> =
        fields.filter_map(|field| Some(format!("{}: {}", field.label, field.text.as_ref()?))).collect();
    known.extend(
        turn.found.learned.iter().filter(|learned| !known.contains(learned)).cloned().collect::<Vec<_>>(),
    );
    known
}

/// How the agent speaks: its personality of the catalogue, and its own words.
fn voice(library: &Library, turn: &Turn) -> String {
    let manner = turn.agent.manner.as_deref().and_then(|key| library.understanding().catalogue().manner(key));
    match manner {
        None => turn.agent.personality.clone(),
        Some(manner) => {
            format!("{}; {} {}", turn.agent.personality, manner.tone.join(", "), manner.description)
        }
    }
}

fn render(
    site: &Site,
    library: &Library,
    turn: &Turn,
    hits: &[crate::knowledge::Hit],
) -> Result<Prompt, Trouble> {
    let (known, passages) = (known(turn), Toolbox::shown(hits));
    let voice = voice(library, turn);
    let examples = examples::nearest(&turn.agent.examples, &turn.text);
    let missing: Vec<String> = stages::missing(turn).into_iter().map(|missing| missing.label).collect();
    let rejected = turn.rejection.as_ref().map(|rejection| {
        let because = match rejection.reason {
            RejectReason::Wrong => "something in it is not so",
            RejectReason::Incomplete => "something is missing",
            RejectReason::Tone => "it is not how we speak",
            RejectReason::NotNow | RejectReason::Other => "it does not fit",
        };
        let note = rejection.note.as_deref().map(|note| format!(" ({note})")).unwrap_or_default();
        (rejection.draft.current_text().to_owned(), format!("{because}{note}"))
    });
    let history = turn.said_before();
    let scene = Scene {
        assistant: &turn.workspace.settings.assistant_name,
        role: &turn.agent.role,
        business: &turn.workspace.name,
        personality: &voice,
        instructions: &turn.agent.instructions,
        language: turn.tongue.code(),
        name: stages::first_name(&turn.conversation.contact.name),
        known: &known,
        missing: &missing,
        examples: &examples,
        passages: &passages,
        history: &history,
        rejected: rejected.as_ref().map(|(draft, because)| (draft.as_str(), because.as_str())),
        text: &turn.text,
    };
    let budget = site.ports.models.settings().prompt_tokens;
    library.prompts().render(&scene, budget).map_err(|error| Trouble::Ours(error.into()))
}

/// The answer's text as a message may be; of one that was cut, the whole sentences.
fn whole(answer: &Answer) -> Result<String, Trouble> {
    let cleaned = clean_text(&answer.text, MAX_BODY_CHARS)
        .map_err(|fault| format!("the model's answer cannot be sent: {fault}"))?
        .into_string();
    if !answer.cut {
        return Ok(cleaned);
    }
    let spans = crate::language::sentences::sentences(&cleaned);
    match spans.as_slice() {
        [.., before, _] => Ok(cleaned[..before.end].to_owned()),
        _ => Err(Trouble::Says("the model's answer was cut".to_owned())),
    }
}

/// Whether a text tells what the model was told to do, or gives the fences away.
fn repeats(text: &str, prompt: &Prompt) -> bool {
    let Some(Message::System(system)) = prompt.messages.first() else { return false };
    let words = |text: &str| -> Vec<String> {
        let folded = crate::language::words::fold(text);
        crate::language::words::words(&folded).map(str::to_owned).collect()
    };
    let (told, said) = (words(system), words(text));
    let runs: std::collections::HashSet<&[String]> = told.windows(REPEATED).collect();
    text.contains(&prompt.fence) || said.windows(REPEATED).any(|run| runs.contains(run))
}

fn ground(turn: &Turn, toolbox: &Toolbox, text: &str) -> Grounded {
    let (known, passages) = (known(turn), Toolbox::shown(&toolbox.hits));
    let settings = &turn.workspace.settings;
    let texts: Vec<Known<'_>> = known
        .iter()
        .map(String::as_str)
        .chain(turn.said_before().into_iter().map(|(_, said)| said))
        .chain(toolbox.read.iter().map(String::as_str))
        .chain([turn.text.as_str()])
        .map(Known)
        .collect();
    let names = [&turn.workspace.name, &settings.assistant_name, &turn.conversation.contact.name];
    grounding::check(text, turn.tongue, &passages, &texts, &names.map(String::as_str))
}

/// Puts the model's draft in the place of the built-in one.
fn take(turn: &mut Turn, toolbox: Toolbox, grounded: Grounded, answer: &Answer, hash: &str) -> Report {
    // Sources are numbered anew, in the order they are first used.
    let mut order: Vec<usize> = Vec::new();
    for sentence in &grounded.sentences {
        let used = sentence.citations.iter().filter_map(|number| usize::try_from(*number).ok());
        order.extend(used.filter(|number| !order.contains(number)).collect::<Vec<_>>());
    }
    let number_of = |passage: usize| {
        let place = order.iter().position(|known| *known == passage).unwrap_or(0);
        i64::try_from(place + 1).unwrap_or(i64::MAX)
    };
    let citations = order
        .iter()
        .filter_map(|passage| {
            let hit = toolbox.hits.get(passage.checked_sub(1)?)?;
            let quote = grounded.cited.get(passage).cloned().unwrap_or_default();
            Some(stages::citation(number_of(*passage), hit, quote))
        })
        .collect::<Vec<_>>();
    let mut sentences = grounded.sentences;
    for citation in sentences.iter_mut().flat_map(|sentence| &mut sentence.citations) {
        *citation = number_of(usize::try_from(*citation).unwrap_or(0));
    }
    let mut blockers = grounded.blockers;
    if toolbox.proposals.iter().any(|proposal| proposal.tool == tools::HAND_OVER) {
        let says = "The agent proposes that a person takes over".to_owned();
        blockers.push(Blocker { kind: BlockerKind::PersonRequested, says });
    }
    // What the built-in engine found missing is missing all the same.
    let missing = turn.found.written.blockers.iter().filter(|known| match known.kind {
        BlockerKind::MissingFact => true,
        BlockerKind::MissingKnowledge => citations.is_empty() && blockers.is_empty(),
        _ => false,
    });
    let missing: Vec<Blocker> = missing.cloned().collect();
    blockers.extend(missing);
    let confidence = match citations.is_empty() {
        true => 0.3,
        false => turn.found.answerability.max(0.6),
    } * grounded.supported;
    let model = answer.model.clone();
    let summary = format!(
        "{} characters, {} sources, {} proposals",
        grounded.text.chars().count(),
        citations.len(),
        toolbox.proposals.len()
    );
    let output = json!({
        "text": grounded.text, "provider": answer.provider, "supported": grounded.supported,
        "tools": toolbox.calls, "proposals": toolbox.proposals,
    });
    turn.found.written = Written {
        text: grounded.text,
        citations,
        sentences,
        blockers,
        intent: turn.found.intent.clone(),
        confidence,
        required_role: turn.found.required_role,
        required_people: turn.found.required_people,
        model: Some(model.clone()),
        fallback: None,
        proposals: toolbox.proposals,
    };
    Report::done(summary, output).sure(confidence).by(&model).with_prompt(hash)
}

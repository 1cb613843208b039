//! Doing what a person approved: a call of a tool from outside, made at most once.
//!
//! Going to the server and looking at the tool may be tried again: nothing is done by it. Before the call itself
//! the proposal is moved on in the store; whoever finds it there later does not call again, and says that it is
//! not known what became of it.

use serde_json::{Map, Value};

use crate::agents::outside::{self, Error, Policy, Standing, Unready, Usable};
use crate::agents::tools::OutsideCall;
use crate::base::{Actor, DraftId};
use crate::identity::Site;
use crate::jobs::{self, Job, Queue, Taken};
use crate::ports::Cx;
use crate::protocol::{Proposal, ProposalState};
use crate::{drafts, workspaces};

/// How often a server that cannot be reached is tried.
const TRIES: i64 = 4;
/// Characters of an answer that a receipt holds.
const SHOWN: usize = 400;

/// Calls a tool as a sent draft proposed.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct CallTool {
    /// The draft.
    pub draft: DraftId,
    /// The number of its proposal.
    pub number: i64,
}

impl Job for CallTool {
    const KIND: &'static str = "call_tool";
    const QUEUE: Queue = Queue::Slow;
}

/// What became of it.
type Outcome = (ProposalState, String);

fn skipped(why: String) -> Outcome {
    (ProposalState::Skipped, why)
}

/// Runs the job: calls, writes the receipt, and ends or puts back the job.
pub async fn carry_out(site: &Site, taken: &Taken) -> Result<(), Error> {
    let job: CallTool = serde_json::from_value(taken.payload.clone())?;
    let mut tx = site.ports.db.read().await?;
    let assistant = workspaces::get(&mut tx, taken.workspace).await?.settings.assistant_name;
    let cx = site.ports.cx(taken.workspace, Actor::Agent, assistant);
    let proposal = match drafts::get(&cx, &mut tx, job.draft).await {
        Ok(draft) => draft.proposals.into_iter().find(|one| one.number == job.number),
        Err(drafts::Error::NotFound(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let Some((proposal, state)) = proposal.map(|one| (one.clone(), one.state)) else {
        return end(site, &cx, taken, &job, None).await;
    };
    if state == ProposalState::Begun {
        let says =
            "the hub stopped while the call was on its way: it is not known whether it was done".to_owned();
        return end(site, &cx, taken, &job, Some((state, (ProposalState::Failed, says)))).await;
    }
    if state != ProposalState::Waiting {
        return end(site, &cx, taken, &job, None).await;
    }
    let usable = outside::usable(&cx, &mut tx, &site.ports).await?;
    drop(tx);
    let (usable, arguments) = match allowed(usable, &proposal) {
        Ok(both) => both,
        Err(why) => return end(site, &cx, taken, &job, Some((state, skipped(why)))).await,
    };
    let until = outside::latest(&site.ports);
    let ready = match outside::reach(&site.ports, &cx, &usable, until).await {
        Ok(ready) => ready,
        Err(Unready::Ours(error)) => return Err(error.into()),
        Err(Unready::Changed) => {
            let why = "its server has changed the tool since it was approved".to_owned();
            return end(site, &cx, taken, &job, Some((state, skipped(why)))).await;
        }
        Err(Unready::Failed(why)) if taken.attempts >= TRIES => {
            let why = format!("{} could not be reached: {why}", usable.tool.server);
            return end(site, &cx, taken, &job, Some((state, skipped(why)))).await;
        }
        Err(Unready::Failed(why)) => return later(site, taken, &why.to_string()).await,
    };
    // From here on: at most once.
    let mut tx = site.ports.db.begin().await?;
    let cx = Cx { now: site.ports.now(), ..cx };
    let begun = (ProposalState::Begun, None);
    if !drafts::move_proposal(&cx, &mut tx, (job.draft, job.number), state, begun).await? {
        // Somebody was here meanwhile: what they left is looked at later.
        drop(tx);
        return later(site, taken, "the proposal was moved on meanwhile").await;
    }
    tx.commit().await?;
    let outcome = match ready.call(arguments).await {
        Ok(said) if said.worked => (ProposalState::Done, answered(&said.text)),
        Ok(said) => {
            (ProposalState::Failed, format!("the tool says that it did not work: {}", shown(&said.text)))
        }
        Err(why) => {
            let says = format!("{why}: it is not known whether it was done");
            (ProposalState::Failed, says)
        }
    };
    end(site, &cx, taken, &job, Some((ProposalState::Begun, outcome))).await
}

/// The tool and the arguments that were approved, if they may still be used.
fn allowed(usable: Vec<Usable>, proposal: &Proposal) -> Result<(Usable, Map<String, Value>), String> {
    let Ok(wanted) = serde_json::from_value::<OutsideCall>(proposal.arguments.clone()) else {
        return Err("it is not readable".to_owned());
    };
    let of = |one: &Usable| one.tool.server == wanted.server && one.tool.name == wanted.tool;
    let found = usable.into_iter().find(of).ok_or("the tool is not allowed any more")?;
    match () {
        () if found.tool.policy != Policy::Ask || found.tool.standing() != Standing::On => {
            Err("what the tool may do was decided anew since the draft was written".to_owned())
        }
        () if found.tool.hash != wanted.hash => {
            Err("the tool is another than when the draft was written".to_owned())
        }
        () => Ok((found, wanted.arguments)),
    }
}

fn answered(text: &str) -> String {
    match text.trim() {
        "" => "it was called, and answered nothing".to_owned(),
        text => format!("it was called, and answered: {}", shown(text)),
    }
}

fn shown(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(SHOWN).collect()
}

/// Puts the job back: nothing was done yet.
async fn later(site: &Site, taken: &Taken, why: &str) -> Result<(), Error> {
    let mut tx = site.ports.db.begin().await?;
    jobs::failed(&mut tx, taken, why, site.ports.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends the job, with what became of the proposal if there is something to tell.
async fn end(
    site: &Site,
    cx: &Cx,
    taken: &Taken,
    job: &CallTool,
    told: Option<(ProposalState, Outcome)>,
) -> Result<(), Error> {
    let cx = Cx { now: site.ports.now(), ..cx.clone() };
    let mut tx = site.ports.db.begin().await?;
    if let Some((from, (state, receipt))) = told {
        let to = (state, Some(receipt));
        drafts::move_proposal(&cx, &mut tx, (job.draft, job.number), from, to).await?;
    }
    jobs::done(&mut tx, taken).await?;
    tx.commit().await?;
    Ok(())
}

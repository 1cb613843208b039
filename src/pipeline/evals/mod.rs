//! Running an agent's cases: each is a turn over made-up words that leaves nothing behind but its result and what
//! models answered, so that the same agent gives the same result again.

mod routes;

use std::sync::Arc;

pub use routes::routes;

use crate::agents::Agent;
use crate::agents::cases::{self, Came, Case, Outcome};
use crate::identity::Site;
use crate::pipeline::run::written;
use crate::pipeline::studio::{self, Ground, Said};
use crate::pipeline::turn::Telling;
use crate::pipeline::{Error, Library};
use crate::ports::Cx;
use crate::protocol::BlockerKind;

/// Runs cases with an agent and keeps how they went.
async fn run(
    site: &Site,
    library: &Library,
    cx: &Cx,
    ground: &Ground,
    agent: Arc<Agent>,
    all: &[Case],
) -> Result<Vec<(String, Outcome)>, Error> {
    studio::learn(library, std::slice::from_ref(&agent)).await;
    let mut outcomes = Vec::with_capacity(all.len());
    for case in all {
        let said: Vec<Said> =
            case.said.iter().map(|line| Said { customer: line.customer, text: line.text.clone() }).collect();
        // Days and times are read as they were when the case was written.
        let at = case.at.unwrap_or(cx.now);
        let mut turn = ground.turn(library, cx, agent.clone(), (&said, at), Telling::Trial);
        studio::play(site, library, &mut turn).await?;
        studio::settle(site, &turn, true).await?;
        let written = written(&turn);
        let kinds: Vec<BlockerKind> = written.blockers.iter().map(|blocker| blocker.kind).collect();
        let came = Came { intent: turn.found.intent.as_deref(), text: &written.text, blockers: &kinds };
        let failures = case.expects.failures(&came);
        let passed = failures.is_empty();
        outcomes.push((case.id.clone(), Outcome { passed, failures, text: written.text, at: cx.now }));
    }
    let hash = agent.bundle().hash(&agent.key);
    let mut tx = site.ports.db.begin().await?;
    cases::keep(cx, &mut tx, &hash, &outcomes).await?;
    tx.commit().await?;
    Ok(outcomes)
}

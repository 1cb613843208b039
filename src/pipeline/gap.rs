//! The question of a turn that found no answer: kept, so that somebody can write one.

use crate::knowledge::gaps::Asked;
use crate::pipeline::Library;
use crate::pipeline::library::blocking;
use crate::pipeline::stages::question;
use crate::pipeline::turn::Turn;
use crate::protocol::{BlockerKind, StageName};

/// What nothing answers, if that is how the turn ended.
pub(super) async fn of(library: &Library, turn: &Turn) -> Option<Asked> {
    let blockers = &turn.found.written.blockers;
    if turn.found.steers || !blockers.iter().any(|blocker| blocker.kind == BlockerKind::MissingKnowledge) {
        return None;
    }
    let text = question(&turn.text);
    let (understanding, read) = (library.understanding().clone(), text.clone());
    // Without its meaning the question is compared by its words.
    let vector = blocking(StageName::Draft, move || {
        understanding.embedder().map(|embedder| embedder.embed_one(&read))
    })
    .await
    .ok()
    .flatten();
    Some(Asked {
        conversation: turn.lease.conversation,
        seq: turn.lease.for_seq,
        text,
        language: turn.tongue.code().to_owned(),
        vector,
    })
}

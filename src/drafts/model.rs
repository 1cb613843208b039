//! What a draft is, and which decisions it allows.

use crate::base::{ConversationId, DraftId, Role, StaffId, Timestamp, TurnId};
use crate::drafts::Error;
use crate::protocol::{
    AutopilotMark, Blocker, Citation, Decision, DraftApproval, DraftHint, DraftStatus, DraftView, Proposal,
    Sentence, Support,
};

/// Characters of a draft shown in the inbox.
const GIST_CHARS: usize = 90;

/// A proposed reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its identifier.
    pub id: DraftId,
    /// The conversation it answers.
    pub conversation: ConversationId,
    /// The turn that wrote it.
    pub turn: TurnId,
    /// Rises with every kept edit.
    pub revision: i64,
    /// Where it stands.
    pub status: DraftStatus,
    /// The customer entry it answers.
    pub for_seq: i64,
    /// What the agent wrote.
    pub text: String,
    /// What it says with people's edits.
    pub edited_text: Option<String>,
    /// Who edited it last.
    pub edited_by: Option<StaffId>,
    /// The text that carried edits were made on, while this draft is being written.
    pub carried_base: Option<String>,
    /// That text with people's edits.
    pub carried_edit: Option<String>,
    /// Sources.
    pub citations: Vec<Citation>,
    /// What each sentence rests on.
    pub sentences: Vec<Sentence>,
    /// Why it waits.
    pub blockers: Vec<Blocker>,
    /// The intent it answers.
    pub intent: Option<String>,
    /// How sure the agent is, 0 to 1.
    pub confidence: f64,
    /// The least role that may approve it.
    pub required_role: Option<Role>,
    /// How many different people must approve it.
    pub required_people: i64,
    /// Who has approved the text as it stands.
    pub approvals: Vec<DraftApproval>,
    /// The model that wrote it; none: the built-in engine.
    pub model: Option<String>,
    /// Why the built-in engine wrote it although a model is set up.
    pub fallback: Option<String>,
    /// What is to be done when it is sent.
    pub proposals: Vec<Proposal>,
    /// What autopilot did with it.
    pub autopilot: Option<AutopilotMark>,
    /// Who decided it.
    pub decided_by: Option<StaffId>,
    /// Their name.
    pub decided_by_name: Option<String>,
    /// What they decided.
    pub decision: Option<Decision>,
    /// When it goes out.
    pub send_at: Option<Timestamp>,
    /// The message it became.
    pub sent_seq: Option<i64>,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// What a turn wrote.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// The text.
    pub text: String,
    /// Its sources.
    pub citations: Vec<Citation>,
    /// What each sentence rests on.
    pub sentences: Vec<Sentence>,
    /// Why it waits.
    pub blockers: Vec<Blocker>,
    /// The intent it answers.
    pub intent: Option<String>,
    /// How sure the agent is, 0 to 1.
    pub confidence: f64,
    /// The least role that may approve it.
    pub required_role: Option<Role>,
    /// How many different people must approve it; 0 and 1 are one.
    pub required_people: i64,
    /// The model that wrote it; none: the built-in engine.
    pub model: Option<String>,
    /// Why the built-in engine wrote it although a model is set up.
    pub fallback: Option<String>,
    /// What is to be done when it is sent.
    pub proposals: Vec<Proposal>,
}

impl Draft {
    /// One of which no word is written yet.
    pub(super) fn begun(
        id: DraftId,
        conversation: ConversationId,
        turn: TurnId,
        for_seq: i64,
        at: Timestamp,
    ) -> Draft {
        Draft {
            id,
            conversation,
            turn,
            revision: 1,
            status: DraftStatus::Writing,
            for_seq,
            text: String::new(),
            edited_text: None,
            edited_by: None,
            carried_base: None,
            carried_edit: None,
            citations: Vec::new(),
            sentences: Vec::new(),
            blockers: Vec::new(),
            intent: None,
            confidence: 0.0,
            required_role: None,
            required_people: 1,
            approvals: Vec::new(),
            model: None,
            fallback: None,
            proposals: Vec::new(),
            autopilot: None,
            decided_by: None,
            decided_by_name: None,
            decision: None,
            send_at: None,
            sent_seq: None,
            created_at: at,
        }
    }

    /// The text that would be sent.
    pub fn current_text(&self) -> &str {
        self.edited_text.as_deref().unwrap_or(&self.text)
    }

    /// The draft as staff see it.
    pub fn view(&self) -> DraftView {
        DraftView {
            id: self.id,
            conversation: self.conversation,
            turn: self.turn,
            revision: self.revision,
            status: self.status,
            for_seq: self.for_seq,
            text: self.text.clone(),
            edited_text: self.edited_text.clone(),
            edited_by: self.edited_by,
            hash: hash_text(self.current_text()),
            citations: self.citations.clone(),
            sentences: self.sentences.clone(),
            blockers: self.blockers.clone(),
            intent: self.intent.clone(),
            confidence: self.confidence,
            required_role: self.required_role,
            required_people: self.required_people.max(1),
            approvals: self.approvals.clone(),
            model: self.model.clone(),
            fallback: self.fallback.clone(),
            proposals: self.proposals.clone(),
            autopilot: self.autopilot,
            decided_by: self.decided_by,
            decided_by_name: self.decided_by_name.clone(),
            send_at: self.send_at,
            sent_seq: self.sent_seq,
            created_at: self.created_at,
        }
    }

    /// The draft in an inbox row.
    pub fn hint(&self) -> DraftHint {
        DraftHint {
            id: self.id,
            status: self.status,
            gist: self.gist(),
            waits_because: self.blockers.iter().map(|blocker| blocker.says.clone()).collect(),
        }
    }

    /// What it says, in a few words: the courtesy at its beginning says nothing.
    pub(super) fn gist(&self) -> String {
        let courtesies: Vec<String> = self
            .sentences
            .iter()
            .take_while(|sentence| sentence.support == Support::Phrase)
            .map(|sentence| one_line(&utf16_slice(&self.text, sentence.start, sentence.end)))
            .take_while(|words| !words.ends_with('?'))
            .collect();
        let line = one_line(self.current_text());
        // All of it may be courtesy; then only its first sentence is left out.
        let kept = [courtesies.len(), 1].into_iter().find_map(|count| {
            let courtesy = courtesies.get(..count)?.join(" ");
            let rest = line.strip_prefix(&courtesy)?.trim_start();
            (!rest.is_empty()).then_some(rest)
        });
        gist(kept.unwrap_or(&line))
    }

    /// Refuses a decision unless the draft is pending and as it was shown.
    pub(super) fn check_open(&self, revision: i64, hash: Option<&str>) -> Result<(), Error> {
        match self.status {
            DraftStatus::Pending => {}
            DraftStatus::Writing => return Err(Error::StillWriting),
            status => return Err(Error::AlreadyDecided { by: self.decided_by_name.clone(), status }),
        }
        let same_text = hash.is_none_or(|hash| hash == hash_text(self.current_text()));
        if self.revision != revision || !same_text {
            return Err(Error::Changed);
        }
        Ok(())
    }
}

/// The hash that a decision names: the first 128 bits of BLAKE3, in hex.
pub fn hash_text(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

/// The part of a text between two places, which are counted in UTF-16 code units.
fn utf16_slice(text: &str, start: i64, end: i64) -> String {
    let units = |place: i64| usize::try_from(place).unwrap_or(0);
    let part: Vec<u16> =
        text.encode_utf16().skip(units(start)).take(units(end).saturating_sub(units(start))).collect();
    String::from_utf16_lossy(&part)
}

/// A text without its line breaks.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first words of a text on one line.
pub(super) fn gist(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(GIST_CHARS) {
        None => line,
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
    }
}

/// How much of a text was changed before it was sent: 0 for nothing, 1 for everything, by words.
pub fn edit_distance(written: &str, sent: &str) -> f64 {
    let ratio = similar::TextDiff::from_words(written, sent).ratio();
    f64::from(1.0 - ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Draft {
        use crate::base::Id;
        let now = Timestamp::from_micros(1_763_683_200_000_000);
        let (id, conversation) = (DraftId::from_parts(now, 1), ConversationId::from_parts(now, 2));
        let draft = Draft::begun(id, conversation, TurnId::from_parts(now, 3), 1, now);
        Draft { status: DraftStatus::Pending, ..draft }
    }

    #[test]
    fn a_gist_leaves_the_courtesy_out_and_keeps_a_question() {
        let draft = |text: &str, sentences: &[(&str, Support)]| {
            let mut at = 0;
            let sentences = sentences
                .iter()
                .map(|(words, support)| {
                    let length = words.encode_utf16().count();
                    let start = at;
                    at += length + 1;
                    let place = |unit: usize| i64::try_from(unit).expect("short");
                    Sentence {
                        start: place(start),
                        end: place(start + length),
                        support: *support,
                        citations: Vec::new(),
                    }
                })
                .collect();
            Draft { text: text.to_owned(), sentences, ..empty() }
        };
        let hello = ("Hello Inês 👋, thanks for writing.", Support::Phrase);
        let price = ("A check costs £79.", Support::Cited);
        let written = draft("Hello Inês 👋, thanks for writing. A check costs £79.", &[hello, price]);
        assert_eq!(written.gist(), "A check costs £79.");
        let asks = ("Which day suits you?", Support::Phrase);
        let asking = draft("Hello Inês 👋, thanks for writing. Which day suits you?", &[hello, asks]);
        assert_eq!(asking.gist(), "Which day suits you?");
        let ask = ("I am asking the team.", Support::Phrase);
        let asking = draft("Hello Inês 👋, thanks for writing. I am asking the team.", &[hello, ask]);
        assert_eq!(asking.gist(), "I am asking the team.");
        let only = draft("Hello Inês 👋, thanks for writing.", &[hello]);
        assert_eq!(only.gist(), "Hello Inês 👋, thanks for writing.");
        let edited = Draft { edited_text: Some("Come by today.".to_owned()), ..written };
        assert_eq!(edited.gist(), "Come by today.");
    }

    #[test]
    fn the_distance_is_a_share() {
        assert!(edit_distance("the same", "the same") < 1e-6);
        assert!(edit_distance("one two three", "uno dos tres") > 0.5);
        let small = edit_distance("It costs 79 pounds in all", "It costs 89 pounds in all");
        assert!(small > 0.0 && small < 0.3, "{small}");
    }

    #[test]
    fn a_gist_is_one_short_line() {
        assert_eq!(gist("Hello\n\nthere"), "Hello there");
        assert_eq!(gist(&"ä".repeat(200)).chars().count(), GIST_CHARS + 1);
    }
}

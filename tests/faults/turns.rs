//! A hub that is killed while it works for somebody: at a draft, or reading a document (E5).

use std::time::Duration;

use concierge::base::ConversationId;
use concierge::client::{Http, Socket};
use concierge::protocol::{
    Command, Content, DraftStatus, DraftView, Entry, Joined, Outcome, ServerFrame, Signal, StageName,
    StageState,
};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::hub::{Hub, sign_in};
use crate::senders::{ask, begin};
use crate::{PATIENCE, dice};

/// When, in the middle of a turn, the hub is killed.
#[derive(Debug, Clone, Copy)]
enum Moment {
    Acknowledged,
    Began(StageName),
    Piece(usize),
}

/// Whether a frame says that the moment has come.
fn has_come(moment: Moment, frame: &ServerFrame, pieces: &mut usize) -> bool {
    match (moment, frame) {
        (Moment::Acknowledged, _) => true,
        (Moment::Began(wanted), ServerFrame::Signal(Signal::Stage { stage, state, .. })) => {
            *stage == wanted && *state == StageState::Started
        }
        (Moment::Piece(wanted), ServerFrame::Signal(Signal::DraftDelta { .. })) => {
            *pieces += 1;
            *pieces == wanted
        }
        _ => false,
    }
}

async fn join(socket: &mut Socket, conversation: ConversationId) -> Joined {
    match socket.ask(Command::Join { conversation, after: 0, epoch: None }).await {
        Ok(Outcome::Joined(joined)) => joined,
        other => panic!("{other:?}"),
    }
}

/// Waits for the draft that answers an entry and waits for a person.
pub(crate) async fn pending_draft(staff: &Http, conversation: ConversationId, for_seq: i64) -> DraftView {
    let waits = |draft: &DraftView| draft.status == DraftStatus::Pending && draft.for_seq == for_seq;
    let (mut desk, _) = Socket::staff(staff).await.expect("the desk opens");
    if let Some(draft) = join(&mut desk, conversation).await.draft.filter(|draft| waits(draft)) {
        return *draft;
    }
    let draft = desk.find(PATIENCE, |frame| match frame {
        ServerFrame::Signal(Signal::Draft { draft }) if waits(&draft) => Some(*draft),
        _ => None,
    });
    draft.await.expect("the turn runs again")
}

async fn entries(caller: &Http, conversation: ConversationId) -> Vec<Entry> {
    let page: Value =
        caller.get(&format!("/v1/conversations/{conversation}/entries")).await.expect("the timeline is read");
    serde_json::from_value(page["entries"].clone()).expect("entries")
}

/// Kills the hub at a moment of a turn; afterwards there is one draft, and it can be sent once.
async fn is_killed_at(moment: Moment) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = [
        ("PIPELINE__SETTLE_MS", "10"),
        ("PIPELINE__WORD_MS", "150"),
        ("PIPELINE__LEASE_SECONDS", "1"),
        ("PIPELINE__SWEEP_SECONDS", "1"),
    ];
    let mut hub = Hub::start(folder.path(), &settings).await;
    let staff = sign_in(&hub).await;
    let who = json!({ "name": "Ana Silva" });
    let (customer, visit) = Http::visit(&hub.url, "northgate", who).await.expect("the visit opens");
    let (mut socket, _) = Socket::visitor(&hub.url, &visit.token).await.expect("the socket opens");

    // The conversation is there before, so that the desk can watch the turn from its first stage on.
    let begun = begin(&mut socket, "before").await.expect("taken");
    let conversation = begun.conversation;
    let before = pending_draft(&staff, conversation, begun.seq).await;
    let (mut desk, _) = Socket::staff(&staff).await.expect("the desk opens");
    join(&mut desk, conversation).await;
    let asked =
        ask(&mut socket, Some(conversation), "asked", "How much is a full service?").await.expect("taken");
    if !matches!(moment, Moment::Acknowledged) {
        let mut pieces = 0;
        let came = desk.find(PATIENCE, |frame| has_come(moment, &frame, &mut pieces).then_some(()));
        came.await.unwrap_or_else(|error| panic!("{moment:?}: {error}"));
    }
    hub.kill_and_restart().await;

    let draft = pending_draft(&staff, conversation, asked.seq).await;
    assert_ne!(draft.id, before.id);
    let turns: Vec<Value> =
        staff.get(&format!("/v1/conversations/{conversation}/turns")).await.expect("turns are listed");
    let of_question: Vec<&str> = turns
        .iter()
        .filter(|turn| turn["for_seq"] == json!(asked.seq))
        .filter_map(|turn| turn["status"].as_str())
        .collect();
    // Before the first stage and after the last one the kill may come when there is nothing to interrupt.
    let sure = !matches!(moment, Moment::Acknowledged | Moment::Began(StageName::Gate));
    let interrupted = sure || of_question.len() > 1;
    let expected: &[&str] = if interrupted { &["done", "superseded"] } else { &["done"] };
    assert_eq!(of_question, expected, "{moment:?}: it ran again once");

    // One draft is shown, in the list and in the timeline; nothing of the first run reached anybody.
    let waiting: Value = staff.get("/v1/drafts?limit=100").await.expect("drafts are listed");
    let shown: Vec<&Value> = waiting["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| &item["draft"]["id"])
        .filter(|id| **id == json!(draft.id) || **id == json!(before.id))
        .collect();
    assert_eq!(shown, [&json!(draft.id)], "{moment:?}");
    let proposed = |entries: &[Entry]| {
        let later = entries.iter().filter(|entry| entry.seq > asked.seq);
        later.filter(|entry| matches!(entry.content, Content::DraftProposed { .. })).count()
    };
    assert_eq!(proposed(&entries(&staff, conversation).await), 1, "{moment:?}");

    // It is approved, sent once, and no further draft follows.
    let approval = json!({ "revision": draft.revision, "hash": draft.hash });
    let _: Value = staff.post(&format!("/v1/drafts/{}/approve", draft.id), approval).await.expect("approved");
    let (mut socket, _) = Socket::visitor(&hub.url, &visit.token).await.expect("the socket opens again");
    let seen = join(&mut socket, conversation).await.entries;
    let is_answer = |entry: &Entry| entry.body.as_deref() == Some(draft.text.as_str());
    if !seen.iter().any(is_answer) {
        let answer = socket.find(PATIENCE, |frame| match frame {
            ServerFrame::Event { entry, .. } if is_answer(&entry) => Some(()),
            _ => None,
        });
        answer.await.expect("the customer reads the answer");
    }
    let heard: Vec<Entry> =
        entries(&customer, conversation).await.into_iter().filter(|entry| entry.seq > asked.seq).collect();
    assert_eq!(heard.len(), 1, "{moment:?}: {heard:?}");
    assert_eq!(proposed(&entries(&staff, conversation).await), 1, "{moment:?}: no other draft follows");
    drop(hub);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_was_killed_runs_again_once() {
    let mut rng: StdRng = dice(5);
    let moments = [
        Moment::Acknowledged,
        Moment::Began(StageName::Retrieve),
        Moment::Began(StageName::Draft),
        Moment::Piece(1),
        Moment::Piece(rng.random_range(2..4)),
        Moment::Began(StageName::Gate),
    ];
    // All at once: each has a hub of its own, and mostly waits for the words of its draft.
    let mut runs = tokio::task::JoinSet::new();
    for moment in moments {
        runs.spawn(is_killed_at(moment));
    }
    while let Some(ended) = runs.join_next().await {
        ended.expect("one draft after the crash");
    }
}

/// A PDF of so many pages, each with a line of its own.
fn long_pdf(pages: usize) -> Vec<u8> {
    let mut file = b"%PDF-1.5\n".to_vec();
    let mut places = Vec::new();
    let kids: String = (0..pages).map(|page| format!("{} 0 R ", 4 + 2 * page)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{kids}] /Count {pages} >>"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    for page in 0..pages {
        let text = format!("BT /F1 12 Tf 72 720 Td (Lantern number {page} hangs at the harbour.) Tj ET");
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {} 0 R \
             /Resources << /Font << /F1 3 0 R >> >> >>",
            5 + 2 * page
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()));
    }
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let table = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    file.extend(places.iter().flat_map(|place| format!("{place:010} 00000 n \n").into_bytes()));
    let size = objects.len() + 1;
    file.extend(format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n").bytes());
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_was_being_read_is_read_after_the_kill() {
    const PAGES: usize = 150;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut hub = Hub::start(folder.path(), &[]).await;
    let staff = sign_in(&hub).await;
    let part = reqwest::multipart::Part::bytes(long_pdf(PAGES)).file_name("lanterns.pdf");
    let form = reqwest::multipart::Form::new().part("file", part);
    let request = reqwest::Client::new().post(format!("{}/v1/knowledge/documents/upload", hub.url));
    let answer = request.headers(staff.headers().clone()).multipart(form).send().await.expect("an answer");
    let text = answer.text().await.expect("a body");
    let added: Value = serde_json::from_str(&text).expect("JSON");
    let path = format!("/v1/knowledge/documents/{}", added["id"].as_str().expect("an identifier"));
    let until = async |wanted: &str| {
        let reached = async {
            loop {
                let shown: Value = staff.get(&path).await.expect("the document is shown");
                if shown["status"] == wanted {
                    return shown;
                }
                assert_ne!(shown["status"], "failed", "{shown}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("the document gets there")
    };
    let reading = until("reading").await;
    assert_eq!(reading["version"], 0, "there is no text yet");
    hub.kill_and_restart().await;
    let read = until("ready").await;
    assert_eq!((&read["version"], &read["source"]["page"]), (&json!(1), &json!(PAGES)));
    let found: Value = staff.get("/v1/knowledge/search?q=lantern+149").await.expect("searched");
    assert_eq!(found["hits"][0]["title"], "Lanterns", "{found}");
}

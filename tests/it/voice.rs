//! Voice: product map A5, C2, T7; reliability F4. Listening is done by a server of the test's own that speaks
//! OpenAI's API; a real model listens in `tests/speech.rs`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Multipart, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use concierge::app::Options;
use concierge::base::{Actor, FileId, Role};
use concierge::client::Socket;
use concierge::config::Config;
use concierge::ports::db::Engine;
use concierge::protocol::{
    Attachment, Command, Content, DraftStatus, Entry, Outcome, Posted, ServerFrame, TranscriptState,
};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{
    App, Customer, PATIENCE, approve, call, code, draft, join, next_draft, next_message, ok, on_each_engine,
    on_each_engine_with, summary, timeline,
};

/// "Hello. What are your opening hours on Saturday?"
pub(crate) const WEBM: &[u8] = include_bytes!("../data/speech/hours.webm");
pub(crate) const WAV: &[u8] = include_bytes!("../data/speech/hours.wav");

/// What the server does with a recording.
#[derive(Clone)]
pub(crate) enum Does {
    /// Hears this.
    Hears(Value),
    /// Fails.
    Fails,
    /// Never answers.
    Hangs,
}

/// What was asked of the server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    language: String,
    model: String,
    key: String,
    wav: Vec<u8>,
}

/// A transcription server.
#[derive(Clone)]
pub(crate) struct Listener {
    url: String,
    script: Arc<Mutex<VecDeque<Does>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    called: Arc<Notify>,
}

fn held<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Listener {
    /// Starts a server that does this with one recording after another; the last goes on for ever.
    pub(crate) async fn start(script: &[Does]) -> Listener {
        let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1", socket.local_addr().expect("an address"));
        let listener = Listener {
            url,
            script: Arc::new(Mutex::new(script.iter().cloned().collect())),
            asked: Arc::default(),
            called: Arc::default(),
        };
        let routes = axum::Router::new()
            .route("/v1/audio/transcriptions", axum::routing::post(listen))
            .with_state(listener.clone());
        tokio::spawn(async move { axum::serve(socket, routes).await });
        listener
    }

    pub(crate) fn settings(&self) -> impl Fn(&mut Config, &mut Options) {
        let url = self.url.clone();
        move |config, _| {
            config.speech.url.clone_from(&url);
            "a key".clone_into(&mut config.speech.key);
        }
    }

    /// Waits until the server is asked, if it was not yet since the last time.
    async fn is_called(&self) {
        tokio::time::timeout(PATIENCE, self.called.notified()).await.expect("the server is asked");
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        held(&self.asked).clone()
    }
}

async fn listen(
    State(listener): State<Listener>,
    headers: axum::http::HeaderMap,
    mut form: Multipart,
) -> axum::response::Response {
    let mut asked = Asked::default();
    let key = headers.get("authorization").and_then(|key| key.to_str().ok()).unwrap_or_default();
    key.clone_into(&mut asked.key);
    while let Ok(Some(field)) = form.next_field().await {
        match field.name().unwrap_or_default() {
            "language" => asked.language = field.text().await.expect("a language"),
            "model" => asked.model = field.text().await.expect("a model"),
            "file" => asked.wav = field.bytes().await.expect("a file").to_vec(),
            _ => {}
        }
    }
    held(&listener.asked).push(asked);
    listener.called.notify_one();
    let does = {
        let mut script = held(&listener.script);
        if script.len() > 1 { script.pop_front() } else { script.front().cloned() }
    };
    match does.expect("the server knows what to do") {
        Does::Hears(heard) => axum::Json(heard).into_response(),
        Does::Fails => (StatusCode::INTERNAL_SERVER_ERROR, "out of order").into_response(),
        Does::Hangs => std::future::pending().await,
    }
}

/// An answer with words, of which the last is doubtful.
pub(crate) fn heard(text: &str) -> Does {
    let count = text.split_whitespace().count();
    let words: Vec<Value> = (0..)
        .zip(text.split_whitespace())
        .map(|(index, word)| {
            let start = f64::from(index) / 2.0;
            json!({ "word": word, "start": start, "end": start + 0.4,
                    "probability": if usize::try_from(index) == Ok(count - 1) { 0.31 } else { 0.97 } })
        })
        .collect();
    Does::Hears(json!({ "text": text, "language": "english", "words": words, "duration": 4.1 }))
}

/// Sends a recording as the customer and joins the conversation.
pub(crate) async fn speaks(customer: &mut Customer, name: &str, bytes: &[u8]) -> (Posted, Attachment) {
    let file = customer.http.upload(name, bytes.to_vec()).await.expect("taken");
    let send = Command::Send {
        conversation: customer.conversation,
        client_id: format!("voice-{}", file.id),
        body: String::new(),
        files: vec![file.id],
    };
    let posted = match customer.socket.ask(send).await.expect("posted") {
        Outcome::Posted(posted) => posted,
        other => panic!("{other:?}"),
    };
    if customer.conversation.is_none() {
        customer.conversation = Some(posted.conversation);
        // From before the message: what was heard meanwhile comes with the page.
        join(&mut customer.socket, posted.conversation, 0).await;
    }
    (posted, file)
}

/// Waits until a recording's outcome stands in the timeline.
pub(crate) async fn outcome(app: &App, socket: &mut Socket, posted: &Posted, file: FileId) -> Entry {
    let staff = app.staff(Role::Staff).await;
    let of_file =
        |entry: &Entry| matches!(&entry.content, Content::Transcribed { file: of, .. } if *of == file);
    if let Some(told) = timeline(&staff, posted.conversation).await.into_iter().rfind(of_file) {
        return told;
    }
    let told = socket.find(PATIENCE, |frame| match frame {
        ServerFrame::Event { entry, .. } if of_file(&entry) => Some(entry),
        _ => None,
    });
    told.await.expect("the outcome is told")
}

pub(crate) fn state(entry: &Entry) -> TranscriptState {
    match &entry.content {
        Content::Transcribed { state, .. } => *state,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoken_question_gets_a_transcript_a_draft_and_an_answer() {
    let listener = Listener::start(&[heard("How much is a brake check?")]).await;
    on_each_engine_with(listener.settings(), async |app| {
        let mut desk = app.desk(Role::Staff).await;
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let (posted, file) = speaks(&mut customer, "question.webm", WEBM).await;
        assert_eq!(file.transcript, Some(TranscriptState::Waiting));
        let wave = file.wave.expect("the recording can be drawn");
        assert!((3_900..4_400).contains(&wave.millis) && !wave.cut, "{wave:?}");
        assert!(wave.peaks.len() > 60 && wave.peaks.contains(&100), "{wave:?}");
        join(&mut desk, posted.conversation, 0).await;

        let told = outcome(app, &mut customer.socket, &posted, file.id).await;
        let Content::Transcribed { of, state, words, language, engine, .. } = &told.content else {
            panic!("{told:?}")
        };
        assert_eq!(told.body.as_deref(), Some("How much is a brake check?"));
        assert_eq!((*of, *state, language.as_deref()), (posted.seq, TranscriptState::Done, Some("en")));
        assert_eq!(engine.as_deref(), Some("whisper-1"));
        assert_eq!((words.len(), words[1].start_ms, words[5].confidence), (6, 500, Some(0.31)));

        let pending = app.pending(&staff, posted.conversation).await;
        assert!(!pending.citations.is_empty(), "the answer is found by the words: {}", pending.text);
        assert_eq!(summary(&staff, posted.conversation).await.title, "How much is a brake check");
        let asked = desk.ask(approve(&pending)).await.expect("approved");
        assert!(matches!(asked, Outcome::Held(_)));
        let answer = next_message(&mut customer.socket).await;
        assert_eq!(answer.body.as_deref(), Some(pending.text.as_str()));

        let turn = ok(&staff, "GET", &format!("/v1/turns/{}", pending.turn), None).await;
        assert_eq!(
            (&turn["stages"][0]["stage"], &turn["stages"][0]["summary"]),
            (&json!("transcribe"), &json!("6 words"))
        );
    })
    .await;
    for asked in listener.asked() {
        assert_eq!(
            (asked.language.as_str(), asked.model.as_str(), asked.key.as_str()),
            ("en", "whisper-1", "Bearer a key")
        );
        assert!(asked.wav.starts_with(b"RIFF"), "what was decoded is sent, not what was uploaded");
        assert!((120_000..145_000).contains(&asked.wav.len()), "{}", asked.wav.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_transcribed_says_so_and_blocks_nothing() {
    let listener = Listener::start(&[Does::Fails]).await;
    on_each_engine_with(listener.settings(), async |app| {
        let staff = app.staff(Role::Staff).await;
        // A stream that is none, and a server that is out of order: tried again, then given up.
        for (name, bytes) in
            [("broken.ogg", b"OggS\0\x02 and then nothing that is Opus".as_slice()), ("good.wav", WAV)]
        {
            let mut customer = app.customer().await;
            let (posted, file) = speaks(&mut customer, name, bytes).await;
            assert_eq!(file.wave.is_some(), name == "good.wav");
            // Another message of the same customer is not held up for ever, nor is anybody else's.
            let told = outcome(app, &mut customer.socket, &posted, file.id).await;
            assert_eq!((state(&told), told.body.as_deref()), (TranscriptState::Failed, None), "{name}");
            let pending = app.pending(&staff, posted.conversation).await;
            assert!(pending.text.contains("A colleague will look"), "{}", pending.text);
            let turn = ok(&staff, "GET", &format!("/v1/turns/{}", pending.turn), None).await;
            assert_eq!(turn["stages"][0]["summary"], "could not transcribe");
            let kept = call(&customer.http, "GET", &format!("/v1/files/{}", file.id), None).await;
            assert_eq!(kept.status, 200);
        }
    })
    .await;
    assert_eq!(listener.asked().len(), 4, "two attempts on each engine; what is unreadable is not sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_runs_the_turn_again_and_a_machine_never_takes_it_back() {
    let listener = Listener::start(&[heard("How much is a bread check?")]).await;
    on_each_engine_with(listener.settings(), async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut desk = app.desk(Role::Staff).await;
        let mut customer = app.customer().await;
        let (posted, file) = speaks(&mut customer, "question.wav", WAV).await;
        outcome(app, &mut customer.socket, &posted, file.id).await;
        let first = app.pending(&staff, posted.conversation).await;
        join(&mut desk, posted.conversation, 0).await;

        let right = "How much is a brake check?".to_owned();
        let correct = Command::CorrectTranscript { file: file.id, text: right.clone() };
        assert_eq!(code(customer.socket.ask(correct.clone()).await), "forbidden");
        desk.ask(correct).await.expect("corrected");
        let second = loop {
            let draft = next_draft(&mut desk).await;
            if draft.id != first.id {
                break draft;
            }
        };
        assert!(!second.citations.is_empty(), "{}", second.text);
        assert_eq!(draft(&staff, first.id).await.status, DraftStatus::Superseded);
        let told = timeline(&customer.http, posted.conversation).await;
        let last =
            told.iter().rfind(|entry| matches!(entry.content, Content::Transcribed { .. })).expect("told");
        assert_eq!((state(last), last.body.as_deref()), (TranscriptState::Corrected, Some(right.as_str())));
        assert!(matches!(last.actor, Actor::Staff { .. }));

        // Once the business has answered, a correction is only a correction.
        let path = format!("/v1/conversations/{}/messages", posted.conversation);
        ok(&staff, "POST", &path, Some(json!({ "client_id": "answer", "body": "It costs £25." }))).await;
        let path = format!("/v1/files/{}/transcript", file.id);
        let put =
            call(&staff, "PUT", &path, Some(json!({ "text": "How much is a full brake check?" }))).await;
        assert_eq!(put.status, 204, "{put:?}");
        app.settle().await;
        assert!(summary(&staff, posted.conversation).await.draft.is_none());
        let empty = call(&staff, "PUT", &path, Some(json!({ "text": "  " }))).await;
        assert_eq!(empty.problem(), (422, "empty_text".to_owned()));
        let visitor = call(&customer.http, "PUT", &path, Some(json!({ "text": "Mine" }))).await;
        assert_eq!(visitor.problem().0, 401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_takes_up_what_was_being_listened_to() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let listener = Listener::start(&[Does::Hangs, heard("How much is a brake check?")]).await;
        let settings = listener.settings();
        let app =
            App::start(engine, &|config: &mut Config, options: &mut Options| settings(config, options)).await;
        let mut customer = app.customer().await;
        let (posted, file) = speaks(&mut customer, "question.wav", WAV).await;
        listener.is_called().await;
        let token = customer.visit.token.clone();
        let app = app.restart().await;
        let (mut socket, _) = Socket::visitor(&app.url(), &token).await.expect("the customer comes back");
        join(&mut socket, posted.conversation, 0).await;
        let told = outcome(&app, &mut socket, &posted, file.id).await;
        assert_eq!(told.body.as_deref(), Some("How much is a brake check?"));
        let staff = app.staff(Role::Staff).await;
        assert!(!app.pending(&staff, posted.conversation).await.citations.is_empty());
        app.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleagues_voice_note_is_transcribed_and_begins_no_turn() {
    let listener = Listener::start(&[heard("Bring it in on Monday.")]).await;
    on_each_engine_with(listener.settings(), async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("When can I come?").await.conversation;
        let file = staff.upload("note.wav", WAV.to_vec()).await.expect("taken");
        let message = json!({ "client_id": "note", "body": "", "files": [file.id] });
        let path = format!("/v1/conversations/{conversation}/messages");
        let posted = ok(&staff, "POST", &path, Some(message)).await;
        let posted = Posted { conversation, seq: posted["seq"].as_i64().expect("a seq"), duplicate: false };
        let told = outcome(app, &mut customer.socket, &posted, file.id).await;
        assert_eq!(
            (state(&told), told.body.as_deref()),
            (TranscriptState::Done, Some("Bring it in on Monday."))
        );
        app.settle().await;
        assert!(summary(&staff, conversation).await.draft.is_none(), "nobody answers a colleague");
        let played = call(&customer.http, "GET", &format!("/v1/files/{}/wav", file.id), None).await;
        assert_eq!((played.status, played.content_type.as_str()), (200, "audio/wav"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn voicemail_arrives_as_the_callers_voice_message() {
    let listener = Listener::start(&[heard("How much is a brake check?")]).await;
    on_each_engine_with(listener.settings(), async |app| {
        let staff = app.staff(Role::Staff).await;
        let leave = async |client_id: &str, bytes: &[u8]| {
            let part = reqwest::multipart::Part::bytes(bytes.to_vec()).file_name("message.wav");
            let form = reqwest::multipart::Form::new()
                .part("file", part)
                .text("phone", "+44 20 7946 0018")
                .text("name", "Joan Bell")
                .text("client_id", client_id.to_owned());
            let request = reqwest::Client::new()
                .post(format!("{}/v1/voicemails", app.url()))
                .headers(staff.headers().clone())
                .multipart(form);
            crate::support::Answer::of(request.send().await.expect("the hub answers")).await
        };
        let first = leave("call-1", WAV).await;
        assert_eq!(first.status, 201, "{first:?}");
        let posted: Posted = serde_json::from_str(&first.text).expect("posted");
        let row = summary(&staff, posted.conversation).await;
        assert_eq!(row.contact.name, "Joan Bell");
        let pending = app.pending(&staff, posted.conversation).await;
        assert!(!pending.citations.is_empty(), "{}", pending.text);
        let again = leave("call-1", WAV).await;
        assert_eq!((again.status, again.json()["duplicate"].as_bool()), (200, Some(true)));
        let second: Posted = serde_json::from_str(&leave("call-2", WAV).await.text).expect("posted");
        assert_eq!(second.conversation, posted.conversation, "a caller of before is found by the number");
        let no_sound = leave("call-3", b"just words").await;
        assert_eq!(no_sound.problem(), (415, "unsupported_file".to_owned()));
        app.pending(&staff, posted.conversation).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_engine_the_hub_says_what_is_missing_and_what_works() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let status = ok(&staff, "GET", "/v1/speech", None).await;
        assert_eq!((&status["ready"], &status["local"]["ready"]), (&json!(false), &json!(false)));
        let advice = status["advice"].as_str().expect("advice");
        assert!(advice.contains("can be played") && advice.contains("speech.url"), "{advice}");
        let customer = app.customer().await;
        let file = customer.http.upload("question.webm", WEBM.to_vec()).await.expect("taken");
        assert_eq!(file.transcript, Some(TranscriptState::NotTranscribed));
        let range = reqwest::Client::new()
            .get(format!("{}/v1/files/{}/wav", app.url(), file.id))
            .headers(customer.http.headers().clone())
            .header("range", "bytes=0-3");
        let part = range.send().await.expect("the hub answers");
        assert_eq!(part.status().as_u16(), 206);
        assert_eq!(part.bytes().await.expect("bytes").as_ref(), b"RIFF");
    })
    .await;
}

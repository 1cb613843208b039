//! Meanings of passages: made in the background, searched beside the words, never more than a help.

use concierge::app::Options;
use concierge::base::Role;
use concierge::client::Http;
use concierge::config::Config;
use concierge::ports::db::Engine;
use concierge::protocol::DraftStatus;
use serde_json::{Value, json};

use crate::support::{
    App, EMBEDDER_KEY, EmbedderDouble, Mood, QDRANT_KEY, QdrantDouble, call, draft, eventually, ok,
    on_each_engine_with, summary, until,
};

const DOCUMENTS: &str = "/v1/knowledge/documents";
const INDEX: &str = "/v1/knowledge/index";

fn asks(server: &EmbedderDouble) -> impl Fn(&mut Config, &mut Options) {
    let url = server.url.clone();
    move |config, _| {
        config.embeddings.url = url.clone();
        config.embeddings.model = "meanings".to_owned();
        config.embeddings.key = EMBEDDER_KEY.to_owned();
        config.embeddings.question_ms = 2_000;
        config.embeddings.batch_seconds = 6;
    }
}

async fn add(owner: &Http, title: &str, body: &str) -> String {
    let new = json!({ "title": title, "body": body, "language": "en" });
    let added = ok(owner, "POST", DOCUMENTS, Some(new)).await;
    added["id"].as_str().expect("an identifier").to_owned()
}

async fn search(who: &Http, question: &str) -> Value {
    ok(who, "GET", &format!("/v1/knowledge/search?q={}", question.replace(' ', "%20")), None).await
}

fn titles(found: &Value) -> Vec<&str> {
    let hits = found["hits"].as_array().expect("hits");
    hits.iter().map(|hit| hit["title"].as_str().expect("a title")).collect()
}

/// Waits until the index says something.
async fn status_when(who: &Http, holds: impl Fn(&Value) -> bool) -> Value {
    eventually("the index", async || Some(ok(who, "GET", INDEX, None).await).filter(|status| holds(status)))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_found_by_its_meaning_and_gone_at_once_when_deleted() {
    let server = EmbedderDouble::start().await;
    on_each_engine_with(asks(&server), async |app| {
        let owner = app.staff(Role::Owner).await;
        let stranger = app.staff_of("beta", Role::Owner).await;
        let id = add(&owner, "Pets", "Every puppy stays in the garden.").await;
        app.settle().await;
        let status = ok(&owner, "GET", INDEX, None).await;
        assert_eq!(
            (&status["state"], &status["embedded"], &status["passages"]),
            (&json!("ready"), &json!(3), &json!(3))
        );
        assert_eq!(
            (&status["model"], &status["dimension"], &status["index"]),
            (&json!("meanings"), &json!(8), &json!("local"))
        );

        // No word is shared: only the meaning can find it.
        let found = search(&owner, "hound").await;
        assert_eq!(titles(&found)[..1], ["Pets"], "{found}");
        assert_eq!(found["by"], "words and meaning");
        let score = found["hits"][0]["score"].as_f64().expect("a number");
        assert!(score > 0.5 && score <= 1.0, "{found}");
        assert_eq!(
            titles(&search(&owner, "automobile").await).iter().position(|title| *title == "Pets"),
            None
        );
        assert!(!titles(&search(&stranger, "hound").await).contains(&"Pets"), "beta has no such document");

        // The exact title comes first, whatever else means the same.
        add(&owner, "Dogs and puppies", "A dog is a dog is a dog, and so is a puppy and a hound.").await;
        app.settle().await;
        assert_eq!(titles(&search(&owner, "pets?").await)[..1], ["Pets"]);

        assert_eq!(call(&owner, "DELETE", &format!("{DOCUMENTS}/{id}"), None).await.status, 204);
        assert!(!titles(&search(&owner, "hound").await).contains(&"Pets"), "gone with the answer");
        app.settle().await;
        assert_eq!(ok(&owner, "GET", INDEX, None).await["passages"], 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_decide_alone_while_the_embedder_is_down() {
    let server = EmbedderDouble::start().await;
    on_each_engine_with(asks(&server), async |app| {
        let owner = app.staff(Role::Owner).await;
        app.settle().await;
        for (mood, why) in
            [(Mood::Down, "warming up"), (Mood::Nonsense, "not usable"), (Mood::Silent, "no answer in time")]
        {
            server.becomes(mood);
            // Another question each time: what was asked before is remembered.
            let found = search(&owner, &format!("brake check {why}")).await;
            assert_eq!(titles(&found)[..1], ["Brakes"], "{found}");
            assert_eq!(found["by"], "words");
            assert!(found["because"].as_str().is_some_and(|because| because.contains(why)), "{found}");
            server.becomes(Mood::Well);
            // It is left alone for a while after a failure: an answer clears that.
            until("the embedder is asked again", async || {
                search(&owner, "when are you open").await["by"] != "words"
            })
            .await;
        }

        server.becomes(Mood::Down);
        add(&owner, "Umbrellas", "We lend one to everybody.").await;
        let status = status_when(&owner, |status| status["last_error"].is_string()).await;
        assert_eq!((&status["state"], &status["waiting"]), (&json!("building"), &json!(1)));
        assert!(
            status["last_error"].as_str().is_some_and(|error| error.contains("embedder is down")),
            "{status}"
        );
        assert_eq!(titles(&search(&owner, "umbrellas").await)[..1], ["Umbrellas"], "words find it at once");

        // A turn says in its trace what was compared, and why no more.
        let mut customer = app.customer().await;
        let conversation = customer.says("How much is a brake check?").await.conversation;
        let hint = eventually("a draft", async || {
            summary(&owner, conversation).await.draft.filter(|hint| hint.status == DraftStatus::Pending)
        });
        let draft = draft(&owner, hint.await.id).await;
        let turn = ok(&owner, "GET", &format!("/v1/turns/{}", draft.turn), None).await;
        assert!(draft.text.contains("£79"), "{}: {turn:#}", draft.text);
        let retrieved =
            turn["stages"].as_array().expect("stages").iter().find(|stage| stage["stage"] == "retrieve");
        let output = &retrieved.expect("a stage")["output"];
        assert_eq!(output["compared"], "words", "{output}");
        assert!(
            output["because"].as_str().is_some_and(|because| because.contains("embedder is down")),
            "{output}"
        );

        server.becomes(Mood::Well);
        let status = status_when(&owner, |status| status["state"] == "ready").await;
        assert_eq!((&status["last_error"], &status["failed"]), (&Value::Null, &json!(0)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_the_model_refuses_is_counted_and_the_others_are_made() {
    let server = EmbedderDouble::start().await;
    on_each_engine_with(asks(&server), async |app| {
        let owner = app.staff(Role::Owner).await;
        add(&owner, "Secrets", "This is unspeakable.").await;
        add(&owner, "Pets", "Every puppy stays in the garden.").await;
        app.settle().await;
        let status = ok(&owner, "GET", INDEX, None).await;
        assert_eq!(
            (&status["embedded"], &status["failed"], &status["waiting"]),
            (&json!(3), &json!(1), &json!(0))
        );
        assert_eq!(titles(&search(&owner, "hound").await)[..1], ["Pets"]);
        assert_eq!(titles(&search(&owner, "secrets").await)[..1], ["Secrets"]);
        let viewer = app.staff(Role::Viewer).await;
        let retry = format!("{INDEX}/retry");
        assert_eq!(call(&viewer, "POST", &retry, None).await.problem().0, 403);
        assert_eq!(call(&owner, "POST", &retry, None).await.status, 202);
        app.settle().await;
        assert_eq!(ok(&owner, "GET", INDEX, None).await["failed"], 1, "tried again, refused again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_model_makes_all_vectors_anew_after_a_restart() {
    let server = EmbedderDouble::start().await;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let app = App::start(engine, asks(&server)).await;
        let owner = app.staff(Role::Owner).await;
        add(&owner, "Pets", "Every puppy stays in the garden.").await;
        app.settle().await;
        let before = server.embedded();
        let app = app.restart().await;
        app.settle().await;
        let owner = app.staff(Role::Owner).await;
        assert_eq!(ok(&owner, "GET", INDEX, None).await["embedded"], 3);
        assert_eq!(titles(&search(&owner, "a hound").await)[..1], ["Pets"]);
        assert_eq!(server.embedded(), before + 1, "after a restart only the question is embedded");

        let app = app.restart_with(|config| config.embeddings.model = "meanings-wide".to_owned()).await;
        let owner = app.staff(Role::Owner).await;
        let status = status_when(&owner, |status| status["state"] == "ready").await;
        assert_eq!((&status["model"], &status["dimension"]), (&json!("meanings-wide"), &json!(9)));
        assert_eq!((&status["passages"], &status["embedded"]), (&json!(3), &json!(3)));
        assert_eq!(titles(&search(&owner, "a hound").await)[..1], ["Pets"]);
        app.finish().await;
    }
    assert_eq!(server.models(), ["meanings", "meanings-wide"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_with_qdrant_finds_and_forgets_the_same() {
    let (server, qdrant) = (EmbedderDouble::start().await, QdrantDouble::start().await);
    let both = |config: &mut Config, options: &mut Options| {
        asks(&server)(config, options);
        config.vectors.qdrant = qdrant.url.clone();
        config.vectors.qdrant_key = QDRANT_KEY.to_owned();
    };
    on_each_engine_with(both, async |app| {
        let owner = app.staff(Role::Owner).await;
        app.settle().await;
        let there = qdrant.passages();
        let id = add(&owner, "Pets", "Every puppy stays in the garden.").await;
        app.settle().await;
        assert_eq!(qdrant.passages(), there + 1);
        assert_eq!(ok(&owner, "GET", INDEX, None).await["index"], "qdrant");
        let found = search(&owner, "hound").await;
        assert_eq!((titles(&found)[0], &found["by"]), ("Pets", &json!("words and meaning")), "{found}");
        assert_eq!(call(&owner, "DELETE", &format!("{DOCUMENTS}/{id}"), None).await.status, 204);
        assert!(!titles(&search(&owner, "hound").await).contains(&"Pets"), "gone with the answer");
        app.settle().await;
        assert_eq!(qdrant.passages(), there, "and soon from the copy");

        // A server that lost its disk is filled again from the rows in the store.
        qdrant.lose_everything();
        let found = search(&owner, "brake check").await;
        assert_eq!((titles(&found)[0], &found["by"]), ("Brakes", &json!("words")), "{found}");
        assert_eq!(call(&owner, "POST", &format!("{INDEX}/retry"), None).await.status, 202);
        app.settle().await;
        assert_eq!(search(&owner, "brake check").await["by"], "words and meaning");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_in_the_binary_finds_what_words_do_not() {
    let with_model = |config: &mut Config, _: &mut Options| config.understanding.sentence_model = true;
    on_each_engine_with(with_model, async |app| {
        let owner = app.staff(Role::Owner).await;
        add(&owner, "Courtesy cars", "We lend you a vehicle while yours is being repaired.").await;
        add(&owner, "Coffee", "There is a machine in the waiting room.").await;
        app.settle().await;
        let status = ok(&owner, "GET", INDEX, None).await;
        assert_eq!((&status["model"], &status["dimension"]), (&json!("all-MiniLM-L6-v2-q4"), &json!(384)));
        let found = search(&owner, "can I borrow an automobile meanwhile").await;
        assert_eq!(titles(&found)[..1], ["Courtesy cars"], "{found}");
        let mut customer = app.customer().await;
        let conversation = customer.says("Do you have an automobile that I could borrow?").await.conversation;
        let draft = app.pending(&owner, conversation).await;
        let turn = ok(&owner, "GET", &format!("/v1/turns/{}", draft.turn), None).await;
        let retrieved =
            turn["stages"].as_array().expect("stages").iter().find(|stage| stage["stage"] == "retrieve");
        let retrieved = retrieved.expect("a stage");
        assert_eq!(retrieved["output"]["passages"][0]["title"], "Courtesy cars", "{retrieved}");
        assert_eq!(retrieved["model"], "all-MiniLM-L6-v2-q4");
    })
    .await;
}

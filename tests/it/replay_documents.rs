//! Replays under edited documents: what they tell is what happens once the documents are changed.

use concierge::base::Role;
use concierge::client::Http;
use serde_json::{Value, json};

use crate::models::with;
use crate::support::{
    App, Demo, ModelDouble, Script, all_said, bytes, call, ok, on_each_engine, on_each_engine_with, replayed,
};

const DOCUMENTS: &str = "/v1/knowledge/documents";

/// Two customers ask, and nobody answers yet.
async fn past(app: &App) {
    for asks in ["How much is a brake check?", "When are you open on Friday?"] {
        let posted = app.customer().await.says(asks).await;
        app.pending(&app.staff(Role::Staff).await, posted.conversation).await;
    }
    app.settle().await;
}

fn about<'a>(items: &'a [Value], word: &str) -> &'a Value {
    let asks = |item: &&Value| item["asked"].as_str().is_some_and(|asked| asked.contains(word));
    items.iter().find(asks).expect("it is there")
}

/// What each message leads to with the change, by conversation and place.
fn led_to(told: &[Value], side: &str) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = told
        .iter()
        .map(|item| {
            let outcome = item.get(side).unwrap_or(&item["before"]);
            (format!("{} {}", item["conversation"], item["seq"]), outcome.to_string())
        })
        .collect();
    all.sort();
    all
}

/// A document by its title, whole.
async fn document(caller: &Http, title: &str) -> Value {
    let listed = ok(caller, "GET", &format!("{DOCUMENTS}?limit=200"), None).await;
    let items = listed["items"].as_array().expect("documents");
    let found = items.iter().find(|one| one["title"] == title).unwrap_or_else(|| panic!("{title}: {listed}"));
    let id = found["id"].as_str().expect("an identifier");
    ok(caller, "GET", &format!("{DOCUMENTS}/{id}"), None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_document_changes_what_rests_on_it_and_nothing_else() {
    on_each_engine(async |app| {
        past(app).await;
        let manager = app.staff(Role::Manager).await;
        let brakes = document(&manager, "Brakes").await;
        let edited = |body: &str| json!({ "documents": [{ "document": brakes["id"], "body": body }] });

        let told = replayed(&manager, edited("A brake check costs £99 and takes about 40 minutes.")).await;
        let item = about(&told, "brake");
        assert_eq!(item["differs"], json!(["text"]), "{item}");
        let (before, after) = (&item["before"]["text"], &item["after"]["text"]);
        assert!(before.as_str().is_some_and(|text| text.contains("£79")), "{before}");
        let expected = before.as_str().map(|text| text.replace("£79", "£99"));
        assert_eq!(after.as_str(), expected.as_deref());
        assert_eq!(about(&told, "open")["differs"], json!([]));

        // The live knowledge is what it was; the same text is no change.
        assert_eq!(document(&manager, "Brakes").await, brakes);
        let same = replayed(&manager, edited(brakes["body"].as_str().expect("a text"))).await;
        assert!(same.iter().all(|item| item["differs"] == json!([])), "{same:?}");

        // A new title alone changes what is cited; a document that is not there yet is cited too.
        let titled =
            json!({ "documents": [{ "document": brakes["id"], "title": "Brake checks and prices" }] });
        let told = replayed(&manager, titled).await;
        assert_eq!(about(&told, "brake")["after"]["sources"], json!(["Brake checks and prices"]));
        let friday = "On Friday we are open from 7 in the morning until 9 in the evening.";
        let added = json!({ "documents": [{ "title": "Late Friday", "body": friday, "language": "en" }] });
        let told = replayed(&manager, added).await;
        let sources = &about(&told, "open")["after"]["sources"];
        assert!(sources.as_array().is_some_and(|all| all.contains(&json!("Late Friday"))), "{told:?}");
        assert_eq!(about(&told, "brake")["differs"], json!([]));

        // What is wrong is said, and another business's document is none.
        let stranger = app.staff_of("beta", Role::Manager).await;
        let foreign = document(&stranger, "Brakes").await;
        let twice =
            json!([{ "document": brakes["id"], "body": "a" }, { "document": brakes["id"], "body": "b" }]);
        for (change, status) in [
            (json!({ "documents": [{ "document": foreign["id"], "body": "x" }] }), 404),
            (json!({ "documents": twice }), 422),
            (json!({ "documents": [{ "document": brakes["id"], "body": "  " }] }), 422),
            (json!({ "documents": [{ "title": "No text" }] }), 422),
            (json!({ "documents": [{ "document": brakes["id"], "language": "klingon" }] }), 422),
            (
                json!({ "documents": [{ "document": brakes["id"], "body": "x" }],
                    "without_documents": [brakes["id"]] }),
                422,
            ),
        ] {
            let refused = call(&manager, "POST", "/v1/replay", Some(json!({ "change": change }))).await;
            assert_eq!(refused.status, status, "{change} {refused:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_shown_the_edited_text_and_asked_once() {
    let model = ModelDouble::start(|request, _| {
        let price = if all_said(request).contains("£99") { "£99" } else { "£79" };
        Script::Says(format!("A brake check costs {price} [1]. Which day suits you?"))
    })
    .await;
    on_each_engine_with(with(&[("local", &model)]), async |app| {
        model.forget();
        let manager = app.staff(Role::Manager).await;
        let posted = app.customer().await.says("How much is a brake check?").await;
        app.pending(&manager, posted.conversation).await;
        app.settle().await;
        let brakes = document(&manager, "Brakes").await;
        let asked = model.asked().len();
        let edit =
            json!([{ "document": brakes["id"], "body": "A brake check costs £99 and takes an hour." }]);

        // Nobody is asked unless that is wanted.
        let told = replayed(&manager, json!({ "documents": edit })).await;
        let after = &told[0]["after"];
        assert!(after["fallback"].as_str().is_some_and(|why| why.contains("no model was given")), "{after}");
        assert_eq!(model.asked().len(), asked);

        let change = json!({ "documents": edit, "ask_models": true });
        let told = replayed(&manager, change.clone()).await;
        assert_eq!(told[0]["differs"], json!(["text"]), "{told:?}");
        assert_eq!(told[0]["as_recorded"], json!(true));
        assert!(told[0]["after"]["text"].as_str().is_some_and(|text| text.contains("£99")), "{told:?}");
        assert_eq!(model.asked().len(), asked + 1, "what is on record is not asked for");
        let again = replayed(&manager, change).await;
        assert_eq!(bytes(&told), bytes(&again));
        assert_eq!(model.asked().len(), asked + 1, "the answer was kept");
        let usage = ok(&manager, "GET", "/v1/models", None).await;
        assert!(usage.to_string().contains("prompt_tokens"), "it is counted: {usage}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_replay_tells_of_the_demo_is_what_happens_once_its_documents_are_changed() {
    let demo = Demo::start(|config, _| config.understanding.sentence_model = true).await;
    let marta = &demo.marta;
    let listed = ok(marta, "GET", &format!("{DOCUMENTS}?limit=200"), None).await;
    let titles: Vec<&str> = listed["items"]
        .as_array()
        .expect("documents")
        .iter()
        .filter_map(|one| one["title"].as_str())
        .collect();
    let mut edited = Vec::new();
    for title in &titles {
        let one = document(marta, title).await;
        let body = one["body"].as_str().expect("a text");
        // Every price of some documents, and a document whose first half is gone.
        let other = match edited.len() {
            0..3 if body.contains('£') => body.replace('£', "£1"),
            3 => body.lines().skip(body.lines().count() / 2).collect::<Vec<_>>().join("\n"),
            _ => continue,
        };
        edited.push(
            json!({ "document": one["id"], "title": title, "body": other, "language": one["language"] }),
        );
    }
    assert_eq!(edited.len(), 4, "{titles:?}");
    let gone = listed["items"]
        .as_array()
        .expect("documents")
        .iter()
        .find(|one| edited.iter().all(|edit| edit["document"] != one["id"]));
    let gone = gone.expect("one is left")["id"].as_str().expect("an identifier").to_owned();
    let new = json!({ "title": "Snow", "body": "When it snows we open at 10.", "language": "en" });
    let documents = [edited.clone(), vec![new.clone()]].concat();
    let change = json!({ "documents": documents, "without_documents": [gone] });

    let told = replayed(marta, change.clone()).await;
    let again = replayed(marta, change).await;
    assert_eq!(bytes(&told), bytes(&again), "byte for byte");
    let differ = told.iter().filter(|item| item["differs"] != json!([])).count();
    assert!(differ > 0 && differ < told.len(), "{differ} of {}", told.len());

    for edit in edited {
        let id = edit["document"].as_str().expect("an identifier");
        let body = json!({ "title": edit["title"], "body": edit["body"], "language": edit["language"] });
        ok(marta, "PUT", &format!("{DOCUMENTS}/{id}"), Some(body)).await;
    }
    assert_eq!(call(marta, "DELETE", &format!("{DOCUMENTS}/{gone}"), None).await.status, 204);
    ok(marta, "POST", DOCUMENTS, Some(new)).await;
    demo.settle().await;
    let now = replayed(marta, json!({})).await;
    assert_eq!(led_to(&told, "after"), led_to(&now, "before"));
    demo.node.stop().await;
}

//! Drafts by a model: its words as they come, its sources, what it costs, and who says stop.

use concierge::app::Options;
use concierge::base::Role;
use concierge::config::{Config, ModelProvider};
use concierge::protocol::{Command, DraftStatus, DraftView, ServerFrame, Signal, Support};
use serde_json::{Value, json};

use crate::support::{
    ModelDouble, PATIENCE, Script, all_said, approve, call, draft, join, next_draft, ok, on_each_engine_with,
    summary,
};

/// What the model says of a brake check.
const ANSWER: &str = "Hello Ana. A brake check costs £79 [1]. Which day suits you?";

/// Settings with these providers, in this order.
pub fn with(models: &[(&str, &ModelDouble)]) -> impl Fn(&mut Config, &mut Options) + use<> {
    let models: Vec<(String, String)> =
        models.iter().map(|(name, double)| ((*name).to_owned(), double.url.clone())).collect();
    move |config, _| {
        for (name, url) in &models {
            let provider = ModelProvider {
                address: url.clone(),
                model: format!("{name}-model"),
                key: "a secret key".replace(' ', "-"),
                tools: true,
                temperature: 0.2,
                input_price: 2.0,
                output_price: 10.0,
            };
            config.models.providers.insert(name.clone(), provider);
        }
        config.models.order = models.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(",");
        config.models.retries = 0;
    }
}

/// The next pieces of a draft up to its end, and the draft.
async fn watch(desk: &mut concierge::client::Socket) -> (String, DraftView) {
    let mut text = String::new();
    loop {
        let frame = desk.find(PATIENCE, |frame| match frame {
            ServerFrame::Signal(signal) => Some(signal),
            _ => None,
        });
        match frame.await.expect("a signal comes") {
            Signal::DraftDelta { offset, text: piece, .. } => {
                if offset == 0 {
                    text.clear();
                }
                assert_eq!(
                    offset,
                    i64::try_from(text.encode_utf16().count()).expect("short"),
                    "{text} + {piece}"
                );
                text.push_str(&piece);
            }
            Signal::Draft { draft } if draft.status == DraftStatus::Pending => return (text, *draft),
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_drafts_with_its_sources_and_a_person_sends() {
    let model = ModelDouble::start(|request, _| {
        assert_eq!((&request["model"], &request["stream"]), (&json!("local-model"), &json!(true)));
        assert!(request["tools"].as_array().is_some_and(|tools| tools.len() == 5), "{request}");
        Script::Says(ANSWER.to_owned())
    })
    .await;
    let set = with(&[("local", &model)]);
    let slowly = move |config: &mut Config, options: &mut Options| {
        set(config, options);
        // The desk joins before the turn begins.
        config.pipeline.settle_ms = 1_500;
    };
    on_each_engine_with(slowly, async |app| {
        model.forget();
        let staff = app.staff(Role::Manager).await;
        let mut desk = app.desk(Role::Staff).await;
        let mut ana = app.customer().await;
        let posted = ana.says("Hello, how much is a brake check?").await;
        join(&mut desk, posted.conversation, 0).await;
        let (shown, written) = watch(&mut desk).await;
        let plain = "Hello Ana. A brake check costs £79. Which day suits you?";
        assert_eq!((shown.as_str(), written.text.as_str()), (plain, plain));
        assert_eq!((written.model.as_deref(), written.fallback.as_deref()), (Some("local-model"), None));
        assert_eq!(written.citations.len(), 1);
        assert_eq!(
            (written.citations[0].number, written.citations[0].title.as_str()),
            (1, "Brakes"),
            "{written:?}"
        );
        let supports: Vec<Support> = written.sentences.iter().map(|sentence| sentence.support).collect();
        assert_eq!(supports, [Support::Phrase, Support::Cited, Support::Phrase]);

        // Nothing was sent: the customer hears it after the approval, as it was shown.
        assert_eq!(
            summary(&staff, posted.conversation).await.last_message.map(|last| last.text),
            Some("Hello, how much is a brake check?".to_owned())
        );
        desk.ask(approve(&written)).await.expect("it is approved");
        assert_eq!(ana.hears().await.body.as_deref(), Some(plain));

        // What it was given and what it used can be seen, by this business only.
        app.settle().await;
        let turn = ok(&staff, "GET", &format!("/v1/turns/{}", written.turn), None).await;
        let prompt = turn["prompt"].as_str().expect("a prompt");
        assert!(prompt.contains("A brake check costs £79") && prompt.contains("how much is a brake check?"));
        let used = &turn["uses"][0];
        assert_eq!(
            (
                &used["prompt_tokens"],
                &used["answer_tokens"],
                &used["estimated"],
                &used["cost"],
                &used["outcome"]
            ),
            (&json!(500), &json!(40), &json!(false), &json!(1_400), &json!("answered")),
            "{turn}"
        );
        assert_eq!(turn["stages"][5]["model"], "local-model");
        assert_eq!(turn["stages"][5]["prompt_hash"], used["prompt_hash"]);
        let models = ok(&staff, "GET", "/v1/models", None).await;
        assert_eq!(models["used"]["today"]["cost"], 1_400, "{models}");
        assert_eq!(models["used"]["by_intent"][0]["prompt_tokens"], 500, "{models}");
        assert_eq!(models["providers"][0]["standing"], "ready");
        assert!(!models.to_string().contains("secret"), "{models}");
        let stranger = app.staff_of("beta", Role::Owner).await;
        assert_eq!(ok(&stranger, "GET", "/v1/models", None).await["used"]["month"]["calls"], 0);
        assert_eq!(call(&stranger, "GET", &format!("/v1/turns/{}", written.turn), None).await.status, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_source_holds_is_marked() {
    let says = "A brake check costs £99 [1]. We have a swimming pool on the terrace. Pay at pay-me.example.";
    let model = ModelDouble::always(Script::Says(says.to_owned())).await;
    on_each_engine_with(with(&[("local", &model)]), async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut ana = app.customer().await;
        let posted = ana.says("How much is a brake check?").await;
        let written = app.pending(&staff, posted.conversation).await;
        assert!(
            written.sentences.iter().all(|sentence| sentence.support == Support::Unsupported),
            "{written:?}"
        );
        let says: Vec<&str> = written.blockers.iter().map(|blocker| blocker.says.as_str()).collect();
        assert!(says.iter().any(|says| says.contains("£99") && says.contains("£79")), "{says:?}");
        assert!(says.iter().any(|says| says.contains("swimming pool")), "{says:?}");
        assert!(written.confidence.abs() < f64::EPSILON && written.citations.is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_message_stops_the_model_and_edits_are_kept() {
    let model = ModelDouble::always(Script::Says(ANSWER.to_owned())).await;
    on_each_engine_with(with(&[("local", &model)]), async |app| {
        model.becomes(Script::Says(ANSWER.to_owned()));
        let staff = app.staff(Role::Manager).await;
        let mut desk = app.desk(Role::Staff).await;
        let mut ana = app.customer().await;
        let posted = ana.says("How much is a brake check?").await;
        let first = app.pending(&staff, posted.conversation).await;
        join(&mut desk, posted.conversation, 0).await;
        let edited = first.text.replace("Which day", "So, which day");
        let edit = Command::Edit { draft: first.id, revision: first.revision, text: edited };
        desk.ask(edit).await.expect("the edit is kept");

        // The model is in the midst of a word when the customer writes again.
        model.becomes(Script::Stalls("A brake check".to_owned()));
        ana.says("And how long does the brake check take?").await;
        let stalled = desk.find(PATIENCE, |frame| match frame {
            ServerFrame::Signal(Signal::DraftDelta { text, .. }) if text.contains("check") => Some(()),
            _ => None,
        });
        stalled.await.expect("the model writes");
        model.becomes(Script::Says(ANSWER.to_owned()));
        ana.says("I mean in minutes").await;
        let last = next_draft(&mut desk).await;
        assert_eq!(last.model.as_deref(), Some("local-model"));
        assert!(last.edited_text.as_deref().is_some_and(|text| text.contains("So, which day")), "{last:?}");
        app.settle().await;
        let waiting = ok(&staff, "GET", "/v1/drafts", None).await;
        assert_eq!(waiting["items"].as_array().map(Vec::len), Some(1), "{waiting}");

        // What the stopped call used is counted all the same.
        let models = ok(&staff, "GET", "/v1/models", None).await;
        assert_eq!(
            (&models["used"]["today"]["calls"], &models["used"]["today"]["answered"]),
            (&json!(3), &json!(2))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_draft_is_written_again_with_the_reason() {
    let model =
        ModelDouble::start(|request, _| match all_said(request).contains("A colleague did not take") {
            false => Script::Says(ANSWER.to_owned()),
            true => Script::Says("A brake check costs £79 and takes about 40 minutes [1].".to_owned()),
        })
        .await;
    on_each_engine_with(with(&[("local", &model)]), async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut ana = app.customer().await;
        let posted = ana.says("How much is a brake check?").await;
        let first = app.pending(&staff, posted.conversation).await;
        let reject = json!({ "revision": first.revision, "reason": "incomplete", "note": "say how long", "rewrite": true });
        ok(&staff, "POST", &format!("/v1/drafts/{}/reject", first.id), Some(reject)).await;
        let second = app.pending(&staff, posted.conversation).await;
        assert!(second.text.contains("40 minutes"), "{second:?}");
        assert!(model.asked().iter().any(|request| all_said(request).contains("say how long")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_switch_and_the_budget_stop_models_at_once() {
    let model = ModelDouble::always(Script::Says(ANSWER.to_owned())).await;
    on_each_engine_with(with(&[("local", &model)]), async |app| {
        model.forget();
        let manager = app.staff(Role::Manager).await;
        let staff = app.staff(Role::Staff).await;
        for path in ["/v1/models", "/v1/models/local/test"] {
            let method = if path.ends_with("test") { "POST" } else { "GET" };
            assert_eq!(call(&staff, method, path, None).await.status, 403, "{path}");
        }
        let set = async |body: Value| call(&manager, "PUT", "/v1/models", Some(body)).await;
        assert_eq!(set(json!({ "enabled": true, "tokens_per_day": -1 })).await.problem().0, 422);

        // Off: the built-in engine drafts, as if there were no model.
        assert_eq!(set(json!({ "enabled": false })).await.status, 200);
        let mut ana = app.customer().await;
        let posted = ana.says("How much is a brake check?").await;
        let written = app.pending(&staff, posted.conversation).await;
        assert_eq!((written.model, written.fallback), (None, None));
        assert_eq!(model.asked().len(), 0);

        // Too small a budget: nothing is asked, and the draft says why.
        assert_eq!(set(json!({ "enabled": true, "tokens_per_day": 100 })).await.status, 200);
        ana.says("How much is a brake check, please?").await;
        let written = app.pending(&staff, posted.conversation).await;
        assert_eq!(written.model, None);
        assert!(written.fallback.as_deref().is_some_and(|why| why.contains("budget")), "{written:?}");
        assert!(written.text.contains("£79"), "the built-in engine answers: {written:?}");
        assert_eq!(model.asked().len(), 0);
        assert_eq!(call(&manager, "POST", "/v1/models/local/test", None).await.problem().1, "rate_limited");

        // Enough for one draft, and no more after it.
        assert_eq!(set(json!({ "enabled": true, "tokens_per_day": 4_000 })).await.status, 200);
        let mut answered = 0;
        for number in 0..9 {
            ana.says(&format!("How much is a brake check? {number}")).await;
            let written = app.pending(&staff, posted.conversation).await;
            answered += usize::from(written.model.is_some());
        }
        assert!((1..9).contains(&answered), "{answered}");
        let used = ok(&manager, "GET", "/v1/models", None).await;
        let sum = used["used"]["today"]["prompt_tokens"].as_i64().unwrap_or(0)
            + used["used"]["today"]["answer_tokens"].as_i64().unwrap_or(0);
        assert!(sum <= 4_000, "{used}");
        assert_eq!(used["left_today"], 4_000 - sum);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_tries_a_model_by_a_button() {
    let model = ModelDouble::always(Script::Says("ready".to_owned())).await;
    on_each_engine_with(with(&[("local", &model)]), async |app| {
        model.becomes(Script::Says("<think>what now</think>ready".to_owned()));
        let manager = app.staff(Role::Manager).await;
        let told = ok(&manager, "POST", "/v1/models/local/test", None).await;
        assert_eq!((&told["works"], &told["says"]), (&json!(true), &json!("ready")));
        model.becomes(Script::Status(401, "", r#"{"error":{"message":"wrong key","code":401}}"#));
        let told = ok(&manager, "POST", "/v1/models/local/test", None).await;
        assert_eq!(told["works"], false);
        assert!(told["says"].as_str().is_some_and(|says| says.contains("401") && says.contains("wrong key")));
        assert_eq!(call(&manager, "POST", "/v1/models/other/test", None).await.status, 404);
        let used = ok(&manager, "GET", "/v1/models", None).await;
        assert_eq!(
            (&used["used"]["today"]["calls"], &used["used"]["today"]["answered"]),
            (&json!(2), &json!(1))
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn courtesy_and_what_is_a_persons_matter_never_reach_a_model() {
    let model = ModelDouble::always(Script::Says(ANSWER.to_owned())).await;
    on_each_engine_with(with(&[("local", &model)]), async |app| {
        model.forget();
        let staff = app.staff(Role::Staff).await;
        for text in ["Hello", "Thank you!", "I want to talk to a person"] {
            let mut ana = app.customer().await;
            let posted = ana.says(text).await;
            let written = app.pending(&staff, posted.conversation).await;
            assert_eq!(draft(&staff, written.id).await.model, None, "{text}");
        }
        assert_eq!(model.asked().len(), 0);
    })
    .await;
}

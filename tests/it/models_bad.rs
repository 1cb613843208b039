//! Models at their worst (reliability E1): whatever a server does, a draft comes, and says who wrote it.

use std::time::{Duration, Instant};

use concierge::app::Options;
use concierge::base::Role;
use concierge::config::Config;
use serde_json::json;

use crate::models::with;
use crate::support::{App, Customer, ModelDouble, Script, ok, on_each_engine_with};

const ASKS: &str = "How much is a brake check?";
const GOOD: &str = "A brake check costs £79 [1].";

/// Short time-outs; nothing else is waited for.
fn hasty(models: &[(&str, &ModelDouble)]) -> impl Fn(&mut Config, &mut Options) + use<> {
    let set = with(models);
    move |config, options| {
        set(config, options);
        config.models.first_token_ms = 1_200;
        config.models.idle_ms = 1_200;
        config.models.total_ms = 3_600;
        config.models.failures = 1_000;
    }
}

/// A hub that waits for its models: where they answer, however slow the machine is.
fn waits(models: &[(&str, &ModelDouble)]) -> impl Fn(&mut Config, &mut Options) + use<> {
    let set = hasty(models);
    move |config, options| {
        set(config, options);
        config.models.first_token_ms = 30_000;
        config.models.idle_ms = 30_000;
        config.models.total_ms = 60_000;
    }
}

async fn asks(app: &App, ana: &mut Customer) -> concierge::protocol::DraftView {
    let staff = app.staff(Role::Staff).await;
    let posted = ana.says(ASKS).await;
    app.pending(&staff, posted.conversation).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_stream_ends_in_a_built_in_draft_that_says_why() {
    let model = ModelDouble::always(Script::Silent).await;
    on_each_engine_with(hasty(&[("local", &model)]), async |app| {
        let some = || "A brake check costs £12 and ".to_owned();
        let mut ana = app.customer().await;
        for (script, why) in [
            (Script::Cut(some()), "broke off"),
            (Script::Unfinished(some()), "broke off"),
            (Script::Stalls(some()), "too slow"),
            (Script::Silent, "too slow"),
            (Script::KeepAlive, ""),
            (Script::Endless, ""),
            (Script::Huge, ""),
            (Script::Fault(some()), "overloaded"),
            (Script::Says(String::new()), "is empty"),
            (Script::Says("\u{7}".to_owned()), "cannot be sent"),
            (Script::Body("text/html", "<html>Welcome to nginx</html>"), "broke off"),
            (
                Script::Body("text/event-stream", "data: {\"choices\": [\n\ndata: [DONE]\n\n"),
                "not what the API",
            ),
            (Script::Body("text/event-stream", "data: 7\n\n"), "not what the API"),
            (Script::Body("text/event-stream", ""), "broke off"),
            (Script::Body("application/json", "{}"), "broke off"),
            (Script::Status(500, "", "oops"), "status 500"),
            (Script::Status(503, "", "oops"), "status 503"),
            (Script::Status(429, "", "slow down"), "asks for a pause"),
            (Script::Status(429, "retry-after: 3000\r\n", "slow down"), "asks for a pause"),
            (Script::Status(404, "", r#"{"error":{"message":"no such model"}}"#), "no such model"),
            (Script::Status(302, "location: http://192.0.2.1/\r\n", ""), ""),
        ] {
            model.becomes(script.clone());
            let begun = Instant::now();
            let written = asks(app, &mut ana).await;
            assert_eq!(written.model, None, "{script:?}");
            let says = written.fallback.clone().unwrap_or_default();
            // A pause of an hour is respected: the next scripts are not asked for before the test says so.
            assert!(
                !says.is_empty() && (says.contains(why) || says.contains("left alone")),
                "{script:?}: {says}"
            );
            assert!(written.text.contains("£79") && !written.text.contains("£12"), "{script:?}: {written:?}");
            assert!(begun.elapsed() < Duration::from_secs(30), "{script:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_but_right_streams_are_read() {
    let model = ModelDouble::always(Script::Silent).await;
    on_each_engine_with(waits(&[("local", &model)]), async |app| {
        let mut ana = app.customer().await;
        for script in
            [Script::SaysInBytes(format!("Olá 👋 ñ. {GOOD}")), Script::SaysUncounted(GOOD.to_owned())]
        {
            model.becomes(script.clone());
            let written = asks(app, &mut ana).await;
            assert_eq!(
                (written.model.is_some(), written.citations.len()),
                (true, 1),
                "{script:?}: {written:?}"
            );
        }
        let manager = app.staff(Role::Manager).await;
        let used = ok(&manager, "GET", "/v1/models", None).await;
        // Nobody counted: it is estimated, and never nothing.
        assert!(used["used"]["today"]["prompt_tokens"].as_i64().is_some_and(|tokens| tokens > 600), "{used}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_is_asked_for_is_kept_and_then_the_answer_comes() {
    let model = ModelDouble::start(|_, before| match before {
        0 => Script::Status(429, "retry-after: 1\r\n", "{}"),
        1 => Script::Status(500, "", "oops"),
        _ => Script::Says(GOOD.to_owned()),
    })
    .await;
    let settings = waits(&[("local", &model)]);
    let retrying = move |config: &mut Config, options: &mut Options| {
        settings(config, options);
        config.models.retries = 2;
    };
    on_each_engine_with(retrying, async |app| {
        model.forget();
        let begun = Instant::now();
        let written = asks(app, &mut app.customer().await).await;
        assert!(written.model.is_some(), "{written:?}");
        assert_eq!(model.asked().len(), 3);
        assert!(begun.elapsed() >= Duration::from_millis(1_250), "{:?}", begun.elapsed());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_model_answers_when_one_breaks_in_the_midst_and_is_then_left_alone() {
    let first = ModelDouble::always(Script::Cut("A brake check costs £12".to_owned())).await;
    let second = ModelDouble::always(Script::Says(GOOD.to_owned())).await;
    let settings = waits(&[("first", &first), ("second", &second)]);
    let few = move |config: &mut Config, options: &mut Options| {
        settings(config, options);
        config.models.failures = 2;
        config.models.rest_seconds = 3_600;
    };
    on_each_engine_with(few, async |app| {
        first.forget();
        second.forget();
        let mut ana = app.customer().await;
        for _ in 0..4 {
            let written = asks(app, &mut ana).await;
            assert_eq!((written.model.as_deref(), written.fallback.as_deref()), (Some("second-model"), None));
            assert_eq!(written.text, "A brake check costs £79.");
        }
        assert_eq!((first.asked().len(), second.asked().len()), (2, 4), "the breaker is open");
        let manager = app.staff(Role::Manager).await;
        let models = ok(&manager, "GET", "/v1/models", None).await;
        let standing: Vec<&str> = models["providers"]
            .as_array()
            .map(|all| all.iter().filter_map(|one| one["standing"].as_str()).collect())
            .unwrap_or_default();
        assert_eq!(standing, ["resting", "ready"], "{models}");
        assert!(models["providers"][0]["last_failure"].as_str().is_some_and(|why| why.contains("broke off")));

        // A test by hand goes through, and closes the breaker when it works.
        first.becomes(Script::Says("ready".to_owned()));
        assert_eq!(ok(&manager, "POST", "/v1/models/first/test", None).await["works"], json!(true));
        first.becomes(Script::Says(GOOD.to_owned()));
        assert_eq!(asks(app, &mut ana).await.model.as_deref(), Some("first-model"));
        first.becomes(Script::Cut("A brake check costs £12".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_costs_nothing_and_harms_nothing() {
    let model = ModelDouble::always(Script::Silent).await;
    let settings = hasty(&[("gone", &model)]);
    let nowhere = move |config: &mut Config, options: &mut Options| {
        settings(config, options);
        for provider in config.models.providers.values_mut() {
            provider.address = "http://127.0.0.1:9/v1".to_owned();
        }
    };
    on_each_engine_with(nowhere, async |app| {
        let written = asks(app, &mut app.customer().await).await;
        assert!(written.fallback.as_deref().is_some_and(|why| why.contains("cannot connect")), "{written:?}");
        let manager = app.staff(Role::Manager).await;
        let used = ok(&manager, "GET", "/v1/models", None).await;
        assert_eq!((&used["used"]["today"]["calls"], &used["used"]["today"]["cost"]), (&json!(1), &json!(0)));
    })
    .await;
}

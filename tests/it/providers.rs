//! Providers of models that a business brings itself: asked first, paid by its own key, which never comes out again.

use concierge::app::Options;
use concierge::base::Role;
use concierge::client::Http;
use concierge::config::Config;
use serde_json::{Value, json};

use crate::models::with;
use crate::support::{App, ModelDouble, Script, call, ok, on_each_engine, on_each_engine_with};

const KEY: &str = "sk-zebrafinch-0123456789";
const ANSWER: &str = "A brake check costs £79 [1].";

/// Settings in which keys are kept, and these servers may be called although they run on this machine.
fn keeping(doubles: &[&ModelDouble]) -> impl Fn(&mut Config, &mut Options) + use<> {
    let hosts: Vec<String> = doubles.iter().map(|double| host(&double.url)).collect();
    move |config, _| {
        config.store.secrets_key = "a test key of more than twenty characters".to_owned();
        config.knowledge.reachable_hosts = hosts.join(",");
        config.models.retries = 0;
    }
}

fn host(url: &str) -> String {
    url.trim_start_matches("http://").trim_end_matches("/v1").to_owned()
}

fn provider(url: &str, key: Option<&str>) -> Value {
    let mut body = json!({ "address": url, "model": "own-model", "input_price": 3.0 });
    if let Some(key) = key {
        body["key"] = json!(key);
    }
    body
}

async fn asks(app: &App, staff: &Http) -> concierge::protocol::DraftView {
    let mut customer = app.customer().await;
    let posted = customer.says("How much is a brake check?").await;
    app.pending(staff, posted.conversation).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_own_provider_drafts_and_its_key_never_comes_out() {
    let own = ModelDouble::always(Script::Says(ANSWER.to_owned())).await;
    on_each_engine_with(keeping(&[&own]), async |app| {
        own.forget();
        let manager = app.staff(Role::Manager).await;
        assert_eq!(asks(app, &manager).await.model, None, "no model is set up");
        let saved = ok(&manager, "PUT", "/v1/models/own/ours", Some(provider(&own.url, Some(KEY)))).await;
        assert_eq!((&saved["has_key"], saved.get("key")), (&json!(true), None), "{saved}");
        let draft = asks(app, &manager).await;
        assert_eq!(
            (draft.model.as_deref(), draft.text.as_str()),
            (Some("own-model"), "A brake check costs £79.")
        );
        assert_eq!(own.asked().len(), 1);

        // Another business has nothing of it.
        let stranger = app.staff_of("beta", Role::Manager).await;
        assert_eq!(ok(&stranger, "GET", "/v1/models/own", None).await["items"], json!([]));
        assert_eq!(call(&stranger, "DELETE", "/v1/models/own/ours", None).await.status, 404);
        assert_eq!(call(&stranger, "POST", "/v1/models/ours/test", None).await.status, 404);

        // Nothing that staff can read holds the key.
        let tested = ok(&manager, "POST", "/v1/models/ours/test", None).await;
        assert_eq!(tested["works"], true, "{tested}");
        let turn = format!("/v1/turns/{}", draft.turn);
        for path in ["/v1/models", "/v1/models/own", "/v1/agent", "/v1/workspace", turn.as_str()] {
            let answer = call(&manager, "GET", path, None).await;
            assert!(answer.status == 200 && !answer.text.contains("zebrafinch"), "{path}: {answer:?}");
        }
        let models = ok(&manager, "GET", "/v1/models", None).await;
        let one = &models["providers"][0];
        assert_eq!(
            (&one["name"], &one["own"], &one["standing"]),
            (&json!("ours"), &json!(true), &json!("ready"))
        );
        assert!(models["used"]["today"]["cost"].as_i64().is_some_and(|cost| cost > 0), "its prices count");

        // A key goes to the address it was given for, and to no other.
        let elsewhere = provider("https://models.example/v1", None);
        let moved = call(&manager, "PUT", "/v1/models/own/ours", Some(elsewhere)).await;
        assert!(moved.status == 422 && moved.text.contains("give it again"), "{moved:?}");
        let kept = ok(&manager, "PUT", "/v1/models/own/ours", Some(provider(&own.url, None))).await;
        assert_eq!(kept["has_key"], true);
        assert_eq!(asks(app, &manager).await.model.as_deref(), Some("own-model"));
        ok(&manager, "DELETE", "/v1/models/own/ours", None).await;
        assert_eq!(asks(app, &manager).await.model, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_s_providers_follow_only_where_they_are_wanted() {
    let own = ModelDouble::always(Script::Status(500, "x: y", "down")).await;
    let hubs = ModelDouble::always(Script::Says(ANSWER.to_owned())).await;
    let (of_hub, of_keys) = (with(&[("hub", &hubs)]), keeping(&[&own]));
    let both = move |config: &mut Config, options: &mut Options| {
        of_hub(config, options);
        of_keys(config, options);
    };
    on_each_engine_with(both, async |app| {
        hubs.forget();
        let manager = app.staff(Role::Manager).await;
        ok(&manager, "PUT", "/v1/models/own/ours", Some(provider(&own.url, None))).await;
        assert_eq!(
            asks(app, &manager).await.model.as_deref(),
            Some("hub-model"),
            "the hub's answers instead"
        );
        ok(&manager, "PUT", "/v1/models", Some(json!({ "enabled": true, "hub_too": false }))).await;
        hubs.forget();
        let draft = asks(app, &manager).await;
        assert!(draft.model.is_none() && draft.fallback.is_some(), "{draft:?}");
        assert_eq!(hubs.asked().len(), 0, "nothing went to the hub's provider");
        let shown = ok(&manager, "GET", "/v1/models", None).await;
        assert_eq!(shown["providers"].as_array().map(Vec::len), Some(1), "{shown}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_called_or_kept_is_refused() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let put = async |name: &str, body: Value| {
            let answer = call(&manager, "PUT", &format!("/v1/models/own/{name}"), Some(body)).await;
            (answer.status, answer.json()["detail"].as_str().unwrap_or_default().to_owned())
        };
        let public = "https://models.example/v1";
        let (status, detail) = put("ours", provider(public, Some(KEY))).await;
        assert!(
            status == 422 && detail.contains("CONCIERGE__STORE__SECRETS_KEY"),
            "no key can be kept: {detail}"
        );
        assert!(!detail.contains("zebrafinch"));
        for address in [
            "http://127.0.0.1:11434/v1",
            "http://[::1]/v1",
            "http://169.254.169.254/v1",
            "file:///etc/passwd",
            "https://user:pass@models.example/v1",
            "https://models.example:25/v1",
            "https://models.example/v1?key=x",
            "models",
        ] {
            assert_eq!(put("ours", provider(address, None)).await.0, 422, "{address}");
        }
        assert_eq!(put("Ours!", provider(public, None)).await.0, 422);
        let mut dear = provider(public, None);
        dear["input_price"] = json!(-1);
        assert_eq!(put("ours", dear).await.0, 422);
        assert_eq!(put("ours", provider(public, None)).await.0, 200);
        for number in 2..=8 {
            assert_eq!(put(&format!("n{number}"), provider(public, None)).await.0, 200);
        }
        assert_eq!(put("nine", provider(public, None)).await.0, 422, "there is an end");
        let colleague = app.staff(Role::Staff).await;
        assert_eq!(call(&colleague, "GET", "/v1/models/own", None).await.status, 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_encrypted_in_the_store_and_another_secrets_key_opens_nothing() {
    let own = ModelDouble::always(Script::Says(ANSWER.to_owned())).await;
    let app = App::start(concierge::ports::db::Engine::Sqlite, keeping(&[&own])).await;
    let manager = app.staff(Role::Manager).await;
    ok(&manager, "PUT", "/v1/models/own/ours", Some(provider(&own.url, Some(KEY)))).await;
    let store = std::fs::read_dir(&app.node.site.config.store.folder).expect("the folder");
    for file in store.filter_map(Result::ok).filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).expect("the file");
        let found = bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes());
        assert!(!found, "the key stands in {}", file.path().display());
    }
    let app = app
        .restart_with(|config| config.store.secrets_key = "quite another key of the same length".to_owned())
        .await;
    let manager = app.staff(Role::Manager).await;
    assert_eq!(asks(&app, &manager).await.model, None, "the key cannot be opened, so nobody is asked");
    assert_eq!(own.asked().len(), 0);
    app.finish().await;
}

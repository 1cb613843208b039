//! A hub's first workspace, and leading its owner: K10.

use concierge::app::Node;
use concierge::client::Http;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, call, eventually, ok, on_each_empty_hub, on_each_engine};

/// The code in the link that the hub prints.
fn code_of(node: &Node) -> String {
    let link = node.setup_link.as_deref().expect("an empty hub offers its set-up");
    link.rsplit_once("/app/setup#").expect("a link to the set-up").1.to_owned()
}

fn hub(code: &str) -> Value {
    json!({
        "code": code, "name": "Café Söhne", "timezone": "Europe/Berlin", "locale": "de-DE", "country": "DE",
        "currency": "EUR",
        "owner": { "name": "Nora Lind", "email": "Nora@cafe.example", "password": PASSWORD },
    })
}

fn with(code: &str, field: &str, value: Value) -> Value {
    let mut body = hub(code);
    body[field] = value;
    body
}

async fn set_up(node: &Node, body: Value) -> Answer {
    call(&Http::anonymous(&node.url()), "POST", "/v1/setup", Some(body)).await
}

async fn owner_of(node: &Node) -> Http {
    let made = set_up(node, hub(&code_of(node))).await;
    assert_eq!(made.status, 201, "{made:?}");
    Http::sign_in(&node.url(), "cafe-sohne", "nora@cafe.example", PASSWORD).await.expect("the owner signs in")
}

async fn needed(node: &Node) -> Value {
    ok(&Http::anonymous(&node.url()), "GET", "/v1/setup", None).await["needed"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_printed_code_sets_a_hub_up_and_only_once() {
    on_each_empty_hub(async |node| {
        assert_eq!(needed(node).await, true);
        let code = code_of(node);
        let mut wrong = code.clone();
        wrong.replace_range(0..1, if code.starts_with('A') { "B" } else { "A" });
        for guess in ["", "nonsense", &wrong, &code[1..]] {
            let answer = set_up(node, hub(guess)).await;
            assert_eq!(answer.problem(), (401, "wrong_credentials".to_owned()), "{guess}");
        }
        let owner = owner_of(node).await;
        assert_eq!(needed(node).await, false);
        let again = set_up(node, with(&code, "name", json!("Somebody else"))).await;
        assert_eq!(again.problem(), (409, "conflict".to_owned()), "the code is used up");

        let session = ok(&owner, "GET", "/v1/session", None).await;
        assert_eq!(session["staff"]["role"], "owner");
        assert_eq!(session["staff"]["email"], "nora@cafe.example");
        let workspace = &session["workspace"];
        assert_eq!(workspace["name"], "Café Söhne");
        assert_eq!(workspace["timezone"], "Europe/Berlin");
        assert_eq!(workspace["setup"], json!({}), "nothing was taken yet");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_set_a_hub_up_at_once_one_succeeds() {
    on_each_empty_hub(async |node| {
        let code = code_of(node);
        let tries = (0..6).map(|number| {
            let body = with(&code, "slug", json!(format!("desk-{number}")));
            set_up(node, body)
        });
        let answers = futures_util::future::join_all(tries).await;
        let made = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(made, 1, "{answers:?}");
        assert!(answers.iter().all(|answer| matches!(answer.status, 201 | 409)), "{answers:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_business_is_refused_with_its_field_and_leaves_nothing() {
    on_each_empty_hub(async |node| {
        let code = code_of(node);
        let person = |field: &str, value: &str| {
            let mut owner = hub(&code)["owner"].clone();
            owner[field] = json!(value);
            owner
        };
        for (field, value, named) in [
            ("name", json!("  "), "name"),
            ("slug", json!("../etc"), "slug"),
            ("timezone", json!("Mars/Olympus"), "timezone"),
            ("country", json!("Germany"), "country"),
            ("currency", json!("eur"), "currency"),
            ("agent", json!("astrologer"), "agent"),
            ("owner", person("email", "nora"), "email"),
            ("owner", person("password", "short"), "password"),
            ("owner", person("name", ""), "name"),
        ] {
            let answer = set_up(node, with(&code, field, value)).await;
            assert_eq!(answer.problem(), (422, "invalid_value".to_owned()), "{answer:?}");
            let detail = answer.json()["detail"].clone();
            assert!(detail.as_str().is_some_and(|detail| detail.starts_with(named)), "{detail}");
            assert_eq!(needed(node).await, true, "{named}");
        }
        assert_eq!(set_up(node, with(&code, "role", json!("owner"))).await.status, 422);
        owner_of(node).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_brings_its_words_its_schema_and_a_rule_until_the_set_up_is_finished() {
    on_each_empty_hub(async |node| {
        let owner = owner_of(node).await;
        let agents = ok(&owner, "GET", "/v1/setup/agents", None).await;
        let agents = agents["items"].as_array().expect("a list");
        assert_eq!(agents.len(), 12);
        let choose = |key: &'static str| {
            let owner = &owner;
            async move { call(owner, "PUT", "/v1/setup/agent", Some(json!({ "agent": key }))).await }
        };
        assert_eq!(choose("astrologer").await.problem(), (422, "invalid_value".to_owned()));
        for (key, schema) in [("garage-front-desk", "garage-visit"), ("restaurant-host", "table-booking")] {
            let workspace = choose(key).await;
            assert_eq!(workspace.status, 200, "{workspace:?}");
            let offered = agents.iter().find(|agent| agent["key"] == key).expect("offered");
            assert_eq!(workspace.json()["agent"], key);
            for word in ["assistant_name", "greeting", "starters"] {
                assert_eq!(workspace.json()[word], offered[word], "{word}");
            }
            let schemas = ok(&owner, "GET", "/v1/schemas", None).await;
            let keys: Vec<&Value> =
                schemas["items"].as_array().expect("a list").iter().map(|one| &one["key"]).collect();
            assert_eq!(keys, [schema], "one schema, that of the agent");
            let rules = ok(&owner, "GET", "/v1/rules", None).await;
            assert_eq!(rules["items"].as_array().map(Vec::len), Some(1));
        }
        // Back again: the schema that was retired gets another version.
        assert_eq!(choose("garage-front-desk").await.status, 200);
        let left = json!({ "setup": { "business": "done", "agent": "done", "knowledge": "skipped",
            "widget": "skipped", "team": "skipped" } });
        let workspace = ok(&owner, "PATCH", "/v1/workspace", Some(left)).await;
        assert_eq!(workspace["setup"]["team"], "skipped");
        let last = json!({ "setup": { "trial": "done" } });
        let workspace = ok(&owner, "PATCH", "/v1/workspace", Some(last)).await;
        assert_eq!(workspace["setup"]["business"], "done", "what was taken before stays");
        assert_eq!(choose("restaurant-host").await.problem(), (409, "conflict".to_owned()));
        let ask = json!({ "question": "Are you open?" });
        let late = call(&owner, "POST", "/v1/setup/sample", Some(ask)).await;
        assert_eq!(late.problem(), (409, "conflict".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_article_answers_a_first_question() {
    on_each_empty_hub(async |node| {
        let owner = owner_of(node).await;
        let article = json!({ "title": "Opening hours", "language": "en",
            "body": "We are open from Monday to Friday from 9:00 to 17:30." });
        ok(&owner, "POST", "/v1/knowledge/documents", Some(article)).await;
        let empty = call(&owner, "POST", "/v1/setup/sample", Some(json!({ "question": " " }))).await;
        assert_eq!(empty.problem(), (422, "empty_text".to_owned()));
        let ask = json!({ "question": "Are you open on Friday?" });
        let begun = call(&owner, "POST", "/v1/setup/sample", Some(ask)).await;
        assert_eq!(begun.status, 201, "{begun:?}");
        let conversation = begun.json()["conversation"].clone();
        let text = eventually("a draft", async || {
            let drafts = ok(&owner, "GET", "/v1/drafts?status=pending", None).await;
            let ours = |item: &&Value| {
                item["draft"]["conversation"] == conversation && item["draft"]["status"] == "pending"
            };
            drafts["items"].as_array()?.iter().find(ours).map(|item| item["draft"].to_string())
        })
        .await;
        assert!(text.contains("17:30"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_with_businesses_offers_no_set_up_and_only_owners_are_led() {
    use concierge::base::Role;
    on_each_engine(async |app| {
        assert_eq!(needed(&app.node).await, false);
        let code = app.node.site.tokens.setup_code();
        assert_eq!(set_up(&app.node, hub(&code)).await.problem(), (409, "conflict".to_owned()));
        let choice = json!({ "agent": "hotel-front-desk" });
        let owner = app.staff(Role::Owner).await;
        let ready = call(&owner, "PUT", "/v1/setup/agent", Some(choice.clone())).await;
        assert_eq!(ready.problem(), (409, "conflict".to_owned()), "it came ready");
        for role in [Role::Viewer, Role::Staff, Role::Manager] {
            let colleague = app.staff(role).await;
            let refused = call(&colleague, "PUT", "/v1/setup/agent", Some(choice.clone())).await;
            assert_eq!(refused.problem(), (403, "forbidden".to_owned()), "{role}");
            let asked = call(&colleague, "POST", "/v1/setup/sample", Some(json!({ "question": "x" }))).await;
            assert_eq!(asked.problem(), (403, "forbidden".to_owned()), "{role}");
        }
    })
    .await;
}

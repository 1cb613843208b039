//! Edits that teach, and the cases that an agent must get right: Z4, C10, C11, X37.

use concierge::base::Role;
use concierge::client::Http;
use serde_json::{Value, json};

use crate::models::with;
use crate::support::{
    App, ModelDouble, PASSWORD, Script, all_said, call, ok, on_each_engine, on_each_engine_with,
};

const ASKS: &str = "How much is a brake check?";

/// A customer asks, and a colleague sends the draft with other words.
async fn edited(app: &App, staff: &Http, from: &str, to: &str) -> Value {
    let mut customer = app.customer().await;
    let posted = customer.says(ASKS).await;
    let draft = app.pending(staff, posted.conversation).await;
    let text = draft.text.replace(from, to);
    assert_ne!(text, draft.text, "the draft says {from}");
    let body = json!({ "revision": draft.revision, "hash": draft.hash, "text": text });
    ok(staff, "POST", &format!("/v1/drafts/{}/approve", draft.id), Some(body)).await;
    app.settle().await;
    json!(draft)
}

async fn lessons(caller: &Http) -> Value {
    ok(caller, "GET", "/v1/agent/lessons", None).await
}

async fn takes(caller: &Http, draft: &Value, kind: &str, accept: bool) -> u16 {
    let path = format!("/v1/agent/lessons/{}/{kind}", draft["id"].as_str().expect("an id"));
    call(caller, "POST", &path, Some(json!({ "accept": accept }))).await.status
}

/// The names of all cases.
async fn cases(caller: &Http) -> Vec<String> {
    let listed = ok(caller, "GET", "/v1/agent/evals", None).await;
    let items = listed["items"].as_array().expect("items");
    items.iter().map(|case| case["id"].as_str().expect("an id").to_owned()).collect()
}

async fn run(caller: &Http, of: Value) -> Vec<Value> {
    let mut ran = Vec::new();
    for chunk in cases(caller).await.chunks(20) {
        let body = json!({ "of": of, "cases": chunk });
        let page = ok(caller, "POST", "/v1/agent/evals/run", Some(body)).await;
        ran.extend(page["items"].as_array().expect("items").clone());
    }
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_fact_becomes_a_patch_a_case_and_an_example_and_the_effect_is_measured() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let draft = edited(app, &manager, "£79", "£89").await;
        let offered = &lessons(&manager).await["offered"];
        let one = &offered[0];
        assert_eq!(
            (&one["draft"], &one["open"]),
            (&draft["id"], &json!(["example", "case", "knowledge"])),
            "{offered}"
        );
        assert_eq!(one["asked"], ASKS);
        assert!(
            one["example"]["answer"].as_str().is_some_and(|answer| answer.starts_with("Hello [name]")),
            "{one}"
        );
        let patch = &one["knowledge"];
        assert_eq!(
            (&patch["title"], &patch["to"]),
            (&json!("Brakes"), &json!("A brake check costs £89 and takes about 40 minutes."))
        );
        assert_eq!((&one["case"]["says"], &one["case"]["never"]), (&json!(["£89"]), &json!(["£79"])));

        // The case fails before the document is right, and passes after.
        assert_eq!(takes(&manager, &draft, "case", true).await, 200);
        let before = run(&manager, json!({})).await;
        let own = |ran: &[Value]| ran.last().expect("a case").clone();
        assert_eq!(own(&before)["passed"], false, "{before:?}");
        assert!(own(&before)["failures"].to_string().contains("£89"), "{before:?}");
        assert_eq!(takes(&manager, &draft, "knowledge", true).await, 200);
        app.settle().await;
        let after = run(&manager, json!({})).await;
        assert_eq!(own(&after)["passed"], true, "{after:?}");

        // The next draft needs no edit: the effect is there.
        let mut customer = app.customer().await;
        let posted = customer.says(ASKS).await;
        let next = app.pending(&manager, posted.conversation).await;
        assert!(next.text.contains("£89") && !next.text.contains("£79"), "{}", next.text);
        let body = json!({ "revision": next.revision, "hash": next.hash });
        ok(&manager, "POST", &format!("/v1/drafts/{}/approve", next.id), Some(body)).await;
        app.settle().await;
        let now = lessons(&manager).await;
        let learned = now["learned"].as_array().expect("learned").iter();
        let patch = learned.clone().find(|one| one["kind"] == "knowledge").expect("it is there");
        assert_eq!(
            patch["effect"],
            json!({ "good_before": 0, "decided_before": 1, "good_since": 1, "decided_since": 1 }),
            "{now}"
        );

        // An example joins what is edited, and works from the version on that holds it.
        assert_eq!(takes(&manager, &draft, "example", true).await, 200);
        let agent = ok(&manager, "GET", "/v1/agent", None).await;
        assert_eq!(agent["draft"]["bundle"]["examples"][0]["asked"], ASKS, "{agent}");
        let waiting = lessons(&manager).await;
        let example = |of: &Value| {
            let learned = of["learned"].as_array().expect("learned");
            learned.iter().find(|one| one["kind"] == "example").expect("it is there").clone()
        };
        assert_eq!(example(&waiting).get("works_since"), None);
        let body = json!({ "revision": agent["draft"]["revision"], "despite": true });
        ok(&manager, "POST", "/v1/agent/publish", Some(body)).await;
        assert!(example(&lessons(&manager).await)["works_since"].is_string());
        assert_eq!(lessons(&manager).await["offered"], json!([]), "all is decided");
        assert_eq!(takes(&manager, &draft, "example", false).await, 409, "it is decided once");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_correction_is_offered_once_and_a_dismissed_one_never_again() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let first = edited(app, &manager, "costs £79", "is £79").await;
        let second = edited(app, &manager, "costs £79", "is £79").await;
        let offered = lessons(&manager).await["offered"].as_array().expect("offered").clone();
        assert_eq!(offered.len(), 1, "{offered:?}");
        assert_eq!((&offered[0]["draft"], &offered[0]["open"]), (&second["id"], &json!(["example", "case"])));
        assert_eq!(takes(&manager, &second, "knowledge", true).await, 404, "no fact was changed");
        for kind in ["example", "case"] {
            assert_eq!(takes(&manager, &second, kind, false).await, 200);
        }
        assert_eq!(lessons(&manager).await["offered"], json!([]));
        assert_eq!(lessons(&manager).await["learned"], json!([]), "nothing was learned");

        // A rejected draft becomes a case: it must not come again.
        let mut customer = app.customer().await;
        let posted = customer.says("When are you open on Friday?").await;
        let draft = app.pending(&manager, posted.conversation).await;
        let body = json!({ "revision": draft.revision, "reason": "wrong", "rewrite": false });
        ok(&manager, "POST", &format!("/v1/drafts/{}/reject", draft.id), Some(body)).await;
        let offered = &lessons(&manager).await["offered"][0].clone();
        assert_eq!((&offered["open"], &offered["reason"]), (&json!(["case"]), &json!("wrong")), "{offered}");
        assert!(offered["case"]["unlike"].is_string());

        let stranger = app.staff_of("beta", Role::Manager).await;
        assert_eq!(lessons(&stranger).await["offered"], json!([]));
        assert_eq!(takes(&stranger, &first, "case", true).await, 404);
        let colleague = app.staff(Role::Staff).await;
        assert_eq!(takes(&colleague, &first, "case", true).await, 403);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_makes_cases_fail_is_held_back() {
    let model = ModelDouble::start(|request, _| {
        let said = all_said(request);
        Script::Says(
            if said.contains("Never name a price") { "Please call us." } else { "It costs £79 [1]." }
                .to_owned(),
        )
    })
    .await;
    on_each_engine_with(with(&[("local", &model)]), async |app| {
        let manager = app.staff(Role::Manager).await;
        let case = json!({ "name": "The price of a brake check", "said": [{ "customer": true, "text": ASKS }],
            "expects": { "says": ["£79.00"] } });
        let case = ok(&manager, "POST", "/v1/agent/evals", Some(case)).await;
        let live = run(&manager, json!({})).await;
        assert!(
            live.iter().all(|one| one["passed"] == true),
            "the role's own samples and ours pass: {live:?}"
        );
        assert!(live.len() >= 5, "the role brings samples");
        model.forget();
        assert!(run(&manager, json!({})).await.iter().all(|one| one["passed"] == true));
        assert_eq!(model.asked().len(), 0, "the same is not asked twice");

        let agent = ok(&manager, "GET", "/v1/agent", None).await;
        let mut bundle = agent["bundle"].clone();
        bundle["instructions"] = json!("Never name a price.");
        let body = json!({ "revision": 0, "agent": agent["agent"], "bundle": bundle });
        ok(&manager, "PUT", "/v1/agent/draft", Some(body)).await;
        let publish = async |despite: bool| {
            let body = json!({ "revision": 1, "despite": despite });
            call(&manager, "POST", "/v1/agent/publish", Some(body)).await
        };
        let unlooked = publish(false).await;
        assert!(unlooked.status == 409 && unlooked.text.contains("were not run"), "{unlooked:?}");
        let edited = run(&manager, json!({ "agent": agent["agent"], "bundle": bundle })).await;
        let failed: Vec<&Value> = edited.iter().filter(|one| one["passed"] == false).collect();
        assert_eq!(failed.len(), 1, "{edited:?}");
        assert_eq!(
            (&failed[0]["case"], &failed[0]["failures"]),
            (&case["id"], &json!(["it does not say “£79.00”"]))
        );
        let listed = ok(&manager, "GET", "/v1/agent/evals", None).await;
        assert_eq!(listed["worse"], json!(["The price of a brake check"]));
        let worse = publish(false).await;
        assert!(worse.status == 409 && worse.text.contains("The price of a brake check"), "{worse:?}");
        let published = publish(true).await.json();
        let (evals, run) = (&published["evals"], live.len());
        assert_eq!(
            (&evals["run"], &evals["passed"], &evals["passed_before"]),
            (&json!(run), &json!(run - 1), &json!(run))
        );

        let id = case["id"].as_str().expect("an id");
        let stranger = app.staff_of("beta", Role::Manager).await;
        assert_eq!(call(&stranger, "DELETE", &format!("/v1/agent/evals/{id}"), None).await.status, 404);
        let body = json!({ "cases": [id] });
        assert_eq!(call(&stranger, "POST", "/v1/agent/evals/run", Some(body)).await.status, 404);
        ok(&manager, "DELETE", &format!("/v1/agent/evals/{id}"), None).await;
        assert!(!cases(&manager).await.contains(&id.to_owned()));
        for wrong in [
            json!({ "name": "x", "said": [], "expects": { "says": ["x"] } }),
            json!({ "name": "x", "said": [{ "customer": true, "text": "x" }], "expects": {} }),
        ] {
            assert_eq!(call(&manager, "POST", "/v1/agent/evals", Some(wrong)).await.status, 422);
        }
    })
    .await;
}

/// The command, against a running hub.
async fn command(app: &App, more: &[&str]) -> (Option<i32>, String) {
    let caller = app.staff(Role::Manager).await;
    let session = ok(&caller, "GET", "/v1/session", None).await;
    let email = session["staff"]["email"].as_str().expect("an address").to_owned();
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_concierge"))
        .args(["eval", "agents", "--hub", &app.url(), "--workspace", "alpha", "--email", &email])
        .args(["--password", PASSWORD])
        .args(more)
        .output()
        .await
        .expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_prints_each_case_and_a_total_and_fails_below_the_threshold() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let (code, said) = command(app, &[]).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("pass ") && said.contains("4 of 4 cases passed (100 %)"), "{said}");
        let case = json!({ "name": "Nobody can do this", "said": [{ "customer": true, "text": ASKS }],
            "expects": { "says": ["£1"] } });
        ok(&manager, "POST", "/v1/agent/evals", Some(case)).await;
        let (code, said) = command(app, &["--threshold", "0.9"]).await;
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("FAIL Nobody can do this") && said.contains("it does not say “£1”"), "{said}");
        let (code, _) = command(app, &["--threshold", "0.5"]).await;
        assert_eq!(code, Some(0));
        assert_eq!(command(app, &["--edited"]).await.0, Some(2), "nothing is edited");
        assert_eq!(command(app, &["--threshold", "7"]).await.0, Some(2));
    })
    .await;
}

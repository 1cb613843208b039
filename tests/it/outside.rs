//! Tools from outside, by the Model Context Protocol: what is allowed, what is called, and what waits for a person.

use concierge::app::Options;
use concierge::base::{ConversationId, Role};
use concierge::client::Http;
use concierge::config::Config;
use concierge::protocol::{Content, DraftView, ProposalState, ReceiptState};
use serde_json::{Value, json};

use crate::models::with;
use crate::support::{
    App, ModelDouble, Reply, Script, Tongue, ToolsDouble, all_said, call, draft, offers, ok,
    on_each_engine_with, timeline,
};

/// What the shop's server offers.
pub(crate) fn shop() -> Vec<Value> {
    let mut find = offers("find_order", "Finds an order by a word.");
    find["annotations"] = json!({ "readOnlyHint": true });
    let mut refund = offers("refund", "Pays an order back.");
    refund["title"] = json!("Pay back");
    vec![find, refund]
}

/// Settings with this model, secrets kept, and this server within reach.
pub(crate) fn reaching(
    model: &ModelDouble,
    server: &ToolsDouble,
) -> impl Fn(&mut Config, &mut Options) + use<> {
    let (models, host) = (with(&[("local", model)]), server.host());
    move |config, options| {
        models(config, options);
        config.store.secrets_key = "a test key of more than twenty characters".to_owned();
        config.knowledge.reachable_hosts.clone_from(&host);
    }
}

/// Calls this at first, and then replies.
pub(crate) async fn calls(first: Vec<(&'static str, Value)>, then: &'static str) -> ModelDouble {
    ModelDouble::start(move |request, _| {
        let asked_before = request["messages"].as_array().is_some_and(|all| all.len() > 2);
        if asked_before { Script::Says(then.to_owned()) } else { Script::Calls(first.clone()) }
    })
    .await
}

/// Adds the server and looks at it; gives what it shows.
pub(crate) async fn add(manager: &Http, server: &ToolsDouble) -> Value {
    let new = json!({ "address": server.url });
    ok(manager, "PUT", "/v1/tool-servers/shop", Some(new)).await;
    ok(manager, "POST", "/v1/tool-servers/shop/look", None).await
}

/// The tool of this name as the list shows it.
pub(crate) async fn shown(manager: &Http, tool: &str) -> Value {
    let list = ok(manager, "GET", "/v1/tool-servers", None).await;
    let tools = list["items"][0]["tools"].as_array().cloned().unwrap_or_default();
    tools.into_iter().find(|one| one["name"] == tool).unwrap_or(Value::Null)
}

/// Allows a tool as it is shown.
pub(crate) async fn allow(manager: &Http, tool: &str, policy: &str) -> Value {
    let hash = shown(manager, tool).await["hash"].clone();
    let path = format!("/v1/tool-servers/shop/tools/{tool}");
    ok(manager, "PUT", &path, Some(json!({ "policy": policy, "hash": hash }))).await
}

pub(crate) async fn asks(app: &App, staff: &Http) -> (ConversationId, DraftView) {
    let posted = app.customer().await.says("Where is my order A-7?").await;
    (posted.conversation, app.pending(staff, posted.conversation).await)
}

pub(crate) async fn approves(staff: &Http, draft: &DraftView) {
    let body = json!({ "revision": draft.revision, "hash": draft.hash });
    ok(staff, "POST", &format!("/v1/drafts/{}/approve", draft.id), Some(body)).await;
}

/// The receipts in a conversation's timeline.
pub(crate) async fn receipts(staff: &Http, conversation: ConversationId) -> Vec<ReceiptState> {
    let entries = timeline(staff, conversation).await;
    let receipts = entries.into_iter().filter_map(|entry| match entry.content {
        Content::ProposalsDone { receipts, .. } => Some(receipts),
        _ => None,
    });
    receipts.flatten().map(|receipt| receipt.state).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_reads_is_called_at_once_and_only_after_somebody_allowed_it() {
    for tongue in [Tongue::Sessions, Tongue::Plain] {
        let server = ToolsDouble::start(tongue, &shop()).await;
        let model = calls(
            vec![("shop__find_order", json!({ "word": "A-7" }))],
            "Your order A-7 left us on Monday and weighs 12 kilos.",
        )
        .await;
        on_each_engine_with(reaching(&model, &server), async |app| {
            model.forget();
            server.forget(&shop());
            server
                .replies(|_, _| Reply::Says("The order A-7 left on Monday and weighs 12 kilos.".to_owned()));
            let (manager, staff) = (app.staff(Role::Manager).await, app.staff(Role::Staff).await);
            let found = add(&manager, &server).await;
            assert_eq!(found["problem"], Value::Null, "{found}");
            let names: Vec<&Value> =
                found["tools"].as_array().expect("tools").iter().map(|one| &one["called"]).collect();
            assert_eq!(names, ["shop__find_order", "shop__refund"]);
            assert!(
                found["tools"].as_array().is_some_and(|all| all.iter().all(|one| one["standing"] == "off"))
            );
            assert_eq!(found["tools"][0]["shape"]["says_it_reads"], true);

            // Nothing of it is known to the model before.
            asks(app, &staff).await;
            assert!(!all_tools(&model).contains("shop__"), "{}", all_tools(&model));
            assert!(all_answers(&model).contains("no tool of this name"));
            assert_eq!(server.calls(), []);

            let allowed = allow(&manager, "find_order", "read").await;
            assert_eq!(
                (&allowed["standing"], &allowed["decided_by_name"]),
                (&json!("on"), &json!("Some manager"))
            );
            let agent = ok(&manager, "GET", "/v1/agent", None).await;
            assert_eq!(agent["outside"], json!([{ "name": "shop__find_order", "proposes": false }]));
            model.forget();
            let (_, written) = asks(app, &staff).await;
            assert_eq!(server.calls(), [("find_order".to_owned(), json!({ "word": "A-7" }))]);
            let (tools, answers) = (all_tools(&model), all_answers(&model));
            assert!(tools.contains("shop__find_order") && !tools.contains("shop__refund"), "{tools}");
            assert!(answers.contains("weighs 12 kilos") && answers.contains("<data-"), "{answers}");
            // The sentence rests on what the tool said.
            assert!(written.sentences.iter().all(|one| one.support.as_str() != "unsupported"), "{written:?}");
            let turn = ok(&staff, "GET", &format!("/v1/turns/{}", written.turn), None).await;
            let traced = &turn["stages"][5]["output"]["tools"][0];
            assert_eq!(
                (&traced["tool"], &traced["done"]),
                (&json!("shop__find_order"), &json!(true)),
                "{turn}"
            );
            // What the server says of itself in its hello is nobody's instruction.
            assert!(!model.asked().iter().any(|one| one.to_string().contains("call every tool")));
        })
        .await;
    }
}

/// The tools that a model was told of, and what it was told by tools.
pub(crate) fn all_tools(model: &ModelDouble) -> String {
    model.asked().iter().map(|request| request["tools"].to_string()).collect()
}

pub(crate) fn all_answers(model: &ModelDouble) -> String {
    model.asked().last().map(all_said).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_with_an_effect_waits_for_the_approval_and_is_called_once() {
    let server = ToolsDouble::start(Tongue::Sessions, &shop()).await;
    let refund = ("shop__refund", json!({ "word": "A-7\"; word: \"B-8" }));
    let model = calls(vec![refund.clone(), refund], "A colleague will look at the refund.").await;
    on_each_engine_with(reaching(&model, &server), async |app| {
        model.forget();
        server.forget(&shop());
        server.replies(|_, _| Reply::Says("paid back £12".to_owned()));
        let (manager, staff) = (app.staff(Role::Manager).await, app.staff(Role::Staff).await);
        add(&manager, &server).await;
        allow(&manager, "refund", "ask").await;
        let (conversation, written) = asks(app, &staff).await;
        assert_eq!(written.proposals.len(), 1, "the same call is proposed once: {written:?}");
        let proposal = &written.proposals[0];
        assert_eq!(
            (proposal.says.as_str(), proposal.state),
            (r#"Call “Pay back” of shop with word: "A-7\"; word: \"B-8""#, ProposalState::Proposed)
        );
        assert_eq!(server.calls(), [], "nothing is done before the approval");

        approves(&staff, &written).await;
        app.settle().await;
        let done = draft(&staff, written.id).await;
        assert_eq!(done.proposals[0].state, ProposalState::Done, "{done:?}");
        assert!(done.proposals[0].receipt.as_ref().is_some_and(|says| says.contains("paid back £12")));
        assert_eq!(server.calls().len(), 1);
        assert_eq!(receipts(&staff, conversation).await, [ReceiptState::Done]);

        // Whatever is run again, the tool is not called again: the send, the call, a replay, a restart's sweep.
        let ports = &app.node.site.ports;
        let cx = ports.cx(app.alpha, concierge::base::Actor::System, "Tests");
        let mut tx = ports.db.begin().await.expect("a transaction begins");
        let (id, number) = (written.id, 1);
        let send = concierge::drafts::SendDraft { draft: id };
        concierge::jobs::enqueue(&cx, &mut tx, &send, cx.now).await.expect("the job is stored");
        let again = concierge::agents::outside::CallTool { draft: id, number };
        concierge::jobs::enqueue(&cx, &mut tx, &again, cx.now).await.expect("the job is stored");
        tx.commit().await.expect("it is stored");
        app.settle().await;
        ok(&manager, "POST", "/v1/replay", Some(json!({}))).await;
        assert_eq!((server.calls().len(), receipts(&staff, conversation).await.len()), (1, 1));

        // One that a person took off is not called, and one that was refused neither.
        let (_, written) = asks(app, &staff).await;
        let path = format!("/v1/drafts/{}/proposals/1", written.id);
        ok(&staff, "PUT", &path, Some(json!({ "revision": written.revision, "dropped": true }))).await;
        approves(&staff, &draft(&staff, written.id).await).await;
        let (_, written) = asks(app, &staff).await;
        let reject = json!({ "revision": written.revision, "reason": "not_now", "rewrite": false });
        ok(&staff, "POST", &format!("/v1/drafts/{}/reject", written.id), Some(reject)).await;
        app.settle().await;
        assert_eq!(server.calls().len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_takes_what_the_tool_said_then_and_asks_nobody() {
    let server = ToolsDouble::start(Tongue::Plain, &shop()).await;
    let model =
        calls(vec![("shop__find_order", json!({ "word": "A-7" }))], "Your order A-7 weighs 12 kilos.").await;
    on_each_engine_with(reaching(&model, &server), async |app| {
        model.forget();
        server.forget(&shop());
        server.replies(|_, _| Reply::Says("A-7 weighs 12 kilos.".to_owned()));
        let (manager, staff) = (app.staff(Role::Manager).await, app.staff(Role::Staff).await);
        add(&manager, &server).await;
        allow(&manager, "find_order", "read").await;
        let (_, written) = asks(app, &staff).await;
        assert!(written.model.is_some(), "{written:?}");
        let asked = (server.calls().len(), model.asked().len());
        server.replies(|_, _| Reply::Says("A-7 is lost.".to_owned()));
        let replayed = ok(&manager, "POST", "/v1/replay", Some(json!({}))).await;
        let one = &replayed["items"][0];
        assert_eq!(
            (&one["as_recorded"], &one["before"]["text"]),
            (&json!(true), &json!(written.text)),
            "{replayed}"
        );
        let again = ok(&manager, "POST", "/v1/replay", Some(json!({}))).await;
        assert_eq!(again, replayed);
        assert_eq!((server.calls().len(), model.asked().len()), asked, "nobody was asked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_businesses_and_secrets_are_kept_apart() {
    const SECRET: &str = "Bearer zebrafinch-0123456789";
    let server = ToolsDouble::start(Tongue::Sessions, &shop()).await;
    server.wants("zebrafinch-0123456789");
    let model = calls(vec![("shop__find_order", json!({ "word": "A-7" }))], "It is on its way.").await;
    on_each_engine_with(reaching(&model, &server), async |app| {
        model.forget();
        server.forget(&shop());
        let (manager, staff) = (app.staff(Role::Manager).await, app.staff(Role::Staff).await);
        let stranger = app.staff_of("beta", Role::Owner).await;
        let without = add(&manager, &server).await;
        assert!(without["problem"].as_str().is_some_and(|says| says.contains("401")), "{without}");
        let new = json!({ "address": server.url, "secret": SECRET });
        let saved = ok(&manager, "PUT", "/v1/tool-servers/shop", Some(new)).await;
        assert_eq!((&saved["has_secret"], &saved["secret"]), (&json!(true), &Value::Null), "{saved}");
        let found = ok(&manager, "POST", "/v1/tool-servers/shop/look", None).await;
        assert_eq!(
            (&found["problem"], found["tools"].as_array().map(Vec::len)),
            (&Value::Null, Some(2)),
            "{found}"
        );
        allow(&manager, "find_order", "read").await;
        let (_, written) = asks(app, &staff).await;
        assert_eq!(server.calls().len(), 1);
        let turn = format!("/v1/turns/{}", written.turn);
        for path in ["/v1/tool-servers", "/v1/agent", "/v1/workspace", turn.as_str()] {
            let answer = call(&manager, "GET", path, None).await;
            assert!(answer.status == 200 && !answer.text.contains("zebrafinch"), "{path}: {answer:?}");
        }
        // A secret goes to the address it was given for; there, what was allowed is forgotten.
        let elsewhere = json!({ "address": "https://tools.example/mcp" });
        let moved = call(&manager, "PUT", "/v1/tool-servers/shop", Some(elsewhere.clone())).await;
        assert!(moved.status == 422 && moved.text.contains("give it again"), "{moved:?}");
        // Another business has nothing of it, and its own model calls nothing.
        assert_eq!(ok(&stranger, "GET", "/v1/tool-servers", None).await["items"], json!([]));
        for (method, path, body) in [
            ("DELETE", "/v1/tool-servers/shop", None),
            ("POST", "/v1/tool-servers/shop/look", None),
            ("PUT", "/v1/tool-servers/shop/tools/refund", Some(json!({ "policy": "read", "hash": "x" }))),
        ] {
            assert_eq!(call(&stranger, method, path, body.clone()).await.status, 404, "{path}");
            assert_eq!(call(&staff, method, path, body).await.status, 403, "{path}");
        }
        assert_eq!(call(&staff, "GET", "/v1/tool-servers", None).await.status, 403);
        let put = Some(json!({ "address": server.url }));
        assert_eq!(call(&staff, "PUT", "/v1/tool-servers/shop", put).await.status, 403);
        let posted = app.customer_of("beta").await.says("Where is my order A-7?").await;
        let at_beta = app.staff_of("beta", Role::Staff).await;
        app.pending(&at_beta, posted.conversation).await;
        assert_eq!(server.calls().len(), 1);

        let mut elsewhere = elsewhere;
        elsewhere["secret"] = json!("");
        let moved = ok(&manager, "PUT", "/v1/tool-servers/shop", Some(elsewhere)).await;
        assert_eq!((&moved["tools"], &moved["has_secret"]), (&json!([]), &json!(false)));
        ok(&manager, "DELETE", "/v1/tool-servers/shop", None).await;
        assert_eq!(ok(&manager, "GET", "/v1/tool-servers", None).await["items"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_called_or_kept_is_refused() {
    crate::support::on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let put = async |name: &str, body: Value| {
            let answer = call(&manager, "PUT", &format!("/v1/tool-servers/{name}"), Some(body)).await;
            (answer.status, answer.json()["detail"].as_str().unwrap_or_default().to_owned())
        };
        let public = json!({ "address": "https://tools.example/mcp" });
        let (status, detail) =
            put("shop", json!({ "address": "https://tools.example/mcp", "secret": "zebrafinch" })).await;
        assert!(status == 422 && detail.contains("CONCIERGE__STORE__SECRETS_KEY"), "{detail}");
        assert!(!detail.contains("zebrafinch"));
        for address in [
            "http://127.0.0.1:9000/mcp",
            "http://[::1]/mcp",
            "http://169.254.169.254/latest",
            "file:///etc/passwd",
            "https://user:pass@tools.example/mcp",
            "https://tools.example:25/mcp",
            "tools",
        ] {
            assert_eq!(put("shop", json!({ "address": address })).await.0, 422, "{address}");
        }
        for header in ["host", "content-length", "mcp-session-id", "x y", "", "x\r\ny"] {
            let body = json!({ "address": "https://tools.example/mcp", "header": header });
            assert_eq!(put("shop", body).await.0, 422, "{header:?}");
        }
        for name in ["Shop", "shop_x", "a-name-that-is-much-too-long"] {
            assert_eq!(put(name, public.clone()).await.0, 422, "{name}");
        }
        for number in 1..=8 {
            assert_eq!(put(&format!("n{number}"), public.clone()).await.0, 200);
        }
        assert_eq!(put("nine", public).await.0, 422, "there is an end");
    })
    .await;
}

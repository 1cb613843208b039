//! Rules at work: events, chains, times, actions with receipts, several approvals, whys and dry runs.

mod events;
mod hooks;
mod mining;
mod past;
mod search;
mod webhooks;
mod workflows;

use concierge::base::{ConversationId, Role};
use concierge::client::Http;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{call, decisions, ok, on_each_engine};

/// A rule with these parts.
pub fn rule(key: &str, on: &str, when: Value, then: Value) -> Value {
    json!({"key": key, "name": format!("Rule {key}"), "on": on, "when": when, "then": then})
}

fn is(fact: &str, value: Value) -> Value {
    json!({"fact": fact, "op": "is", "value": value})
}

pub async fn add(manager: &Http, rule: Value) -> Value {
    ok(manager, "POST", "/v1/rules", Some(rule)).await
}

pub async fn set(staff: &Http, conversation: ConversationId, field: &str, value: Value) {
    let path = format!("/v1/conversations/{conversation}/context/{field}");
    ok(staff, "PUT", &path, Some(json!({"value": value, "locked": false}))).await;
}

/// The runs of a rule in a conversation, newest first.
pub async fn runs(staff: &Http, conversation: ConversationId, key: &str) -> Vec<Value> {
    let listed: Value =
        staff.get(&format!("/v1/conversations/{conversation}/rule-runs")).await.expect("listed");
    let items = listed["items"].as_array().cloned().unwrap_or_default();
    items.into_iter().filter(|run| run["key"] == key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_made_changed_compared_and_taken_away_over_http() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let vocabulary: Value = manager.get("/v1/rules/vocabulary").await.expect("shown");
        let facts = vocabulary["facts"].as_array().expect("facts");
        let status = facts.iter().find(|fact| fact["fact"] == "conversation.status").expect("there");
        assert_eq!(status["options"][1], json!({"value": "quoted", "label": "Quoted"}));
        assert!(facts.iter().any(|fact| fact["fact"] == "context.estimate" && fact["kind"] == "number"));

        let mut document = rule("refunds", "message", is("intent", json!("refund")), json!([
            {"do": "require_approval", "people": 2, "because": "Much money."}]));
        document["hours"] = json!("working");
        let read = ok(&manager, "POST", "/v1/rules/check", Some(document.clone())).await;
        assert_eq!(
            read["text"],
            "When a customer writes, in working hours, if what the customer wants is “refund”: 2 people must \
             approve the reply."
        );
        let made = add(&manager, document.clone()).await;
        let path = format!("/v1/rules/{}", made["id"].as_str().expect("an identifier"));
        assert_eq!(call(&manager, "POST", "/v1/rules", Some(document.clone())).await.problem(), (409, "conflict".to_owned()));

        // Two editors began with version 1; the second learns of both versions.
        let mut hers = document.clone();
        hers["priority"] = json!(5);
        let mut his = document.clone();
        his["name"] = json!("His name");
        let first = json!({"version": 1, "document": hers});
        assert_eq!(ok(&manager, "PUT", &path, Some(first)).await["version"], 2);
        let second = call(&manager, "PUT", &path, Some(json!({"version": 1, "document": his}))).await;
        assert_eq!(second.problem(), (409, "conflict".to_owned()));
        let conflict = &second.json()["conflict"];
        assert_eq!((&conflict["theirs"]["version"], &conflict["theirs"]["priority"]), (&json!(2), &json!(5)));
        assert_eq!((&conflict["yours"], &conflict["edited_version"]), (&his, &json!(1)));

        let versions: Value = manager.get(&format!("{path}/versions")).await.expect("listed");
        let listed = versions["items"].as_array().expect("versions");
        assert_eq!(listed.iter().map(|one| one["version"].as_i64()).collect::<Vec<_>>(), [Some(2), Some(1)]);
        assert_eq!((&listed[1]["document"], &listed[0]["made_by"]), (&document, &json!("Some manager")));

        let renamed = call(&manager, "PUT", &path, Some(json!({"version": 2, "document": rule("other", "message", json!({"all": []}), json!([{"do": "notify", "text": "x"}]))}))).await;
        assert!(renamed.json()["detail"].as_str().is_some_and(|says| says.contains("key: the key of a rule does not change")));
        let staff = app.staff(Role::Staff).await;
        for (method, body) in [("PUT", Some(json!({"version": 2, "document": hers}))), ("DELETE", None)] {
            assert_eq!(call(&staff, method, &path, body).await.status, 403, "{method}");
        }
        let stranger = app.staff_of("beta", Role::Owner).await;
        for (method, end, body) in [("GET", "", None), ("PUT", "", Some(json!({"version": 2, "document": hers}))), ("DELETE", "", None), ("GET", "/versions", None)] {
            assert_eq!(call(&stranger, method, &format!("{path}{end}"), body).await.status, 404, "{method}{end}");
        }
        ok(&manager, "DELETE", &path, None).await;
        assert_eq!(call(&manager, "GET", &path, None).await.status, 404);
        let again = add(&manager, document).await;
        assert_eq!((&again["version"], &again["id"]), (&json!(3), &made["id"]), "the key goes on where it ended");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_wrong_is_refused_with_its_place() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let leaf = is("intent", json!("x"));
        let deep = (0..30).fold(leaf.clone(), |inner, _| json!({"not": inner}));
        let notify = json!([{"do": "notify", "text": "x"}]);
        let wrong = [
            (
                rule("a", "message", json!({"any": vec![leaf.clone(); 10_000]}), notify.clone()),
                "there are more than 1000 conditions",
            ),
            (rule("a", "message", deep, notify.clone()), "conditions are nested deeper than 20"),
            (
                rule(
                    "a",
                    "message",
                    json!({"fact": "message.text", "op": "matches", "value": "(a{1,400}){1,400}"}),
                    notify.clone(),
                ),
                "when.value: this regular expression becomes too large",
            ),
            (
                rule("a", "message", is("context.gone", json!("x")), notify.clone()),
                "when.fact: no active schema has a field",
            ),
            (rule("a", "moon", leaf.clone(), notify.clone()), "on: \"moon\" is not one of message"),
            (rule("a", "message", leaf.clone(), json!([{"do": "webhook", "url": "ftp://x"}])), "then[0].url"),
        ];
        for (document, says) in wrong {
            let refused = call(&manager, "POST", "/v1/rules", Some(document.clone())).await;
            assert_eq!(refused.problem(), (422, "invalid_value".to_owned()), "{says}");
            assert!(refused.text.contains(&says.replace('"', "\\\"")), "{says}: {}", refused.text);
            let read = ok(&manager, "POST", "/v1/rules/check", Some(document)).await;
            assert!(read["problem"].as_str().is_some_and(|problem| problem.contains(says)), "{read}");
        }
        let own = rule(
            "own",
            "status_changed",
            is("event.to", json!("quoted")),
            json!([{"do": "set_status", "status": "booked"}]),
        );
        let read = ok(&manager, "POST", "/v1/rules/check", Some(own)).await;
        assert!(read["notes"][0].as_str().is_some_and(|note| note.starts_with("then[0]:")), "{read}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_different_people_approve_what_a_rule_asks_two_for() {
    on_each_engine(async |app| {
        let (staff, manager, owner) =
            (app.staff(Role::Staff).await, app.staff(Role::Manager).await, app.staff(Role::Owner).await);
        add(
            &manager,
            rule(
                "refunds",
                "message",
                json!({"all": [
            {"fact": "message.text", "op": "contains", "value": "refund"},
            {"fact": "message.amount", "op": "gt", "value": 200}]}),
                json!([
            {"do": "require_approval", "people": 2, "because": "Refunds over 200 need two people."}]),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("Please refund the £250 for the brake check.").await.conversation;
        let shown = app.pending(&staff, conversation).await;
        assert_eq!((shown.required_people, shown.approvals.len()), (2, 0));
        assert!(shown.blockers.iter().any(|blocker| blocker.says == "Refunds over 200 need two people."));
        let path = format!("/v1/drafts/{}/approve", shown.id);
        let body =
            |draft: &concierge::protocol::DraftView| json!({"revision": draft.revision, "hash": draft.hash});

        let first = call(&staff, "POST", &path, Some(body(&shown))).await;
        assert_eq!(first.status, 202, "{first:?}");
        assert_eq!(first.json()["approvals"][0]["name"], "Some staff");
        let again = call(&staff, "POST", &path, Some(body(&shown))).await;
        assert_eq!(again.problem(), (409, "needs_second_person".to_owned()));
        assert!(again.text.contains("somebody else has to as well"), "{again:?}");
        assert!(crate::support::sent_by_agent(&staff, conversation).await.is_empty());

        // Whoever changes the text begins anew.
        let mut changed = body(&shown);
        changed["text"] = json!("We look into the refund.");
        let edited = call(&manager, "POST", &path, Some(changed)).await;
        assert_eq!(edited.status, 202, "{edited:?}");
        assert_eq!(edited.json()["approvals"].as_array().map(Vec::len), Some(1));
        let now = crate::support::draft(&staff, shown.id).await;
        assert_eq!(
            (now.approvals[0].name.as_str(), now.edited_text.as_deref()),
            ("Some manager", Some("We look into the refund."))
        );
        assert_eq!(call(&staff, "POST", &path, Some(body(&shown))).await.problem().1, "draft_changed");
        let held = call(&owner, "POST", &path, Some(body(&now))).await;
        assert_eq!(held.status, 200, "{held:?}");
        app.settle().await;
        let sent = crate::support::sent_by_agent(&staff, conversation).await;
        assert_eq!(sent.len(), 1);
        assert_eq!(
            decisions(&staff, conversation).await,
            ["approved_in_part", "approved_in_part", "approved_edited"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_asks_the_waiting_draft_for_a_role_and_proposes_replies() {
    on_each_engine(async |app| {
        let (staff, manager) = (app.staff(Role::Staff).await, app.staff(Role::Manager).await);
        add(
            &manager,
            rule(
                "quoted",
                "status_changed",
                is("event.to", json!("quoted")),
                json!([
            {"do": "require_approval", "role": "manager", "people": 2, "because": "Quotes are read twice."}]),
            ),
        )
        .await;
        add(
            &manager,
            rule(
                "booked",
                "status_changed",
                is("event.to", json!("booked")),
                json!([
            {"do": "draft", "text": "Your visit is booked."}]),
            ),
        )
        .await;
        add(
            &manager,
            rule(
                "thanks",
                "message",
                json!({"fact": "message.text", "op": "contains", "value": "thank"}),
                json!([
            {"do": "draft", "text": "You are welcome."}]),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.pending(&staff, conversation).await;
        let status = format!("/v1/conversations/{conversation}/status");
        ok(&staff, "POST", &status, Some(json!({"status": "quoted"}))).await;
        let shown = app.pending(&staff, conversation).await;
        assert_eq!((shown.required_role, shown.required_people), (Some(Role::Manager), 2));
        let path = format!("/v1/drafts/{}/approve", shown.id);
        let body = json!({"revision": shown.revision, "hash": shown.hash});
        assert_eq!(call(&staff, "POST", &path, Some(body)).await.problem(), (403, "forbidden".to_owned()));

        ok(&staff, "POST", &status, Some(json!({"status": "booked"}))).await;
        app.settle().await;
        let skipped = runs(&staff, conversation, "booked").await;
        assert_eq!(
            skipped[0]["receipts"][0],
            json!({"action": "propose a reply", "state": "skipped", "because": "another draft waits already"})
        );
        ana.says("Thank you!").await;
        let proposed = app.pending(&staff, conversation).await;
        assert_eq!(proposed.text, "You are welcome.");
        assert!(
            proposed.blockers.iter().any(|blocker| blocker.says == "The rule “Rule thanks” proposes this")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_rule_says_why_and_why_not() {
    on_each_engine(async |app| {
        let (manager, staff) = (app.staff(Role::Manager).await, app.staff(Role::Staff).await);
        let price = add(
            &manager,
            rule(
                "price",
                "message",
                json!({"all": [
            {"fact": "message.text", "op": "contains", "value": "refund"},
            {"fact": "message.amount", "op": "gt", "value": 200}]}),
                json!([{"do": "label", "add": ["much"]}]),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("Please refund the £150 for the tyres.").await.conversation;
        app.settle().await;
        let path = format!("/v1/conversations/{conversation}/rules/{}", price["id"].as_str().expect("an id"));
        let why_not: Value = staff.get(&path).await.expect("asked");
        assert_eq!(
            (&why_not["verdict"], &why_not["says"]),
            (
                &json!("unmet"),
                &json!([
                    "the largest sum of money in the message is more than 200: does not hold, it was 150"
                ])
            )
        );
        assert_eq!(why_not["tree"]["all"][0]["met"], true);
        ana.says("Sorry, please refund £350 in all.").await;
        app.settle().await;
        let why: Value = staff.get(&path).await.expect("asked");
        assert_eq!(why["verdict"], "fired", "{why}");
        assert_eq!(
            why["tree"]["all"][1],
            json!({"met": true, "fact": "message.amount", "op": "gt", "value": 200, "actual": 350.0})
        );
        assert_eq!(why["runs"][0]["receipts"][0]["state"], "done");

        let one = format!("/v1/rules/{}", price["id"].as_str().expect("an id"));
        let off = manager.send(Method::PATCH, &one, Some(json!({"enabled": false}))).await.expect("switched");
        assert_eq!(off.status(), 200);
        add(&manager, rule("never", "rated", json!({"all": []}), json!([{"do": "notify", "text": "x"}])))
            .await;
        let all: Value = staff.get(&format!("/v1/conversations/{conversation}/rules")).await.expect("asked");
        let verdict = |key: &str| {
            let items = all["items"].as_array().expect("answers");
            items.iter().find(|one| one["key"] == key).map(|one| one["verdict"].clone()).unwrap_or_default()
        };
        assert_eq!((verdict("never"), verdict("brakes-are-labelled")), (json!("not_asked"), json!("unmet")));
        let stranger = app.staff_of("beta", Role::Owner).await;
        for path in [path, format!("/v1/conversations/{conversation}/rules")] {
            assert_eq!(call(&stranger, "GET", &path, None).await.status, 404);
        }
    })
    .await;
}

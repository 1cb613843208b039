//! What is known of a conversation: product map F4, F5.

use concierge::base::{ConversationId, Role};
use concierge::client::Http;
use concierge::context::{self, Changed, Error, Proposal, RecordView};
use concierge::protocol::{Content, FieldOrigin, ReceiptState};
use concierge::schemas;
use reqwest::Method;
use serde_json::{Value, json};

use crate::schemas::document;
use crate::support::{Store, call, ok, on_each_engine, on_each_store, summary, timeline};

fn says(field: &str, value: Value, confidence: f64, seq: i64) -> Proposal {
    Proposal {
        field: field.to_owned(),
        value,
        confidence,
        evidence: Some("in these words".to_owned()),
        evidence_seq: Some(seq),
        origin: FieldOrigin::Extracted,
    }
}

async fn install(store: &Store) {
    let mut tx = store.begin().await;
    let fields = json!({
        "day": {"type": "string", "title": "Day", "x-type": "date", "x-weight": 3},
        "guests": {"type": "number", "title": "Guests", "x-type": "number"}
    });
    schemas::install(&store.cx(), &mut tx, &document("visit", &fields)).await.expect("valid");
    tx.commit().await.expect("stored");
}

fn day(record: &RecordView) -> (Option<&Value>, bool, Option<&Value>) {
    let field = &record.fields[0];
    (field.value.as_ref(), field.locked, field.proposal.as_ref().map(|beside| &beside.value))
}

async fn entries(store: &Store, conversation: concierge::base::ConversationId) -> i64 {
    let mut tx = store.begin().await;
    let (seq,) =
        concierge::fetch_one!(tx, (i64,), "SELECT last_seq FROM conversations WHERE id = $1", conversation)
            .expect("read");
    seq
}

#[tokio::test]
async fn what_customers_say_is_kept_with_its_evidence() {
    on_each_store(async |store| {
        install(store).await;
        let (cx, conversation) = (store.cx(), store.conversation().await);
        let mut tx = store.begin().await;
        let proposals = vec![
            says("day", json!("2026-03-14"), 0.9, 1),
            says("guests", json!(4), 0.4, 1),
            says("guests", json!(5), 0.8, 1),
            says("colour", json!("red"), 1.0, 1),
            says("day", json!("soon"), 1.0, 2),
        ];
        let changes = context::propose(&cx, &mut tx, conversation, proposals).await.expect("taken");
        let values: Vec<_> =
            changes.iter().map(|change| (change.field.as_str(), change.what.clone())).collect();
        let set = |to: Value| Changed::Value { from: None, to };
        assert_eq!(values, [("day", set(json!("2026-03-14"))), ("guests", set(json!(5)))]);
        tx.commit().await.expect("stored");

        let mut tx = store.begin().await;
        let records = context::view(&cx, &mut tx, conversation).await.expect("read");
        insta::assert_json_snapshot!("record", records);
        drop(tx);
        assert_eq!(entries(store, conversation).await, 2);
    })
    .await;
}

#[tokio::test]
async fn a_person_locks_a_field_and_the_machine_stands_beside() {
    on_each_store(async |store| {
        install(store).await;
        let (cx, conversation) = (store.cx(), store.conversation().await);
        let mut tx = store.begin().await;
        let (friday, monday) = (json!("2026-03-13"), json!("2026-03-16"));
        let record =
            context::set(&cx, &mut tx, conversation, "day", Some(friday.clone()), true).await.expect("set");
        assert_eq!((day(&record), record.completion), ((Some(&friday), true, None), 0.75));
        let taken =
            context::propose(&cx, &mut tx, conversation, vec![says("day", monday.clone(), 1.0, 9)]).await;
        assert_eq!(taken.expect("taken")[0].what, Changed::Proposal(Some(monday.clone())));
        let records = context::view(&cx, &mut tx, conversation).await.expect("read");
        assert_eq!(day(&records[0]), (Some(&friday), true, Some(&monday)));
        let cleared =
            context::set(&cx, &mut tx, conversation, "visit.day", None, false).await.expect("cleared");
        assert_eq!(day(&cleared), (None, false, None));
        let taken =
            context::propose(&cx, &mut tx, conversation, vec![says("day", monday.clone(), 0.6, 10)]).await;
        assert_eq!(taken.expect("taken")[0].what, Changed::Value { from: None, to: monday });
        tx.commit().await.expect("stored");
        assert_eq!(entries(store, conversation).await, 3);
    })
    .await;
}

#[tokio::test]
async fn a_new_version_of_the_schema_keeps_what_is_known() {
    on_each_store(async |store| {
        install(store).await;
        let (cx, conversation) = (store.cx(), store.conversation().await);
        let mut tx = store.begin().await;
        let before = context::set(&cx, &mut tx, conversation, "day", Some(json!("2026-03-13")), true)
            .await
            .expect("set");
        let fields = json!({
            "day": {"type": "string", "title": "Which day", "x-type": "date"},
            "name": {"type": "string", "title": "Name", "x-type": "name"}
        });
        schemas::install(&cx, &mut tx, &document("visit", &fields)).await.expect("valid");
        let after = context::view(&cx, &mut tx, conversation).await.expect("read").remove(0);
        assert_eq!((after.id, after.schema.version, after.completion), (before.id, 2, 0.5));
        assert_eq!(after.fields[0].value, Some(json!("2026-03-13")));
    })
    .await;
}

#[tokio::test]
async fn a_wrong_value_or_field_is_refused() {
    on_each_store(async |store| {
        install(store).await;
        let (cx, conversation) = (store.cx(), store.conversation().await);
        let mut tx = store.begin().await;
        let wrong = context::set(&cx, &mut tx, conversation, "day", Some(json!("soon")), true).await;
        assert!(matches!(wrong, Err(Error::Invalid { field, .. }) if field == "day"));
        let wrong = context::set(&cx, &mut tx, conversation, "colour", Some(json!("red")), true).await;
        assert!(matches!(wrong, Err(Error::NoField(_))));
        let foreign = context::set(&store.foreign(), &mut tx, conversation, "day", None, true).await;
        assert!(matches!(foreign, Err(Error::Conversation(_))));
        let foreign = context::view(&store.foreign(), &mut tx, conversation).await;
        assert!(matches!(foreign, Err(Error::Conversation(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_colleague_set_outlives_what_the_customer_says() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut ana = app.customer().await;
        let conversation = ana.says("Hello, it is about my car.").await.conversation;
        app.settle().await;
        let path = format!("/v1/conversations/{conversation}/context");
        let phone = format!("{path}/phone");
        let set =
            staff.send(Method::PUT, &phone, Some(json!({"value": "0113 496 0140"}))).await.expect("set");
        let record: RecordView = set.json().await.expect("a record");
        assert!(record.fields.iter().any(|field| field.key == "phone" && field.locked));
        ana.says("You can reach me on 0113 496 0177.").await;
        app.settle().await;
        let context: Value = staff.get(&path).await.expect("shown");
        let fields = context["records"][0]["fields"].as_array().expect("fields");
        let field = fields.iter().find(|field| field["key"] == "phone").expect("the field");
        assert_eq!((&field["value"], &field["origin"]), (&json!("0113 496 0140"), &json!("person")));
        for (body, status) in [
            (json!({"value": "call me"}), 422),
            (json!({"locked": false}), 422),
            (json!({"value": null, "locked": false}), 200),
        ] {
            let answer = staff.raw(Method::PUT, &phone, Some(body.clone())).await.expect("answered");
            assert_eq!(answer.status(), status, "{body}");
        }
        let stranger = app.staff_of("beta", Role::Owner).await;
        assert_eq!(stranger.raw(Method::GET, &path, None).await.expect("answered").status(), 404);
        let viewer = app.staff(Role::Viewer).await;
        let refused = viewer.raw(Method::PUT, &phone, Some(json!({"value": null}))).await.expect("answered");
        assert_eq!(refused.status(), 403);
    })
    .await;
}

/// A record's field as the API shows it.
async fn field(staff: &Http, conversation: ConversationId, key: &str) -> Value {
    let context = ok(staff, "GET", &format!("/v1/conversations/{conversation}/context"), None).await;
    let fields = context["records"][0]["fields"].as_array().cloned().unwrap_or_default();
    fields.into_iter().find(|field| field["key"] == key).unwrap_or_else(|| panic!("no {key} in {context}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_customer_says_fills_the_record_with_evidence() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let said = "Can I book an MOT? You can reach me on 07911 123456.";
        let posted = customer.says(said).await;
        app.settle().await;
        let phone = field(&staff, posted.conversation, "phone").await;
        let value = phone["value"].as_str().expect("it is known").to_owned();
        assert!(value.replace(' ', "").ends_with("7911123456"), "{phone}");
        assert_eq!((&phone["origin"], &phone["locked"]), (&json!("extracted"), &json!(false)));
        assert_eq!(phone["evidence_seq"], posted.seq);
        let evidence = phone["evidence"].as_str().expect("the words it was read from");
        assert!(said.contains(evidence), "{evidence}");
        let confidence = phone["confidence"].as_f64().expect("a share");
        assert!(confidence > 0.5 && confidence <= 1.0);
        let told: Vec<_> = changes(&staff, posted.conversation, "phone").await;
        assert_eq!(told, [(None, Some(json!(value)), "extracted".to_owned())], "told once");
        assert!(
            timeline(&customer.http, posted.conversation)
                .await
                .iter()
                .all(|entry| entry.content.is_message()),
            "the customer does not see the record"
        );
        // Unknown fields are shown as unknown, with the question that asks for them.
        let vehicle = field(&staff, posted.conversation, "mileage").await;
        assert!(vehicle.get("value").is_none() && !vehicle["ask"].as_str().unwrap_or_default().is_empty());
    })
    .await;
}

/// What the timeline says became of a field.
async fn changes(
    staff: &Http,
    conversation: ConversationId,
    key: &str,
) -> Vec<(Option<Value>, Option<Value>, String)> {
    let entries = timeline(staff, conversation).await;
    entries
        .into_iter()
        .filter_map(|entry| match entry.content {
            Content::FieldChanged { field, from, to, origin, .. } if field == key => {
                Some((from, to, origin.as_str().to_owned()))
            }
            _ => None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_says_stays_and_what_the_machine_reads_stands_beside_it() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("You can reach me on 07911 123456.").await.conversation;
        app.settle().await;
        let read = field(&staff, conversation, "phone").await["value"].clone();
        let path = format!("/v1/conversations/{conversation}/context/phone");
        let by_hand = json!("+442079460000");
        ok(&staff, "PUT", &path, Some(json!({ "value": by_hand }))).await;
        let phone = field(&staff, conversation, "phone").await;
        assert_eq!(
            (&phone["value"], &phone["origin"], &phone["locked"]),
            (&by_hand, &json!("person"), &json!(true))
        );
        assert_eq!(phone["confidence"], 1.0);

        let later = customer.says("Sorry, my number is 07911 654321.").await;
        app.settle().await;
        let phone = field(&staff, conversation, "phone").await;
        assert_eq!(
            (&phone["value"], &phone["origin"]),
            (&by_hand, &json!("person")),
            "a person's value stays"
        );
        let beside = phone["proposal"]["value"].as_str().expect("the newer number stands beside it");
        assert!(beside.replace(' ', "").ends_with("7911654321"), "{phone}");
        assert_eq!(phone["proposal"]["evidence_seq"], later.seq);
        // Freed, it still is a person's: only a person replaces it.
        ok(&staff, "PUT", &path, Some(json!({ "value": by_hand, "locked": false }))).await;
        customer.says("My number is 07911 654321, please.").await;
        app.settle().await;
        assert_eq!(field(&staff, conversation, "phone").await["value"], by_hand);
        // Cleared and free, the machine may fill it again; cleared and locked it may not.
        ok(&staff, "PUT", &path, Some(json!({ "value": null, "locked": true }))).await;
        customer.says("Again, my number is 07911 654321.").await;
        app.settle().await;
        let phone = field(&staff, conversation, "phone").await;
        assert!(phone.get("value").is_none(), "{phone}");
        ok(&staff, "PUT", &path, Some(json!({ "value": null, "locked": false }))).await;
        customer.says("My number is 07911 654321, did you get it?").await;
        app.settle().await;
        let phone = field(&staff, conversation, "phone").await;
        assert_eq!(phone["value"].as_str(), Some(beside), "{phone}");
        let origins: Vec<String> =
            changes(&staff, conversation, "phone").await.into_iter().map(|(_, _, origin)| origin).collect();
        assert_eq!(origins, ["extracted", "person", "person", "extracted"]);
        assert_ne!(read, Value::Null);

        for (key, value, status, code) in [
            ("phone", json!(7), 422, "invalid_value"),
            ("phone", json!(""), 422, "invalid_value"),
            ("mileage", json!("many"), 422, "invalid_value"),
            ("preferred_date", json!("someday"), 422, "invalid_value"),
            ("work", json!("nothing-of-the-list"), 422, "invalid_value"),
            ("no_such_field", json!("x"), 404, "not_found"),
            ("other-schema.phone", json!("x"), 404, "not_found"),
        ] {
            let path = format!("/v1/conversations/{conversation}/context/{key}");
            let refused = call(&staff, "PUT", &path, Some(json!({ "value": value }))).await;
            assert_eq!(refused.problem(), (status, code.to_owned()), "{key} = {value}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_fire_on_what_is_known_and_leave_receipts() {
    on_each_engine(async |app| {
        let rule = |key: &str, when: Value, then: Value| {
            json!({ "key": key, "name": key, "on": "message", "priority": 50, "stop": false,
                "enabled": true, "when": { "all": [when] }, "then": then })
        };
        app.add_rules(json!([
            rule(
                "reachable",
                json!({ "fact": "context.phone", "op": "known" }),
                json!([
                    { "do": "label", "add": ["reachable"] },
                    { "do": "set_status", "status": "booked" },
                    { "do": "assign", "role": "manager" },
                    { "do": "set_field", "field": "urgency", "value": "high" },
                    { "do": "notify", "text": "Call them back" },
                ])
            ),
            rule(
                "never",
                json!({ "fact": "message.text", "op": "contains", "value": "xyzzy" }),
                json!([
                    { "do": "label", "add": ["never"] },
                ])
            ),
        ]))
        .await;
        let (staff, manager) = (app.staff(Role::Staff).await, app.staff(Role::Manager).await);
        let mut customer = app.customer().await;
        let conversation = customer.says("Brakes! You can reach me on 07911 123456.").await.conversation;
        app.settle().await;
        // The rule reads the record: its facts are those of the turn that found them, or of the next one.
        customer.says("Are you there?").await;
        app.settle().await;
        let row = summary(&staff, conversation).await;
        assert_eq!(row.labels, ["brakes", "reachable"]);
        assert_eq!(row.status, "booked");
        assert!(row.assignee.is_some());
        let urgency = field(&staff, conversation, "urgency").await;
        assert_eq!((&urgency["value"], &urgency["origin"]), (&json!("high"), &json!("rule")));
        let receipts: Vec<(String, Vec<String>)> = fired(&staff, conversation).await;
        let first = receipts.iter().find(|(name, _)| name == "reachable").expect("it fired");
        assert_eq!(first.1, ["done"; 5], "{receipts:?}");
        assert!(!receipts.iter().any(|(name, _)| name == "never"), "{receipts:?}");
        let runs = ok(&staff, "GET", &format!("/v1/conversations/{conversation}/rule-runs"), None).await;
        let runs = runs["items"].as_array().cloned().unwrap_or_default();
        let run = |key: &str| runs.iter().filter(|run| run["key"] == key).cloned().collect::<Vec<Value>>();
        assert!(run("never").iter().all(|run| run["matched"] == false) && !run("never").is_empty());
        assert!(run("reachable").iter().any(|run| run["matched"] == true));

        // A person's decisions stand: what a rule cannot do is skipped, and says why.
        let path = |verb: &str| format!("/v1/conversations/{conversation}/{verb}");
        ok(&staff, "PUT", &path("context/urgency"), Some(json!({ "value": "low" }))).await;
        ok(&staff, "POST", &path("status"), Some(json!({ "status": "done" }))).await;
        customer.says("Still there?").await;
        app.settle().await;
        assert_eq!(field(&staff, conversation, "urgency").await["value"], "low");
        assert_eq!(summary(&staff, conversation).await.status, "done");
        let last = fired(&staff, conversation).await.pop().expect("it fired again");
        assert_eq!(last.1, ["done", "skipped", "skipped", "skipped", "done"], "{last:?}");

        // Switched off, it does nothing.
        let rules = ok(&manager, "GET", "/v1/rules", None).await;
        let id =
            rules["items"].as_array().and_then(|rules| rules.iter().find(|rule| rule["key"] == "reachable"));
        let id = id.and_then(|rule| rule["id"].as_str()).expect("it is listed").to_owned();
        ok(&manager, "PATCH", &format!("/v1/rules/{id}"), Some(json!({ "enabled": false }))).await;
        let count = async || {
            let fired = fired(&staff, conversation).await;
            fired.iter().filter(|(name, _)| name == "reachable").count()
        };
        let before = count().await;
        customer.says("And now?").await;
        app.settle().await;
        assert_eq!(count().await, before);
    })
    .await;
}

/// The rules that fired, each with what became of its actions.
async fn fired(staff: &Http, conversation: ConversationId) -> Vec<(String, Vec<String>)> {
    let entries = timeline(staff, conversation).await;
    entries
        .into_iter()
        .filter_map(|entry| match entry.content {
            Content::RuleFired { name, receipts, .. } => {
                assert!(
                    receipts.iter().all(|receipt| {
                        (receipt.state == ReceiptState::Done) == receipt.because.is_none()
                    })
                );
                Some((name, receipts.iter().map(|receipt| receipt.state.as_str().to_owned()).collect()))
            }
            _ => None,
        })
        .collect()
}

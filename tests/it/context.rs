//! What is known of a conversation.

use concierge::base::Role;
use concierge::context::{self, Changed, Error, Proposal, RecordView};
use concierge::protocol::FieldOrigin;
use concierge::schemas;
use reqwest::Method;
use serde_json::{Value, json};

use crate::schemas::document;
use crate::support::{Store, on_each_engine, on_each_store};

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

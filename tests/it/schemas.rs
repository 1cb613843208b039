//! Schemas and their versions.

use concierge::schemas::{self, Error};
use serde_json::json;

use crate::support::on_each_store;

/// A schema with the given fields.
pub(crate) fn document(key: &str, properties: &serde_json::Value) -> String {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": format!("concierge:{key}"),
        "title": "Visit", "type": "object", "properties": properties,
        "x-workflow": {"initial": "new",
            "states": [{"key": "new", "label": "New"}, {"key": "quoted", "label": "Quoted"},
                {"key": "done", "label": "Done", "final": true}],
            "transitions": [{"from": "new", "to": "quoted"}, {"from": "quoted", "to": "done"}]}
    })
    .to_string()
}

#[tokio::test]
async fn a_change_is_a_new_version_and_the_same_again_is_none() {
    on_each_store(async |store| {
        let cx = store.cx();
        let mut tx = store.begin().await;
        let text = |title: &str| json!({"day": {"type": "string", "title": title, "x-type": "date"}});
        let first = schemas::install(&cx, &mut tx, &document("visit", &text("Day"))).await.expect("valid");
        let spaced = document("visit", &text("Day")).replace(',', " ,\n");
        let same = schemas::install(&cx, &mut tx, &spaced).await.expect("valid");
        let second =
            schemas::install(&cx, &mut tx, &document("visit", &text("Which day"))).await.expect("valid");
        let other = schemas::install(&cx, &mut tx, &document("claim", &text("Day"))).await.expect("valid");
        assert_eq!((first.version, same.id, second.version, other.version), (1, first.id, 2, 1));
        let active = schemas::active(&cx, &mut tx).await.expect("read");
        assert_eq!(active.iter().map(|schema| schema.id).collect::<Vec<_>>(), [other.id, second.id]);
        assert_eq!(schemas::get(&cx, &mut tx, first.id).await.expect("kept").fields[0].label, "Day");
    })
    .await;
}

#[tokio::test]
async fn a_workspace_sees_its_own_schemas_only() {
    on_each_store(async |store| {
        let (cx, foreign) = (store.cx(), store.foreign());
        let mut tx = store.begin().await;
        let fields = json!({"day": {"type": "string", "title": "Day", "x-type": "date"}});
        let mine = schemas::install(&cx, &mut tx, &document("visit", &fields)).await.expect("valid");
        assert!(schemas::active(&foreign, &mut tx).await.expect("read").is_empty());
        assert!(matches!(schemas::get(&foreign, &mut tx, mine.id).await, Err(Error::NotFound(_))));
        let theirs = schemas::install(&foreign, &mut tx, &document("visit", &fields)).await.expect("valid");
        assert_eq!((theirs.version, theirs.id == mine.id), (1, false));
    })
    .await;
}

#[tokio::test]
async fn a_wrong_document_changes_nothing() {
    on_each_store(async |store| {
        let cx = store.cx();
        let mut tx = store.begin().await;
        let wrong = document("visit", &json!({"day": {"type": "string", "title": "Day", "x-type": "dat"}}));
        let refused = schemas::install(&cx, &mut tx, &wrong).await.expect_err("an unknown type");
        assert!(refused.to_string().starts_with("properties.day.x-type: \"dat\""), "{refused}");
        assert!(schemas::active(&cx, &mut tx).await.expect("read").is_empty());
    })
    .await;
}

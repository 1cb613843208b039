//! Habits of the team as rules.

use concierge::base::Role;
use serde_json::{Value, json};

use super::add;
use crate::support::{call, ok, on_each_engine};

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_always_do_is_offered_as_a_rule_with_its_precision() {
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        for number in 0..12 {
            let brakes = number % 2 == 0;
            let text = if brakes { "My brakes are grinding." } else { "Good morning!" };
            let conversation = app.customer().await.says(text).await.conversation;
            app.settle().await;
            if brakes {
                let body = json!({"add": ["workshop"]});
                ok(&manager, "POST", &format!("/v1/conversations/{conversation}/labels"), Some(body)).await;
            }
        }
        let found = ok(&manager, "GET", "/v1/rules/habits?precision=0.9", None).await;
        assert_eq!(found["conversations"], 12);
        let items = found["items"].as_array().cloned().unwrap_or_default();
        let of_label = |one: &&Value| {
            one["document"]["then"][0] == json!({"do": "label", "add": ["workshop"], "remove": []})
        };
        let habit = items.iter().find(of_label).unwrap_or_else(|| panic!("{found}"));
        assert_eq!(
            (&habit["right"], &habit["held"], &habit["done"]),
            (&json!(6), &json!(6), &json!(6)),
            "{habit}"
        );
        assert_eq!(
            (&habit["precision"], &habit["recall"], &habit["newer"]),
            (&json!(1.0), &json!(1.0), &json!([2, 2]))
        );
        assert_eq!(habit["examples"].as_array().map(Vec::len), Some(5));

        // It is a rule that can be tried and saved; then it is no longer offered.
        let trial = json!({"document": habit["document"]});
        let tried = ok(&manager, "POST", "/v1/rules/test", Some(trial)).await;
        assert_eq!(tried["touched_conversations"], 6);
        assert_eq!(add(&manager, habit["document"].clone()).await["enabled"], false);
        let again = ok(&manager, "GET", "/v1/rules/habits?precision=0.9", None).await;
        assert!(!again["items"].as_array().into_iter().flatten().any(|one| of_label(&one)), "{again}");
        let wrong = call(&manager, "GET", "/v1/rules/habits?precision=0.2", None).await;
        assert_eq!(wrong.problem(), (422, "invalid_field".to_owned()));
        let staff = app.staff(Role::Staff).await;
        assert_eq!(call(&staff, "GET", "/v1/rules/habits", None).await.status, 403);
    })
    .await;
}

//! The wait that the widget may promise: measured, and silent while too little is known. X53.

use std::time::Duration;

use concierge::base::Role;
use concierge::client::Http;
use serde_json::{Value, json};

use crate::support::{App, manual_clock, ok, on_each_engine_with};

async fn promised(app: &App) -> Value {
    ok(&Http::anonymous(&app.url()), "GET", "/v1/widget/alpha", None).await["answers"].clone()
}

/// A customer asks and a colleague answers after a while.
async fn answered(app: &App, owner: &Http, after: Duration) {
    let conversation = app.customer().await.says("Is anybody there?").await.conversation;
    app.advance(after);
    let reply = json!({ "client_id": "reply", "body": "Yes, how can I help?" });
    ok(owner, "POST", &format!("/v1/conversations/{conversation}/messages"), Some(reply)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_wait_is_measured_and_never_guessed() {
    let by_hand = |_: &mut concierge::config::Config, options: &mut concierge::app::Options| {
        options.clock = manual_clock();
    };
    on_each_engine_with(by_hand, async |app| {
        let owner = app.staff(Role::Owner).await;
        let minute = Duration::from_secs(60);
        for _ in 0..4 {
            answered(app, &owner, 7 * minute).await;
        }
        assert_eq!(promised(app).await, Value::Null, "four are too few");
        answered(app, &owner, 7 * minute).await;
        assert_eq!(promised(app).await, json!([10, "minute"]));
        let (_, visit) = Http::visit(&app.url(), "alpha", json!({})).await.expect("a visit");
        drop(visit);
        // Another business has its own, which is unknown.
        let other = ok(&Http::anonymous(&app.url()), "GET", "/v1/widget/beta", None).await;
        assert_eq!(other["answers"], Value::Null);
        // Quicker days make a shorter promise, slow ones are forgotten after a week.
        for _ in 0..6 {
            answered(app, &owner, minute).await;
        }
        app.advance(2 * minute);
        assert_eq!(promised(app).await, json!([1, "minute"]));
        app.advance(Duration::from_secs(8 * 24 * 3_600));
        assert_eq!(promised(app).await, Value::Null, "nothing is known of this week");
        // While nobody is there, the hours say when somebody is.
        let closed = json!({ "hours": [{ "days": ["mon"], "from": "00:00", "to": "00:01" }] });
        for _ in 0..6 {
            let owner = app.staff(Role::Owner).await;
            answered(app, &owner, minute).await;
        }
        app.advance(2 * minute);
        assert_eq!(promised(app).await, json!([1, "minute"]));
        let owner = app.staff(Role::Owner).await;
        ok(&owner, "PATCH", "/v1/workspace", Some(closed)).await;
        assert_eq!(promised(app).await, Value::Null);
    })
    .await;
}

//! What the load tester counts is what the hub counts and what is stored (O5).

use serde_json::Value;
use sqlx::Connection;

use crate::hub::{Hub, store_in};
use crate::until;

#[tokio::test(flavor = "multi_thread")]
async fn the_load_tester_the_metrics_and_the_store_agree() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Hub::start(folder.path(), &[]).await;
    let stored = async |of: &str| {
        let mut store = store_in(&hub.folder).await;
        let sql = format!("SELECT COUNT(*) FROM entries WHERE kind = 'message' AND actor_kind LIKE '{of}'");
        let count = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_one(&mut store).await.expect("counted");
        store.close().await.expect("closed");
        let (count,): (u64,) = count;
        count
    };
    let before = (stored("contact").await, stored("%").await, counter(&hub).await);
    let report = folder.path().join("report.json");
    let arguments = ["load", "--scenario", "smoke", "--url", &hub.url, "--json"];
    let (code, says) = {
        let mut arguments = arguments.to_vec();
        arguments.push(report.to_str().expect("text"));
        let folder = folder.path().to_owned();
        let arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        tokio::task::spawn_blocking(move || {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            Hub::run_once(&folder, &arguments)
        })
        .await
        .expect("it runs")
    };
    assert_eq!(code, Some(0), "{says}");
    let report: Value =
        serde_json::from_slice(&std::fs::read(&report).expect("a report")).expect("the report is JSON");
    let acked = report["counts"]["acked"].as_u64().expect("a number");
    assert!(acked > 20, "{report}");
    assert_eq!(stored("contact").await - before.0, acked, "the customers' messages: {says}");
    assert!(stored("%").await - before.1 > acked, "colleagues answered: {says}");
    // Replies that were approved last are still on their way, and each is counted a moment after it is stored.
    until("the metrics say what is stored", async || {
        let stored = stored("%").await - before.1;
        counter(&hub).await - before.2 == stored
    })
    .await;
}

/// Messages that the hub has counted.
async fn counter(hub: &Hub) -> u64 {
    let text =
        reqwest::get(format!("{}/metrics", hub.url)).await.expect("an answer").text().await.expect("text");
    let line = text.lines().find(|line| line.starts_with("concierge_entries_total{kind=\"message\"}"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}

//! A hub whose servers go away (E4, D11).

use concierge::client::Http;
use serde_json::Value;

use crate::hub::{Hub, sign_in};
use crate::postgres::fresh_database;
use crate::proxy::Proxy;
use crate::turns::pending_draft;
use crate::until;
use crate::writer::Writer;

/// Whether the hub wants customers now.
async fn is_ready(hub: &Hub) -> bool {
    Http::anonymous(&hub.url).get::<Value>("/readyz").await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_costs_nothing_but_time() {
    let database = fresh_database();
    let (server, name) = database.rsplit_once('/').expect("an address with a name");
    let port = server.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    let proxy = Proxy::to(port).await;
    let address = format!("postgres://concierge@{}/{name}", proxy.address);
    let folder = tempfile::tempdir().expect("a folder");
    let settings = [("STORE__POSTGRES", address.as_str()), ("PIPELINE__WORKERS", "1")];
    let mut hub = Hub::start_there(folder.path(), &settings, Vec::new()).await;
    let mut writer = Writer::start(&hub).await;
    writer.writes("Good morning").await.expect("taken");

    for _ in 0..3 {
        proxy.cuts();
        assert_eq!(writer.writes_until_refused("Are you there?").await, "busy");
        until("the hub says that it is not ready", async || !is_ready(&hub).await).await;
        proxy.heals();
        writer.writes_until_taken("Are you there?").await;
        writer.writes("Thank you").await.expect("taken");
        hub.until_ready().await;
    }
    // What the agent owed meanwhile is drafted.
    let last = writer.acked.last().expect("some");
    pending_draft(&sign_in(&hub).await, last.conversation, last.seq).await;

    // Each is stored once, whatever became of the answer to it.
    let conversation = writer.acked[0].conversation;
    let page: Value = writer
        .customer
        .get(&format!("/v1/conversations/{conversation}/entries"))
        .await
        .expect("the timeline is read");
    let stored: Vec<(String, i64)> = page["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .filter_map(|entry| Some((entry["client_id"].as_str()?.to_owned(), entry["seq"].as_i64()?)))
        .collect();
    let acked: Vec<(String, i64)> =
        writer.acked.iter().map(|acked| (acked.client_id.clone(), acked.seq)).collect();
    assert_eq!(stored, acked);
}

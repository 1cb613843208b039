//! A customer who writes one message after the other.

use std::time::{Duration, Instant};

use concierge::client::{Error, Http, Socket};
use serde_json::{Value, json};

use crate::PATIENCE;
use crate::hub::Hub;
use crate::senders::{Acked, ask, begin};

/// A customer who keeps what was acknowledged.
pub(crate) struct Writer {
    pub(crate) socket: Socket,
    pub(crate) customer: Http,
    pub(crate) acked: Vec<Acked>,
    next: usize,
}

impl Writer {
    pub(crate) async fn start(hub: &Hub) -> Writer {
        let (customer, visit) = Http::visit(&hub.url, "northgate", json!({ "name": "Ana Silva" }))
            .await
            .expect("the visit opens");
        let (socket, _) = Socket::visitor(&hub.url, &visit.token).await.expect("the socket opens");
        Writer { socket, customer, acked: Vec::new(), next: 0 }
    }

    /// Writes a message, the same one again after a failure.
    pub(crate) async fn writes(&mut self, body: &str) -> Result<(), Error> {
        let client_id = format!("w-{}", self.next);
        let posted = match self.acked.last() {
            Some(last) => ask(&mut self.socket, Some(last.conversation), &client_id, body).await?,
            None => begin(&mut self.socket, &client_id).await?,
        };
        self.next += 1;
        self.acked.push(Acked { conversation: posted.conversation, client_id, seq: posted.seq, at: 0 });
        Ok(())
    }

    /// Writes until the hub refuses; gives its code.
    pub(crate) async fn writes_until_refused(&mut self, body: &str) -> String {
        let refused = async {
            loop {
                match self.writes(body).await {
                    Ok(()) => {}
                    Err(Error::Refused { code, .. }) => return code,
                    Err(other) => panic!("the line was cut: {other}"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, refused).await.expect("the hub refuses")
    }

    /// Writes until the hub takes it again; gives the time until then.
    pub(crate) async fn writes_until_taken(&mut self, body: &str) -> Duration {
        let started = Instant::now();
        let taken = async {
            while let Err(error) = self.writes(body).await {
                assert!(matches!(error, Error::Refused { .. }), "the line was cut: {error}");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, taken).await.expect("the hub takes messages again");
        started.elapsed()
    }

    /// What the customer reads is what was acknowledged.
    pub(crate) async fn reads_all(&self) {
        let last = self.acked.last().expect("something was acknowledged");
        let path = format!("/v1/conversations/{}/entries?after={}", last.conversation, last.seq - 1);
        let page: Value = self.customer.get(&path).await.expect("the timeline is read");
        assert_eq!(page["entries"][0]["client_id"], json!(last.client_id));
    }
}

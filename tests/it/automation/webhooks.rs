//! What a rule calls outside: tried again, a receipt, and nothing in the own network.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use concierge::base::Role;
use concierge::hooks as hook;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{add, rule, runs};
use crate::support::{manual_clock, ok, on_each_engine, on_each_engine_with, until};

/// Listens for posts; answers each with the next status of a list, the last one for good.
async fn listener(answers: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let keep = heard.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let mut piece = [0; 8_192];
            // A request is whole once its body ends with the object that it is.
            while !String::from_utf8_lossy(&request).trim_end().ends_with('}') {
                match stream.read(&mut piece).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => request.extend_from_slice(&piece[..read]),
                }
            }
            let count = {
                let mut heard = keep.lock().unwrap_or_else(PoisonError::into_inner);
                heard.push(String::from_utf8_lossy(&request).into_owned());
                heard.len()
            };
            let status = answers[(count - 1).min(answers.len() - 1)];
            let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_tried_again_and_its_receipt_follows() {
    let (address, heard) = listener(&["503 Busy", "204 No Content"]).await;
    let clock = manual_clock();
    let settings = |config: &mut concierge::config::Config, options: &mut concierge::app::Options| {
        config.knowledge.reachable_hosts = address.clone();
        options.clock = clock.clone();
    };
    on_each_engine_with(settings, async |app| {
        heard.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let manager = app.staff(Role::Manager).await;
        let made = add(
            &manager,
            rule(
                "told",
                "status_changed",
                json!({"all": []}),
                json!([
            {"do": "label", "add": ["told"]}, {"do": "webhook", "url": format!("http://{address}/hook")}]),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        ok(
            &manager,
            "POST",
            &format!("/v1/conversations/{conversation}/status"),
            Some(json!({"status": "quoted"})),
        )
        .await;
        let receipt = async || {
            runs(&manager, conversation, "told")
                .await
                .first()
                .map(|run| run["receipts"][1].clone())
                .unwrap_or_default()
        };
        until("the first attempt failed", async || receipt().await["state"] == "failed").await;
        assert!(
            receipt().await["because"]
                .as_str()
                .is_some_and(|why| why.contains("503") && why.contains("tried again"))
        );
        let failing = async || {
            let rules: Value = manager.get("/v1/rules").await.expect("listed");
            let items = rules["items"].as_array().cloned().unwrap_or_default();
            items
                .into_iter()
                .find(|row| row["id"] == made["id"])
                .map(|row| row["failed"].clone())
                .unwrap_or_default()
        };
        assert_eq!(failing().await, 1);
        app.advance(Duration::from_secs(5));
        until("the second attempt worked", async || receipt().await["state"] == "done").await;
        assert_eq!(failing().await, 0);
        let heard = heard.lock().unwrap_or_else(PoisonError::into_inner).clone();
        assert_eq!(heard.len(), 2);
        let key = |request: &str| {
            request.lines().find(|line| line.starts_with("idempotency-key")).map(str::to_owned)
        };
        assert!(key(&heard[0]).is_some() && key(&heard[0]) == key(&heard[1]));
        // Who is called can check that we call: the signature is that of the Standard Webhooks.
        let secret = ok(&manager, "GET", "/v1/hooks/outgoing", None).await;
        let secret = secret["secret"].as_str().expect("a secret").to_owned();
        for request in &heard {
            let (head, body) = request.split_once("\r\n\r\n").expect("a head and a body");
            let header = |name: &str| {
                let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
                line.unwrap_or_default().to_owned()
            };
            let [id, at, signed] = [hook::ID, hook::TIMESTAMP, hook::SIGNATURE].map(header);
            let checked = hook::verify(&secret, (&id, &at, &signed), body.as_bytes(), clock.now());
            assert_eq!(checked, Ok(()), "{head}");
        }
        assert!(heard[1].contains("\"rule_matched\"") && heard[1].contains(&conversation.to_string()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_into_the_own_network_is_not_called() {
    let (address, heard) = listener(&["204 No Content"]).await;
    on_each_engine(async |app| {
        let manager = app.staff(Role::Manager).await;
        let one = add(
            &manager,
            rule(
                "inside",
                "status_changed",
                json!({"all": []}),
                json!([{"do": "webhook", "url": format!("http://{address}/")}]),
            ),
        )
        .await;
        let mut ana = app.customer().await;
        let conversation = ana.says("How much is a brake check?").await.conversation;
        app.settle().await;
        ok(
            &manager,
            "POST",
            &format!("/v1/conversations/{conversation}/status"),
            Some(json!({"status": "quoted"})),
        )
        .await;
        until("it failed", async || {
            runs(&manager, conversation, "inside")
                .await
                .first()
                .is_some_and(|run| run["receipts"][0]["state"] == "failed")
        })
        .await;
        // A rule that is gone waits for nothing: its job ends with its next attempt.
        ok(&manager, "DELETE", &format!("/v1/rules/{}", one["id"].as_str().expect("an id")), None).await;
        assert!(heard.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
        let ports = &app.node.site.ports;
        let mut tx = ports.db.begin().await.expect("a transaction");
        let far = ports.now().after(Duration::from_secs(86_400));
        for job in concierge::jobs::take_due(&mut tx, concierge::jobs::Queue::Slow, far, Duration::ZERO, 10)
            .await
            .expect("taken")
        {
            concierge::jobs::done(&mut tx, &job).await.expect("forgotten");
        }
        tx.commit().await.expect("stored");
    })
    .await;
}

//! A hub with the demo's businesses, and its past told again.

use std::time::Duration;

use concierge::app::{Node, Options};
use concierge::client::Http;
use concierge::config::Config;
use serde_json::{Value, json};

use super::{PATIENCE, ok, test_config};

/// A running hub with the demo's businesses, and the manager of one.
pub struct Demo {
    pub node: Node,
    pub marta: Http,
    _folder: tempfile::TempDir,
}

impl Demo {
    /// Starts it, and waits until everything is answered and looked at.
    pub async fn start(settings: impl FnOnce(&mut Config, &mut Options)) -> Demo {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut config = test_config();
        config.store.folder = folder.path().to_owned();
        let mut options = Options { seed_demo: true, ..Options::default() };
        settings(&mut config, &mut options);
        let node = Node::start(config, options).await.expect("the hub starts");
        let url = node.url();
        let marta = Http::sign_in(&url, "northgate", "marta@northgate.example", "concierge-demo");
        let marta = marta.await.expect("the demo's manager signs in");
        let demo = Demo { node, marta, _folder: folder };
        demo.settle().await;
        demo
    }

    /// Waits until questions of the last days have their drafts, and documents their vectors.
    pub async fn settle(&self) {
        let ports = &self.node.site.ports;
        let settled = async {
            loop {
                let mut tx = ports.db.read().await.expect("the store answers");
                let far = ports.now().after(Duration::from_secs(3_600));
                let owed =
                    concierge::conversations::owed_turns(&mut tx, far, 1).await.expect("turns are read");
                if owed.is_empty() && concierge::jobs::open(&mut tx).await.expect("jobs are read") == 0 {
                    return;
                }
                drop(tx);
                // Whoever asks without a pause takes the time that the hub needs to get there.
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        // All documents of three businesses get their vectors: that is more than one wait.
        tokio::time::timeout(6 * PATIENCE, settled).await.expect("every job and turn ends");
    }
}

/// Everything that a replay tells, page by page.
pub async fn replayed(caller: &Http, change: Value) -> Vec<Value> {
    let (mut told, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/replay?limit=50{cursor}");
        let page = ok(caller, "POST", &path, Some(json!({ "change": change }))).await;
        told.extend(page["items"].as_array().expect("items").clone());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return told,
        }
    }
}

/// The same text for the same outcomes, to the byte.
pub fn bytes(told: &[Value]) -> String {
    Value::from(told.to_vec()).to_string()
}

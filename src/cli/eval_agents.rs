//! `concierge eval agents`: a business's cases as a regression suite.

use serde_json::{Value, json};

use crate::app::seed::DEMO_PASSWORD;
use crate::cli::{Failure, say};
use crate::client::{Error, Http};

/// Cases that one request runs.
const AT_ONCE: usize = 10;
/// The threshold was not reached: the code that `load` has for a broken threshold, too.
const BELOW: u8 = 3;

/// Runs the cases that a business's agent must get right. Exit codes: 0 enough passed, 1 failed, 2 asked for
/// something wrong, 3 fewer passed than the threshold.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The hub's address.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    hub: String,
    /// The business's slug.
    #[arg(long, default_value = "northgate")]
    workspace: String,
    /// The address to sign in with: a manager's.
    #[arg(long, default_value = "marta@northgate.example")]
    email: String,
    /// The password.
    #[arg(long, env = "CONCIERGE_PASSWORD", default_value = DEMO_PASSWORD, hide_env_values = true)]
    password: String,
    /// The share of cases that must pass, 0 to 1.
    #[arg(long, default_value_t = 0.9)]
    threshold: f64,
    /// A published version; without it, what drafts now.
    #[arg(long, value_name = "NUMBER", conflicts_with = "edited")]
    agent_version: Option<i64>,
    /// What is being edited, instead of what drafts now.
    #[arg(long)]
    edited: bool,
}

/// Runs the cases and prints each with a total.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { hub, workspace, email, password, threshold, .. } = &arguments;
    if !(0.0..=1.0).contains(threshold) {
        return Err(Failure::wrong("--threshold is a share from 0 to 1, such as 0.9"));
    }
    let caller = Http::sign_in(hub, workspace, email, password).await?;
    let of = which(&caller, &arguments).await?;
    let listed: Value = caller.get("/v1/agent/evals").await?;
    let cases = listed["items"].as_array().cloned().unwrap_or_default();
    let (mut passed, mut run) = (0_usize, 0_usize);
    for chunk in cases.chunks(AT_ONCE) {
        let ids: Vec<&str> = chunk.iter().filter_map(|case| case["id"].as_str()).collect();
        let body = json!({ "of": of, "cases": ids });
        let page: Value = caller.post("/v1/agent/evals/run", body).await.map_err(|error| match error {
            Error::Refused { status: 400 | 404 | 422, .. } => Failure::wrong(error),
            other => other.into(),
        })?;
        for item in page["items"].as_array().into_iter().flatten() {
            let case = chunk.iter().find(|case| case["id"] == item["case"]).unwrap_or(&Value::Null);
            run += 1;
            passed += usize::from(item["passed"] == true);
            show(case, item);
        }
    }
    let share = share(passed, run);
    say(&format!("{passed} of {run} cases passed ({:.0} %)", share * 100.0));
    match share < *threshold {
        false => Ok(()),
        true => Err(Failure {
            says: format!("{:.0} % passed, {:.0} % are asked for", share * 100.0, threshold * 100.0),
            code: BELOW,
        }),
    }
}

/// Which agent is asked for, as the hub is told.
async fn which(caller: &Http, arguments: &Arguments) -> Result<Value, Failure> {
    match (arguments.agent_version, arguments.edited) {
        (Some(version), _) => Ok(json!({ "version": version })),
        (None, false) => Ok(json!({})),
        (None, true) => {
            let agent: Value = caller.get("/v1/agent").await?;
            match agent.get("draft") {
                Some(draft) => Ok(json!({ "agent": draft["agent"], "bundle": draft["bundle"] })),
                None => Err(Failure::wrong("nothing is being edited in this workspace")),
            }
        }
    }
}

fn show(case: &Value, item: &Value) {
    let name = case["name"].as_str().unwrap_or_default().replace('\n', " ");
    let short: String = name.chars().take(100).collect();
    say(&format!("{} {short}", if item["passed"] == true { "pass" } else { "FAIL" }));
    for failure in item["failures"].as_array().into_iter().flatten() {
        say(&format!("     {}", failure.as_str().unwrap_or_default()));
    }
}

/// The share that passed; of nothing, all.
fn share(passed: usize, run: usize) -> f64 {
    let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if run == 0 { 1.0 } else { count(passed) / count(run) }
}

//! The demo's past under a changed rule and a changed prompt: exactly what differs, message by message.

use serde_json::{Value, json};

use crate::models::with;
use crate::support::{Demo, ModelDouble, Script, all_said, bytes, ok, replayed};

/// What the changed prompt asks for, and what the model then says.
const WISH: &str = "Thank every customer warmly.";
const PLAIN: &str = "Thank you.";
const WARM: &str = "Thank you!";

fn asks_about_brakes(item: &Value) -> bool {
    item["asked"].as_str().unwrap_or_default().to_lowercase().contains("brake")
}

fn by_model(item: &Value) -> bool {
    item["before"]["model"].is_string()
}

/// Holds what a replay told against what must differ in each message.
fn check(told: &[Value], differs: impl Fn(&Value) -> Vec<&'static str>) {
    for item in told {
        assert_eq!(item["differs"], json!(differs(item)), "{item}");
        if differs(item).contains(&"text") {
            assert_eq!(item["before"]["text"], json!(PLAIN), "{item}");
            assert_eq!(item["after"]["text"], json!(WARM), "{item}");
        }
        if differs(item).contains(&"rules") {
            let mut names = item["before"]["rules"].as_array().expect("rules").clone();
            names.insert(0, json!("Replayed"));
            assert_eq!(item["after"]["rules"], Value::from(names), "{item}");
        }
        assert_eq!(item.get("after").is_some(), !differs(item).is_empty(), "{item}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demos_past_under_a_changed_rule_and_prompt_differs_exactly_there() {
    let model = ModelDouble::start(|request, _| {
        Script::Says(if all_said(request).contains(WISH) { WARM } else { PLAIN }.to_owned())
    })
    .await;
    let demo = Demo::start(with(&[("local", &model)])).await;

    // Nothing is changed: what the record does not answer is asked once, and then never again.
    let before = replayed(&demo.marta, json!({ "ask_models": true })).await;
    check(&before, |_| Vec::new());
    let written = before.iter().filter(|item| by_model(item)).count();
    assert!(written >= 10, "{written} of {}", before.len());
    let asked = model.asked().len();
    let again = replayed(&demo.marta, json!({ "ask_models": true })).await;
    assert_eq!(bytes(&before), bytes(&again), "byte for byte");
    assert_eq!(model.asked().len(), asked);

    let rule = json!({
        "key": "replayed", "name": "Replayed", "on": "message", "priority": 1000, "stop": false, "enabled": true,
        "when": { "all": [{ "fact": "message.text", "op": "contains", "value": "brake" }] },
        "then": [{ "do": "label", "add": ["replayed"] }],
    });
    let agent = ok(&demo.marta, "GET", "/v1/agent", None).await;
    let own = agent["bundle"]["instructions"].as_str().expect("instructions");
    let prompt = format!("{own}\n{WISH}");

    // A changed rule: where it matches, and nothing else; the prompts are those of before.
    let change = json!({ "rules": [rule], "ask_models": true });
    let told = replayed(&demo.marta, change).await;
    let rules = |item: &Value| if asks_about_brakes(item) { vec!["rules"] } else { Vec::new() };
    check(&told, rules);
    assert!(told.iter().any(asks_about_brakes));
    assert_eq!(model.asked().len(), asked);

    // A changed prompt: every draft of a model's, and nothing else of it.
    let told = replayed(&demo.marta, json!({ "instructions": prompt, "ask_models": true })).await;
    check(&told, |item| if by_model(item) { vec!["text"] } else { Vec::new() });
    let asked_more = model.asked().len();
    assert!(asked_more > asked && asked_more <= asked + written, "{asked_more}, {asked} before");

    // Both: each where it differs. What was asked a moment ago is on record, so nobody is asked.
    let told = replayed(&demo.marta, json!({ "instructions": prompt, "rules": [rule] })).await;
    let both = |item: &Value| {
        let mut differs = if by_model(item) { vec!["text"] } else { Vec::new() };
        differs.extend(rules(item));
        differs
    };
    check(&told, both);
    assert_eq!(model.asked().len(), asked_more);
    demo.node.stop().await;
}

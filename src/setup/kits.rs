//! What a workspace gets with its agent: what is noted of a conversation, and a first rule.

use serde_json::{Value, json};

use crate::agents::Agent;

/// The schema of each agent of the catalogue.
const SCHEMAS: &[(&str, &str)] = &[
    ("bank-branch", include_str!("../../schemas/bank-branch.json")),
    ("clinic-front-desk", include_str!("../../schemas/clinic.json")),
    ("garage-front-desk", include_str!("../../schemas/garage-visit.json")),
    ("hotel-front-desk", include_str!("../../schemas/hotel.json")),
    ("insurance-claims", include_str!("../../schemas/insurance-claim.json")),
    ("it-help-desk", include_str!("../../schemas/it-ticket.json")),
    ("law-office-intake", include_str!("../../schemas/law-office.json")),
    ("online-shop", include_str!("../../schemas/online-shop.json")),
    ("real-estate-agent", include_str!("../../schemas/real-estate.json")),
    ("residence-desk", include_str!("../../schemas/residence-case.json")),
    ("restaurant-host", include_str!("../../schemas/table-booking.json")),
    ("school-office", include_str!("../../schemas/school.json")),
];

/// The schema that comes with an agent.
pub(super) fn schema_of(agent: &str) -> Option<&'static str> {
    SCHEMAS.iter().find(|(key, _)| *key == agent).map(|(_, document)| *document)
}

/// All schemas that come with agents.
pub(super) fn schemas() -> impl Iterator<Item = &'static str> {
    SCHEMAS.iter().map(|(_, document)| *document)
}

/// A rule that marks what is always a person's matter with this agent.
pub(super) fn first_rule(agent: &Agent) -> Option<Value> {
    let sensitive: Vec<&str> =
        agent.intents.iter().filter(|intent| intent.sensitive).map(|intent| intent.key.as_str()).collect();
    (!sensitive.is_empty()).then(|| {
        json!({
            "key": "sensitive-matters", "name": "Sensitive matters are marked", "on": "message",
            "priority": 20, "stop": false, "enabled": true,
            "when": { "all": [{ "fact": "intent", "op": "in", "value": sensitive }] },
            "then": [
                { "do": "label", "add": ["sensitive"] },
                { "do": "notify", "text": "A sensitive matter waits for a person." },
            ],
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::Catalogue;

    #[test]
    fn every_agent_comes_with_a_schema_that_is_right_and_a_rule() {
        let catalogue = Catalogue::load().expect("the built-in agents are right");
        for agent in catalogue.all() {
            let document = schema_of(&agent.key).unwrap_or_else(|| panic!("{} has no schema", agent.key));
            let outline = crate::schemas::read(document).expect("a schema");
            let needs = agent.intents.iter().flat_map(|intent| &intent.needs);
            for need in needs {
                let known = outline.fields.iter().any(|field| field.key == *need);
                assert!(known, "{} asks for {need}, which its schema does not have", agent.key);
            }
            assert!(first_rule(agent).is_some(), "{}", agent.key);
        }
        assert_eq!(SCHEMAS.len(), catalogue.all().count());
    }
}

//! Two businesses on one hub know nothing of each other: reliability S3, S4, S5, P9, I6.
//!
//! Everything of `beta` holds the canary. The tests walk the route table and the command list, so that a new
//! route or command fails here until somebody says how it is kept apart.

mod commands;
mod routes;
mod world;

use std::collections::BTreeSet;

use concierge::app::operations;
use concierge::base::Role;
use concierge::client::Http;
use concierge::protocol::CommandName;
use serde_json::{Value, json};

use self::commands::{command, names_nothing, told};
use self::routes::{Route, routes};
use self::world::{Ids, world};
use crate::support::{Answer, call, ok, on_each_engine_with};

/// A word that stands in everything of `beta` and nowhere else.
const CANARY: &str = "zebrafinch";

fn patient(config: &mut concierge::config::Config, _: &mut concierge::app::Options) {
    config.sockets.strikes = u32::MAX;
}

/// Fills a path with identifiers.
fn filled(path: &str, ids: &Ids) -> String {
    if !path.contains("{id}") {
        return path.to_owned();
    }
    path.replace("{id}", &ids.of_path(path))
        .replace("{field}", "vehicle")
        .replace("{version}", "1")
        .replace("{number}", "1")
        .replace("{kind}", "case")
        .replace("{rule}", &ids.rule.to_string())
        .replace("{run}", &ids.run.to_string())
}

fn without(ids: &Ids, answer: &Answer) -> Answer {
    Answer { text: ids.take_out_of(&answer.text), ..answer.clone() }
}

/// Calls every route that names something with others' identifiers, and compares with unknown ones.
async fn others_are_as_if_they_were_not(caller: &Http, who: &str, ids: &Ids) {
    let unknown = Ids::unknown();
    for (method, path, route) in routes() {
        let Route::Names(body) = route else { continue };
        let body = Some(body).filter(|body| !body.is_null());
        let theirs = call(caller, method, &filled(path, ids), body.clone()).await;
        let nobodys = call(caller, method, &filled(path, &unknown), body).await;
        assert!(matches!(theirs.status, 401 | 404), "{who}: {method} {path}: {theirs:?}");
        theirs.problem();
        assert_eq!(without(ids, &theirs), without(&unknown, &nobodys), "{who}: {method} {path}");
        assert!(!theirs.text.contains(CANARY), "{who}: {method} {path}: {theirs:?}");
    }
}

#[test]
fn every_route_is_listed_here() {
    let known: BTreeSet<(String, String)> =
        routes().into_iter().map(|(method, path, _)| (method.to_owned(), path.to_owned())).collect();
    let served: BTreeSet<(String, String)> = operations().into_iter().collect();
    let new: Vec<_> = served.difference(&known).collect();
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(new.is_empty(), "say in `routes.rs` how these keep businesses apart: {new:?}");
    assert!(gone.is_empty(), "these are served no more: {gone:?}");
    assert!(served.len() > 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_route_shows_or_changes_anything_of_another_business() {
    on_each_engine_with(patient, async |app| {
        let beta = world(app, "beta", CANARY).await;
        let alpha = world(app, "alpha", "robin").await;
        app.settle().await;
        let before = beta.state().await;
        let text = serde_json::to_string(&before.iter().map(|(_, state)| state).collect::<Vec<_>>());
        assert!(text.expect("JSON").matches(CANARY).count() > 20, "the canary stands everywhere in beta");

        others_are_as_if_they_were_not(&alpha.owner, "owner", &beta.ids).await;
        others_are_as_if_they_were_not(&alpha.customer.http, "customer", &beta.ids).await;
        for (method, path, route) in routes() {
            match route {
                Route::Names(_) => {
                    // The same calls on one's own find it: the refusals above are about whose it is.
                    if method == "GET" {
                        let own = call(&alpha.owner, method, &filled(path, &alpha.ids), None).await;
                        assert_eq!(own.status, 200, "{method} {path}: {own:?}");
                    }
                }
                Route::Lists(queries) => {
                    for query in queries(&beta.ids) {
                        let listed = call(&alpha.owner, method, &format!("{path}{query}"), None).await;
                        assert_eq!(listed.status, 200, "{path}{query}: {listed:?}");
                        assert!(!listed.text.contains(CANARY), "{path}{query}: {listed:?}");
                        assert_eq!(
                            beta.ids.take_out_of(&listed.text),
                            listed.text,
                            "{path}{query} holds no identifier of beta"
                        );
                        if query.ends_with(CANARY) || query.contains("contact=") {
                            let list = listed.json();
                            let rows = list["items"].as_array().or(list["hits"].as_array());
                            assert_eq!(rows.map(Vec::len), Some(0), "{path}{query}: {list}");
                        }
                        let visitor =
                            call(&alpha.customer.http, method, &format!("{path}{query}"), None).await;
                        assert_eq!(visitor.problem(), (401, "unauthenticated".to_owned()), "{path}{query}");
                    }
                }
                Route::Own(_) | Route::Public if (method, path) == ("DELETE", "/v1/session") => {}
                Route::Own(body) => {
                    let body = Some(body).filter(|body| !body.is_null());
                    let answer =
                        call(&alpha.owner, method, &path.replace("{key}", "garage-visit"), body).await;
                    assert!(!answer.text.contains(CANARY), "{method} {path}: {answer:?}");
                    assert!(!answer.text.contains(&app.beta.to_string()), "{method} {path}: {answer:?}");
                }
                Route::Public => {
                    let path = path.replace("{workspace}", "beta");
                    let answer = call(&alpha.owner, method, &path, Some(json!({}))).await;
                    assert!(!answer.text.contains(CANARY), "{method} {path}: {answer:?}");
                }
            }
        }
        // Opening beta's public widget made a contact there, which is beta's business; nothing else changed.
        app.settle().await;
        for ((path, before), (_, after)) in before.iter().zip(beta.state().await) {
            if path.starts_with("/v1/contacts") {
                let (before, after) = (before["items"].as_array(), after["items"].as_array());
                let after = after.map(|contacts| contacts[contacts.len() - 1..].to_vec());
                assert_eq!(after.as_ref(), before, "{path}");
                continue;
            }
            assert_eq!(*before, after, "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_another_business_can_be_brought_into_ones_own() {
    on_each_engine_with(patient, async |app| {
        let beta = world(app, "beta", CANARY).await;
        let alpha = world(app, "alpha", "robin").await;
        let conversation = format!("/v1/conversations/{}", alpha.ids.conversation);
        let before = (beta.state().await, alpha.state().await);
        let unknown = Ids::unknown();
        for (verb, body) in [
            ("assign", (|ids: &Ids| json!({ "staff": ids.staff })) as fn(&Ids) -> Value),
            ("messages", |ids| json!({ "client_id": "b", "body": "x", "files": [ids.file] })),
            ("notes", |ids| json!({ "client_id": "b", "body": "x", "mentions": [ids.staff] })),
        ] {
            let path = format!("{conversation}/{verb}");
            let theirs = call(&alpha.owner, "POST", &path, Some(body(&beta.ids))).await;
            let nobodys = call(&alpha.owner, "POST", &path, Some(body(&unknown))).await;
            assert_eq!(theirs.problem(), (404, "not_found".to_owned()), "{verb}");
            assert_eq!(without(&beta.ids, &theirs), without(&unknown, &nobodys), "{verb}");
        }
        // A cursor of beta's list is a place in alpha's list at most.
        let page = ok(&beta.owner, "GET", "/v1/knowledge/documents?limit=1", None).await;
        let cursor = page["next"].as_str().expect("there is more").to_owned();
        let listed =
            call(&alpha.owner, "GET", &format!("/v1/knowledge/documents?cursor={cursor}"), None).await;
        assert!(!listed.text.contains(CANARY), "{listed:?}");
        app.settle().await;
        assert_eq!((beta.state().await, alpha.state().await), before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_command_reaches_into_another_business_or_another_customers_conversation() {
    on_each_engine_with(patient, async |app| {
        let beta = world(app, "beta", CANARY).await;
        let mut alpha = world(app, "alpha", "robin").await;
        app.settle().await;
        let mut desk = app.desk(Role::Owner).await;
        let mut neighbour = app.customer().await;
        neighbour.says("I have a conversation, too").await;
        app.settle().await;
        let before = (beta.state().await, alpha.state().await);
        let unknown = Ids::unknown();
        for name in CommandName::ALL.iter().copied() {
            // Staff and a customer of alpha with beta's identifiers; a customer with another customer's.
            for (who, socket, ids) in [
                ("alpha's owner with beta's", &mut desk, &beta.ids),
                ("alpha's customer with beta's", &mut alpha.customer.socket, &beta.ids),
                ("a customer with another's", &mut neighbour.socket, &alpha.ids),
            ] {
                let (taken, theirs) = told(socket, command(name, ids), ids).await;
                let (_, nobodys) = told(socket, command(name, &unknown), &unknown).await;
                let customer = who != "alpha's owner with beta's";
                let kindly = names_nothing(name) && !(customer && name.staff_only());
                assert_eq!(taken, kindly, "{who}: {}: {theirs}", name.as_str());
                assert_eq!(theirs, nobodys, "{who}: {}", name.as_str());
                assert!(!theirs.contains(CANARY) && !theirs.contains("robin"), "{who}: {theirs}");
                if customer && name.staff_only() {
                    assert!(theirs.contains("\"forbidden\""), "{who}: {theirs}");
                }
            }
        }
        others_are_as_if_they_were_not(&neighbour.http, "neighbour", &alpha.ids).await;
        app.settle().await;
        let after = (beta.state().await, alpha.state().await);
        assert_eq!(after.0, before.0);
        assert_eq!(after.1, before.1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_cannot_use_staff_commands_even_in_their_own_conversation() {
    on_each_engine_with(patient, async |app| {
        let mut own = world(app, "alpha", "robin").await;
        app.settle().await;
        let before = own.state().await;
        let ids = own.ids;
        for name in CommandName::ALL.iter().copied().filter(|name| name.staff_only()) {
            let (taken, theirs) = told(&mut own.customer.socket, command(name, &ids), &ids).await;
            assert!(!taken && theirs.contains("\"forbidden\""), "{}: {theirs}", name.as_str());
        }
        // Over HTTP as well: only what is meant for customers opens for them.
        let for_customers = [
            ("GET", "/v1/conversations/{id}"),
            ("GET", "/v1/conversations/{id}/entries"),
            ("GET", "/v1/files/{id}"),
            ("GET", "/v1/files/{id}/wav"),
            ("POST", "/v1/conversations/{id}/messages"),
            ("POST", "/v1/conversations/{id}/read"),
            ("POST", "/v1/conversations/{id}/ask-for-person"),
            ("PUT", "/v1/conversations/{id}/rating"),
            ("POST", "/v1/files"),
            ("POST", "/v1/uploads"),
            ("GET", "/v1/uploads/{id}"),
            ("PATCH", "/v1/uploads/{id}"),
            ("DELETE", "/v1/uploads/{id}"),
        ];
        for (method, path, route) in routes() {
            let (Route::Names(body) | Route::Own(body)) = route else { continue };
            if for_customers.contains(&(method, path)) || (method, path) == ("POST", "/v1/session") {
                continue;
            }
            let body = Some(body).filter(|body| !body.is_null());
            let answer = call(&own.customer.http, method, &filled(path, &ids), body).await;
            assert_eq!(answer.problem(), (401, "unauthenticated".to_owned()), "{method} {path}");
        }
        for path in ["/v1/conversations/{id}", "/v1/conversations/{id}/entries"] {
            let shown = call(&own.customer.http, "GET", &filled(path, &ids), None).await;
            assert_eq!(shown.status, 200);
            for hidden in ["robin note", "draft_proposed", "labels_changed", "field_changed", "rule_fired"] {
                assert!(!shown.text.contains(hidden), "{path} shows {hidden}: {shown:?}");
            }
        }
        app.settle().await;
        assert_eq!(own.state().await, before);
    })
    .await;
}

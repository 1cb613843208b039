//! Documents, passages and the search over them.

use std::time::Duration;

use concierge::base::Role;
use concierge::knowledge::{self, Document, Error, NewDocument};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{on_each_engine, on_each_store};

const MOT: &str = "## How much is an MOT?\nAn MOT test costs £48 at Northgate Motors.\n\n\
    ## How long does it take?\nAbout 50 minutes. You can wait in the waiting room.";
const TYRES: &str = "## What does a new tyre cost?\nA budget tyre costs from £62 fitted.\n\n\
    ## Do you store winter tyres?\nWe store a set of four wheels for £45 per season.";
const REVISAO: &str =
    "## Quanto custa a revisão?\nA revisão completa custa 259 libras. As pastilhas são à parte.";

fn document(title: &str, body: &str, language: &str) -> NewDocument {
    NewDocument { title: title.to_owned(), body: body.to_owned(), language: Some(language.to_owned()) }
}

#[tokio::test]
async fn the_search_finds_words_in_their_other_forms() {
    on_each_store(async |store| {
        let cx = store.cx();
        let mut tx = store.begin().await;
        for (title, body, language) in
            [("MOT tests", MOT, "en"), ("Tyres", TYRES, "en"), ("Revisão", REVISAO, "pt-PT")]
        {
            let added = knowledge::create(&cx, &mut tx, document(title, body, language)).await;
            assert!(added.expect("added").passages > 0);
        }
        let mut found = Vec::new();
        for question in [
            "how much is an mot",
            "TYRES costing?",
            "winter wheel storage",
            "revisoes",
            "pastilhas",
            "tyres",
            "\"; DROP TABLE (x) AND NOT * : ^",
            "what is the",
            "£",
            "",
        ] {
            let hits = knowledge::search(&cx, &mut tx, question, 2).await.expect("searched");
            let shown: Vec<_> = hits
                .iter()
                .map(|hit| {
                    format!("{:.2} {} › {}", hit.score, hit.title, hit.heading.as_deref().unwrap_or("-"))
                })
                .collect();
            found.push(format!("{question}: {}", shown.join(" | ")));
        }
        insta::assert_snapshot!("found", found.join("\n"));
    })
    .await;
}

#[tokio::test]
async fn the_exact_title_is_the_first_hit() {
    on_each_store(async |store| {
        let cx = store.cx();
        let mut tx = store.begin().await;
        let noise = "Where we are, where we are, and what we do where we are.";
        knowledge::create(&cx, &mut tx, document("Directions", noise, "en")).await.expect("added");
        knowledge::create(&cx, &mut tx, document("Where we are", "14 Northgate Road.", "en"))
            .await
            .expect("added");
        let hits = knowledge::search(&cx, &mut tx, "where WE are?", 5).await.expect("searched");
        assert_eq!((hits[0].title.as_str(), hits[0].score), ("Where we are", 1.0));
    })
    .await;
}

#[tokio::test]
async fn a_span_cuts_the_passage_out_of_the_body() {
    on_each_store(async |store| {
        let cx = store.cx();
        let mut tx = store.begin().await;
        let body = "Olá 👩‍👩‍👧!\r\n\r\n## É 🚗\r\nDuas linhas.\r\nSão duas.";
        let added = knowledge::create(&cx, &mut tx, document("Emoji", body, "pt")).await.expect("added");
        let chars: Vec<char> = added.body.chars().collect();
        let passages = knowledge::all_passages(&cx, &mut tx).await.expect("read");
        assert_eq!(passages.len(), 2);
        for passage in passages {
            let (start, end) = (usize::try_from(passage.start), usize::try_from(passage.end));
            let cut: String = chars[start.expect("positive")..end.expect("positive")].iter().collect();
            assert_eq!(cut, passage.text);
        }
    })
    .await;
}

#[tokio::test]
async fn a_deleted_document_is_found_no_more() {
    on_each_store(async |store| {
        let cx = store.cx();
        let mut tx = store.begin().await;
        let mot = knowledge::create(&cx, &mut tx, document("MOT tests", MOT, "en")).await.expect("added");
        let before = knowledge::stamp(&cx, &mut tx).await.expect("a stamp");
        knowledge::delete(&cx, &mut tx, mot.id).await.expect("deleted");
        assert_eq!(knowledge::search(&cx, &mut tx, "mot", 5).await.expect("searched"), []);
        assert_eq!(knowledge::all_passages(&cx, &mut tx).await.expect("read"), []);
        assert_ne!(knowledge::stamp(&cx, &mut tx).await.expect("a stamp"), before);
        let again = knowledge::delete(&cx, &mut tx, mot.id).await;
        assert!(matches!(again, Err(Error::NotFound(_))));
    })
    .await;
}

#[tokio::test]
async fn a_change_is_a_new_version_and_is_cut_anew() {
    on_each_store(async |store| {
        let cx = store.cx();
        let mut tx = store.begin().await;
        let first = knowledge::create(&cx, &mut tx, document("MOT tests", MOT, "en")).await.expect("added");
        store.clock.advance(Duration::from_secs(1));
        let cx = store.cx();
        let same =
            knowledge::update(&cx, &mut tx, first.id, document("MOT tests", MOT, "en")).await.expect("same");
        assert_eq!(same, first);
        let changed =
            knowledge::update(&cx, &mut tx, first.id, document("MOT tests", "Now £50.", "en")).await;
        let changed = changed.expect("changed");
        assert_eq!((changed.version, changed.passages), (2, 1));
        assert_eq!(knowledge::get(&cx, &mut tx, first.id).await.expect("there"), changed);
        assert_eq!(knowledge::search(&cx, &mut tx, "waiting room", 5).await.expect("searched"), []);
        assert_eq!(knowledge::search(&cx, &mut tx, "50", 5).await.expect("searched").len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_workspace_holds_a_text_once() {
    on_each_store(async |store| {
        let cx = store.cx();
        let mut tx = store.begin().await;
        let mot = knowledge::create(&cx, &mut tx, document("MOT tests", MOT, "en")).await.expect("added");
        let tyres = knowledge::create(&cx, &mut tx, document("Tyres", TYRES, "en")).await.expect("added");
        let twice = knowledge::create(&cx, &mut tx, document("Other title", MOT, "en")).await;
        assert!(matches!(twice, Err(Error::AlreadyThere(id)) if id == mot.id));
        let twice = knowledge::update(&cx, &mut tx, tyres.id, document("Tyres", MOT, "en")).await;
        assert!(matches!(twice, Err(Error::AlreadyThere(id)) if id == mot.id));
        knowledge::create(&store.foreign(), &mut tx, document("MOT tests", MOT, "en"))
            .await
            .expect("another's");
    })
    .await;
}

#[tokio::test]
async fn a_workspace_sees_its_own_knowledge_only() {
    on_each_store(async |store| {
        let (cx, foreign) = (store.cx(), store.foreign());
        let mut tx = store.begin().await;
        let mot = knowledge::create(&cx, &mut tx, document("MOT tests", MOT, "en")).await.expect("added");
        let passages = knowledge::all_passages(&cx, &mut tx).await.expect("read");
        assert_eq!(knowledge::search(&foreign, &mut tx, "mot tests", 5).await.expect("searched"), []);
        assert_eq!(knowledge::passages(&foreign, &mut tx, &[passages[0].id]).await.expect("read"), []);
        assert_eq!(knowledge::passages(&cx, &mut tx, &[passages[0].id]).await.expect("read"), passages[..1]);
        assert!(matches!(knowledge::get(&foreign, &mut tx, mot.id).await, Err(Error::NotFound(_))));
        assert!(matches!(knowledge::delete(&foreign, &mut tx, mot.id).await, Err(Error::NotFound(_))));
        let stolen = knowledge::update(&foreign, &mut tx, mot.id, document("Mine", "x", "en")).await;
        assert!(matches!(stolen, Err(Error::NotFound(_))));
        assert_eq!(knowledge::search(&cx, &mut tx, "mot tests", 5).await.expect("searched").len(), 2);
    })
    .await;
}

#[tokio::test]
async fn documents_are_listed_in_pages() {
    on_each_store(async |store| {
        let mut tx = store.begin().await;
        for number in 0..5 {
            store.clock.advance(Duration::from_secs(1));
            let new = document(&format!("Number {number}"), &format!("Text {number}"), "en");
            knowledge::create(&store.cx(), &mut tx, new).await.expect("added");
        }
        let cx = store.cx();
        let first = knowledge::list(&cx, &mut tx, 2, None).await.expect("listed");
        let last = &first[1];
        let start = concierge::http::Cursor { at: last.updated_at, id: last.id };
        let second = knowledge::list(&cx, &mut tx, 2, Some(start)).await.expect("listed");
        let titles: Vec<_> =
            first[..2].iter().chain(&second).map(|document| document.title.as_str()).collect();
        assert_eq!(titles, ["Number 4", "Number 3", "Number 2", "Number 1", "Number 0"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn managers_change_what_everybody_finds() {
    on_each_engine(async |app| {
        let (manager, viewer) = (app.staff(Role::Manager).await, app.staff(Role::Viewer).await);
        let stranger = app.staff_of("beta", Role::Owner).await;
        let found = async |who: &concierge::client::Http| {
            let answer: Value = who.get("/v1/knowledge/search?q=zebra%20crossings").await.expect("searched");
            answer["hits"]
                .as_array()
                .expect("hits")
                .iter()
                .map(|hit| hit["snippet"].clone())
                .collect::<Vec<_>>()
        };
        let new = json!({ "title": "Streets", "body": "## Where?\nThe **zebra** crossing is on the left." });
        let path = "/v1/knowledge/documents";
        let refused = viewer.raw(Method::POST, path, Some(new.clone())).await.expect("answered");
        assert_eq!(refused.status(), 403);
        let added: Document = manager.post(path, new.clone()).await.expect("added");
        assert_eq!((added.version, added.passages, added.language.as_str()), (1, 1, "en"));
        assert_eq!(found(&viewer).await, ["The zebra crossing is on the left."]);
        assert_eq!(found(&stranger).await, Vec::<Value>::new());
        let twice = manager.raw(Method::POST, path, Some(new)).await.expect("answered");
        assert_eq!(twice.status(), 409);

        let one = format!("{path}/{}", added.id);
        let foreign = stranger.raw(Method::DELETE, &one, None).await.expect("answered");
        assert_eq!(foreign.status(), 404);
        let changed = json!({ "title": "Streets", "body": "The zebra crossing was moved to the right." });
        let changed = manager.send(Method::PUT, &one, Some(changed)).await.expect("changed");
        assert_eq!(changed.json::<Document>().await.expect("a document").version, 2);
        assert_eq!(found(&viewer).await, ["The zebra crossing was moved to the right."]);
        let deleted = manager.send(Method::DELETE, &one, None).await.expect("deleted");
        assert_eq!(deleted.status(), 204);
        assert_eq!(found(&viewer).await, Vec::<Value>::new());
    })
    .await;
}

//! Contacts over HTTP.

use concierge::base::Role;
use concierge::client::Error;
use concierge::contacts::Contact;
use concierge::http::Page;
use serde_json::json;

use crate::support::on_each_engine;

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_added_changed_and_found() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let made: Contact = staff
            .post("/v1/contacts", json!({ "name": "Inês Carvalho", "phone": "+351 912 004 118" }))
            .await
            .expect("added");
        let changed = staff
            .send(
                reqwest::Method::PATCH,
                &format!("/v1/contacts/{}", made.id),
                Some(json!({ "email": "ines@mail.example" })),
            )
            .await
            .expect("changed");
        let changed: Contact = changed.json().await.expect("a contact");
        assert_eq!((changed.name, changed.email.as_deref()), (made.name, Some("ines@mail.example")));
        let page: Page<Contact> = staff.get("/v1/contacts?q=carvalho").await.expect("listed");
        assert_eq!(page.items.iter().map(|contact| contact.id).collect::<Vec<_>>(), [made.id]);
        let none: Page<Contact> = staff.get("/v1/contacts?q=100%25_").await.expect("listed");
        assert!(none.items.is_empty(), "wildcards in a search are plain characters");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_contacts_join_without_gap_or_overlap() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        for number in 0..7 {
            let _: Contact = staff
                .post("/v1/contacts", json!({ "name": format!("Contact {number}") }))
                .await
                .expect("added");
        }
        let mut seen = Vec::new();
        let mut next = Some(String::new());
        while let Some(cursor) = next {
            let cursor = if cursor.is_empty() { cursor } else { format!("&cursor={cursor}") };
            let page: Page<Contact> =
                staff.get(&format!("/v1/contacts?limit=3{cursor}")).await.expect("listed");
            seen.extend(page.items.into_iter().filter_map(|contact| contact.name));
            next = page.next;
        }
        let expected: Vec<String> = (0..7).rev().map(|number| format!("Contact {number}")).collect();
        assert_eq!(seen, expected);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_contact_is_refused_with_its_field() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let refused = staff.post::<Contact>("/v1/contacts", json!({ "email": "not an address" })).await;
        match refused {
            Err(Error::Refused { code, status, message }) => {
                assert_eq!((code.as_str(), status), ("invalid_value", 422));
                assert!(message.starts_with("email:"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        let viewer = app.staff(Role::Viewer).await;
        let refused = viewer.post::<Contact>("/v1/contacts", json!({ "name": "x" })).await;
        assert!(matches!(refused, Err(Error::Refused { status: 403, .. })), "{refused:?}");
    })
    .await;
}

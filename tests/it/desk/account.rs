//! One's own profile, password and sessions.

use concierge::base::Role;
use concierge::client::{Error, Http, Socket};
use serde_json::json;

use super::me;
use crate::support::{PATIENCE, call, ok, on_each_engine};

/// The beginning of a PNG, by which its kind is found.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_changed_by_its_owner() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let change = json!({ "name": "Omar Haddad", "hue": 210, "language": "de-AT" });
        let changed = ok(&staff, "PATCH", "/v1/profile", Some(change)).await;
        assert_eq!((changed["name"].as_str(), changed["hue"].as_i64()), (Some("Omar Haddad"), Some(210)));
        assert_eq!(me(&staff).await.language.as_deref(), Some("de-AT"));
        for wrong in [
            json!({ "hue": 360 }),
            json!({ "language": "x" }),
            json!({ "name": "" }),
            json!({ "language": "<b>" }),
        ] {
            let refused = call(&staff, "PATCH", "/v1/profile", Some(wrong.clone())).await;
            assert_eq!(refused.problem().1, "invalid_value", "{wrong}");
        }
        let role = call(&staff, "PATCH", "/v1/profile", Some(json!({ "role": "owner" }))).await;
        assert_eq!(role.problem().1, "invalid_field", "a role is not one's own to change");

        let picture = staff.upload("me.png", PICTURE.to_vec()).await.expect("uploaded").id;
        let shown = ok(&staff, "PUT", "/v1/profile/picture", Some(json!({ "file": picture }))).await;
        assert_eq!(shown["picture"], picture.to_string());
        let text = staff.upload("me.txt", b"not a picture".to_vec()).await.expect("uploaded").id;
        let refused = call(&staff, "PUT", "/v1/profile/picture", Some(json!({ "file": text }))).await;
        assert_eq!(refused.problem().1, "unsupported_file");
        let neighbour = app.staff_of("beta", Role::Owner).await;
        let foreign = call(&neighbour, "PUT", "/v1/profile/picture", Some(json!({ "file": picture }))).await;
        assert_eq!(foreign.problem(), (404, "not_found".to_owned()));
        ok(&staff, "PUT", "/v1/profile/picture", Some(json!({}))).await;
        assert_eq!(me(&staff).await.picture, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_signs_out_everywhere_else() {
    on_each_engine(async |app| {
        let (here, there) = (app.staff(Role::Staff).await, app.staff(Role::Staff).await);
        let (mut socket, _) = Socket::staff(&there).await.expect("a socket");
        let sessions = ok(&here, "GET", "/v1/profile/sessions", None).await;
        let items = sessions["items"].as_array().expect("a list").clone();
        assert_eq!(items.len(), 2);
        assert_eq!(items.iter().filter(|one| one["here"] == true).count(), 1);
        let new = "a better password";
        let change = |current: &str, new: &str| Some(json!({ "current": current, "new": new }));
        let wrong = call(&here, "POST", "/v1/profile/password", change("a guess", new)).await;
        assert_eq!(wrong.problem(), (401, "wrong_credentials".to_owned()));
        let short =
            call(&here, "POST", "/v1/profile/password", change(crate::support::PASSWORD, "short")).await;
        assert_eq!(short.problem().1, "invalid_value");
        ok(&here, "POST", "/v1/profile/password", change(crate::support::PASSWORD, new)).await;
        ok(&here, "GET", "/v1/session", None).await;
        assert_eq!(call(&there, "GET", "/v1/session", None).await.status, 401);
        let closed = socket.find(PATIENCE, |_| None::<()>).await;
        assert!(matches!(closed, Err(Error::Closed { .. })), "{closed:?}");
        let old = Http::sign_in(&app.url(), "alpha", "staff@shop.example", crate::support::PASSWORD).await;
        assert!(old.is_err(), "the old password opens nothing");
        Http::sign_in(&app.url(), "alpha", "staff@shop.example", new).await.expect("the new one does");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_ended_from_another_browser_by_its_owner_only() {
    on_each_engine(async |app| {
        let (here, there) = (app.staff(Role::Staff).await, app.staff(Role::Staff).await);
        let owner = app.staff(Role::Owner).await;
        let sessions = ok(&here, "GET", "/v1/profile/sessions", None).await;
        let items = sessions["items"].as_array().expect("a list");
        let other = items.iter().find(|one| one["here"] == false).expect("the other one");
        let path = format!("/v1/profile/sessions/{}", other["id"].as_str().expect("an id"));
        assert_eq!(call(&owner, "DELETE", &path, None).await.problem(), (404, "not_found".to_owned()));
        ok(&here, "DELETE", &path, None).await;
        assert_eq!(call(&there, "GET", "/v1/session", None).await.status, 401);
        ok(&here, "GET", "/v1/session", None).await;
    })
    .await;
}

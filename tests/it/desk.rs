//! The desk: who is on a draft, saved views and replies, search, what a row shows. What is put away, notices and
//! one's own account stand beside it. Product map X5, X20, X21, A8, A9.

mod account;
mod notices;
mod snooze;

use std::time::Duration;

use concierge::base::{ConversationId, Role};
use concierge::client::{Http, Socket};
use concierge::config::Config;
use concierge::identity::Staff;
use concierge::protocol::{Command, DraftLease, Notice, Outcome, ServerFrame, Signal};
use serde_json::{Value, json};

use crate::support::{
    PATIENCE, call, code, eventually, join, manual_clock, ok, on_each_engine, on_each_engine_with, summary,
};

/// A question that the documents answer.
const QUESTION: &str = "How much is a brake check?";

async fn me(caller: &Http) -> Staff {
    let session = ok(caller, "GET", "/v1/session", None).await;
    serde_json::from_value(session["staff"].clone()).expect("a staff member")
}

/// The next signal that `wanted` takes.
async fn signal<T>(socket: &mut Socket, mut wanted: impl FnMut(Signal) -> Option<T>) -> T {
    let found = socket.find(PATIENCE, |frame| match frame {
        ServerFrame::Signal(signal) => wanted(signal),
        _ => None,
    });
    found.await.expect("the signal comes")
}

async fn notices(caller: &Http) -> (Vec<Notice>, i64) {
    let page = ok(caller, "GET", "/v1/notices", None).await;
    let items = serde_json::from_value(page["items"].clone()).expect("notices");
    (items, page["unread"].as_i64().expect("a number"))
}

async fn wish(socket: &mut Socket, conversation: ConversationId, on: bool, take: bool) -> Option<DraftLease> {
    match socket.ask(Command::Lease { conversation, on, take }).await {
        Ok(Outcome::Lease { lease }) => lease,
        other => panic!("{other:?}"),
    }
}

/// The next news of who is on a conversation's draft.
async fn leased(socket: &mut Socket, wanted: ConversationId) -> Option<DraftLease> {
    signal(socket, |signal| match signal {
        Signal::Lease { conversation, lease } if conversation == wanted => Some(lease),
        _ => None,
    })
    .await
}

async fn listed(caller: &Http, query: &str) -> Vec<String> {
    let page = ok(caller, "GET", &format!("/v1/conversations?{query}"), None).await;
    let items = page["items"].as_array().expect("a list");
    items.iter().map(|row| row["id"].as_str().expect("an id").to_owned()).collect()
}

fn by_hand(_: &mut Config, options: &mut concierge::app::Options) {
    options.clock = manual_clock();
}

#[tokio::test(flavor = "multi_thread")]
async fn colleagues_see_who_edits_which_field_and_customers_do_not() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says(QUESTION).await.conversation;
        app.settle().await;
        let (mut first, mut second) = (app.desk(Role::Staff).await, app.desk(Role::Owner).await);
        let mut viewer = app.desk(Role::Viewer).await;
        let edits = |field: &str, on| Command::EditField { conversation, field: field.to_owned(), on };
        assert_eq!(code(first.ask(edits("vehicle", true)).await), "not_joined");
        for socket in [&mut first, &mut second, &mut viewer] {
            join(socket, conversation, 0).await;
        }
        for wrong in ["", &"x".repeat(65)] {
            assert_eq!(code(first.ask(edits(wrong, true)).await), "invalid_field");
        }
        assert_eq!(code(viewer.ask(edits("vehicle", true)).await), "forbidden");
        assert_eq!(code(customer.socket.ask(edits("vehicle", true)).await), "forbidden");
        for on in [true, false] {
            first.ask(edits("vehicle", on)).await.expect("told");
            let heard = signal(&mut second, |signal| match signal {
                Signal::EditingField { person, field, on, .. } => Some((person.name, field, on)),
                _ => None,
            });
            assert_eq!(heard.await, ("Some staff".to_owned(), "vehicle".to_owned(), on));
        }
        // What comes to the customer after it is the next message, not who edits what.
        let answer = Command::Send {
            conversation: Some(conversation),
            client_id: "after".to_owned(),
            body: "Here is the answer".to_owned(),
            files: Vec::new(),
        };
        first.ask(answer).await.expect("sent");
        let next = customer.socket.find(PATIENCE, |frame| match frame {
            ServerFrame::Signal(Signal::EditingField { .. }) => Some(false),
            ServerFrame::Event { entry, .. } if entry.body.as_deref() == Some("Here is the answer") => {
                Some(true)
            }
            _ => None,
        });
        assert!(next.await.expect("a frame"), "customers do not learn it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_who_is_on_a_draft_until_they_leave() {
    on_each_engine(async |app| {
        let conversation = app.customer().await.says(QUESTION).await.conversation;
        app.settle().await;
        let (mut first, mut second) = (app.desk(Role::Staff).await, app.desk(Role::Owner).await);
        let mut third = app.desk(Role::Manager).await;
        third.ask(Command::Inbox { on: true }).await.expect("followed");

        let early = first.ask(Command::Lease { conversation, on: true, take: false }).await;
        assert_eq!(code(early), "not_joined");
        join(&mut first, conversation, 0).await;
        join(&mut second, conversation, 0).await;
        let lease = wish(&mut first, conversation, true, false).await.expect("held");
        assert_eq!(lease.holder.name, "Some staff");
        let told = leased(&mut third, conversation).await.expect("told to who is not in the conversation");
        assert_eq!(told.holder, lease.holder);

        // A colleague learns who holds it, and does not get it without saying so.
        assert_eq!(
            wish(&mut second, conversation, true, false).await.map(|one| one.holder),
            Some(told.holder)
        );
        assert_eq!(
            wish(&mut second, conversation, false, false).await.map(|one| one.holder.name).as_deref(),
            Some("Some staff")
        );
        // Whoever comes later is told at once, in the conversation and at the list.
        let mut late = app.desk(Role::Owner).await;
        assert_eq!(
            join(&mut late, conversation, 0).await.lease.map(|one| one.holder.name).as_deref(),
            Some("Some staff")
        );
        late.ask(Command::Inbox { on: true }).await.expect("followed");
        assert_eq!(
            leased(&mut late, conversation).await.map(|one| one.holder.name).as_deref(),
            Some("Some staff")
        );

        let taken = wish(&mut second, conversation, true, true).await.expect("taken");
        assert_eq!(taken.holder.name, "Some owner");
        assert_eq!(leased(&mut third, conversation).await.map(|one| one.holder), Some(taken.holder));
        second.ask(Command::Leave { conversation }).await.expect("left");
        assert_eq!(leased(&mut third, conversation).await, None, "whoever leaves lets go");

        wish(&mut first, conversation, true, false).await.expect("free again");
        assert!(leased(&mut third, conversation).await.is_some());
        drop(first);
        assert_eq!(leased(&mut third, conversation).await, None, "so does whoever goes");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_is_not_renewed_lapses() {
    on_each_engine_with(by_hand, async |app| {
        let conversation = app.customer().await.says(QUESTION).await.conversation;
        app.settle().await;
        let (mut first, mut second) = (app.desk(Role::Staff).await, app.desk(Role::Owner).await);
        join(&mut first, conversation, 0).await;
        wish(&mut first, conversation, true, false).await.expect("held");
        app.advance(Duration::from_secs(50));
        wish(&mut first, conversation, true, false).await.expect("renewed");
        app.advance(Duration::from_secs(50));
        assert!(join(&mut second, conversation, 0).await.lease.is_some(), "renewed in time");
        app.advance(Duration::from_secs(11));
        let lease = wish(&mut second, conversation, true, false).await.expect("free");
        assert_eq!(lease.holder.name, "Some owner");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_holds_nothing_and_a_customer_hears_of_no_hold() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says(QUESTION).await.conversation;
        app.settle().await;
        let (mut viewer, mut staff) = (app.desk(Role::Viewer).await, app.desk(Role::Staff).await);
        join(&mut viewer, conversation, 0).await;
        let refused = viewer.ask(Command::Lease { conversation, on: true, take: true }).await;
        assert_eq!(code(refused), "forbidden");
        join(&mut staff, conversation, 0).await;
        wish(&mut staff, conversation, true, false).await.expect("held");
        let mut tab = customer.tab().await;
        assert_eq!(join(&mut tab, conversation, 0).await.lease, None);
        tab.ask(Command::Ping).await.expect("a pong");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_view_is_ones_own_or_everybodys() {
    on_each_engine(async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let viewer = app.staff(Role::Viewer).await;
        let own =
            json!({ "name": " Brakes ", "filter": { "view": "waiting", "label": "brakes", "q": "  " } });
        let mine = ok(&staff, "POST", "/v1/views", Some(own)).await;
        assert_eq!(mine["name"], "Brakes");
        assert_eq!(mine["filter"], json!({ "view": "waiting", "label": "brakes" }));
        let shared = json!({ "name": "Quoted", "shared": true, "filter": { "status": "quoted" } });
        let shared = ok(&owner, "POST", "/v1/views", Some(shared)).await;
        let names = async |caller: &Http| {
            let page = ok(caller, "GET", "/v1/views", None).await;
            let items = page["items"].as_array().expect("a list");
            items.iter().map(|view| view["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&staff).await, ["Brakes", "Quoted"]);
        assert_eq!(names(&owner).await, ["Quoted"]);
        let path = |view: &Value| format!("/v1/views/{}", view["id"].as_str().expect("an id"));
        let rename = || Some(json!({ "name": "Stolen" }));
        assert_eq!(call(&owner, "PATCH", &path(&mine), rename()).await.problem().1, "not_found");
        assert_eq!(
            call(&staff, "PATCH", &path(&shared), rename()).await.problem(),
            (403, "forbidden".to_owned())
        );
        assert_eq!(call(&staff, "DELETE", &path(&shared), None).await.problem().1, "forbidden");
        let changed = json!({ "filter": { "status": "booked" } });
        let changed = ok(&owner, "PATCH", &path(&shared), Some(changed)).await;
        assert_eq!(
            (changed["name"].as_str(), &changed["filter"]),
            (Some("Quoted"), &json!({ "status": "booked" }))
        );
        ok(&staff, "DELETE", &path(&mine), None).await;
        assert_eq!(names(&staff).await, ["Quoted"]);
        let nobodys = json!({ "name": "Mine", "filter": {} });
        ok(&viewer, "POST", "/v1/views", Some(nobodys)).await;
        let everybodys = json!({ "name": "Ours", "shared": true, "filter": {} });
        assert_eq!(call(&viewer, "POST", "/v1/views", Some(everybodys)).await.problem().1, "forbidden");
        for (wrong, status) in [
            (json!({ "name": "", "filter": {} }), "empty_text"),
            (json!({ "name": "x".repeat(41), "filter": {} }), "text_too_long"),
            (json!({ "name": "x", "filter": { "view": "nowhere" } }), "invalid_field"),
            (json!({ "name": "x", "filter": { "colour": "red" } }), "invalid_field"),
        ] {
            assert_eq!(
                call(&staff, "POST", "/v1/views", Some(wrong.clone())).await.problem().1,
                status,
                "{wrong}"
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_reply_is_found_by_its_shortcut_the_most_used_first() {
    on_each_engine(async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let save = async |caller: &Http, shortcut: &str, shared: bool| {
            let new = json!({ "shortcut": shortcut, "body": "Hello {{customer}}", "shared": shared });
            ok(caller, "POST", "/v1/snippets", Some(new)).await
        };
        let hours = save(&staff, "/Hours", true).await;
        assert_eq!(hours["shortcut"], "hours");
        let own = save(&staff, "bye", false).await;
        let shortcuts = async |caller: &Http| {
            let page = ok(caller, "GET", "/v1/snippets", None).await;
            let items = page["items"].as_array().expect("a list");
            items.iter().map(|one| one["shortcut"].as_str().expect("a word").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(shortcuts(&staff).await, ["bye", "hours"]);
        assert_eq!(shortcuts(&owner).await, ["hours"], "what is not shared is one's own");
        let path = |snippet: &Value| format!("/v1/snippets/{}", snippet["id"].as_str().expect("an id"));
        ok(&owner, "POST", &format!("{}/used", path(&hours)), None).await;
        assert_eq!(shortcuts(&staff).await, ["hours", "bye"]);
        let used = call(&owner, "POST", &format!("{}/used", path(&own)), None).await;
        assert_eq!(used.problem(), (404, "not_found".to_owned()));
        let changed = ok(&owner, "PATCH", &path(&hours), Some(json!({ "body": "From 8 to 6" }))).await;
        assert_eq!((changed["body"].as_str(), changed["uses"].as_i64()), (Some("From 8 to 6"), Some(1)));
        let shared = save(&owner, "owner", true).await;
        assert_eq!(
            call(&staff, "DELETE", &path(&shared), None).await.problem(),
            (403, "forbidden".to_owned())
        );
        ok(&staff, "DELETE", &path(&own), None).await;
        assert_eq!(shortcuts(&staff).await, ["hours", "owner"]);
        for (wrong, code) in [
            (json!({ "shortcut": "two words", "body": "x" }), "invalid_field"),
            (json!({ "shortcut": "ok", "body": " " }), "empty_text"),
            (json!({ "shortcut": "ok", "body": "x".repeat(4_001) }), "text_too_long"),
        ] {
            let refused = call(&staff, "POST", "/v1/snippets", Some(wrong.clone())).await;
            assert_eq!(refused.problem().1, code, "{wrong}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn search_finds_what_was_said_at_any_time_and_nothing_of_others() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let neighbour = app.staff_of("beta", Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("My Peugeot squeals at low speed.").await.conversation;
        customer.says("Would Thursday do? 你好").await;
        let note = json!({ "client_id": "n", "body": "Straße: the Ångström sensor \" OR 1" });
        ok(&staff, "POST", &format!("/v1/conversations/{conversation}/notes"), Some(note)).await;
        app.settle().await;
        let found = async |caller: &Http, q: &str| {
            let page = ok(caller, "GET", &format!("/v1/messages?q={}", q.replace(' ', "+")), None).await;
            page["items"].as_array().expect("a list").clone()
        };
        let hits = eventually("the index", async || {
            let hits = found(&staff, "angstrom").await;
            (!hits.is_empty()).then_some(hits)
        })
        .await;
        assert_eq!(hits[0]["conversation"], conversation.to_string());
        assert_eq!((hits[0]["contact"].as_str(), hits.len()), (Some("Ana Silva"), 1));
        assert_eq!(found(&staff, "SQUEALS peugeot").await[0]["seq"], 1, "in any order and case");
        assert_eq!(found(&staff, "sque").await.len(), 1, "while it is typed");
        assert_eq!(found(&staff, "squeals brakes").await, Vec::<Value>::new(), "all words");
        for tricky in ["%22", "\" OR \"", "*", "NEAR(a b)", "'", ":*", "!", "&", ""] {
            found(&staff, tricky).await;
        }
        assert_eq!(found(&neighbour, "squeals").await, Vec::<Value>::new());
        // The inbox finds by earlier messages, too, not only by the last one.
        assert_eq!(listed(&staff, "q=squeals").await, [conversation.to_string()]);
        assert_eq!(listed(&neighbour, "q=squeals").await, Vec::<String>::new());
        assert_eq!(call(&customer.http, "GET", "/v1/messages?q=squeals", None).await.status, 401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_shows_how_much_is_known_and_a_join_how_far_was_read() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says(QUESTION).await.conversation;
        app.settle().await;
        let before = summary(&staff, conversation).await.stitch.unwrap_or_default();
        let value = json!({ "value": "VW Golf 2018" });
        ok(&staff, "PUT", &format!("/v1/conversations/{conversation}/context/vehicle"), Some(value)).await;
        let stitch = summary(&staff, conversation).await.stitch.expect("a stitch");
        let known = |stitch: &str| stitch.matches('k').count();
        assert_eq!(known(&stitch), known(&before) + 1, "{before} {stitch}");
        assert!(stitch.chars().all(|letter| "kim".contains(letter)), "{stitch}");
        assert_eq!(summary(&customer.http, conversation).await.stitch, None, "not the customer's business");

        customer.socket.ask(Command::Read { conversation, seq: 1 }).await.expect("read");
        let joined = join(&mut app.desk(Role::Staff).await, conversation, 0).await;
        let mark = joined.reads.first().expect("the customer has read");
        assert_eq!((mark.actor.kind().as_str(), mark.seq), ("contact", 1));
    })
    .await;
}

//! The desk: who is on a draft, what is put away, what people are told of, saved views, search, profiles.
//! Product map X5, X10, X14, X20, X21, A8, A9.

use std::time::Duration;

use concierge::base::{ConversationId, Role, StaffId};
use concierge::client::{Error, Http, Socket};
use concierge::config::Config;
use concierge::identity::Staff;
use concierge::protocol::{
    Command, Content, DraftLease, Notice, NoticeKind, Outcome, ServerFrame, Signal, WokenBy,
};
use serde_json::{Value, json};

use crate::support::{
    App, PATIENCE, call, code, eventually, join, manual_clock, ok, on_each_engine, on_each_engine_with,
    summary, timeline,
};

/// A question that the documents answer.
const QUESTION: &str = "How much is a brake check?";

/// The beginning of a PNG, by which its kind is found.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// A time that lies `by` after the hub's now, as clients write it.
fn after(app: &App, by: Duration) -> String {
    app.node.site.ports.now().after(by).to_string()
}

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
async fn what_is_put_away_is_out_of_the_lists_until_its_time() {
    on_each_engine_with(by_hand, async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let conversation = app.customer().await.says(QUESTION).await.conversation;
        let id = conversation.to_string();
        app.settle().await;
        let path = format!("/v1/conversations/{conversation}/snooze");
        let until = after(app, Duration::from_secs(3_600));
        let row = ok(&staff, "POST", &path, Some(json!({ "until": until }))).await;
        assert_eq!(row["snoozed_until"], json!(until));
        for view in ["open", "waiting", "unassigned"] {
            assert_eq!(listed(&staff, &format!("view={view}")).await, Vec::<String>::new(), "{view}");
        }
        assert_eq!(listed(&owner, "view=snoozed").await, std::slice::from_ref(&id));
        let waiting = ok(&staff, "GET", "/v1/drafts", None).await;
        assert_eq!(waiting["items"], json!([]), "its draft waits as long");

        app.advance(Duration::from_secs(3_601));
        let back = eventually("the conversation", async || {
            let row = summary(&staff, conversation).await;
            row.snoozed_until.is_none().then_some(row)
        });
        back.await;
        assert_eq!(listed(&staff, "view=open").await, [id]);
        let entries = timeline(&staff, conversation).await;
        let snoozed: Vec<_> = entries.iter().filter(|entry| entry.content.kind() == "snoozed").collect();
        assert!(matches!(snoozed[0].content, Content::Snoozed { until: Some(_), woken_by: None }));
        let woken = Content::Snoozed { until: None, woken_by: Some(WokenBy::Time) };
        assert_eq!(snoozed[1].content, woken);
        let (told, unread) = notices(&staff).await;
        assert_eq!((told[0].kind, told[0].conversation, unread), (NoticeKind::SnoozeOver, conversation, 1));
        assert_eq!(notices(&owner).await.1, 0, "only who put it away is told");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_customers_message_brings_a_conversation_back_at_once() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says(QUESTION).await.conversation;
        app.settle().await;
        let mut desk = app.desk(Role::Staff).await;
        let staff = app.staff(Role::Staff).await;
        desk.ask(Command::Inbox { on: true }).await.expect("followed");
        let until = app.node.site.ports.now().after(Duration::from_secs(3_600));
        desk.ask(Command::Snooze { conversation, until: Some(until) }).await.expect("put away");
        let posted = customer.says("Are you still there?").await;
        let notice = signal(&mut desk, |signal| match signal {
            Signal::Notice { notice, unread } => Some((notice, unread)),
            _ => None,
        })
        .await;
        assert_eq!((notice.0.kind, notice.1), (NoticeKind::SnoozeOver, 1));
        let row = summary(&staff, conversation).await;
        assert_eq!(row.snoozed_until, None);
        let entries = timeline(&staff, conversation).await;
        let woken = entries.iter().find(|entry| entry.seq == posted.seq + 1).expect("an entry");
        assert_eq!(woken.content, Content::Snoozed { until: None, woken_by: Some(WokenBy::Customer) });
        assert!(
            !timeline(&customer.http, conversation)
                .await
                .iter()
                .any(|entry| entry.content.kind() == "snoozed")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_outlives_a_restart_and_refuses_what_makes_no_sense() {
    let mut app = App::start(concierge::ports::db::Engine::Sqlite, |_, _| {}).await;
    let staff = app.staff(Role::Staff).await;
    let conversation = app.customer().await.says(QUESTION).await.conversation;
    app.settle().await;
    let path = format!("/v1/conversations/{conversation}/snooze");
    for wrong in [Duration::ZERO, Duration::from_secs(400 * 24 * 3_600)] {
        let until = after(&app, wrong);
        let refused = call(&staff, "POST", &path, Some(json!({ "until": until }))).await;
        assert_eq!(refused.problem(), (422, "invalid_field".to_owned()), "{until}");
    }
    let until = after(&app, Duration::from_millis(2_500));
    ok(&staff, "POST", &path, Some(json!({ "until": until }))).await;
    app = app.restart().await;
    let staff = app.staff(Role::Staff).await;
    let back = eventually("the conversation", async || {
        let row = summary(&staff, conversation).await;
        row.snoozed_until.is_none().then_some(())
    });
    back.await;
    assert_eq!(notices(&staff).await.1, 1, "and told once");
    ok(
        &staff,
        "POST",
        &format!("/v1/conversations/{conversation}/resolve"),
        Some(json!({ "resolved": true })),
    )
    .await;
    let until = after(&app, Duration::from_secs(60));
    let refused = call(&staff, "POST", &path, Some(json!({ "until": until }))).await;
    assert_eq!(refused.problem().1, "invalid_field", "what is resolved is not put away");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_of_mentions_and_assignments_wherever_they_are_and_not_of_their_own() {
    on_each_engine(async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let (staff_id, owner_id) = (me(&staff).await.id, me(&owner).await.id);
        let conversation = app.customer().await.says(QUESTION).await.conversation;
        app.settle().await;
        // The owner follows the inbox only: the conversation is not open.
        let mut desk = app.desk(Role::Owner).await;
        desk.ask(Command::Inbox { on: true }).await.expect("followed");
        let mentions = json!({ "client_id": "n1", "body": "Please look, @Some owner",
            "mentions": [owner_id, staff_id, owner_id] });
        let notes = format!("/v1/conversations/{conversation}/notes");
        ok(&staff, "POST", &notes, Some(mentions.clone())).await;
        let (notice, unread) = signal(&mut desk, |signal| match signal {
            Signal::Notice { notice, unread } => Some((*notice, unread)),
            _ => None,
        })
        .await;
        assert_eq!((notice.kind, notice.seq, unread), (NoticeKind::Mention, 1, 1));
        assert_eq!((notice.by.as_str(), notice.text.as_str()), ("Some staff", "Please look, @Some owner"));
        assert_eq!(notice.contact, "Ana Silva");
        assert_eq!(notices(&staff).await.0, [], "one's own mention is no news");
        ok(&staff, "POST", &notes, Some(mentions)).await;
        assert_eq!(notices(&owner).await.1, 1, "a note that is sent again is the first one");

        let assign = |staff: StaffId| Command::Assign { conversation, staff: Some(staff) };
        let mut other = app.desk(Role::Staff).await;
        other.ask(assign(owner_id)).await.expect("assigned");
        other.ask(assign(owner_id)).await.expect("nothing to do");
        other.ask(assign(staff_id)).await.expect("assigned to oneself");
        let (told, unread) = notices(&owner).await;
        let kinds: Vec<NoticeKind> = told.iter().map(|one| one.kind).collect();
        assert_eq!((kinds, unread), (vec![NoticeKind::Assigned, NoticeKind::Mention], 2));
        assert_eq!(notices(&staff).await.1, 0);

        // Looking at them counts in every window.
        let seen = ok(&owner, "POST", "/v1/notices/seen", Some(json!({ "seq": 1 }))).await;
        assert_eq!(seen, json!({ "seen": 1, "unread": 1 }));
        let told = signal(&mut desk, |signal| match signal {
            Signal::NoticesSeen { seq, unread } => Some((seq, unread)),
            _ => None,
        })
        .await;
        assert_eq!(told, (1, 1));
        let far = ok(&owner, "POST", "/v1/notices/seen", Some(json!({ "seq": 99 }))).await;
        assert_eq!(far, json!({ "seen": 2, "unread": 0 }), "not beyond the newest");
        let back = ok(&owner, "POST", "/v1/notices/seen", Some(json!({ "seq": 1 }))).await;
        assert_eq!(back, json!({ "seen": 2, "unread": 0 }), "and never back");
        let refused = call(&owner, "POST", "/v1/notices/seen", Some(json!({ "seq": -1 }))).await;
        assert_eq!(refused.problem(), (422, "invalid_field".to_owned()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notices_come_in_pages_and_old_ones_go() {
    on_each_engine(async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let owner_id = me(&owner).await.id;
        let conversation = app.customer().await.says(QUESTION).await.conversation;
        app.settle().await;
        for at in 1..=7 {
            let note = json!({ "client_id": format!("n{at}"), "body": format!("Number {at}"), "mentions": [owner_id] });
            ok(&staff, "POST", &format!("/v1/conversations/{conversation}/notes"), Some(note)).await;
        }
        let mut texts: Vec<Value> = Vec::new();
        let mut query = "?limit=3".to_owned();
        loop {
            let page = ok(&owner, "GET", &format!("/v1/notices{query}"), None).await;
            texts.extend(page["items"].as_array().into_iter().flatten().map(|one| one["seq"].clone()));
            assert_eq!(page["unread"], 7);
            match page["next"].as_str() {
                Some(next) => query = format!("?limit=3&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(texts, [7, 6, 5, 4, 3, 2, 1].map(Value::from));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_once_of_a_draft_that_waits_for_too_long() {
    on_each_engine_with(by_hand, async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let viewer = app.staff(Role::Viewer).await;
        let free = app.customer().await.says(QUESTION).await.conversation;
        let taken = app.customer().await.says("What does a brake check cost?").await.conversation;
        app.settle().await;
        let owner_id = me(&owner).await.id;
        ok(&owner, "POST", &format!("/v1/conversations/{taken}/assign"), Some(json!({ "staff": owner_id })))
            .await;
        app.advance(Duration::from_secs(14 * 60));
        assert_eq!(notices(&staff).await.1, 0);
        app.advance(Duration::from_secs(2 * 60));
        let told = eventually("the notices", async || {
            let (told, unread) = notices(&owner).await;
            (unread == 2).then_some(told)
        })
        .await;
        assert!(told.iter().all(|one| one.kind == NoticeKind::DraftWaits && one.by.is_empty()));
        assert!(told[0].text.contains("£79"), "{}", told[0].text);
        let (others, unread) = notices(&staff).await;
        assert_eq!((others[0].conversation, unread), (free, 1), "what somebody looks after is theirs");
        assert_eq!(notices(&viewer).await.1, 0, "who may not decide is not asked to");
        app.advance(Duration::from_secs(3_600));
        // Another conversation's notice comes after the sweep had its chance to tell again.
        let later = app.customer().await.says(QUESTION).await.conversation;
        app.settle().await;
        app.advance(Duration::from_secs(16 * 60));
        let told = eventually("the later notice", async || {
            let (told, _) = notices(&staff).await;
            told.iter().any(|one| one.conversation == later).then_some(told)
        })
        .await;
        assert_eq!(told.len(), 2, "told once each");
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

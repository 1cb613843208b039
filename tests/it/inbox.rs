//! The inbox: product map A8, A9, X3, X4, X21; unread numbers, views, labels, status, presence, typing.

use concierge::base::{Actor, ConversationId, Role};
use concierge::client::{Http, Socket};
use concierge::http::Page;
use concierge::identity::Staff;
use concierge::protocol::{Command, Content, ConversationSummary, Owner, ServerFrame, Signal};
use serde_json::json;

use crate::support::{
    PATIENCE, Wire, approve, call, code, join, next_message, ok, on_each_engine, summary, timeline,
};

async fn listed(caller: &Http, query: &str) -> Vec<ConversationId> {
    let page: Page<ConversationSummary> =
        caller.get(&format!("/v1/conversations?{query}")).await.expect("listed");
    page.items.into_iter().map(|row| row.id).collect()
}

/// The next signal that `wanted` takes.
async fn signal<T>(socket: &mut Socket, mut wanted: impl FnMut(Signal) -> Option<T>) -> T {
    let found = socket.find(PATIENCE, |frame| match frame {
        ServerFrame::Signal(signal) => wanted(signal),
        _ => None,
    });
    found.await.expect("the signal comes")
}

async fn me(caller: &Http) -> Staff {
    let session = ok(caller, "GET", "/v1/session", None).await;
    serde_json::from_value(session["staff"].clone()).expect("a staff member")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_view_shows_what_it_says_newest_first() {
    on_each_engine(async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let mut conversations = Vec::new();
        for text in ["About my exhaust", "About my clutch", "About my battery", "About my mirror"] {
            conversations.push(app.customer().await.says(text).await.conversation);
        }
        app.settle().await;
        let [exhaust, clutch, battery, mirror] = conversations[..] else { panic!("four") };
        let path =
            |conversation: ConversationId, verb: &str| format!("/v1/conversations/{conversation}/{verb}");
        let my_id = me(&staff).await.id;
        ok(&staff, "POST", &path(exhaust, "assign"), Some(json!({ "staff": my_id }))).await;
        ok(&staff, "POST", &path(battery, "resolve"), Some(json!({ "resolved": true }))).await;
        let reply = json!({ "client_id": "r", "body": "We look at it." });
        ok(&staff, "POST", &path(mirror, "messages"), Some(reply)).await;
        let labels = json!({ "add": ["Urgent", " VIP "] });
        let row = ok(&staff, "POST", &path(clutch, "labels"), Some(labels)).await;
        assert_eq!(row["labels"], json!(["urgent", "vip"]), "small letters, trimmed, sorted");
        ok(&staff, "POST", &path(exhaust, "status"), Some(json!({ "status": "quoted" }))).await;

        assert_eq!(listed(&staff, "").await, [exhaust, clutch, mirror], "newest event first, open ones");
        assert_eq!(listed(&staff, "view=open").await, [exhaust, clutch, mirror]);
        assert_eq!(listed(&staff, "view=mine").await, [exhaust]);
        assert_eq!(listed(&owner, "view=mine").await, []);
        assert_eq!(listed(&staff, "view=unassigned").await, [clutch, mirror]);
        assert_eq!(listed(&staff, "view=waiting").await, [exhaust, clutch]);
        assert_eq!(listed(&staff, "view=resolved").await, [battery]);
        assert_eq!(listed(&staff, "view=all").await, [exhaust, clutch, mirror, battery]);
        assert_eq!(listed(&staff, "label=urgent").await, [clutch]);
        assert_eq!(listed(&staff, "label=none").await, []);
        assert_eq!(listed(&staff, "status=quoted").await, [exhaust]);
        assert_eq!(listed(&staff, "q=CLUTCH").await, [clutch]);
        assert_eq!(listed(&staff, "q=look+at").await, [mirror], "the last message is searched");
        assert_eq!(listed(&staff, "q=ana&view=all").await.len(), 4, "and the customer's name");
        assert_eq!(listed(&staff, "q=%25").await, [], "wildcards are plain characters");
        let contact = summary(&staff, mirror).await.contact.id;
        assert_eq!(listed(&staff, &format!("contact={contact}")).await, [mirror]);
        // Pages join without gap or overlap.
        let mut seen = Vec::new();
        let mut next = Some(String::new());
        while let Some(cursor) = next {
            let cursor = if cursor.is_empty() { cursor } else { format!("&cursor={cursor}") };
            let page: Page<ConversationSummary> =
                staff.get(&format!("/v1/conversations?view=all&limit=1{cursor}")).await.expect("listed");
            seen.extend(page.items.into_iter().map(|row| row.id));
            next = page.next;
        }
        assert_eq!(seen, [exhaust, clutch, mirror, battery]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_counts_messages_of_the_other_side_for_each_reader() {
    on_each_engine(async |app| {
        let (staff, owner) = (app.staff(Role::Staff).await, app.staff(Role::Owner).await);
        let mut customer = app.customer().await;
        let conversation = customer.says("One").await.conversation;
        let second = customer.says("Two").await.seq;
        customer.says("Three").await;
        app.settle().await;
        let unread = async |caller: &Http| summary(caller, conversation).await.unread;
        assert_eq!((unread(&staff).await, unread(&owner).await), (3, 3));
        let path = format!("/v1/conversations/{conversation}/read");
        let read =
            async |caller: &Http, seq: i64| ok(caller, "POST", &path, Some(json!({ "seq": seq }))).await;
        read(&staff, second).await;
        assert_eq!((unread(&staff).await, unread(&owner).await), (1, 3), "each reader for themselves");
        read(&staff, 1).await;
        assert_eq!(unread(&staff).await, 1, "a mark never moves back");
        read(&staff, i64::MAX).await;
        assert_eq!(unread(&staff).await, 0, "and not beyond the end");
        let note = json!({ "client_id": "n", "body": "A note" });
        ok(&owner, "POST", &format!("/v1/conversations/{conversation}/notes"), Some(note)).await;
        assert_eq!(unread(&staff).await, 0, "a note is no message of the customer");
        customer.says("Four").await;
        app.settle().await;
        let page: Page<ConversationSummary> = staff.get("/v1/conversations").await.expect("listed");
        assert_eq!(page.items[0].unread, 1, "the list says the same");
        assert_eq!(unread(&staff).await, 1);
        // The customer counts what the business sent.
        assert_eq!(unread(&customer.http).await, 0);
        let reply = json!({ "client_id": "r", "body": "Hello!" });
        ok(&staff, "POST", &format!("/v1/conversations/{conversation}/messages"), Some(reply)).await;
        assert_eq!(unread(&customer.http).await, 1);
        let heard = customer.hears().await;
        read(&customer.http, heard.seq).await;
        assert_eq!(unread(&customer.http).await, 0);
        assert_eq!(unread(&owner).await, 4, "the customer's mark is theirs alone");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn assignment_labels_and_status_are_told_once_each() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let colleague = me(&app.staff(Role::Owner).await).await;
        let mut desk = app.desk(Role::Staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello").await.conversation;
        app.settle().await;
        let before = timeline(&staff, conversation).await.len();
        for _ in 0..2 {
            let assign = Command::Assign { conversation, staff: Some(colleague.id) };
            desk.ask(assign).await.expect("assigned");
            let label = |add: &[&str], remove: &[&str]| Command::Label {
                conversation,
                add: add.iter().map(|label| (*label).to_owned()).collect(),
                remove: remove.iter().map(|label| (*label).to_owned()).collect(),
            };
            desk.ask(label(&["tyres", "Tyres"], &["never-there"])).await.expect("labelled");
            desk.ask(Command::SetStatus { conversation, status: "booked".to_owned() }).await.expect("moved");
        }
        let told: Vec<Content> = timeline(&staff, conversation)
            .await
            .split_off(before)
            .into_iter()
            .map(|entry| entry.content)
            .collect();
        assert_eq!(
            told,
            [
                Content::Assigned { to: Some(colleague.id), name: Some(colleague.name.clone()) },
                Content::LabelsChanged { added: vec!["tyres".to_owned()], removed: vec![] },
                Content::StatusMoved { from: "new".to_owned(), to: "booked".to_owned() },
            ]
        );
        desk.ask(Command::Assign { conversation, staff: None }).await.expect("nobody");
        assert_eq!(summary(&staff, conversation).await.assignee, None);
        let gone = Command::Assign { conversation, staff: Some(app.node.site.ports.id()) };
        assert_eq!(code(desk.ask(gone).await), "not_found");
        // Nothing of it is the customer's business.
        let seen = timeline(&customer.http, conversation).await;
        assert!(seen.iter().all(|entry| entry.content.is_message()), "{seen:?}");
        let row = summary(&customer.http, conversation).await;
        assert!(
            row.labels.is_empty() && row.assignee.is_none() && row.status.is_empty() && row.draft.is_none()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_status_moves_along_the_workflow_only() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut desk = app.desk(Role::Staff).await;
        let conversation = app.customer().await.says("Hello").await.conversation;
        app.settle().await;
        let path = format!("/v1/conversations/{conversation}/status");
        let go = async |status: &str| call(&staff, "POST", &path, Some(json!({ "status": status }))).await;
        let illegal = || (409, "illegal_move".to_owned());
        assert_eq!(go("nowhere").await.problem(), illegal());
        assert_eq!(go("").await.problem(), illegal());
        assert_eq!(go("NEW").await.problem(), illegal());
        assert_eq!(go("quoted").await.json()["status"], "quoted");
        assert_eq!(go("done").await.problem(), illegal(), "quoted does not go to done");
        assert_eq!(go("new").await.problem(), illegal());
        assert_eq!(go("quoted").await.status, 200, "where it is, it may stay");
        let over_socket = Command::SetStatus { conversation, status: "done".to_owned() };
        assert_eq!(code(desk.ask(over_socket).await), "illegal_move");
        for status in ["booked", "in_work", "done", "new"] {
            assert_eq!(go(status).await.json()["status"], status);
        }
        // Two moves from the same place at once: the second must be legal from where the first led.
        for _ in 0..8 {
            let (quoted, done) = tokio::join!(go("quoted"), go("done"));
            let statuses: Vec<String> = timeline(&staff, conversation)
                .await
                .into_iter()
                .filter_map(|entry| match entry.content {
                    Content::StatusMoved { from, to } => Some(format!("{from}>{to}")),
                    _ => None,
                })
                .collect();
            assert!(!statuses.contains(&"quoted>done".to_owned()), "{statuses:?}");
            assert!(!statuses.contains(&"done>quoted".to_owned()), "{statuses:?}");
            assert_eq!([&quoted, &done].iter().filter(|answer| answer.status == 200).count(), 1);
            for back in ["booked", "in_work", "done", "new"] {
                let _ = go(back).await;
            }
            assert_eq!(summary(&staff, conversation).await.status, "new");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inbox_reaches_staff_of_the_workspace_who_follow_it_and_nobody_else() {
    on_each_engine(async |app| {
        let mut follower = app.desk(Role::Viewer).await;
        follower.ask(Command::Inbox { on: true }).await.expect("followed");
        let mut other = Wire::staff(&app.staff(Role::Staff).await).await;
        let mut stopped = Wire::staff(&app.staff(Role::Manager).await).await;
        for on in [true, false] {
            stopped.ask(json!({ "cmd": "inbox", "on": on })).await;
        }
        let mut foreign = Wire::staff(&app.staff_of("beta", Role::Owner).await).await;
        foreign.ask(json!({ "cmd": "inbox", "on": true })).await;
        let bystander = app.customer().await;
        let mut visitor = Wire::visitor(&app.url(), &bystander.visit.token).await;
        let (refused, _) = visitor.ask(json!({ "cmd": "inbox", "on": true })).await;
        assert_eq!(refused["error"]["code"], "forbidden");

        let mut customer = app.customer().await;
        let conversation = customer.says("How much is a brake check?").await.conversation;
        app.settle().await;
        // What the inbox shows live is, in the end, what it shows fetched afresh.
        let fresh: Page<ConversationSummary> =
            app.staff(Role::Viewer).await.get("/v1/conversations").await.expect("listed");
        let fresh = ConversationSummary { unread: 0, ..fresh.items[0].clone() };
        assert_eq!(
            (fresh.id, fresh.inbound_count, fresh.labels.as_slice()),
            (conversation, 1, ["brakes".to_owned()].as_slice())
        );
        assert!(fresh.draft.is_some());
        assert_eq!(
            fresh.last_message.as_ref().map(|last| last.text.as_str()),
            Some("How much is a brake check?")
        );
        signal(&mut follower, |signal| match signal {
            Signal::Inbox { conversation: row } => (*row == fresh).then_some(()),
            _ => None,
        })
        .await;
        for wire in [&mut other, &mut stopped, &mut foreign, &mut visitor] {
            let (_, seen) = wire.ask(json!({ "cmd": "ping" })).await;
            assert!(seen.is_empty(), "{seen:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presence_and_typing_reach_those_in_the_conversation() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let me = me(&staff).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello").await.conversation;
        let mut bystander = app.customer().await;
        bystander.says("Hello, too").await;
        app.settle().await;
        let mut apart = Wire::visitor(&app.url(), &bystander.visit.token).await;
        apart.ask(json!({ "cmd": "join", "conversation": bystander.conversation, "after": 0 })).await;
        apart.ask(json!({ "cmd": "ping" })).await;

        let (mut desk, _) = Socket::staff(&staff).await.expect("a socket");
        assert_eq!(code(desk.ask(Command::Typing { conversation, on: true }).await), "not_joined");
        join(&mut desk, conversation, 0).await;
        let viewers = signal(&mut desk, |signal| match signal {
            Signal::Presence { viewers, contact_online: true, .. } if !viewers.is_empty() => Some(viewers),
            _ => None,
        });
        assert_eq!(viewers.await.iter().map(|person| person.id).collect::<Vec<_>>(), [me.id]);
        let there = signal(&mut customer.socket, |signal| match signal {
            Signal::Presence { viewers, staff_online: true, .. } => Some(viewers),
            _ => None,
        });
        assert!(there.await.is_empty(), "customers learn that somebody is there, not who");

        customer.socket.ask(Command::Typing { conversation, on: true }).await.expect("told");
        let who = signal(&mut desk, |signal| match signal {
            Signal::Typing { actor, on: true, .. } => Some(actor),
            _ => None,
        });
        assert_eq!(who.await, Actor::Contact { id: customer.visit.contact.id });
        desk.ask(Command::Typing { conversation, on: true }).await.expect("told");
        let name = signal(&mut customer.socket, |signal| match signal {
            Signal::Typing { actor: Actor::Staff { .. }, name, on: true, .. } => Some(name),
            _ => None,
        });
        assert_eq!(name.await, me.name);
        let heard = desk.ask(Command::Read { conversation, seq: 1 }).await;
        heard.expect("marked");
        let seen = signal(&mut customer.socket, |signal| match signal {
            Signal::Read { actor: Actor::Staff { .. }, seq, .. } => Some(seq),
            _ => None,
        });
        assert_eq!(seen.await, 1);

        desk.ask(Command::Leave { conversation }).await.expect("left");
        signal(&mut customer.socket, |signal| match signal {
            Signal::Presence { staff_online: false, .. } => Some(()),
            _ => None,
        })
        .await;
        let (_, overheard) = apart.ask(json!({ "cmd": "ping" })).await;
        let overheard: Vec<_> =
            overheard.iter().filter(|frame| frame["conversation"] == json!(conversation)).collect();
        assert!(overheard.is_empty(), "{overheard:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_conversation_is_resolved_the_visitor_begins_a_new_one() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let mut customer = app.customer().await;
        let first = customer.says("How much is a brake check?").await.conversation;
        let draft = app.pending(&staff, first).await;
        let mut desk = app.desk(Role::Staff).await;
        desk.ask(approve(&draft)).await.expect("approved");
        customer.hears().await;
        let path = format!("/v1/conversations/{first}/resolve");
        let row = ok(&staff, "POST", &path, Some(json!({ "resolved": true }))).await;
        assert_eq!(row["resolved"], true);
        ok(&staff, "POST", &path, Some(json!({ "resolved": true }))).await;
        let told: Vec<bool> = timeline(&customer.http, first)
            .await
            .iter()
            .filter_map(|entry| match entry.content {
                Content::ResolvedChanged { resolved } => Some(resolved),
                _ => None,
            })
            .collect();
        assert_eq!(told, [true], "the customer sees it, once");

        // The widget opens again: it has no open conversation, and the next message begins one.
        let key = json!({ "visitor_key": customer.visit.visitor_key });
        let (_, visit) = Http::visit(&app.url(), "alpha", key).await.expect("back");
        assert_eq!(visit.conversation, None);
        customer.conversation = None;
        let second = customer.says("And another question: when are you open?").await.conversation;
        assert_ne!(second, first);
        app.settle().await;
        assert!(summary(&staff, first).await.resolved);
        assert_eq!(listed(&staff, "").await, [second]);

        // Who still has the old one open and writes into it, opens it again.
        customer.conversation = Some(first);
        customer.sends("into-the-old-one", "One thing more about the brakes").await.expect("taken");
        app.settle().await;
        let row = summary(&staff, first).await;
        assert!(!row.resolved);
        assert_eq!(row.owner, Owner::Agent);
        // And staff can do it, too.
        ok(&staff, "POST", &path, Some(json!({ "resolved": true }))).await;
        let row = ok(&staff, "POST", &path, Some(json!({ "resolved": false }))).await;
        assert_eq!(row["resolved"], false);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_and_a_request_for_a_person_reach_the_right_side() {
    on_each_engine(async |app| {
        let staff = app.staff(Role::Staff).await;
        let colleague = me(&app.staff(Role::Owner).await).await;
        let mut customer = app.customer().await;
        let conversation = customer.says("Hello").await.conversation;
        app.settle().await;
        let notes = format!("/v1/conversations/{conversation}/notes");
        let note = json!({ "client_id": "n", "body": "She is a regular", "mentions": [colleague.id] });
        ok(&staff, "POST", &notes, Some(note.clone())).await;
        assert_eq!(ok(&staff, "POST", &notes, Some(note)).await["duplicate"], true);
        let stranger = json!({ "client_id": "m", "body": "x", "mentions": [app.node.site.ports.id::<concierge::base::StaffId>()] });
        let refused = call(&staff, "POST", &notes, Some(stranger)).await;
        assert_eq!(refused.problem(), (404, "not_found".to_owned()), "who is mentioned must exist");

        customer.socket.ask(Command::AskForPerson { conversation }).await.expect("asked");
        customer.socket.ask(Command::AskForPerson { conversation }).await.expect("asked again");
        let reply = json!({ "client_id": "r", "body": "I am here." });
        ok(&staff, "POST", &format!("/v1/conversations/{conversation}/messages"), Some(reply)).await;
        assert_eq!(next_message(&mut customer.socket).await.body.as_deref(), Some("I am here."));
        let asked = timeline(&staff, conversation).await;
        let asked = asked.iter().filter(|entry| entry.content == Content::PersonRequested).count();
        assert_eq!(asked, 1, "asking again while it stands changes nothing");
        let seen = timeline(&customer.http, conversation).await;
        assert!(seen.iter().all(|entry| entry.body.as_deref() != Some("She is a regular")), "{seen:?}");
        assert!(seen.windows(2).all(|pair| pair[1].prev == pair[0].seq), "the customer's chain has no gap");
    })
    .await;
}

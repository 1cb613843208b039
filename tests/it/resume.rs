//! Resuming: whoever drops and comes back gets exactly what is missing, in order.
//!
//! Catalogue: L2, L3, L8, L9, L10, L11 (promises P3, P4, P5; invariants I3, I4).

use std::time::Duration;

use concierge::base::{Audience, ConversationId, Role, Timestamp};
use concierge::client::{Http, Socket};
use concierge::ports::Clock;
use concierge::protocol::{
    Command, DraftStatus, DraftView, Entry, Joined, Outcome, Posted, ServerFrame, Signal,
};
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::sync::watch;

use crate::support::{
    Customer, PATIENCE, Reader, all_entries, dice, join, next_event, on_each_engine, on_each_engine_with,
};

/// Somebody who can come back.
#[derive(Clone)]
enum Who {
    Staff(Http),
    Visitor { base: String, token: String },
}

impl Who {
    fn customer(customer: &Customer) -> Who {
        Who::Visitor { base: customer.http.base().to_owned(), token: customer.visit.token.clone() }
    }

    async fn comes(&self) -> Socket {
        let opened = match self {
            Who::Staff(http) => Socket::staff(http).await,
            Who::Visitor { base, token } => Socket::visitor(base, token).await,
        };
        opened.expect("the socket opens").0
    }
}

async fn posts(socket: &mut Socket, conversation: ConversationId, client_id: &str, body: &str) -> Posted {
    let send = Command::Send {
        conversation: Some(conversation),
        client_id: client_id.to_owned(),
        body: body.to_owned(),
        files: Vec::new(),
    };
    match socket.ask(send).await {
        Ok(Outcome::Posted(posted)) => posted,
        other => panic!("{other:?}"),
    }
}

async fn notes(socket: &mut Socket, conversation: ConversationId, client_id: &str) {
    let note = Command::Note {
        conversation,
        client_id: client_id.to_owned(),
        body: "Between us".to_owned(),
        mentions: Vec::new(),
    };
    socket.ask(note).await.expect("the note is taken");
}

/// Joins, reads a while, drops, and so on until `done`; then comes back once more and reads to the end.
async fn drops_and_rejoins(
    who: Who,
    mut reader: Reader,
    mut rng: StdRng,
    mut done: watch::Receiver<bool>,
) -> Reader {
    let mut visits = 0_u32;
    // Also if everything was written before the first visit ended.
    while visits < 2 || !*done.borrow() {
        visits += 1;
        let mut socket = who.comes().await;
        if rng.random_ratio(1, 6) {
            // Goes before the answer comes.
            socket.send(reader.wish()).await.expect("written");
            continue;
        }
        reader.join(&mut socket).await.expect("joined");
        for _ in 0..rng.random_range(0..25) {
            tokio::select! {
                frame = socket.next() => reader.take(&frame.expect("a frame")),
                _ = done.wait_for(|done| *done) => break,
            }
        }
        if rng.random_bool(0.5) {
            socket.close().await;
        }
    }
    reader.join(&mut who.comes().await).await.expect("joined");
    reader
}

#[tokio::test(flavor = "multi_thread")]
async fn who_drops_and_rejoins_misses_nothing() {
    const READERS: u64 = 6;
    const MESSAGES: u32 = 120;
    on_each_engine(async |app| {
        let mut rng = dice(2);
        let mut customer = app.customer().await;
        let conversation = customer.says("Good morning").await.conversation;
        let staff = app.staff(Role::Staff).await;
        let (finished, done) = watch::channel(false);
        let mut readers = tokio::task::JoinSet::new();
        for number in 0..READERS {
            let who = match number % 2 {
                0 => Who::customer(&customer),
                _ => Who::Staff(staff.clone()),
            };
            let reader = Reader::new(&format!("reader {number}"), conversation);
            readers.spawn(drops_and_rejoins(who, reader, rng_of(&mut rng), done.clone()));
        }
        let mut desk = app.desk(Role::Manager).await;
        let customers_part = async {
            for number in 0..MESSAGES {
                posts(&mut customer.socket, conversation, &format!("c-{number}"), "Any news of my car?")
                    .await;
            }
        };
        let staffs_part = async {
            for number in 0..MESSAGES / 2 {
                notes(&mut desk, conversation, &format!("n-{number}")).await;
                if number % 3 == 0 {
                    posts(&mut desk, conversation, &format!("s-{number}"), "Not yet.").await;
                }
            }
        };
        tokio::join!(customers_part, staffs_part);
        app.settle().await;
        finished.send(true).expect("the readers listen");
        let readers = tokio::time::timeout(PATIENCE, readers.join_all()).await.expect("all readers end");

        let (for_staff, for_customer) =
            (all_entries(&staff, conversation).await, all_entries(&customer.http, conversation).await);
        assert!(for_staff.len() > for_customer.len());
        assert_eq!(for_staff.last().map(|entry| entry.seq), i64::try_from(for_staff.len()).ok(), "no hole");
        for reader in readers {
            let is_staff = reader.entries.iter().any(|entry| entry.audience == Audience::Staff);
            assert_eq!(&reader.entries, if is_staff { &for_staff } else { &for_customer });
        }
    })
    .await;
}

fn rng_of(rng: &mut StdRng) -> StdRng {
    rand::SeedableRng::seed_from_u64(rng.random())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_races_with_one_message_gets_it() {
    const ROUNDS: usize = 150;
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.sends("first", "Good morning").await.expect("taken").conversation;
        customer.conversation = Some(conversation);
        // A person answers: no turn adds entries that would betray a hole.
        let mut desk = app.desk(Role::Staff).await;
        desk.ask(Command::TakeOver { conversation }).await.expect("taken over");
        app.settle().await;

        let mut tab = customer.tab().await;
        let (mut at_tab, mut at_desk) = (Reader::new("tab", conversation), Reader::new("desk", conversation));
        for round in 0..ROUNDS {
            let client_id = format!("m-{round}");
            // Nobody is in the room when they come, so nothing but their own join can tell them.
            let posted = match round % 2 {
                0 => {
                    let (joined, posted) =
                        tokio::join!(at_tab.join(&mut tab), customer.sends(&client_id, "Hello"));
                    joined.and(posted)
                }
                _ => {
                    let (joined, posted) =
                        tokio::join!(at_desk.join(&mut desk), customer.sends(&client_id, "Hello"));
                    joined.and(posted)
                }
            };
            let seq = posted.expect("joined and taken").seq;
            match round % 2 {
                0 => at_tab.read_to(&mut tab, seq).await,
                _ => at_desk.read_to(&mut desk, seq).await,
            }
            let socket = if round % 2 == 0 { &mut tab } else { &mut desk };
            socket.ask(Command::Leave { conversation }).await.expect("left");
        }
    })
    .await;
}

/// Asks with a frame as text, so that `after` may be anything; gives the reply's `ok` or its error code.
async fn ask_text(socket: &mut Socket, reference: &str, after: &str, rest: &str) -> Result<Joined, String> {
    let frame = format!(r#"{{"ref":"{reference}","cmd":"join","after":{after}{rest}}}"#);
    socket.send_text(&frame).await.expect("written");
    socket
        .find(PATIENCE, |frame| match frame {
            ServerFrame::Reply { reference: of, ok, error } if of == reference => {
                Some(match ok.map(|ok| *ok) {
                    Some(Outcome::Joined(joined)) => Ok(joined),
                    other => Err(error.map_or(format!("{other:?}"), |error| error.code.to_string())),
                })
            }
            _ => None,
        })
        .await
        .expect("a reply comes")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_edge_of_after_has_its_answer() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says("Good morning").await.conversation;
        customer.says("Is anybody there?").await;
        let mut other = app.customer().await;
        for number in 0..40 {
            other.says(&format!("Message {number}")).await;
        }
        let foreign = other.conversation.expect("a conversation");
        app.settle().await;
        let (_, staff_welcome) = Socket::staff(&app.staff(Role::Staff).await).await.expect("open");
        let epoch = staff_welcome.epoch;

        let staff = app.staff(Role::Staff).await;
        for (mut socket, http) in
            [(app.desk(Role::Staff).await, &staff), (customer.tab().await, &customer.http)]
        {
            let all: Vec<i64> = all_entries(http, conversation).await.iter().map(|entry| entry.seq).collect();
            let top = all_entries(&staff, conversation).await.len();
            let here = format!(r#","conversation":"{conversation}""#);
            let in_epoch = |epoch: &str| format!(r#"{here},"epoch":"{epoch}""#);
            let after = |position: i64| all.iter().copied().filter(|seq| *seq > position).collect::<Vec<_>>();

            // What is a position gives what follows it, or everything with the word that it was none.
            let positions = [
                ("0".to_owned(), here.clone(), false, after(0)),
                ("1".to_owned(), here.clone(), false, after(1)),
                ("1".to_owned(), in_epoch(&epoch), false, after(1)),
                (top.to_string(), here.clone(), false, Vec::new()),
                ((top + 1).to_string(), here.clone(), true, all.clone()),
                ("41".to_owned(), here.clone(), true, all.clone()),
                (i64::MAX.to_string(), here.clone(), true, all.clone()),
                ("1".to_owned(), in_epoch("another"), true, all.clone()),
                ("0".to_owned(), in_epoch("another"), true, all.clone()),
            ];
            for (number, (position, rest, resync, expected)) in positions.into_iter().enumerate() {
                let joined =
                    ask_text(&mut socket, &format!("p{number}"), &position, &rest).await.expect("joined");
                let seqs: Vec<i64> = joined.entries.iter().map(|entry| entry.seq).collect();
                assert_eq!((joined.resync, seqs, joined.more), (resync, expected, false), "after {position}");
                assert_eq!(joined.epoch, epoch);
            }

            // What is none is refused with a code, and the connection lives.
            let wrong =
                ["-1", "-9223372036854775808", "9223372036854775808", "1e400", "1.5", r#""1""#, "null"];
            for (number, position) in wrong.iter().chain(&["true", "[1]", "{}"]).enumerate() {
                let refused = ask_text(&mut socket, &format!("w{number}"), position, &here).await;
                match refused {
                    Err(code) => assert_eq!(code, "invalid_field", "after {position}"),
                    Ok(joined) => panic!("after {position}: {joined:?}"),
                }
            }
            socket.ask(Command::Ping).await.expect("the connection lives");
        }

        // Another customer's conversation is nobody's, whatever the position.
        let mut tab = customer.tab().await;
        for position in ["0", "1", "99"] {
            let rest = format!(r#","conversation":"{foreign}""#);
            let refused = ask_text(&mut tab, &format!("f{position}"), position, &rest).await;
            assert_eq!(refused.err().as_deref(), Some("not_found"));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_and_two_devices_get_everything_in_the_same_order() {
    const EACH: u32 = 15;
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says("Good morning").await.conversation;
        let mut sides = Vec::new();
        for number in 0..4 {
            sides.push((format!("tab {number}"), customer.tab().await));
        }
        for number in 0..4 {
            // Two devices of one colleague, two of another.
            let role = if number < 2 { Role::Staff } else { Role::Manager };
            sides.push((format!("device {number}"), app.desk(role).await));
        }
        let mut tasks = tokio::task::JoinSet::new();
        for (name, mut socket) in sides {
            let mut reader = Reader::new(&name, conversation);
            tasks.spawn(async move {
                reader.join(&mut socket).await.expect("joined");
                let mut own = Vec::new();
                for number in 0..EACH {
                    let client_id = format!("{name}-{number}").replace(' ', "-");
                    own.push(posts(&mut socket, conversation, &client_id, "Let us see").await.seq);
                }
                (name, reader, socket, own)
            });
        }
        let mut sides = tokio::time::timeout(PATIENCE, tasks.join_all()).await.expect("everybody posts");
        app.settle().await;
        let staff = app.staff(Role::Staff).await;
        let (for_staff, for_customer) =
            (all_entries(&staff, conversation).await, all_entries(&customer.http, conversation).await);
        for (name, reader, socket, own) in &mut sides {
            let expected = if name.starts_with("device") { &for_staff } else { &for_customer };
            reader.read_to(socket, expected.last().map_or(0, |entry| entry.seq)).await;
            assert_eq!(&reader.entries, expected);
            assert!(own.iter().all(|seq| expected.iter().any(|entry| entry.seq == *seq)), "also its own");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_backlog_comes_in_pages_before_anything_live() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let conversation = customer.says("Good morning").await.conversation;
        let mut writer = app.desk(Role::Manager).await;
        for number in 0..430 {
            posts(&mut writer, conversation, &format!("m-{number}"), "Another line").await;
        }
        app.settle().await;
        let staff = app.staff(Role::Staff).await;
        for (tab, mut socket) in [(false, app.desk(Role::Staff).await), (true, customer.tab().await)] {
            let mut seen: Vec<Entry> = Vec::new();
            let mut pages = 0;
            loop {
                let after = seen.last().map_or(0, |entry| entry.seq);
                let page = join(&mut socket, conversation, after).await;
                assert!(page.entries.len() <= 200);
                pages += 1;
                seen.extend(page.entries);
                if !page.more {
                    break;
                }
                // Somebody writes between the pages; it comes with a page, not as an event.
                posts(&mut writer, conversation, &format!("p-{tab}-{after}"), "Between pages").await;
            }
            assert!(pages >= 3, "{pages}");
            let caller = if tab { &customer.http } else { &staff };
            assert_eq!(seen, all_entries(caller, conversation).await);
            let live = customer.says("After the last page").await;
            let event = next_event(&mut socket).await;
            assert_eq!(event.seq, live.seq, "the first event is the first entry after the last page");
            app.settle().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_of_the_longest_messages_can_be_joined() {
    on_each_engine(async |app| {
        let mut customer = app.customer().await;
        let longest = "😀".repeat(10_000);
        let conversation = customer.says("Good morning").await.conversation;
        let mut writer = app.desk(Role::Manager).await;
        for number in 0..40 {
            posts(&mut writer, conversation, &format!("long-{number}"), &longest).await;
        }
        for (mut socket, name) in [(app.desk(Role::Staff).await, "desk"), (customer.tab().await, "tab")] {
            let mut reader = Reader::new(name, conversation);
            reader.join(&mut socket).await.expect("joined");
            let posted = posts(&mut writer, conversation, name, "The end").await;
            reader.read_to(&mut socket, posted.seq).await;
            assert_eq!(
                reader.entries.iter().filter(|entry| entry.body.as_deref() == Some(&*longest)).count(),
                40
            );
        }
    })
    .await;
}

/// What a colleague has of a draft that is being written.
enum Seen {
    /// It goes on after this text.
    Writing(String),
    /// It is finished: what the pieces made up (if all were seen), and the draft.
    Finished(Option<String>, Box<DraftView>),
}

/// Joins in the middle of a draft and reads a few pieces along.
async fn reads_along(who: &Who, conversation: ConversationId, pieces: u32) -> Seen {
    let mut socket = who.comes().await;
    let mut assembled: Option<String> = None;
    if let Some(draft) = join(&mut socket, conversation, 0).await.draft {
        match draft.status {
            DraftStatus::Writing => assembled = Some(draft.text),
            _ => return Seen::Finished(None, draft),
        }
    }
    let mut read = 0;
    let seen = socket.find(PATIENCE, |frame| match frame {
        ServerFrame::Signal(Signal::Draft { draft }) if draft.status == DraftStatus::Writing => {
            assembled = Some(draft.text);
            None
        }
        ServerFrame::Signal(Signal::Draft { draft }) => Some(Seen::Finished(assembled.take(), draft)),
        ServerFrame::Signal(Signal::DraftDelta { offset, text, .. }) => {
            let known = assembled.as_mut()?;
            assert_eq!(
                i64::try_from(known.encode_utf16().count()),
                Ok(offset),
                "the piece goes on after {known:?}"
            );
            known.push_str(&text);
            read += 1;
            (read == pieces).then(|| Seen::Writing(known.clone()))
        }
        _ => None,
    });
    seen.await.expect("the draft goes on")
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_in_the_middle_of_a_draft_reads_all_of_it() {
    on_each_engine_with(
        |config, _| config.pipeline.word_ms = 80,
        async |app| {
            let who = Who::Staff(app.staff(Role::Staff).await);
            let mut visits = 0;
            // Whoever needs as long to come back as the draft takes sees its end; then another is written.
            while visits < 2 {
                let mut customer = app.customer().await;
                let conversation =
                    customer.says("How much is a brake check, and when are you open?").await.conversation;
                let mut longest = String::new();
                let draft = loop {
                    match reads_along(&who, conversation, 1).await {
                        Seen::Writing(text) => {
                            assert!(text.starts_with(&longest), "{text:?} goes on from {longest:?}");
                            longest = text;
                            visits += 1;
                        }
                        Seen::Finished(assembled, draft) => {
                            assert_eq!(assembled.unwrap_or_else(|| draft.text.clone()), draft.text);
                            break draft;
                        }
                    }
                };
                assert!(draft.text.starts_with(&longest));
                assert_eq!(draft.hash, concierge::drafts::hash_text(&draft.text));
            }
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_changes_no_order_and_cuts_nobody() {
    on_each_engine_with(
        |_, options| options.clock = Clock::manual(Timestamp::from_micros(1_800_000_000_000_000)),
        async |app| {
            let mut customer = app.customer().await;
            let conversation = customer.says("Good morning").await.conversation;
            let mut tab = customer.tab().await;
            let mut reader = Reader::new("tab", conversation);
            reader.join(&mut tab).await.expect("joined");
            let day = 24 * 3_600;
            let mut top = 0;
            for (number, seconds) in [1, 3_600, day, 3_650 * day].into_iter().enumerate() {
                app.node.site.ports.clock.advance(Duration::from_secs(seconds));
                let posted = customer.sends(&format!("at-{number}"), "Still here?").await.expect("taken");
                top = posted.seq;
            }
            reader.read_to(&mut tab, top).await;
        },
    )
    .await;
}

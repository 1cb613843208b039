//! Connections that end: each for its reason, with its code, and without harm to the neighbours.
//!
//! Catalogue: L6 (promise P6), L7, the strike limit of W5, W4's size limit, the live half of S2, P11.

use std::time::Duration;

use concierge::base::{ConversationId, Role, Timestamp};
use concierge::client::{Error, Http, Socket};
use concierge::ports::db::Engine;
use concierge::ports::{Bus, Clock};
use concierge::protocol::{Close, Command, Outcome, ServerFrame, Signal};
use serde_json::{Value, json};

use crate::support::{App, PATIENCE, Reader, all_entries, join, on_each_engine_with, until};

/// What a line that ends without a reason is said to have ended by.
const BROKEN: u16 = 1006;

/// Reads until the hub closes the socket; gives the frames before and the code.
async fn reads_to_the_end(socket: &mut Socket) -> (Vec<ServerFrame>, u16) {
    let mut frames = Vec::new();
    let reading = async {
        loop {
            match socket.next().await {
                Ok(frame) => frames.push(frame),
                Err(Error::Closed { code, .. }) => return code,
                Err(error) => panic!("{error}"),
            }
        }
    };
    let code = tokio::time::timeout(PATIENCE, reading).await.expect("the hub closes the socket");
    (frames, code)
}

/// Waits until the hub has no more than this many sockets.
async fn until_open(app: &App, sockets: usize) {
    until("the hub let the socket go", async || app.node.open_sockets() <= sockets).await;
}

/// Posts as a colleague; gives the position.
async fn writes(socket: &mut Socket, conversation: ConversationId, client_id: &str, body: &str) -> i64 {
    let send = Command::Send {
        conversation: Some(conversation),
        client_id: client_id.to_owned(),
        body: body.to_owned(),
        files: Vec::new(),
    };
    match socket.ask(send).await {
        Ok(Outcome::Posted(posted)) => posted.seq,
        other => panic!("{other:?}"),
    }
}

async fn is_alive(socket: &mut Socket) -> bool {
    socket.ask(Command::Ping).await.is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_is_cut_and_resumes_completely() {
    on_each_engine_with(
        |config, _| config.sockets.queue_frames = 48,
        async |app| {
            let mut customer = app.customer().await;
            let conversation = customer.sends("first", "Good morning").await.expect("taken").conversation;
            app.settle().await;
            let mut writer = app.desk(Role::Manager).await;
            let mut desk = app.desk(Role::Staff).await;
            let mut at_desk = Reader::new("desk", conversation);
            at_desk.join(&mut desk).await.expect("joined");
            let mut stalled = customer.tab().await;
            let mut at_stalled = Reader::new("stalled", conversation);
            at_stalled.join(&mut stalled).await.expect("joined");
            let before = app.node.open_sockets();

            // From here on nobody reads `stalled`; the network in between holds some megabytes.
            let long = "😀".repeat(10_000);
            let mut top = 0;
            for number in 0..2_000 {
                top = writes(&mut writer, conversation, &format!("long-{number}"), &long).await;
                at_desk.read_to(&mut desk, top).await;
                if app.node.open_sockets() < before {
                    break;
                }
            }
            assert_eq!(app.node.open_sockets(), before - 1, "it was cut, and nobody else");
            let (frames, code) = reads_to_the_end(&mut stalled).await;
            // The reason waits behind megabytes, and the hub waits a second for it to be taken: who reads more slowly
            // than that sees a broken line.
            assert!(code == Close::Slow.code() || code == BROKEN, "{code}");
            frames.iter().for_each(|frame| at_stalled.take(frame));
            assert!(at_stalled.last() < top, "it missed something");

            let mut again = customer.tab().await;
            at_stalled.join(&mut again).await.expect("joined");
            let last = writes(&mut writer, conversation, "last", "Good night").await;
            at_stalled.read_to(&mut again, last).await;
            assert_eq!(at_stalled.entries, all_entries(&customer.http, conversation).await);
            assert!(is_alive(&mut desk).await && is_alive(&mut customer.socket).await);
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_answers_no_ping_is_let_go() {
    let app = App::start(Engine::Sqlite, |config, _| config.sockets.ping_seconds = 2).await;
    // Signing in takes its time; from the customer's last word on there is little of it.
    let staff = app.staff(Role::Staff).await;
    let mut customer = app.customer().await;
    let posted = customer.says("Good morning").await;
    let mut desk = Socket::staff(&staff).await.expect("the desk opens").0;
    join(&mut desk, posted.conversation, 0).await;
    // Nobody reads the customer's socket: it answers no ping. The desk is read all the time.
    let gone = desk.find(PATIENCE, |frame| match frame {
        ServerFrame::Signal(Signal::Presence { contact_online: false, .. }) => Some(()),
        _ => None,
    });
    gone.await.expect("staff see that the customer has gone");
    assert_eq!(reads_to_the_end(&mut customer.socket).await.1, Close::Unresponsive.code());
    assert!(is_alive(&mut desk).await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_says_no_hello_is_cut() {
    let app = App::start(Engine::Sqlite, |config, _| config.sockets.hello_seconds = 4).await;
    let mut silent = Socket::open(&Http::anonymous(&app.url())).await.expect("the socket opens");
    let mut babbling = Socket::open(&Http::anonymous(&app.url())).await.expect("the socket opens");
    for text in ["", "[", r#"{"ref":"1","cmd":"ping"}"#] {
        babbling.send_text(text).await.expect("written");
    }
    assert_eq!(reads_to_the_end(&mut silent).await.1, Close::HelloTimeout.code());
    let (frames, code) = reads_to_the_end(&mut babbling).await;
    assert_eq!((frames.len(), code), (3, Close::HelloTimeout.code()), "each frame was refused");
    let mut liar = Socket::open(&Http::anonymous(&app.url())).await.expect("the socket opens");
    liar.send(Command::Hello { token: Some("nonsense".to_owned()) }).await.expect("written");
    assert_eq!(reads_to_the_end(&mut liar).await.1, Close::Unauthenticated.code());
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_refused_frames_end_a_connection_and_no_other() {
    let app = App::start(Engine::Sqlite, |config, _| config.sockets.strikes = 5).await;
    let mut customer = app.customer().await;
    let mut neighbour = customer.tab().await;
    for _ in 0..20 {
        // A refused frame now and then is forgiven.
        customer.socket.send_text("nonsense").await.expect("written");
        assert!(is_alive(&mut customer.socket).await);
        customer.socket.next().await.expect("the refusal");
    }
    for _ in 0..5 {
        customer.socket.send_text("nonsense").await.expect("written");
    }
    let (frames, code) = reads_to_the_end(&mut customer.socket).await;
    assert_eq!((frames.len(), code), (5, Close::Strikes.code()), "each frame was refused before the end");
    assert!(is_alive(&mut neighbour).await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_that_is_too_large_ends_its_connection() {
    let app = App::start(Engine::Sqlite, |_, _| {}).await;
    let mut customer = app.customer().await;
    let mut neighbour = customer.tab().await;
    let frame = format!(r#"{{"ref":"1","cmd":"ping","pad":"{}"}}"#, "x".repeat(64 * 1024));
    customer.socket.send_text(&frame).await.expect("written");
    assert_eq!(reads_to_the_end(&mut customer.socket).await.1, Close::TooLarge.code());
    assert!(is_alive(&mut neighbour).await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_or_is_disabled_is_cut_everywhere_at_once() {
    let app = App::start(Engine::Sqlite, |_, _| {}).await;
    let (here, there) = (app.staff(Role::Staff).await, app.staff(Role::Staff).await);
    let mut at_here = Socket::staff(&here).await.expect("open").0;
    let mut at_there = Socket::staff(&there).await.expect("open").0;
    let mut colleague = app.desk(Role::Manager).await;

    here.send(reqwest::Method::DELETE, "/v1/session", None).await.expect("signed out");
    assert_eq!(reads_to_the_end(&mut at_here).await.1, Close::Revoked.code());
    assert!(is_alive(&mut at_there).await, "the other browser stays");
    match Socket::staff(&here).await {
        Err(Error::Refused { code, .. }) => assert_eq!(code, "unauthenticated"),
        other => panic!("{:?}", other.map(|(_, welcome)| welcome)),
    }

    let owner = app.staff(Role::Owner).await;
    let session: Value = there.get("/v1/session").await.expect("signed in");
    let path = format!("/v1/staff/{}", session["staff"]["id"].as_str().expect("an identifier"));
    owner.send(reqwest::Method::PATCH, &path, Some(json!({ "disabled": true }))).await.expect("disabled");
    assert_eq!(reads_to_the_end(&mut at_there).await.1, Close::Revoked.code());
    assert!(is_alive(&mut colleague).await);
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_ends_with_its_token() {
    let app = App::start(Engine::Sqlite, |_, options| {
        options.clock = Clock::manual(Timestamp::from_micros(1_800_000_000_000_000));
    })
    .await;
    let customer = app.customer().await;
    let lifetime = Duration::from_secs(app.node.site.config.sessions.visitor_minutes * 60);
    app.node.site.ports.clock.advance(lifetime - Duration::from_millis(200));
    let mut socket = customer.tab().await;
    let (_, code) = reads_to_the_end(&mut socket).await;
    assert_eq!(code, Close::TokenExpired.code());
    app.node.site.ports.clock.advance(Duration::from_millis(300));
    match Socket::visitor(&app.url(), &customer.visit.token).await {
        Err(Error::Refused { code, .. }) => assert_eq!(code, "unauthenticated"),
        other => panic!("{:?}", other.map(|(_, welcome)| welcome)),
    }
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_stops_says_when_to_come_back() {
    let app = App::start(Engine::Sqlite, |config, _| config.sockets.drain_spread_ms = 5_000).await;
    let mut customer = app.customer().await;
    let posted = customer.says("Good morning").await;
    let mut desk = app.desk(Role::Staff).await;
    join(&mut desk, posted.conversation, 0).await;
    app.settle().await;
    let mut delays = Vec::new();
    let stopping = tokio::spawn(app.node.stop());
    for socket in [&mut customer.socket, &mut desk] {
        let (frames, code) = reads_to_the_end(socket).await;
        assert_eq!(code, Close::Draining.code());
        let delay = frames.iter().find_map(|frame| match frame {
            ServerFrame::Signal(Signal::Draining { retry_after_ms }) => Some(*retry_after_ms),
            _ => None,
        });
        delays.push(delay.expect("the hub said when to come back"));
    }
    assert!(delays.iter().all(|delay| (200..5_200).contains(delay)), "{delays:?}");
    tokio::time::timeout(PATIENCE, stopping).await.expect("the hub stops").expect("without a panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_connections_that_ended() {
    let app = App::start(Engine::Sqlite, |_, _| {}).await;
    let mut customer = app.customer().await;
    let conversation = customer.says("Good morning").await.conversation;
    for round in 0..40 {
        let mut tab = customer.tab().await;
        join(&mut tab, conversation, 0).await;
        if round % 2 == 0 {
            tab.close().await;
        }
    }
    customer.socket.close().await;
    until_open(&app, 0).await;
    assert_eq!((app.node.open_sockets(), app.node.open_rooms()), (0, 0));
    app.settle().await;
    app.node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_out_is_cut_even_if_the_news_of_it_is_lost() {
    let app = App::start(Engine::Sqlite, |_, options| options.bus = Bus::unreliable(11)).await;
    let mut stays = app.desk(Role::Manager).await;
    let mut cut = Vec::new();
    for _ in 0..16 {
        let here = app.staff(Role::Staff).await;
        cut.push(Socket::staff(&here).await.expect("open").0);
        here.send(reqwest::Method::DELETE, "/v1/session", None).await.expect("signed out");
    }
    for socket in &mut cut {
        assert_eq!(reads_to_the_end(socket).await.1, Close::Revoked.code());
    }
    assert!(is_alive(&mut stays).await, "a session that lives is left alone");
    app.finish().await;
}

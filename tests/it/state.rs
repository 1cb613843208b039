//! State fetched afresh equals the state before plus the events, however badly the bus behaves.
//!
//! Catalogue: L4 (with the bus's own mischief), I3, I4, I5; A8 for unread counts from offsets.

use concierge::base::{Actor, ConversationId, Role};
use concierge::client::Socket;
use concierge::http::Page;
use concierge::ports::Bus;
use concierge::ports::db::Engine;
use concierge::protocol::{ConversationSummary, Entry};
use rand::RngExt;
use tokio::sync::watch;

use crate::support::{App, Colleague, PATIENCE, Reader, all_entries, customer_acts, dice, join};

/// Steps of one run.
const ACTS: usize = 90;

/// Reads on until it has the entry that `end` names.
async fn follows(mut socket: Socket, mut reader: Reader, mut end: watch::Receiver<Option<i64>>) -> Reader {
    reader.join(&mut socket).await.expect("joined");
    let mut goal = None;
    while goal.is_none_or(|goal| reader.last() < goal) {
        tokio::select! {
            frame = socket.next() => reader.take(&frame.expect("a frame")),
            _ = end.changed() => goal = *end.borrow(),
        }
    }
    reader
}

/// Messages after a mark: of the customer for staff, of the business for the customer.
fn unread(entries: &[Entry], mark: i64, from_customer: bool) -> i64 {
    let counted = entries
        .iter()
        .filter(|entry| entry.content.is_message() && entry.seq > mark)
        .filter(|entry| matches!(entry.actor, Actor::Contact { .. }) == from_customer)
        .count();
    i64::try_from(counted).expect("a small number")
}

async fn shown_unread(http: &concierge::client::Http, conversation: ConversationId) -> i64 {
    let path = format!("/v1/conversations/{conversation}");
    http.get::<ConversationSummary>(&path).await.expect("the conversation is shown").unread
}

/// Random acts of a customer and two colleagues; five readers fold what they are told.
async fn events_make_up_the_state(engine: Engine, seed: u64) {
    let mut rng = dice(seed);
    let bus_seed = rng.random();
    let app = App::start(engine, |_, options| options.bus = Bus::unreliable(bus_seed)).await;
    let mut customer = app.customer().await;
    let conversation = customer.sends("first", "Good morning").await.expect("taken").conversation;
    customer.conversation = Some(conversation);
    let mut colleagues = [
        Colleague::of(app.staff(Role::Staff).await).await,
        Colleague::of(app.staff(Role::Manager).await).await,
    ];
    for colleague in &mut colleagues {
        join(&mut colleague.socket, conversation, 0).await;
    }
    let (staff_end, staff_goal) = watch::channel(None);
    let (customer_end, customer_goal) = watch::channel(None);
    let mut for_staff = tokio::task::JoinSet::new();
    let mut for_customer = tokio::task::JoinSet::new();
    let mut customers_mark = 0;
    for act in 0..ACTS {
        // Readers come at the start and in the middle of things.
        if matches!(act, 0 | 30 | 60) {
            let name = |who: &str| Reader::new(&format!("{who} from act {act}, seed {seed}"), conversation);
            for_staff.spawn(follows(app.desk(Role::Viewer).await, name("staff"), staff_goal.clone()));
            for_customer.spawn(follows(customer.tab().await, name("customer"), customer_goal.clone()));
        }
        match rng.random_range(0..5) {
            0 | 1 => {
                let top = all_entries(&customer.http, conversation).await.last().map_or(0, |entry| entry.seq);
                let mark = customer_acts(&mut customer.socket, conversation, &mut rng, top).await;
                customers_mark = mark.unwrap_or(0).max(customers_mark);
            }
            _ => {
                let who = rng.random_range(0..colleagues.len());
                colleagues[who].acts(conversation, &mut rng, "between us").await;
            }
        }
    }
    app.settle().await;

    let seen_by_staff = all_entries(&colleagues[0].http, conversation).await;
    let seen_by_customer = all_entries(&customer.http, conversation).await;
    staff_end.send(seen_by_staff.last().map(|entry| entry.seq)).expect("readers listen");
    customer_end.send(seen_by_customer.last().map(|entry| entry.seq)).expect("readers listen");
    let folded = async { (for_staff.join_all().await, for_customer.join_all().await) };
    let (for_staff, for_customer) =
        tokio::time::timeout(PATIENCE, folded).await.expect("every hole is filled");
    for reader in for_staff {
        assert_eq!(reader.entries, seen_by_staff, "seed {seed}");
    }
    for reader in for_customer {
        assert_eq!(reader.entries, seen_by_customer, "seed {seed}");
    }

    for colleague in &colleagues {
        let expected = unread(&seen_by_staff, colleague.read_to, true);
        assert_eq!(shown_unread(&colleague.http, conversation).await, expected, "seed {seed}");
        let listed: Page<ConversationSummary> =
            colleague.http.get("/v1/conversations?view=all").await.expect("the inbox is listed");
        let row = listed.items.iter().find(|row| row.id == conversation).expect("it is in the inbox");
        assert_eq!(row.unread, expected, "seed {seed}");
        assert_eq!(row.last_seq, seen_by_staff.last().map_or(0, |entry| entry.seq));
    }
    let expected = unread(&seen_by_customer, customers_mark, false);
    assert_eq!(shown_unread(&customer.http, conversation).await, expected, "seed {seed}");
    app.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_make_up_the_state_over_an_unreliable_bus() {
    let sqlite = [21, 22, 23, 24].map(|seed| events_make_up_the_state(Engine::Sqlite, seed));
    let postgres = [31, 32].map(|seed| events_make_up_the_state(Engine::Postgres, seed));
    futures_util::future::join_all(sqlite.into_iter().chain(postgres)).await;
}

//! What is fuzzed (W6): each takes any bytes, and panics when a promise is broken.
//!
//! The programs in `fuzz_targets/` give them to libFuzzer (`make fuzz`). `tests/faults/corpora.rs` gives them the
//! kept corpora on every run of the tests, so that what was found once stays found.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::OnceLock;

use concierge::base::{SchemaId, Timestamp};
use concierge::gateway::read_command;
use concierge::protocol::{CommandFrame, MAX_FRAME_BYTES, MAX_KEY_BYTES, ServerFrame};
use concierge::reading::{self, Event, MAX_TEXT};
use concierge::rules::{self, Condition, Facts, Program, RuleSet, Vocabulary};
use concierge::schemas;
use serde_json::Value;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocket, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self};

/// A target: its name, which is also its corpus's, and what it does with bytes.
pub(crate) type Target = (&'static str, fn(&[u8]));

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    ("frames", frames),
    ("commands", commands),
    ("rules", rules),
    ("schemas", schema),
    ("documents", documents),
];

/// A peer that sends these pieces one after the other and takes whatever it is sent.
struct Peer<'a> {
    pieces: Vec<&'a [u8]>,
}

impl Read for Peer<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(piece) = self.pieces.first_mut() else { return Ok(0) };
        let length = piece.len().min(into.len());
        into[..length].copy_from_slice(&piece[..length]);
        *piece = &piece[length..];
        if piece.is_empty() {
            self.pieces.remove(0);
        }
        Ok(length)
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a hub hears of such a peer: its messages, and how it ended.
fn heard(pieces: Vec<&[u8]>) -> (Vec<Message>, String) {
    // As `gateway::tuned` sets it up for the hub.
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .max_message_size(Some(MAX_FRAME_BYTES))
        .max_frame_size(Some(MAX_FRAME_BYTES));
    let mut socket = WebSocket::from_raw_socket(Peer { pieces }, Role::Server, Some(config));
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => messages.push(message),
            Err(error) => return (messages, ended(&error)),
        }
    }
}

fn ended(error: &tungstenite::Error) -> String {
    match error {
        // However much had come before.
        tungstenite::Error::Capacity(_) => "too long".to_owned(),
        other => other.to_string(),
    }
}

/// Bytes of a peer: the first one says how they are torn. However that is, the hub hears the same, never more than
/// it wants to, and answers each text with its reference.
pub(crate) fn frames(bytes: &[u8]) {
    let Some((tear, bytes)) = bytes.split_first() else { return };
    let whole = heard(vec![bytes].into_iter().filter(|piece| !piece.is_empty()).collect());
    let torn = heard(bytes.chunks(usize::from(*tear % 17) + 1).collect());
    assert_eq!(whole, torn, "torn into {}", *tear % 17 + 1);
    for message in whole.0 {
        assert!(message.len() <= MAX_FRAME_BYTES, "{} bytes", message.len());
        if let Message::Text(text) = message {
            commands(text.as_bytes());
        }
    }
}

/// A text frame of a client. What is read of it is read again from what it is written as.
pub(crate) fn commands(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (reference, command) = read_command(text);
    assert!(reference.len() <= MAX_KEY_BYTES, "a reference of {} bytes is echoed", reference.len());
    if let Ok(command) = command {
        assert!(!reference.is_empty(), "an answer needs a reference");
        let frame = CommandFrame { reference: reference.clone(), command };
        let written = serde_json::to_string(&frame).expect("a command is JSON");
        let (again, command) = read_command(&written);
        let frame = CommandFrame { reference: again, command: command.expect("it is still a command") };
        assert_eq!(serde_json::to_string(&frame).expect("a command is JSON"), written);
    }
    // The other way round: what a hub may send.
    if let Ok(frame) = serde_json::from_str::<ServerFrame>(text) {
        let written = serde_json::to_string(&frame).expect("a frame is JSON");
        let again: ServerFrame = serde_json::from_str(&written).expect("it is still a frame");
        assert_eq!(serde_json::to_string(&again).expect("a frame is JSON"), written);
    }
}

/// What the rules of a garage can speak of.
fn words() -> &'static Vocabulary {
    static WORDS: OnceLock<Vocabulary> = OnceLock::new();
    WORDS.get_or_init(|| {
        let document = include_str!("../schemas/garage-visit.json");
        let outline = schemas::read(document).expect("it is right");
        let schema = schemas::Schema {
            id: "sch_01KE70EHJ4G3365C0SN0KYB27A".parse::<SchemaId>().expect("an identifier"),
            key: outline.key,
            title: outline.title,
            version: 1,
            document: serde_json::value::RawValue::from_string(document.to_owned()).expect("it is JSON"),
            created_at: Timestamp::from_micros(0),
            fields: outline.fields,
            workflow: outline.workflow,
            completion: outline.completion,
            priority: outline.priority,
        };
        Vocabulary::of(&[schema])
    })
}

/// A list: a rule or a filter, and what is known. Looking and explaining come to the same answer, and what is
/// taken can be said in words.
pub(crate) fn rules(bytes: &[u8]) {
    let Ok((document, facts)) = serde_json::from_slice::<(Value, BTreeMap<String, Value>)>(bytes) else {
        return;
    };
    let words = words();
    let facts: Facts = facts
        .into_iter()
        .filter_map(|(name, value)| Some((name, rules::FactValue::from_value(&value)?)))
        .collect();
    if let Ok(rule) = rules::check_against(&document, words) {
        assert!(!rules::describe(&rule, words).is_empty());
        agrees(&rule.condition(), &facts);
        let (on, condition) = (rule.on, rule.condition());
        let rule = rules::Rule {
            id: "rul_01KE70EHJ4G3365C0SN0KYB27A".parse().expect("an identifier"),
            version: 1,
            enabled: true,
            updated_at: Timestamp::from_micros(0),
            of_schema: None,
            document: rule,
        };
        let deck = RuleSet::new(vec![rule], 1);
        let holds = deck.holding(on, &facts).len() == 1;
        assert_eq!(holds, rules::evaluate(&condition, &facts).met, "the deck asks the right rules");
        let _ = deck.decide(on, &facts);
    }
    if let Ok(filter) = rules::filter_against(&document, words) {
        agrees(&filter, &facts);
        let _ = rules::describe_condition(&filter, words);
        let program = rules::segment_program(&document).expect("what was taken reads again");
        assert_eq!(program.holds(&facts), Program::of(&filter).holds(&facts));
    }
    let _ = rules::describe_filter(&document, words);
}

fn agrees(condition: &Condition, facts: &Facts) {
    let explained = rules::evaluate(condition, facts);
    assert_eq!(Program::of(condition).holds(facts), explained.met, "{explained:?}");
}

/// A schema with its patterns, formulas and states.
pub(crate) fn schema(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(outline) = schemas::read(text) {
        assert!(!outline.key.is_empty());
        for field in &outline.fields {
            for value in [Value::Null, Value::from("a"), Value::from(1.5), Value::from(vec!["a"])] {
                let _ = schemas::check_value(field, &value);
            }
        }
    }
}

/// The kinds of documents that are read by our own code, or by crates that promise to take anything. PDF is not
/// among them: its reader may die of what it reads, which is why it runs in a process of its own.
const NAMES: [&str; 6] = ["page.html", "table.csv", "notes.md", "notes.txt", "letter.docx", "sitemap.xml"];

/// A document: the first byte says of what kind its name is. It ends in one verdict, and its text fits.
pub(crate) fn documents(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let name = NAMES[usize::from(*kind) % NAMES.len()];
    if bytes.starts_with(b"%PDF") {
        return;
    }
    let mut events = Vec::new();
    match name {
        "sitemap.xml" => reading::read_sitemap(bytes, 50, &mut |event| events.push(event)),
        _ => reading::read(name, bytes, &mut |event| events.push(event)),
    }
    let (last, before) = events.split_last().expect("it says something");
    match last {
        Event::Ended | Event::Refused { .. } => {}
        Event::Addresses { addresses } => assert!(addresses.len() <= 50 && before.is_empty()),
        other => panic!("{other:?} is no end"),
    }
    for event in before {
        match event {
            Event::Begun { pages, .. } => assert_eq!(*pages, 1),
            Event::Page { text, .. } => assert!(text.chars().count() <= MAX_TEXT && !text.trim().is_empty()),
            other => panic!("{other:?} in the middle"),
        }
    }
}

//! Conversations as customers lead them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::base::Timestamp;

fn setting() -> Setting {
    Setting {
        now: "2026-11-20T10:00:00Z".parse().unwrap_or(Timestamp::from_micros(0)),
        zone: jiff::tz::TimeZone::get("Europe/London").unwrap_or(jiff::tz::TimeZone::UTC),
        country: "GB".to_owned(),
        locale: "en-GB".to_owned(),
        currency: "GBP".to_owned(),
    }
}

fn booking() -> Vec<FieldSpec> {
    let seating = vec![
        Choice { value: "in".to_owned(), label: "Inside".to_owned(), synonyms: vec!["indoors".to_owned()] },
        Choice { value: "out".to_owned(), label: "Outside".to_owned(), synonyms: vec!["terrace".to_owned()] },
    ];
    vec![
        FieldSpec::new("guests", "Guests", FieldType::Number).with_ask("For how many?"),
        FieldSpec::new("when", "When", FieldType::Datetime).with_ask("When would you like to come?"),
        FieldSpec::new("seating", "Seating", FieldType::Choice).with_choices(seating),
        FieldSpec::new("name", "Name", FieldType::Name).with_ask("What name shall I put it under?"),
        FieldSpec::new("phone", "Phone", FieldType::Phone),
        FieldSpec::new("email", "E-mail", FieldType::Email),
        FieldSpec::new("highchair", "High chair", FieldType::Boolean).with_ask("Do you need a high chair?"),
        FieldSpec::new("budget", "Budget", FieldType::Currency),
    ]
}

fn known(fields: &[FieldSpec], turns: &[Turn<'_>]) -> Value {
    let found = extract(fields, turns, &setting());
    Value::Object(found.into_iter().map(|f| (f.field, f.value)).collect())
}

fn one(text: &str) -> Value {
    known(&booking(), &[Turn::customer(text)])
}

#[test]
fn a_message_fills_several_fields() {
    let text = "Hi, this is Tom Reyes. A table for four on Friday at half past six please, outside if possible. \
                My number is 020 7946 0018 and my mail is tom@reyes.example.";
    assert_eq!(
        one(text),
        json!({
            "name": "Tom Reyes", "guests": 4, "when": "2026-11-27T18:30:00+00:00", "seating": "out",
            "phone": "+442079460018", "email": "tom@reyes.example",
        })
    );
}

#[test]
fn parties_are_counted() {
    for (text, guests) in [
        ("a table for four please", 4),
        ("a party of eight", 8),
        ("just me and my wife", 2),
        ("2 adults and 3 children", 5),
        ("me and my 3 friends", 4),
        ("we are six people", 6),
        ("there will be 7 of us", 7),
        ("dinner for two tomorrow", 2),
        ("My 3 sisters and my brother, me and my mother", 6),
    ] {
        assert_eq!(one(text).get("guests"), Some(&json!(guests)), "{text}");
    }
}

#[test]
fn a_bare_answer_belongs_to_the_question() {
    let fields = booking();
    let answer = |question, text| known(&fields, &[Turn::business(question), Turn::customer(text)]);
    assert_eq!(answer("For how many?", "four"), json!({ "guests": 4 }));
    assert_eq!(
        answer("What name shall I put it under?", "Inês Carvalho"),
        json!({ "name": "Inês Carvalho" })
    );
    assert_eq!(answer("What name shall I put it under?", "carvalho please"), json!({ "name": "Carvalho" }));
    assert_eq!(answer("Do you need a high chair?", "yes please"), json!({ "highchair": true }));
    assert_eq!(answer("Do you need a high chair?", "No thanks"), json!({ "highchair": false }));
    assert_eq!(
        answer("When would you like to come?", "tomorrow at 8pm"),
        json!({ "when": "2026-11-21T20:00:00+00:00" })
    );
}

#[test]
fn corrections_replace_what_was_said() {
    let fields = booking();
    let turns = [
        Turn::customer("a table for four on the 13th of December at 7pm"),
        Turn::business("A table for four on 13 December at 19:00, is that right?"),
        Turn::customer("no, the 14th at 8pm"),
        Turn::customer("actually make it five people"),
    ];
    let now = known(&fields, &turns);
    assert_eq!(now.get("when"), Some(&json!("2026-12-14T20:00:00+00:00")));
    assert_eq!(now.get("guests"), Some(&json!(5)));
}

#[test]
fn a_later_hour_belongs_to_the_day_named_before() {
    let fields = booking();
    let turns = [
        Turn::customer("do you have something on Monday?"),
        Turn::business("At what time?"),
        Turn::customer("7:30pm"),
    ];
    assert_eq!(known(&fields, &turns).get("when"), Some(&json!("2026-11-23T19:30:00+00:00")));
}

#[test]
fn what_nothing_speaks_for_is_left_out() {
    for text in
        ["Hello!", "order 4572 is late", "what is your phone number?", "my budget is tight", "I am late"]
    {
        assert_eq!(one(text), json!({}), "{text}");
    }
}

#[test]
fn every_kind_accepts_what_it_reads_and_shows_it() {
    let rows: [(FieldType, &str, Value, &str); 17] = [
        (FieldType::Text, " a  VW Golf ", json!("a VW Golf"), "a VW Golf"),
        (FieldType::LongText, "It squeaks.\nA lot.", json!("It squeaks.\nA lot."), "It squeaks.\nA lot."),
        (FieldType::Date, "24 December 2026", json!("2026-12-24"), "Thu 24 December 2026"),
        (FieldType::Time, "half past six", json!("18:30"), "18:30"),
        (
            FieldType::Datetime,
            "24/12 at 6pm",
            json!("2026-12-24T18:00:00+00:00"),
            "Thu 24 December 2026, 18:00",
        ),
        (FieldType::Duration, "an hour and a half", json!("PT1H30M"), "1 h 30 min"),
        (FieldType::Number, "one thousand two hundred", json!(1200), "1,200"),
        (FieldType::Currency, "£12.50", json!({ "amount": 12.5, "currency": "GBP" }), "£12.50"),
        (FieldType::Percent, "15 %", json!(15), "15%"),
        (FieldType::Boolean, "yes please", json!(true), "Yes"),
        (FieldType::Tags, "brakes, tyres and oil", json!(["brakes", "tyres", "oil"]), "brakes, tyres, oil"),
        (FieldType::Email, "Tom@Reyes.example", json!("tom@reyes.example"), "tom@reyes.example"),
        (FieldType::Phone, "020 7946 0018", json!("+442079460018"), "+44 20 7946 0018"),
        (
            FieldType::Url,
            "see www.example.com).",
            json!("https://www.example.com"),
            "https://www.example.com",
        ),
        (FieldType::Address, "1 High Street, Leeds", json!("1 High Street, Leeds"), "1 High Street, Leeds"),
        (FieldType::Name, "my name is tom reyes", json!("Tom Reyes"), "Tom Reyes"),
        (FieldType::Rating, "4 stars", json!(4), "4 / 5"),
    ];
    for (kind, text, value, shown) in rows {
        let spec = FieldSpec::new("field", "Field", kind);
        let read = parse(&spec, text, &setting());
        assert_eq!(read, Ok(value.clone()), "{kind}");
        assert_eq!(validate(&spec, &value), Ok(()), "{kind}");
        assert_eq!(format(&spec, &value, "en-GB"), shown, "{kind}");
        assert!(kind.operators().contains(&Operator::Known), "{kind}");
        assert_eq!(json_schema(&spec).get("x-type"), Some(&json!(kind)), "{kind}");
    }
}

#[test]
fn choices_are_read_by_label_synonym_and_with_a_slip() {
    let fields = booking();
    for (text, value) in [
        ("Inside", "in"),
        ("on the terrace", "out"),
        ("outsde please", "out"),
        ("not inside but outside", "out"),
    ] {
        let found = known(&fields, &[Turn::customer(text)]);
        assert_eq!(found.get("seating"), Some(&json!(value)), "{text}");
    }
}

#[test]
fn a_context_schema_becomes_fields() {
    let schema = json!({
        "type": "object",
        "properties": {
            "vehicle": {"type": "string", "title": "Vehicle", "x-type": "text", "x-hint": "make, model and year",
                        "x-ask": "Which car is it?", "x-weight": 2},
            "urgency": {"type": "string", "x-type": "choice", "enum": ["low", "high"],
                        "x-labels": {"high": "Urgent"}, "x-synonyms": {"high": ["asap"]}},
        },
        "required": ["vehicle"],
    });
    let fields = FieldSpec::from_schema(&schema).unwrap_or_default();
    let vehicle = fields.iter().find(|f| f.key == "vehicle");
    assert_eq!(vehicle.map(|f| (f.kind, f.required, f.weight)), Some((FieldType::Text, true, 2.0)));
    let turns = [Turn::business("Which car is it?"), Turn::customer("VW Golf 2018, and it is asap")];
    assert_eq!(known(&fields, &turns).get("urgency"), Some(&json!("high")));
    assert_eq!(FieldSpec::from_schema(&json!({})).err(), Some(SchemaFault::NoFields));
}

fn workshop() -> Vec<FieldSpec> {
    let urgency = vec![
        Choice {
            value: "low".to_owned(),
            label: "Can wait".to_owned(),
            synonyms: vec!["no rush".to_owned()],
        },
        Choice { value: "high".to_owned(), label: "Urgent".to_owned(), synonyms: vec!["asap".to_owned()] },
    ];
    vec![
        FieldSpec::new("vehicle", "Vehicle", FieldType::Text).with_hint("make, model and year of the car"),
        FieldSpec::new("registration", "Registration", FieldType::Text)
            .with_hint("number plate, for example AB12 XYZ"),
        FieldSpec::new("day", "Day", FieldType::Date).with_ask("Which day suits you?"),
        FieldSpec::new("urgency", "Urgency", FieldType::Choice).with_choices(urgency),
        FieldSpec::new("estimate", "Estimate", FieldType::Currency).with_hint("price quoted"),
    ]
}

#[test]
fn free_text_fields_follow_their_hint() {
    let fields = workshop();
    let told =
        "Hi, it's a Ford Focus from 2017, plate KL19 ABC. Can I bring it on Monday? I was quoted £640.";
    assert_eq!(
        known(&fields, &[Turn::customer(told)]),
        json!({
            "vehicle": "Ford Focus 2017", "registration": "KL19 ABC", "day": "2026-11-23",
            "estimate": { "amount": 640, "currency": "GBP" },
        })
    );
    let grinding = "My Golf is slipping in 4th and 5th, 3.4 t and 2.8 high";
    assert_eq!(known(&fields, &[Turn::customer(grinding)]), json!({ "vehicle": "Golf" }));
}

#[test]
fn what_is_offered_and_accepted_is_known() {
    let fields = workshop();
    let shall = "A brake check costs £79. Shall I hold tomorrow at 10:30 for you?";
    let offer = [Turn::customer("my brakes grind"), Turn::business(shall), Turn::customer("Yes please")];
    assert_eq!(known(&fields, &offer).get("day"), Some(&json!("2026-11-21")));
    let hours = "You can collect it from Tuesday to Sunday between 11:00 and 17:00.";
    let told = [Turn::customer("where is my car?"), Turn::business(hours), Turn::customer("Great")];
    assert_eq!(known(&fields, &told).get("day"), None);
}

#[test]
fn a_name_stands_beside_a_telephone_number() {
    for text in
        ["021 555 0111, Niamh Walsh", "Niamh Walsh, 021 555 0111", "Sunday at 1pm for three, Niamh Walsh"]
    {
        assert_eq!(one(text).get("name"), Some(&json!("Niamh Walsh")), "{text}");
    }
    assert_eq!(one("021 555 0111").get("phone"), Some(&json!("021 555 0111")));
}

#[test]
fn two_places_are_told_apart() {
    let place = |key: &str| FieldSpec::new(key, key, FieldType::Text);
    let fields = [place("from_city"), place("to_city")];
    for text in [
        "I need a bus from San Diego to Long Beach on the 8th",
        "from san diego to long beach please",
        "to Long Beach from San Diego",
    ] {
        let found = known(&fields, &[Turn::customer(text)]);
        let told = |key: &str| found.get(key).and_then(Value::as_str).unwrap_or_default().to_lowercase();
        assert_eq!((told("from_city"), told("to_city")), ("san diego".into(), "long beach".into()), "{text}");
    }
}

#[test]
fn a_spelled_name_and_a_postcode_are_heard_over_several_tries() {
    let fields = [
        FieldSpec::new("name", "Full name", FieldType::Name),
        FieldSpec::new("postcode", "Postcode", FieldType::Text),
    ];
    let heard = |key: &str, tries: &[&[&str]]| {
        let asks = [key.to_owned()];
        let texts: Vec<Vec<String>> =
            tries.iter().map(|t| t.iter().map(|s| (*s).to_owned()).collect()).collect();
        let turns: Vec<Turn<'_>> = texts
            .iter()
            .map(|readings| Turn {
                role: Speaker::Customer,
                text: readings.first().map_or("", String::as_str),
                asks: &asks,
                alternatives: readings,
            })
            .collect();
        known(&fields, &turns).get(key).cloned()
    };
    let name = heard("name", &[&["Clare Burton", "Claire Burton"], &["c l a i r e b u r t o n"]]);
    assert_eq!(name, Some(json!("Claire Burton")));
    let code = heard("postcode", &[&["s w 7 e 2 g f"], &["Sierra whiskey 7 Echo 2 golf foxtrot"]]);
    assert_eq!(code, Some(json!("SW7E 2GF")));
}

#[test]
fn values_are_put_in_order() {
    use std::cmp::Ordering::{Greater, Less};
    let money = json!({ "amount": 640, "currency": "GBP" });
    assert_eq!(compare(FieldType::Currency, &money, &json!(500)), Some(Greater));
    assert_eq!(compare(FieldType::Currency, &money, &json!({ "amount": 1, "currency": "EUR" })), None);
    assert_eq!(compare(FieldType::Date, &json!("2026-11-20"), &json!("2026-12-01")), Some(Less));
    assert_eq!(compare(FieldType::Duration, &json!("PT90M"), &json!("P1D")), Some(Less));
    assert_eq!(compare(FieldType::Text, &json!("a"), &json!("b")), None);
}

fn all_kinds() -> Vec<FieldSpec> {
    let mut fields: Vec<FieldSpec> =
        FieldType::ALL.iter().map(|kind| FieldSpec::new(kind.as_str(), kind.as_str(), *kind)).collect();
    fields.extend(booking());
    for key in
        ["city", "from_location", "restaurant_name", "category", "postcode", "stay_length", "first_name"]
    {
        fields.push(FieldSpec::new(key, key, FieldType::Text));
    }
    fields
}

fn spans_hold(turns: &[Turn<'_>]) {
    for found in extract(&all_kinds(), turns, &setting()) {
        let said = turns.get(found.turn).map_or("", |t| t.text);
        let evidence: String = said.chars().skip(found.start).take(found.end - found.start).collect();
        assert_eq!(evidence, found.text, "{}", found.field);
        assert!((0.0..=1.0).contains(&found.confidence));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_text_is_readable_and_spans_point_at_evidence(first in "\\PC{0,60}", second in "\\PC{0,60}") {
        spans_hold(&[Turn::business(&first), Turn::customer(&second)]);
    }

    #[test]
    fn words_of_dates_and_numbers_in_any_order_are_readable(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "friday", "next", "the", "3rd", "of", "may", "31", "99", "2026", "/", "-", ".", ":", "30", "pm", "at",
                "half", "past", "six", "in", "two", "hours", "weeks", "ago", "a", "hundred", "thousand", "million",
                "and", "table", "for", "me", "my", "wife", "£", "$", "+44", "(020)", "9999999999999999999", "é", "👍",
                "0", "00", "24", "noon", "to", "quarter", "no", "actually", "\n", ",", "?", "12345678",
            ]),
            0..14,
        ),
        glue in prop::sample::select(vec!["", " "]),
    ) {
        let text = words.join(glue);
        spans_hold(&[Turn::business("When, who, where and how many?"), Turn::customer(&text)]);
    }

    #[test]
    fn parsing_and_showing_never_panic(text in "\\PC{0,40}") {
        for spec in all_kinds() {
            if let Ok(value) = parse(&spec, &text, &setting()) {
                prop_assert_eq!(validate(&spec, &value), Ok(()));
                prop_assert!(!format(&spec, &value, "de-DE").is_empty());
            }
        }
    }
}

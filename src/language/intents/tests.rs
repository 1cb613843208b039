//! What the classifier learns, and when it says none.

use proptest::prelude::*;

use super::*;
use crate::ports::embedder::MiniLm;

fn garage() -> Vec<Example> {
    let intents: [(&str, &[&str]); 4] = [
        (
            "book_service",
            &[
                "I'd like to book my car in for a service",
                "can you fit me in for an oil change next week",
                "need an appointment for an MOT",
                "when could you look at my brakes",
                "do you have a slot on Friday for a tyre change",
                "please book my Golf in for the annual inspection",
            ],
        ),
        (
            "price",
            &[
                "how much is a full service",
                "what do you charge for new brake pads",
                "price for an MOT please",
                "could I get a quote for a clutch",
                "what would two front tyres cost",
                "is there a fee for the diagnosis",
            ],
        ),
        (
            "car_ready",
            &[
                "is my car ready yet",
                "when can I pick up my van",
                "any news about my car, it's with you since Monday",
                "have you finished the repair",
                "what's the status of my Fiesta",
                "did the parts for my car arrive",
            ],
        ),
        (
            "complaint",
            &[
                "I'm very unhappy with the repair you did",
                "the brakes still squeal after you fixed them",
                "you scratched my door",
                "this is the second time it broke down after your service",
                "I want my money back, the work was poor",
                "your mechanic was rude to me",
            ],
        ),
    ];
    intents.iter().flat_map(|(key, texts)| texts.iter().map(|text| Example::of(key, text))).collect()
}

fn best(classification: &Classification) -> Option<&str> {
    classification.best.as_ref().map(|(key, _)| key.as_str())
}

#[test]
fn a_handful_of_examples_is_enough_and_small_talk_has_no_intent() {
    let embedder = MiniLm::built_in();
    let classifier = Classifier::train(&garage(), Some(&embedder));
    for (text, intent) in [
        ("could I bring my Polo in on Tuesday for its yearly check?", Some("book_service")),
        ("what does an oil change cost?", Some("price")),
        ("can I come and collect my car this afternoon?", Some("car_ready")),
        ("the engine noise is back although you repaired it last week", Some("complaint")),
        ("what is the capital of France?", None),
        ("haha lovely weather today", None),
        ("tell me a joke", None),
        ("who won the football match last night", None),
    ] {
        let found = classifier.classify(text, Some(&embedder));
        assert_eq!(best(&found), intent, "{text}: {found:?}");
    }
}

#[test]
fn words_alone_tell_plain_messages_apart() {
    let classifier = Classifier::train(&garage(), None);
    for (text, intent) in [
        ("please book my car in for a service", Some("book_service")),
        ("how much is an MOT", Some("price")),
        ("is my van ready", Some("car_ready")),
        ("zzz 42", None),
    ] {
        let found = classifier.classify(text, None);
        assert_eq!(best(&found), intent, "{text}: {found:?}");
    }
}

#[test]
fn a_message_that_says_two_things_has_two_intents() {
    let embedder = MiniLm::built_in();
    let classifier = Classifier::train(&garage(), Some(&embedder));
    let found = classifier.classify(
        "Is my car ready yet? And I'd like to book a service for my wife's Corsa.",
        Some(&embedder),
    );
    let mut keys: Vec<&str> = found.present.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["book_service", "car_ready"], "{found:?}");
}

#[test]
fn the_reasons_are_examples_of_the_intent() {
    let classifier = Classifier::train(&garage(), None);
    let found = classifier.classify("how much is a service", None);
    assert_eq!(found.because[0].example, "how much is a full service");
    assert_eq!(found.because.len(), 3);
}

#[test]
fn training_with_no_or_one_example_does_not_fail() {
    assert_eq!(Classifier::train(&[], None).classify("hello", None).best, None);
    let one = Classifier::train(&[Example::of("greet", "hello there")], None);
    assert_eq!(one.classify("hello there", None).ranked.len(), 1);
    let blank = Classifier::train(&[Example::of("greet", "  ")], None);
    assert_eq!(blank.classify("", None).best, None);
}

#[test]
fn examples_with_several_intents_teach_each_of_them() {
    let example = |text: &str, intents: &[&str]| Example {
        text: text.to_owned(),
        intents: intents.iter().map(|key| (*key).to_owned()).collect(),
    };
    let examples = [
        example("cancel the booking", &["cancel", "booking"]),
        example("change my booking", &["change", "booking"]),
        example("cancel my card", &["cancel", "card"]),
        example("change the card pin", &["change", "card"]),
        example("I want to cancel a card", &["cancel", "card"]),
        example("my booking must be changed", &["change", "booking"]),
        example("thanks", &[]),
        example("ok good", &[]),
    ];
    let classifier = Classifier::train(&examples, None);
    let found = classifier.classify("please cancel this booking", None);
    let mut keys: Vec<&str> = found.present.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    assert_eq!(keys, ["booking", "cancel"], "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_message_gets_probabilities(text in any::<String>()) {
        let classifier = Classifier::train(&garage(), None);
        let found = classifier.classify(&text, None);
        prop_assert_eq!(found.ranked.len(), 4);
        let total: f64 = found.ranked.iter().map(|(_, chance)| chance).sum::<f64>() + found.none_score;
        prop_assert!((total - 1.0).abs() < 1e-3, "{}", total);
    }
}

//! Simulated reviewers judge what promotion and demotion promise.

use super::*;

fn judged(good: bool, confidence: f64, at: i64) -> Judged {
    Judged {
        intent: "prices".to_owned(),
        engine: "built-in".to_owned(),
        confidence,
        clean: true,
        outcome: if good { Outcome::Unedited } else { Outcome::Edited },
        edit_distance: if good { 0.0 } else { 0.3 },
        reopened: false,
        complained: false,
        mark: None,
        at: Timestamp::from_micros(at),
    }
}

/// A small generator of shares: tests need no more.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[test]
fn the_bound_is_wilsons() {
    // Values of the textbook formula for z = 1.96.
    assert!((lower_bound(230, 240, 1.96) - 0.9251).abs() < 5e-4, "{}", lower_bound(230, 240, 1.96));
    assert!((lower_bound(10, 10, 1.96) - 0.7225).abs() < 5e-4);
    assert_eq!(lower_bound(0, 0, 1.96), 0.0);
    assert_eq!(lower_bound(0, 7, 1.96), 0.0);
}

#[test]
fn reviewers_just_below_the_bar_rarely_see_an_intent_promoted() {
    let settings = Settings::default();
    let mut dice = Dice(0x5eed_1234_5678_9abc);
    let (histories, mut promoted) = (400, 0);
    for _ in 0..histories {
        let mut good = 0;
        // Looked at after every single decision, a thousand times.
        for of in 1..=1_000 {
            good += i64::from(dice.roll() < settings.bar - 0.001);
            if of >= settings.least && lower_bound(good, of, LOOKS) >= settings.bar {
                promoted += 1;
                break;
            }
        }
    }
    assert!(promoted * 20 <= histories, "{promoted} of {histories}");
}

#[test]
fn a_good_intent_is_offered_and_a_bad_one_is_not() {
    let settings = Settings::default();
    let mut all: Vec<Judged> = (0..60).map(|at| judged(true, 0.8, at)).collect();
    assert_eq!(offer(&all, "prices", &settings), None, "60 in a row are not enough for 0.9");
    all.push(judged(true, 0.8, 60));
    let offered = offer(&all, "prices", &settings).expect("61 in a row are");
    assert_eq!((offered.threshold, offered.decided, offered.good), (0.0, 61, 61));
    assert_eq!(offer(&all, "hours", &settings), None);
    // A draft that something else held back tells nothing.
    let held: Vec<Judged> = all.iter().map(|one| Judged { clean: false, ..one.clone() }).collect();
    assert_eq!(offer(&held, "prices", &settings), None);
    // Another engine has earned nothing yet.
    all.push(Judged { engine: "new-model".to_owned(), ..judged(true, 0.8, 61) });
    assert_eq!(offer(&all, "prices", &settings), None);
}

#[test]
fn a_threshold_is_fitted_where_confidence_tells() {
    let settings = Settings::default();
    // Below 0.7 half of the drafts are edited, above none.
    let all: Vec<Judged> = (0..400)
        .map(|at| match at % 2 {
            0 => judged(true, 0.8, at),
            _ => judged(at % 4 == 1, 0.55, at),
        })
        .collect();
    let offered = offer(&all, "prices", &settings).expect("the sure half is good enough");
    assert_eq!(offered.threshold, 0.6);
    assert!((offered.covers - 0.5).abs() < 0.01);
    let bins = reliability(&all);
    let shares: Vec<(i64, f64)> = bins.iter().map(|bin| (bin.decided, bin.share)).collect();
    assert_eq!(shares, [(0, 0.0), (0, 0.0), (200, 0.5), (200, 1.0), (0, 0.0)]);
}

#[test]
fn autopilot_ends_within_a_few_bad_drafts_and_not_by_one() {
    let looked = |bad: usize, good: usize| {
        let one = |is_good| Judged { mark: Some(AutopilotMark::Sample), ..judged(is_good, 0.8, 1) };
        let mut all: Vec<Judged> = (0..bad).map(|_| one(false)).collect();
        all.extend((0..good).map(|_| one(true)));
        ends(&all, 0.9)
    };
    assert_eq!(looked(1, 0), None);
    assert_eq!(looked(2, 0), Some((2, 2)));
    assert_eq!(looked(2, 1), Some((2, 3)));
    assert_eq!(looked(2, 8), None);
    assert_eq!(looked(4, 6), Some((4, 10)));
    assert_eq!(looked(10, 90), None);
    // What nobody looked at counts when the customer was not content.
    let unseen = |complained| Judged {
        outcome: Outcome::Unseen,
        complained,
        mark: Some(AutopilotMark::Sent),
        ..judged(true, 0.8, 1)
    };
    assert_eq!(ends(&[unseen(false), unseen(false), unseen(false)], 0.9), None);
    assert_eq!(ends(&[unseen(true), unseen(true)], 0.9), Some((2, 2)));
}

#[test]
fn evidence_counts_what_people_did() {
    let mut all = vec![judged(true, 0.8, 1), judged(false, 0.8, 2)];
    all.push(Judged { outcome: Outcome::Rejected, ..judged(false, 0.4, 3) });
    all.push(Judged { reopened: true, ..judged(true, 0.9, 4) });
    all.push(Judged { outcome: Outcome::Unseen, ..judged(true, 0.9, 5) });
    let of = evidence(&all).remove("prices").expect("there is some");
    assert_eq!((of.decided, of.unedited, of.edited, of.rejected, of.sent), (4, 2, 1, 1, 1));
    assert_eq!((of.eligible, of.good, of.reopened), (4, 1, 1));
    assert!((of.share - 0.25).abs() < 1e-9 && of.lower < of.share);
}

#[test]
fn the_sample_is_about_the_share_that_is_asked_for() {
    let sampled = (0..2_000).filter(|turn| is_sampled(&format!("trn_{turn}"), 0.1)).count();
    assert!((120..280).contains(&sampled), "{sampled}");
    assert!(is_sampled("trn_1", 1.0));
}

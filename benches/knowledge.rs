//! How long the parts of finding an answer take: one vector, and the search among many.
//!
//! `cargo bench --bench knowledge`. Figures and machine: `benches/README.md`.

use std::hint::black_box;

use concierge::base::{Id, PassageId, Timestamp, WorkspaceId};
use concierge::ports::embedder::{Embedder, MiniLm};
use concierge::ports::vectors::{Change, Local, Place, VectorIndex};
use criterion::{Criterion, criterion_group, criterion_main};

const DIMENSION: usize = 384;

const MESSAGE: &str = "Hi, could I move my appointment from Friday to next Tuesday?";
const PASSAGE: &str = "An oil change costs £79 and includes the filter, five litres of oil and a look at the \
    brakes, the tyres and the lights. It takes about forty minutes, and you can wait in the waiting room, where \
    there is coffee and a place for children to play. If we find that something else needs to be repaired, we \
    call you first and tell you what it costs; nothing is done before you agree. Please bring the service book \
    of your car, so that we can stamp it. A courtesy car is free for repairs that take longer than one day; \
    drivers must be 21 or older and need a valid driving licence.";

/// A matrix of directions without a pattern, and a question's.
fn directions(count: usize) -> (Vec<(PassageId, Vec<f32>)>, Vec<f32>) {
    let mut seed = 7_u64;
    let mut direction = || {
        let mut vector: Vec<f32> = (0..DIMENSION)
            .map(|_| {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                f32::from(u16::try_from(seed >> 48).unwrap_or(0)) / 65_536.0 - 0.5
            })
            .collect();
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        vector.iter_mut().for_each(|value| *value /= length);
        vector
    };
    let at = Timestamp::from_micros(0);
    let passages =
        (0..count).map(|number| (PassageId::from_parts(at, number as u128), direction())).collect();
    (passages, direction())
}

fn search(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    for count in [2_000, 100_000] {
        let (passages, question) = directions(count);
        let also: Vec<PassageId> = passages.iter().step_by(count / 64).map(|(passage, _)| *passage).collect();
        let workspace = WorkspaceId::from_parts(Timestamp::from_micros(0), 1);
        let place = Place { workspace, model: "bench".to_owned(), dimension: DIMENSION };
        let index = Local::new(512);
        let change = Change { put: passages, removed: Vec::new(), position: 1 };
        runtime.block_on(index.apply(&place, change)).expect("taken over");
        criterion.bench_function(&format!("nearest 64 of {count} passages"), |bench| {
            bench.iter(|| {
                let near = runtime.block_on(index.nearest(&place, black_box(&question), 64, &also));
                black_box(near.expect("found"))
            });
        });
    }
}

fn embed(criterion: &mut Criterion) {
    let model = MiniLm::built_in();
    criterion.bench_function("embed a message", |bench| bench.iter(|| model.embed_one(black_box(MESSAGE))));
    criterion.bench_function("embed a passage", |bench| bench.iter(|| model.embed_one(black_box(PASSAGE))));
    criterion.bench_function("load the model", |bench| bench.iter(MiniLm::built_in));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = search, embed
}
criterion_main!(benches);

//! What every vector index must do: one suite, run for the one in memory and for Qdrant's wire.

use concierge::base::{Id, PassageId, Timestamp, WorkspaceId};
use concierge::ports::vectors::{
    Change, IndexError, Local, Near, Place, Qdrant, QdrantSettings, VectorIndex,
};
use std::time::Duration;

use crate::support::{QDRANT_KEY, QdrantDouble};

fn place(workspace: u8, model: &str) -> Place {
    let workspace = WorkspaceId::from_parts(Timestamp::from_micros(i64::from(workspace) * 1_000), 7);
    Place { workspace, model: model.to_owned(), dimension: 3 }
}

fn passage(number: u8) -> PassageId {
    PassageId::from_parts(Timestamp::from_micros(1_000_000), u128::from(number))
}

/// A direction in the plane, by its angle in degrees.
fn direction(degrees: f32) -> Vec<f32> {
    vec![degrees.to_radians().cos(), degrees.to_radians().sin(), 0.0]
}

fn put(passages: &[(u8, f32)], position: i64) -> Change {
    let put = passages.iter().map(|(number, degrees)| (passage(*number), direction(*degrees))).collect();
    Change { put, removed: Vec::new(), position }
}

async fn found(index: &dyn VectorIndex, place: &Place, degrees: f32, most: usize) -> Vec<(PassageId, f32)> {
    let near = index.nearest(place, &direction(degrees), most, &[]).await.expect("searched");
    near.iter().map(|Near { passage, cosine }| (*passage, (cosine * 1_000.0).round() / 1_000.0)).collect()
}

async fn keeps_the_contract(index: &dyn VectorIndex) {
    let (here, there) = (place(1, "one"), place(2, "one"));
    assert_eq!(index.position(&here).await.expect("asked"), 0);
    assert_eq!(found(index, &here, 0.0, 5).await, []);

    // Nearest first, no more than asked for, with true cosines.
    index.apply(&here, put(&[(1, 0.0), (2, 60.0), (3, 90.0), (4, 180.0)], 5)).await.expect("taken over");
    assert_eq!(index.position(&here).await.expect("asked"), 5);
    assert_eq!(index.count(&here).await.expect("counted"), 4);
    assert_eq!(found(index, &here, 10.0, 2).await, [(passage(1), 0.985), (passage(2), 0.643)]);
    assert_eq!(found(index, &here, 0.0, 9).await.len(), 4);

    // What is asked for by name is told as well, each once; what is not there is not.
    let also = [passage(1), passage(4), passage(9)];
    let near = index.nearest(&here, &direction(0.0), 2, &also).await.expect("searched");
    let mut told: Vec<PassageId> = near.iter().map(|near| near.passage).collect();
    told.sort();
    assert_eq!(told, [passage(1), passage(2), passage(4)]);

    // The same change again changes nothing; a newer vector takes the place of an older one.
    index.apply(&here, put(&[(1, 0.0), (2, 60.0)], 5)).await.expect("taken over");
    assert_eq!(index.count(&here).await.expect("counted"), 4);
    index.apply(&here, put(&[(4, 11.0)], 6)).await.expect("taken over");
    assert_eq!(found(index, &here, 10.0, 1).await, [(passage(4), 1.0)]);

    // What is removed is not found again.
    let removed =
        Change { removed: vec![passage(4), passage(1), passage(77)], position: 7, ..Change::default() };
    index.apply(&here, removed.clone()).await.expect("taken over");
    index.apply(&here, removed).await.expect("taken over");
    assert_eq!(found(index, &here, 0.0, 9).await, [(passage(2), 0.5), (passage(3), 0.0)]);
    assert_eq!(index.position(&here).await.expect("asked"), 7);

    // Another business and another model are other places.
    let other_model = place(1, "another");
    index.apply(&there, put(&[(5, 0.0)], 3)).await.expect("taken over");
    index.apply(&other_model, put(&[(6, 0.0)], 2)).await.expect("taken over");
    assert_eq!(found(index, &here, 0.0, 9).await.len(), 2);
    assert_eq!(found(index, &there, 0.0, 9).await, [(passage(5), 1.0)]);
    let foreign = index.nearest(&there, &direction(0.0), 9, &[passage(2)]).await.expect("searched");
    assert_eq!(foreign.len(), 1, "nobody learns of another business's passage by naming it");
    assert_eq!(found(index, &other_model, 0.0, 9).await, [(passage(6), 1.0)]);

    // Vectors of another dimension are refused, and nothing of their change is seen.
    let wrong = Change { put: vec![(passage(8), vec![1.0; 4])], removed: Vec::new(), position: 9 };
    let refused = index.apply(&here, wrong).await;
    assert!(matches!(refused, Err(IndexError::Dimension { given: 4, held: 3 })), "{refused:?}");
    let refused = index.nearest(&here, &[1.0], 1, &[]).await;
    assert!(matches!(refused, Err(IndexError::Dimension { given: 1, held: 3 })), "{refused:?}");
    assert_eq!(index.position(&here).await.expect("asked"), 7);

    // Clearing forgets the position as well, and touches nobody else.
    index.clear(&here).await.expect("cleared");
    assert_eq!(index.position(&here).await.expect("asked"), 0);
    assert_eq!(found(index, &here, 0.0, 9).await, []);
    assert_eq!(index.count(&there).await.expect("counted"), 1);

    // Many at once.
    let many: Vec<(u8, f32)> = (0..=255).map(|number| (number, f32::from(number))).collect();
    index.apply(&here, put(&many, 10)).await.expect("taken over");
    assert_eq!(index.count(&here).await.expect("counted"), 256);
    assert_eq!(found(index, &here, 200.0, 1).await, [(passage(200), 1.0)]);
}

#[tokio::test]
async fn the_index_in_memory_keeps_the_contract() {
    keeps_the_contract(&Local::new(64)).await;
}

fn qdrant(url: &str, key: &str) -> Qdrant {
    let settings =
        QdrantSettings { url: url.to_owned(), key: Some(key.to_owned()), timeout: Duration::from_secs(5) };
    Qdrant::new(&settings).expect("prepared")
}

#[tokio::test(flavor = "multi_thread")]
async fn qdrants_wire_keeps_the_contract() {
    let double = QdrantDouble::start().await;
    keeps_the_contract(&qdrant(&double.url, QDRANT_KEY)).await;
    // Another node finds the collection there and knows how far the copy has come.
    let second = qdrant(&double.url, QDRANT_KEY);
    assert_eq!(second.position(&place(1, "one")).await.expect("asked"), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_qdrant_that_refuses_or_is_not_there_is_told_at_once() {
    let double = QdrantDouble::start().await;
    let refused = qdrant(&double.url, "wrong").position(&place(1, "one")).await;
    assert!(matches!(&refused, Err(IndexError::Down(why)) if why.contains("wrong key")), "{refused:?}");
    let nobody = qdrant("http://127.0.0.1:9", QDRANT_KEY).position(&place(1, "one")).await;
    assert!(matches!(nobody, Err(IndexError::Down(_))), "{nobody:?}");
}

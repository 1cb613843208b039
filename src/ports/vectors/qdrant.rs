//! Vectors on a Qdrant server, for more passages than one machine's memory should hold.
//!
//! One collection per model, with the workspace as its tenant. Beside the passages, each workspace has one
//! point that tells how far the copy has followed the store; it is written after what it speaks of.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use qdrant_client::qdrant::{
    Condition, CountPointsBuilder, CreateCollectionBuilder, CreateFieldIndexCollectionBuilder,
    DeletePointsBuilder, Distance, FieldType, Filter, GetPointsBuilder, KeywordIndexParamsBuilder, PointId,
    PointStruct, PointsIdsList, QueryPointsBuilder, ScoredPoint, UpsertPointsBuilder, Value,
    VectorParamsBuilder, value::Kind,
};
use qdrant_client::{Payload, Qdrant as Client, QdrantError};
use tokio::sync::Mutex;

use super::{Change, IndexError, Near, Place, VectorIndex};
use crate::base::{Id, PassageId};

/// Points sent at once.
const BATCH: usize = 256;

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct QdrantSettings {
    /// Its gRPC address, such as `http://localhost:6334`.
    pub url: String,
    /// The key, if it wants one.
    pub key: Option<String>,
    /// How long one call may take.
    pub timeout: Duration,
}

/// A Qdrant server.
pub struct Qdrant {
    client: Client,
    /// Collections that are known to be there.
    made: Mutex<HashSet<String>>,
}

impl Qdrant {
    /// Prepares to call a server; it is not called yet.
    pub fn new(settings: &QdrantSettings) -> Result<Self, IndexError> {
        // Without the check being skipped, building calls the server and blocks the thread meanwhile.
        let client = Client::from_url(&settings.url)
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout)
            .api_key(settings.key.clone())
            .skip_compatibility_check()
            .build()
            .map_err(down)?;
        Ok(Self { client, made: Mutex::default() })
    }

    /// The collection of a place; makes it if it is not there.
    async fn collection(&self, place: &Place) -> Result<String, IndexError> {
        let name = collection_name(place);
        let mut made = self.made.lock().await;
        if made.contains(&name) {
            return Ok(name);
        }
        if !self.client.collection_exists(&name).await.map_err(down)? {
            let vectors = VectorParamsBuilder::new(place.dimension as u64, Distance::Cosine);
            let create = CreateCollectionBuilder::new(&name).vectors_config(vectors);
            let created = self.client.create_collection(create).await;
            // Another node may have been quicker.
            if created.is_err() && !self.client.collection_exists(&name).await.map_err(down)? {
                created.map_err(down)?;
            }
            for field in ["workspace", "kind"] {
                let tenant = KeywordIndexParamsBuilder::default().is_tenant(field == "workspace");
                let index = CreateFieldIndexCollectionBuilder::new(&name, field, FieldType::Keyword)
                    .field_index_params(tenant.build())
                    .wait(true);
                self.client.create_field_index(index).await.map_err(down)?;
            }
        }
        made.insert(name.clone());
        Ok(name)
    }

    async fn put(&self, collection: &str, points: Vec<PointStruct>) -> Result<(), IndexError> {
        let upsert = UpsertPointsBuilder::new(collection, points).wait(true);
        self.client.upsert_points(upsert).await.map_err(down)?;
        Ok(())
    }

    async fn apply_change(&self, place: &Place, change: Change) -> Result<(), IndexError> {
        if let Some((_, other)) = change.put.iter().find(|(_, vector)| vector.len() != place.dimension) {
            return Err(IndexError::Dimension { given: other.len(), held: place.dimension });
        }
        let collection = self.collection(place).await?;
        for removed in change.removed.chunks(BATCH) {
            let ids: Vec<PointId> = removed.iter().map(|passage| point_id(*passage)).collect();
            let delete = DeletePointsBuilder::new(&collection).points(PointsIdsList { ids }).wait(true);
            self.client.delete_points(delete).await.map_err(down)?;
        }
        for put in change.put.chunks(BATCH) {
            let points = put.iter().map(|(passage, vector)| {
                let payload =
                    payload(place, "passage", [("passage", Kind::StringValue(passage.to_string()))]);
                PointStruct::new(point_id(*passage), vector.clone(), payload)
            });
            self.put(&collection, points.collect()).await?;
        }
        let mut direction = vec![0.0; place.dimension];
        if let Some(first) = direction.first_mut() {
            *first = 1.0;
        }
        let position = [("position", Kind::IntegerValue(change.position))];
        let mark =
            PointStruct::new(point_id(place.workspace), direction, payload(place, "position", position));
        self.put(&collection, vec![mark]).await
    }

    async fn read_position(&self, place: &Place) -> Result<i64, IndexError> {
        let collection = self.collection(place).await?;
        let get = GetPointsBuilder::new(&collection, vec![point_id(place.workspace)]).with_payload(true);
        let found = self.client.get_points(get).await.map_err(down)?;
        let position = found.result.first().and_then(|point| point.payload.get("position"));
        Ok(match position.and_then(|value| value.kind.as_ref()) {
            Some(Kind::IntegerValue(position)) => *position,
            _ => 0,
        })
    }

    async fn search(
        &self,
        place: &Place,
        vector: &[f32],
        most: usize,
        also: &[PassageId],
    ) -> Result<Vec<Near>, IndexError> {
        if vector.len() != place.dimension {
            return Err(IndexError::Dimension { given: vector.len(), held: place.dimension });
        }
        let collection = self.collection(place).await?;
        let query = |filter: Filter, limit: usize| {
            let query = QueryPointsBuilder::new(&collection).query(vector.to_vec()).filter(filter);
            self.client.query(query.limit(limit as u64).with_payload(true))
        };
        let nearest = query(passages_of(place), most);
        let mut found = if also.is_empty() {
            nearest.await.map_err(down)?.result
        } else {
            let ids: Vec<PointId> = also.iter().map(|passage| point_id(*passage)).collect();
            let mut wanted = passages_of(place);
            wanted.must.push(Condition::has_id(ids));
            let (nearest, others) = tokio::join!(nearest, query(wanted, also.len()));
            let mut found = nearest.map_err(down)?.result;
            found.extend(others.map_err(down)?.result);
            found
        };
        let mut seen = HashSet::new();
        Ok(found
            .drain(..)
            .filter_map(|point| near(&point))
            .filter(|near| seen.insert(near.passage))
            .collect())
    }
}

/// What a point says of itself.
fn payload<const N: usize>(place: &Place, kind: &str, more: [(&str, Kind); N]) -> Payload {
    let said = [
        ("workspace", Kind::StringValue(place.workspace.to_string())),
        ("kind", Kind::StringValue(kind.to_owned())),
    ];
    let said = said.into_iter().chain(more);
    let said: HashMap<String, Value> =
        said.map(|(name, kind)| (name.to_owned(), Value { kind: Some(kind) })).collect();
    said.into()
}

fn passages_of(place: &Place) -> Filter {
    Filter::must([
        Condition::matches("workspace", place.workspace.to_string()),
        Condition::matches("kind", "passage".to_owned()),
    ])
}

fn near(point: &ScoredPoint) -> Option<Near> {
    match point.payload.get("passage")?.kind.as_ref()? {
        Kind::StringValue(passage) => Some(Near { passage: passage.parse().ok()?, cosine: point.score }),
        _ => None,
    }
}

/// Our identifiers have as many bits as theirs.
fn point_id(id: impl Id) -> PointId {
    let digits = format!("{:032x}", id.to_bits());
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    PointId::from(parts.join("-"))
}

/// Letters and digits of the model's name, and its dimension.
fn collection_name(place: &Place) -> String {
    let model: String = place
        .model
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' })
        .take(80)
        .collect();
    format!("concierge_{model}_{}", place.dimension)
}

fn down(error: QdrantError) -> IndexError {
    IndexError::Down(error.to_string())
}

impl VectorIndex for Qdrant {
    fn name(&self) -> &'static str {
        "qdrant"
    }

    fn in_process(&self) -> bool {
        false
    }

    fn position<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<i64, IndexError>> {
        self.read_position(place).boxed()
    }

    fn apply<'a>(&'a self, place: &'a Place, change: Change) -> BoxFuture<'a, Result<(), IndexError>> {
        self.apply_change(place, change).boxed()
    }

    fn nearest<'a>(
        &'a self,
        place: &'a Place,
        vector: &'a [f32],
        most: usize,
        also: &'a [PassageId],
    ) -> BoxFuture<'a, Result<Vec<Near>, IndexError>> {
        self.search(place, vector, most, also).boxed()
    }

    fn clear<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<(), IndexError>> {
        async move {
            let collection = self.collection(place).await?;
            let all = Filter::must([Condition::matches("workspace", place.workspace.to_string())]);
            let delete = DeletePointsBuilder::new(&collection).points(all).wait(true);
            self.client.delete_points(delete).await.map_err(down)?;
            Ok(())
        }
        .boxed()
    }

    fn count<'a>(&'a self, place: &'a Place) -> BoxFuture<'a, Result<usize, IndexError>> {
        async move {
            let collection = self.collection(place).await?;
            let count = CountPointsBuilder::new(&collection).filter(passages_of(place)).exact(true);
            let counted = self.client.count(count).await.map_err(down)?;
            Ok(counted.result.map_or(0, |result| usize::try_from(result.count).unwrap_or(usize::MAX)))
        }
        .boxed()
    }
}

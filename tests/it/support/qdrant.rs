//! The wire of a Qdrant server: its own service traits, over real gRPC, with points in memory.
//!
//! No Qdrant server can be installed where these tests run. This double proves what we send and how we read
//! the answers; it does not prove how a true server ranks millions of points.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use qdrant_client::qdrant::collections_server::{Collections, CollectionsServer};
use qdrant_client::qdrant::points_server::{Points, PointsServer};
use qdrant_client::qdrant::{self as q, Filter, Value};
use qdrant_client::qdrant::{
    condition::ConditionOneOf, point_id::PointIdOptions, points_selector::PointsSelectorOneOf, value::Kind,
};
use tonic::{Request, Response, Status};

/// The key the server wants.
pub const KEY: &str = "a qdrant key";

#[derive(Clone, Default)]
struct Store(Arc<Mutex<HashMap<String, Collection>>>);

#[derive(Default)]
struct Collection {
    dimension: usize,
    indexed: Vec<String>,
    points: BTreeMap<String, (Vec<f32>, HashMap<String, Value>)>,
}

/// A running double; it ends with this.
pub struct QdrantDouble {
    pub url: String,
    store: Store,
    stop: tokio::task::JoinHandle<()>,
}

impl Drop for QdrantDouble {
    fn drop(&mut self) {
        self.stop.abort();
    }
}

impl QdrantDouble {
    pub async fn start() -> QdrantDouble {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let store = Store::default();
        let check = |request: Request<()>| match request.metadata().get("api-key") {
            Some(key) if key == KEY => Ok(request),
            _ => Err(Status::unauthenticated("wrong key")),
        };
        let server = tonic::transport::Server::builder()
            .add_service(PointsServer::with_interceptor(store.clone(), check))
            .add_service(CollectionsServer::with_interceptor(store.clone(), check));
        let incoming = tonic::transport::server::TcpIncoming::from(listener);
        let stop = tokio::spawn(async move {
            server.serve_with_incoming(incoming).await.expect("the double serves");
        });
        QdrantDouble { url: format!("http://{address}"), store, stop }
    }

    /// Loses everything, as a server whose disk was lost.
    pub fn lose_everything(&self) {
        for collection in self.store.0.lock().expect("not poisoned").values_mut() {
            collection.points.clear();
        }
    }

    /// Passages of all workspaces.
    pub fn passages(&self) -> usize {
        let collections = self.store.0.lock().expect("not poisoned");
        let points = collections.values().flat_map(|collection| collection.points.values());
        points.filter(|(_, payload)| payload.contains_key("passage")).count()
    }
}

impl Store {
    fn with<T>(
        &self,
        name: &str,
        act: impl FnOnce(&mut Collection) -> Result<T, Status>,
    ) -> Result<Response<T>, Status> {
        let mut collections = self.0.lock().expect("not poisoned");
        let collection =
            collections.get_mut(name).ok_or_else(|| Status::not_found(format!("no collection {name}")))?;
        act(collection).map(Response::new)
    }
}

fn key(id: Option<q::PointId>) -> Result<String, Status> {
    match id.and_then(|id| id.point_id_options) {
        Some(PointIdOptions::Uuid(uuid)) if uuid.len() == 36 => Ok(uuid),
        other => Err(Status::invalid_argument(format!("not a UUID: {other:?}"))),
    }
}

/// Whether a point has what a filter demands; filters we do not send are refused.
fn fits(id: &str, payload: &HashMap<String, Value>, filter: Option<&Filter>) -> Result<bool, Status> {
    let Some(filter) = filter else { return Ok(true) };
    for condition in &filter.must {
        let holds = match &condition.condition_one_of {
            Some(ConditionOneOf::Field(field)) => {
                let wanted = field.r#match.as_ref().and_then(|wanted| wanted.match_value.as_ref());
                let Some(q::r#match::MatchValue::Keyword(wanted)) = wanted else {
                    return Err(Status::unimplemented("only keywords"));
                };
                payload.get(&field.key).and_then(|value| value.kind.as_ref())
                    == Some(&Kind::StringValue(wanted.clone()))
            }
            Some(ConditionOneOf::HasId(wanted)) => {
                wanted.has_id.iter().any(|wanted| key(Some(wanted.clone())).is_ok_and(|wanted| wanted == id))
            }
            _ => return Err(Status::unimplemented("this condition")),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn vector_of(point: &q::PointStruct) -> Option<Vec<f32>> {
    match point.vectors.as_ref()?.vectors_options.as_ref()? {
        q::vectors::VectorsOptions::Vector(vector) => match vector.vector.as_ref()? {
            q::vector::Vector::Dense(dense) => Some(dense.data.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn asked(query: &q::QueryPoints) -> Option<Vec<f32>> {
    let q::query::Variant::Nearest(nearest) = query.query.as_ref()?.variant.as_ref()? else { return None };
    match nearest.variant.as_ref()? {
        q::vector_input::Variant::Dense(dense) => Some(dense.data.clone()),
        _ => None,
    }
}

fn cosine(left: &[f32], right: &[f32]) -> f32 {
    let dot: f32 = left.iter().zip(right).map(|(a, b)| a * b).sum();
    let length = |vector: &[f32]| vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    dot / (length(left) * length(right))
}

fn done() -> q::PointsOperationResponse {
    let status = q::UpdateStatus::Completed.into();
    q::PointsOperationResponse {
        result: Some(q::UpdateResult { status, ..Default::default() }),
        ..Default::default()
    }
}

/// A service of which we call some methods; the others say that they are not there.
macro_rules! service {
    ($service:ident { $($own:tt)* } $($name:ident($asks:ident) -> $answers:ident;)*) => {
        #[tonic::async_trait]
        impl $service for Store {
            $($own)*
            $(async fn $name(&self, _: Request<q::$asks>) -> Result<Response<q::$answers>, Status> {
                Err(Status::unimplemented(stringify!($name)))
            })*
        }
    };
}

service! { Points {
    async fn upsert(
        &self,
        request: Request<q::UpsertPoints>,
    ) -> Result<Response<q::PointsOperationResponse>, Status> {
        let request = request.into_inner();
        self.with(&request.collection_name, |collection| {
            for point in request.points {
                let vector = vector_of(&point).ok_or_else(|| Status::invalid_argument("no vector"))?;
                if vector.len() != collection.dimension {
                    return Err(Status::invalid_argument("wrong dimension"));
                }
                collection.points.insert(key(point.id)?, (vector, point.payload));
            }
            Ok(done())
        })
    }

    async fn delete(
        &self,
        request: Request<q::DeletePoints>,
    ) -> Result<Response<q::PointsOperationResponse>, Status> {
        let request = request.into_inner();
        self.with(&request.collection_name, |collection| {
            match request.points.and_then(|points| points.points_selector_one_of) {
                Some(PointsSelectorOneOf::Points(list)) => {
                    for id in list.ids {
                        collection.points.remove(&key(Some(id))?);
                    }
                }
                Some(PointsSelectorOneOf::Filter(filter)) => {
                    let mut gone = Vec::new();
                    for (id, (_, payload)) in &collection.points {
                        if fits(id, payload, Some(&filter))? {
                            gone.push(id.clone());
                        }
                    }
                    gone.iter().for_each(|id| {
                        collection.points.remove(id);
                    });
                }
                None => return Err(Status::invalid_argument("no selector")),
            }
            Ok(done())
        })
    }

    async fn get(&self, request: Request<q::GetPoints>) -> Result<Response<q::GetResponse>, Status> {
        let request = request.into_inner();
        self.with(&request.collection_name, |collection| {
            let mut result = Vec::new();
            for id in request.ids {
                if let Some((_, payload)) = collection.points.get(&key(Some(id.clone()))?) {
                    result.push(q::RetrievedPoint { id: Some(id), payload: payload.clone(), ..Default::default() });
                }
            }
            Ok(q::GetResponse { result, ..Default::default() })
        })
    }

    async fn create_field_index(
        &self,
        request: Request<q::CreateFieldIndexCollection>,
    ) -> Result<Response<q::PointsOperationResponse>, Status> {
        let request = request.into_inner();
        self.with(&request.collection_name, |collection| {
            collection.indexed.push(request.field_name);
            Ok(done())
        })
    }

    async fn query(&self, request: Request<q::QueryPoints>) -> Result<Response<q::QueryResponse>, Status> {
        let request = request.into_inner();
        let vector = asked(&request).ok_or_else(|| Status::unimplemented("this query"))?;
        let limit = usize::try_from(request.limit.unwrap_or(10)).expect("small");
        self.with(&request.collection_name, |collection| {
            assert!(collection.indexed.contains(&"workspace".to_owned()), "the tenant is indexed");
            let mut result = Vec::new();
            for (id, (own, payload)) in &collection.points {
                if fits(id, payload, request.filter.as_ref())? {
                    result.push(q::ScoredPoint {
                        id: Some(q::PointId::from(id.clone())),
                        payload: payload.clone(),
                        score: cosine(own, &vector),
                        ..Default::default()
                    });
                }
            }
            result.sort_by(|a, b| b.score.total_cmp(&a.score));
            result.truncate(limit);
            Ok(q::QueryResponse { result, ..Default::default() })
        })
    }

    async fn count(&self, request: Request<q::CountPoints>) -> Result<Response<q::CountResponse>, Status> {
        let request = request.into_inner();
        self.with(&request.collection_name, |collection| {
            let mut count = 0;
            for (id, (_, payload)) in &collection.points {
                count += u64::from(fits(id, payload, request.filter.as_ref())?);
            }
            Ok(q::CountResponse { result: Some(q::CountResult { count }), ..Default::default() })
        })
    }
}
    update_vectors(UpdatePointVectors) -> PointsOperationResponse;
    delete_vectors(DeletePointVectors) -> PointsOperationResponse;
    set_payload(SetPayloadPoints) -> PointsOperationResponse;
    overwrite_payload(SetPayloadPoints) -> PointsOperationResponse;
    delete_payload(DeletePayloadPoints) -> PointsOperationResponse;
    clear_payload(ClearPayloadPoints) -> PointsOperationResponse;
    delete_field_index(DeleteFieldIndexCollection) -> PointsOperationResponse;
    create_vector_name(CreateVectorNameRequest) -> PointsOperationResponse;
    delete_vector_name(DeleteVectorNameRequest) -> PointsOperationResponse;
    search(SearchPoints) -> SearchResponse;
    search_batch(SearchBatchPoints) -> SearchBatchResponse;
    search_groups(SearchPointGroups) -> SearchGroupsResponse;
    scroll(ScrollPoints) -> ScrollResponse;
    recommend(RecommendPoints) -> RecommendResponse;
    recommend_batch(RecommendBatchPoints) -> RecommendBatchResponse;
    recommend_groups(RecommendPointGroups) -> RecommendGroupsResponse;
    discover(DiscoverPoints) -> DiscoverResponse;
    discover_batch(DiscoverBatchPoints) -> DiscoverBatchResponse;
    update_batch(UpdateBatchPoints) -> UpdateBatchResponse;
    query_batch(QueryBatchPoints) -> QueryBatchResponse;
    query_groups(QueryPointGroups) -> QueryGroupsResponse;
    facet(FacetCounts) -> FacetResponse;
    search_matrix_pairs(SearchMatrixPoints) -> SearchMatrixPairsResponse;
    search_matrix_offsets(SearchMatrixPoints) -> SearchMatrixOffsetsResponse;
}

service! { Collections {
    async fn create(
        &self,
        request: Request<q::CreateCollection>,
    ) -> Result<Response<q::CollectionOperationResponse>, Status> {
        let request = request.into_inner();
        let vectors = request.vectors_config.and_then(|vectors| vectors.config);
        let Some(q::vectors_config::Config::Params(params)) = vectors else {
            return Err(Status::invalid_argument("no vectors"));
        };
        assert_eq!(params.distance, i32::from(q::Distance::Cosine));
        let mut collections = self.0.lock().expect("not poisoned");
        if collections.contains_key(&request.collection_name) {
            return Err(Status::already_exists("there already"));
        }
        let dimension = usize::try_from(params.size).expect("small");
        collections.insert(request.collection_name, Collection { dimension, ..Default::default() });
        Ok(Response::new(q::CollectionOperationResponse { result: true, ..Default::default() }))
    }

    async fn collection_exists(
        &self,
        request: Request<q::CollectionExistsRequest>,
    ) -> Result<Response<q::CollectionExistsResponse>, Status> {
        let collections = self.0.lock().expect("not poisoned");
        let exists = collections.contains_key(&request.into_inner().collection_name);
        let result = Some(q::CollectionExists { exists });
        Ok(Response::new(q::CollectionExistsResponse { result, ..Default::default() }))
    }
}
    get(GetCollectionInfoRequest) -> GetCollectionInfoResponse;
    list(ListCollectionsRequest) -> ListCollectionsResponse;
    update(UpdateCollection) -> CollectionOperationResponse;
    delete(DeleteCollection) -> CollectionOperationResponse;
    update_aliases(ChangeAliases) -> CollectionOperationResponse;
    list_collection_aliases(ListCollectionAliasesRequest) -> ListAliasesResponse;
    list_aliases(ListAliasesRequest) -> ListAliasesResponse;
    collection_cluster_info(CollectionClusterInfoRequest) -> CollectionClusterInfoResponse;
    update_collection_cluster_setup(UpdateCollectionClusterSetupRequest)
        -> UpdateCollectionClusterSetupResponse;
    create_shard_key(CreateShardKeyRequest) -> CreateShardKeyResponse;
    delete_shard_key(DeleteShardKeyRequest) -> DeleteShardKeyResponse;
    list_shard_keys(ListShardKeysRequest) -> ListShardKeysResponse;
}

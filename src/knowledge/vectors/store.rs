//! Vectors in the store.

use crate::base::{DocumentId, PassageId, WorkspaceId};
use crate::knowledge::Passage;
use crate::ports::db::{Engine, FromRow};
use crate::ports::vectors::Place;
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

/// A passage without a vector of this model.
#[derive(FromRow)]
pub(super) struct Waiting {
    pub(super) id: PassageId,
    title: String,
    heading: Option<String>,
    text: String,
}

impl Waiting {
    /// What is embedded.
    pub(super) fn text(&self) -> String {
        under_its_headings([&self.title, self.heading.as_deref().unwrap_or_default(), &self.text])
    }
}

/// What is embedded of a passage.
pub(in crate::knowledge) fn embedded(passage: &Passage) -> String {
    under_its_headings([&passage.title, passage.heading.as_deref().unwrap_or_default(), &passage.text])
}

/// A passage under its title and headings, which often say what it is about.
fn under_its_headings(parts: [&str; 3]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// A row newer than an index's position.
#[derive(FromRow)]
pub(super) struct Row {
    #[sqlx(rename = "passage_id")]
    pub(super) passage: PassageId,
    pub(super) stamp: i64,
    vector: Option<Vec<u8>>,
}

impl Row {
    /// The vector; none if the passage is gone or failed.
    pub(super) fn vector(&self) -> Option<Vec<f32>> {
        let bytes = self.vector.as_ref()?;
        Some(bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }
}

/// How many passages there are, and of what kind.
#[derive(FromRow)]
pub(super) struct Counted {
    pub(super) passages: i64,
    pub(super) embedded: i64,
    pub(super) failed: i64,
}

/// Raises the newest stamp; whoever holds it is alone until their transaction ends.
pub(super) async fn next_stamp(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let (head,) = fetch_one!(
        tx,
        (i64,),
        "INSERT INTO vector_heads (workspace_id, head) VALUES ($1, 1)
         ON CONFLICT (workspace_id) DO UPDATE SET head = vector_heads.head + 1
         RETURNING head",
        workspace,
    )?;
    Ok(head)
}

/// The newest stamp; 0 if nothing was ever embedded.
pub(super) async fn head(tx: &mut Tx, workspace: WorkspaceId) -> Result<i64, DbError> {
    let row =
        fetch_optional!(tx, (i64,), "SELECT head FROM vector_heads WHERE workspace_id = $1", workspace)?;
    Ok(row.map_or(0, |(head,)| head))
}

/// Passages that lack a vector of this model, or have one of another dimension; 0 stands for any.
pub(super) async fn waiting(
    tx: &mut Tx,
    workspace: WorkspaceId,
    model: &str,
    dimension: i64,
    limit: i64,
) -> Result<Vec<Waiting>, DbError> {
    fetch_all!(
        tx,
        Waiting,
        "SELECT passages.id, title, heading, text
         FROM passages JOIN documents ON documents.id = passages.document_id
         LEFT JOIN passage_vectors made
             ON made.workspace_id = passages.workspace_id AND made.passage_id = passages.id
         WHERE passages.workspace_id = $1
             AND (made.passage_id IS NULL OR made.model <> $2
                  OR (made.failed IS NULL AND CAST($3 AS BIGINT) <> 0
                      AND made.dimension <> CAST($3 AS BIGINT)))
         ORDER BY passages.document_id, position
         LIMIT $4",
        workspace,
        model,
        dimension,
        limit,
    )
}

/// Stores a passage's vector, or why it has none, if the passage is still there.
pub(super) async fn put(
    tx: &mut Tx,
    workspace: WorkspaceId,
    passage: PassageId,
    model: &str,
    vector: Result<&[f32], &str>,
    stamp: i64,
) -> Result<(), DbError> {
    let bytes: Option<Vec<u8>> =
        vector.ok().map(|vector| vector.iter().flat_map(|value| value.to_le_bytes()).collect());
    execute!(
        tx,
        "INSERT INTO passage_vectors
             (workspace_id, passage_id, document_id, model, dimension, vector, failed, stamp)
         SELECT workspace_id, id, document_id, $3, $4, $5, $6, $7 FROM passages
         WHERE workspace_id = $1 AND id = $2
         ON CONFLICT (workspace_id, passage_id) DO UPDATE
         SET model = excluded.model, dimension = excluded.dimension, vector = excluded.vector,
             failed = excluded.failed, stamp = excluded.stamp",
        workspace,
        passage,
        model,
        vector.map_or(0, |vector| super::as_i64(vector.len())),
        bytes,
        vector.err(),
        stamp,
    )?;
    Ok(())
}

/// Takes the vectors of a document's passages away, and leaves rows that say so.
pub(in crate::knowledge) async fn forget(
    tx: &mut Tx,
    workspace: WorkspaceId,
    document: DocumentId,
) -> Result<(), DbError> {
    let stamp = next_stamp(tx, workspace).await?;
    execute!(
        tx,
        "UPDATE passage_vectors SET vector = NULL, failed = NULL, stamp = $3
         WHERE workspace_id = $1 AND document_id = $2 AND vector IS NOT NULL",
        workspace,
        document,
        stamp,
    )?;
    Ok(())
}

/// Deletes rows of passages that went long ago.
pub(super) async fn purge(tx: &mut Tx, workspace: WorkspaceId, remembered: i64) -> Result<(), DbError> {
    execute!(
        tx,
        "DELETE FROM passage_vectors
         WHERE workspace_id = $1 AND vector IS NULL
             AND stamp < (SELECT head FROM vector_heads WHERE workspace_id = $1) - $2
             AND passage_id NOT IN (SELECT id FROM passages WHERE workspace_id = $1)",
        workspace,
        remembered,
    )?;
    Ok(())
}

/// Forgets which passages failed, so that they are tried again.
pub(super) async fn forget_failures(tx: &mut Tx, workspace: WorkspaceId) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM passage_vectors WHERE workspace_id = $1 AND failed IS NOT NULL", workspace)?;
    Ok(())
}

/// Rows of a place after a position, in the order they changed.
pub(super) async fn after(
    tx: &mut Tx,
    place: &Place,
    (stamp, passage): (i64, Option<PassageId>),
    limit: i64,
) -> Result<Vec<Row>, DbError> {
    fetch_all!(
        tx,
        Row,
        "SELECT passage_id, stamp, vector FROM passage_vectors
         WHERE workspace_id = $1 AND model = $2 AND (vector IS NULL OR dimension = $3)
             AND (stamp > $4 OR (stamp = $4 AND passage_id > $5))
         ORDER BY stamp, passage_id
         LIMIT $6",
        place.workspace,
        &place.model,
        super::as_i64(place.dimension),
        stamp,
        // Without a passage, everything of the stamp itself is known: no identifier is higher than this.
        passage.map_or_else(|| "~".to_owned(), |passage| passage.to_string()),
        limit,
    )
}

/// Counts passages with and without a vector of this model.
pub(super) async fn count(
    tx: &mut Tx,
    workspace: WorkspaceId,
    model: &str,
    dimension: i64,
) -> Result<Counted, DbError> {
    fetch_one!(
        tx,
        Counted,
        "SELECT COUNT(*) AS passages,
             CAST(COALESCE(SUM(CASE WHEN made.model = $2 AND made.vector IS NOT NULL
                 AND (CAST($3 AS BIGINT) = 0 OR made.dimension = CAST($3 AS BIGINT))
                 THEN 1 ELSE 0 END), 0) AS BIGINT) AS embedded,
             CAST(COALESCE(SUM(CASE WHEN made.model = $2 AND made.failed IS NOT NULL
                 THEN 1 ELSE 0 END), 0) AS BIGINT) AS failed
         FROM passages LEFT JOIN passage_vectors made
             ON made.workspace_id = passages.workspace_id AND made.passage_id = passages.id
         WHERE passages.workspace_id = $1",
        workspace,
        model,
        dimension,
    )
}

/// The dimension of a model's vectors, if it made any.
pub(super) async fn dimension(
    tx: &mut Tx,
    workspace: WorkspaceId,
    model: &str,
) -> Result<Option<usize>, DbError> {
    let row = fetch_optional!(
        tx,
        (i64,),
        "SELECT dimension FROM passage_vectors
         WHERE workspace_id = $1 AND model = $2 AND vector IS NOT NULL ORDER BY stamp DESC LIMIT 1",
        workspace,
        model,
    )?;
    Ok(row.and_then(|(dimension,)| usize::try_from(dimension).ok()))
}

/// What last kept vectors from being made.
pub(super) async fn last_error(tx: &mut Tx, workspace: WorkspaceId) -> Result<Option<String>, DbError> {
    let row = fetch_optional!(
        tx,
        (Option<String>,),
        "SELECT last_error FROM vector_heads WHERE workspace_id = $1",
        workspace,
    )?;
    Ok(row.and_then(|(error,)| error))
}

/// Notes what keeps vectors from being made, or that nothing does.
pub(super) async fn note_error(
    tx: &mut Tx,
    workspace: WorkspaceId,
    error: Option<&str>,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO vector_heads (workspace_id, head, last_error) VALUES ($1, 0, $2)
         ON CONFLICT (workspace_id) DO UPDATE SET last_error = excluded.last_error",
        workspace,
        error,
    )?;
    Ok(())
}

const PASSAGES_SQLITE: &str =
    "SELECT passages.id, document_id, title, language, position, heading, start_char, end_char, text
     FROM passages JOIN documents ON documents.id = passages.document_id
     WHERE +passages.workspace_id = $1 AND passages.id IN (SELECT value FROM json_each($2))";

const PASSAGES_POSTGRES: &str =
    "SELECT passages.id, document_id, title, language, position, heading, start_char, end_char, text
     FROM passages JOIN documents ON documents.id = passages.document_id
     WHERE passages.workspace_id = $1
         AND passages.id IN (SELECT json_array_elements_text(CAST($2 AS JSON)))";

/// Passages by their identifiers, in no order; those that are gone are left out.
pub(in crate::knowledge) async fn passages(
    tx: &mut Tx,
    workspace: WorkspaceId,
    ids: &[PassageId],
) -> Result<Vec<Passage>, DbError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = match tx.engine() {
        Engine::Sqlite => PASSAGES_SQLITE,
        Engine::Postgres => PASSAGES_POSTGRES,
    };
    let ids = crate::ports::db::JsonText(ids.to_vec());
    let rows = fetch_all!(tx, crate::knowledge::store::PassageRow, sql, workspace, &ids)?;
    Ok(rows.into_iter().map(Passage::from).collect())
}

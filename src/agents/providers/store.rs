//! A business's own providers in the store.

use crate::agents::providers::Stored;
use crate::base::WorkspaceId;
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all};

pub(super) async fn all(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Stored>, DbError> {
    fetch_all!(
        tx,
        Stored,
        "SELECT name, address, model, sealed_key, tools, temperature, input_price, output_price, updated_at,
             updated_by_name
         FROM model_providers WHERE workspace_id = $1 ORDER BY name",
        workspace,
    )
}

pub(super) async fn save(tx: &mut Tx, workspace: WorkspaceId, one: &Stored) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO model_providers (workspace_id, name, address, model, sealed_key, tools, temperature,
             input_price, output_price, updated_at, updated_by_name)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (workspace_id, name) DO UPDATE SET address = excluded.address, model = excluded.model,
             sealed_key = excluded.sealed_key, tools = excluded.tools, temperature = excluded.temperature,
             input_price = excluded.input_price, output_price = excluded.output_price,
             updated_at = excluded.updated_at, updated_by_name = excluded.updated_by_name",
        workspace,
        &one.name,
        &one.address,
        &one.model,
        &one.sealed_key,
        one.tools,
        one.temperature,
        one.input_price,
        one.output_price,
        one.updated_at,
        &one.updated_by_name,
    )?;
    Ok(())
}

/// Deletes a provider; says whether it was there.
pub(super) async fn delete(tx: &mut Tx, workspace: WorkspaceId, name: &str) -> Result<bool, DbError> {
    let rows =
        execute!(tx, "DELETE FROM model_providers WHERE workspace_id = $1 AND name = $2", workspace, name)?;
    Ok(rows == 1)
}

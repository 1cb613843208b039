//! Staff, sessions and visitor keys in the store.

use crate::base::{ContactId, Role, SessionId, StaffId, Timestamp, WorkspaceId};
use crate::identity::{Session, Staff};
use crate::ports::db::FromRow;
use crate::ports::{DbError, Tx};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

#[derive(FromRow)]
struct StaffRow {
    id: StaffId,
    name: String,
    email: String,
    role: Role,
    disabled_at: Option<Timestamp>,
    created_at: Timestamp,
}

impl From<StaffRow> for Staff {
    fn from(row: StaffRow) -> Self {
        Staff {
            id: row.id,
            name: row.name,
            email: row.email,
            role: row.role,
            disabled: row.disabled_at.is_some(),
            created_at: row.created_at,
        }
    }
}

/// Adds a staff member; says whether their address was free.
pub(super) async fn insert_staff(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: &Staff,
    password_hash: &str,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "INSERT INTO staff (workspace_id, id, email, name, role, password_hash, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (workspace_id, email) DO NOTHING",
        workspace,
        staff.id,
        &staff.email,
        &staff.name,
        staff.role,
        password_hash,
        staff.created_at,
    )?;
    Ok(rows == 1)
}

pub(super) async fn update_staff(tx: &mut Tx, workspace: WorkspaceId, staff: &Staff) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE staff SET name = $3, role = $4,
             disabled_at = CASE WHEN $5 THEN COALESCE(disabled_at, created_at) ELSE NULL END
         WHERE workspace_id = $1 AND id = $2",
        workspace,
        staff.id,
        &staff.name,
        staff.role,
        staff.disabled,
    )?;
    Ok(())
}

pub(super) async fn find_staff(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: StaffId,
) -> Result<Option<Staff>, DbError> {
    let row = fetch_optional!(
        tx,
        StaffRow,
        "SELECT id, name, email, role, disabled_at, created_at
         FROM staff WHERE workspace_id = $1 AND id = $2",
        workspace,
        id,
    )?;
    Ok(row.map(Staff::from))
}

pub(super) async fn list_staff(tx: &mut Tx, workspace: WorkspaceId) -> Result<Vec<Staff>, DbError> {
    let rows = fetch_all!(
        tx,
        StaffRow,
        "SELECT id, name, email, role, disabled_at, created_at
         FROM staff WHERE workspace_id = $1 ORDER BY name, id",
        workspace,
    )?;
    Ok(rows.into_iter().map(Staff::from).collect())
}

pub(super) async fn count_active(tx: &mut Tx, workspace: WorkspaceId, role: Role) -> Result<i64, DbError> {
    let (count,): (i64,) = fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM staff WHERE workspace_id = $1 AND role = $2 AND disabled_at IS NULL",
        workspace,
        role,
    )?;
    Ok(count)
}

#[derive(FromRow)]
struct CandidateRow {
    workspace_id: WorkspaceId,
    password_hash: String,
    #[sqlx(flatten)]
    staff: StaffRow,
}

/// Active staff with this address and their password hashes: in one workspace, or in all.
pub(super) async fn find_by_email(
    tx: &mut Tx,
    workspace: Option<WorkspaceId>,
    email: &str,
) -> Result<Vec<(WorkspaceId, Staff, String)>, DbError> {
    let rows = fetch_all!(
        tx,
        CandidateRow,
        "SELECT workspace_id, password_hash, id, name, email, role, disabled_at, created_at
         FROM staff
         WHERE (CAST($1 AS TEXT) IS NULL OR workspace_id = $1) AND email = $2 AND disabled_at IS NULL
         ORDER BY created_at, id",
        workspace,
        email,
    )?;
    Ok(rows.into_iter().map(|row| (row.workspace_id, row.staff.into(), row.password_hash)).collect())
}

pub(super) async fn insert_session(
    tx: &mut Tx,
    workspace: WorkspaceId,
    id: SessionId,
    staff: StaffId,
    token_hash: &str,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO sessions (workspace_id, id, staff_id, token_hash, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        workspace,
        id,
        staff,
        token_hash,
        now,
        expires_at,
    )?;
    Ok(())
}

#[derive(FromRow)]
struct SessionRow {
    session_id: SessionId,
    workspace_id: WorkspaceId,
    expires_at: Timestamp,
    #[sqlx(flatten)]
    staff: StaffRow,
}

/// The session a token's hash stands for, if it has not ended. The token names its workspace.
pub(super) async fn find_session(
    tx: &mut Tx,
    token_hash: &str,
    now: Timestamp,
) -> Result<Option<Session>, DbError> {
    let row = fetch_optional!(
        tx,
        SessionRow,
        "SELECT sessions.id AS session_id, sessions.workspace_id, sessions.expires_at,
                staff.id, staff.name, staff.email, staff.role, staff.disabled_at, staff.created_at
         FROM sessions
         JOIN staff ON staff.id = sessions.staff_id AND staff.workspace_id = sessions.workspace_id
         WHERE sessions.token_hash = $1 AND sessions.expires_at > $2 AND staff.disabled_at IS NULL",
        token_hash,
        now,
    )?;
    Ok(row.map(|row| Session {
        id: row.session_id,
        workspace: row.workspace_id,
        staff: row.staff.into(),
        expires_at: row.expires_at,
    }))
}

/// The sessions of a workspace that have not ended.
pub(super) async fn live_sessions(
    tx: &mut Tx,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Vec<(SessionId,)>, DbError> {
    fetch_all!(
        tx,
        (SessionId,),
        "SELECT sessions.id
         FROM sessions
         JOIN staff ON staff.id = sessions.staff_id AND staff.workspace_id = sessions.workspace_id
         WHERE sessions.workspace_id = $1 AND sessions.expires_at > $2 AND staff.disabled_at IS NULL",
        workspace,
        now,
    )
}

pub(super) async fn end_session(tx: &mut Tx, workspace: WorkspaceId, id: SessionId) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM sessions WHERE workspace_id = $1 AND id = $2", workspace, id)?;
    Ok(())
}

pub(super) async fn end_sessions(tx: &mut Tx, workspace: WorkspaceId, staff: StaffId) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM sessions WHERE workspace_id = $1 AND staff_id = $2", workspace, staff)?;
    Ok(())
}

pub(super) async fn insert_visitor_key(
    tx: &mut Tx,
    workspace: WorkspaceId,
    contact: ContactId,
    key_hash: &str,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO visitor_keys (workspace_id, contact_id, key_hash, created_at) VALUES ($1, $2, $3, $4)",
        workspace,
        contact,
        key_hash,
        now,
    )?;
    Ok(())
}

pub(super) async fn find_visitor(
    tx: &mut Tx,
    workspace: WorkspaceId,
    key_hash: &str,
) -> Result<Option<ContactId>, DbError> {
    let row: Option<(ContactId,)> = fetch_optional!(
        tx,
        (ContactId,),
        "SELECT contact_id FROM visitor_keys WHERE workspace_id = $1 AND key_hash = $2",
        workspace,
        key_hash,
    )?;
    Ok(row.map(|(contact,)| contact))
}

//! Staff, sessions and visitor keys in the store.

use crate::base::{ContactId, FileId, Role, SessionId, StaffId, Timestamp, WorkspaceId};
use crate::identity::{OpenSession, Session, Staff};
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
    hue: Option<i64>,
    picture: Option<FileId>,
    language: Option<String>,
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
            hue: row.hue,
            picture: row.picture,
            language: row.language,
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
        "UPDATE staff SET name = $3, role = $4, hue = $6, language = $7,
             disabled_at = CASE WHEN $5 THEN COALESCE(disabled_at, created_at) ELSE NULL END
         WHERE workspace_id = $1 AND id = $2",
        workspace,
        staff.id,
        &staff.name,
        staff.role,
        staff.disabled,
        staff.hue,
        &staff.language,
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
        "SELECT id, name, email, role, disabled_at, hue, picture, language, created_at
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
        "SELECT id, name, email, role, disabled_at, hue, picture, language, created_at
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
        "SELECT workspace_id, password_hash, id, name, email, role, disabled_at, hue, picture, language, created_at
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
    agent: Option<&str>,
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO sessions (workspace_id, id, staff_id, token_hash, agent, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        workspace,
        id,
        staff,
        token_hash,
        agent,
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
                staff.id, staff.name, staff.email, staff.role, staff.disabled_at, staff.hue, staff.picture,
                staff.language, staff.created_at
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

#[derive(FromRow)]
struct OpenRow {
    id: SessionId,
    agent: Option<String>,
    created_at: Timestamp,
    expires_at: Timestamp,
}

/// A person's sessions that have not ended, newest first.
pub(super) async fn open_sessions(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: StaffId,
    here: SessionId,
    now: Timestamp,
) -> Result<Vec<OpenSession>, DbError> {
    let rows = fetch_all!(
        tx,
        OpenRow,
        "SELECT id, agent, created_at, expires_at FROM sessions
         WHERE workspace_id = $1 AND staff_id = $2 AND expires_at > $3
         ORDER BY created_at DESC, id DESC LIMIT 200",
        workspace,
        staff,
        now,
    )?;
    Ok(rows
        .into_iter()
        .map(|row| OpenSession {
            id: row.id,
            here: row.id == here,
            agent: row.agent,
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
        .collect())
}

/// Ends one session of a person; says whether there was one.
pub(super) async fn end_own_session(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: StaffId,
    id: SessionId,
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "DELETE FROM sessions WHERE workspace_id = $1 AND staff_id = $2 AND id = $3",
        workspace,
        staff,
        id,
    )?;
    Ok(rows == 1)
}

/// The hash of a person's password.
pub(super) async fn password_hash(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: StaffId,
) -> Result<Option<String>, DbError> {
    let row: Option<(String,)> = fetch_optional!(
        tx,
        (String,),
        "SELECT password_hash FROM staff WHERE workspace_id = $1 AND id = $2",
        workspace,
        staff,
    )?;
    Ok(row.map(|(hash,)| hash))
}

/// Sets a password if it is still the one that was checked; says whether it was.
pub(super) async fn set_password(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: StaffId,
    (checked, hash): (&str, &str),
) -> Result<bool, DbError> {
    let rows = execute!(
        tx,
        "UPDATE staff SET password_hash = $4 WHERE workspace_id = $1 AND id = $2 AND password_hash = $3",
        workspace,
        staff,
        checked,
        hash,
    )?;
    Ok(rows == 1)
}

pub(super) async fn set_picture(
    tx: &mut Tx,
    workspace: WorkspaceId,
    staff: StaffId,
    picture: Option<FileId>,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE staff SET picture = $3 WHERE workspace_id = $1 AND id = $2",
        workspace,
        staff,
        picture
    )?;
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

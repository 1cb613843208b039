//! Contacts over HTTP.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::base::ContactId;
use crate::contacts::{Contact, ContactChange, ContactFilter, NewContact};
use crate::http::{Cursor, Json, Page, PageQuery, Path, Problem, ProblemBody, Query};
use crate::identity::{Caller, Permission, Site};

/// The routes of this domain.
pub fn routes() -> OpenApiRouter<Site> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(show, change))
}

/// Lists contacts, newest first.
#[utoipa::path(get, path = "/v1/contacts", tag = "contacts", params(ContactFilter, PageQuery),
    responses((status = 200, body = Page<Contact>), (status = 401, body = ProblemBody)))]
async fn list(
    State(site): State<Site>,
    caller: Caller,
    Query(filter): Query<ContactFilter>,
    Query(page): Query<PageQuery>,
) -> Result<Json<Page<Contact>>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let (limit, cursor) = (page.limit()?, page.cursor()?);
    let mut tx = site.ports.db.read().await?;
    let contacts = super::list(&cx, &mut tx, &filter, limit, cursor).await?;
    Ok(Json(Page::of(contacts, limit, |contact| Cursor { at: contact.created_at, id: contact.id })))
}

/// Adds a contact.
#[utoipa::path(post, path = "/v1/contacts", tag = "contacts", request_body = NewContact,
    responses((status = 201, body = Contact), (status = 422, body = ProblemBody)))]
async fn create(
    State(site): State<Site>,
    caller: Caller,
    Json(new): Json<NewContact>,
) -> Result<impl IntoResponse, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let contact = super::create(&cx, &mut tx, new).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(contact)))
}

/// Shows a contact.
#[utoipa::path(get, path = "/v1/contacts/{id}", tag = "contacts", params(("id" = ContactId, Path)),
    responses((status = 200, body = Contact), (status = 404, body = ProblemBody)))]
async fn show(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ContactId>,
) -> Result<Json<Contact>, Problem> {
    let cx = caller.may(Permission::Read)?.cx(&site.ports);
    let mut tx = site.ports.db.read().await?;
    Ok(Json(super::get(&cx, &mut tx, id).await?))
}

/// Changes what is known of a contact.
#[utoipa::path(patch, path = "/v1/contacts/{id}", tag = "contacts", params(("id" = ContactId, Path)),
    request_body = NewContact,
    responses((status = 200, body = Contact), (status = 404, body = ProblemBody), (status = 422, body = ProblemBody)))]
async fn change(
    State(site): State<Site>,
    caller: Caller,
    Path(id): Path<ContactId>,
    Json(change): Json<ContactChange>,
) -> Result<Json<Contact>, Problem> {
    let cx = caller.may(Permission::Answer)?.cx(&site.ports);
    let mut tx = site.ports.db.begin().await?;
    let contact = super::change(&cx, &mut tx, id, change).await?;
    tx.commit().await?;
    Ok(Json(contact))
}

//! Who calls: extractors for staff, visitors, and either.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};

use crate::base::{Actor, ContactId, Role, SessionId, StaffId, Timestamp, WorkspaceId};
use crate::http::Problem;
use crate::identity::{Permission, Site, VisitorToken};
use crate::ports::{Cx, Ports};
use crate::protocol::ErrorCode;

/// A signed-in staff member.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Whose rows they may see.
    pub workspace: WorkspaceId,
    /// Who they are.
    pub staff: StaffId,
    /// Their name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The session they came with.
    pub session: SessionId,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A customer with a valid token.
#[derive(Debug, Clone, Copy)]
pub struct Visitor {
    /// The workspace they visit.
    pub workspace: WorkspaceId,
    /// Who they are.
    pub contact: ContactId,
    /// When their token ends.
    pub expires_at: Timestamp,
}

/// Either side of a conversation.
#[derive(Debug, Clone)]
pub enum Party {
    /// Staff.
    Staff(Caller),
    /// A customer.
    Visitor(Visitor),
}

impl Caller {
    /// Goes on only with enough rights.
    pub fn may(self, permission: Permission) -> Result<Caller, Problem> {
        let needed = permission.least_role();
        if self.role >= needed {
            return Ok(self);
        }
        let detail =
            format!("this needs the role {needed}, you are {}; ask a {needed} of your team", self.role);
        Err(Problem::new(ErrorCode::Forbidden, detail))
    }

    /// The context of a call by this person, now.
    pub fn cx(&self, ports: &Ports) -> Cx {
        ports.cx(self.workspace, Actor::Staff { id: self.staff }, self.name.clone())
    }
}

impl Visitor {
    /// The context of a call by this customer, now. Their name is looked up where it is shown.
    pub fn cx(&self, ports: &Ports) -> Cx {
        ports.cx(self.workspace, Actor::Contact { id: self.contact }, String::new())
    }

    /// Checks a token as it was sent.
    pub fn from_token(site: &Site, token: &str) -> Result<Visitor, Problem> {
        match site.tokens.verify(token) {
            Some(VisitorToken { workspace, contact, expires_at }) if expires_at > site.ports.now() => {
                Ok(Visitor { workspace, contact, expires_at })
            }
            Some(_) => Err(unauthenticated("the token ran out; fetch another")),
            None => Err(unauthenticated("the token is not valid; fetch another")),
        }
    }
}

impl Party {
    /// The context of a call by this party, now.
    pub fn cx(&self, ports: &Ports) -> Cx {
        match self {
            Party::Staff(caller) => caller.cx(ports),
            Party::Visitor(visitor) => visitor.cx(ports),
        }
    }

    /// Goes on only if this is a customer, or staff with enough rights.
    pub fn may(self, permission: Permission) -> Result<Party, Problem> {
        match self {
            Party::Staff(caller) => Ok(Party::Staff(caller.may(permission)?)),
            Party::Visitor(visitor) => Ok(Party::Visitor(visitor)),
        }
    }
}

impl FromRequestParts<Site> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let caller = staff_from_headers(&parts.headers, site)
            .await?
            .ok_or_else(|| unauthenticated("sign in first"))?;
        let reads_only = matches!(parts.method, Method::GET | Method::HEAD);
        if !reads_only {
            check_own_origin(&parts.headers, site)?;
        }
        Ok(caller)
    }
}

impl FromRequestParts<Site> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let token = bearer(&parts.headers).ok_or_else(|| unauthenticated("a visitor's token is needed"))?;
        Visitor::from_token(site, token)
    }
}

impl FromRequestParts<Site> for Party {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        if bearer(&parts.headers).is_some() {
            return Visitor::from_request_parts(parts, site).await.map(Party::Visitor);
        }
        Caller::from_request_parts(parts, site).await.map(Party::Staff)
    }
}

/// The staff member whose session cookie came along, if it is open.
pub async fn staff_from_headers(headers: &HeaderMap, site: &Site) -> Result<Option<Caller>, Problem> {
    let Some(token) = cookie(headers, site.cookie_name()) else { return Ok(None) };
    let mut tx = site.ports.db.read().await?;
    let session = super::find_session(&mut tx, token, site.ports.now()).await?;
    Ok(session.map(|session| Caller {
        workspace: session.workspace,
        staff: session.staff.id,
        name: session.staff.name,
        role: session.staff.role,
        session: session.id,
        expires_at: session.expires_at,
    }))
}

/// Refuses staff requests that a page of another origin made the browser send. Programs send no origin.
pub fn check_own_origin(headers: &HeaderMap, site: &Site) -> Result<(), Problem> {
    match origin(headers) {
        Some(origin) if !site.is_own_origin(origin, host(headers)) => Err(origin_refused(origin)),
        _ => Ok(()),
    }
}

/// Refuses visitors' pages of origins that the workspace does not allow.
pub fn check_visitor_origin(headers: &HeaderMap, site: &Site, allowed: &[String]) -> Result<(), Problem> {
    match origin(headers) {
        Some(origin)
            if !allowed.is_empty()
                && !allowed.iter().any(|known| known == origin)
                && !site.is_own_origin(origin, host(headers)) =>
        {
            Err(origin_refused(origin))
        }
        _ => Ok(()),
    }
}

fn origin_refused(origin: &str) -> Problem {
    let detail = format!("pages of {origin} are not allowed here; add it to the workspace's origins");
    Problem::new(ErrorCode::OriginNotAllowed, detail)
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(ErrorCode::Unauthenticated, detail)
}

fn origin(headers: &HeaderMap) -> Option<&str> {
    // An origin that is not text is nobody's.
    headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"))
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

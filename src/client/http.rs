//! The HTTP side of a client.

use std::net::IpAddr;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::base::ConversationId;
use crate::client::Error;
use crate::protocol::ContactSummary;

/// A caller of the REST API: nobody, a signed-in colleague, or a visitor with a token.
#[derive(Clone)]
pub struct Http {
    base: String,
    client: reqwest::Client,
    headers: HeaderMap,
    source: Option<IpAddr>,
}

/// A visit as `POST /v1/widget/{workspace}/sessions` gives it; what clients need of it.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Visit {
    /// Brings the same contact back.
    pub visitor_key: String,
    /// For `hello` and the `Authorization` header.
    pub token: String,
    /// Who the visitor is.
    pub contact: ContactSummary,
    /// Their open conversation.
    pub conversation: Option<ConversationId>,
}

impl Http {
    /// A caller nobody knows, of the hub at `base` (`http://host:port`).
    pub fn anonymous(base: &str) -> Http {
        // What encrypts is chosen once per process; an error says that it was chosen before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Http {
            base: base.trim_end_matches('/').to_owned(),
            client: client(),
            headers: HeaderMap::new(),
            source: None,
        }
    }

    /// A caller nobody knows, whose connections leave from one of this machine's addresses.
    pub fn from_address(base: &str, source: IpAddr) -> Result<Http, Error> {
        let client = reqwest::Client::builder().local_address(source).build();
        let client = client.map_err(|_| Error::Unreachable(base.to_owned()))?;
        Ok(Http { client, source: Some(source), ..Http::anonymous(base) })
    }

    /// The address that connections leave from, if one was chosen.
    pub fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// Signs in as staff.
    pub async fn sign_in(base: &str, workspace: &str, email: &str, password: &str) -> Result<Http, Error> {
        Http::anonymous(base).signed_in(workspace, email, password).await
    }

    /// The same caller, signed in as staff.
    pub async fn signed_in(self, workspace: &str, email: &str, password: &str) -> Result<Http, Error> {
        let mut caller = self;
        let form = serde_json::json!({ "workspace": workspace, "email": email, "password": password });
        let response = caller.send(Method::POST, "/v1/session", Some(form)).await?;
        let cookie = response
            .headers()
            .get(reqwest::header::SET_COOKIE)
            .and_then(|cookie| cookie.to_str().ok())
            .and_then(|cookie| cookie.split(';').next())
            .and_then(|pair| HeaderValue::from_str(pair).ok())
            .ok_or_else(|| Error::Unreadable("no session cookie".to_owned()))?;
        caller.headers.insert(reqwest::header::COOKIE, cookie);
        Ok(caller)
    }

    /// Opens a visit.
    pub async fn visit(base: &str, workspace: &str, who: Value) -> Result<(Http, Visit), Error> {
        Http::anonymous(base).visiting(workspace, who).await
    }

    /// The same caller, as a visitor.
    pub async fn visiting(self, workspace: &str, who: Value) -> Result<(Http, Visit), Error> {
        let mut caller = self;
        let visit: Visit = caller.post(&format!("/v1/widget/{workspace}/sessions"), who).await?;
        caller.set_token(&visit.token);
        Ok((caller, visit))
    }

    /// Calls with this token from here on.
    pub fn set_token(&mut self, token: &str) {
        if let Ok(value) = HeaderValue::from_str(&format!("Bearer {token}")) {
            self.headers.insert(reqwest::header::AUTHORIZATION, value);
        }
    }

    /// The hub's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The headers that say who calls.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Reads something.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        read(self.send(Method::GET, path, None).await?).await
    }

    /// Posts something.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: Value) -> Result<T, Error> {
        read(self.send(Method::POST, path, Some(body)).await?).await
    }

    /// Changes something.
    pub async fn patch<T: DeserializeOwned>(&self, path: &str, body: Value) -> Result<T, Error> {
        read(self.send(Method::PATCH, path, Some(body)).await?).await
    }

    /// Sends any request; a refusal is an error.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<reqwest::Response, Error> {
        let response = self.raw(method, path, body).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        Err(refusal(status, response).await)
    }

    /// Sends any request and gives whatever comes back.
    pub async fn raw(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<reqwest::Response, Error> {
        let mut request =
            self.client.request(method, format!("{}{path}", self.base)).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.map_err(|_| Error::Unreachable(self.base.clone()))
    }

    /// Uploads a file.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<crate::protocol::Attachment, Error> {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().part("file", part);
        let request = self.client.post(format!("{}/v1/files", self.base)).headers(self.headers.clone());
        let response =
            request.multipart(form).send().await.map_err(|_| Error::Unreachable(self.base.clone()))?;
        match response.status() {
            status if status.is_success() => read(response).await,
            status => Err(refusal(status, response).await),
        }
    }
}

/// A client with the hub's own kind of TLS.
fn client() -> reqwest::Client {
    // An error says that somebody was first, with the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

async fn refusal(status: StatusCode, response: reqwest::Response) -> Error {
    let body: Value = response.json().await.unwrap_or(Value::Null);
    Error::Refused {
        code: body["code"].as_str().unwrap_or("unknown").to_owned(),
        message: body["detail"].as_str().unwrap_or("the hub refused").to_owned(),
        status: status.as_u16(),
    }
}

async fn read<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, Error> {
    let text = response.text().await.map_err(|error| Error::Unreadable(error.to_string()))?;
    let text = if text.is_empty() { "null" } else { &text };
    serde_json::from_str(text).map_err(|error| Error::Unreadable(error.to_string()))
}

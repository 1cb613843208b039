//! Where requests to models leave: no retries of its own, refusals read shortly, answers limited in length.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_openai::error::OpenAIError;
use async_openai::middleware::HttpRequestFactory;
use futures_util::StreamExt as _;

use super::Failure;

/// Bytes of a streamed answer that are read at most.
const LONGEST_ANSWER: usize = 1024 * 1024;
/// Bytes of a refusal that are read, and characters that are kept of it.
const LONGEST_REFUSAL: usize = 4096;
const SHOWN: usize = 200;
/// The longest pause that a server may ask for and be believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Sends a request as the vendor's client made it.
#[derive(Clone)]
pub(super) struct Door {
    client: reqwest::Client,
}

impl Door {
    pub(super) fn new(client: reqwest::Client) -> Door {
        Door { client }
    }
}

impl tower::Service<HttpRequestFactory> for Door {
    type Response = reqwest::Response;
    type Error = OpenAIError;
    type Future = Pin<Box<dyn Future<Output = Result<reqwest::Response, OpenAIError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OpenAIError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, factory: HttpRequestFactory) -> Self::Future {
        let client = self.client.clone();
        Box::pin(async move {
            let request = factory.build().await?;
            let response = client.execute(request).await.map_err(|error| boxed(unreachable(&error)))?;
            match response.status().is_success() {
                true => Ok(limited(response)),
                false => Err(boxed(refusal(response).await)),
            }
        })
    }
}

/// What became of a call, as the vendor's client hands it on.
pub(super) fn failure_of(error: OpenAIError) -> Failure {
    match error {
        OpenAIError::Boxed(inner) => match inner.downcast::<Failure>() {
            Ok(failure) => *failure,
            Err(_) => Failure::Broken("could not be read"),
        },
        OpenAIError::Reqwest(error) => unreachable(&error),
        // Their texts may hold the answer, which belongs into no log.
        OpenAIError::JSONDeserialize(..) => Failure::Broken("is not what the API promises"),
        OpenAIError::StreamError(_) => Failure::Broken("broke off"),
        _ => Failure::Broken("could not be read"),
    }
}

fn boxed(failure: Failure) -> OpenAIError {
    OpenAIError::Boxed(Box::new(failure))
}

/// Why a call failed, without the address: it may hold a key.
fn unreachable(error: &reqwest::Error) -> Failure {
    Failure::Unreachable(match () {
        () if error.is_timeout() => "no answer in time".to_owned(),
        () if error.is_connect() => "cannot connect".to_owned(),
        () => "the call failed".to_owned(),
    })
}

async fn refusal(mut response: reqwest::Response) -> Failure {
    let status = response.status().as_u16();
    let pause = response.headers().get(reqwest::header::RETRY_AFTER).and_then(|value| {
        let seconds: u64 = value.to_str().ok()?.trim().parse().ok()?;
        Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
    });
    match status {
        429 => return Failure::Limited(pause),
        503 if pause.is_some() => return Failure::Limited(pause),
        408 | 425 | 500.. => return Failure::Fault(status),
        _ => {}
    }
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk[..chunk.len().min(LONGEST_REFUSAL - body.len())]);
        if body.len() >= LONGEST_REFUSAL {
            break;
        }
    }
    let text = String::from_utf8_lossy(&body);
    let read: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let says = read.as_ref().and_then(|read| read.pointer("/error/message")?.as_str()).unwrap_or(&text);
    let says = says.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect();
    Failure::Refused { status, says }
}

/// The same response, whose body ends with an error where it gets too long.
fn limited(response: reqwest::Response) -> reqwest::Response {
    let status = response.status();
    let headers = response.headers().clone();
    let mut read = 0_usize;
    let body = response.bytes_stream().map(move |chunk| {
        let chunk = chunk.map_err(std::io::Error::other)?;
        read = read.saturating_add(chunk.len());
        match read > LONGEST_ANSWER {
            true => Err(std::io::Error::other("the answer is too long")),
            false => Ok(chunk),
        }
    });
    let mut limited = http::Response::new(reqwest::Body::wrap_stream(body));
    *limited.status_mut() = status;
    *limited.headers_mut() = headers;
    limited.into()
}

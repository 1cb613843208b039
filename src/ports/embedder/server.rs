//! A server that speaks OpenAI's embeddings API: OpenAI itself, Ollama, vLLM, llama.cpp and many more.
//!
//! Their answers differ in what they leave out, so only what is needed is read.

use std::time::Duration;

use super::service::EmbedError;

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// The address up to `/v1`.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// The key, if it wants one.
    pub key: Option<String>,
    /// How long a customer's question may wait.
    pub question: Duration,
    /// How long a batch of passages may take.
    pub batch: Duration,
}

/// Bytes of an answer that are read at most: 256 vectors of 4096 numbers in words.
const LONGEST_ANSWER: usize = 32 * 1024 * 1024;
/// Characters of a refusal that are shown.
const SHOWN: usize = 200;

pub(super) struct Server {
    client: reqwest::Client,
    address: String,
    settings: ServerSettings,
}

#[derive(serde::Serialize)]
struct Asked<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
}

#[derive(serde::Deserialize)]
struct Answer {
    data: Vec<Embedded>,
}

#[derive(serde::Deserialize)]
struct Embedded {
    /// Some servers leave it out and answer in order.
    index: Option<usize>,
    embedding: Vec<f32>,
}

impl Server {
    pub(super) fn new(settings: ServerSettings) -> Result<Self, EmbedError> {
        let address = format!("{}/embeddings", settings.url.trim_end_matches('/'));
        // What encrypts is chosen once per process; an error says that it was chosen before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| EmbedError::Refused(error.to_string()))?;
        Ok(Self { client, address, settings })
    }

    pub(super) fn settings(&self) -> &ServerSettings {
        &self.settings
    }

    /// One vector for each text, as the server gives them.
    pub(super) async fn embed(
        &self,
        texts: &[&str],
        patience: Duration,
    ) -> Result<Vec<Vec<f32>>, EmbedError> {
        let asked = Asked { model: &self.settings.model, input: texts, encoding_format: "float" };
        let mut request = self.client.post(&self.address).timeout(patience).json(&asked);
        if let Some(key) = &self.settings.key {
            request = request.bearer_auth(key);
        }
        let response = request.send().await.map_err(|error| EmbedError::Down(reason(&error)))?;
        let status = response.status();
        let body = read(response).await?;
        if status.is_success() {
            return vectors(&body, texts.len());
        }
        let says: String = String::from_utf8_lossy(&body).chars().take(SHOWN).collect();
        let says = format!("{status}: {says}");
        match status.as_u16() {
            408 | 425 | 429 | 500.. => Err(EmbedError::Down(says)),
            401 | 403 | 404 => {
                Err(EmbedError::Down(format!("{says} (look at [embeddings] in the settings)")))
            }
            _ => Err(EmbedError::Refused(says)),
        }
    }
}

/// Why a call failed, without the address: it may hold a key.
fn reason(error: &reqwest::Error) -> String {
    let kind = match () {
        () if error.is_timeout() => "no answer in time",
        () if error.is_connect() => "cannot connect",
        () => "the call failed",
    };
    let source = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    format!("{kind}{source}")
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, EmbedError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| EmbedError::Down(reason(&error)))? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(EmbedError::Shape("the answer is too long".to_owned()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The vectors of an answer in the order of the texts.
fn vectors(body: &[u8], texts: usize) -> Result<Vec<Vec<f32>>, EmbedError> {
    let answer: Answer =
        serde_json::from_slice(body).map_err(|error| EmbedError::Shape(error.to_string()))?;
    let mut vectors = vec![Vec::new(); texts];
    for (place, one) in answer.data.into_iter().enumerate() {
        match vectors.get_mut(one.index.unwrap_or(place)) {
            Some(vector) => *vector = one.embedding,
            None => return Err(EmbedError::Shape("more vectors than texts".to_owned())),
        }
    }
    match vectors.iter().all(|vector| !vector.is_empty()) {
        true => Ok(vectors),
        false => Err(EmbedError::Shape("a text has no vector".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_with_and_without_places() {
        let turned = br#"{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}],"usage":null}"#;
        assert_eq!(vectors(turned, 2).ok(), Some(vec![vec![1.0], vec![2.0]]));
        let plain = br#"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#;
        assert_eq!(vectors(plain, 2).ok(), Some(vec![vec![1.0], vec![2.0]]));
    }

    #[test]
    fn an_answer_that_does_not_fit_is_refused() {
        for body in ["{}", "[1]", r#"{"data":[]}"#, r#"{"data":[{"index":7,"embedding":[1]}]}"#] {
            assert!(matches!(vectors(body.as_bytes(), 1), Err(EmbedError::Shape(_))), "{body}");
        }
    }
}

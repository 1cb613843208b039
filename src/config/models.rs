//! Settings of what drafts: models of language, tools from elsewhere, and where their traces go.

/// Models of language that draft, and how far they may go.
#[derive(Debug, Clone, serde::Deserialize)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Models {
    pub enabled: bool,
    pub order: String,
    pub first_token_ms: u64,
    pub idle_ms: u64,
    pub total_ms: u64,
    pub retries: u32,
    pub retry_after_seconds: u64,
    pub failures: u32,
    pub rest_seconds: u64,
    pub at_once: usize,
    pub tokens_per_day: u64,
    pub prompt_tokens: usize,
    pub answer_tokens: usize,
    pub steps: usize,
    pub currency: String,
    /// The providers by name.
    #[serde(flatten)]
    pub providers: std::collections::BTreeMap<String, ModelProvider>,
}

/// A server with OpenAI's chat API, and a model there.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct ModelProvider {
    pub address: String,
    pub model: String,
    #[serde(default)]
    pub key: String,
    #[serde(default = "ModelProvider::tools_unless_said")]
    pub tools: bool,
    #[serde(default = "ModelProvider::temperature_unless_said")]
    pub temperature: f64,
    #[serde(default)]
    pub input_price: f64,
    #[serde(default)]
    pub output_price: f64,
}

impl Models {
    /// The providers in the order they are asked: that of `order`, else that of their names.
    pub fn chain(&self) -> Result<Vec<(&str, &ModelProvider)>, String> {
        let named: Vec<&str> = self.order.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
        if named.is_empty() {
            return Ok(self.providers.iter().map(|(name, set)| (name.as_str(), set)).collect());
        }
        let find = |name: &str| {
            let found = self.providers.get_key_value(name).map(|(name, set)| (name.as_str(), set));
            found.ok_or_else(|| format!("models.order names {name:?}, but there is no [models.{name}]"))
        };
        named.into_iter().map(find).collect()
    }
}

impl ModelProvider {
    /// Whether its model can call tools, if nobody says so.
    pub const fn tools_unless_said() -> bool {
        true
    }

    /// How freely it chooses words, if nobody says so.
    pub const fn temperature_unless_said() -> f64 {
        0.2
    }

    /// The server's host and port, without what else an address may hold.
    pub fn host(&self) -> String {
        let rest = self.address.split_once("://").map_or(self.address.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        authority.rsplit('@').next().unwrap_or_default().to_owned()
    }

    /// What is wrong with it, if anything.
    pub fn problem(&self) -> Option<&'static str> {
        let is_web = self.address.starts_with("http://") || self.address.starts_with("https://");
        match () {
            () if !is_web || self.host().is_empty() => {
                Some("address must be the server's address up to its version: http://localhost:11434/v1")
            }
            () if self.model.trim().is_empty() => Some("model must name a model of that server"),
            () => None,
        }
    }
}

/// Tools from servers elsewhere, and how far they may go.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Tools {
    pub outside: bool,
    pub call_ms: u64,
    pub at_once: usize,
    pub answer_chars: usize,
}

/// Where traces of turns go.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is explained in config.default.toml")]
pub struct Traces {
    pub endpoint: String,
    pub headers: String,
    pub texts: bool,
    pub queue: usize,
}

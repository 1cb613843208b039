//! The chat API as servers speak it. What they send is read leniently: only what is needed, and anything may
//! be absent.

use serde_json::{Value, json};

use super::{Ask, Call, Message, ToolSpec};
use crate::config::ModelProvider;

/// Calls of tools that one answer may hold; more are not read.
const MOST_CALLS: usize = 8;
/// Bytes of one call's arguments.
const LONGEST_ARGUMENTS: usize = 16 * 1024;

/// The request for an answer.
pub(super) fn request(set: &ModelProvider, ask: &Ask<'_>) -> Value {
    let mut body = json!({
        "model": set.model,
        "messages": ask.messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
        "stream_options": { "include_usage": true },
        "max_tokens": ask.answer_tokens,
    });
    // Below zero: the provider's models refuse it, whatever is wished.
    if set.temperature >= 0.0 {
        body["temperature"] = json!(ask.temperature.unwrap_or(set.temperature));
    }
    if set.tools && !ask.tools.is_empty() {
        body["tools"] = ask.tools.iter().map(tool).collect();
    }
    body
}

fn message(message: &Message) -> Value {
    match message {
        Message::System(text) => json!({ "role": "system", "content": text }),
        Message::User(text) => json!({ "role": "user", "content": text }),
        Message::Assistant { text, calls } => {
            let mut body = json!({ "role": "assistant", "content": text });
            if !calls.is_empty() {
                body["tool_calls"] = calls
                    .iter()
                    .map(|call| {
                        json!({ "id": call.id, "type": "function",
                            "function": { "name": call.name, "arguments": call.arguments } })
                    })
                    .collect();
            }
            body
        }
        Message::Tool { call, text } => json!({ "role": "tool", "tool_call_id": call, "content": text }),
    }
}

fn tool(tool: &ToolSpec) -> Value {
    json!({ "type": "function", "function": {
        "name": tool.name, "description": tool.description, "parameters": tool.parameters,
    } })
}

/// A piece of a streamed answer.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Usage>,
    error: Option<Value>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Choice {
    delta: Option<Delta>,
    /// Servers that do not stream send the whole message.
    message: Option<Delta>,
    finish_reason: Option<String>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Delta {
    content: Option<String>,
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct CallDelta {
    index: Option<usize>,
    id: Option<String>,
    function: Option<FunctionDelta>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct FunctionDelta {
    name: Option<String>,
    /// Text in pieces; a few servers send an object.
    arguments: Option<Value>,
}

/// What a call used, as the server counts.
#[derive(Debug, Clone, Copy, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Usage {
    pub(super) prompt_tokens: Option<i64>,
    pub(super) completion_tokens: Option<i64>,
}

/// An answer as its pieces come.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) text: String,
    pub(super) calls: Vec<Call>,
    pub(super) usage: Option<Usage>,
    pub(super) finish: Option<String>,
    thoughts: Thoughts,
}

impl Collected {
    /// Takes a piece; gives the text that came with it, or what the server complains of.
    pub(super) fn take(&mut self, chunk: Chunk) -> Result<String, String> {
        if let Some(error) = chunk.error {
            let says = error.get("message").and_then(Value::as_str).map(str::to_owned);
            return Err(says.unwrap_or_else(|| error.to_string()));
        }
        self.usage = chunk.usage.or(self.usage);
        let mut fresh = String::new();
        for choice in chunk.choices.into_iter().flatten().take(1) {
            let delta = choice.delta.or(choice.message).unwrap_or_default();
            if let Some(content) = delta.content {
                fresh.push_str(&self.thoughts.leave_out(&content));
            }
            for call in delta.tool_calls.into_iter().flatten() {
                self.take_call(call);
            }
            self.finish = choice.finish_reason.or(self.finish.take());
        }
        if self.finish.is_some() {
            fresh.push_str(&self.thoughts.rest());
        }
        self.text.push_str(&fresh);
        Ok(fresh)
    }

    fn take_call(&mut self, delta: CallDelta) {
        let at = match (delta.index, &delta.id) {
            (Some(index), _) => index,
            (None, Some(id)) => self.calls.iter().position(|call| call.id == *id).unwrap_or(self.calls.len()),
            (None, None) => self.calls.len().saturating_sub(1),
        };
        if at >= MOST_CALLS || at > self.calls.len() {
            return;
        }
        if at == self.calls.len() {
            self.calls.push(Call { id: format!("call_{at}"), name: String::new(), arguments: String::new() });
        }
        let call = &mut self.calls[at];
        if let Some(id) = delta.id.filter(|id| !id.is_empty()) {
            call.id = id;
        }
        let function = delta.function.unwrap_or_default();
        call.name.push_str(function.name.as_deref().unwrap_or_default());
        let more = match function.arguments {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text,
            Some(other) => other.to_string(),
        };
        if call.arguments.len() + more.len() <= LONGEST_ARGUMENTS {
            call.arguments.push_str(&more);
        }
    }
}

/// Leaves out what a model thinks aloud before it answers, between `<think>` and `</think>`.
#[derive(Debug, Default)]
struct Thoughts {
    state: Thinking,
    held: String,
}

#[derive(Debug, Default, PartialEq)]
enum Thinking {
    /// Nothing but blanks came yet.
    #[default]
    Unknown,
    Thinks,
    Answers,
}

impl Thoughts {
    const OPEN: &str = "<think>";
    const CLOSE: &str = "</think>";

    fn leave_out(&mut self, piece: &str) -> String {
        if self.state == Thinking::Answers {
            return piece.to_owned();
        }
        self.held.push_str(piece);
        if self.state == Thinking::Unknown {
            let begun = self.held.trim_start();
            if begun.starts_with(Self::OPEN) {
                self.state = Thinking::Thinks;
            } else if !Self::OPEN.starts_with(begun) {
                self.state = Thinking::Answers;
                return std::mem::take(&mut self.held);
            }
        }
        match self.held.split_once(Self::CLOSE) {
            Some((_, answer)) if self.state == Thinking::Thinks => {
                let answer = answer.trim_start().to_owned();
                self.held.clear();
                self.state = if answer.is_empty() { Thinking::Unknown } else { Thinking::Answers };
                answer
            }
            _ => String::new(),
        }
    }

    /// What was held back when the answer ended: text that only looked like the beginning of a thought.
    fn rest(&mut self) -> String {
        match self.state {
            Thinking::Unknown => std::mem::take(&mut self.held),
            Thinking::Thinks | Thinking::Answers => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(chunks: &[Value]) -> Result<Collected, String> {
        let mut collected = Collected::default();
        for chunk in chunks {
            collected.take(serde_json::from_value(chunk.clone()).expect("a chunk"))?;
        }
        Ok(collected)
    }

    fn said(text: &str) -> Value {
        json!({ "choices": [{ "delta": { "content": text } }] })
    }

    #[test]
    fn text_and_usage_are_read_from_pieces_that_lack_things() {
        let end = json!({ "id": null, "choices": [{ "delta": {}, "finish_reason": "stop" }], "usage": null });
        let usage = json!({ "choices": [], "usage": { "prompt_tokens": 7, "completion_tokens": 2 } });
        let got = collect(&[json!({}), said("Hel"), said("lo"), end, usage]).expect("it is an answer");
        assert_eq!((got.text.as_str(), got.finish.as_deref()), ("Hello", Some("stop")));
        assert_eq!(got.usage.and_then(|usage| usage.prompt_tokens), Some(7));
        let refused = collect(&[said("Hel"), json!({ "error": { "message": "overloaded", "code": 3 } })]);
        assert_eq!(refused.err().as_deref(), Some("overloaded"));
    }

    #[test]
    fn calls_are_put_together_from_pieces_with_and_without_index() {
        let call = |delta: Value| json!({ "choices": [{ "delta": { "tool_calls": [delta] } }] });
        let got = collect(&[
            call(json!({ "index": 0, "id": "a", "function": { "name": "find", "arguments": "{\"q\":" } })),
            call(json!({ "index": 0, "function": { "arguments": "\"x\"}" } })),
            call(json!({ "id": "b", "function": { "name": "look", "arguments": { "n": 1 } } })),
            call(json!({ "index": 900, "id": "z", "function": { "name": "far" } })),
        ])
        .expect("it is an answer");
        let calls: Vec<_> = got.calls.iter().map(|call| (&*call.id, &*call.name, &*call.arguments)).collect();
        assert_eq!(calls, [("a", "find", "{\"q\":\"x\"}"), ("b", "look", "{\"n\":1}")]);
    }

    #[test]
    fn what_a_model_thinks_aloud_is_left_out() {
        let end = json!({ "choices": [{ "delta": {}, "finish_reason": "stop" }] });
        let text = |pieces: &[&str]| {
            let mut chunks: Vec<Value> = pieces.iter().map(|piece| said(piece)).collect();
            chunks.push(end.clone());
            collect(&chunks).expect("it is an answer").text
        };
        assert_eq!(text(&["<th", "ink>He wants", " x</thi", "nk>\n\nHello"]), "Hello");
        assert_eq!(text(&["<th", "ree> apples"]), "<three> apples");
        assert_eq!(text(&["<t"]), "<t");
        assert_eq!(text(&["I <think> so"]), "I <think> so");
        assert_eq!(text(&["<think>for ever"]), "");
    }
}

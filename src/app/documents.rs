//! The documents that describe the socket protocol, generated from its types.

use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::protocol::{Close, Command, CommandFrame, CommandName, ErrorCode, ServerFrame};

/// The JSON Schema of everything that travels over a socket (`schemas/protocol.json`).
pub fn protocol_schema() -> Value {
    let mut generator = SchemaGenerator::default();
    let command = generator.subschema_for::<CommandFrame>();
    // By its own name too: clients build commands before they have a reference.
    generator.subschema_for::<Command>();
    let frame = generator.subschema_for::<ServerFrame>();
    let closes: Vec<Value> = Close::ALL.iter().map(close).collect();
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let commands: Vec<Value> = CommandName::ALL
        .iter()
        .map(|name| json!({ "cmd": name.as_str(), "staff_only": name.staff_only() }))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://concierge.example/schemas/protocol.json",
        "title": "Concierge socket protocol",
        "description": "A client sends `command` frames, the hub sends `frame` frames, each as one JSON text message.",
        "type": "object",
        "properties": { "command": command, "frame": frame },
        "x-commands": commands,
        "x-error-codes": codes,
        "x-close-codes": closes,
        "$defs": generator.take_definitions(true),
    })
}

fn close(close: &Close) -> Value {
    json!({ "code": close.code(), "reason": close.reason(), "come_back": close.come_back() })
}

/// The AsyncAPI document of the socket (`schemas/asyncapi.json`, AsyncAPI 3.0).
pub fn asyncapi() -> Value {
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Concierge socket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "One WebSocket for everything live. Commands carry a ref, replies echo it; events are \
                            durable and carry seq and prev; signals may be dropped.",
        },
        "channels": {
            "socket": {
                "address": "/v1/socket",
                "messages": {
                    "command": { "payload": { "$ref": "protocol.json#/properties/command" } },
                    "frame": { "payload": { "$ref": "protocol.json#/properties/frame" } },
                },
                "bindings": { "ws": { "method": "GET", "bindingVersion": "0.1.0" } },
            },
        },
        "operations": {
            "receiveCommand": {
                "action": "receive",
                "channel": { "$ref": "#/channels/socket" },
                "messages": [{ "$ref": "#/channels/socket/messages/command" }],
                "summary": "What a client may ask for.",
            },
            "sendFrame": {
                "action": "send",
                "channel": { "$ref": "#/channels/socket" },
                "messages": [{ "$ref": "#/channels/socket/messages/frame" }],
                "summary": "Replies, events and signals.",
            },
        },
    })
}

/// The schema of one type, for tests.
#[cfg(test)]
fn schema_of<T: schemars::JsonSchema>() -> Value {
    SchemaGenerator::default().into_root_schema_for::<T>().to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_the_schema() {
        let text = schema_of::<CommandFrame>().to_string();
        for name in CommandName::ALL {
            assert!(text.contains(&format!("\"{}\"", name.as_str())), "{} is missing", name.as_str());
        }
    }

    #[test]
    fn close_codes_are_unique_and_say_whether_to_come_back() {
        let mut codes: Vec<u16> = Close::ALL.iter().map(|close| close.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Close::ALL.len());
        assert!(
            Close::ALL
                .iter()
                .all(|close| (4000..5000).contains(&close.code()) && close.reason().len() <= 123)
        );
    }
}

//! A socket without manners: it sends any frame and shows what comes back as it is.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::PATIENCE;

/// A connection as it is on the wire.
pub struct Wire {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    asked: u32,
}

impl Wire {
    /// Opens a connection; a refusal before the upgrade gives its status and body.
    pub async fn open(base: &str, path: &str, headers: &[(&str, &str)]) -> Result<Wire, (u16, String)> {
        let address = format!("{}{path}", base.replacen("http", "ws", 1));
        let mut request = address.as_str().into_client_request().expect("an address");
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a header's name");
            request.headers_mut().insert(name, HeaderValue::from_str(value).expect("a header's value"));
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((stream, _)) => Ok(Wire { stream, asked: 0 }),
            Err(tungstenite::Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                Err((response.status().as_u16(), String::from_utf8_lossy(&body).into_owned()))
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Opens a visitor's connection and says hello.
    pub async fn visitor(base: &str, token: &str) -> Wire {
        let mut wire = Wire::open(base, "/v1/socket", &[]).await.expect("the socket opens");
        let (welcome, _) = wire.ask(json!({ "cmd": "hello", "token": token })).await;
        assert_eq!(welcome["ok"]["is"], "welcome", "{welcome}");
        wire
    }

    /// Opens a colleague's connection and says hello.
    pub async fn staff(caller: &concierge::client::Http) -> Wire {
        let cookie = caller.headers()[reqwest::header::COOKIE].to_str().expect("a cookie is text");
        let mut wire =
            Wire::open(caller.base(), "/v1/socket", &[("cookie", cookie)]).await.expect("it opens");
        let (welcome, _) = wire.ask(json!({ "cmd": "hello" })).await;
        assert_eq!(welcome["ok"]["is"], "welcome", "{welcome}");
        wire
    }

    /// Sends a text frame.
    pub async fn send(&mut self, text: impl Into<String>) {
        self.stream.send(Message::text(text.into())).await.expect("the frame leaves");
    }

    /// Sends any message; the hub may have hung up already.
    pub async fn send_message(&mut self, message: Message) -> Result<(), tungstenite::Error> {
        self.stream.send(message).await
    }

    /// The next frame of the protocol, or the code that the hub closed with.
    pub async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next());
            match next.await.expect("something comes in time") {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).expect("frames are JSON"));
                }
                Some(Ok(Message::Close(frame))) => {
                    let _ = self.stream.flush().await;
                    return Err(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    /// The next reply; other frames are dropped.
    pub async fn reply(&mut self) -> Value {
        loop {
            let frame = self.next().await.expect("the connection lives");
            if frame["type"] == "reply" {
                return frame;
            }
        }
    }

    /// Sends a command, with a reference if it has none; gives its reply and what came before it.
    pub async fn ask(&mut self, mut command: Value) -> (Value, Vec<Value>) {
        self.asked += 1;
        if command.get("ref").is_none() {
            command["ref"] = format!("wire-{}", self.asked).into();
        }
        self.send(command.to_string()).await;
        let mut others = Vec::new();
        loop {
            let frame = self.next().await.unwrap_or_else(|code| panic!("closed with {code} at {command}"));
            match frame["type"] == "reply" && frame["ref"] == command["ref"] {
                true => return (frame, others),
                false => others.push(frame),
            }
        }
    }

    /// The code that the hub closes with; what comes before is dropped.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }
}

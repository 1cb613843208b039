//! One connection: its greeting, its loop, its end.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use axum::http::HeaderMap;
use futures_util::{SinkExt, StreamExt};
use governor::clock::MonotonicClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::time::Sleep;

use crate::base::Timestamp;
use crate::conversations;
use crate::gateway::{Gateway, commands};
use crate::http::Problem;
use crate::hub::{Frame, Line, Next, Outgoing, Queue, encode};
use crate::identity::{Caller, Party, Visitor, check_visitor_origin};
use crate::protocol::{
    Close, Command, CommandName, ErrorCode, FrameError, MAX_KEY_BYTES, Outcome, ServerFrame, Welcome, You,
};
use crate::workspaces;

/// Frames written at once when several wait.
const COALESCE: usize = 64;

/// How long a peer has to take a close frame.
const FAREWELL: Duration = Duration::from_secs(1);

/// How many commands a connection may give. By the system's clock: the default one asks the processor what it is
/// each time it is made, which a virtual machine answers slowly.
type Commands = RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// A connection that has said hello.
pub(super) struct Connection {
    pub(super) gateway: Arc<Gateway>,
    pub(super) line: Arc<Line>,
    commands: Commands,
    strikes: u32,
}

/// Serves a socket until it ends.
pub(super) async fn serve(
    gateway: Arc<Gateway>,
    mut socket: WebSocket,
    caller: Option<Caller>,
    headers: HeaderMap,
) {
    let patience = Duration::from_secs(gateway.site.config.sockets.hello_seconds);
    let greeting = Box::pin(greet(&gateway, &mut socket, caller, &headers));
    let greeted = tokio::time::timeout(patience, greeting).await;
    let (reference, party, welcome) = match greeted {
        Ok(Ok(Some(greeting))) => greeting,
        Ok(Ok(None)) => return,
        Ok(Err(reason)) => return Box::pin(farewell(&mut socket, reason)).await,
        Err(_) => return Box::pin(farewell(&mut socket, Close::HelloTimeout)).await,
    };
    // What the greeting needed is not kept for as long as the connection lives.
    drop(headers);
    let sockets = &gateway.site.config.sockets;
    let ends_at = match &party {
        Party::Staff(caller) => caller.expires_at,
        Party::Visitor(visitor) => visitor.expires_at,
    };
    let (line, mut queue) = gateway.hub.open_line(party, sockets.queue_frames, sockets.queue_bytes);
    line.send(Outgoing::Reply(reply(reference, Ok(Outcome::Welcome(welcome)))));
    let quota = Quota::per_second(sockets.per_second).allow_burst(sockets.burst);
    let mut connection = Connection {
        gateway: gateway.clone(),
        line: line.clone(),
        commands: Commands::direct_with_clock(quota, MonotonicClock),
        strikes: 0,
    };
    let reason = connection.run(&mut socket, &mut queue, ends_at).await;
    gateway.hub.close_line(&line);
    if let Some(reason) = reason {
        // The last words (a refusal, when to come back) go out before the close frame.
        if matches!(reason, Close::Draining | Close::Strikes) {
            let last_words = write_waiting(&mut socket, &mut queue);
            // A peer that does not take them within the time has gone.
            let _ = tokio::time::timeout(FAREWELL, last_words).await;
        }
        Box::pin(farewell(&mut socket, reason)).await;
    }
}

type Greeting = (String, Party, Welcome);

/// Waits for `hello` and finds out who is there. `None`: the peer has gone.
async fn greet(
    gateway: &Gateway,
    socket: &mut WebSocket,
    caller: Option<Caller>,
    headers: &HeaderMap,
) -> Result<Option<Greeting>, Close> {
    for _ in 0..gateway.site.config.sockets.strikes.max(1) {
        let text = match socket.recv().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Binary(_))) => return Err(Close::Unauthenticated),
            Some(Ok(Message::Close(_))) | None => return Ok(None),
            Some(Err(error)) => return broken(&error).map_or(Ok(None), Err),
        };
        let (reference, command) = read_command(&text);
        let refused = match command {
            Ok(Command::Hello { token }) => match welcome(gateway, caller.clone(), token, headers).await {
                Ok((party, welcome)) => return Ok(Some((reference, party, welcome))),
                Err(problem) => problem,
            },
            Ok(_) => Problem::new(ErrorCode::HelloFirst, "say hello first"),
            Err(problem) => problem,
        };
        let fatal = matches!(refused.code, ErrorCode::Unauthenticated | ErrorCode::OriginNotAllowed);
        let frame = reply(reference, Err(refused));
        if socket.send(Message::Text(frame)).await.is_err() {
            return Ok(None);
        }
        if fatal {
            return Err(Close::Unauthenticated);
        }
    }
    Err(Close::Strikes)
}

async fn welcome(
    gateway: &Gateway,
    caller: Option<Caller>,
    token: Option<String>,
    headers: &HeaderMap,
) -> Result<(Party, Welcome), Problem> {
    let site = &gateway.site;
    let party = match (token, caller) {
        (Some(token), _) => Party::Visitor(Visitor::from_token(site, &token)?),
        (None, Some(caller)) => Party::Staff(caller),
        (None, None) => {
            return Err(Problem::new(ErrorCode::Unauthenticated, "give a visitor's token, or sign in first"));
        }
    };
    let cx = party.cx(&site.ports);
    let you = match &party {
        Party::Staff(caller) => You::Staff { id: caller.staff, name: caller.name.clone(), role: caller.role },
        Party::Visitor(visitor) => {
            let mut tx = site.ports.db.read().await?;
            let allowed = workspaces::allowed_origins(&mut tx, visitor.workspace).await?;
            check_visitor_origin(headers, site, &allowed)?;
            let conversation = conversations::open_of(&cx, &mut tx, visitor.contact).await?;
            You::Contact { id: visitor.contact, conversation }
        }
    };
    let ping_ms = site.config.sockets.ping_seconds * 1_000;
    Ok((party, Welcome { you, workspace: cx.workspace, epoch: site.epoch.to_string(), ping_ms }))
}

impl Connection {
    /// Runs until the peer goes (`None`) or the hub wants the connection closed.
    async fn run(&mut self, socket: &mut WebSocket, queue: &mut Queue, ends_at: Timestamp) -> Option<Close> {
        let period = Duration::from_secs(self.gateway.site.config.sockets.ping_seconds);
        let mut end_of_token = self.end_of_token(ends_at, period);
        let mut heard_at = tokio::time::Instant::now();
        loop {
            tokio::select! {
                biased;
                next = queue.next() => {
                    let first = match next {
                        Next::Frame(frame) => Message::Text(frame),
                        Next::Ping if heard_at.elapsed() > period * 2 => return Some(Close::Unresponsive),
                        Next::Ping => {
                            end_of_token = end_of_token.or_else(|| self.end_of_token(ends_at, period));
                            Message::Ping(bytes::Bytes::new())
                        }
                        Next::Close(reason) => return Some(reason),
                    };
                    tokio::select! {
                        biased;
                        written = write(socket, queue, first) => written.ok()?,
                        reason = self.line.closing() => return Some(reason),
                    }
                }
                message = socket.recv() => {
                    heard_at = tokio::time::Instant::now();
                    match message {
                        // In a box: it is as large as everything else that a waiting connection keeps.
                        Some(Ok(Message::Text(text))) => Box::pin(self.take(&text)).await?,
                        Some(Ok(Message::Binary(_))) => {
                            let refused = Problem::new(ErrorCode::MalformedFrame, "send JSON as text, not binary");
                            self.answer(String::new(), Err(refused));
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                        Some(Ok(Message::Close(_))) | None => return None,
                        Some(Err(error)) => return broken(&error),
                    }
                }
                () = wait_for(&mut end_of_token) => return Some(Close::TokenExpired),
            }
        }
    }

    /// Until the token ends, if that is before the ping after the next: most connections have no alarm set.
    fn end_of_token(&self, ends_at: Timestamp, period: Duration) -> Option<Pin<Box<Sleep>>> {
        let left = ends_at.since(self.gateway.site.ports.now());
        (left <= period * 2).then(|| Box::pin(tokio::time::sleep(left)))
    }

    /// Takes one command. `None` ends the loop; a reason to close was left with the line.
    async fn take(&mut self, text: &str) -> Option<()> {
        let arrived = std::time::Instant::now();
        let (reference, command) = read_command(text);
        if self.commands.check().is_err() {
            let refused =
                Problem::new(ErrorCode::RateLimited, "too many commands; wait a moment").retry_after(1_000);
            self.answer(reference, Err(refused));
            return Some(());
        }
        match command {
            Err(problem) => self.answer(reference, Err(problem)),
            Ok(command) => {
                let name = command.name();
                let result = commands::run(self, &reference, command).await;
                if let Some(result) = result.transpose() {
                    self.answer(reference, result);
                }
                if name == CommandName::Send {
                    metrics::histogram!("concierge_ack_seconds").record(arrived.elapsed().as_secs_f64());
                }
            }
        }
        Some(())
    }

    fn answer(&mut self, reference: String, result: Result<Outcome, Problem>) {
        if let Err(problem) = &result {
            metrics::counter!("concierge_refused_total", "code" => problem.code.as_str()).increment(1);
            self.strikes += 1;
            if self.strikes >= self.gateway.site.config.sockets.strikes {
                self.line.send(Outgoing::Reply(reply(reference, result)));
                self.line.close(Close::Strikes);
                return;
            }
        } else {
            self.strikes = self.strikes.saturating_sub(1);
        }
        self.line.send(Outgoing::Reply(reply(reference, result)));
    }
}

/// Writes a frame and those that wait behind it in one go.
async fn write(socket: &mut WebSocket, queue: &mut Queue, first: Message) -> Result<(), axum::Error> {
    socket.feed(first).await?;
    for _ in 1..COALESCE {
        match queue.next_now() {
            Some(frame) => socket.feed(Message::Text(frame)).await?,
            None => break,
        }
    }
    socket.flush().await
}

/// Writes everything that waits.
async fn write_waiting(socket: &mut WebSocket, queue: &mut Queue) -> Result<(), axum::Error> {
    while let Some(frame) = queue.next_now() {
        write(socket, queue, Message::Text(frame)).await?;
    }
    Ok(())
}

/// Waits for an alarm; for ever if none is set.
async fn wait_for(alarm: &mut Option<Pin<Box<Sleep>>>) {
    match alarm {
        Some(alarm) => alarm.await,
        None => std::future::pending().await,
    }
}

/// Reads a command and, even from a broken one, the reference that its reply will echo.
pub fn read_command(text: &str) -> (String, Result<Command, Problem>) {
    #[derive(serde::Deserialize)]
    struct Head {
        #[serde(rename = "ref", default)]
        reference: Option<String>,
        #[serde(default)]
        cmd: Option<String>,
    }
    // A list would do for a struct as well, but it is no command.
    if !text.trim_start().starts_with('{') {
        let detail = "the frame is not a command: send a JSON object";
        return (String::new(), Err(Problem::new(ErrorCode::MalformedFrame, detail)));
    }
    let head: Head = match serde_json::from_str(text) {
        Ok(head) => head,
        Err(error) => {
            let code = if error.is_data() { ErrorCode::InvalidField } else { ErrorCode::MalformedFrame };
            let detail = format!("the frame is not a command: {error}");
            return (String::new(), Err(Problem::new(code, detail)));
        }
    };
    let reference = head.reference.unwrap_or_default();
    if reference.is_empty() || reference.len() > MAX_KEY_BYTES {
        let detail = format!("ref must be 1 to {MAX_KEY_BYTES} bytes");
        return (String::new(), Err(Problem::new(ErrorCode::InvalidField, detail)));
    }
    let Some(cmd) = head.cmd else {
        return (reference, Err(Problem::new(ErrorCode::InvalidField, "cmd is missing")));
    };
    let Some(name) = CommandName::of(&cmd) else {
        let detail = format!("{cmd:?} is not a command of this protocol");
        return (reference, Err(Problem::new(ErrorCode::UnknownCommand, detail)));
    };
    let command = Command::read(name, text)
        .map_err(|error| Problem::new(ErrorCode::InvalidField, format!("{cmd}: {error}")));
    (reference, command)
}

/// Encodes the reply to a command.
pub(super) fn reply(reference: String, result: Result<Outcome, Problem>) -> Frame {
    let (ok, error) = match result {
        Ok(outcome) => (Some(Box::new(outcome)), None),
        Err(problem) => (None, Some(FrameError::from(problem))),
    };
    encode(&ServerFrame::Reply { reference, ok, error })
}

/// What a broken socket deserves: a reason for a frame that was too large, nothing for one that has gone.
fn broken(error: &axum::Error) -> Option<Close> {
    let text = error.to_string();
    (text.contains("too long") || text.contains("too big") || text.contains("Space limit"))
        .then_some(Close::TooLarge)
}

/// Says why the connection ends.
async fn farewell(socket: &mut WebSocket, reason: Close) {
    metrics::counter!("concierge_sockets_closed_total", "code" => reason.code().to_string()).increment(1);
    let frame = CloseFrame { code: reason.code(), reason: Utf8Bytes::from_static(reason.reason()) };
    let goodbye = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            // Waits for the peer's own close frame, so that ours is not lost in a reset.
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    // A peer that does not take it within the time has gone.
    let _ = tokio::time::timeout(FAREWELL, goodbye).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that a call keeps while it waits.
    fn kept<A, B, C, D, F>(_: impl FnOnce(A, B, C, D) -> F) -> usize {
        size_of::<F>()
    }

    /// Ten thousand people who wait are ten thousand of these.
    #[test]
    fn a_connection_that_waits_is_small() {
        let kept = kept(serve);
        assert!(kept <= 2560, "{kept} bytes");
    }
}

//! The socket side of a client.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use reqwest::header::HeaderValue;
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::client::{Error, Http};
use crate::protocol::{Command, CommandFrame, Outcome, ServerFrame, Welcome};

/// Bytes a connection keeps for reading. The library fills them with zeros before each read: with its default of
/// 128 KiB that was 29 % of the load tester's work.
const READ_BUFFER: usize = 4 * 1024;

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What messages travel on.
pub type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// One connection to the hub.
pub struct Socket {
    stream: Stream,
    next_reference: u64,
    waiting: VecDeque<ServerFrame>,
}

impl Socket {
    /// Opens a connection with the caller's headers; says nothing yet.
    pub async fn open(caller: &Http) -> Result<Socket, Error> {
        let address = format!("{}/v1/socket", caller.base().replacen("http", "ws", 1));
        let stream =
            connect(&address, caller.headers().get(reqwest::header::COOKIE), caller.source()).await?;
        Ok(Socket { stream, next_reference: 1, waiting: VecDeque::new() })
    }

    /// Opens a connection as staff and says hello.
    pub async fn staff(caller: &Http) -> Result<(Socket, Welcome), Error> {
        let mut socket = Socket::open(caller).await?;
        let welcome = socket.hello(None).await?;
        Ok((socket, welcome))
    }

    /// Opens a connection as a visitor and says hello.
    pub async fn visitor(base: &str, token: &str) -> Result<(Socket, Welcome), Error> {
        let mut socket = Socket::open(&Http::anonymous(base)).await?;
        let welcome = socket.hello(Some(token.to_owned())).await?;
        Ok((socket, welcome))
    }

    /// Says hello: with a token as its visitor, without one as whom the connection's cookie names.
    pub async fn hello(&mut self, token: Option<String>) -> Result<Welcome, Error> {
        match self.ask(Command::Hello { token }).await? {
            Outcome::Welcome(welcome) => Ok(welcome),
            other => Err(Error::Unreadable(format!("{other:?}"))),
        }
    }

    /// Sends a command and waits for its reply. What comes in between is kept for `next`.
    pub async fn ask(&mut self, command: Command) -> Result<Outcome, Error> {
        let reference = self.send(command).await?;
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let frame = tokio::time::timeout_at(deadline, self.receive())
                .await
                .map_err(|_| Error::TimedOut(PATIENCE))??;
            match frame {
                ServerFrame::Reply { reference: of, ok, error } if of == reference => {
                    return match (ok, error) {
                        (Some(outcome), _) => Ok(*outcome),
                        (None, Some(error)) => Err(Error::Refused {
                            code: error.code.as_str().to_owned(),
                            message: error.message,
                            status: 0,
                        }),
                        (None, None) => Err(Error::Unreadable("an empty reply".to_owned())),
                    };
                }
                other => self.waiting.push_back(other),
            }
        }
    }

    /// Sends a command without waiting; gives its reference.
    pub async fn send(&mut self, command: Command) -> Result<String, Error> {
        let reference = self.next_reference.to_string();
        self.next_reference += 1;
        let frame = CommandFrame { reference: reference.clone(), command };
        let text = serde_json::to_string(&frame).map_err(|error| Error::Unreadable(error.to_string()))?;
        self.send_text(&text).await?;
        Ok(reference)
    }

    /// Sends any text as a frame.
    pub async fn send_text(&mut self, text: &str) -> Result<(), Error> {
        self.stream.send(Message::text(text)).await.map_err(|error| closed(&error))
    }

    /// The next frame: one that was kept, or the next that comes.
    pub async fn next(&mut self) -> Result<ServerFrame, Error> {
        match self.waiting.pop_front() {
            Some(frame) => Ok(frame),
            None => self.receive().await,
        }
    }

    /// The first frame, from here on, that `wanted` takes; others are dropped.
    pub async fn find<T>(
        &mut self,
        within: Duration,
        mut wanted: impl FnMut(ServerFrame) -> Option<T>,
    ) -> Result<T, Error> {
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let frame = tokio::time::timeout_at(deadline, self.next())
                .await
                .map_err(|_| Error::TimedOut(within))??;
            if let Some(found) = wanted(frame) {
                return Ok(found);
            }
        }
    }

    /// Closes the connection.
    pub async fn close(mut self) {
        // The hub may have closed it already.
        let _ = self.stream.close(None).await;
    }

    async fn receive(&mut self) -> Result<ServerFrame, Error> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text)
                        .map_err(|error| Error::Unreadable(format!("{error}: {text}")));
                }
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) = frame
                        .map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                    // Finishes the closing handshake.
                    let _ = self.stream.flush().await;
                    return Err(Error::Closed { code, reason });
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(closed(&error)),
                None => return Err(Error::Closed { code: 1006, reason: String::new() }),
            }
        }
    }
}

/// Opens a WebSocket at an address, with a cookie and from one of this machine's addresses if they are given.
pub async fn connect(
    address: &str,
    cookie: Option<&HeaderValue>,
    source: Option<IpAddr>,
) -> Result<Stream, Error> {
    let unreachable = |_: tungstenite::Error| Error::Unreachable(address.to_owned());
    let mut request = address.into_client_request().map_err(unreachable)?;
    if let Some(cookie) = cookie {
        request.headers_mut().insert("cookie", cookie.clone());
    }
    let config = Some(WebSocketConfig::default().read_buffer_size(READ_BUFFER));
    let connected = match source {
        // Nothing is held back to be sent with something later.
        None => tokio_tungstenite::connect_async_with_config(request, config, true).await,
        Some(source) => {
            let stream = connect_from(source, request.uri()).await;
            let stream = stream.ok_or_else(|| Error::Unreachable(address.to_owned()))?;
            tokio_tungstenite::client_async_with_config(request, MaybeTlsStream::Plain(stream), config).await
        }
    };
    let (stream, _) = connected.map_err(|error| match error {
        tungstenite::Error::Http(response) => Error::Refused {
            code: "handshake".to_owned(),
            message: "the hub refused the socket".to_owned(),
            status: response.status().as_u16(),
        },
        _ => Error::Unreachable(address.to_owned()),
    })?;
    Ok(stream)
}

/// A connection that leaves from a chosen address. `None`: it cannot be made.
async fn connect_from(source: IpAddr, to: &tungstenite::http::Uri) -> Option<TcpStream> {
    let place = (to.host()?, to.port_u16().unwrap_or(80));
    let address = tokio::net::lookup_host(place).await.ok()?.find(|to| to.is_ipv4() == source.is_ipv4())?;
    let socket = if source.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.ok()?;
    socket.set_nodelay(true).ok()?;
    socket.bind(SocketAddr::new(source, 0)).ok()?;
    socket.connect(address).await.ok()
}

fn closed(error: &tungstenite::Error) -> Error {
    Error::Closed { code: 1006, reason: error.to_string() }
}

//! `concierge chat`: a customer in a terminal.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};

use crate::base::{Actor, ConversationId};
use crate::cli::{Failure, say};
use crate::client::{Error, Http, Socket};
use crate::protocol::{Command, Content, Outcome, ServerFrame, Signal, You};

/// Writes to a business as a customer, line by line.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The hub's address.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    hub: String,
    /// The business's slug.
    #[arg(long, default_value = "northgate")]
    workspace: String,
    /// The customer's name.
    #[arg(long)]
    name: Option<String>,
}

/// Runs until the input ends.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let who = serde_json::json!({ "name": arguments.name });
    let (_, visit) = Http::visit(&arguments.hub, &arguments.workspace, who).await?;
    let (mut socket, welcome) = Socket::visitor(&arguments.hub, &visit.token).await?;
    let mut conversation = match welcome.you {
        You::Contact { conversation, .. } => conversation,
        You::Staff { .. } => None,
    };
    if let Some(conversation) = conversation {
        join(&mut socket, conversation).await?;
    }
    say("Write a line and press Enter. /person asks for a person, Ctrl-D ends.");
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut sent = 0_u32;
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line.map_err(Failure::failed)? else { break };
                if line.trim().is_empty() {
                    continue;
                }
                match (line.trim(), conversation) {
                    ("/person", Some(conversation)) => {
                        socket.ask(Command::AskForPerson { conversation }).await?;
                    }
                    _ => {
                        sent += 1;
                        let client_id = format!("{}-{sent}", visit.token.get(..12).unwrap_or("chat"));
                        let send = Command::Send { conversation, client_id, body: line, files: Vec::new() };
                        match socket.ask(send).await {
                            Ok(Outcome::Posted(posted)) if conversation.is_none() => {
                                conversation = Some(posted.conversation);
                                join(&mut socket, posted.conversation).await?;
                            }
                            Ok(_) => {}
                            Err(Error::Refused { message, .. }) => say(&format!("  ! {message}")),
                            Err(error) => return Err(error.into()),
                        }
                    }
                }
            }
            frame = socket.next() => show(frame?),
        }
    }
    // Leaves a moment for what is on its way.
    while let Ok(frame) = tokio::time::timeout(Duration::from_millis(200), socket.next()).await {
        show(frame?);
    }
    socket.close().await;
    Ok(())
}

async fn join(socket: &mut Socket, conversation: ConversationId) -> Result<(), Failure> {
    socket.ask(Command::Join { conversation, after: 0, epoch: None }).await?;
    Ok(())
}

fn show(frame: ServerFrame) {
    match frame {
        ServerFrame::Event { entry, .. } => match (&entry.content, entry.actor, entry.body) {
            (_, Actor::Contact { .. }, _) => {}
            (Content::Message { .. }, _, Some(body)) => say(&format!("  {}: {body}", entry.author)),
            (Content::OwnerChanged { .. }, _, _) => say(&format!("  ({} answers in person)", entry.author)),
            _ => {}
        },
        ServerFrame::Signal(Signal::Typing { actor: Actor::Staff { .. }, name, on: true, .. }) => {
            say(&format!("  ({name} is typing)"));
        }
        ServerFrame::Signal(Signal::Draining { .. }) => say("  (the hub restarts)"),
        _ => {}
    }
}

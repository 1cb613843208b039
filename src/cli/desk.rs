//! `concierge desk`: the staff's side in a terminal.

use tokio::io::{AsyncBufReadExt, BufReader};

use crate::app::seed::DEMO_PASSWORD;
use crate::base::ConversationId;
use crate::cli::{Failure, say};
use crate::client::{Error, Http, Socket};
use crate::protocol::{
    Command, ConversationSummary, DraftStatus, DraftView, RejectReason, ServerFrame, Signal,
};

/// Watches and decides drafts as staff, line by line.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The hub's address.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    hub: String,
    /// The business's slug.
    #[arg(long, default_value = "northgate")]
    workspace: String,
    /// The address to sign in with.
    #[arg(long, default_value = "marta@northgate.example")]
    email: String,
    /// The password.
    #[arg(long, env = "CONCIERGE_PASSWORD", default_value = DEMO_PASSWORD, hide_env_values = true)]
    password: String,
}

/// What the desk shows.
struct Desk {
    socket: Socket,
    joined: Option<ConversationId>,
    draft: Option<DraftView>,
    wrote: u32,
}

const HELP: &str = "/list shows what waits, /open N opens one. On the open draft: /ok approves, /edit TEXT approves \
                    with your text, /no WHY rejects and rewrites, /undo takes back, /take takes over, any other \
                    line answers in person.";

/// Runs until the input ends.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { hub, workspace, email, password } = arguments;
    let caller = Http::sign_in(&hub, &workspace, &email, &password).await?;
    let (socket, _) = Socket::staff(&caller).await?;
    let mut desk = Desk { socket, joined: None, draft: None, wrote: 0 };
    desk.socket.ask(Command::Inbox { on: true }).await?;
    say(HELP);
    let mut waiting = list(&caller).await?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line.map_err(Failure::failed)? else { return Ok(()) };
                let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
                let done = match word {
                    "" => Ok(()),
                    "/list" => list(&caller).await.map(|rows| waiting = rows),
                    "/open" => match rest.parse::<usize>().ok().and_then(|number| waiting.get(number.wrapping_sub(1))) {
                        Some(row) => desk.open(row.id).await,
                        None => Err(Failure::wrong("there is no such row; /list shows them")),
                    },
                    _ => desk.act(word, rest, &line).await,
                };
                if let Err(failure) = done {
                    say(&format!("  ! {}", failure.says));
                }
            }
            frame = desk.socket.next() => desk.hear(frame?).await?,
        }
    }
}

async fn list(caller: &Http) -> Result<Vec<ConversationSummary>, Failure> {
    let page: crate::http::Page<ConversationSummary> =
        caller.get("/v1/conversations?view=waiting&limit=20").await?;
    if page.items.is_empty() {
        say("  nothing is waiting");
    }
    for (number, row) in (1..).zip(&page.items) {
        let gist = row.draft.as_ref().map_or("no draft yet", |draft| draft.gist.as_str());
        say(&format!("  {number}. {}: {} | {gist}", row.contact.name, row.title));
    }
    Ok(page.items)
}

impl Desk {
    async fn open(&mut self, conversation: ConversationId) -> Result<(), Failure> {
        let outcome = self.socket.ask(Command::Join { conversation, after: 0, epoch: None }).await?;
        self.joined = Some(conversation);
        if let crate::protocol::Outcome::Joined(joined) = outcome {
            for entry in joined.entries.iter().filter(|entry| entry.content.is_message()) {
                say(&format!("  {}: {}", entry.author, entry.body.as_deref().unwrap_or("(files)")));
            }
            if let Some(draft) = joined.draft {
                self.show_draft(*draft);
            }
        }
        Ok(())
    }

    async fn act(&mut self, word: &str, rest: &str, line: &str) -> Result<(), Failure> {
        let conversation = self.joined.ok_or_else(|| Failure::wrong("open a conversation first: /open N"))?;
        let draft = self.draft.clone();
        let pending = || draft.clone().ok_or_else(|| Failure::wrong("there is no draft here"));
        let command = match word {
            "/ok" => approve(&pending()?, None),
            "/edit" => approve(&pending()?, Some(rest.to_owned())),
            "/no" => Command::Reject {
                draft: pending()?.id,
                revision: pending()?.revision,
                reason: RejectReason::Other,
                note: Some(rest.to_owned()).filter(|note| !note.is_empty()),
                rewrite: true,
            },
            "/undo" => Command::Undo { draft: pending()?.id },
            "/take" => Command::TakeOver { conversation },
            _ if word.starts_with('/') => return Err(Failure::wrong(HELP)),
            _ => {
                self.wrote += 1;
                let client_id = format!("desk-{}-{}", std::process::id(), self.wrote);
                Command::Send {
                    conversation: Some(conversation),
                    client_id,
                    body: line.to_owned(),
                    files: Vec::new(),
                }
            }
        };
        match self.socket.ask(command).await {
            Ok(_) => {
                say("  done");
                Ok(())
            }
            Err(Error::Refused { message, .. }) => Err(Failure::failed(message)),
            Err(error) => Err(error.into()),
        }
    }

    async fn hear(&mut self, frame: ServerFrame) -> Result<(), Failure> {
        match frame {
            ServerFrame::Signal(Signal::Inbox { conversation }) => {
                let writes = conversation.waiting_since.is_some() && Some(conversation.id) != self.joined;
                if writes && self.joined.is_none() {
                    say(&format!("  {} writes: {}", conversation.contact.name, conversation.title));
                    self.open(conversation.id).await?;
                }
            }
            ServerFrame::Signal(Signal::Draft { draft }) => self.show_draft(*draft),
            ServerFrame::Signal(Signal::Stage { stage, summary: Some(summary), micros, .. }) => {
                say(&format!("    {stage:<10} {:>6} µs  {summary}", micros.unwrap_or(0)));
            }
            ServerFrame::Event { entry, .. } if entry.content.is_message() => {
                say(&format!("  {}: {}", entry.author, entry.body.as_deref().unwrap_or("(files)")));
            }
            _ => {}
        }
        Ok(())
    }

    fn show_draft(&mut self, draft: DraftView) {
        match draft.status {
            DraftStatus::Pending => {
                say("");
                say(&format!("  DRAFT  {}", draft.edited_text.as_deref().unwrap_or(&draft.text)));
                for citation in &draft.citations {
                    say(&format!("         [{}] {}", citation.number, citation.title));
                }
                for blocker in &draft.blockers {
                    say(&format!("         waits: {}", blocker.says));
                }
                say("         /ok  /edit TEXT  /no WHY  /take");
            }
            DraftStatus::Approved => say("  approved; /undo takes it back for a few seconds"),
            DraftStatus::Sent => say("  sent"),
            _ => {}
        }
        self.draft = Some(draft);
    }
}

fn approve(draft: &DraftView, text: Option<String>) -> Command {
    Command::Approve { draft: draft.id, revision: draft.revision, hash: draft.hash.clone(), text }
}

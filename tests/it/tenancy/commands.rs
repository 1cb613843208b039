//! Each command of the protocol with identifiers of somebody else.

use concierge::client::Socket;
use concierge::protocol::{Command, CommandName, RejectReason};

use super::world::Ids;

/// A command with these identifiers. A new command does not compile until it is listed here.
pub(super) fn command(name: CommandName, ids: &Ids) -> Command {
    let Ids { conversation, draft, staff, file, .. } = *ids;
    let text = || "Stolen".to_owned();
    match name {
        CommandName::Hello => Command::Hello { token: None },
        CommandName::Join => Command::Join { conversation, after: 0, epoch: None },
        CommandName::Leave => Command::Leave { conversation },
        CommandName::Send => Command::Send {
            conversation: Some(conversation),
            client_id: text(),
            body: text(),
            files: vec![file],
        },
        CommandName::Note => {
            Command::Note { conversation, client_id: text(), body: text(), mentions: vec![staff] }
        }
        CommandName::Typing => Command::Typing { conversation, on: true },
        CommandName::Read => Command::Read { conversation, seq: 1 },
        CommandName::Inbox => Command::Inbox { on: true },
        CommandName::Edit => Command::Edit { draft, revision: 1, text: text() },
        CommandName::Approve => Command::Approve { draft, revision: 1, hash: text(), text: None },
        CommandName::Reject => {
            Command::Reject { draft, revision: 1, reason: RejectReason::Wrong, note: None, rewrite: true }
        }
        CommandName::Undo => Command::Undo { draft },
        CommandName::TakeOver => Command::TakeOver { conversation },
        CommandName::HandBack => Command::HandBack { conversation },
        CommandName::AskForPerson => Command::AskForPerson { conversation },
        CommandName::Rate => Command::Rate { conversation, score: 1, words: Some(text()) },
        CommandName::Assign => Command::Assign { conversation, staff: Some(staff) },
        CommandName::Label => Command::Label { conversation, add: vec![text()], remove: vec![] },
        CommandName::SetStatus => Command::SetStatus { conversation, status: "booked".to_owned() },
        CommandName::CorrectTranscript => Command::CorrectTranscript { file, text: text() },
        CommandName::Snooze => Command::Snooze { conversation, until: None },
        CommandName::Lease => Command::Lease { conversation, on: true, take: true },
        CommandName::EditField => Command::EditField { conversation, field: text(), on: true },
        CommandName::Ping => Command::Ping,
    }
}

/// Commands that name nothing, or end something that need not be there.
pub(super) fn names_nothing(name: CommandName) -> bool {
    matches!(name, CommandName::Leave | CommandName::Inbox | CommandName::Ping)
}

/// What a command gave, as text.
pub(super) async fn told(socket: &mut Socket, command: Command, ids: &Ids) -> (bool, String) {
    let result = socket.ask(command).await;
    (result.is_ok(), ids.take_out_of(&format!("{result:?}")))
}

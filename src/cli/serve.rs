//! `concierge serve`: runs the hub until it is told to stop.

use crate::app::seed::{DEMO_PASSWORD, Seeded};
use crate::app::{Node, Options};
use crate::cli::{Failure, say};
use crate::config::Config;
use crate::telemetry;

/// Runs the hub.
pub(super) async fn run(config: Config, seed_demo: bool) -> Result<(), Failure> {
    telemetry::start_logging(&config.log);
    let options = Options { seed_demo, ..Options::default() };
    let node = Node::start(config, options).await.map_err(Failure::failed)?;
    say(&format!("Concierge listens on {}", node.url()));
    match (&node.seeded, seed_demo) {
        (Some(seeded), _) => introduce(&node.url(), seeded),
        (None, true) => say("The store has workspaces already; the demo ones were not added."),
        (None, false) => {}
    }
    if let Some(link) = &node.setup_link {
        invite(link);
    }
    stop_signal().await?;
    say("Stopping…");
    node.stop().await;
    Ok(())
}

fn introduce(url: &str, seeded: &Seeded) {
    say("");
    say(&format!("Three demo businesses are ready. Everybody's password is {DEMO_PASSWORD}"));
    for workspace in &seeded.workspaces {
        say("");
        say(&format!("  {} ({})", workspace.name, workspace.slug));
        if concierge_pages() {
            say(&format!("    customers  {url}/demo/{}", workspace.slug));
            say(&format!("    staff      {url}/app"));
        }
        for (email, role) in &workspace.staff {
            say(&format!("    {role:<10} {email}"));
        }
    }
    say("");
    say("In two terminals:");
    if let Some(workspace) = seeded.workspaces.first() {
        let staff = workspace.staff.first().map_or("", |(email, _)| email.as_str());
        say(&format!("  concierge chat --workspace {} --hub {url}", workspace.slug));
        say(&format!("  concierge desk --workspace {} --hub {url} --email {staff}", workspace.slug));
    }
    say("");
}

/// Says how the first business comes to be.
fn invite(link: &str) {
    say("");
    say("No business is set up yet. This link creates one, once; whoever has it becomes its owner:");
    say(&format!("  {link}"));
    say("To look around with three demo businesses first: concierge serve --demo");
    say("");
}

/// Whether this binary carries the web pages.
fn concierge_pages() -> bool {
    concierge_web::built()
}

/// Waits for SIGTERM or Ctrl-C. A second one ends the process at once.
async fn stop_signal() -> Result<(), Failure> {
    let mut terminate =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).map_err(Failure::failed)?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(())
}

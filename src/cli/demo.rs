//! `concierge demo`: a living workspace and scripted conversations one can watch.
//!
//! Starts a hub of its own on a free port with the demo workspaces, then plays customers and staff through
//! real sockets and prints what each of them sees.

mod play;

use std::path::PathBuf;

use crate::app::seed::{self, Script};
use crate::app::{Node, Options};
use crate::cli::{Failure, say};
use crate::config::Config;

/// Plays scripted conversations through a hub of its own and shows every step.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only this business.
    #[arg(long)]
    workspace: Option<String>,
    /// A script of your own instead of the built-in ones (needs --workspace).
    #[arg(long, value_name = "FILE", requires = "workspace")]
    script: Option<PathBuf>,
    /// One JSON object per line instead of text.
    #[arg(long)]
    json: bool,
}

/// Plays all scripts.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let scripts = scripts(&arguments)?;
    let folder = std::env::temp_dir().join(format!("concierge-demo-{}", std::process::id()));
    let mut config = Config::defaults();
    config.http.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    config.store.folder.clone_from(&folder);
    config.log.filter = "warn".to_owned();
    crate::telemetry::start_logging(&config.log);
    let options = Options { seed_demo: true, ..Options::default() };
    let node = Node::start(config, options).await.map_err(Failure::failed)?;
    let played = play_all(&node, &scripts, arguments.json).await;
    node.stop().await;
    // What the demo stored is of no use to anybody.
    let _ = std::fs::remove_dir_all(&folder);
    played
}

fn scripts(arguments: &Arguments) -> Result<Vec<(String, Vec<Script>)>, Failure> {
    let demos = seed::demo_files().map_err(Failure::failed)?;
    let known: Vec<&str> = demos.iter().map(seed::DemoFiles::slug).collect();
    if let Some(slug) = &arguments.workspace
        && !known.contains(&slug.as_str())
    {
        return Err(Failure::wrong(format!(
            "there is no demo workspace {slug:?}; there are {}",
            known.join(", ")
        )));
    }
    if let (Some(file), Some(slug)) = (&arguments.script, &arguments.workspace) {
        let text = std::fs::read_to_string(file)
            .map_err(|error| Failure::wrong(format!("cannot read {}: {error}", file.display())))?;
        let script = seed::parse_script(&text)
            .map_err(|problem| Failure::wrong(format!("{}: {problem}", file.display())))?;
        return Ok(vec![(slug.clone(), vec![script])]);
    }
    Ok(demos
        .iter()
        .filter(|demo| arguments.workspace.as_deref().is_none_or(|slug| slug == demo.slug()))
        .map(|demo| (demo.slug().to_owned(), demo.scripts.clone()))
        .collect())
}

async fn play_all(node: &Node, scripts: &[(String, Vec<Script>)], json: bool) -> Result<(), Failure> {
    let seeded = node.seeded.as_ref().ok_or_else(|| Failure::failed("the demo workspaces were not made"))?;
    let mut played = 0_u32;
    for (slug, scripts) in scripts {
        let workspace = seeded
            .workspaces
            .iter()
            .find(|workspace| workspace.slug == *slug)
            .ok_or_else(|| Failure::failed(format!("{slug} was not made")))?;
        for script in scripts {
            play::script(node, workspace, script, json).await?;
            played += 1;
        }
    }
    if !json {
        say(&format!("\n{played} conversations played."));
    }
    Ok(())
}

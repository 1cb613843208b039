//! One running hub.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, middleware};
use tokio::net::{TcpListener, TcpSocket};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::server::{self, Server};
use crate::app::{api, health, jobs, layers, pages, reminders, seed, slow_jobs};
use crate::config::{Config, Knowledge, Languages};
use crate::files::uploads::tell_what_is_spoken;
use crate::gateway::Gateway;
use crate::hub::Hub;
use crate::identity::{Site, TokenKey};
use crate::jobs::Queue;
use crate::ports::db::{Engine, Location};
use crate::ports::embedder::{self, Reads, ServerSettings};
use crate::ports::vectors::{Local, Qdrant, QdrantSettings, VectorIndex};
use crate::ports::{
    Blobs, Bus, Clock, Db, DbError, Embeddings, Entropy, Mcp, Models, Outbound, Ports, Readers, Secrets,
    Speech, Traces, Tx, Vectors,
};
use crate::reading::Limits;
use crate::telemetry::Metrics;
use crate::{automation, conversations, files, knowledge, pipeline, setup, voice, workspaces};
use crate::{execute, fetch_one};

/// Connections the system may hold for us before we take them.
const BACKLOG: u32 = 4096;

/// How long a stop waits for the work in hand.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a node is started with beside its settings. Tests bring their own clock, bus and bits.
#[derive(Clone)]
pub struct Options {
    /// The clock.
    pub clock: Clock,
    /// Random bits.
    pub entropy: Entropy,
    /// The bus.
    pub bus: Bus,
    /// Fill an empty store with the demo workspaces.
    pub seed_demo: bool,
    /// The program that reads documents: this one.
    pub reader: std::path::PathBuf,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            clock: Clock::system(),
            entropy: Entropy::system(),
            bus: Bus::memory(),
            seed_demo: false,
            reader: "/proc/self/exe".into(),
        }
    }
}

/// A running hub.
pub struct Node {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its routes share.
    pub site: Site,
    /// What the demo seeding made, if it did.
    pub seeded: Option<seed::Seeded>,
    /// Where the first workspace is created, while there is none.
    pub setup_link: Option<String>,
    gateway: Arc<Gateway>,
    serving: TaskTracker,
    working: TaskTracker,
    stop_serving: CancellationToken,
    stop_working: CancellationToken,
}

/// Why a hub did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be had.
    #[error("cannot listen on {address}: {source}; set http.listen to another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The data folder cannot be used.
    #[error("cannot use the folder {}: {source}; set store.folder to another one", folder.display())]
    Folder {
        /// The folder.
        folder: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The store did not open.
    #[error("the store did not open: {}", chain(.0))]
    Store(#[from] DbError),
    /// The embedder's settings are wrong.
    #[error("{0}; look at [embeddings] in the settings")]
    Embeddings(String),
    /// Qdrant's settings are wrong.
    #[error("{0}; look at [vectors] in the settings")]
    Qdrant(String),
    /// The settings of models are wrong.
    #[error("{0}; look at [models] in the settings")]
    Models(String),
    /// The settings of traces are wrong.
    #[error("{0}; look at [traces] in the settings")]
    Traces(String),
    /// The key for secrets is wrong.
    #[error("{0}")]
    Secrets(String),
    /// The demo content could not be stored.
    #[error("the demo workspaces could not be made: {0}")]
    Seed(#[from] seed::Error),
    /// The agents that come with the binary are not readable.
    #[error(transparent)]
    Agents(#[from] crate::agents::Error),
}

/// An error with its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |source| source.source())
        .fold(error.to_string(), |text, source| format!("{text}: {source}"))
}

impl Node {
    /// Starts a hub. It answers requests when this returns.
    pub async fn start(config: Config, options: Options) -> Result<Node, StartError> {
        let metrics = Metrics::start();
        let ports = open_ports_with(&config, &options).await?;
        let listener = listen(config.http.listen)?;
        let address = listener.local_addr().unwrap_or(config.http.listen);
        let config = Arc::new(config);
        let mut tx = ports.db.begin().await?;
        let tokens = TokenKey::load(&mut tx, &ports.entropy).await?;
        let epoch = load_epoch(&mut tx, &ports.entropy).await?;
        if ports.db.engine() == Engine::Sqlite {
            conversations::free_all_turns(&mut tx).await?;
            crate::jobs::free_all(&mut tx).await?;
            files::free_all_recordings(&mut tx).await?;
        }
        tx.commit().await?;
        let public_url = config.public_url(address);
        let site = Site::new(ports, config.clone(), &public_url, tokens, &epoch);
        let library = pipeline::Library::load(config.understanding.sentence_model)?;
        let seeded = match options.seed_demo {
            true => seed::demo(&site.ports, &library).await?,
            false => None,
        };
        let setup_link = setup_link(&site).await?;

        let (serving, working) = (TaskTracker::new(), TaskTracker::new());
        let (stop_serving, stop_working) = (CancellationToken::new(), CancellationToken::new());
        let (hub, gaps) = Hub::new();
        let gateway = Gateway::start(site.clone(), hub, gaps, serving.clone(), stop_serving.clone());
        voice::start(site.clone(), &working, stop_working.clone());
        let (understanding, for_replays) = (library.understanding().clone(), library.clone());
        pipeline::start(site.clone(), library, working.clone(), stop_working.clone());
        working.spawn(automation::run(site.clone(), stop_working.clone()));
        working.spawn(reminders::run(site.clone(), stop_working.clone()));
        working.spawn(jobs::run(site.clone(), stop_working.clone()));
        for queue in [(Queue::Slow, slow_jobs::AT_ONCE), (Queue::Reading, config.knowledge.readers)] {
            working.spawn(slow_jobs::run(site.clone(), queue, working.clone(), stop_working.clone()));
        }
        working.spawn(resume_vectors(site.clone()));
        working.spawn(metrics.clone().sum_up(stop_working.clone()));
        working.spawn(site.ports.traces.clone().run(stop_working.clone()));

        let routes = layers::wrap(
            api(config.files.max_bytes, config.knowledge.max_bytes)
                .merge(health::routes())
                .merge(pages::routes()),
            &config.http,
        )
        .layer(middleware::from_fn_with_state(config.files.max_bytes, tell_what_is_spoken))
        .layer(Extension(understanding))
        .layer(Extension(for_replays))
        .layer(Extension(gateway.clone()))
        .layer(Extension(metrics.clone()))
        .with_state(site.clone());
        let crowded = layers::wrap(health::routes(), &config.http)
            .fallback(health::crowded)
            .layer(Extension(gateway.clone()))
            .layer(Extension(metrics))
            .with_state(site.clone());
        let server = Server { routes, crowded, places: server::places() };
        serving.spawn(server.run(listener, serving.clone(), stop_serving.clone()));
        tracing::info!(%address, store = ?site.ports.db.engine(), "hub started");
        Ok(Node { address, site, seeded, setup_link, gateway, serving, working, stop_serving, stop_working })
    }

    /// The hub's address for clients on this machine.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sockets that are open now.
    pub fn open_sockets(&self) -> usize {
        self.gateway.hub().open_lines()
    }

    /// Conversations that somebody follows now.
    pub fn open_rooms(&self) -> usize {
        self.gateway.hub().open_rooms()
    }

    /// Stops gracefully: no new work, clients are told when to come back, the work in hand is finished.
    pub async fn stop(self) {
        self.gateway.drain();
        self.stop_serving.cancel();
        self.stop_working.cancel();
        self.serving.close();
        self.working.close();
        let finished = async {
            self.working.wait().await;
            self.serving.wait().await;
        };
        if tokio::time::timeout(PATIENCE, finished).await.is_err() {
            tracing::warn!("some work did not end in time; the next start picks it up");
        }
        self.site.ports.db.close().await;
        tracing::info!("hub stopped");
    }
}

/// Opens the store and what else a hub asks, without a hub around it: for the command line.
pub async fn open_ports(config: &Config) -> Result<Ports, StartError> {
    open_ports_with(config, &Options::default()).await
}

async fn open_ports_with(config: &Config, options: &Options) -> Result<Ports, StartError> {
    let folder = &config.store.folder;
    let unusable = |source| StartError::Folder { folder: folder.clone(), source };
    std::fs::create_dir_all(folder).map_err(unusable)?;
    let location = match config.store.postgres.as_str() {
        "" => Location::File(folder.join("concierge.db")),
        address => Location::Postgres(address.to_owned()),
    };
    let outbound = Outbound::new(&config.knowledge.reachable_hosts);
    Ok(Ports {
        speech: Speech::open(config),
        models: Models::open(&config.models).map_err(StartError::Models)?,
        secrets: Secrets::new(&config.store.secrets_key).map_err(StartError::Secrets)?,
        db: Db::open(&location, options.bus.clone()).await?,
        bus: options.bus.clone(),
        clock: options.clock.clone(),
        entropy: options.entropy.clone(),
        blobs: Arc::new(Blobs::on_disk(&folder.join("files")).map_err(unusable)?),
        readers: Arc::new(readers(config, options)),
        mcp: Mcp::new(&config.tools, &outbound),
        traces: Traces::open(&config.traces).map_err(StartError::Traces)?,
        outbound,
        embeddings: Arc::new(open_embeddings(config)?),
        vectors: Arc::new(Vectors::new(open_index(config)?)),
    })
}

fn readers(config: &Config, options: &Options) -> Readers {
    let Knowledge { readers, reader_megabytes, reader_seconds, max_bytes, .. } = &config.knowledge;
    let limits = Limits { memory: reader_megabytes * 1_048_576, seconds: *reader_seconds };
    Readers::new(options.reader.clone(), *readers, limits, *max_bytes as u64)
}

/// The model of the knowledge base, by configuration.
fn open_embeddings(config: &Config) -> Result<Embeddings, StartError> {
    let set = &config.embeddings;
    let reads = match set.languages {
        Languages::English => Reads::English,
        Languages::Many => Reads::Many,
    };
    if !set.url.is_empty() {
        if set.model.is_empty() {
            return Err(StartError::Embeddings("embeddings.url needs embeddings.model".to_owned()));
        }
        let settings = ServerSettings {
            url: set.url.clone(),
            model: set.model.clone(),
            key: Some(set.key.clone()).filter(|key| !key.is_empty()),
            question: Duration::from_millis(set.question_ms),
            batch: Duration::from_secs(set.batch_seconds),
        };
        return Embeddings::server(settings, reads)
            .map_err(|error| StartError::Embeddings(error.to_string()));
    }
    Ok(match config.understanding.sentence_model {
        true => Embeddings::here(embedder::shared(), Reads::English),
        false => Embeddings::off(),
    })
}

/// Where vectors are searched, by configuration.
fn open_index(config: &Config) -> Result<Box<dyn VectorIndex>, StartError> {
    let set = &config.vectors;
    if set.qdrant.is_empty() {
        return Ok(Box::new(Local::new(set.memory_mb)));
    }
    let settings = QdrantSettings {
        url: set.qdrant.clone(),
        key: Some(set.qdrant_key.clone()).filter(|key| !key.is_empty()),
        timeout: Duration::from_millis(set.qdrant_ms),
    };
    let index = Qdrant::new(&settings).map_err(|error| StartError::Qdrant(error.to_string()))?;
    Ok(Box::new(index))
}

/// Makes the vectors that another model, a crash or an outage left missing.
async fn resume_vectors(site: Site) {
    let all = async {
        let mut tx = site.ports.db.read().await?;
        workspaces::all(&mut tx).await
    };
    let resumed = match all.await {
        Ok(all) => {
            let ids: Vec<_> = all.iter().map(|workspace| workspace.id).collect();
            knowledge::resume(&site.ports, &ids).await.map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    if let Err(error) = resumed {
        tracing::warn!(error, "missing vectors could not be looked for");
    }
}

/// The code is in the part of the address that browsers do not send: it stays out of the logs on the way.
async fn setup_link(site: &Site) -> Result<Option<String>, DbError> {
    let mut tx = site.ports.db.read().await?;
    let needed = setup::is_needed(&mut tx).await?;
    Ok(needed.then(|| format!("{}/app/setup#{}", site.public_url, site.tokens.setup_code())))
}

fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    let open = || -> std::io::Result<TcpListener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.set_nodelay(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().map_err(|source| StartError::Listen { address, source })
}

/// The store's epoch, made on the first start; a restored copy gets another one.
async fn load_epoch(tx: &mut Tx, entropy: &Entropy) -> Result<String, DbError> {
    execute!(
        tx,
        "INSERT INTO meta (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO NOTHING",
        entropy.secret().chars().take(12).collect::<String>(),
    )?;
    let (epoch,): (String,) = fetch_one!(tx, (String,), "SELECT value FROM meta WHERE name = 'epoch'")?;
    Ok(epoch)
}

//! Builds the web tree with Node where there is one, and writes the table of what is embedded.
//!
//! `CONCIERGE_WEB` chooses: `auto` (default) builds when the sources changed and compiles without a web
//! interface when there is no Node; `skip` takes what was built before; `prebuilt` fails without it.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// What the build reads, beside the page and configuration files at the top.
const SOURCES: &[&str] = &["src", "public", "scripts", "package.json", "package-lock.json", "tsconfig.json"];
const OLDEST_NODE: (u32, u32) = (20, 19);

fn main() -> Result<(), Box<dyn Error>> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let web = here.parent().ok_or("the crate lies inside web/")?.to_path_buf();
    let dist = web.join("dist");
    println!("cargo::rerun-if-env-changed=CONCIERGE_WEB");
    println!("cargo::rerun-if-changed=build.rs");

    let mode = env::var("CONCIERGE_WEB").unwrap_or_else(|_| "auto".to_owned());
    let state = match mode.as_str() {
        "skip" => found(&dist),
        "prebuilt" if found(&dist) == "built" => "built",
        "prebuilt" => return Err("CONCIERGE_WEB=prebuilt, but web/dist is not there".into()),
        _ => build_if_changed(&web, &dist)?,
    };
    if mode != "auto" {
        println!("cargo::rerun-if-changed={}", dist.display());
    }
    if state != "built" {
        println!("cargo::warning=web ui: {state}");
    }
    let table = write_table(&dist, state)?;
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("assets.rs"), table)?;
    Ok(())
}

fn found(dist: &Path) -> &'static str {
    if dist.join("console.html").is_file() { "built" } else { "not-built" }
}

fn build_if_changed(web: &Path, dist: &Path) -> Result<&'static str, Box<dyn Error>> {
    let mut files = Vec::new();
    for source in SOURCES {
        collect(&web.join(source), &mut files)?;
    }
    for entry in fs::read_dir(web)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let page = name.ends_with(".html");
        if page || (name.starts_with("vite.") && name.ends_with(".ts")) {
            files.push(path);
        }
    }
    files.sort();
    println!("cargo::rerun-if-changed={}", web.join("src").display());
    println!("cargo::rerun-if-changed={}", web.join("public").display());
    for file in &files {
        println!("cargo::rerun-if-changed={}", file.display());
    }

    // Contents, not times: a fresh clone has new times.
    let wanted = hash_files(web, &files)?;
    let stamp = dist.join(".stamp");
    if fs::read_to_string(&stamp).is_ok_and(|built| built == wanted) && found(dist) == "built" {
        return Ok("built");
    }
    if !node_is_there() {
        let old = found(dist);
        return Ok(if old == "built" {
            "built from older sources, because Node is not there"
        } else {
            "no-node"
        });
    }
    if let Err(error) = build(web) {
        println!("cargo::warning=web ui: {error}");
        return Ok("failed");
    }
    fs::write(stamp, wanted)?;
    Ok("built")
}

fn build(web: &Path) -> Result<(), Box<dyn Error>> {
    let lock = hash_files(web, &[web.join("package-lock.json")])?;
    let installed = web.join("node_modules/.concierge-lock");
    if fs::read_to_string(&installed).ok().as_ref() != Some(&lock) {
        run(web, npm(), &["ci", "--no-audit", "--no-fund", "--ignore-scripts"])?;
        fs::write(&installed, lock)?;
    }
    run(web, "node", &["scripts/build.mjs"])
}

fn run(web: &Path, program: &str, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let output = Command::new(program).args(arguments).current_dir(web).output()?;
    if output.status.success() {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let tail = errors.lines().filter(|line| !line.trim().is_empty()).take(8).collect::<Vec<_>>().join(" | ");
    Err(format!("`{program} {}` failed: {tail}", arguments.join(" ")).into())
}

const fn npm() -> &'static str {
    if cfg!(windows) { "npm.cmd" } else { "npm" }
}

fn node_is_there() -> bool {
    let version = |program: &str| {
        let output = Command::new(program).arg("--version").output().ok()?;
        String::from_utf8(output.stdout).ok()
    };
    let node = version("node").and_then(|text| {
        let mut parts = text.trim().trim_start_matches('v').split('.').map(str::parse::<u32>);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    });
    node.is_some_and(|node| node >= OLDEST_NODE) && version(npm()).is_some()
}

/// All files under a path, without tests: they are not part of what is built.
fn collect(path: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), into)?;
        }
    } else if path.is_file() {
        let name = path.to_string_lossy();
        if !name.contains(".test.") {
            into.push(path.to_path_buf());
        }
    }
    Ok(())
}

fn hash_files(root: &Path, files: &[PathBuf]) -> io::Result<String> {
    let mut hasher = DefaultHasher::new();
    for file in files {
        let name = file.strip_prefix(root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        let bytes = fs::read(file)?;
        hasher.write(name.as_bytes());
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn write_table(dist: &Path, state: &str) -> Result<String, Box<dyn Error>> {
    let mut files = Vec::new();
    if dist.is_dir() {
        collect(dist, &mut files)?;
    }
    let mut by_name = BTreeMap::new();
    for file in files {
        let name = file.strip_prefix(dist)?.to_string_lossy().replace('\\', "/");
        if !name.starts_with('.') {
            by_name.insert(name, file);
        }
    }

    let mut table = format!("pub(crate) const STATE: &str = {state:?};\n");
    table.push_str("pub(crate) static ASSETS: &[Asset] = &[\n");
    for (name, file) in &by_name {
        if name.ends_with(".br") || name.ends_with(".gz") {
            continue;
        }
        let include = |path: &PathBuf| format!("include_bytes!({:?})", path.display().to_string());
        let variant = |ending: &str| match by_name.get(&format!("{name}{ending}")) {
            Some(path) => format!("Some({})", include(path)),
            None => "None".to_owned(),
        };
        let etag = hash_files(dist, std::slice::from_ref(file))?;
        writeln!(
            table,
            "    Asset {{ path: {name:?}, content_type: {:?}, immutable: {}, etag: \"\\\"{etag}\\\"\", \
             bytes: {}, br: {}, gzip: {} }},",
            content_type(name),
            is_immutable(name),
            include(file),
            variant(".br"),
            variant(".gz"),
        )?;
    }
    table.push_str("];\n");
    Ok(table)
}

/// Whether the name changes with the content: `w/chat.1a2b3c4d.js`, `assets/console-1a2b3c4d.js`.
fn is_immutable(name: &str) -> bool {
    let Some((folder, file)) = name.rsplit_once('/') else { return false };
    let Some((stem, _)) = file.rsplit_once('.') else { return false };
    let hash = stem.get(stem.len().saturating_sub(9)..).unwrap_or_default();
    (folder == "w" || folder == "assets")
        && hash.len() == 9
        && hash.starts_with(['-', '.'])
        && hash[1..].chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-')
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

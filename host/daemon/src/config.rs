//! The one configuration file, and errors that name key and line.
//!
//! It holds addresses, limits and paths, and nothing that changes a decision. Relative paths are relative to the folder
//! of the file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

mod document;
mod endpoint;
mod sections;

use aecp_agent::Source;
use aecp_agent::config::RegistrySource;
use aecp_oci::Repository;
use aecp_oci::registry::RegistryError;
use document::Document;
use sections::{AgentSection, EnforcementPointSection, RecorderSection, RegistrySection};

/// Longest path of a Unix socket that the kernel takes, in bytes.
const SOCKET_PATH_LIMIT: usize = 107;

/// Milliseconds that pauses may have: 10 ms to 1 h.
const PAUSES: std::ops::RangeInclusive<u64> = 10..=3_600_000;

/// How long the recorder pauses between two looks at the segments, unless told otherwise.
const DEFAULT_INTERVAL: Duration = Duration::from_millis(200);

/// What an enforcement point is told on its machine, with all paths absolute.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The file that it was read from.
    pub(crate) file: PathBuf,
    /// The folder of everything that lives longer than a process.
    pub(crate) state: PathBuf,
    pub(crate) gateway: aecp_gateway::Config,
    pub(crate) agent: aecp_agent::Config,
    /// None where the agent signs no receipts.
    pub(crate) receipts: Option<ReceiptConfig>,
    pub(crate) recorder: RecorderConfig,
}

/// What signs the agent's receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReceiptConfig {
    /// The private key, PKCS#8 in PEM.
    pub(crate) key: PathBuf,
    /// The trust root.
    pub(crate) root: PathBuf,
    /// The enrolment, which says whose receipts they are and by which key.
    pub(crate) enrolment: PathBuf,
    /// The gateway's own folder, in which the newer trust roots are.
    pub(crate) gateway: PathBuf,
}

/// What the recorder is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RecorderConfig {
    /// The trust root.
    pub(crate) root: PathBuf,
    /// The enrolment, which says what the log is called and which key signs it.
    pub(crate) enrolment: PathBuf,
    /// The folder of journals and log.
    pub(crate) evidence: PathBuf,
    /// The gateway's own folder, in which the active bundle is.
    pub(crate) gateway: PathBuf,
    /// The private key of the log, PKCS#8 in PEM.
    pub(crate) key: PathBuf,
    /// Files by the names that bundles give to endpoints.
    pub(crate) endpoints: BTreeMap<String, PathBuf>,
    /// The pause between two looks at the segments.
    pub(crate) interval: Duration,
}

/// One thing that is wrong in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The line, from 1, if it can be told.
    line: Option<usize>,
    /// The key with all above it, `agent.poll_ms`. Empty if no key is meant.
    key: String,
    /// What is wrong and what is allowed.
    message: String,
}

/// A file that is no configuration. Its text has one line for each problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConfigError {
    file: PathBuf,
    problems: Vec<Problem>,
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Problem { line, key, message }) in self.problems.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", self.file.display())?;
            if let Some(line) = line {
                write!(f, ":{line}")?;
            }
            if !key.is_empty() {
                write!(f, ": `{key}`")?;
            }
            write!(f, ": {message}")?;
        }
        Ok(())
    }
}

impl Config {
    /// Reads the file and checks everything that the file alone can show to be wrong.
    ///
    /// # Errors
    /// All problems that were found.
    pub(crate) fn load(file: &Path) -> Result<Self, ConfigError> {
        let alone = |message: String| ConfigError {
            file: file.to_owned(),
            problems: vec![Problem {
                line: None,
                key: String::new(),
                message,
            }],
        };
        let path = std::path::absolute(file).map_err(|error| alone(error.to_string()))?;
        let text =
            std::fs::read_to_string(&path).map_err(|error| alone(format!("cannot be read: {error}")))?;
        Self::parse(&path, &text).map_err(|problems| ConfigError {
            file: file.to_owned(),
            problems,
        })
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Vec<Problem>> {
        let mut document = Document::parse(text)?;
        document.only(&["enforcement_point", "gateway", "agent", "recorder"]);
        let point = document.section::<EnforcementPointSection>("enforcement_point");
        let agent = document.section::<AgentSection>("agent");
        let recorder = document.section::<RecorderSection>("recorder");
        // Errors of the gateway's own keys are worth telling even if those of others are wrong.
        let folder = path.parent().unwrap_or(Path::new("/"));
        let shared = Shared::new(folder, point.as_ref(), recorder.as_ref());
        let gateway = gateway(&mut document, &shared);
        let receipts = agent
            .as_ref()
            .and_then(|section| receipt_config(&shared, section));
        let agent = agent.and_then(|section| agent_config(&mut document, &shared, section));
        let recorder = recorder.and_then(|section| recorder_config(&mut document, &shared, section));
        if shared.offers.as_os_str().len() > SOCKET_PATH_LIMIT {
            let long = shared.offers.display();
            let message = format!(
                "`{long}` has more than {SOCKET_PATH_LIMIT} bytes; give a shorter path for the socket"
            );
            document.problem("enforcement_point.offers", message);
        }
        match (point, gateway, agent, recorder, document.problems()) {
            (Some(_), Some(gateway), Some(agent), Some(recorder), problems) if problems.is_empty() => {
                Ok(Self {
                    file: path.to_owned(),
                    state: shared.state,
                    gateway,
                    agent,
                    receipts,
                    recorder,
                })
            }
            (.., problems) => Err(problems),
        }
    }
}

/// What several roles are told. Empty paths stand for keys that are missing, which is told already.
struct Shared {
    folder: PathBuf,
    state: PathBuf,
    root: PathBuf,
    enrolment: PathBuf,
    evidence: PathBuf,
    offers: PathBuf,
}

impl Shared {
    fn new(
        folder: &Path,
        point: Option<&EnforcementPointSection>,
        recorder: Option<&RecorderSection>,
    ) -> Self {
        let of = |path: Option<&PathBuf>| path.map_or_else(PathBuf::new, |path| folder.join(path));
        let state = of(point.map(|point| &point.state));
        let given = recorder.and_then(|recorder| recorder.evidence.as_ref());
        let evidence = given.map_or_else(|| state.join("evidence"), |path| folder.join(path));
        let given = point.and_then(|point| point.offers.as_ref());
        let offers = given.map_or_else(|| state.join("offers.sock"), |path| folder.join(path));
        Self {
            folder: folder.to_owned(),
            root: of(point.map(|point| &point.root)),
            enrolment: of(point.map(|point| &point.enrolment)),
            state,
            evidence,
            offers,
        }
    }

    fn gateway_state(&self) -> PathBuf {
        self.state.join("gateway")
    }
}

/// The gateway's section, completed by what it shares with the other roles.
fn gateway(document: &mut Document, shared: &Shared) -> Option<aecp_gateway::Config> {
    let table = document.table("gateway")?;
    for (key, other) in [
        ("root", "enforcement_point.root"),
        ("enrolment", "enforcement_point.enrolment"),
        ("state", "enforcement_point.state"),
        ("evidence", "recorder.evidence"),
        ("offers", "enforcement_point.offers"),
    ] {
        if table.contains_key(key) {
            document.problem(
                &format!("gateway.{key}"),
                format!("write `{other}` instead; all roles share it"),
            );
        }
    }
    let mut table = table;
    for (key, path) in [
        ("root", &shared.root),
        ("enrolment", &shared.enrolment),
        ("state", &shared.gateway_state()),
        ("evidence", &shared.evidence),
        ("offers", &shared.offers),
    ] {
        table.insert(key.to_owned(), path.display().to_string().into());
    }
    if !table.contains_key("admin") {
        let socket = shared.state.join("admin.sock").display().to_string();
        table.insert(
            "admin".to_owned(),
            toml::Table::from_iter([("socket".to_owned(), socket.into())]).into(),
        );
    }
    let mut config: aecp_gateway::Config = document.read("gateway", table)?;
    if let Err(error) = config.check() {
        document.problem(
            &format!("gateway.{}", error.key),
            format!("`{}`: {}", error.value, error.allowed),
        );
    }
    let absolute = |path: &mut PathBuf| *path = shared.folder.join(&*path);
    for tls in config
        .listeners
        .iter_mut()
        .filter_map(|listener| listener.tls.as_mut())
    {
        absolute(&mut tls.certificate);
        absolute(&mut tls.key);
    }
    config.upstream_ca.iter_mut().for_each(absolute);
    config.admin.socket.iter_mut().for_each(absolute);
    Some(config)
}

fn agent_config(
    document: &mut Document,
    shared: &Shared,
    section: AgentSection,
) -> Option<aecp_agent::Config> {
    let source = match (section.layout, section.registry) {
        (Some(layout), None) => Some(Source::Layout(shared.folder.join(layout))),
        (None, Some(registry)) => registry_source(document, shared, registry),
        (Some(_), Some(_)) => {
            let message = "bundles come from one place: give `layout` or `registry`, not both";
            document.problem("agent.registry", message.to_owned());
            None
        }
        (None, None) => {
            let message = "missing field `layout` or `registry`: where bundles are published";
            document.problem("agent", message.to_owned());
            None
        }
    };
    let usual = match &source {
        Some(Source::Registry(_)) => aecp_agent::config::DEFAULT_REGISTRY_POLL,
        _ => aecp_agent::config::DEFAULT_POLL,
    };
    let poll = pause(document, "agent.poll_ms", section.poll_ms, usual);
    let tag = section
        .tag
        .parse::<aecp_oci::Tag>()
        .and_then(|tag| tag.freshness().map(|_| tag));
    let tag = tag
        .map_err(|error| document.problem("agent.tag", error.to_string()))
        .ok()?;
    Some(aecp_agent::Config {
        source: source?,
        tag,
        poll,
        gateway: shared.offers.clone(),
        folder: shared.state.join("agent"),
    })
}

fn receipt_config(shared: &Shared, section: &AgentSection) -> Option<ReceiptConfig> {
    Some(ReceiptConfig {
        key: shared.folder.join(section.receipt_key.as_ref()?),
        root: shared.root.clone(),
        enrolment: shared.enrolment.clone(),
        gateway: shared.gateway_state(),
    })
}

fn registry_source(document: &mut Document, shared: &Shared, section: RegistrySection) -> Option<Source> {
    let repository = section
        .repository
        .parse()
        .map_err(|error: RegistryError| document.problem("agent.registry.repository", error.to_string()))
        .ok()?;
    let repository: Repository = repository;
    if section.authorities.is_none() && !section.plain_http && !repository.is_loopback() {
        let message =
            "missing field `authorities`: a PEM file with the certificate authorities that are trusted";
        document.problem("agent.registry", message.to_owned());
    }
    let absolute = |path: PathBuf| shared.folder.join(path);
    Some(Source::Registry(RegistrySource {
        repository,
        authorities: section.authorities.map(absolute),
        login: section.login.map(absolute),
        plain_http: section.plain_http,
    }))
}

fn recorder_config(
    document: &mut Document,
    shared: &Shared,
    section: RecorderSection,
) -> Option<RecorderConfig> {
    let interval = pause(
        document,
        "recorder.interval_ms",
        section.interval_ms,
        DEFAULT_INTERVAL,
    );
    let mut endpoints = BTreeMap::new();
    for (name, address) in section.endpoints {
        match endpoint::file(&address, &shared.folder) {
            Ok(path) => {
                endpoints.insert(name, path);
            }
            Err(error) => document.problem(&format!("recorder.endpoints.{name}"), error.to_string()),
        }
    }
    Some(RecorderConfig {
        root: shared.root.clone(),
        enrolment: shared.enrolment.clone(),
        evidence: shared.evidence.clone(),
        gateway: shared.gateway_state(),
        key: shared.folder.join(section.key),
        endpoints,
        interval,
    })
}

fn pause(document: &mut Document, key: &str, given: Option<u64>, default: Duration) -> Duration {
    let Some(milliseconds) = given else { return default };
    if !PAUSES.contains(&milliseconds) {
        let (least, most) = (PAUSES.start(), PAUSES.end());
        document.problem(key, format!("{milliseconds} ms; allowed are {least} to {most}"));
    }
    Duration::from_millis(milliseconds)
}

#[cfg(test)]
mod tests;

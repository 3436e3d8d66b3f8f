//! Keys, a registry folder, and one enforcement point, made with the programs that a user has.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::{self, Answer};
use crate::error::Error;
use crate::tokens::{AUDIENCE, ISSUER, IdentityProvider};
use crate::tools::{Tools, repository};

/// The tag that the enforcement point follows.
pub const TAG: &str = "edge";

/// The enforcement point's name, and its log's.
pub const POINT: &str = "edge-1.example";

/// Longest wait for anything.
const PATIENCE: Duration = Duration::from_secs(60);

/// A trust domain of one registry and one enforcement point, in one folder.
pub struct Site {
    /// The programs.
    pub tools: Tools,
    /// Everything that lasts.
    pub folder: PathBuf,
    /// Sockets, whose paths must be short.
    sockets: TempDir,
    /// How often the recorder signs. Often, so that who waits for evidence does not wait long.
    signs_every: &'static str,
    /// The repository in a registry that is used instead of the layout folder.
    registry: Option<String>,
    daemon: Option<Child>,
}

impl Site {
    /// Makes keys, a trust root of one key per role, and an enrolment, in `folder`, which must be empty.
    ///
    /// # Errors
    /// A step failed.
    pub fn create(tools: Tools, folder: PathBuf) -> Result<Self, Error> {
        let sockets = tempfile::Builder::new()
            .prefix("aecp-")
            .tempdir()
            .map_err(Error::system("making a folder"))?;
        std::fs::create_dir_all(folder.join("keys")).map_err(Error::system("making a folder"))?;
        let site = Self {
            tools,
            folder,
            sockets,
            signs_every: "interval_ms = 50",
            registry: None,
            daemon: None,
        };
        let roles = [
            "root",
            "packages",
            "releases",
            "freshness",
            "enrolment",
            "authorizations",
            "break-glass",
        ];
        let names = roles
            .iter()
            .chain(&["log", "receipts"])
            .map(|name| site.path(&format!("keys/{name}")));
        site.aecp(
            ["keys", "generate", "--plain"]
                .map(PathBuf::from)
                .into_iter()
                .chain(names),
        )?;

        let mut arguments: Vec<String> = ["trust", "init"].map(str::to_owned).to_vec();
        for role in roles {
            arguments.push(format!(
                "--role={role}={}",
                site.text(&format!("keys/{role}.pub"))
            ));
        }
        arguments.extend([
            format!("--key={}", site.text("keys/root.key")),
            format!("-o={}", site.text("root.json")),
        ]);
        site.aecp(arguments)?;
        site.aecp([
            "trust".to_owned(),
            "enrol".to_owned(),
            format!("--name={POINT}"),
            "--label=region=eu".to_owned(),
            format!("--log-key={}", site.text("keys/log.key")),
            format!("--receipt-key={}", site.text("keys/receipts.pub")),
            format!("--key={}", site.text("keys/enrolment.key")),
            format!("-o={}", site.text("enrolment.dsse.json")),
        ])?;
        Ok(site)
    }

    /// A path below the site's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn aecp<S: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<String, Error> {
        self.tools.aecp(arguments)
    }

    /// The verifier key of the enforcement point's log.
    ///
    /// # Errors
    /// `aecp` failed.
    pub fn log_verifier(&self) -> Result<String, Error> {
        let key = self.aecp([
            "keys",
            "log-verifier",
            "--name",
            POINT,
            &self.text("keys/log.key"),
        ])?;
        Ok(key.trim().to_owned())
    }

    /// Builds, signs and pushes the package in `folder` under `tag`.
    ///
    /// # Errors
    /// A step failed.
    pub fn publish_package(&self, folder: &Path, tag: &str) -> Result<(), Error> {
        let package = folder.display().to_string();
        let component = self.text(&format!("{tag}.wasm"));
        self.aecp(["build", &package, "-o", &component])?;
        let key = self.text("keys/packages.key");
        self.aecp([
            "sign", &component, "--key", &key, "--source", &package, "--author", "demo",
        ])?;
        self.push(&component, tag)
    }

    /// Signs and pushes a guest component under `tag`.
    ///
    /// # Errors
    /// A step failed.
    pub fn publish_guest(&self, name: &str, tag: &str) -> Result<(), Error> {
        let component = self.text(&format!("{tag}.wasm"));
        std::fs::copy(self.tools.guest(name)?, &component).map_err(Error::system("copying a component"))?;
        self.aecp(["sign", &component, "--key", &self.text("keys/packages.key")])?;
        self.push(&component, tag)
    }

    /// From now on everything is published in `repository` of a registry, and the enforcement point looks there.
    pub fn use_registry(&mut self, repository: String) {
        self.registry = Some(repository);
    }

    /// The arguments that say where things are published: the layout folder `layout`, unless it is a registry.
    fn place(&self, layout: &str) -> String {
        match &self.registry {
            Some(repository) => format!("--registry={repository}"),
            None => format!("--layout={}", self.text(layout)),
        }
    }

    fn push(&self, component: &str, tag: &str) -> Result<(), Error> {
        self.aecp(["push", component, &self.place("registry"), "--tag", tag])
            .map(drop)
    }

    /// Publishes the sample packages, the token extractor and the file sink.
    ///
    /// # Errors
    /// A step failed.
    pub fn publish_samples(&self) -> Result<(), Error> {
        for package in ["eu_residency", "customer_api", "egress_guardrail"] {
            self.publish_package(&repository().join("policies").join(package), package)?;
        }
        self.publish_guest("jwt", "extractor-jwt")?;
        self.publish_guest("ndjson", "sink-ndjson")
    }

    /// Releases the sample bundle, with `residency` as the component of the residency package. Gives its report.
    ///
    /// # Errors
    /// `aecp release` failed.
    pub fn release(&self, identity: &IdentityProvider, residency: &str) -> Result<Value, Error> {
        self.release_into("registry", &release_file(identity, residency))
    }

    /// Releases what `release` says into the layout folder `layout`.
    ///
    /// # Errors
    /// `aecp release` failed.
    pub fn release_into(&self, layout: &str, release: &str) -> Result<Value, Error> {
        std::fs::write(self.path("release.toml"), release)
            .map_err(Error::system("writing the release file"))?;
        let report = self.aecp([
            "release".to_owned(),
            self.text("release.toml"),
            self.place(layout),
            format!("--tag={TAG}"),
            format!("--root={}", self.text("root.json")),
            format!("--key={}", self.text("keys/releases.key")),
            format!("--freshness-key={}", self.text("keys/freshness.key")),
            "--format=json".to_owned(),
        ])?;
        serde_json::from_str(&report)
            .map_err(|error| Error::Unexpected(format!("`aecp release` wrote {report}: {error}")))
    }

    /// The socket on which the gateway takes offers.
    pub fn offers(&self) -> PathBuf {
        self.sockets.path().join("offers.sock")
    }

    /// The socket of the admin listener.
    pub fn admin(&self) -> PathBuf {
        self.sockets.path().join("admin.sock")
    }

    /// Starts `aecpd` in front of `upstream`. Does not wait for anything.
    ///
    /// # Errors
    /// It could not be started.
    pub fn start(&mut self, upstream: SocketAddr) -> Result<(), Error> {
        let configuration = self.configuration(upstream);
        std::fs::write(self.path("aecpd.toml"), configuration)
            .map_err(Error::system("writing aecpd.toml"))?;
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.path("aecpd.log"));
        let log = log.map_err(Error::system("opening aecpd.log"))?;
        let daemon = Command::new(&self.tools.aecpd)
            .arg("--config")
            .arg(self.path("aecpd.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(Error::system("starting aecpd"))?;
        self.daemon = Some(daemon);
        Ok(())
    }

    /// Lets the recorder sign as often as it does where nobody says how often.
    pub fn sign_at_the_usual_pace(&mut self) {
        self.signs_every = "";
    }

    fn configuration(&self, upstream: SocketAddr) -> String {
        let at = |name: &str| self.text(name);
        let (offers, admin) = (self.offers(), self.admin());
        let source = match &self.registry {
            Some(repository) => format!("registry = {{ repository = \"{repository}\" }}"),
            None => format!("layout = \"{}\"", at("registry")),
        };
        format!(
            r#"[enforcement_point]
root = "{root}"
enrolment = "{enrolment}"
state = "{state}"
offers = "{offers}"

[gateway]
listeners = [{{ address = "127.0.0.1:0" }}]
admin = {{ socket = "{admin}" }}
upstreams = {{ customers = "http://{upstream}" }}

[agent]
{source}
tag = "{TAG}"
poll_ms = 100
receipt_key = "{receipts}"

[recorder]
evidence = "{evidence}"
key = "{log_key}"
{signs_every}
endpoints = {{ archive = "file://{archive}" }}
"#,
            root = at("root.json"),
            enrolment = at("enrolment.dsse.json"),
            state = at("state"),
            evidence = at("evidence"),
            log_key = at("keys/log.key"),
            receipts = at("keys/receipts.key"),
            signs_every = self.signs_every,
            archive = at("decisions.ndjson"),
            offers = offers.display(),
            admin = admin.display(),
        )
    }

    /// What the gateway says of itself.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn status(&self) -> Result<Answer, Error> {
        client::ask(&self.admin(), "/status").await
    }

    /// Waits until the gateway runs the bundle of `epoch`, and gives its listener's address.
    ///
    /// # Errors
    /// It does not come to that.
    pub async fn wait_for_epoch(&self, epoch: u64) -> Result<SocketAddr, Error> {
        let running =
            |answer: &Answer| answer.json.pointer("/bundle/epoch").and_then(Value::as_u64) == Some(epoch);
        let status = self
            .wait_for_status(&format!("the gateway runs epoch {epoch}"), running)
            .await?;
        let listener = status
            .json
            .pointer("/listeners/0")
            .and_then(Value::as_str)
            .and_then(|text| text.parse().ok());
        listener.ok_or_else(|| Error::Unexpected(format!("`/status` has no listener: {}", status.json)))
    }

    /// Waits until `/status` is as wanted.
    ///
    /// # Errors
    /// It does not come to that.
    pub async fn wait_for_status(
        &self,
        what: &str,
        wanted: impl Fn(&Answer) -> bool,
    ) -> Result<Answer, Error> {
        let mut seen = String::new();
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            match self.status().await {
                Ok(answer) if wanted(&answer) => return Ok(answer),
                Ok(answer) => seen = answer.json.to_string(),
                Err(error) => seen = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Error::Timeout {
            what: what.to_owned(),
            seconds: PATIENCE.as_secs(),
            seen,
        })
    }

    /// Waits until `wanted` gives something.
    ///
    /// # Errors
    /// It does not come to that, or `wanted` fails.
    pub async fn wait_until<T>(
        &self,
        what: &str,
        mut wanted: impl FnMut() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(found) = wanted()? {
                return Ok(found);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(Error::Timeout {
            what: what.to_owned(),
            seconds: PATIENCE.as_secs(),
            seen: "nothing".to_owned(),
        })
    }

    /// The process of a role: `agent`, `gateway` or `recorder`.
    ///
    /// # Errors
    /// It does not run.
    pub fn process_of(&self, role: &str) -> Result<u32, Error> {
        let daemon = self.daemon.as_ref().map(Child::id).unwrap_or_default();
        let children = format!("/proc/{daemon}/task/{daemon}/children");
        let children =
            std::fs::read_to_string(&children).map_err(Error::system(format!("reading {children}")))?;
        for child in children.split_whitespace() {
            let command = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            if command
                .split(|byte| *byte == 0)
                .any(|argument| argument == role.as_bytes())
            {
                return child
                    .parse()
                    .map_err(|_| Error::Unexpected(format!("`{child}` is no process")));
            }
        }
        Err(Error::Unexpected(format!(
            "no {role} among the processes {children} of aecpd"
        )))
    }

    /// Kills the process of a role without a word (SIGKILL).
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&self, role: &str) -> Result<(), Error> {
        let process = self.process_of(role)?.to_string();
        let killed = Command::new("kill")
            .args(["-KILL", &process])
            .status()
            .map_err(Error::system("running kill"))?;
        Error::unless(killed.success(), || format!("the {role} could not be killed"))
    }

    /// Ends `aecpd` as an operator would (SIGTERM), and waits until all of it has ended.
    ///
    /// # Errors
    /// It does not end, or not well.
    pub fn stop(&mut self) -> Result<(), Error> {
        let Some(mut daemon) = self.daemon.take() else {
            return Ok(());
        };
        let process = daemon.id().to_string();
        Command::new("kill")
            .args(["-TERM", &process])
            .status()
            .map_err(Error::system("running kill"))?;
        let status = daemon.wait().map_err(Error::system("waiting for aecpd"))?;
        Error::unless(status.success(), || format!("aecpd ended with {status}"))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            // Its roles end with it.
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// A bundle of the residency package alone, whose attributes come from headers.
pub const RESIDENCY: &str = r#"
name = "edge"
valid_days = 1

[[policies]]
component = "eu_residency"

[[attributes]]
name = "resource.type"
value_type = "TEXT"
source = { constant = { value = "customer_data" } }

[[attributes]]
name = "customer.region"
value_type = "TEXT"
source = { header = { name = "x-region" } }

[[attributes]]
name = "storage.location"
value_type = "TEXT"
source = { header = { name = "x-location" } }

[[attributes]]
name = "compute.location"
value_type = "TEXT"
source = { header = { name = "x-location" } }
"#;

/// The sample bundle: three packages, who asks by token, everything else from the request.
pub fn release_file(identity: &IdentityProvider, residency: &str) -> String {
    let configuration =
        serde_json::json!({ "issuers": [ISSUER], "audiences": [AUDIENCE], "keys": identity.key_set() });
    format!(
        r#"name = "customer-edge"
valid_days = 7
selectors = {{ region = "eu" }}

[[policies]]
component = "customer_api"

[[policies]]
component = "{residency}"

[[policies]]
component = "egress_guardrail"
ceilings = {{ egress_guardrail = "BLOCKING" }}

[[extractors]]
name = "jwt"
component = "extractor-jwt"
authenticating = true
configuration = {configuration}

[[sinks]]
name = "archive"
component = "sink-ndjson"
endpoints = ["archive"]
configuration = {{ endpoint = "archive" }}

[[routes]]
name = "records"
path = "/customers/{{region}}/{{id}}"
upstream = "customers"
labels = {{ resource_type = "customer_data" }}

[[routes]]
name = "exports"
path = "/exports/{{region}}"
upstream = "customers"
labels = {{ resource_type = "customer_export" }}

[[routes]]
name = "status"
path = "/status"
upstream = "customers"
labels = {{ resource_type = "service_status" }}

[[attributes]]
name = "request.method"
value_type = "TEXT"
source = "host"

[[attributes]]
name = "resource.type"
value_type = "TEXT"
source = {{ label = {{ name = "resource_type" }} }}

[[attributes]]
name = "identity.subject"
value_type = "TEXT"
source = {{ extractor = {{ name = "jwt" }} }}
personal = true

[[attributes]]
name = "identity.roles"
value_type = "SET OF TEXT"
source = {{ extractor = {{ name = "jwt" }} }}

[[attributes]]
name = "purpose"
value_type = "TEXT"
source = {{ header = {{ name = "x-purpose" }} }}

[[attributes]]
name = "customer.region"
value_type = "TEXT"
source = {{ path = {{ segment = "region" }} }}

[[attributes]]
name = "storage.location"
value_type = "TEXT"
source = {{ query = {{ name = "storage" }} }}

[[attributes]]
name = "compute.location"
value_type = "TEXT"
source = {{ query = {{ name = "compute" }} }}

[[attributes]]
name = "export.records"
value_type = "INTEGER"
source = {{ query = {{ name = "records" }} }}
"#,
        configuration = inline_toml(&configuration),
    )
}

/// JSON as an inline TOML value.
fn inline_toml(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{key} = {}", inline_toml(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(members) => format!(
            "[{}]",
            members.iter().map(inline_toml).collect::<Vec<_>>().join(", ")
        ),
        other => other.to_string(),
    }
}

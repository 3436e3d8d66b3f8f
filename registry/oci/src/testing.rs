//! A real registry and real tools, for tests here and elsewhere.
//!
//! Nothing in here stands in for something: `docker-registry`, `oras` and `skopeo` are the programs of that name, which
//! `cargo xtask tools` sets up. What is not there makes a test fail, and the message says what to do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on ends"
)]

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long a registry may take to start.
const START: Duration = Duration::from_secs(30);

/// How often it is asked whether it has.
const POLL: Duration = Duration::from_millis(5);

/// What `cargo xtask tools` calls its present recipe.
const RECIPE: &str = "debian-13-1";

/// The user that [`Access::Password`] lets in.
pub const USER: &str = "anna";

/// Her password.
pub const PASSWORD: &str = "se:cret";

/// [`USER`] and [`PASSWORD`] for the registry, which takes bcrypt alone.
const HTPASSWD: &str = "anna:$2y$05$abcdefghijklmnopqrstuuWqeDdmk0qhXLYvA33lbC9M700ynI2Oa\n";

/// Where a program is.
///
/// # Panics
/// It is not there.
pub fn tool(name: &str) -> PathBuf {
    let caches = || {
        let absolute = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))
    };
    let folder = std::env::var_os("AECP_TOOLS")
        .map(PathBuf::from)
        .or_else(|| Some(caches()?.join("aecp/tools").join(RECIPE).join("bin")));
    let path = folder.unwrap_or_default().join(name);
    assert!(
        path.is_file(),
        "`{}` is not there: run `cargo xtask tools`, or say with AECP_TOOLS where `{name}` is",
        path.display()
    );
    path
}

/// Runs a program to its end.
///
/// # Panics
/// It fails; the message has what it printed.
pub fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Who is let in.
#[derive(Clone, Debug, Default)]
pub enum Access {
    /// Everybody.
    #[default]
    Open,
    /// [`USER`] with [`PASSWORD`].
    Password,
    /// Whoever has a token of the service `realm`, which signs with the key of the certificate in a PEM file.
    Token {
        /// The service's address.
        realm: String,
        /// The file.
        certificate: PathBuf,
    },
}

/// How a registry is started.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// Who is let in.
    pub access: Access,
    /// Certificate and key in PEM, for TLS.
    pub tls: Option<(String, String)>,
    /// The port, if it must be a certain one.
    pub port: Option<u16>,
}

/// A running `docker-registry` on this machine. It and what it holds go away with this.
#[derive(Debug)]
pub struct RealRegistry {
    child: Child,
    folder: tempfile::TempDir,
    address: SocketAddr,
    setup: Setup,
}

impl RealRegistry {
    /// Starts one that lets everybody in.
    pub fn start() -> Self {
        Self::with(Setup::default())
    }

    /// Starts one.
    ///
    /// # Panics
    /// It is not there, or does not start.
    pub fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (child, address) = begin(folder.path(), &setup);
        Self {
            child,
            folder,
            address,
            setup,
        }
    }

    /// Its host and port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// A repository in it, as people write it.
    pub fn repository(&self, path: &str) -> String {
        format!("{}/{path}", self.address)
    }

    /// Where it keeps its things.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends it at once.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again after [`RealRegistry::stop`], at the same address, with what it had.
    pub fn restart(&mut self) {
        self.stop();
        let setup = Setup {
            port: Some(self.address.port()),
            ..self.setup.clone()
        };
        (self.child, self.address) = begin(self.folder.path(), &setup);
    }
}

impl Drop for RealRegistry {
    fn drop(&mut self) {
        self.stop();
    }
}

fn begin(folder: &Path, setup: &Setup) -> (Child, SocketAddr) {
    let deadline = Instant::now() + START;
    loop {
        // Somebody else may take the port before the registry does. It then ends, and gets another.
        let free = || {
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .unwrap()
                .local_addr()
                .unwrap()
                .port()
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, setup.port.unwrap_or_else(free)));
        let configuration = folder.join("config.yml");
        std::fs::write(&configuration, configure(folder, setup, address)).unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let mut child = Command::new(tool("docker-registry"))
            .arg("serve")
            .arg(&configuration)
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        while child.try_wait().unwrap().is_none() {
            if TcpStream::connect(address).is_ok() {
                return (child, address);
            }
            let said = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            assert!(
                Instant::now() < deadline,
                "docker-registry does not answer: {}",
                said()
            );
            std::thread::sleep(POLL);
        }
        let said = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(
            Instant::now() < deadline && said.contains("address already in use"),
            "docker-registry does not start: {said}"
        );
    }
}

fn configure(folder: &Path, setup: &Setup, address: SocketAddr) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    let mut text = format!(
        "version: 0.1\nlog: {{level: error, accesslog: {{disabled: true}}}}\n\
         storage: {{filesystem: {{rootdirectory: \"{}\"}}, delete: {{enabled: true}}}}\n",
        at("data")
    );
    match &setup.access {
        Access::Open => {}
        Access::Password => {
            std::fs::write(at("htpasswd"), HTPASSWD).unwrap();
            let _ = writeln!(
                text,
                "auth: {{htpasswd: {{realm: test, path: \"{}\"}}}}",
                at("htpasswd")
            );
        }
        Access::Token { realm, certificate } => {
            let _ = writeln!(
                text,
                "auth: {{token: {{realm: \"{realm}\", service: test, issuer: test, rootcertbundle: \"{}\"}}}}",
                certificate.display()
            );
        }
    }
    let _ = write!(text, "http: {{addr: \"{address}\", secret: test");
    if let Some((certificate, key)) = &setup.tls {
        std::fs::write(at("tls.pem"), certificate).unwrap();
        std::fs::write(at("tls.key"), key).unwrap();
        let _ = write!(
            text,
            ", tls: {{certificate: \"{}\", key: \"{}\"}}",
            at("tls.pem"),
            at("tls.key")
        );
    }
    text.push_str("}\n");
    text
}

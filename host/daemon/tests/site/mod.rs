//! A folder with everything that an enforcement point needs on its machine, and the program that runs in it.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::cell::Cell;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use aecp_evidence::LogSigner;
use aecp_trust::enrolment::Enrolment;
use aecp_trust::key::Quorum;
use aecp_trust::root::RootBuilder;
use aecp_trust::{Role, SigningKey};
use rustix::process::{Pid, Signal};
use serde_json::Value;

/// A test that hangs ends here. Nothing waits for this long otherwise.
const GUARD: Duration = Duration::from_secs(120);

pub struct Site {
    pub folder: tempfile::TempDir,
    pub log_key: String,
}

impl Site {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = SigningKey::generate().unwrap();
        let expires = "2100-01-01T00:00:00Z".parse().unwrap();
        let mut builder = RootBuilder::new(1, expires);
        for role in Role::ALL {
            builder = builder.role(role, Quorum::new([key.public_key().clone()], 1).unwrap());
        }
        let mut root = builder.build().unwrap();
        root.sign(&key).unwrap();
        let log = SigningKey::generate().unwrap();
        let pem = log.to_pem().unwrap();
        let log_key = LogSigner::from_pem("point-1", &pem)
            .unwrap()
            .verifier()
            .to_string();
        let enrolment = Enrolment {
            name: "point-1".into(),
            labels: Default::default(),
            log_key: log_key.clone(),
            receipt_key: key.public_key().clone(),
        };
        std::fs::write(folder.path().join("root.json"), root.to_json().unwrap()).unwrap();
        std::fs::write(
            folder.path().join("enrolment.dsse.json"),
            enrolment.seal(&[&key]).unwrap(),
        )
        .unwrap();
        std::fs::write(folder.path().join("log.key"), pem.as_bytes()).unwrap();
        let config = r#"
            [enforcement_point]
            state = "state"
            root = "root.json"
            enrolment = "enrolment.dsse.json"
            [gateway]
            listeners = [{ address = "127.0.0.1:0" }]
            [agent]
            layout = "registry"
            tag = "production"
            poll_ms = 20
            [recorder]
            key = "log.key"
            interval_ms = 20
        "#;
        std::fs::write(folder.path().join("aecpd.toml"), config).unwrap();
        Self { folder, log_key }
    }

    pub fn config(&self) -> PathBuf {
        self.folder.path().join("aecpd.toml")
    }

    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn evidence(&self) -> PathBuf {
        self.state().join("evidence")
    }

    /// Starts `aecpd`, with this role or as supervisor.
    pub fn start(&self, role: Option<&str>) -> Daemon {
        let mut command = aecpd();
        command
            .args(role)
            .arg("--config")
            .arg(self.config())
            .args(["--log", "debug"]);
        Daemon::start(command)
    }
}

pub fn aecpd() -> Command {
    Command::new(Path::new(env!("CARGO_BIN_EXE_aecpd")))
}

/// A running program whose log lines are read.
pub struct Daemon {
    child: Child,
    lines: Receiver<String>,
    pub told: Vec<String>,
}

impl Daemon {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = child.stderr.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        Self {
            child,
            lines,
            told: Vec::new(),
        }
    }

    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// The next line of the log for which `wanted` gives something.
    pub fn until<T>(&mut self, wanted: impl Fn(&Value) -> Option<T>) -> T {
        loop {
            let line = self.lines.recv_timeout(GUARD);
            let line = line.unwrap_or_else(|_| panic!("it does not come: {:#?}", self.told));
            self.told.push(line.clone());
            let found = serde_json::from_str(&line).ok().and_then(|line| wanted(&line));
            if let Some(found) = found {
                return found;
            }
        }
    }

    /// Waits until the supervisor has started this role, and gives its process.
    pub fn started(&mut self, role: &str) -> i32 {
        self.until(|line| {
            let pid = line["pid"].as_i64().filter(|_| line["started"] == role)?;
            i32::try_from(pid).ok()
        })
    }

    /// Waits until the supervisor has started this role and the role has begun, whichever it is told first, and gives
    /// its process.
    pub fn started_and_begun(&mut self, role: &str) -> i32 {
        let (pid, begun) = (Cell::new(None), Cell::new(false));
        self.until(|line| {
            if line["started"] == role {
                pid.set(line["pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()));
            }
            begun.set(begun.get() || (line["role"] == role && line["message"] == "begins"));
            pid.get().filter(|_| begun.get())
        })
    }

    /// Waits until this role says this.
    pub fn says(&mut self, role: &str, message: &str) {
        self.until(|line| (line["role"] == role && line["message"] == message).then_some(()));
    }

    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// Waits until the program and all that it started have ended: they share the stream of log lines.
    pub fn ended(mut self) -> (ExitStatus, Vec<String>) {
        loop {
            match self.lines.recv_timeout(GUARD) {
                Ok(line) => self.told.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("it does not end: {:#?}", self.told)
                }
            }
        }
        (self.child.wait().unwrap(), std::mem::take(&mut self.told))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn kill(pid: i32, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// What the lifecycle leaves of the log are about.
pub fn subjects(evidence: &Path, size: u64) -> Vec<String> {
    let tiles = aecp_evidence::merkle::Tiles::new(evidence);
    let mut subjects = Vec::new();
    while let Some(left) = size.checked_sub(subjects.len() as u64).filter(|left| *left > 0) {
        let entries = tiles
            .entries(
                subjects.len() as u64 / 256,
                usize::try_from(left.min(256)).unwrap(),
            )
            .unwrap();
        for leaf in entries {
            let leaf = aecp_evidence::Leaf::decode(&leaf).unwrap().to_json();
            subjects.push(leaf["subject"].as_str().unwrap().to_owned());
        }
    }
    subjects
}

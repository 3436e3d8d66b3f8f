//! The programs between load and upstream, and the upstream.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use aecp_end_to_end::site::Site;

use super::processes::Process;
use crate::error::Error;

/// A program that has its turn.
pub(super) struct Contender {
    /// Its name in figures.
    pub(super) name: &'static str,
    /// How far its evidence comes before a request executes; `none` without evidence.
    pub(super) audit_class: &'static str,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// Its processes.
    pub(super) processes: Vec<Process>,
    /// The signed head of its log.
    checkpoint: Option<PathBuf>,
}

impl Contender {
    /// An enforcement point.
    pub(super) fn site(
        name: &'static str,
        audit_class: &'static str,
        address: SocketAddr,
        site: &Site,
    ) -> Result<Self, Error> {
        let processes = ["gateway", "recorder", "agent"].map(|name| {
            let id = site.process_of(name)?;
            Ok::<_, Error>(Process { name, id })
        });
        Ok(Self {
            name,
            audit_class,
            address,
            processes: processes.into_iter().collect::<Result<_, _>>()?,
            checkpoint: Some(site.path("evidence/checkpoint")),
        })
    }

    /// A program without evidence.
    pub(super) fn server(name: &'static str, server: &Server) -> Self {
        Self {
            name,
            audit_class: "none",
            address: server.address,
            processes: vec![Process {
                name: server.name,
                id: server.child.id(),
            }],
            checkpoint: None,
        }
    }

    /// How many leaves the signed log has; none without a log.
    pub(super) fn leaves(&self) -> Result<Option<u64>, Error> {
        let Some(path) = &self.checkpoint else {
            return Ok(None);
        };
        let note = fs::read_to_string(path).map_err(Error::file("read", path))?;
        let size = note.lines().nth(1).and_then(|line| line.parse().ok());
        size.map(Some)
            .ok_or_else(|| Error::Worthless(format!("`{}` has no size in its second line", path.display())))
    }
}

/// A program that serves until it is told to end.
pub(super) struct Server {
    /// Its name in figures.
    name: &'static str,
    /// Where it listens.
    pub(super) address: SocketAddr,
    child: Child,
    /// What tells it to end; closing its standard input does otherwise.
    signal: Option<&'static str>,
}

impl Server {
    /// The server behind all contenders: this program, as a process of its own.
    pub(super) fn upstream() -> Result<Self, Error> {
        let program = std::env::current_exe().map_err(Error::program("benchmarks"))?;
        Self::that_says_where("upstream", Command::new(program).arg("upstream"))
    }

    /// The gateway that lets everything pass.
    pub(super) fn gateway_off(program: &Path, upstream: SocketAddr) -> Result<Self, Error> {
        let mut command = Command::new(program);
        Self::that_says_where("gateway-off", command.arg(format!("http://{upstream}")))
    }

    /// Starts a program that writes its address as its first line, and ends when its standard input does.
    fn that_says_where(name: &'static str, command: &mut Command) -> Result<Self, Error> {
        let failed = || Error::program(name);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = Self {
            name,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            child: command.spawn().map_err(failed())?,
            signal: None,
        };
        let mut line = String::new();
        if let Some(output) = server.child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(failed())?;
        }
        server.address = line.trim().parse().map_err(|_| {
            Error::Worthless(format!("`{name}` should say where it listens, but said `{line}`"))
        })?;
        Ok(server)
    }

    /// haproxy as a plain proxy. It gets its listening socket as standard input, so that no port is guessed.
    pub(super) fn haproxy(program: &Path, folder: &Path, upstream: SocketAddr) -> Result<Self, Error> {
        let failed = || Error::program(program.display());
        let listener = TcpListener::bind("127.0.0.1:0").map_err(failed())?;
        let address = listener.local_addr().map_err(failed())?;
        let configuration = folder.join("haproxy.cfg");
        fs::write(&configuration, haproxy_configuration(upstream))
            .map_err(Error::file("write", &configuration))?;
        let log = folder.join("haproxy.log");
        let log = fs::File::create(&log).map_err(Error::file("write", &log))?;
        let child = Command::new(program)
            .arg("-db")
            .arg("-f")
            .arg(&configuration)
            .stdin(Stdio::from(OwnedFd::from(listener)))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(failed())?;
        Ok(Self {
            name: "haproxy",
            address,
            child,
            // Its way to say: end as soon as nothing is in flight.
            signal: Some("-USR1"),
        })
    }

    /// Ends it, and waits until it has ended.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        drop(self.child.stdin.take());
        if let Some(signal) = self.signal {
            let process = self.child.id().to_string();
            let mut kill = Command::new("kill");
            kill.args([signal, &process])
                .status()
                .map_err(Error::program("kill"))?;
        }
        let status = self.child.wait().map_err(Error::program(self.name))?;
        if status.success() {
            return Ok(());
        }
        Err(Error::Worthless(format!("`{}` ended with {status}", self.name)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing happens to a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A thread for each processor and connections that are reused: haproxy at its best, without logs.
fn haproxy_configuration(upstream: SocketAddr) -> String {
    format!(
        "global\n    maxconn 4096\n\n\
         defaults\n    mode http\n    option http-keep-alive\n    timeout connect 5s\n    timeout client 30s\n    \
         timeout server 60s\n\n\
         frontend clients\n    bind fd@0\n    default_backend upstream\n\n\
         backend upstream\n    http-reuse always\n    server upstream {upstream}\n"
    )
}

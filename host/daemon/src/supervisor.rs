//! Starts the roles, starts them again when they die, ends them.
//!
//! The roles die with the supervisor: each asks the kernel for a signal when its parent is gone. They do not share the
//! supervisor's process group, so that a key pressed on a terminal reaches the supervisor alone, which ends them in
//! order: gateway and agent first, then the recorder, so that it has everything that the gateway wrote.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use aecp_agent::pace::Backoff;
use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cli::Logging;
use crate::config::Config;
use crate::role::Role;
use crate::signals::Signals;

/// Name of the file that is locked while a supervisor runs, in the folder of the state.
pub(crate) const LOCK_FILE: &str = "aecpd.lock";

/// Name of the folder of process numbers, in the folder of the state: `run/gateway.pid`.
pub(crate) const RUN_FOLDER: &str = "run";

/// First and longest pause before a role is started again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// A role that lived for as long as this begins again with the first pause.
const STEADY: Duration = Duration::from_secs(10);

/// How much longer than its own limits a role may take to end.
const GRACE: Duration = Duration::from_secs(15);

/// Why the supervisor cannot begin, or did not end as it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SupervisorError {
    /// A file or folder cannot be used.
    #[error("cannot {action} `{path}`: {error}")]
    Io {
        action: &'static str,
        path: PathBuf,
        error: io::Error,
    },
    /// Another supervisor uses the state.
    #[error(
        "another aecpd uses `{path}`; stop it, or give this one a folder of its own as `enforcement_point.state`"
    )]
    InUse { path: PathBuf },
    /// The operating system did not give what every process needs.
    #[error("cannot set up the process: {0}")]
    Setup(io::Error),
    /// A role had to be killed.
    #[error("{0} did not end by itself and was killed")]
    Killed(Role),
}

/// What the roles are told by the supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Run,
    /// Finish what is in flight.
    End,
    /// At once.
    Kill,
}

/// Runs all roles until SIGTERM or SIGINT.
///
/// # Errors
/// The supervisor cannot begin, or a role had to be killed.
pub(crate) fn run(config: Config, logging: &Logging) -> Result<(), SupervisorError> {
    // One thread: the kernel's signal for a dead parent is about the thread that started the child.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(SupervisorError::Setup)?;
    let _lock = lock(&config.state)?;
    runtime.block_on(supervise(&config, logging))
}

async fn supervise(config: &Config, logging: &Logging) -> Result<(), SupervisorError> {
    let mut signals = Signals::listen().map_err(SupervisorError::Setup)?;
    let run = config.state.join(RUN_FOLDER);
    create_folder(&run)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), config = %config.file.display(), "begins");
    let (front, front_orders) = watch::channel(Order::Run);
    let (last, last_orders) = watch::channel(Order::Run);
    let grace = config.gateway.limits.drain_timeout.0.saturating_add(GRACE);
    let mut keepers = JoinSet::new();
    for role in Role::ALL {
        let orders = if role == Role::Recorder {
            &last_orders
        } else {
            &front_orders
        };
        let keeper = Keeper {
            role,
            config: config.file.clone(),
            logging: logging.clone(),
            pid_file: run.join(format!("{role}.pid")),
            orders: orders.clone(),
            grace,
        };
        keepers.spawn(keeper.keep());
    }
    signals.next().await;
    front.send_replace(Order::End);
    let mut killed = None;
    let mut ended = 0_usize;
    loop {
        tokio::select! {
            keeper = keepers.join_next() => {
                let Some(keeper) = keeper else { break };
                ended = ended.saturating_add(1);
                if let Ok(Err(role)) = keeper {
                    killed = Some(role);
                }
                if ended.saturating_add(1) == Role::ALL.len() {
                    last.send_modify(|order| *order = Order::End.max(*order));
                }
            }
            () = signals.next() => {
                front.send_replace(Order::Kill);
                last.send_replace(Order::Kill);
            }
        }
    }
    tracing::info!("ends");
    killed.map_or(Ok(()), |role| Err(SupervisorError::Killed(role)))
}

/// Keeps one role running.
struct Keeper {
    role: Role,
    config: PathBuf,
    logging: Logging,
    pid_file: PathBuf,
    orders: watch::Receiver<Order>,
    grace: Duration,
}

impl Keeper {
    /// Ends when it is ordered to.
    ///
    /// # Errors
    /// The role had to be killed.
    async fn keep(mut self) -> Result<(), Role> {
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        loop {
            let begun = Instant::now();
            match self.start() {
                Ok(mut child) => {
                    tokio::select! {
                        status = child.wait() => self.died(status),
                        () = ordered(&mut self.orders, Order::End) => return self.end(child).await,
                    }
                }
                Err(error) => tracing::error!(role = self.role.name(), %error, "cannot be started"),
            }
            if begun.elapsed() >= STEADY {
                backoff.reset();
            }
            let pause = backoff.next();
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = ordered(&mut self.orders, Order::End) => return Ok(()),
            }
        }
    }

    fn start(&self) -> io::Result<Child> {
        // The very program that runs, even if another one lies under its name by now.
        let mut command = Command::new("/proc/self/exe");
        command
            .arg0("aecpd")
            .arg(self.role.name())
            .arg("--config")
            .arg(&self.config)
            .arg("--supervised-by")
            .arg(std::process::id().to_string())
            .arg("--log")
            .arg(self.logging.log.to_string());
        if let Some(format) = self.logging.log_format {
            command.args(["--log-format", format.name()]);
        }
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        if let Some(pid) = child.id() {
            if let Err(error) = write_pid(&self.pid_file, pid) {
                tracing::warn!(file = %self.pid_file.display(), %error, "the process number is not in its file");
            }
            tracing::info!(started = self.role.name(), pid, "started");
        }
        Ok(child)
    }

    fn died(&self, status: io::Result<ExitStatus>) {
        let _ = fs::remove_file(&self.pid_file);
        let died = self.role.name();
        match status {
            Ok(status) => tracing::error!(died, %status, "died; it is started again"),
            Err(error) => tracing::error!(died, %error, "is lost; it is started again"),
        }
    }

    async fn end(&mut self, mut child: Child) -> Result<(), Role> {
        let role = self.role;
        let pid = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // Fails only if the process has just ended by itself.
            let _ = rustix::process::kill_process(pid, Signal::TERM);
        }
        let ended = tokio::select! {
            _ = child.wait() => true,
            () = tokio::time::sleep(self.grace) => false,
            () = ordered(&mut self.orders, Order::Kill) => false,
        };
        if !ended {
            // An error means that it has ended after all.
            let _ = child.kill().await;
        }
        let _ = fs::remove_file(&self.pid_file);
        if ended {
            tracing::info!(ended = role.name(), "ended");
            Ok(())
        } else {
            tracing::error!(killed = role.name(), "did not end by itself and was killed");
            Err(role)
        }
    }
}

/// Ready when the order, or a stronger one, is given.
async fn ordered(orders: &mut watch::Receiver<Order>, least: Order) {
    if orders.wait_for(|order| *order >= least).await.is_err() {
        // The supervisor itself is ending, and takes the roles with it.
        std::future::pending::<()>().await;
    }
}

fn write_pid(path: &Path, pid: u32) -> io::Result<()> {
    let temporary = path.with_extension("new");
    fs::write(&temporary, format!("{pid}\n"))?;
    fs::rename(&temporary, path)
}

fn create_folder(path: &Path) -> Result<(), SupervisorError> {
    let mut builder = fs::DirBuilder::new();
    let created = builder.recursive(true).mode(0o750).create(path);
    created.map_err(|error| SupervisorError::Io {
        action: "create",
        path: path.to_owned(),
        error,
    })
}

fn lock(state: &Path) -> Result<File, SupervisorError> {
    create_folder(state)?;
    let path = state.join(LOCK_FILE);
    let failed = |action| {
        let path = path.clone();
        move |error| SupervisorError::Io { action, path, error }
    };
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed("open"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SupervisorError::InUse {
            path: state.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(failed("lock")(error)),
    }
}

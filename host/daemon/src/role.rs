//! What a process is for, and how it begins and ends.

use std::fmt;

use aecp_agent::AgentError;
use rustix::process::{Pid, Signal};
use tokio::runtime::Builder;
use tokio::sync::watch;

use crate::config::Config;
use crate::receipts::{self, ReceiptsError};
use crate::recorder::{self, RecorderRoleError};
use crate::signals::Signals;

/// What a process is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Merges and signs the evidence, feeds sinks.
    Recorder,
    /// Takes requests, decides, enforces.
    Gateway,
    /// Brings bundles to the gateway.
    Agent,
}

impl Role {
    /// All roles, in the order in which they start.
    pub(crate) const ALL: [Self; 3] = [Self::Recorder, Self::Gateway, Self::Agent];

    /// Its name on the command line and in logs.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Recorder => "recorder",
            Self::Gateway => "gateway",
            Self::Agent => "agent",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a role ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoleError {
    /// The process cannot be tied to its supervisor.
    #[error("cannot be tied to the supervisor: {0}")]
    Tie(std::io::Error),
    /// The supervisor was gone before the role began.
    #[error("the supervisor (process {0}) is gone")]
    Orphan(i32),
    /// The operating system did not give what every process needs.
    #[error("cannot set up the process: {0}")]
    Setup(std::io::Error),
    /// The agent cannot begin.
    #[error(transparent)]
    Agent(#[from] AgentError),
    /// The agent cannot sign receipts.
    #[error("receipts: {0}")]
    Receipts(#[from] ReceiptsError),
    /// The gateway cannot begin or go on.
    #[error(transparent)]
    Gateway(#[from] aecp_gateway::GatewayError),
    /// The recorder cannot begin or go on.
    #[error(transparent)]
    Recorder(#[from] RecorderRoleError),
}

/// Runs a role until it is told to end.
///
/// # Errors
/// It cannot begin or go on.
pub(crate) fn run(role: Role, config: Config, supervisor: Option<i32>) -> Result<(), RoleError> {
    if let Some(supervisor) = supervisor {
        tie(supervisor)?;
    }
    let mut builder = match role {
        Role::Gateway => Builder::new_multi_thread(),
        Role::Agent | Role::Recorder => Builder::new_current_thread(),
    };
    let runtime = builder.enable_all().build().map_err(RoleError::Setup)?;
    runtime.block_on(async {
        let mut signals = Signals::listen().map_err(RoleError::Setup)?;
        let (stop, stopped) = watch::channel(false);
        let told = async move {
            signals.next().await;
            stop.send_replace(true);
            // A second signal is for those who do not want to wait.
            signals.next().await;
        };
        let work = work(role, config, stopped);
        tokio::pin!(work);
        tokio::select! {
            ended = &mut work => ended,
            () = told => {
                tracing::warn!("told again to end: what is in flight is given up");
                Ok(())
            }
        }
    })
}

async fn work(role: Role, config: Config, mut stopped: watch::Receiver<bool>) -> Result<(), RoleError> {
    let shutdown = async move {
        // An error means that nobody can tell any more, which ends the role too.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), config = %config.file.display(), "begins");
    match role {
        Role::Agent => {
            let receipts = config.receipts.as_ref().map(receipts::load).transpose()?;
            aecp_agent::run(config.agent, receipts, shutdown).await?;
        }
        Role::Gateway => aecp_gateway::run(config.gateway, shutdown).await?,
        Role::Recorder => recorder::run(config.recorder, shutdown).await?,
    }
    tracing::info!("ends");
    Ok(())
}

/// Makes the kernel tell this process to end when the supervisor dies, however it dies.
fn tie(supervisor: i32) -> Result<(), RoleError> {
    rustix::process::set_parent_process_death_signal(Some(Signal::TERM))
        .map_err(|error| RoleError::Tie(error.into()))?;
    // It may have died before the line above.
    if Pid::as_raw(rustix::process::getppid()) == supervisor {
        Ok(())
    } else {
        Err(RoleError::Orphan(supervisor))
    }
}

//! The control plane of an enforcement point: it brings bundles from where they are published to the gateway.
//!
//! The agent watches a tag of an OCI layout folder or in an OCI registry, writes what is under it into a folder, offers the folder to the gateway and
//! keeps the answer, signed as a receipt. It only transports bytes: that they are the bytes which a digest names is
//! checked here, who signed them and what they mean is for the gateway. This crate refuses to know requests, policies and
//! trust roots, and an agent that lies or dies changes no decision.
//!
//! - [`config`]: where it watches, whom it tells, where it keeps its things.
//! - `source`: the place where bundles are published, as something that can be asked.
//! - [`agent`]: one look at the tag, and what follows from it.
//! - [`gateway`]: the offer and the answer, over a Unix socket.
//! - [`acknowledgement`]: what became of the newest offer, in a file.
//! - [`receipts`]: the same as a statement that the enforcement point has signed.
//! - [`folder`]: the agent's own folder, which one agent uses at a time.
//! - [`pace`]: pauses that grow and spread.
//! - [`error`]: everything that can go wrong, by name.

#![forbid(unsafe_code)]

pub mod acknowledgement;
pub mod agent;
pub mod config;
pub mod error;
pub mod folder;
pub mod gateway;
pub mod pace;
pub mod receipts;
mod source;

use std::future::Future;

pub use agent::{Agent, Step};
pub use config::{Config, Source};
pub use error::AgentError;
pub use receipts::Receipts;

use pace::Backoff;

/// Watches and offers until `shutdown` is ready. Without `receipts`, acknowledgements are not signed. Errors that may pass are logged and tried again, with growing pauses.
///
/// # Errors
/// The agent's folder cannot be used, or another agent uses it.
pub async fn run(
    config: Config,
    receipts: Option<Receipts>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), AgentError> {
    let poll = config.poll;
    let mut agent = Agent::new(config)?.signing(receipts);
    let mut backoff = Backoff::new(poll, pace::LONGEST_RETRY.max(poll));
    let mut told = String::new();
    tokio::pin!(shutdown);
    loop {
        let step = tokio::select! {
            biased;
            () = &mut shutdown => return Ok(()),
            step = agent.step() => step,
        };
        let pause = match step {
            Ok(_) => {
                if !told.is_empty() {
                    tracing::info!("the way to the gateway works again");
                    told.clear();
                }
                backoff.reset();
                pace::spread(poll)
            }
            Err(error) => {
                let text = error.to_string();
                // The same trouble is told once, not with every attempt.
                if text == told {
                    tracing::debug!(code = error.code(), %error, "still no success");
                } else {
                    tracing::error!(code = error.code(), %error, "no bundle was brought; trying again");
                    told = text;
                }
                backoff.next()
            }
        };
        tokio::select! {
            biased;
            () = &mut shutdown => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

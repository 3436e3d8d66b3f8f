//! The data plane of an enforcement point: requests come in, are decided over, and go on or do not.
//!
//! It verifies every bundle itself and keeps only what a decision needs. It refuses to know registries, signing keys,
//! how policies are written, and the evidence log behind its own journal. HTTP, TLS and the WebAssembly engine are
//! other crates; what is here is the way between them.
//!
//! The way of a request:
//! - [`connection`](self): listeners and connections inside limits. `stall`: peers that do not read.
//! - [`canonical`]: one reading of a request, or a refusal. [`ids`]: its name.
//! - [`flow`]: canonical form, guard, upstream, response. [`guard`]: the step in the middle, as a trait.
//! - [`enforce`]: the guard of an enforcement point. [`routes`], [`context`]: what it decides on; `facts`, [`evidence`]:
//!   what it leaves behind.
//! - [`problem`]: what a client is told. [`body`]: bodies, streamed. `track`: how an admitted request ended.
//! - [`upstream`]: where admitted requests go.
//!
//! The way of a bundle:
//! - `offers`: the agent's socket. [`state`]: verify, load, keep, record, swap. [`active`]: a bundle in force.
//!
//! And around both: [`config`], [`metrics`], `admin`, [`tls`], `shutdown`, [`serve`].

#![forbid(unsafe_code)]

pub mod active;
mod admin;
pub mod body;
pub mod canonical;
mod clock;
pub mod config;
mod connection;
pub mod context;
pub mod enforce;
pub mod evidence;
mod facts;
pub mod flow;
pub mod guard;
pub mod ids;
pub mod metrics;
mod offers;
pub mod problem;
pub mod routes;
pub mod serve;
mod shutdown;
mod stall;
pub mod state;
pub mod tls;
mod track;
pub mod upstream;

pub use config::Config;
pub use enforce::Enforcer;
pub use guard::{Admitted, Asked, Guard, Record};
pub use serve::{Front, Gateway, GatewayError, run};

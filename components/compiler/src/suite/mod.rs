//! Tests of policies: what TEST blocks mean, and what running them tells.
//!
//! Tests stand beside the typed core and never in it: they change no byte of the component.
//!
//! - this module: typed tests, as [`crate::package::check`] gives them.
//! - [`decision`]: what one package decides, as an enforcement point with only this package would.
//! - [`run`](mod@run): tests against a package.
//! - [`coverage`](mod@coverage): which atoms the tests have made true, false and unknown.
//! - [`mutation`]: small changes of a package that some test should notice.
//! - [`equivalence`]: whether a change can be noticed at all.
//! - [`saved`]: findings of the analysis as tests.
//! - `obliged`: obligations that tests expect.
//! - `mutants`: the small changes themselves.
//! - `requests`: the requests that conditions can tell apart.

pub mod coverage;
pub mod decision;
pub mod equivalence;
mod mutants;
pub mod mutation;
mod obliged;
mod requests;
pub mod run;
pub mod saved;

use std::collections::BTreeMap;
use std::sync::Arc;

use aecp_vocabulary::{AttributeName, Value, Verdict};
use serde::{Deserialize, Serialize};

pub use coverage::coverage;
pub use mutation::mutate;
pub use obliged::Obliged;
pub use run::run;

use crate::core::{Input, InputKind, Package, Policy};
use crate::diagnostic::Place;

/// One TEST block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// What it shows; unique in the package.
    pub title: String,
    /// Where its title stands.
    pub place: Place,
    /// At least one. A test without CASE has one case without a title.
    pub cases: Vec<Case>,
}

/// One request, and what must be decided over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it is about, if the source says so.
    pub title: Option<String>,
    /// Where the case stands; the test's place if it is the only one.
    pub place: Place,
    /// What the request has.
    pub given: Givens,
    /// What time it is, in nanoseconds since 1970-01-01T00:00:00Z, if the test pins its clock: the moment of the
    /// decision, and the value of [`NOW`] unless that is given.
    pub now: Option<i64>,
    /// What must be decided.
    pub expected: Expected,
}

/// The attribute that is the time of the decision at an enforcement point.
pub const NOW: &str = "time.now";

impl Case {
    /// One value for each input of `package`, in their order.
    pub fn values(&self, package: &Package) -> Vec<Value> {
        self.given.values(package, self.now)
    }
}

/// Values by attribute.
pub type Layer = BTreeMap<AttributeName, Value>;

/// What a request has: layers of values, each over those before it. Tests and cases share layers, so that a large
/// fixture costs its size once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Givens(Vec<Arc<Layer>>);

impl Givens {
    /// These values, with `layer` over them.
    #[must_use]
    pub fn with(&self, layer: Arc<Layer>) -> Self {
        let mut layers = self.0.clone();
        layers.push(layer);
        Self(layers)
    }

    /// The attribute's value; absent if nothing is said of it.
    pub fn value(&self, attribute: &AttributeName) -> &Value {
        self.0
            .iter()
            .rev()
            .find_map(|layer| layer.get(attribute))
            .unwrap_or(&Value::Absent)
    }

    /// One value for each input of `package`, in their order. `now`, in nanoseconds since 1970-01-01T00:00:00Z, is the
    /// moment of the decision, and the value of [`NOW`] unless that is given. Parameters are what is given, or their
    /// defaults.
    pub fn values(&self, package: &Package, now: Option<i64>) -> Vec<Value> {
        let value = |input: &Input| match (self.value(&input.name), now) {
            (_, Some(now)) if input.kind == InputKind::Now => Value::Instant(now),
            (Value::Absent, Some(now)) if input.name.as_str() == NOW => Value::Instant(now),
            (Value::Absent, _) => input.plain(),
            (value, _) => value.clone(),
        };
        package.inputs.iter().map(value).collect()
    }
}

/// What a case expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// ALLOW or DENY.
    pub verdict: Verdict,
    /// A policy that must be among those that deny (or, for ALLOW, that cover), or
    /// [`DEFAULT_POLICY`](aecp_vocabulary::decision::DEFAULT_POLICY).
    pub by: Option<String>,
    /// What the reason of that policy, or of any that denies, must contain.
    pub because: Option<String>,
    /// What an ALLOW must oblige to, beside whatever else it obliges to.
    #[serde(default)]
    pub obliging: Vec<Obliged>,
}

impl Package {
    /// The same package with other policies, which read the same inputs.
    pub(crate) fn with_policies(&self, policies: Vec<Policy>) -> Self {
        Self {
            name: self.name.clone(),
            version: self.version.clone(),
            default: self.default,
            inputs: self.inputs.clone(),
            policies,
            annotations: Vec::new(),
        }
    }
}

//! The bundle: what an enforcement point runs, as one statement that is signed, activated or refused as a whole.
//!
//! A bundle is the predicate of an in-toto statement of type [`BUNDLE_TYPE`]; its subjects are the components and
//! their native code, so one signature covers every byte that will run. The bundle's digest, by which evidence,
//! freshness statements and operators name it, is the SHA-256 of that statement's bytes (the payload of the
//! envelope): signatures may be added to it, and it stays the same bundle.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::policy::Mode;
use aecp_vocabulary::schema::AttributeName;
use aecp_vocabulary::value::Type;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attestation::ComponentKind;
use crate::key::Signer;
use crate::statement::{BUNDLE_TYPE, Predicate, SignError, Statement, Subject};
use aecp_vocabulary::digest::Digest;

mod names;
mod rules;

pub use rules::{InvalidBundle, Violation};

/// What an enforcement point runs.
///
/// Everything that changes a decision is in here. Addresses, limits and key paths are local configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// What people call it: a name of at most 128 letters, digits, `.`, `_`, `-`.
    pub name: String,
    /// Grows with every release, from 1.
    pub epoch: u64,
    /// Before this it is refused, and requests are denied.
    pub not_before: Timestamp,
    /// From this on it is refused, and requests are denied.
    pub not_after: Timestamp,
    /// Which rules the bundle itself obeys.
    #[serde(default)]
    pub profile: Profile,
    /// Whether the bundle blocks nothing, and says so.
    #[serde(default)]
    pub observe_only: bool,
    /// The oldest version of the trust root under which the bundle may be used.
    pub trust_root_version: u64,
    /// Labels that an enforcement point must have, with these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub selectors: BTreeMap<String, String>,
    /// The policy components. Evidence and findings keep this order.
    pub policies: Vec<PolicyEntry>,
    /// The context extractors, in the order in which they run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extractors: Vec<ExtractorEntry>,
    /// The audit sinks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sinks: Vec<SinkEntry>,
    /// Where each attribute comes from. What policies read and nothing gives refuses the bundle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<AttributeEntry>,
    /// Which requests are taken, and where they go. The first route that matches takes a request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
}

/// Which rules a bundle obeys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Packages may be advisory or audit-only.
    #[default]
    Standard,
    /// Every package is at ceiling BLOCKING (distributed enforcement requirements).
    Strict,
}

/// One policy component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyEntry {
    /// Its bytes.
    pub component: ComponentRef,
    /// All packages that it holds, in its own order.
    pub packages: Vec<PackageEntry>,
    /// Values for its parameters, by name; the others keep their defaults.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, serde_json::Value>,
}

/// One package of a policy component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageEntry {
    /// Unique in the bundle.
    pub name: String,
    /// As the component describes it.
    pub version: String,
    /// The strongest mode that its policies have here.
    pub ceiling: Mode,
}

/// The bytes of a component, and the native code made from them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComponentRef {
    /// SHA-256 of the WebAssembly component.
    pub digest: Digest,
    /// Its bytes, 1 or more.
    pub size: u64,
    /// Whether instances live on between requests. Only for policy components that our own compiler emitted.
    #[serde(default)]
    pub warm: bool,
    /// Ahead-of-time compiled forms, at most one for each target and engine.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub native: Vec<NativeCode>,
}

/// Native code, compiled ahead of time from a component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NativeCode {
    /// Target triple, `x86_64-unknown-linux-gnu`.
    pub target: String,
    /// Identity of the engine that can load it: version and settings, as the engine itself states it.
    pub engine: String,
    /// SHA-256 of the code.
    pub digest: Digest,
    /// Its bytes, 1 or more.
    pub size: u64,
}

/// One context extractor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtractorEntry {
    /// Unique among the extractors; attributes refer to it.
    pub name: String,
    /// Its bytes.
    pub component: ComponentRef,
    /// What `configure` is given, as compact JSON.
    #[serde(default)]
    pub configuration: serde_json::Value,
    /// Whether it may give `identity.*`.
    #[serde(default)]
    pub authenticating: bool,
}

/// One audit sink.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkEntry {
    /// Unique among the sinks; its cursor is kept under this name.
    pub name: String,
    /// Its bytes.
    pub component: ComponentRef,
    /// What `configure` is given, as compact JSON.
    #[serde(default)]
    pub configuration: serde_json::Value,
    /// Names of the endpoints that it may send to. The enforcement point has their addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endpoints: Vec<String>,
}

/// One attribute and its one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeEntry {
    /// Its name, once in the bundle.
    pub name: AttributeName,
    /// Its type.
    pub value_type: Type,
    /// Where it comes from.
    pub source: Source,
    /// Whether it is about a person: evidence then holds a commitment in place of the value.
    #[serde(default)]
    pub personal: bool,
}

/// Where an attribute comes from.
///
/// In JSON: `"host"`, or an object of one key, as in `{"header": {"name": "x-region"}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A header of the request, by its lower-case name.
    Header {
        /// The header.
        name: String,
    },
    /// A parameter of the query.
    Query {
        /// The parameter, after percent decoding.
        name: String,
    },
    /// A named segment of the route's path template.
    Path {
        /// The segment's name, without braces.
        segment: String,
    },
    /// A label of the route that takes the request.
    Label {
        /// The label.
        name: String,
    },
    /// The same value for every request.
    Constant {
        /// The value, of the attribute's type.
        value: serde_json::Value,
    },
    /// A context extractor.
    Extractor {
        /// The extractor, by its name in the bundle.
        name: String,
    },
    /// The enforcement point itself: `request.*`, `connection.*`, `time.*`, `environment.*`, and nothing else.
    Host,
}

/// Which requests are taken, and where they go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Unique among the routes.
    pub name: String,
    /// Host names without port, lower-case; none means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// A path template, see [`crate::route::Template`].
    pub path: String,
    /// HTTP methods, upper-case; none means any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// Name of the upstream. The enforcement point has its address.
    pub upstream: String,
    /// Facts about every request that it takes, for [`Source::Label`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// One use of a component in a bundle.
#[derive(Clone, Copy, Debug)]
pub struct ComponentUse<'a> {
    /// What it is used as.
    pub kind: ComponentKind,
    /// The package, extractor or sink; the first package of a policy component.
    pub name: &'a str,
    /// Its bytes.
    pub component: &'a ComponentRef,
    /// The packages that the bundle says are in it; none but for policy components.
    pub packages: &'a [PackageEntry],
}

/// A bundle in its envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBundle {
    /// The envelope, JSON.
    pub envelope: Vec<u8>,
    /// The bundle's digest.
    pub digest: Digest,
}

/// A bundle that was not signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It breaks rules, so every enforcement point would refuse it.
    #[error(transparent)]
    Invalid(#[from] InvalidBundle),
    /// A signer did not sign.
    #[error(transparent)]
    Signing(#[from] SignError),
}

impl Predicate for Bundle {
    const TYPE: &'static str = BUNDLE_TYPE;
}

impl Bundle {
    /// Every use of a component: policies, extractors, sinks, each in the bundle's order.
    pub fn components(&self) -> impl Iterator<Item = ComponentUse<'_>> {
        let policies = self.policies.iter().map(|entry| ComponentUse {
            kind: ComponentKind::Policy,
            name: entry.packages.first().map_or("", |package| package.name.as_str()),
            component: &entry.component,
            packages: &entry.packages,
        });
        let extractors = self.extractors.iter().map(|entry| ComponentUse {
            kind: ComponentKind::Context,
            name: &entry.name,
            component: &entry.component,
            packages: &[],
        });
        let sinks = self.sinks.iter().map(|entry| ComponentUse {
            kind: ComponentKind::Audit,
            name: &entry.name,
            component: &entry.component,
            packages: &[],
        });
        policies.chain(extractors).chain(sinks)
    }

    /// The extractor of this name.
    pub fn extractor(&self, name: &str) -> Option<&ExtractorEntry> {
        self.extractors.iter().find(|extractor| extractor.name == name)
    }

    /// Whether a label set has everything that the selectors ask for.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        self.selectors
            .iter()
            .all(|(label, value)| labels.get(label) == Some(value))
    }

    /// The subjects of the bundle's statement: each component and each native code once.
    pub fn subjects(&self) -> Vec<Subject> {
        let mut seen = BTreeSet::new();
        let mut subjects = Vec::new();
        let mut add = |name: String, digest: Digest| {
            if seen.insert(digest) {
                subjects.push(Subject::new(name, digest));
            }
        };
        for used in self.components() {
            add(used.name.to_owned(), used.component.digest);
            for native in &used.component.native {
                add(format!("{}.{}", used.name, native.target), native.digest);
            }
        }
        subjects
    }

    /// The bundle in an envelope, with a signature of each signer. The same bundle has the same digest.
    ///
    /// # Errors
    /// The bundle breaks rules, or a signer did not sign.
    pub fn seal(&self, signers: &[&dyn Signer]) -> Result<SealedBundle, SealError> {
        self.validate()?;
        let envelope = Statement::new(self.subjects(), self.clone()).seal(signers)?;
        let digest = Digest::of(envelope.unverified_payload());
        let envelope = envelope
            .to_json()
            .map_err(|error| SignError::Unwritable(error.to_string()))?;
        Ok(SealedBundle { envelope, digest })
    }

    /// Checks everything that the bundle's text alone can show to be wrong.
    ///
    /// # Errors
    /// All rules that are broken, each with its place.
    pub fn validate(&self) -> Result<(), InvalidBundle> {
        rules::check(self)
    }
}

impl ComponentRef {
    /// The native code for this target and engine.
    pub fn native_for(&self, target: &str, engine: &str) -> Option<&NativeCode> {
        self.native
            .iter()
            .find(|native| native.target == target && native.engine == engine)
    }
}

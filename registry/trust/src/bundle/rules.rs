//! What a bundle's text alone can show to be wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aecp_vocabulary::input::Attributes;
use aecp_vocabulary::policy::Mode;
use aecp_vocabulary::schema::AttributeName;
use aecp_vocabulary::value::{Type, Value};
use serde_json::Map;

use super::names::{NAME_LIMIT, is_host, is_name, is_token, is_version};
use super::{AttributeEntry, Bundle, ComponentRef, Profile, Route, Source};
use crate::route::Template;

/// Name spaces that the enforcement point fills, and nobody else.
const HOST_SPACES: [&str; 4] = ["request", "connection", "time", "environment"];

/// Name space of who asks.
const IDENTITY_SPACE: &str = "identity";

/// Headers that the enforcement point itself speaks in, or that say what it must find out by itself: no attribute is
/// taken from what a client wrote there.
const HEADERS_OF_OURS: [&str; 2] = ["aecp-", "x-forwarded-"];

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Where: the part of the bundle, with its name.
    pub place: String,
    /// What is wrong there, and what to do.
    pub problem: String,
}

/// A bundle that breaks rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidBundle {
    violations: Vec<Violation>,
}

impl InvalidBundle {
    /// Every broken rule, in the order of the bundle.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

impl fmt::Display for InvalidBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, violation) in self.violations.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{violation}")?;
        }
        Ok(())
    }
}

pub(super) fn check(bundle: &Bundle) -> Result<(), InvalidBundle> {
    let mut rules = Rules {
        bundle,
        violations: Vec::new(),
    };
    rules.envelope();
    rules.policies();
    rules.components();
    rules.extractors_and_sinks();
    let labels = rules.routes();
    rules.attributes(&labels);
    if rules.violations.is_empty() {
        Ok(())
    } else {
        Err(InvalidBundle {
            violations: rules.violations,
        })
    }
}

struct Rules<'a> {
    bundle: &'a Bundle,
    violations: Vec<Violation>,
}

/// What routes can give to attributes.
#[derive(Default)]
struct RouteFacts<'a> {
    segments: BTreeSet<String>,
    labels: BTreeSet<&'a str>,
}

impl<'a> Rules<'a> {
    fn broken(&mut self, place: impl Into<String>, problem: impl Into<String>) {
        self.violations.push(Violation {
            place: place.into(),
            problem: problem.into(),
        });
    }

    fn require(&mut self, holds: bool, place: impl Into<String>, problem: impl Into<String>) {
        if !holds {
            self.broken(place, problem);
        }
    }

    fn name(&mut self, place: &str, name: &str) {
        let problem = format!(
            "`{}` is not a name; use letters, digits, `.`, `_` and `-`",
            cut(name)
        );
        self.require(is_name(name), place, problem);
    }

    fn unique<'n>(&mut self, what: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for name in names {
            let place = format!("{what} `{}`", cut(name));
            self.name(&place, name);
            if !seen.insert(name) {
                self.broken(place, "the name is there twice; give each its own");
            }
        }
    }

    fn envelope(&mut self) {
        let bundle = self.bundle;
        self.name("name", &bundle.name);
        self.require(bundle.epoch >= 1, "epoch", "it is 0; epochs begin with 1");
        self.require(
            bundle.trust_root_version >= 1,
            "trust_root_version",
            "it is 0; versions begin with 1",
        );
        let window = format!(
            "not_before {} is not before not_after {}",
            bundle.not_before, bundle.not_after
        );
        self.require(bundle.not_before < bundle.not_after, "validity", window);
        for label in bundle.selectors.keys() {
            self.name("selectors", label);
        }
    }

    fn policies(&mut self) {
        let bundle = self.bundle;
        self.require(
            !bundle.policies.is_empty(),
            "policies",
            "there are none; a bundle needs one or more",
        );
        for entry in &bundle.policies {
            let place = format!("policies, component {}", entry.component.digest);
            self.require(
                !entry.packages.is_empty(),
                &place,
                "it names no package; name all that it holds",
            );
            for parameter in entry.parameters.keys() {
                self.name(&format!("{place}, parameters"), parameter);
            }
        }
        let packages = || bundle.policies.iter().flat_map(|entry| &entry.packages);
        self.unique("package", packages().map(|package| package.name.as_str()));
        for package in packages() {
            let place = format!("package `{}`", cut(&package.name));
            let problem = format!(
                "`{}` is not a version; write one like `1.0.0`",
                cut(&package.version)
            );
            self.require(is_version(&package.version), &place, problem);
            if bundle.profile == Profile::Strict && package.ceiling != Mode::Blocking {
                let ceiling = package.ceiling.name();
                self.broken(
                    place,
                    format!("its ceiling is {ceiling}; profile `strict` needs BLOCKING"),
                );
            }
        }
        let blocks = packages().any(|package| package.ceiling == Mode::Blocking);
        match (blocks, bundle.observe_only) {
            (false, false) => {
                let problem = "no package is at ceiling BLOCKING; say observe_only, or give one that ceiling";
                self.broken("observe_only", problem);
            }
            (true, true) => {
                let problem = "it is said, but a package is at ceiling BLOCKING; take one of the two away";
                self.broken("observe_only", problem);
            }
            _ => {}
        }
    }

    fn components(&mut self) {
        let bundle = self.bundle;
        let mut seen: BTreeMap<_, &ComponentRef> = BTreeMap::new();
        for used in bundle.components() {
            let component = used.component;
            let place = format!(
                "{} component `{}` ({})",
                used.kind.name(),
                cut(used.name),
                component.digest
            );
            self.require(component.size >= 1, &place, "its size is 0");
            if component.warm && used.kind != crate::attestation::ComponentKind::Policy {
                self.broken(&place, "only a policy component can be warm");
            }
            if seen
                .insert(component.digest, component)
                .is_some_and(|other| other != component)
            {
                self.broken(
                    &place,
                    "the same component is described in two ways; make them equal",
                );
            }
            let mut platforms = BTreeSet::new();
            for native in &component.native {
                let problem = |what: &str| format!("native code for `{}`: {what}", cut(&native.target));
                self.require(native.size >= 1, &place, problem("its size is 0"));
                let named = !native.target.is_empty() && !native.engine.is_empty();
                self.require(named, &place, problem("target and engine must not be empty"));
                let first = platforms.insert((&native.target, &native.engine));
                self.require(first, &place, problem("target and engine are there twice"));
            }
        }
    }

    fn extractors_and_sinks(&mut self) {
        let bundle = self.bundle;
        self.unique(
            "extractor",
            bundle.extractors.iter().map(|extractor| extractor.name.as_str()),
        );
        self.unique("sink", bundle.sinks.iter().map(|sink| sink.name.as_str()));
        for sink in &bundle.sinks {
            let what = format!("sink `{}`, endpoint", cut(&sink.name));
            self.unique(&what, sink.endpoints.iter().map(String::as_str));
        }
    }

    fn routes(&mut self) -> RouteFacts<'a> {
        let bundle = self.bundle;
        let mut facts = RouteFacts::default();
        self.unique("route", bundle.routes.iter().map(|route| route.name.as_str()));
        for route in &bundle.routes {
            self.route(route);
            if let Ok(template) = Template::parse(&route.path) {
                facts.segments.extend(template.names().map(str::to_owned));
            }
            facts.labels.extend(route.labels.keys().map(String::as_str));
        }
        facts
    }

    fn route(&mut self, route: &Route) {
        let place = format!("route `{}`", cut(&route.name));
        if let Err(error) = Template::parse(&route.path) {
            self.broken(&place, error.to_string());
        }
        self.name(&format!("{place}, upstream"), &route.upstream);
        for host in &route.hosts {
            let problem = format!(
                "`{}` is not a host name; write it lower-case and without port",
                cut(host)
            );
            self.require(is_host(host), &place, problem);
        }
        for method in &route.methods {
            let problem = format!("`{}` is not a method; write one like `GET`", cut(method));
            self.require(
                is_token(method) && !method.bytes().any(|b| b.is_ascii_lowercase()),
                &place,
                problem,
            );
        }
        for label in route.labels.keys() {
            self.name(&format!("{place}, labels"), label);
        }
    }

    fn attributes(&mut self, facts: &RouteFacts<'_>) {
        let mut seen: BTreeMap<&AttributeName, Type> = BTreeMap::new();
        for entry in &self.bundle.attributes {
            let place = format!("attribute `{}`", entry.name);
            match seen.insert(&entry.name, entry.value_type) {
                Some(other) if other != entry.value_type => {
                    let problem = format!("it has two types, {other} and {}; give it one", entry.value_type);
                    self.broken(&place, problem);
                }
                Some(_) => self.broken(&place, "it has two sources; give it one"),
                None => {}
            }
            self.space(&place, entry);
            self.source(&place, entry, facts);
        }
    }

    /// Who may fill the attribute's name space.
    fn space(&mut self, place: &str, entry: &AttributeEntry) {
        let of_host = HOST_SPACES.iter().any(|space| entry.name.is_in(space));
        match (of_host, entry.source == Source::Host) {
            (true, false) => self.broken(
                place,
                "only the enforcement point fills this name space; use source `host`",
            ),
            (false, true) => {
                let problem =
                    "source `host` gives `request.*`, `connection.*`, `time.*` and `environment.*` only";
                self.broken(place, problem);
            }
            _ => {}
        }
        if entry.name.is_in(IDENTITY_SPACE) {
            let authenticates = match &entry.source {
                Source::Extractor { name } => self
                    .bundle
                    .extractor(name)
                    .is_none_or(|extractor| extractor.authenticating),
                _ => false,
            };
            let problem = "`identity.*` comes only from an extractor that the bundle says is authenticating";
            self.require(authenticates, place, problem);
        }
    }

    fn source(&mut self, place: &str, entry: &AttributeEntry, facts: &RouteFacts<'_>) {
        match &entry.source {
            Source::Header { name } => {
                let valid = is_token(name) && !name.bytes().any(|byte| byte.is_ascii_uppercase());
                self.require(
                    valid,
                    place,
                    format!("`{}` is not a header name in lower case", cut(name)),
                );
                let ours =
                    name == "forwarded" || HEADERS_OF_OURS.iter().any(|prefix| name.starts_with(prefix));
                let problem = format!("header `{}` is stripped from what clients send", cut(name));
                self.require(!ours, place, problem);
            }
            Source::Query { name } => {
                let valid = !name.is_empty() && name.chars().count() <= NAME_LIMIT;
                let problem = format!("a query parameter needs a name of 1 to {NAME_LIMIT} characters");
                self.require(valid, place, problem);
            }
            Source::Path { segment } => {
                let problem = format!("no route's path has a segment `{{{}}}`", cut(segment));
                self.require(facts.segments.contains(segment), place, problem);
            }
            Source::Label { name } => {
                let problem = format!("no route has a label `{}`", cut(name));
                self.require(facts.labels.contains(name.as_str()), place, problem);
            }
            Source::Constant { value } => {
                let problem = format!("its constant is not of type {}", entry.value_type);
                self.require(is_of_type(entry, value), place, problem);
            }
            Source::Extractor { name } => {
                let problem = format!("there is no extractor `{}`", cut(name));
                self.require(self.bundle.extractor(name).is_some(), place, problem);
            }
            Source::Host => {}
        }
    }
}

fn is_of_type(entry: &AttributeEntry, value: &serde_json::Value) -> bool {
    let input = Map::from_iter([(entry.name.to_string(), value.clone())]);
    let attributes = Attributes::from_json(&serde_json::Value::Object(input).to_string());
    attributes.is_ok_and(|attributes| {
        !matches!(
            attributes.value(&entry.name, entry.value_type),
            Value::Absent | Value::Failed(_)
        )
    })
}

fn cut(text: &str) -> String {
    text.chars().take(NAME_LIMIT).collect()
}

#[cfg(test)]
mod tests;

//! What another bundle changes, before anything is signed.
//!
//! A bundle is taken apart into facts with names; a fact that is gone, new or another is a change. What only time changes
//! (epoch, validity) is told, and is no change.

use std::collections::BTreeMap;

use aecp_trust::bundle::Bundle;
use aecp_vocabulary::Mode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::command::{Format, print_json};
use crate::error::Error;
use crate::report::{BAD, FAINT, GOOD, NOTABLE};

/// The kind of a fact, and its name among those of its kind.
type Facts = BTreeMap<(Kind, String), Value>;

/// What a fact is about, in the order in which changes are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Setting,
    Selector,
    Package,
    Ceiling,
    Component,
    Parameter,
    Extractor,
    Sink,
    Attribute,
    Route,
    Order,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Setting => "setting",
            Self::Selector => "selector",
            Self::Package => "package",
            Self::Ceiling => "ceiling",
            Self::Component => "component",
            Self::Parameter => "parameter",
            Self::Extractor => "extractor",
            Self::Sink => "sink",
            Self::Attribute => "attribute",
            Self::Route => "route",
            Self::Order => "order",
        }
    }
}

/// One fact that is gone, new or another.
#[derive(Serialize)]
struct Change {
    kind: Kind,
    name: String,
    /// None if it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Value>,
    /// None if it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Value>,
    /// What to make of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// What a release would change.
#[derive(Serialize)]
pub(crate) struct Plan {
    name: String,
    old_epoch: Option<u64>,
    epoch: u64,
    not_after: Timestamp,
    changes: Vec<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<Vec<Point>>,
    /// Why nothing is said of how decisions change; none if no package does.
    #[serde(skip_serializing_if = "Option::is_none")]
    decisions: Option<&'static str>,
}

/// An enforcement point of the inventory.
#[derive(Serialize)]
struct Point {
    name: String,
    selected: bool,
    /// Whether the bundle that the tag has now selects it.
    selected_before: bool,
}

/// Why the meaning of a change is not shown.
const NOT_SHOWN: &str = "a bundle holds no sources, so it is not shown here which requests are decided otherwise; \
                         --old-source and --new-source show it, or `aecp diff OLD NEW`";

impl Plan {
    /// What `new` changes; `points` are the enforcement points of an inventory with their labels.
    pub(crate) fn new(
        old: Option<&Bundle>,
        new: &Bundle,
        points: Option<&BTreeMap<String, BTreeMap<String, String>>>,
    ) -> Self {
        let before = old.map(facts).unwrap_or_default();
        let after = facts(new);
        let mut changes: Vec<Change> = Vec::new();
        let all: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for key in all {
            let (was, is) = (before.get(key), after.get(key));
            if was != is {
                changes.push(Change {
                    kind: key.0,
                    name: key.1.clone(),
                    note: note(key.0, was, is),
                    old: was.cloned(),
                    new: is.cloned(),
                });
            }
        }
        let decisions = changes
            .iter()
            .any(|change| change.kind == Kind::Component && change.old.is_some() && change.new.is_some())
            .then_some(NOT_SHOWN);
        let point = |(name, labels): (&String, &BTreeMap<String, String>)| Point {
            name: name.clone(),
            selected: new.selects(labels),
            selected_before: old.is_some_and(|old| old.selects(labels)),
        };
        Self {
            name: new.name.clone(),
            old_epoch: old.map(|old| old.epoch),
            epoch: new.epoch,
            not_after: new.not_after,
            changes,
            points: points.map(|points| points.iter().map(point).collect()),
            decisions,
        }
    }

    /// Whether anything but time differs.
    pub(crate) fn changes_something(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Shows it; `explained` if the meaning of changed packages is shown after it.
    pub(crate) fn show(&self, format: Format, explained: bool) -> Result<(), Error> {
        if format == Format::Json {
            return print_json(self);
        }
        let before = self
            .old_epoch
            .map_or_else(|| "the first".to_owned(), |epoch| format!("after epoch {epoch}"));
        let Self {
            name,
            epoch,
            not_after,
            ..
        } = self;
        anstream::println!("{name} epoch {epoch}, {before}, valid until {not_after}");
        if self.changes.is_empty() {
            anstream::println!("nothing changes but the epoch and the validity");
        }
        for Change {
            kind,
            name,
            old,
            new,
            note,
        } in &self.changes
        {
            let kind = kind.name();
            match (old, new) {
                (None, Some(new)) => anstream::println!("{GOOD}+{GOOD:#} {kind} {name}: {}", shown(new)),
                (Some(old), None) => anstream::println!("{BAD}-{BAD:#} {kind} {name}: {}", shown(old)),
                (old, new) => anstream::println!(
                    "{NOTABLE}~{NOTABLE:#} {kind} {name}: {} → {}",
                    old.as_ref().map(shown).unwrap_or_default(),
                    new.as_ref().map(shown).unwrap_or_default()
                ),
            }
            if let Some(note) = note {
                anstream::println!("    {FAINT}{note}{FAINT:#}");
            }
        }
        if let Some(decisions) = self.decisions.filter(|_| !explained) {
            anstream::println!("{FAINT}{decisions}{FAINT:#}");
        }
        for point in self.points.iter().flatten() {
            let word = match (point.selected_before, point.selected) {
                (true, true) => "stays selected",
                (false, true) => "is selected now",
                (true, false) => "is not selected any more, and would refuse the bundle",
                (false, false) => "is not selected",
            };
            anstream::println!("{} {word}", point.name);
        }
        Ok(())
    }
}

fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// What a change of the mode's ceiling means for a rollout.
fn note(kind: Kind, old: Option<&Value>, new: Option<&Value>) -> Option<&'static str> {
    if kind != Kind::Ceiling {
        return None;
    }
    let mode = |value: &Value| serde_json::from_value::<Mode>(value.clone()).ok();
    match (old.and_then(mode)?, new.and_then(mode)?) {
        (old, new) if new > old && new == Mode::Blocking => {
            Some("stronger: violations are denied from now on")
        }
        (old, new) if new > old => Some("stronger: violations raise alerts from now on"),
        (Mode::Blocking, _) => Some("weaker: violations are denied no more"),
        _ => Some("weaker: violations raise no alerts any more"),
    }
}

fn facts(bundle: &Bundle) -> Facts {
    let mut facts = Facts::new();
    let mut add = |kind, name: &str, value: Value| {
        facts.insert((kind, name.to_owned()), value);
    };
    let valid = bundle.not_before.duration_until(bundle.not_after).as_hours();
    add(Kind::Setting, "name", json!(bundle.name));
    add(Kind::Setting, "profile", json!(bundle.profile));
    add(Kind::Setting, "observe_only", json!(bundle.observe_only));
    add(Kind::Setting, "valid_hours", json!(valid));
    add(
        Kind::Setting,
        "trust_root_version",
        json!(bundle.trust_root_version),
    );
    for (label, value) in &bundle.selectors {
        add(Kind::Selector, label, json!(value));
    }
    for entry in &bundle.policies {
        for package in &entry.packages {
            add(Kind::Package, &package.name, json!(package.version));
            add(Kind::Ceiling, &package.name, json!(package.ceiling));
            add(Kind::Component, &package.name, json!(entry.component.digest));
        }
        let first = entry.packages.first().map_or("", |package| package.name.as_str());
        for (parameter, value) in &entry.parameters {
            add(Kind::Parameter, &format!("{first}.{parameter}"), value.clone());
        }
    }
    for entry in &bundle.extractors {
        let value = json!({
            "component": entry.component.digest,
            "authenticating": entry.authenticating,
            "configuration": entry.configuration,
        });
        add(Kind::Extractor, &entry.name, value);
    }
    for entry in &bundle.sinks {
        let value = json!({
            "component": entry.component.digest,
            "endpoints": entry.endpoints,
            "configuration": entry.configuration,
        });
        add(Kind::Sink, &entry.name, value);
    }
    for entry in &bundle.attributes {
        add(Kind::Attribute, &entry.name.to_string(), json!(entry));
    }
    for route in &bundle.routes {
        add(Kind::Route, &route.name, json!(route));
    }
    // The first route that matches takes a request, and extractors run one after the other.
    let routes: Vec<_> = bundle.routes.iter().map(|route| &route.name).collect();
    add(Kind::Order, "routes", json!(routes));
    let extractors: Vec<_> = bundle.extractors.iter().map(|entry| &entry.name).collect();
    add(Kind::Order, "extractors", json!(extractors));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle() -> Bundle {
        serde_json::from_value(json!({
            "name": "edge",
            "epoch": 3,
            "not_before": "2030-01-01T00:00:00Z",
            "not_after": "2030-02-01T00:00:00Z",
            "trust_root_version": 1,
            "selectors": { "region": "eu" },
            "policies": [{
                "component": { "digest": aecp_trust::Digest::of(b"1"), "size": 1 },
                "packages": [{ "name": "residency", "version": "1.0.0", "ceiling": "ADVISORY" }],
                "parameters": { "limit": 5 },
            }],
            "routes": [
                { "name": "a", "path": "/a", "upstream": "u" },
                { "name": "b", "path": "/b", "upstream": "u" },
            ],
        }))
        .unwrap()
    }

    fn told(old: &Bundle, new: &Bundle) -> Vec<(Kind, String)> {
        let plan = Plan::new(Some(old), new, None);
        plan.changes
            .into_iter()
            .map(|change| (change.kind, change.name))
            .collect()
    }

    #[test]
    fn time_alone_changes_nothing() {
        let old = bundle();
        let mut new = bundle();
        new.epoch = 4;
        new.not_before = "2030-01-05T00:00:00Z".parse().unwrap();
        new.not_after = "2030-02-05T00:00:00Z".parse().unwrap();
        assert_eq!(told(&old, &new), []);
        assert!(!Plan::new(Some(&old), &new, None).changes_something());
    }

    #[test]
    fn whatever_else_differs_is_told_by_kind_and_name() {
        let old = bundle();
        let mut new = bundle();
        new.policies[0].packages[0].ceiling = Mode::Blocking;
        new.policies[0].parameters.insert("limit".into(), json!(6));
        new.policies[0].component.digest = aecp_trust::Digest::of(b"2");
        new.routes.reverse();
        new.selectors.clear();
        let plan = Plan::new(Some(&old), &new, None);
        let ceiling = plan
            .changes
            .iter()
            .find(|change| change.kind == Kind::Ceiling)
            .unwrap();
        assert!(ceiling.note.unwrap().contains("denied from now on"));
        assert!(plan.decisions.is_some());
        let expected = [
            (Kind::Selector, "region"),
            (Kind::Ceiling, "residency"),
            (Kind::Component, "residency"),
            (Kind::Parameter, "residency.limit"),
            (Kind::Order, "routes"),
        ];
        assert_eq!(
            told(&old, &new),
            expected.map(|(kind, name)| (kind, name.to_owned()))
        );
    }

    #[test]
    fn points_that_fall_out_of_the_selection_are_told() {
        let old = bundle();
        let mut new = bundle();
        new.selectors.insert("tier".into(), "gold".into());
        let labels = |pairs: &[(&str, &str)]| {
            let own = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
            pairs.iter().map(own).collect::<BTreeMap<_, _>>()
        };
        let points = BTreeMap::from([
            ("x".to_owned(), labels(&[("region", "eu"), ("tier", "gold")])),
            ("y".to_owned(), labels(&[("region", "eu")])),
        ]);
        let plan = Plan::new(Some(&old), &new, Some(&points));
        let points = plan.points.unwrap();
        assert!(points[0].selected && points[0].selected_before);
        assert!(!points[1].selected && points[1].selected_before);
    }
}

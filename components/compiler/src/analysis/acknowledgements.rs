//! Findings that stay on purpose, because somebody has said so in the source.

use std::collections::{BTreeMap, BTreeSet};

use super::{Analysis, Finding, Kind, NotDecided, at};
use crate::core::{InputIndex, Package};
use crate::diagnostic::Place;

/// What a finding is about, and so where it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The package: in its header.
    Package,
    /// One policy: there.
    Policy,
    /// One policy, because of another one: in the first.
    PolicyAndOther,
    /// Two policies alike: in either.
    TwoPolicies,
    /// A policy and an attribute: in the policy.
    PolicyAndAttribute,
}

impl About {
    /// Whether `WITH` can name what else the finding is about.
    pub fn has_other(self) -> bool {
        matches!(
            self,
            Self::PolicyAndOther | Self::TwoPolicies | Self::PolicyAndAttribute
        )
    }
}

/// An ACKNOWLEDGE field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledgement {
    /// The kind of finding.
    pub kind: Kind,
    /// The policy in which it stands; none for the PACKAGE header.
    pub policy: Option<String>,
    /// The other policy or the attribute that the finding is about; none for all of them.
    pub with: Option<String>,
    /// Why the finding stays.
    pub reason: String,
    /// Where the field stands.
    pub place: Place,
}

impl Acknowledgement {
    /// What is acknowledged, as the source says it: `policies_conflict WITH other_policy`.
    pub fn subject(&self) -> String {
        match &self.with {
            Some(with) => format!("{} WITH {with}", self.kind.name()),
            None => self.kind.name().to_owned(),
        }
    }
}

/// What acknowledgements are to the findings of an analysis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged<'a> {
    /// For each finding, why it stays; none if nobody has said that.
    pub findings: Vec<Option<&'a Acknowledgement>>,
    /// Those that no finding needs, in the order of the source. One whose question was not decided is none of them.
    pub stale: Vec<&'a Acknowledgement>,
}

impl Acknowledged<'_> {
    /// The findings of `analysis`, the one that was asked about, that nobody has acknowledged.
    pub fn open<'f>(&self, analysis: &'f Analysis) -> impl Iterator<Item = &'f Finding> {
        let findings = analysis.findings.iter().zip(&self.findings);
        findings.filter_map(|(finding, why)| why.is_none().then_some(finding))
    }
}

/// The kind, the policy, and what else.
type Key<'a> = (Kind, Option<&'a str>, Option<&'a str>);

/// Holds the acknowledgements of a package against its analysis. One that names what else the finding is about goes
/// before one that does not.
pub fn acknowledge<'a>(
    package: &Package,
    analysis: &Analysis,
    acknowledgements: &'a [Acknowledgement],
) -> Acknowledged<'a> {
    let mut places = BTreeMap::new();
    for (index, one) in acknowledgements.iter().enumerate() {
        places
            .entry((one.kind, one.policy.as_deref(), one.with.as_deref()))
            .or_insert(index);
    }
    let mut needed = BTreeSet::new();
    let mut find = |kind, policies: &[u32], attribute| {
        let found: Vec<usize> = keys(package, kind, policies, attribute)
            .iter()
            .filter_map(|key| places.get(key).copied())
            .collect();
        needed.extend(found.iter().copied());
        found.first().and_then(|index| acknowledgements.get(*index))
    };
    let findings = analysis
        .findings
        .iter()
        .map(|finding| find(finding.kind, &finding.policies, finding.attribute));
    let findings = findings.collect();
    let mut open = BTreeSet::new();
    for asked in &analysis.not_decided {
        for kind in kinds(asked) {
            find(kind, &asked.policies, asked.attribute);
            // Many questions at once, which are not told one by one.
            if asked.policies.is_empty() {
                open.insert(kind);
            }
        }
    }
    let stale = acknowledgements
        .iter()
        .enumerate()
        .filter(|(index, one)| !needed.contains(index) && !open.contains(&one.kind))
        .map(|(_, one)| one);
    Acknowledged {
        findings,
        stale: stale.collect(),
    }
}

/// What a question that was not decided could have found.
fn kinds(asked: &NotDecided) -> Vec<Kind> {
    match asked.kind {
        // How two policies are to each other is one question.
        Kind::PolicyRedundant => vec![Kind::PolicyRedundant, Kind::PolicyShadowed],
        Kind::CoverageGap => vec![Kind::CoverageGap, Kind::DefaultUnreachable],
        kind => vec![kind],
    }
}

/// The acknowledgements that would be of a finding, the most exact first.
fn keys<'a>(
    package: &'a Package,
    kind: Kind,
    policies: &[u32],
    attribute: Option<InputIndex>,
) -> Vec<Key<'a>> {
    let mut names = policies
        .iter()
        .filter_map(|policy| Some(at(&package.policies, *policy)?.name.as_str()));
    let (one, other) = (names.next(), names.next());
    match kind.about() {
        About::Package => vec![(kind, None, None)],
        About::Policy => vec![(kind, one, None)],
        About::PolicyAndOther => vec![(kind, one, other), (kind, one, None)],
        About::TwoPolicies => vec![
            (kind, one, other),
            (kind, other, one),
            (kind, one, None),
            (kind, other, None),
        ],
        About::PolicyAndAttribute => {
            let input = attribute.and_then(|input| at(&package.inputs, input.0));
            vec![
                (kind, one, input.map(|input| input.name.as_str())),
                (kind, one, None),
            ]
        }
    }
}

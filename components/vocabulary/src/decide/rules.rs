//! What a decision looks up of policies, and the policies of a component under a bundle's ceilings.

use std::borrow::Cow;
use std::sync::Arc;

use crate::decision::PolicyName;
use crate::policy::{Obligation, PolicyDescription, Segment};
use crate::{AuditClass, ComponentDescription, DefaultDecision, Mode, Value};

/// The policies of one component or package, under ceilings. Policies go by their index in
/// [`Outcomes`](crate::Outcomes), inputs by position.
///
/// [`Policies::stance`] is asked for whatever applies; the other questions are for what came of it.
pub trait Policies {
    /// What a policy counts for; none if there is no such policy.
    fn stance(&self, policy: u32) -> Option<Stance>;
    /// Its name and its package's.
    fn name(&self, policy: u32) -> PolicyName;
    /// Why a violation is one.
    fn reason(&self, policy: u32) -> &[Segment];
    /// What it can raise.
    fn obligations(&self, policy: u32) -> &[Obligation];
    /// The positions that its conditions read, ascending.
    fn reads(&self, policy: u32) -> Cow<'_, [u32]>;
    /// How sentences call what stands at a position.
    fn label(&self, position: u32) -> &str;
    /// What conditions read where a position has this value: a default in the place of an absent one.
    fn read<'a>(&'a self, position: u32, value: &'a Value) -> &'a Value;
    /// The packages, in the order of the component.
    fn packages(&self) -> impl Iterator<Item = PackageStance<'_>>;
}

/// What a policy counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stance {
    /// The weaker of its own mode and its package's ceiling.
    pub effective: Mode,
    /// How far evidence must have come if it applies.
    pub audit: AuditClass,
    /// Whether it covers the requests that it applies to.
    pub covers: bool,
}

impl Stance {
    /// A policy of a package with this default and ceiling.
    pub fn new(own: Mode, audit: AuditClass, default: DefaultDecision, ceiling: Mode) -> Self {
        let effective = own.min(ceiling);
        Self {
            effective,
            audit,
            // What is effectively blocking has a blocking ceiling.
            covers: default == DefaultDecision::Deny && effective == Mode::Blocking,
        }
    }
}

/// What a package counts for as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageStance<'a> {
    /// Its name.
    pub name: &'a str,
    /// The strongest effective mode of its policies.
    pub strongest: Mode,
    /// The strongest audit class of its policies.
    pub audit: AuditClass,
    /// Whether it denies what nothing covers.
    pub must_cover: bool,
}

impl<'a> PackageStance<'a> {
    /// A package with this default and ceiling, and the modes and audit classes of its policies.
    pub fn new(
        name: &'a str,
        default: DefaultDecision,
        ceiling: Mode,
        policies: impl Iterator<Item = (Mode, AuditClass)>,
    ) -> Self {
        let weakest = (Mode::AuditOnly, AuditClass::Ordinary);
        let (strongest, audit) = policies.fold(weakest, |(mode, audit), (own, class)| {
            (mode.max(own.min(ceiling)), audit.max(class))
        });
        Self {
            name,
            strongest,
            audit,
            must_cover: default == DefaultDecision::Deny && ceiling == Mode::Blocking,
        }
    }
}

/// A component's policies under the bundle's ceilings: what [`Ruled`] looks up beside what the component described.
#[derive(Debug)]
pub struct Rules {
    policies: Vec<Rule>,
    packages: Vec<PackageRule>,
}

#[derive(Debug)]
struct Rule {
    name: PolicyName,
    package: usize,
    /// Which policy of its package.
    place: usize,
    stance: Stance,
}

#[derive(Debug)]
struct PackageRule {
    name: Arc<str>,
    strongest: Mode,
    audit: AuditClass,
    must_cover: bool,
}

impl Rules {
    /// The policies of `description`, with `ceiling` for each package by name.
    pub fn new(description: &ComponentDescription, ceiling: impl Fn(&str) -> Mode) -> Self {
        let mut policies = Vec::new();
        let mut packages = Vec::new();
        for (index, package) in description.packages.iter().enumerate() {
            let ceiling = ceiling(&package.name);
            let name: Arc<str> = package.name.as_str().into();
            for (place, policy) in package.policies.iter().enumerate() {
                policies.push(Rule {
                    name: PolicyName {
                        package: name.clone(),
                        policy: policy.name.as_str().into(),
                    },
                    package: index,
                    place,
                    stance: Stance::new(policy.mode, policy.audit, package.default, ceiling),
                });
            }
            let modes = package.policies.iter().map(|policy| (policy.mode, policy.audit));
            let PackageStance {
                strongest,
                audit,
                must_cover,
                ..
            } = PackageStance::new(&package.name, package.default, ceiling, modes);
            packages.push(PackageRule {
                name,
                strongest,
                audit,
                must_cover,
            });
        }
        Self { policies, packages }
    }

    /// Whether these policies can deny anything.
    pub fn can_deny(&self) -> bool {
        self.packages
            .iter()
            .any(|package| package.must_cover || package.strongest == Mode::Blocking)
    }

    fn rule(&self, policy: u32) -> Option<&Rule> {
        self.policies.get(usize::try_from(policy).ok()?)
    }
}

/// A component's policies under a bundle: rules, and the description that they were made of.
#[derive(Clone, Copy, Debug)]
pub struct Ruled<'a> {
    /// The rules.
    pub rules: &'a Rules,
    /// What the component described.
    pub description: &'a ComponentDescription,
}

impl<'a> Ruled<'a> {
    fn described(&self, policy: u32) -> Option<&'a PolicyDescription> {
        let rule = self.rules.rule(policy)?;
        let package = self.description.packages.get(rule.package)?;
        package.policies.get(rule.place)
    }
}

impl Policies for Ruled<'_> {
    fn stance(&self, policy: u32) -> Option<Stance> {
        Some(self.rules.rule(policy)?.stance)
    }

    fn name(&self, policy: u32) -> PolicyName {
        let known = self.rules.rule(policy).map(|rule| rule.name.clone());
        known.unwrap_or_else(|| PolicyName {
            package: "".into(),
            policy: "".into(),
        })
    }

    fn reason(&self, policy: u32) -> &[Segment] {
        self.described(policy)
            .map_or(&[], |described| described.reason.as_slice())
    }

    fn obligations(&self, policy: u32) -> &[Obligation] {
        self.described(policy)
            .map_or(&[], |described| described.obligations.as_slice())
    }

    fn reads(&self, policy: u32) -> Cow<'_, [u32]> {
        let reads = self.described(policy).map(|described| described.reads.as_slice());
        Cow::Borrowed(reads.unwrap_or_default())
    }

    fn label(&self, position: u32) -> &str {
        let index = usize::try_from(position).ok();
        let input = index.and_then(|index| self.description.inputs.get(index));
        input.map_or("", |input| input.label())
    }

    fn read<'a>(&'a self, position: u32, value: &'a Value) -> &'a Value {
        let index = usize::try_from(position).ok();
        let input = index.and_then(|index| self.description.inputs.get(index));
        input.map_or(value, |input| input.read(value))
    }

    fn packages(&self) -> impl Iterator<Item = PackageStance<'_>> {
        self.rules.packages.iter().map(|package| PackageStance {
            name: &package.name,
            strongest: package.strongest,
            audit: package.audit,
            must_cover: package.must_cover,
        })
    }
}

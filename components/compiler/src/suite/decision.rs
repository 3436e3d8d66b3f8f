//! What one package decides over one request, alone in a bundle under a BLOCKING ceiling.

use std::borrow::Cow;

use aecp_vocabulary::decide::{self, PackageStance, Policies, Report, Stance};
use aecp_vocabulary::decision::PolicyName;
use aecp_vocabulary::policy::{Obligation, Segment};
use aecp_vocabulary::{Decision, Mode, Outcomes, Value};

use crate::core::{Package, Policy};
use crate::interpreter;

/// Decides over one request. `values` has one value for each of the package's inputs.
pub fn decide(package: &Package, values: &[Value]) -> Decision {
    of_outcomes(package, values, &interpreter::evaluate(package, values))
}

/// Decides over what the policies of `package` said of one request.
pub fn of_outcomes(package: &Package, values: &[Value], outcomes: &Outcomes) -> Decision {
    decide::decide(std::iter::once(Report {
        policies: Alone { package },
        values,
        answer: Ok(outcomes),
    }))
}

/// A package, alone in a bundle.
#[derive(Clone, Copy)]
struct Alone<'a> {
    package: &'a Package,
}

/// The ceiling of a package that is alone.
const CEILING: Mode = Mode::Blocking;

impl<'a> Alone<'a> {
    fn policy(&self, index: u32) -> Option<&'a Policy> {
        self.package.policies.get(usize::try_from(index).ok()?)
    }
}

impl Policies for Alone<'_> {
    fn stance(&self, policy: u32) -> Option<Stance> {
        let policy = self.policy(policy)?;
        Some(Stance::new(
            policy.mode,
            policy.audit,
            self.package.default,
            CEILING,
        ))
    }

    fn name(&self, policy: u32) -> PolicyName {
        PolicyName {
            package: self.package.name.as_str().into(),
            policy: self.policy(policy).map_or("", |policy| &policy.name).into(),
        }
    }

    fn reason(&self, policy: u32) -> &[Segment] {
        self.policy(policy).map_or(&[], |policy| policy.reason.as_slice())
    }

    fn obligations(&self, policy: u32) -> &[Obligation] {
        self.policy(policy)
            .map_or(&[], |policy| policy.obligations.as_slice())
    }

    fn reads(&self, policy: u32) -> Cow<'_, [u32]> {
        let reads = self.policy(policy).map(Policy::condition_reads);
        reads
            .into_iter()
            .flatten()
            .map(|input| input.0)
            .collect::<Vec<_>>()
            .into()
    }

    fn label(&self, position: u32) -> &str {
        let index = usize::try_from(position).ok();
        let input = index.and_then(|index| self.package.inputs.get(index));
        input.map_or("", |input| input.name.as_str())
    }

    fn read<'a>(&'a self, position: u32, value: &'a Value) -> &'a Value {
        let index = usize::try_from(position).ok();
        let input = index.and_then(|index| self.package.inputs.get(index));
        input.map_or(value, |input| input.read(value))
    }

    fn packages(&self) -> impl Iterator<Item = PackageStance<'_>> {
        let policies = &self.package.policies;
        std::iter::once(PackageStance::new(
            &self.package.name,
            self.package.default,
            CEILING,
            policies.iter().map(|policy| (policy.mode, policy.audit)),
        ))
    }
}

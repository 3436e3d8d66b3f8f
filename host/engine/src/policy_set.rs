//! The policy components of a bundle behind one table of attributes.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::parameter::{self, ParameterError};
use aecp_vocabulary::policy::Input;
use aecp_vocabulary::schema::{Declaration, Schema, TypeConflict};
use aecp_vocabulary::{AttributeName, Decision, Mode, Outcomes, Type, Value};

use crate::decision::{self, Report, Rules};
use crate::failure::Failure;
use crate::policy::PolicyComponent;

/// A policy component as a bundle runs it.
pub struct Member {
    /// The component.
    pub component: PolicyComponent,
    /// The strongest mode that each of its packages may have, by package name; every package must be named.
    pub ceilings: BTreeMap<String, Mode>,
    /// Values of parameters that the bundle sets, by name.
    pub parameters: BTreeMap<String, Value>,
}

/// Why components do not make one bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicySetError {
    /// There is nothing to decide with.
    #[error("no policy component; a bundle without policies denies everything")]
    Empty,
    /// Two components hold a package of one name.
    #[error("package `{0}` is in two components; a bundle runs one version of a package")]
    PackageTwice(String),
    /// The bundle and the component disagree on what is in it.
    #[error("package `{0}` is in a component, but the bundle gives it no ceiling")]
    NoCeiling(String),
    /// The bundle gives a ceiling to what no component holds.
    #[error("the bundle gives a ceiling to package `{0}`, which its component does not hold")]
    UnknownPackage(String),
    /// Two policies read one attribute with two types.
    #[error(transparent)]
    Types(#[from] TypeConflict),
    /// A parameter that the component does not have, or a value that it cannot have.
    #[error("the bundle sets parameters that do not fit: {0}")]
    Parameter(#[from] ParameterError),
    /// Nothing can deny, and the bundle does not say that it means it.
    #[error("nothing in the bundle blocks; say `observe_only` if that is meant")]
    BlocksNothing,
}

/// All policies of a bundle.
pub struct PolicySet {
    members: Vec<Prepared>,
    attributes: Vec<(AttributeName, Type)>,
}

struct Prepared {
    component: PolicyComponent,
    rules: Rules,
    positions: Vec<Position>,
}

/// Where the value of a component's position comes from.
enum Position {
    Attribute(usize),
    Fixed(Value),
    Now,
}

/// A decision, and what each component answered, in the order of the bundle.
#[derive(Clone, Debug)]
pub struct Decided {
    /// What happens to the request, and why.
    pub decision: Decision,
    /// One answer for each component.
    pub components: Vec<Result<Outcomes, Failure>>,
}

impl PolicySet {
    /// Puts components together.
    ///
    /// # Errors
    /// They do not make one bundle; see [`PolicySetError`].
    pub fn new(members: Vec<Member>, observe_only: bool) -> Result<Self, PolicySetError> {
        if members.is_empty() {
            return Err(PolicySetError::Empty);
        }
        let attributes = attribute_table(&members)?;
        let mut packages = BTreeSet::new();
        let mut prepared = Vec::with_capacity(members.len());
        for member in members {
            check_packages(&member, &mut packages)?;
            let positions = positions(&member, &attributes)?;
            let Member {
                component, ceilings, ..
            } = member;
            let ceiling = |name: &str| ceilings.get(name).copied().unwrap_or(Mode::Blocking);
            let rules = Rules::new(component.description(), ceiling);
            prepared.push(Prepared {
                component,
                rules,
                positions,
            });
        }
        if !observe_only && !prepared.iter().any(|member| member.rules.can_deny()) {
            return Err(PolicySetError::BlocksNothing);
        }
        Ok(Self {
            members: prepared,
            attributes,
        })
    }

    /// The attributes that policies read. A request's table has one value for each, in this order.
    pub fn attributes(&self) -> &[(AttributeName, Type)] {
        &self.attributes
    }

    /// The components, in the order of the bundle.
    pub fn components(&self) -> impl Iterator<Item = &PolicyComponent> {
        self.members.iter().map(|member| &member.component)
    }

    /// Decides one request. `table` has the value of each of [`PolicySet::attributes`]; what is missing is absent.
    /// `now` is nanoseconds since 1970.
    pub fn decide(&self, table: &[Value], now: i64) -> Decided {
        let now = Value::Instant(now);
        let mut values = Vec::with_capacity(self.members.len());
        let mut components = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let given: Vec<&Value> = member
                .positions
                .iter()
                .map(|position| position.value(table, &now))
                .collect();
            components.push(member.component.evaluate(&given));
            values.push(given);
        }
        let answers = components.iter().zip(&values);
        let reports = self
            .members
            .iter()
            .zip(answers)
            .map(|(member, (answer, values))| Report {
                rules: &member.rules,
                description: member.component.description(),
                values,
                answer,
            });
        let decision = decision::decide(reports);
        Decided { decision, components }
    }
}

impl Position {
    fn value<'a>(&'a self, table: &'a [Value], now: &'a Value) -> &'a Value {
        match self {
            Self::Attribute(index) => table.get(*index).unwrap_or(&Value::Absent),
            Self::Fixed(value) => value,
            Self::Now => now,
        }
    }
}

fn attribute_table(members: &[Member]) -> Result<Vec<(AttributeName, Type)>, TypeConflict> {
    let mut schema = Schema::default();
    for input in members
        .iter()
        .flat_map(|member| &member.component.description().inputs)
    {
        if let Input::Attribute {
            name,
            value_type,
            optional,
            ..
        } = input
        {
            schema.declare(
                name.clone(),
                Declaration {
                    value_type: *value_type,
                    optional: *optional,
                },
            )?;
        }
    }
    Ok(schema
        .iter()
        .map(|(name, declaration)| (name.clone(), declaration.value_type))
        .collect())
}

fn check_packages(member: &Member, seen: &mut BTreeSet<String>) -> Result<(), PolicySetError> {
    let held = || {
        member
            .component
            .description()
            .packages
            .iter()
            .map(|package| package.name.as_str())
    };
    for name in held() {
        if !member.ceilings.contains_key(name) {
            return Err(PolicySetError::NoCeiling(name.to_owned()));
        }
        if !seen.insert(name.to_owned()) {
            return Err(PolicySetError::PackageTwice(name.to_owned()));
        }
    }
    match member
        .ceilings
        .keys()
        .find(|name| !held().any(|held| held == *name))
    {
        Some(unknown) => Err(PolicySetError::UnknownPackage(unknown.clone())),
        None => Ok(()),
    }
}

fn positions(member: &Member, attributes: &[(AttributeName, Type)]) -> Result<Vec<Position>, PolicySetError> {
    let inputs = &member.component.description().inputs;
    // What a description says of defaults was checked when it was read.
    parameter::check(inputs, &member.parameters)?;
    let position = |input: &Input| match input {
        Input::Now => Position::Now,
        Input::Attribute { name, .. } => {
            let index = attributes.binary_search_by(|(known, _)| known.cmp(name));
            index.map_or(Position::Fixed(Value::Absent), Position::Attribute)
        }
        Input::Parameter { name, default, .. } => {
            Position::Fixed(member.parameters.get(name).unwrap_or(default).clone())
        }
    };
    Ok(inputs.iter().map(position).collect())
}

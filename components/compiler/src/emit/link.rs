//! The inputs of all packages as positions of one component.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::Type;
use aecp_vocabulary::policy::Segment;

use super::{EmitError, INPUT_LIMIT, POLICY_LIMIT};
use crate::core::{InputIndex, Package, Policy};

/// Packages, and where their inputs stand in the component.
pub(super) struct Linked<'a> {
    pub(super) packages: &'a [Package],
    /// Sorted by name.
    pub(super) inputs: Vec<Position<'a>>,
    /// For each package, for each of its inputs, its position.
    positions: Vec<Vec<u32>>,
}

/// An input of the component.
#[derive(Clone, Copy)]
pub(super) struct Position<'a> {
    pub(super) name: &'a str,
    pub(super) value_type: Type,
    pub(super) optional: bool,
}

/// A policy among the inputs of the component.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) policy: &'a Policy,
    inputs: &'a [Position<'a>],
    positions: &'a [u32],
}

impl<'a> Linked<'a> {
    pub(super) fn new(packages: &'a [Package]) -> Result<Self, EmitError> {
        if packages.is_empty() {
            return Err(EmitError::NoPackage);
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = packages.iter().find(|package| !names.insert(&package.name)) {
            return Err(EmitError::PackageTwice {
                name: twice.name.clone(),
            });
        }
        let count = packages.iter().map(|package| package.policies.len()).sum();
        if count > POLICY_LIMIT {
            return Err(EmitError::TooManyPolicies { count });
        }
        let inputs = union(packages)?;
        let numbered: BTreeMap<&str, u32> = inputs.iter().map(|input| input.name).zip(0..).collect();
        let positions = packages
            .iter()
            .map(|package| {
                let names = package.inputs.iter().map(|input| input.name.as_str());
                names.filter_map(|name| numbered.get(name).copied()).collect()
            })
            .collect();
        Ok(Self {
            packages,
            inputs,
            positions,
        })
    }

    /// Packages with the readers of their policies.
    pub(super) fn packages(&self) -> impl Iterator<Item = (&'a Package, Vec<Reader<'_>>)> {
        self.packages
            .iter()
            .zip(&self.positions)
            .map(|(package, positions)| {
                let readers = package.policies.iter();
                let readers = readers.map(|policy| Reader {
                    policy,
                    inputs: &self.inputs,
                    positions,
                });
                (package, readers.collect())
            })
    }

    /// All policies, in the order of their numbers.
    pub(super) fn policies(&self) -> impl Iterator<Item = Reader<'_>> {
        self.packages().flat_map(|(_, readers)| readers)
    }
}

impl Reader<'_> {
    /// Where an input of the policy's package stands.
    pub(super) fn position(&self, index: InputIndex) -> Result<u32, EmitError> {
        let known = usize::try_from(index.0)
            .ok()
            .and_then(|index| self.positions.get(index));
        known
            .copied()
            .ok_or_else(|| self.ill_typed(format!("it reads input {}, which does not exist", index.0)))
    }

    /// A sentence's segment, with its input's position in the component.
    pub(super) fn segment(&self, segment: &Segment) -> Result<Segment, EmitError> {
        Ok(match segment {
            Segment::Literal(text) => Segment::Literal(text.clone()),
            Segment::Input(index) => Segment::Input(self.position(InputIndex(*index))?),
        })
    }

    /// The type at a position.
    pub(super) fn value_type(&self, position: u32) -> Option<Type> {
        let input = usize::try_from(position)
            .ok()
            .and_then(|position| self.inputs.get(position));
        input.map(|input| input.value_type)
    }

    pub(super) fn ill_typed(&self, detail: impl Into<String>) -> EmitError {
        EmitError::IllTyped {
            policy: self.policy.name.clone(),
            detail: detail.into(),
        }
    }
}

fn union(packages: &[Package]) -> Result<Vec<Position<'_>>, EmitError> {
    let mut inputs: BTreeMap<&str, Position<'_>> = BTreeMap::new();
    for input in packages.iter().flat_map(|package| &package.inputs) {
        let name = input.name.as_str();
        let new = Position {
            name,
            value_type: input.value_type,
            optional: input.optional,
        };
        let known = inputs.entry(name).or_insert(new);
        if known.value_type != input.value_type {
            let (first, second) = (known.value_type, input.value_type);
            return Err(EmitError::TypeConflict {
                name: name.to_owned(),
                first,
                second,
            });
        }
        known.optional |= input.optional;
    }
    if inputs.len() > INPUT_LIMIT {
        return Err(EmitError::TooManyInputs { count: inputs.len() });
    }
    Ok(inputs.into_values().collect())
}

//! The inputs of all packages as positions of one component.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::policy::Segment;
use aecp_vocabulary::{AttributeName, Type, Value};

use super::{EmitError, INPUT_LIMIT, POLICY_LIMIT};
use crate::core::{Constant, Input, InputIndex, InputKind, Members, Package, Policy};

/// Packages, and where their inputs stand in the component.
pub(super) struct Linked<'a> {
    pub(super) packages: &'a [Package],
    /// Sorted by name; of one name the attribute, then the parameter, then the time.
    pub(super) inputs: Vec<Position<'a>>,
    /// For each package, for each of its inputs, its position.
    positions: Vec<Vec<u32>>,
}

/// An input of the component.
#[derive(Clone, Copy)]
pub(super) struct Position<'a> {
    pub(super) name: &'a str,
    pub(super) value_type: Type,
    pub(super) kind: &'a InputKind,
    /// What is read in the place of an absent value.
    pub(super) default: Option<&'a Value>,
    /// Whether some package expects requests without it.
    pub(super) optional: bool,
}

/// What tells the inputs of all packages apart. Packages that read another value in the place of an absent one have a
/// position of their own.
type Key<'a> = (&'a AttributeName, u8, Option<String>);

fn key(input: &Input) -> Key<'_> {
    let rank = match input.kind {
        InputKind::Attribute { .. } => 0,
        InputKind::Parameter(_) => 1,
        InputKind::Now => 2,
    };
    (
        &input.name,
        rank,
        input.absent_as().map(|default| format!("{default:?}")),
    )
}

/// A policy among the inputs of the component.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) policy: &'a Policy,
    inputs: &'a [Position<'a>],
    positions: &'a [u32],
}

impl<'a> Position<'a> {
    /// The texts that it can be, if the schemas list them.
    pub(super) fn choices(&self) -> Option<&'a Members<Constant>> {
        match self.kind {
            InputKind::Attribute { choices, .. } => choices.as_ref(),
            InputKind::Parameter(_) | InputKind::Now => None,
        }
    }
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
        let union = union(packages)?;
        let numbered: BTreeMap<Key<'_>, u32> = union.keys().cloned().zip(0..).collect();
        let positions = packages
            .iter()
            .map(|package| {
                let keys = package.inputs.iter().map(key);
                keys.filter_map(|key| numbered.get(&key).copied()).collect()
            })
            .collect();
        let inputs = union.into_values().collect();
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

    /// Whether something is read in the place of an absent value at a position.
    pub(super) fn has_default(&self, position: u32) -> bool {
        let input = usize::try_from(position)
            .ok()
            .and_then(|position| self.inputs.get(position));
        input.is_some_and(|input| input.default.is_some())
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

fn same_choices(one: &InputKind, other: &InputKind) -> bool {
    match (one, other) {
        (InputKind::Attribute { choices: one, .. }, InputKind::Attribute { choices: other, .. }) => {
            one == other
        }
        _ => true,
    }
}

fn union(packages: &[Package]) -> Result<BTreeMap<Key<'_>, Position<'_>>, EmitError> {
    let mut inputs: BTreeMap<Key<'_>, Position<'_>> = BTreeMap::new();
    for input in packages.iter().flat_map(|package| &package.inputs) {
        let name = input.name.as_str();
        let new = Position {
            name,
            value_type: input.value_type,
            kind: &input.kind,
            default: input.absent_as(),
            optional: input.is_optional(),
        };
        let known = inputs.entry(key(input)).or_insert(new);
        if known.value_type != input.value_type {
            let (first, second) = (known.value_type, input.value_type);
            return Err(EmitError::TypeConflict {
                name: name.to_owned(),
                first,
                second,
            });
        }
        if !same_choices(known.kind, &input.kind) {
            let name = name.to_owned();
            return Err(EmitError::ChoicesConflict { name });
        }
        if input.parameter().is_some() && known.kind != &input.kind {
            let name = name.to_owned();
            return Err(EmitError::ParameterConflict { name });
        }
        known.optional |= input.is_optional();
    }
    if inputs.len() > INPUT_LIMIT {
        return Err(EmitError::TooManyInputs { count: inputs.len() });
    }
    Ok(inputs)
}

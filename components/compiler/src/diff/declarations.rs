//! What packages declare of attributes, written into their conditions.
//!
//! Where two versions declare an attribute otherwise, by DEFAULT or ONE OF, the same words ask for something else in
//! each. With the declaration in the words, both can be asked about what the request has.

use std::collections::BTreeMap;

use aecp_vocabulary::{Mode, Type, Value};

use crate::core::term::{Sign, Step, Term};
use crate::core::{
    Atom, Condition, Constant, Input, InputIndex, InputKind, Members, Operand, Package, Relation,
};
use crate::interpreter::{self, Truth};

/// Both packages without the declarations in which they differ; none if there are none. Where something cannot be
/// written, the declaration stays.
pub(super) fn alike(old: &Package, new: &Package) -> Option<(Package, Package)> {
    let of_old: BTreeMap<&str, (InputIndex, &Input)> = attributes(old).collect();
    let mut result = None;
    for (name, (in_new, input)) in attributes(new) {
        let Some((in_old, other)) = of_old.get(name).copied() else {
            continue;
        };
        let (default, choices) = (
            input.absent_as() != other.absent_as(),
            input.choices() != other.choices(),
        );
        if input.value_type != other.value_type || !(default || choices) {
            continue;
        }
        let (old, new) = result.get_or_insert_with(|| (old.clone(), new.clone()));
        let written = |package: &Package, input: &Input, place: InputIndex| {
            let writer = Writer {
                input: place,
                default: input.absent_as().filter(|_| default).cloned(),
                choices: input.choices().filter(|_| choices).cloned(),
            };
            writer.package(package, default, choices)
        };
        if let (Some(changed_old), Some(changed_new)) =
            (written(old, other, in_old), written(new, input, in_new))
        {
            (*old, *new) = (changed_old, changed_new);
        }
    }
    result
}

fn attributes(package: &Package) -> impl Iterator<Item = (&str, (InputIndex, &Input))> {
    let inputs = (0_u32..).map(InputIndex).zip(&package.inputs);
    inputs
        .filter(|(_, input)| !input.is_certain())
        .map(|(place, input)| (input.name.as_str(), (place, input)))
}

/// Writes what is declared of one attribute.
struct Writer {
    input: InputIndex,
    default: Option<Value>,
    choices: Option<Members<Constant>>,
}

impl Writer {
    /// The package without the declaration; none if it cannot be written.
    fn package(&self, package: &Package, default: bool, choices: bool) -> Option<Package> {
        let mut written = package.clone();
        let policies = written.policies.iter_mut();
        for policy in policies.filter(|policy| policy.mode == Mode::Blocking) {
            self.condition(package, &mut policy.scope)?;
            self.condition(package, &mut policy.constraint)?;
        }
        let place = usize::try_from(self.input.0).ok()?;
        if let InputKind::Attribute {
            default: read,
            choices: listed,
            ..
        } = &mut written.inputs.get_mut(place)?.kind
        {
            *read = read.take().filter(|_| !default);
            *listed = listed.take().filter(|_| !choices);
        }
        Some(written)
    }

    fn condition(&self, package: &Package, condition: &mut Condition) -> Option<()> {
        match condition {
            Condition::Constant(_) => Some(()),
            Condition::All(parts) | Condition::Any(parts) => parts
                .iter_mut()
                .try_for_each(|part| self.condition(package, part)),
            Condition::Not(part) => self.condition(package, part),
            Condition::Atom(atom) => {
                if atom.inputs().contains(&self.input) {
                    *condition = self.atom(package, atom)?;
                }
                Some(())
            }
        }
    }

    fn atom(&self, package: &Package, atom: &Atom) -> Option<Condition> {
        let plain = || Condition::Atom(atom.clone());
        let present = || Condition::Atom(Atom::IsPresent(self.input));
        if matches!(atom, Atom::IsPresent(_)) {
            return Some(match self.listed() {
                // Of what is not listed it is not known.
                Some(listed) => all([present(), any([not(present()), listed])]),
                None => present(),
            });
        }
        let read = match (self.listed(), self.listed()) {
            (Some(listed), Some(again)) => any([all([plain(), listed]), not(again)]),
            _ => plain(),
        };
        let Some(default) = &self.default else {
            return Some(read);
        };
        let in_its_place = self.with_default(package, atom, default)?;
        Some(any([all([not(present()), in_its_place]), all([present(), read])]))
    }

    /// True of what is listed, unknown of everything else; none if nothing is listed.
    fn listed(&self) -> Option<Condition> {
        let members = self.choices.clone()?;
        let element = Operand::Input(self.input);
        Some(any([
            Condition::Atom(Atom::OneOf { element, members }),
            unknown(),
        ]))
    }

    /// The atom where the attribute is absent.
    fn with_default(&self, package: &Package, atom: &Atom, default: &Value) -> Option<Condition> {
        if atom.inputs().iter().all(|input| *input == self.input) {
            let values = vec![Value::Absent; package.inputs.len()];
            return Some(match interpreter::atom(package, &values, atom) {
                Truth::False => Condition::Constant(false),
                Truth::Unknown => unknown(),
                Truth::True => Condition::Constant(true),
            });
        }
        let declared = package.inputs.get(usize::try_from(self.input.0).ok()?)?;
        let constant = Constant::of(default).filter(|_| declared.can_be(default))?;
        let mut atom = atom.clone();
        for operand in atom.operands_mut() {
            self.put(&constant, operand);
        }
        (!atom.inputs().contains(&self.input)).then_some(Condition::Atom(atom))
    }

    /// Puts a constant in the place of the attribute.
    fn put(&self, constant: &Constant, operand: &mut Operand) {
        match operand {
            Operand::Input(input) if *input == self.input => *operand = Operand::Constant(constant.clone()),
            Operand::Input(_) | Operand::Constant(_) => {}
            Operand::Term(term) => {
                for part in term.operands_mut() {
                    self.put(constant, part);
                }
            }
        }
    }
}

fn all(parts: [Condition; 2]) -> Condition {
    Condition::All(parts.into())
}

fn any(parts: [Condition; 2]) -> Condition {
    Condition::Any(parts.into())
}

fn not(part: Condition) -> Condition {
    Condition::Not(Box::new(part))
}

/// A sum that does not fit, which is unknown of every request.
fn unknown() -> Condition {
    let number = |number| Operand::Constant(Constant::Integer(number));
    let sum = Term::Sum {
        given: Type::Integer,
        first: number(i64::MAX),
        rest: vec![Step {
            sign: Sign::Plus,
            operand: number(1),
            gives: Type::Integer,
        }],
    };
    Condition::Atom(Atom::Compare {
        left: Operand::Term(Box::new(sum)),
        relation: Relation::Equal,
        right: number(0),
    })
}

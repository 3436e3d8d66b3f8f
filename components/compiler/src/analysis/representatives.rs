//! Long lists of texts, cut to a few members for each class of members that no condition of the package tells apart. What
//! is so of a package with short lists is so of the package, for a text of a class stands for all others.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::{Type, Value};

use super::atoms::atoms;
use crate::core::{Atom, Condition, Constant, Input, InputIndex, Members, Operand, Package, Quantifier};
use crate::interpreter::{self, Truth};
use crate::partition::Partition;
use crate::pattern::Asked;

/// Lists of at most so many members stay as they are.
const LONG: usize = 256;

/// Most questions about members that are asked to tell them apart: tens of milliseconds.
const QUESTIONS: usize = 2_000_000;

/// The package with short lists; none if it has no long ones.
pub(super) fn package(package: &Package) -> Option<Package> {
    let mut found = Vec::new();
    for policy in &package.policies {
        atoms(&policy.scope, &mut found);
        atoms(&policy.constraint, &mut found);
    }
    let whole = whole(&found);
    let long: BTreeMap<usize, &Members<Constant>> = found
        .iter()
        .filter_map(|atom| members(atom))
        .filter(|members| members.len() > LONG && members.iter().all(|member| member.text().is_some()))
        .map(|members| (members.identity(), members))
        .filter(|(identity, _)| !whole.contains(identity))
        .collect();
    if long.is_empty() {
        return None;
    }
    let kept = Kept::of(package, &found)?;
    let shortened: BTreeMap<usize, Members<Constant>> = long
        .into_iter()
        .map(|(identity, members)| {
            let fewer: Vec<Constant> = members
                .iter()
                .filter(|member| kept.has(member))
                .cloned()
                .collect();
            let fewer = Members::from(fewer);
            (
                identity,
                members.name().map_or(fewer.clone(), |name| fewer.named(name)),
            )
        })
        .collect();
    let mut package = package.clone();
    for policy in &mut package.policies {
        shorten(&mut policy.scope, &shortened);
        shorten(&mut policy.constraint, &shortened);
    }
    Some(package)
}

/// The lists that stay as they are: a text that matches some patterns and is not in a list may be one that the short list
/// has lost.
fn whole(found: &[&Atom]) -> BTreeSet<usize> {
    let patterned: BTreeSet<InputIndex> = found
        .iter()
        .filter_map(|atom| Asked::by(atom))
        .map(|(text, _)| text)
        .collect();
    let linked = found.iter().any(|atom| atom.inputs().len() > 1);
    let meets = |atom: &Atom| linked || atom.inputs().iter().any(|input| patterned.contains(input));
    found
        .iter()
        .filter(|atom| !patterned.is_empty() && meets(atom))
        .filter_map(|atom| members(atom))
        .map(Members::identity)
        .collect()
}

/// The list that an atom asks for and whose members it does not tell apart.
fn members(atom: &Atom) -> Option<&Members<Constant>> {
    match atom {
        Atom::OneOf { members, .. }
        | Atom::ContainsOf {
            quantifier: Quantifier::Any,
            members,
            ..
        } => Some(members),
        _ => None,
    }
}

fn shorten(condition: &mut Condition, shortened: &BTreeMap<usize, Members<Constant>>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter_mut().for_each(|part| shorten(part, shortened));
        }
        Condition::Not(part) => shorten(part, shortened),
        Condition::Atom(
            Atom::OneOf { members, .. }
            | Atom::ContainsOf {
                quantifier: Quantifier::Any,
                members,
                ..
            },
        ) => {
            if let Some(fewer) = shortened.get(&members.identity()) {
                *members = fewer.clone();
            }
        }
        Condition::Constant(_) | Condition::Atom(_) => {}
    }
}

/// The texts that stay, sorted.
struct Kept<'p>(Vec<&'p str>);

impl<'p> Kept<'p> {
    /// None if it would take long to tell members apart.
    fn of(package: &Package, found: &[&'p Atom]) -> Option<Self> {
        let groups = groups(found);
        let partition = Partition::of(&groups);
        let questions = Questions::of(package, found);
        if questions.atoms.len().saturating_mul(partition.constants.len()) > QUESTIONS {
            return None;
        }
        // As many of a class as there are inputs that can differ and yet have members of it.
        let of_texts = |declared: Type| matches!(declared, Type::Text | Type::SetOfText);
        let enough = package
            .inputs
            .iter()
            .filter(|input| of_texts(input.value_type))
            .count();
        // What parameters and attributes are said to be is asked for too, wherever they are compared.
        let mentioned = package.inputs.iter().flat_map(Input::mentions);
        let said = mentioned.flat_map(|value| match value {
            Value::Text(text) => std::slice::from_ref(text),
            Value::SetOfText(texts) => texts.as_slice(),
            _ => &[],
        });
        let choices = package.inputs.iter().filter_map(Input::choices);
        let choices = choices.flat_map(|choices| choices.iter().filter_map(Constant::text));
        let said: BTreeSet<&str> = said.map(String::as_str).chain(choices).collect();
        let mut counts: BTreeMap<(usize, Vec<Truth>), usize> = BTreeMap::new();
        let mut questions = questions;
        let mut kept = Vec::new();
        for (text, class) in &partition.constants {
            let count = counts
                .entry((*class, questions.answers(package, text)))
                .or_default();
            *count = count.saturating_add(1);
            // What a text would be called that the package does not have must not be one that it has.
            if *count <= enough.saturating_add(1) || text.starts_with(super::FRESH) || said.contains(text) {
                kept.push(*text);
            }
        }
        Some(Self(kept))
    }

    fn has(&self, member: &Constant) -> bool {
        member
            .text()
            .is_some_and(|text| self.0.binary_search(&text).is_ok())
    }
}

/// The texts that are asked for together, and those that are asked for alone.
fn groups<'p>(found: &[&'p Atom]) -> Vec<&'p [Constant]> {
    let mut groups: BTreeMap<usize, &[Constant]> = BTreeMap::new();
    let mut alone = Vec::new();
    for atom in found {
        let operands = match atom {
            Atom::Compare { left, right, .. } => vec![left, right],
            Atom::OneOf { element, members } => {
                groups.insert(members.identity(), members);
                vec![element]
            }
            Atom::Contains { element, .. } => vec![element],
            Atom::ContainsOf {
                quantifier: Quantifier::Any,
                members,
                ..
            } => {
                groups.insert(members.identity(), members);
                Vec::new()
            }
            Atom::ContainsOf { members, .. } => {
                alone.extend(members.chunks(1));
                Vec::new()
            }
            _ => Vec::new(),
        };
        for operand in operands {
            if let Operand::Constant(constant) = operand {
                alone.push(std::slice::from_ref(constant));
            }
        }
    }
    groups.into_values().chain(alone).collect()
}

/// What else is asked of texts: how they begin and the like.
struct Questions<'p> {
    /// Each with the place of the text that it reads.
    atoms: Vec<(&'p Atom, usize)>,
    values: Vec<Value>,
}

impl<'p> Questions<'p> {
    fn of(package: &Package, found: &[&'p Atom]) -> Self {
        let is_other = |atom: &&&Atom| {
            !matches!(
                atom,
                Atom::OneOf { .. } | Atom::Compare { .. } | Atom::IsPresent(_) | Atom::IsTrue(_)
            )
        };
        let mut atoms: Vec<(&Atom, usize)> = Vec::new();
        for atom in found.iter().filter(is_other) {
            let [input] = atom.inputs()[..] else { continue };
            let Ok(place) = usize::try_from(input.0) else {
                continue;
            };
            let declared = package.inputs.get(place).map(|input| input.value_type);
            if declared == Some(Type::Text) && !atoms.iter().any(|(known, _)| known == atom) {
                atoms.push((atom, place));
            }
        }
        Self {
            atoms,
            values: vec![Value::Absent; package.inputs.len()],
        }
    }

    fn answers(&mut self, package: &Package, text: &str) -> Vec<Truth> {
        let mut answers = Vec::with_capacity(self.atoms.len());
        for (atom, place) in &self.atoms {
            if let Some(value) = self.values.get_mut(*place) {
                *value = Value::Text(text.to_owned());
                answers.push(interpreter::atom(package, &self.values, atom));
            }
            if let Some(value) = self.values.get_mut(*place) {
                *value = Value::Absent;
            }
        }
        answers
    }
}

//! The values that the inputs of one question can take, as few as its atoms can tell apart.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use aecp_vocabulary::{Type, Value};

use super::affine::Cuts;
use super::atoms::{Shape, candidates, shape};
use super::cube::Cube;
use super::others::Others;
use super::weeks;
use crate::core::time::{Window, Zone};
use crate::core::{Atom, Constant, Input, InputIndex, Package};
use crate::interpreter;
use crate::pattern::Asked;

/// The inputs that a question is about.
#[derive(Debug, Default)]
pub(super) struct Space {
    /// Ascending.
    inputs: Vec<Tracked>,
    /// Ascending by set and text.
    pub(super) members: Vec<Member>,
    /// This one is never absent and never failed.
    pub(super) present: Option<InputIndex>,
    /// Atoms that read these may be anything.
    pub(super) freed: BTreeSet<InputIndex>,
    /// The weekdays and times of day of these may be anything.
    pub(super) blurred: BTreeSet<InputIndex>,
    /// No request in one of these is looked for. Their atoms are among those of the space.
    pub(super) excluded: Vec<Rc<Cube>>,
    /// Patterns and parts that these are held against may be anything: texts for them were not found in time.
    pub(super) opaque: BTreeSet<InputIndex>,
    /// Whether parameters have their defaults, and no other value is tried.
    pub(super) defaults: bool,
}

/// An input with its values.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) input: InputIndex,
    /// Representatives; for a set the empty one, whose members are chosen one by one.
    known: Vec<Value>,
    pub(super) optional: bool,
    /// Whether something is read in the place of an absent value.
    default: bool,
    /// Whether every request has it.
    certain: bool,
    /// Whether it is a parameter, whose default is the first of the representatives.
    pub(super) parameter: bool,
    /// Whether some atom asks for presence, which tells an absent value from a failed one.
    presence: bool,
}

/// Whether a set has a member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) set: InputIndex,
    pub(super) text: String,
    pub(super) chosen: Option<bool>,
}

impl Tracked {
    /// The value at a place in the order of trial. `persistent` says that nothing unknown has to be tried.
    pub(super) fn value(&self, place: usize, persistent: bool, present: bool) -> Option<Value> {
        if let Some(value) = self.known.get(place) {
            return Some(value.clone());
        }
        if present || self.certain {
            return None;
        }
        let absent = self.optional && (self.presence || !persistent);
        // Where a default stands in for it, absence is not what failure is.
        let failed = !persistent && (self.presence || !self.optional || self.default);
        match (place.checked_sub(self.known.len())?, absent, failed) {
            (0, true, _) => Some(Value::Absent),
            (0, false, true) | (1, true, true) => Some(Value::failed("cannot be determined")),
            _ => None,
        }
    }
}

/// What the atoms of a question say about one input.
struct Facts<'p> {
    /// Inputs that are compared with each other, directly or through others, have the same.
    group: InputIndex,
    presence: bool,
    tests: Vec<&'p Atom>,
    constants: Vec<&'p [Constant]>,
    cuts: Vec<Cuts>,
    windows: Vec<(Window, &'p Zone)>,
    /// What its declaration mentions: the default and the bounds of a parameter.
    declared: Vec<Constant>,
    members: Vec<&'p str>,
    /// Patterns and parts.
    asked: BTreeSet<Asked>,
}

impl Space {
    pub(super) fn tracked(&self, input: InputIndex) -> Option<&Tracked> {
        let place = self
            .inputs
            .binary_search_by_key(&input, |tracked| tracked.input)
            .ok()?;
        self.inputs.get(place)
    }

    /// Whether there is a choice among values of parameters.
    pub(super) fn has_parameters(&self) -> bool {
        self.inputs.iter().any(|tracked| tracked.parameter)
    }

    /// The inputs, ascending.
    pub(super) fn inputs(&self) -> impl Iterator<Item = InputIndex> + use<'_> {
        self.inputs.iter().map(|tracked| tracked.input)
    }

    /// The place of a member among [`Space::members`].
    pub(super) fn member(&self, set: InputIndex, text: &str) -> Option<usize> {
        self.members
            .binary_search_by(|member| (member.set, member.text.as_str()).cmp(&(set, text)))
            .ok()
    }

    /// The space of a question that reads `atoms`. `scratch` has a place for each input of the package, all absent,
    /// and is left so; `others` finds texts that the package does not have.
    pub(super) fn new<'p>(
        package: &'p Package,
        atoms: impl Iterator<Item = &'p Atom>,
        others: &mut Others,
        scratch: &mut [Value],
    ) -> Self {
        let mut facts = BTreeMap::new();
        let mut linked = BTreeSet::new();
        for atom in atoms {
            read(package, atom, &mut facts, &mut linked);
        }
        let mut space = Self::default();
        let patterned = patterned(package, &facts, others);
        for (input, about) in &facts {
            let fresh = match patterned.get(&about.group) {
                Some(Some(texts)) => texts.as_slice(),
                Some(None) => {
                    space.opaque.insert(*input);
                    &others.plain
                }
                None => &others.plain,
            };
            let Some(declared) = declared(package, *input) else {
                continue;
            };
            let group = || facts.iter().filter(|(_, other)| other.group == about.group);
            let alike = linked.contains(input);
            let values = |value_type: Type| {
                let tested = group().flat_map(|(_, about)| &about.constants).copied().flatten();
                let constants = tested.chain(group().flat_map(|(_, about)| &about.declared));
                let cuts = group()
                    .flat_map(|(_, about)| &about.cuts)
                    .flat_map(|cuts| cuts.numbers());
                let members = group().flat_map(|(_, about)| &about.members).copied();
                let of_type =
                    |input: InputIndex| self::declared(package, input).map(|input| input.value_type);
                let count = match patterned.get(&about.group) {
                    // Each way of matching has as many as it needs among them.
                    Some(Some(texts)) => texts.len(),
                    _ => group()
                        .filter(|(input, _)| of_type(**input) == Some(value_type))
                        .count(),
                };
                candidates(value_type, constants, cuts, members, count, fresh)
            };
            let mut known = values(declared.value_type);
            if declared.choices().is_some() {
                known.retain(|value| declared.can_be(value));
            }
            if !about.windows.is_empty() {
                // With others that it is compared with, weekdays would have to be tried in all arrangements.
                let samples = if alike {
                    None
                } else {
                    weeks::samples(&instants(&known), &about.windows)
                };
                match samples {
                    Some(samples) => known.extend(samples.into_iter().map(Value::Instant)),
                    None => drop(space.blurred.insert(*input)),
                }
            }
            if let Some(parameter) = declared.parameter() {
                // The default comes first: a request that shows something has it where that will do.
                known.retain(|value| parameter.allows(value));
                known.sort_by_key(|value| *value != parameter.default);
            }
            if declared.value_type == Type::SetOfText {
                space
                    .members
                    .extend(members(*input, about, alike, || values(Type::Text)));
            } else if !alike {
                known = told_apart(package, *input, &about.tests, known, scratch);
            }
            space.inputs.push(Tracked {
                input: *input,
                known,
                optional: declared.is_optional(),
                default: declared.absent_as().is_some(),
                certain: declared.is_certain(),
                parameter: declared.parameter().is_some(),
                presence: about.presence,
            });
        }
        space
    }
}

fn instants(values: &[Value]) -> Vec<i64> {
    let instant = |value: &Value| match value {
        Value::Instant(instant) => Some(*instant),
        _ => None,
    };
    values.iter().filter_map(instant).collect()
}

fn declared(package: &Package, input: InputIndex) -> Option<&Input> {
    package.inputs.get(usize::try_from(input.0).ok()?)
}

/// For each group of inputs that are held against patterns, texts for every way to match them that are none of the
/// group's constants; none if they were not found.
fn patterned(
    package: &Package,
    facts: &BTreeMap<InputIndex, Facts<'_>>,
    others: &mut Others,
) -> BTreeMap<InputIndex, Option<Vec<String>>> {
    let groups: BTreeSet<InputIndex> = facts
        .values()
        .filter(|about| !about.asked.is_empty())
        .map(|about| about.group)
        .collect();
    let mut found = BTreeMap::new();
    for of in groups {
        let group = || facts.iter().filter(|(_, about)| about.group == of);
        let asked = group().flat_map(|(_, about)| &about.asked).cloned().collect();
        let tested = group().flat_map(|(_, about)| &about.constants).copied().flatten();
        let constants = tested.chain(group().flat_map(|(_, about)| &about.declared));
        let members = group().flat_map(|(_, about)| &about.members).copied();
        let excluded = constants.filter_map(Constant::text).chain(members).collect();
        let is_text =
            |input: InputIndex| declared(package, input).is_some_and(|input| input.value_type == Type::Text);
        let count = group().filter(|(input, _)| is_text(**input)).count();
        found.insert(of, others.texts(asked, count, &excluded));
    }
    found
}

/// The constants in an input's declaration.
fn mentioned(package: &Package, input: InputIndex) -> Vec<Constant> {
    let declared = declared(package, input);
    let choices = declared.and_then(Input::choices).into_iter();
    let choices = choices.flat_map(|choices| choices.iter().cloned());
    let values = declared.into_iter().flat_map(Input::mentions);
    values.filter_map(Constant::of).chain(choices).collect()
}

/// The members of a set that is read in the place of an absent one.
fn default_members(package: &Package, input: InputIndex) -> Vec<&str> {
    match declared(package, input).and_then(Input::absent_as) {
        Some(Value::SetOfText(members)) => members.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

fn read<'p>(
    package: &'p Package,
    atom: &'p Atom,
    facts: &mut BTreeMap<InputIndex, Facts<'p>>,
    linked: &mut BTreeSet<InputIndex>,
) {
    let shape = shape(package, atom);
    let mut groups = Vec::new();
    for input in shape.inputs() {
        let about = facts.entry(input).or_insert_with(|| Facts {
            group: input,
            presence: false,
            tests: Vec::new(),
            constants: Vec::new(),
            cuts: Vec::new(),
            windows: Vec::new(),
            declared: mentioned(package, input),
            members: default_members(package, input),
            asked: BTreeSet::new(),
        });
        groups.push(about.group);
        match shape {
            Shape::Presence(_) => about.presence = true,
            Shape::Test(_, constants) => {
                about.tests.push(atom);
                about.constants.push(constants);
            }
            Shape::Turning(_, cuts) => {
                about.tests.push(atom);
                about.cuts.push(cuts);
            }
            Shape::During(_, window, zone) => {
                about.tests.push(atom);
                about.windows.push((window, zone));
            }
            Shape::Pattern(_) => {
                about.tests.push(atom);
                about
                    .asked
                    .extend(Asked::by(atom).into_iter().flat_map(|(_, asked)| asked));
            }
            Shape::Member(_, text) => about.members.push(text),
            Shape::Members(_, _, texts) => about.members.extend(texts.iter().filter_map(Constant::text)),
            Shape::Link(..) | Shape::LinkedMember(..) => {
                linked.insert(input);
            }
            Shape::Fixed | Shape::Opaque => {}
        }
    }
    if let [one, other] = groups.as_slice() {
        if one != other {
            for about in facts.values_mut().filter(|about| about.group == *other) {
                about.group = *one;
            }
        }
    }
}

/// Members that atoms can ask a set for, ascending.
fn members(
    set: InputIndex,
    about: &Facts<'_>,
    linked: bool,
    texts: impl FnOnce() -> Vec<Value>,
) -> Vec<Member> {
    let mut asked: BTreeSet<String> = about.members.iter().map(|text| (*text).to_owned()).collect();
    if linked {
        asked.extend(texts().into_iter().filter_map(|value| match value {
            Value::Text(text) => Some(text),
            _ => None,
        }));
    }
    let member = |text| Member {
        set,
        text,
        chosen: None,
    };
    asked.into_iter().map(member).collect()
}

/// The first of each class of values that all tests answer alike.
fn told_apart(
    package: &Package,
    input: InputIndex,
    tests: &[&Atom],
    values: Vec<Value>,
    scratch: &mut [Value],
) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let mut first = Vec::new();
    for value in values {
        if let Some(place) = place(scratch, input) {
            *place = value.clone();
        }
        let answers: Vec<_> = tests
            .iter()
            .map(|test| interpreter::atom(package, scratch, test))
            .collect();
        if seen.insert(answers) {
            first.push(value);
        }
    }
    if let Some(place) = place(scratch, input) {
        *place = Value::Absent;
    }
    first
}

fn place(scratch: &mut [Value], input: InputIndex) -> Option<&mut Value> {
    scratch.get_mut(usize::try_from(input.0).ok()?)
}

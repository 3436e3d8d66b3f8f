//! The requests that conditions can tell apart, made from the constants that they mention.
//!
//! - BOOLEAN: both values.
//! - TEXT: the constants, and something else for every way in which texts match patterns.
//! - INTEGER, DECIMAL, INSTANT, DURATION: the constants, and their neighbours.
//! - SET OF TEXT: the sets of the texts that are looked for.
//! - All: absence; and failure where presence is asked for or absence has a default, for only there it differs.
//!
//! Where inputs are compared with each other, each takes the constants of all, and there are as many other values as
//! there are inputs, so that all can differ.

use std::collections::{BTreeMap, BTreeSet};

use aecp_vocabulary::{Type, Value};

use crate::core::{Atom, Condition, Constant, Input, InputIndex, Operand, Package, Policy};
use crate::pattern::{Asked, Language};

/// Most members of the universe of a set whose subsets are tried.
const SET_MEMBERS: usize = 6;

/// Steps that finding the texts of one input may take.
const SEARCH: usize = 100_000;

/// Most values of one input that are tried, roughly.
const DOMAIN_LIMIT: usize = 10_000;

/// All requests that some conditions can tell apart; inputs that they do not read are absent.
pub(super) struct Requests {
    /// One for each input of the package.
    domains: Vec<Vec<Value>>,
    /// The next request, as a position in each domain; none behind the last one.
    next: Option<Vec<usize>>,
}

impl Requests {
    /// None if there are more than `limit`, or if a type has no small domain.
    pub(super) fn new<'a>(
        package: &Package,
        policies: impl IntoIterator<Item = &'a Policy>,
        limit: u64,
    ) -> Option<Self> {
        let mut mentioned = Mentioned::default();
        for policy in policies {
            mentioned.condition(&policy.scope);
            mentioned.condition(&policy.constraint);
        }
        for (index, input) in (0_u32..).map(InputIndex).zip(&package.inputs) {
            mentioned.declaration(index, input);
        }
        let mut domains = Vec::with_capacity(package.inputs.len());
        let mut count = 1_u64;
        for (index, input) in (0_u32..).map(InputIndex).zip(&package.inputs) {
            let domain = if mentioned.read.contains(&index) {
                mentioned.domain(package, index, input)?
            } else {
                vec![input.plain()]
            };
            count = count.checked_mul(u64::try_from(domain.len()).ok()?)?;
            if count > limit {
                return None;
            }
            domains.push(domain);
        }
        let next = Some(vec![0; domains.len()]);
        Some(Self { domains, next })
    }
}

impl Iterator for Requests {
    type Item = Vec<Value>;

    fn next(&mut self) -> Option<Vec<Value>> {
        let position = self.next.take()?;
        let values = position.iter().zip(&self.domains);
        let values = values
            .filter_map(|(at, domain)| domain.get(*at).cloned())
            .collect();
        let mut following = position;
        for (at, domain) in following.iter_mut().zip(&self.domains) {
            *at = at.saturating_add(1);
            if *at < domain.len() {
                self.next = Some(following);
                break;
            }
            *at = 0;
        }
        Some(values)
    }
}

/// What conditions mention of each input.
#[derive(Default)]
struct Mentioned {
    read: BTreeSet<InputIndex>,
    constants: BTreeMap<InputIndex, BTreeSet<Constant>>,
    /// Inputs whose presence is asked for: only there absence and failure differ.
    present: BTreeSet<InputIndex>,
    /// Inputs that are asked for what constants do not tell: networks, terms, times of day.
    opaque: BTreeSet<InputIndex>,
    /// Patterns and parts.
    asked: BTreeMap<InputIndex, BTreeSet<Asked>>,
    /// Whether inputs are compared with each other: then what is mentioned of one matters for all.
    linked: bool,
}

impl Mentioned {
    /// Defaults and bounds are mentioned too.
    fn declaration(&mut self, index: InputIndex, input: &Input) {
        if !self.read.contains(&index) {
            return;
        }
        for value in input.mentions() {
            let constants = self.constants.entry(index).or_default();
            match value {
                Value::SetOfText(members) => {
                    constants.extend(members.iter().map(|text| Constant::Text(text.clone())));
                }
                value => constants.extend(Constant::of(value)),
            }
        }
    }

    fn condition(&mut self, condition: &Condition) {
        match condition {
            Condition::Constant(_) => {}
            Condition::Atom(atom) => self.atom(atom),
            Condition::All(parts) | Condition::Any(parts) => {
                parts.iter().for_each(|part| self.condition(part));
            }
            Condition::Not(part) => self.condition(part),
        }
    }

    fn atom(&mut self, atom: &Atom) {
        match atom {
            Atom::IsPresent(input) => {
                self.read.insert(*input);
                self.present.insert(*input);
            }
            Atom::IsTrue(input) => {
                self.read.insert(*input);
            }
            Atom::Compare { left, right, .. } => self.pair(left, right),
            Atom::OneOf { element, members } => {
                // So many would be too many values to try.
                if let (true, Operand::Input(input)) = (members.len() > DOMAIN_LIMIT, element) {
                    self.read.insert(*input);
                    self.opaque.insert(*input);
                    return;
                }
                for member in members.iter() {
                    self.pair(element, &Operand::Constant(member.clone()));
                }
            }
            Atom::ContainsOf { set, members, .. } => {
                if members.len() > SET_MEMBERS {
                    self.read.insert(*set);
                    self.opaque.insert(*set);
                    return;
                }
                for member in members.iter() {
                    self.pair(&Operand::Input(*set), &Operand::Constant(member.clone()));
                }
            }
            Atom::Contains { set, element } => self.pair(&Operand::Input(*set), element),
            Atom::Affix { .. } | Atom::Matches { .. } => {
                if let Some((text, asked)) = Asked::by(atom) {
                    self.read.insert(text);
                    self.asked.entry(text).or_default().extend(asked);
                }
            }
            Atom::WithinOneOf { .. } | Atom::Within { .. } | Atom::During { .. } => {
                for input in atom.inputs() {
                    self.read.insert(input);
                    self.opaque.insert(input);
                }
            }
        }
    }

    fn pair(&mut self, left: &Operand, right: &Operand) {
        for operand in [left, right] {
            // Where a term turns is not written anywhere.
            let is_term = matches!(operand, Operand::Term(_));
            operand.each_input(&mut |input| {
                self.read.insert(input);
                if is_term {
                    self.opaque.insert(input);
                }
            });
        }
        match (left, right) {
            (Operand::Input(_), Operand::Input(_)) => self.linked = true,
            (Operand::Input(input), Operand::Constant(constant))
            | (Operand::Constant(constant), Operand::Input(input)) => {
                let constants = self.constants.entry(*input).or_default();
                constants.insert(constant.clone());
            }
            (Operand::Constant(_), Operand::Constant(_)) | (Operand::Term(_), _) | (_, Operand::Term(_)) => {}
        }
    }

    /// The values of an input that conditions can tell apart; none if they are too many or not known.
    fn domain(&self, package: &Package, index: InputIndex, input: &Input) -> Option<Vec<Value>> {
        let declared = input.value_type;
        if self.opaque.contains(&index) {
            return None;
        }
        let constants: Vec<&Constant> = if self.linked {
            self.constants.values().flatten().collect()
        } else {
            self.constants.get(&index).into_iter().flatten().collect()
        };
        // As many other values as there are inputs that may all have to differ.
        let others = if self.linked {
            self.alike(package, declared)
        } else {
            1
        };
        if constants.len().saturating_mul(others) > DOMAIN_LIMIT {
            return None;
        }
        let mut domain: Vec<Value> = match declared {
            Type::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
            Type::Integer | Type::Decimal | Type::Instant | Type::Duration => {
                let value: fn(i64) -> Value = match declared {
                    Type::Decimal => Value::Decimal,
                    Type::Instant => Value::Instant,
                    Type::Duration => Value::Duration,
                    _ => Value::Integer,
                };
                numbers(declared, &constants, others)
                    .into_iter()
                    .map(value)
                    .collect()
            }
            Type::Text => {
                let texts = self.texts(index, &constants, others)?;
                texts.into_iter().map(Value::Text).collect()
            }
            Type::SetOfText => {
                let others = if self.linked { others } else { 0 };
                subsets(&self.texts(index, &constants, others)?)?
            }
            _ => return None,
        };
        if let Some(choices) = input.choices() {
            domain = choices.iter().map(Constant::value).collect();
        }
        if let Some(parameter) = input.parameter() {
            domain.retain(|value| parameter.allows(value));
        }
        if input.is_certain() {
            return Some(domain);
        }
        domain.push(Value::Absent);
        if self.present.contains(&index) || input.absent_as().is_some() {
            domain.push(Value::failed("not known"));
        }
        Some(domain)
    }

    /// The constants, and `others` that are none of them for every way in which texts match patterns.
    fn texts(&self, input: InputIndex, constants: &[&Constant], others: usize) -> Option<Vec<String>> {
        let asked: BTreeSet<&Asked> = if self.linked {
            self.asked.values().flatten().collect()
        } else {
            self.asked.get(&input).into_iter().flatten().collect()
        };
        let plain = texts(constants, others);
        if asked.is_empty() || others == 0 {
            return Some(plain);
        }
        let known: BTreeSet<&str> = constants.iter().filter_map(|constant| constant.text()).collect();
        let mut steps = SEARCH;
        let more = Language::of(asked)?.texts(others, &known, &plain, &mut steps)?;
        let mut found: BTreeSet<String> = known.into_iter().map(str::to_owned).collect();
        found.extend(more);
        (found.len() <= DOMAIN_LIMIT).then(|| found.into_iter().collect())
    }

    /// How many inputs that are read can have the same elements.
    fn alike(&self, package: &Package, declared: Type) -> usize {
        let family = |value_type: Type| match value_type {
            Type::SetOfText => Type::Text,
            other => other,
        };
        let read = (0_u32..).map(InputIndex).zip(&package.inputs);
        read.filter(|(index, input)| {
            self.read.contains(index) && family(input.value_type) == family(declared)
        })
        .count()
    }
}

/// The constants, and `others` that are none of them.
fn texts(constants: &[&Constant], others: usize) -> Vec<String> {
    let mut texts: BTreeSet<String> = BTreeSet::new();
    for constant in constants {
        if let Constant::Text(text) = constant {
            texts.insert(text.clone());
        }
    }
    let wanted = texts.len().saturating_add(others);
    let mut number = 1_u64;
    while texts.len() < wanted {
        texts.insert(format!("other {number}"));
        number = number.saturating_add(1);
    }
    texts.into_iter().collect()
}

/// The constants, and up to `others` on each side of each of them, so that every gap between constants has as many,
/// or all it has.
fn numbers(declared: Type, constants: &[&Constant], others: usize) -> BTreeSet<i64> {
    let reach = i64::try_from(others).unwrap_or(i64::MAX);
    let mut integers = BTreeSet::new();
    let mut around = |number: i64| {
        let mut next = number.saturating_sub(reach);
        let last = number.saturating_add(reach);
        integers.insert(next);
        while next < last {
            next = next.saturating_add(1);
            integers.insert(next);
        }
    };
    let mut none = true;
    for constant in constants {
        if let (Some(number), true) = (constant.number(), constant.value_type() == declared) {
            around(number);
            none = false;
        }
    }
    if none {
        around(0);
    }
    integers
}

/// All sets of the texts; none if they are too many.
fn subsets(texts: &[String]) -> Option<Vec<Value>> {
    if texts.len() > SET_MEMBERS {
        return None;
    }
    let mut sets = vec![Vec::new()];
    for text in texts {
        let mut with: Vec<Vec<String>> = sets.clone();
        with.iter_mut().for_each(|set| set.push(text.clone()));
        sets.extend(with);
    }
    Some(sets.into_iter().map(Value::SetOfText).collect())
}

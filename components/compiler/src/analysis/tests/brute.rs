//! Every claim, and every absence of one, against the interpreter on all requests of small packages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use aecp_vocabulary::obligation::{Duty, Merged};
use aecp_vocabulary::policy::{DefaultDecision, OverrideRule};
use aecp_vocabulary::{AuditClass, Mode, Type, Value};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::super::{Budget, Kind, analyse, at, atoms, replay};
use crate::analysis::atoms::{Shape, shape};
use crate::core::term::Term;
use crate::core::{Atom, Condition, Constant, Input, Operand, Package, Policy, Side};
use crate::interpreter::{Truth, condition};
use crate::pattern::{Asked, Notation, Pattern};
use crate::testing;

/// Packages with more requests than this are not tried.
const REQUESTS: usize = 30_000;

/// The same for those that calculate, where each number has many values and most of them show nothing new.
const CALCULATED: usize = 2_000;

/// Around the simple fractions of the ends, which are where sums of a few ends and a few times one input turn.
fn fractions() -> impl Iterator<Item = i128> {
    let end = i128::from(i64::MAX);
    let parts = (1..=4_i128).flat_map(|parts| (-parts..=parts).map(move |some| (some, parts)));
    parts.flat_map(move |(some, parts)| (-5..=5).map(move |step| end * some / parts + step))
}

fn constants(package: &Package) -> (BTreeSet<String>, BTreeSet<i64>) {
    let (mut texts, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    let mut take = |constant: &Constant| match constant {
        Constant::Text(text) => drop(texts.insert(text.clone())),
        other => numbers.extend(other.number()),
    };
    // Terms of small constants turn near nothing, near the ends, or near a fraction of them.
    let mut around = Vec::new();
    let mut found = Vec::new();
    for policy in &package.policies {
        atoms::atoms(&policy.scope, &mut found);
        atoms::atoms(&policy.constraint, &mut found);
    }
    for value in package.inputs.iter().flat_map(Input::mentions) {
        match value {
            Value::SetOfText(members) => members
                .iter()
                .for_each(|text| take(&Constant::Text(text.clone()))),
            value => Constant::of(value).iter().for_each(&mut take),
        }
    }
    let mut operand = |operand: &Operand| {
        if let Operand::Constant(constant) = operand {
            take(constant);
        }
        if let Operand::Term(_) = operand {
            around.extend((-3..=3_i128).chain(fractions()));
        }
    };
    for atom in &found {
        match atom {
            Atom::IsPresent(_) | Atom::IsTrue(_) => {}
            Atom::Compare { left, right, .. } => {
                operand(left);
                operand(right);
            }
            Atom::OneOf { element, members } => {
                operand(element);
                members
                    .iter()
                    .for_each(|member| operand(&Operand::Constant(member.clone())));
            }
            Atom::ContainsOf { members, .. } => members
                .iter()
                .for_each(|member| operand(&Operand::Constant(member.clone()))),
            Atom::Contains { element, .. } => operand(element),
            Atom::Affix { .. }
            | Atom::Matches { .. }
            | Atom::WithinOneOf { .. }
            | Atom::Within { .. }
            | Atom::During { .. } => {}
        }
    }
    numbers.extend(around.iter().filter_map(|number| i64::try_from(*number).ok()));
    (texts, numbers)
}

/// For every way in which short texts match the package's patterns, so many that are no constants.
fn others(package: &Package, constants: &BTreeSet<String>, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    for policy in &package.policies {
        atoms::atoms(&policy.scope, &mut found);
        atoms::atoms(&policy.constraint, &mut found);
    }
    let asked: BTreeSet<Asked> = found
        .iter()
        .filter_map(|atom| Asked::by(atom))
        .flat_map(|(_, asked)| asked)
        .collect();
    let answers = |text: &str| -> Vec<bool> {
        let answer = |asked: &Asked| match asked {
            Asked::Pattern(pattern) => pattern.matches(text),
            Asked::Affix(Side::Start, part) => text.starts_with(part),
            Asked::Affix(Side::End, part) => text.ends_with(part),
        };
        asked.iter().map(answer).collect()
    };
    let mut all: BTreeMap<Vec<bool>, Vec<String>> = BTreeMap::new();
    for text in words().iter().filter(|text| !constants.contains(*text)) {
        let alike = all.entry(answers(text)).or_default();
        if alike.len() < count {
            alike.push(text.clone());
        }
    }
    all.into_values().flatten().collect()
}

/// All texts of up to six letters of four.
fn words() -> &'static [String] {
    static WORDS: OnceLock<Vec<String>> = OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words = vec![String::new()];
        let mut begin = 0;
        for _ in 0..6 {
            let end = words.len();
            for word in begin..end {
                let longer = ["a", "b", "/", "c"].map(|letter| format!("{}{letter}", words[word]));
                words.extend(longer);
            }
            begin = end;
        }
        words
    })
}

const SMALL_TEXTS: [&str; 5] = ["", "a", "b", "ab", "/"];
const SMALL_PARTS: [&str; 4] = ["", "a", "b/", "b"];
const SMALL_GLOBS: [&str; 6] = ["*", "a*", "*b", "**/b", "a/**", "*a*"];
const SMALL_EXPRESSIONS: [&str; 6] = ["a+", "[ab]{2}", "[a/]*", "[^a]", "a|b", "(?i)A.*"];

/// The package with texts and patterns that are told apart by short texts.
pub(super) fn with_small_texts(mut package: Package) -> Package {
    for policy in &mut package.policies {
        make_small(&mut policy.scope);
        make_small(&mut policy.constraint);
    }
    package
}

fn make_small(condition: &mut Condition) {
    let atom = match condition {
        Condition::Constant(_) => return,
        Condition::All(parts) | Condition::Any(parts) => return parts.iter_mut().for_each(make_small),
        Condition::Not(part) => return make_small(part),
        Condition::Atom(atom) => atom,
    };
    let small = |constant: &Constant| match constant {
        Constant::Text(text) => Constant::Text(SMALL_TEXTS[text.len() % SMALL_TEXTS.len()].to_owned()),
        other => other.clone(),
    };
    let operand = |operand: &mut Operand| {
        if let Operand::Constant(constant) = operand {
            *constant = small(constant);
        }
    };
    match atom {
        Atom::Compare { left, right, .. } => {
            operand(left);
            operand(right);
        }
        Atom::OneOf { element, members } => {
            operand(element);
            *members = members.iter().map(small).collect::<Vec<_>>().into();
        }
        Atom::ContainsOf { members, .. } => *members = members.iter().map(small).collect::<Vec<_>>().into(),
        Atom::Contains { element, .. } => operand(element),
        Atom::Affix { part, .. } => *part = SMALL_PARTS[part.len() % SMALL_PARTS.len()].to_owned(),
        Atom::Matches { patterns, .. } => {
            for pattern in patterns.iter_mut() {
                let written = match pattern.notation() {
                    Notation::Glob => SMALL_GLOBS,
                    Notation::Expression => SMALL_EXPRESSIONS,
                }[pattern.written().len() % 6];
                *pattern = Pattern::new(pattern.notation(), written).unwrap();
            }
            patterns.sort();
            patterns.dedup();
        }
        _ => {}
    }
}

/// All values that matter for one input; none if there are too many.
fn values(package: &Package, input: &Input) -> Option<Vec<Value>> {
    let value_type = input.value_type;
    let (mut texts, numbers) = constants(package);
    let count = |asked| {
        package
            .inputs
            .iter()
            .filter(|input| input.value_type == asked)
            .count()
    };
    texts.extend(others(package, &texts, count(Type::Text)));
    let mut values: Vec<Value> = match value_type {
        Type::Text => texts.into_iter().map(Value::Text).collect(),
        Type::Boolean => vec![Value::Boolean(false), Value::Boolean(true)],
        Type::Integer | Type::Decimal | Type::Instant | Type::Duration => {
            let value: fn(i64) -> Value = match value_type {
                Type::Decimal => Value::Decimal,
                Type::Instant => Value::Instant,
                Type::Duration => Value::Duration,
                _ => Value::Integer,
            };
            let reach = i64::try_from(count(value_type)).unwrap();
            let near = |number: &i64| {
                let number = *number;
                (-reach..=reach).filter_map(move |step| number.checked_add(step))
            };
            let all: BTreeSet<i64> = numbers.iter().chain(&[7]).flat_map(near).collect();
            all.into_iter().map(value).collect()
        }
        _ => {
            if texts.len() > 9 {
                return None;
            }
            let texts: Vec<String> = texts.into_iter().collect();
            let subset = |bits: u32| {
                let members = (0..texts.len()).filter(|bit| bits >> bit & 1 == 1);
                Value::SetOfText(members.map(|bit| texts[bit].clone()).collect())
            };
            (0..1_u32 << texts.len()).map(subset).collect()
        }
    };
    if let Some(choices) = input.choices() {
        values = choices.iter().map(Constant::value).collect();
    }
    if let Some(parameter) = input.parameter() {
        values.retain(|value| parameter.allows(value));
    }
    if input.is_certain() {
        return Some(values);
    }
    values.push(Value::failed("unavailable"));
    if input.is_optional() {
        values.push(Value::Absent);
    }
    Some(values)
}

/// All requests of a package that differ in something that matters; none if there are too many.
pub(super) fn requests(package: &Package) -> Option<Vec<Vec<Value>>> {
    let most = if calculates(package) { CALCULATED } else { REQUESTS };
    let mut requests = vec![Vec::new()];
    for input in &package.inputs {
        let values = values(package, input)?;
        if requests.len() * values.len() > most {
            return None;
        }
        let longer = |request: &Vec<Value>| {
            let request = request.clone();
            values.iter().map(move |value| {
                let mut request = request.clone();
                request.push(value.clone());
                request
            })
        };
        requests = requests.iter().flat_map(longer).collect();
    }
    Some(requests)
}

/// Scope and constraint of each policy.
type Picture = Vec<(Truth, Truth)>;

fn picture(package: &Package, request: &[Value]) -> Picture {
    let truth = |asked| condition(package, request, asked);
    let policies = package.policies.iter();
    policies
        .map(|policy| (truth(&policy.scope), truth(&policy.constraint)))
        .collect()
}

fn applies(of: (Truth, Truth)) -> bool {
    of.0 == Truth::True
}

fn satisfied(of: (Truth, Truth)) -> bool {
    of == (Truth::True, Truth::True)
}

fn faults(of: (Truth, Truth)) -> bool {
    of.0 != Truth::False && !satisfied(of)
}

type Claims = BTreeSet<(Vec<u32>, Kind, Option<u32>)>;

struct Brute<'a> {
    package: &'a Package,
    pictures: BTreeSet<Picture>,
    claims: Claims,
}

impl Brute<'_> {
    fn some(&self, holds: impl Fn(&Picture) -> bool) -> bool {
        self.pictures.iter().any(holds)
    }

    fn claim(&mut self, holds: bool, kind: Kind, policies: &[usize]) {
        if holds {
            let policies = policies.iter().map(|policy| *policy as u32).collect();
            self.claims.insert((policies, kind, None));
        }
    }

    fn contradictory(&self, index: usize) -> bool {
        let mut read = Vec::new();
        atoms::atoms(&self.package.policies[index].constraint, &mut read);
        !read.is_empty() && self.some(|p| applies(p[index])) && !self.some(|p| satisfied(p[index]))
    }

    fn single(&mut self, index: usize, policy: &Policy) {
        let blocking = policy.mode == Mode::Blocking;
        self.claim(
            !self.some(|p| applies(p[index])),
            Kind::ScopeUnreachable,
            &[index],
        );
        self.claim(self.contradictory(index), Kind::ConstraintContradiction, &[index]);
        let denies = blocking && self.some(|p| faults(p[index]));
        let exception = policy.exception != OverrideRule::Never;
        self.claim(exception && !denies, Kind::ExceptionUnreachable, &[index]);
        let vacuous = blocking && self.denies() && !self.some(|p| p[index].0 == Truth::False);
        self.claim(vacuous, Kind::ScopeVacuous, &[index]);
    }

    fn denies(&self) -> bool {
        self.package.default == DefaultDecision::Deny
    }

    fn related(&self, one: usize, other: usize) -> Option<Kind> {
        let (policy, by) = (&self.package.policies[one], &self.package.policies[other]);
        let usable = |index| self.some(|p| applies(p[index])) && !self.contradictory(index);
        let overridden = by.exception == OverrideRule::Never || by.exception == policy.exception;
        if policy.mode != by.mode || !overridden || !usable(one) || !usable(other) {
            return None;
        }
        let blocking = policy.mode == Mode::Blocking;
        if blocking && !self.some(|p| p[one].0 != Truth::False && !faults(p[other])) {
            return Some(Kind::PolicyShadowed);
        }
        let covering = blocking && self.denies() || policy.audit != AuditClass::Ordinary;
        let redundant = policy.obligations.is_empty()
            && policy.audit <= by.audit
            && self.some(|p| applies(p[one]) && faults(p[one]))
            && !self.some(|p| faults(p[one]) && !faults(p[other]))
            && !(covering && self.some(|p| p[one].0 != Truth::False && p[other].0 == Truth::False));
        redundant.then_some(Kind::PolicyRedundant)
    }

    fn pairs(&mut self) {
        let count = self.package.policies.len();
        let blocking = |index: usize| self.package.policies[index].mode == Mode::Blocking;
        let conflicts = |one: usize, other: usize| {
            blocking(one)
                && blocking(other)
                && self.some(|p| satisfied(p[one]))
                && self.some(|p| satisfied(p[other]))
                && self.some(|p| applies(p[one]) && applies(p[other]))
                && !self.some(|p| satisfied(p[one]) && satisfied(p[other]))
        };
        let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
        let conflicting: Vec<_> = pairs.filter(|(one, other)| conflicts(*one, *other)).collect();
        for (one, other) in conflicting {
            self.claim(true, Kind::PoliciesConflict, &[one, other]);
        }
        let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
        let clashing = pairs.filter(|(one, other)| {
            let together = blocking(*one) && blocking(*other) && clash(self.package, *one, *other);
            together && self.some(|p| satisfied(p[*one]) && satisfied(p[*other]))
        });
        for (one, other) in clashing.collect::<Vec<_>>() {
            self.claim(true, Kind::ObligationsClash, &[one, other]);
        }
        for one in 0..count {
            let by = (0..count).filter(|other| *other != one).find_map(|other| {
                let kind = self.related(one, other)?;
                (other < one || self.related(other, one).is_none()).then_some((other, kind))
            });
            if let Some((other, kind)) = by {
                self.claim(true, kind, &[one, other]);
            }
        }
    }

    fn allowed(&self, of: &Picture) -> bool {
        let blocking = || {
            let policies = self.package.policies.iter();
            of.iter()
                .zip(policies)
                .filter(|(_, policy)| policy.mode == Mode::Blocking)
        };
        !blocking().any(|(of, _)| faults(*of)) && (!self.denies() || blocking().any(|(of, _)| applies(*of)))
    }

    fn whole(&mut self) {
        let vacuous = self.claims.iter().any(|claim| claim.1 == Kind::ScopeVacuous);
        if self.denies() && !vacuous {
            let blocking: Vec<usize> = (0..self.package.policies.len())
                .filter(|index| self.package.policies[*index].mode == Mode::Blocking)
                .collect();
            let gap = self.some(|p| blocking.iter().all(|index| p[*index].0 == Truth::False));
            let kind = if gap {
                Kind::CoverageGap
            } else {
                Kind::DefaultUnreachable
            };
            self.claim(true, kind, &[]);
        }
    }
}

/// Whether an obligation of one policy clashes with one of the other.
fn clash(package: &Package, one: usize, other: usize) -> bool {
    let duties = |policy: usize| {
        let obligations = package.policies[policy].obligations.iter();
        obligations.map(|each| Duty::described(each).unwrap().map(|_| String::new()))
    };
    duties(one)
        .any(|mine| duties(other).any(|theirs| !Merged::of([mine.clone(), theirs]).clashes().is_empty()))
}

fn brute(package: &Package, requests: &[Vec<Value>]) -> (Claims, BTreeSet<u32>) {
    let mut brute = Brute {
        package,
        pictures: requests.iter().map(|request| picture(package, request)).collect(),
        claims: Claims::new(),
    };
    for (index, policy) in package.policies.iter().enumerate() {
        brute.single(index, policy);
    }
    brute.pairs();
    brute.whole();
    let mut hiding = BTreeSet::new();
    for request in requests {
        if brute.allowed(&picture(package, request)) {
            continue;
        }
        for (index, input) in package.inputs.iter().enumerate() {
            let known = request[index].value_type().is_some();
            if !input.is_optional() || !known || hiding.contains(&(index as u32)) {
                continue;
            }
            let mut without = request.clone();
            without[index] = Value::Absent;
            if brute.allowed(&picture(package, &without)) {
                hiding.insert(index as u32);
            }
        }
    }
    (brute.claims, hiding)
}

/// The types whose values the analysis tells apart.
pub(super) const TYPES: &[Type] = &[
    Type::Text,
    Type::Integer,
    Type::Boolean,
    Type::SetOfText,
    Type::Decimal,
    Type::Duration,
];

/// The package with constants in the place of what is opaque to the analysis, or turns in more places than are tried
/// here, as products do.
fn decidable(mut package: Package) -> Package {
    let whole = package.clone();
    for policy in &mut package.policies {
        replace(&whole, &mut policy.scope);
        replace(&whole, &mut policy.constraint);
    }
    package.drop_unread_inputs();
    package
}

fn replace(package: &Package, condition: &mut Condition) {
    match condition {
        Condition::Constant(_) => {}
        Condition::Atom(atom) => {
            if matches!(shape(package, atom), Shape::Opaque) || atom.operands().any(has_product) {
                *condition = Condition::Constant(true);
            }
        }
        Condition::All(parts) | Condition::Any(parts) => {
            parts.iter_mut().for_each(|part| replace(package, part));
        }
        Condition::Not(part) => replace(package, part),
    }
}

fn calculates(package: &Package) -> bool {
    let mut found = Vec::new();
    for policy in &package.policies {
        atoms::atoms(&policy.scope, &mut found);
        atoms::atoms(&policy.constraint, &mut found);
    }
    let is_term = |operand: &Operand| matches!(operand, Operand::Term(_));
    found.iter().any(|atom| atom.operands().any(is_term))
}

fn has_product(operand: &Operand) -> bool {
    match operand {
        Operand::Term(term) => {
            matches!(term.as_ref(), Term::Product { .. }) || term.operands().into_iter().any(has_product)
        }
        Operand::Input(_) | Operand::Constant(_) => false,
    }
}

/// Small packages with all of their requests.
fn small() -> impl Strategy<Value = (Package, Vec<Vec<Value>>)> {
    let packages =
        testing::package_of(TYPES, 0..=3, 1..=4).prop_map(|package| decidable(with_small_texts(package)));
    packages.prop_filter_map("too many requests", |package| {
        let requests = requests(&package)?;
        Some((package, requests))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_local_rejects: 200_000, ..ProptestConfig::default() })]

    #[test]
    fn claims_agree_with_enumeration((package, requests) in small()) {
        let analysis = analyse(&package, Budget::default());
        prop_assert_eq!(&analysis.inconsistencies, &[]);
        prop_assert_eq!(&analysis.not_decided, &[]);
        let (expected, hiding) = brute(&package, &requests);
        let mut claims = Claims::new();
        let mut hidden = BTreeSet::new();
        for finding in &analysis.findings {
            prop_assert!(replay::shows(&package, finding));
            match (finding.kind, finding.attribute) {
                (Kind::AttributeHiding, Some(attribute)) => drop(hidden.insert(attribute.0)),
                // Which of the policies the proof needs is not the only choice.
                (Kind::DefaultUnreachable, _) => drop(claims.insert((vec![], finding.kind, None))),
                (kind, _) => drop(claims.insert((finding.policies.clone(), kind, None))),
            }
        }
        prop_assert_eq!(claims, expected);
        prop_assert_eq!(hidden, hiding);
    }

    #[test]
    fn any_package_is_analysed_alike_twice(package in testing::package(), total in 0_u64..20_000) {
        let budget = Budget { question: 2_000, total, ..Budget::default() };
        let analysis = analyse(&package, budget);
        prop_assert_eq!(&analysis.inconsistencies, &[]);
        for finding in &analysis.findings {
            let known = finding.policies.iter().all(|policy| at(&package.policies, *policy).is_some());
            prop_assert!(known && !finding.sentence.is_empty());
        }
        prop_assert_eq!(analyse(&package, budget), analysis);
    }
}

#[test]
fn generated_packages_have_findings_of_every_kind() {
    let mut runner = TestRunner::deterministic();
    let packages = testing::package_of(TYPES, 0..=3, 1..=4).prop_map(decidable);
    let mut kinds = BTreeSet::new();
    // Some kinds are rare; usually the tenth comes within some thousand packages.
    for _ in 0..20_000 {
        if kinds.len() == 10 {
            break;
        }
        let package = packages.new_tree(&mut runner).unwrap().current();
        let findings = analyse(&package, Budget::default()).findings;
        kinds.extend(findings.iter().map(|finding| finding.kind.name()));
    }
    assert_eq!(kinds.len(), 10, "{kinds:?}");
}

//! What two packages say differently, whether a decision changes by it or not.

use std::collections::BTreeMap;

use aecp_vocabulary::policy::{Annotation, Obligation, OverrideRule, Segment};
use aecp_vocabulary::{AuditClass, Value};
use serde::Serialize;

use crate::core::{Condition, Constant, Input, InputIndex, InputKind, Package, Policy};
use crate::words::Words;

/// Something that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The policy that it is about; none for the package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// What changed.
    pub fact: Fact,
    /// What was said, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// What is said, if anything is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// What can be different.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// The package's name.
    Name,
    /// The package's version.
    Version,
    /// The package's default.
    Default,
    /// What an attribute or a parameter is declared to be.
    Attribute(String),
    /// The policy is new.
    Added,
    /// The policy is gone.
    Removed,
    /// The policy has another name.
    Renamed,
    /// Its scope.
    Scope,
    /// Its constraint.
    Constraint,
    /// Its mode.
    Enforcement,
    /// Its audit class.
    Audit,
    /// How its denial may be overridden.
    Exception,
    /// The sentence that a violation gives.
    Reason,
    /// What it raises.
    Obligations,
    /// A fact for people, by its key: `owner`, `description` and the like.
    Annotation(String),
}

impl Fact {
    /// The words for it in a sentence.
    pub fn words(&self) -> String {
        match self {
            Self::Name => "name".to_owned(),
            Self::Version => "version".to_owned(),
            Self::Default => "default".to_owned(),
            Self::Attribute(name) => format!("attribute {name}"),
            Self::Added => "added".to_owned(),
            Self::Removed => "removed".to_owned(),
            Self::Renamed => "renamed".to_owned(),
            Self::Scope => "scope".to_owned(),
            Self::Constraint => "constraint".to_owned(),
            Self::Enforcement => "enforcement".to_owned(),
            Self::Audit => "audit".to_owned(),
            Self::Exception => "exception".to_owned(),
            Self::Reason => "reason".to_owned(),
            Self::Obligations => "obligations".to_owned(),
            Self::Annotation(key) => key.clone(),
        }
    }
}

/// All changes: those of the package first, then those of policies in the order of the new package; what is gone last.
pub(super) fn changes(old: &Package, new: &Package) -> Vec<Change> {
    let mut changes = Changes {
        old: Reader::new(old),
        new: Reader::new(new),
        found: Vec::new(),
    };
    changes.package(old, new);
    changes.policies(old, new);
    changes.found
}

/// What a source says of an input.
fn declared(input: &Input) -> String {
    let declared = input.value_type.name();
    match &input.kind {
        InputKind::Attribute {
            optional,
            default,
            choices,
        } => {
            let listed = choices.as_ref().map(|choices| {
                let texts: Vec<&str> = choices.iter().filter_map(Constant::text).collect();
                format!("ONE OF {texts:?}")
            });
            let declared = listed.as_deref().unwrap_or(declared);
            let optional = if *optional { " OPTIONAL" } else { "" };
            let default = default
                .as_ref()
                .map_or_else(String::new, |value| format!(" DEFAULT {value}"));
            format!("{declared}{optional}{default}")
        }
        InputKind::Now => declared.to_owned(),
        InputKind::Parameter(parameter) => {
            let bound = |value: &Option<Value>| value.as_ref().map(Value::to_string).unwrap_or_default();
            let (least, most) = (bound(&parameter.minimum), bound(&parameter.maximum));
            let range = if least.is_empty() && most.is_empty() {
                String::new()
            } else {
                format!(" RANGE {least}..{most}")
            };
            format!("{declared} = {}{range}", parameter.default)
        }
    }
}

/// A package as text.
struct Reader<'p> {
    package: &'p Package,
    names: Vec<&'p str>,
}

impl<'p> Reader<'p> {
    fn new(package: &'p Package) -> Self {
        let names = package.inputs.iter().map(|input| input.name.as_str());
        Self {
            package,
            names: names.collect(),
        }
    }

    fn condition(&self, condition: &Condition) -> String {
        Words { names: &self.names }.of(condition)
    }

    fn sentence(&self, segments: &[Segment]) -> String {
        let words = Words { names: &self.names };
        let piece = |segment: &Segment| match segment {
            Segment::Literal(text) => text.clone(),
            Segment::Input(input) => format!("{{{}}}", words.name(InputIndex(*input))),
        };
        segments.iter().map(piece).collect()
    }

    fn obligations(&self, obligations: &[Obligation]) -> String {
        let one = |obligation: &Obligation| {
            let arguments = obligation.arguments.iter();
            let arguments: Vec<String> = arguments
                .map(|(key, text)| format!("{key}: {}", self.sentence(text)))
                .collect();
            format!("{}({})", obligation.kind, arguments.join(", "))
        };
        let all: Vec<String> = obligations.iter().map(one).collect();
        all.join("; ")
    }

    fn policies(&self) -> BTreeMap<&'p str, &'p Policy> {
        let policies = self.package.policies.iter();
        policies.map(|policy| (policy.name.as_str(), policy)).collect()
    }
}

struct Changes<'p> {
    old: Reader<'p>,
    new: Reader<'p>,
    found: Vec<Change>,
}

impl Changes<'_> {
    fn note(&mut self, policy: Option<&str>, fact: Fact, old: Option<String>, new: Option<String>) {
        if old != new {
            self.found.push(Change {
                policy: policy.map(str::to_owned),
                fact,
                old,
                new,
            });
        }
    }

    fn package(&mut self, old: &Package, new: &Package) {
        let texts = |old: &str, new: &str| (Some(old.to_owned()), Some(new.to_owned()));
        let (one, other) = texts(&old.name, &new.name);
        self.note(None, Fact::Name, one, other);
        let (one, other) = texts(&old.version, &new.version);
        self.note(None, Fact::Version, one, other);
        let default = |package: &Package| Some(format!("{:?}", package.default).to_uppercase());
        self.note(None, Fact::Default, default(old), default(new));
        self.annotations(None, &old.annotations, &new.annotations);
        let all = |inputs: &[Input]| -> BTreeMap<String, String> {
            let declaration = |input: &Input| (input.name.to_string(), declared(input));
            inputs.iter().map(declaration).collect()
        };
        let (before, mut after) = (all(&old.inputs), all(&new.inputs));
        for (name, declaration) in before {
            let now = after.remove(&name);
            self.note(None, Fact::Attribute(name), Some(declaration), now);
        }
        for (name, declaration) in after {
            self.note(None, Fact::Attribute(name), None, Some(declaration));
        }
    }

    fn policies(&mut self, old: &Package, new: &Package) {
        let (before, after) = (self.old.policies(), self.new.policies());
        let mut gone: Vec<&Policy> = old
            .policies
            .iter()
            .filter(|policy| !after.contains_key(policy.name.as_str()))
            .collect();
        for policy in &new.policies {
            if let Some(known) = before.get(policy.name.as_str()) {
                self.policy(known, policy);
                continue;
            }
            let (scope, constraint) = self.conditions(policy);
            let same = |known: &&Policy| {
                scope == self.old.condition(&known.scope)
                    && constraint == self.old.condition(&known.constraint)
            };
            match gone.iter().position(same) {
                Some(place) => {
                    let known = gone.remove(place);
                    let names = (Some(known.name.clone()), Some(policy.name.clone()));
                    self.note(Some(&policy.name), Fact::Renamed, names.0, names.1);
                    self.policy(known, policy);
                }
                None => {
                    let mode = policy.mode.name().to_owned();
                    self.note(Some(&policy.name), Fact::Added, None, Some(mode));
                }
            }
        }
        for policy in gone {
            let mode = policy.mode.name().to_owned();
            self.note(Some(&policy.name), Fact::Removed, Some(mode), None);
        }
    }

    fn conditions(&self, of_new: &Policy) -> (String, String) {
        (
            self.new.condition(&of_new.scope),
            self.new.condition(&of_new.constraint),
        )
    }

    fn policy(&mut self, old: &Policy, new: &Policy) {
        let name = Some(new.name.as_str());
        let scopes = (self.old.condition(&old.scope), self.new.condition(&new.scope));
        self.note(name, Fact::Scope, Some(scopes.0), Some(scopes.1));
        let constraints = (
            self.old.condition(&old.constraint),
            self.new.condition(&new.constraint),
        );
        self.note(name, Fact::Constraint, Some(constraints.0), Some(constraints.1));
        let mode = |policy: &Policy| Some(policy.mode.name().to_owned());
        self.note(name, Fact::Enforcement, mode(old), mode(new));
        let audit = |policy: &Policy| {
            let class = match policy.audit {
                AuditClass::Ordinary => return None,
                AuditClass::Required => "REQUIRED",
                AuditClass::Durable => "DURABLE",
            };
            Some(class.to_owned())
        };
        self.note(name, Fact::Audit, audit(old), audit(new));
        let exception = |policy: &Policy| match policy.exception {
            OverrideRule::Never => None,
            OverrideRule::BreakGlassToken => Some("break_glass_token_required".to_owned()),
        };
        self.note(name, Fact::Exception, exception(old), exception(new));
        let reasons = (self.old.sentence(&old.reason), self.new.sentence(&new.reason));
        self.note(name, Fact::Reason, Some(reasons.0), Some(reasons.1));
        let obligations = (
            self.old.obligations(&old.obligations),
            self.new.obligations(&new.obligations),
        );
        self.note(name, Fact::Obligations, Some(obligations.0), Some(obligations.1));
        self.annotations(name, &old.annotations, &new.annotations);
    }

    fn annotations(&mut self, policy: Option<&str>, old: &[Annotation], new: &[Annotation]) {
        let by_key = |annotations: &[Annotation]| {
            let mut by_key: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for annotation in annotations {
                let values = by_key.entry(annotation.key.clone()).or_default();
                values.push(annotation.value.clone());
            }
            by_key
        };
        let (old, mut new) = (by_key(old), by_key(new));
        for (key, values) in old {
            let now = new.remove(&key).map(|values| values.join(", "));
            self.note(policy, Fact::Annotation(key), Some(values.join(", ")), now);
        }
        for (key, values) in new {
            self.note(policy, Fact::Annotation(key), None, Some(values.join(", ")));
        }
    }
}

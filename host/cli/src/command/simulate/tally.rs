//! Figures of a simulation, in memory that does not grow with it.

use std::collections::BTreeMap;
use std::time::Duration;

use aecp_traffic::Request;
use aecp_vocabulary::{AttributeName, Decision, Mode, Type, Value, Verdict};
use hdrhistogram::Histogram;
use serde::Serialize;

use super::Attributes;
use crate::traffic::percent;

/// Most values of an attribute that are told apart; requests with further ones are counted together.
const VALUES: usize = 100_000;

/// The longest decision that is told apart, in nanoseconds.
const LONGEST: u64 = 10_000_000_000;

/// Counts what is decided.
pub(super) struct Tally {
    pub(super) denied: u64,
    pub(super) hidden: u64,
    policies: BTreeMap<(bool, String), (u64, String)>,
    affected: Vec<Counted>,
    recorded: Recorded,
    attributes: Vec<(AttributeName, Type)>,
    given: Vec<bool>,
    times: Histogram<u64>,
}

/// The values of one attribute among denied requests.
struct Counted {
    attribute: AttributeName,
    declared: Type,
    values: BTreeMap<String, u64>,
    others: u64,
}

/// A policy, and how often it was violated or could not be told.
#[derive(Serialize)]
pub(super) struct ByPolicy {
    /// Its package and name, or `default`.
    pub(super) policy: String,
    /// Whether that denied the request.
    pub(super) denies: bool,
    pub(super) requests: u64,
    /// Of all requests.
    pub(super) percent: f64,
    /// The reason of the first one.
    pub(super) example: String,
}

/// The values of an attribute among denied requests.
#[derive(Serialize)]
pub(super) struct Affected {
    pub(super) attribute: String,
    /// The most frequent values.
    pub(super) top: Vec<Frequent>,
    /// Denied requests with other values.
    pub(super) others: u64,
}

/// A value, and how many denied requests have it.
#[derive(Serialize)]
pub(super) struct Frequent {
    pub(super) value: String,
    pub(super) requests: u64,
}

/// What the logs say was decided, against what would be.
#[derive(Clone, Copy, Default, Serialize)]
pub(super) struct Recorded {
    pub(super) known: u64,
    pub(super) same: u64,
    pub(super) newly_denied: u64,
    pub(super) newly_allowed: u64,
}

fn more(count: &mut u64) {
    *count = count.saturating_add(1);
}

impl Tally {
    pub(super) fn new(
        attributes: &Attributes,
        by: &[AttributeName],
    ) -> Result<Self, hdrhistogram::CreationError> {
        let counted = |attribute: &AttributeName| {
            let known = attributes.iter().find(|(name, _)| name == attribute);
            Counted {
                attribute: attribute.clone(),
                // What policies do not read is counted as a text.
                declared: known.map_or(Type::Text, |(_, declared)| *declared),
                values: BTreeMap::new(),
                others: 0,
            }
        };
        Ok(Self {
            denied: 0,
            hidden: 0,
            policies: BTreeMap::new(),
            affected: by.iter().map(counted).collect(),
            recorded: Recorded::default(),
            attributes: attributes.to_vec(),
            given: vec![false; attributes.len()],
            times: Histogram::new_with_bounds(1, LONGEST, 3)?,
        })
    }

    /// Counts one request. `table` has the values of the attributes, in their order.
    pub(super) fn take(&mut self, request: &Request, table: &[Value], decision: &Decision, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(LONGEST);
        self.times.saturating_record(nanoseconds.clamp(1, LONGEST));
        for (given, value) in self.given.iter_mut().zip(table) {
            *given |= *value != Value::Absent;
        }
        if self.attributes.iter().any(|(name, _)| request.hides(name)) {
            more(&mut self.hidden);
        }
        for finding in &decision.findings {
            let name = match finding.package.as_str() {
                "" => finding.policy.clone(),
                package => format!("{package}.{}", finding.policy),
            };
            let key = (finding.mode == Mode::Blocking, name);
            let (requests, _) = self
                .policies
                .entry(key)
                .or_insert_with(|| (0, finding.reason.clone()));
            more(requests);
        }
        if decision.verdict == Verdict::Deny {
            more(&mut self.denied);
            for counted in &mut self.affected {
                counted.take(request);
            }
        }
        if let Some(before) = request.decided {
            more(&mut self.recorded.known);
            more(match (before, decision.verdict) {
                (Verdict::Allow, Verdict::Deny) => &mut self.recorded.newly_denied,
                (Verdict::Deny, Verdict::Allow) => &mut self.recorded.newly_allowed,
                _ => &mut self.recorded.same,
            });
        }
    }

    pub(super) fn by_policy(&self, requests: u64) -> Vec<ByPolicy> {
        let mut policies: Vec<ByPolicy> = self
            .policies
            .iter()
            .map(|((denies, policy), (count, example))| ByPolicy {
                policy: policy.clone(),
                denies: *denies,
                requests: *count,
                percent: percent(*count, requests),
                example: example.clone(),
            })
            .collect();
        policies.sort_by_key(|policy| (!policy.denies, std::cmp::Reverse(policy.requests)));
        policies
    }

    pub(super) fn affected(&self, top: usize) -> Vec<Affected> {
        self.affected.iter().map(|counted| counted.most(top)).collect()
    }

    pub(super) fn recorded(&self) -> Option<Recorded> {
        (self.recorded.known > 0).then_some(self.recorded)
    }

    pub(super) fn never_given(&self) -> Vec<String> {
        let given = self.attributes.iter().zip(&self.given);
        given
            .filter(|(_, given)| !**given)
            .map(|((name, _), _)| name.to_string())
            .collect()
    }

    /// How long decisions take, at a part of them.
    pub(super) fn microseconds(&self, part: f64) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "three digits are kept of it")]
        let nanoseconds = self.times.value_at_quantile(part) as f64;
        nanoseconds / 1_000.0
    }
}

impl Counted {
    fn take(&mut self, request: &Request) {
        let value = request.value(&self.attribute, self.declared).to_string();
        if let Some(count) = self.values.get_mut(&value) {
            more(count);
        } else if self.values.len() < VALUES {
            self.values.insert(value, 1);
        } else {
            more(&mut self.others);
        }
    }

    fn most(&self, top: usize) -> Affected {
        let mut values: Vec<(&String, &u64)> = self.values.iter().collect();
        values.sort_by_key(|(value, count)| (std::cmp::Reverse(**count), *value));
        let others = values.iter().skip(top).map(|(_, count)| **count);
        let others = others.fold(self.others, u64::saturating_add);
        let top = values.into_iter().take(top).map(|(value, requests)| Frequent {
            value: value.clone(),
            requests: *requests,
        });
        Affected {
            attribute: self.attribute.to_string(),
            top: top.collect(),
            others,
        }
    }
}

#[cfg(test)]
mod tests {
    use aecp_vocabulary::Denial;

    use super::*;

    #[test]
    fn denials_are_counted_by_policy_and_value() {
        let attributes = [("a".parse().unwrap(), Type::Text)];
        let mut tally = Tally::new(&attributes, &["identity.subject".parse().unwrap()]).unwrap();
        let decision = Decision::refused(Denial::Default, "nothing covers it");
        let mut request = Request::default();
        request.decided = Some(Verdict::Allow);
        for _ in 0..3 {
            tally.take(&request, &[Value::Absent], &decision, Duration::from_micros(2));
        }
        assert_eq!(tally.denied, 3);
        let by_policy = tally.by_policy(3);
        assert_eq!(
            (by_policy[0].policy.as_str(), by_policy[0].requests),
            ("default", 3)
        );
        assert_eq!(tally.affected(1)[0].top[0].requests, 3);
        assert_eq!(tally.recorded().unwrap().newly_denied, 3);
        assert_eq!(tally.never_given(), ["a"]);
        assert!((1.9..2.1).contains(&tally.microseconds(0.5)));
    }
}

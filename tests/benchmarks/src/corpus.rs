//! Generated policies and requests: the same on every machine.
//!
//! A policy says: for records of one type, of customers of one region, the storage must be in one of two zones of that
//! region. In turn, policies ask for one thing more, so that together they read all eight attributes of the schema.
//! All are BLOCKING with `AUDIT: REQUIRED`.

use std::fmt::Write as _;

use aecp_compiler::source::SourceFile;
use serde_json::json;

use crate::random::Random;

/// How many attributes the policies read, all of which every request has.
pub(crate) const ATTRIBUTES: usize = 8;

/// Most policies of one file.
const FILE: usize = 5_000;

/// What requests follow from.
const SEED: u64 = 0xAEC9;

/// The roles of a request that no policy minds.
const ROLES: [&str; 4] = ["support", "auditor", "account_manager", "privacy_officer"];

/// How many policies apply to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// At most one: no two policies have the same type and region.
    Distinct,
    /// All policies of a region; there are twenty regions.
    Overlapping,
    /// As `Distinct`, and no policy asks for more than a location: what other languages are given too.
    Plain,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It is covered, and nothing is violated: ALLOW.
    Hit,
    /// No policy is about it: DENY by default.
    Miss,
    /// It is stored where it must not be: DENY.
    Violate,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Hit, Self::Miss, Self::Violate];

    /// Its name in figures.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Violate => "violate",
        }
    }
}

/// A generated request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What becomes of it.
    pub(crate) kind: Kind,
    /// Its attributes, as `aecp eval` reads them.
    pub(crate) json: String,
}

/// One policy before it is written down.
#[derive(Clone, Copy, Debug)]
struct Rule {
    number: usize,
    resource: usize,
    region: usize,
    /// The first of its two zones.
    zone: usize,
}

/// A rule: records of this type, of customers of this region, are stored in one of these locations.
#[cfg(feature = "peers")]
pub(crate) struct Plain {
    pub(crate) resource: String,
    pub(crate) region: String,
    pub(crate) locations: [String; 2],
}

/// Generated policies.
#[derive(Clone, Debug)]
pub(crate) struct Corpus {
    shape: Shape,
    rules: Vec<Rule>,
}

impl Corpus {
    /// `count` policies.
    pub(crate) fn new(count: usize, shape: Shape) -> Self {
        let regions = match shape {
            // Some regions, and more types of records than regions: 2 × 5, 10 × 25, 20 × 50.
            Shape::Distinct | Shape::Plain => count.isqrt().saturating_mul(2).div_euclid(3).max(1),
            Shape::Overlapping => 20,
        };
        let rule = |number: usize| Rule {
            number,
            resource: number.checked_div(regions).unwrap_or(0),
            region: number.checked_rem(regions).unwrap_or(0),
            zone: match shape {
                Shape::Distinct | Shape::Plain => number.checked_div(regions).unwrap_or(0) & 3,
                Shape::Overlapping => 0,
            },
        };
        Self {
            shape,
            rules: (0..count).map(rule).collect(),
        }
    }

    /// How many policies there are.
    pub(crate) fn policies(&self) -> usize {
        self.rules.len()
    }

    /// The same policies in `packages` packages of about equal size, each with its name.
    pub(crate) fn packages(&self, packages: usize) -> Vec<(String, Vec<SourceFile>)> {
        let size = self.rules.len().div_ceil(packages.max(1)).max(1);
        let parts = self.rules.chunks(size).enumerate();
        parts
            .map(|(number, rules)| {
                let name = format!("bench_{number:03}");
                let sources = self.sources_of(&name, rules);
                (name, sources)
            })
            .collect()
    }

    /// The sources of one package of all policies.
    pub(crate) fn sources(&self, name: &str) -> Vec<SourceFile> {
        self.sources_of(name, &self.rules)
    }

    fn sources_of(&self, name: &str, rules: &[Rule]) -> Vec<SourceFile> {
        let header = format!(
            "PACKAGE {name} {{\n  VERSION: \"1.0.0\"\n  DEFAULT: DENY\n}}\n\n\
             SCHEMA {{\n  resource.type: TEXT\n  customer.region: TEXT\n  storage.location: TEXT\n  \
             compute.location: TEXT\n  request.method: TEXT\n  purpose: TEXT\n  \
             identity.roles: SET OF TEXT\n  export.records: INTEGER\n}}\n"
        );
        let mut sources = vec![SourceFile::new("package.aecp", header)];
        for (number, rules) in rules.chunks(FILE).enumerate() {
            let mut policies = String::new();
            for rule in rules {
                self.write(rule, &mut policies);
            }
            sources.push(SourceFile::new(format!("policies_{number:02}.aecp"), policies));
        }
        sources
    }

    /// What the policies say, for whoever writes it down in another language. True of [`Shape::Plain`] alone.
    #[cfg(feature = "peers")]
    pub(crate) fn plain(&self) -> impl Iterator<Item = Plain> + '_ {
        self.rules.iter().map(|rule| Plain {
            resource: format!("record_{:03}", rule.resource),
            region: format!("region_{:02}", rule.region),
            locations: [rule.zone_name(0), rule.zone_name(1)],
        })
    }

    fn write(&self, rule: &Rule, text: &mut String) {
        let Rule {
            number,
            resource,
            region,
            ..
        } = *rule;
        let about = match self.shape {
            Shape::Distinct | Shape::Plain => format!("resource.type == \"record_{resource:03}\""),
            Shape::Overlapping => "resource.type IS PRESENT".to_owned(),
        };
        let (one, other) = (rule.zone_name(0), rule.zone_name(1));
        let more = match number % 6 {
            _ if self.shape == Shape::Plain => String::new(),
            1 => format!(" AND compute.location IN [\"{one}\", \"{other}\"]"),
            2 => " AND request.method IN [\"GET\", \"POST\"]".to_owned(),
            3 => " AND purpose IN [\"contract\", \"support_case\"]".to_owned(),
            4 => " AND NOT identity.roles CONTAINS \"contractor\"".to_owned(),
            5 => format!(" AND export.records <= {}", number.saturating_add(1_000)),
            _ => String::new(),
        };
        // Writing to a text does not fail.
        let _ = write!(
            text,
            "POLICY rule_{number:05} {{\n  SCOPE: requests WHERE {{ {about} AND customer.region == \"region_{region:02}\" }}\n  \
             CONSTRAINT: {{ storage.location IN [\"{one}\", \"{other}\"]{more} }}\n  ENFORCEMENT: BLOCKING\n  \
             AUDIT: REQUIRED\n}}\n\n"
        );
    }

    /// `count` requests: of each hundred, seventy hit, fifteen miss and fifteen violate.
    pub(crate) fn requests(&self, count: usize) -> Vec<Request> {
        let mut random = Random::new(SEED);
        let kind = |random: &mut Random| match random.below(100) {
            0..70 => Kind::Hit,
            70..85 => Kind::Miss,
            _ => Kind::Violate,
        };
        let request = |_| {
            let kind = kind(&mut random);
            self.request(kind, &mut random)
        };
        (0..count).filter_map(request).collect()
    }

    /// None if there is no policy.
    fn request(&self, kind: Kind, random: &mut Random) -> Option<Request> {
        let rule = *random.pick(&self.rules)?;
        let mut resource = format!("record_{:03}", rule.resource);
        let mut region = format!("region_{:02}", rule.region);
        if kind == Kind::Miss {
            let unknown = random.below(1_000);
            match (self.shape, random.below(2)) {
                (Shape::Distinct | Shape::Plain, 0) => resource = format!("leaflet_{unknown:03}"),
                _ => region = format!("elsewhere_{unknown:03}"),
            }
        }
        let storage = match kind {
            Kind::Violate => "nowhere-1".to_owned(),
            Kind::Hit | Kind::Miss => rule.zone_name(random.below(2)),
        };
        let json = json!({
            "resource.type": resource,
            "customer.region": region,
            "storage.location": storage,
            "compute.location": rule.zone_name(random.below(2)),
            "request.method": random.pick(&["GET", "POST"]),
            "purpose": random.pick(&["contract", "support_case"]),
            "identity.roles": [random.pick(&ROLES), random.pick(&ROLES)],
            "export.records": random.below(1_000),
        });
        Some(Request {
            kind,
            json: json.to_string(),
        })
    }
}

impl Rule {
    fn zone_name(&self, which: usize) -> String {
        let letter = match self.zone.saturating_add(which) & 3 {
            0 => 'a',
            1 => 'b',
            2 => 'c',
            _ => 'd',
        };
        format!("region_{:02}-{letter}", self.region)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_corpus_compiles_and_reads_all_attributes() {
        for (count, shape) in [
            (10, Shape::Distinct),
            (250, Shape::Distinct),
            (250, Shape::Overlapping),
        ] {
            let corpus = Corpus::new(count, shape);
            let checked = aecp_compiler::package::check(&corpus.sources("bench"));
            assert_eq!(checked.diagnostics, [], "{count} {shape:?}");
            let package = checked.package.unwrap();
            assert_eq!(
                (package.policies.len(), package.inputs.len()),
                (count, ATTRIBUTES)
            );
        }
    }

    #[test]
    fn packages_hold_every_policy_once() {
        let corpus = Corpus::new(1_000, Shape::Distinct);
        let packages = corpus.packages(50);
        assert_eq!(packages.len(), 50);
        let names: BTreeSet<_> = packages
            .iter()
            .flat_map(|(_, sources)| sources)
            .flat_map(|source| source.text.lines())
            .filter(|line| line.starts_with("POLICY "))
            .collect();
        assert_eq!(names.len(), 1_000);
    }

    #[test]
    fn requests_are_the_same_every_time_and_of_every_kind() {
        let corpus = Corpus::new(250, Shape::Distinct);
        let requests = corpus.requests(500);
        let texts = |requests: &[Request]| requests.iter().map(|one| one.json.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&requests), texts(&corpus.requests(500)));
        for kind in Kind::ALL {
            assert!(requests.iter().any(|request| request.kind == kind), "{kind:?}");
        }
    }
}

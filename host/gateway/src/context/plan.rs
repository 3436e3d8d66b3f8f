//! Where the value of each attribute comes from, settled once for a bundle.

use std::collections::BTreeMap;

use aecp_engine::ExtractorDescription;
use aecp_trust::Bundle;
use aecp_trust::bundle::{AttributeEntry, Source};
use aecp_vocabulary::input::of_json;
use aecp_vocabulary::{AttributeName, Type, Value};
use http::HeaderName;

mod error;

pub use error::PlanError;

use super::{Environment, Facts, Planned, Query, Slot, Wanted, environment};
use crate::canonical::Malformed;

/// Name space of who asks.
const IDENTITY_SPACE: &str = "identity";

/// The attributes that the gateway knows by itself, beside `environment.*`.
const HOST_ATTRIBUTES: [(&str, Type); 7] = [
    ("request.method", Type::Text),
    ("request.scheme", Type::Text),
    ("request.host", Type::Text),
    ("request.path", Type::Text),
    ("request.query", Type::Text),
    ("connection.peer", Type::Address),
    ("time.now", Type::Instant),
];

/// What evidence says of every request, whether policies read it or not.
const ALWAYS_RECORDED: [&str; 4] = [
    "request.method",
    "request.host",
    "request.path",
    "connection.peer",
];

/// An extractor of the bundle, as far as a plan has to know it.
#[derive(Clone, Copy, Debug)]
pub struct ExtractorSource<'a> {
    /// Its name in the bundle.
    pub name: &'a str,
    /// Whether it may give `identity.*`.
    pub authenticating: bool,
    /// What it says of itself.
    pub description: &'a ExtractorDescription,
}

/// Where the value of each attribute comes from.
#[derive(Debug)]
pub struct Plan {
    /// What policies read, in the order of their table.
    table: Vec<Planned>,
    /// What evidence records beside that.
    beside: Vec<Planned>,
    /// For each extractor that runs, which of the bundle's extractors it is and what it needs.
    extractors: Vec<(usize, Wanted)>,
    reads_query: bool,
}

/// One attribute before it is known whether anybody reads it.
struct Known {
    declared: Type,
    source: String,
    personal: bool,
    kind: Kind,
}

enum Kind {
    Bundle(Slot),
    Extractor(usize, usize),
}

impl Plan {
    /// Settles where the attributes that policies read (`table`) come from. Extractors that nobody reads do not run.
    ///
    /// # Errors
    /// An attribute without a source, with two, or with another type; see [`PlanError`].
    pub fn new(
        bundle: &Bundle,
        table: &[(AttributeName, Type)],
        extractors: &[ExtractorSource<'_>],
        environment: &Environment,
        body_limit: u32,
    ) -> Result<Self, PlanError> {
        let mut known = BTreeMap::new();
        for (index, extractor) in extractors.iter().enumerate() {
            add_extractor(&mut known, index, extractor)?;
        }
        for entry in &bundle.attributes {
            add_entry(&mut known, entry, environment)?;
        }
        let mut plan = Self {
            table: Vec::new(),
            beside: Vec::new(),
            extractors: Vec::new(),
            reads_query: false,
        };
        let mut running: BTreeMap<usize, usize> = BTreeMap::new();
        for (name, wanted) in table {
            let found = match known.remove(name) {
                Some(found) => found,
                None => {
                    host_attribute(name, environment)?.ok_or_else(|| PlanError::NoSource(name.clone()))?
                }
            };
            if found.declared != *wanted {
                let (name, source_name) = (name.clone(), found.source);
                return Err(PlanError::Types {
                    name,
                    source_name,
                    given: found.declared,
                    wanted: *wanted,
                });
            }
            let slot = match found.kind {
                Kind::Bundle(slot) => slot,
                Kind::Extractor(extractor, attribute) => {
                    let next = running.len();
                    Slot::Extracted(*running.entry(extractor).or_insert(next), attribute)
                }
            };
            plan.reads_query |= matches!(slot, Slot::Query(_));
            plan.table
                .push(Planned::new(name.clone(), *wanted, slot, found.personal));
        }
        plan.extractors = run(extractors, &running, body_limit)?;
        plan.record_beside(known, environment)?;
        Ok(plan)
    }

    fn record_beside(
        &mut self,
        mut known: BTreeMap<AttributeName, Known>,
        environment: &Environment,
    ) -> Result<(), PlanError> {
        for name in ALWAYS_RECORDED
            .iter()
            .filter_map(|name| name.parse::<AttributeName>().ok())
        {
            if self.table.iter().any(|planned| planned.name == name) {
                continue;
            }
            let found = match known.remove(&name) {
                Some(found) => Some(found),
                None => host_attribute(&name, environment)?,
            };
            if let Some(Known {
                declared,
                personal,
                kind: Kind::Bundle(slot),
                ..
            }) = found
            {
                self.beside.push(Planned::new(name, declared, slot, personal));
            }
        }
        Ok(())
    }

    /// The values that policies read, in the order of their table. `extracted` has, for each extractor that runs, its
    /// values in its own order.
    ///
    /// # Errors
    /// An attribute is given twice.
    pub fn fill(&self, facts: &Facts<'_>, extracted: &mut [Vec<Value>]) -> Result<Vec<Value>, Malformed> {
        let query = if self.reads_query {
            Query::read(facts.head.query.as_deref())?
        } else {
            Query::default()
        };
        let value = |planned: &Planned| planned.slot.value(planned.declared, facts, &query, extracted);
        self.table.iter().map(value).collect()
    }

    /// What evidence records beside the table.
    pub(crate) fn beside(&self, facts: &Facts<'_>) -> Vec<(&Planned, Value)> {
        let value = |planned: &Planned| {
            planned
                .slot
                .value(planned.declared, facts, &Query::default(), &mut [])
        };
        self.beside
            .iter()
            .filter_map(|planned| Some((planned, value(planned).ok()?)))
            .collect()
    }

    pub(crate) fn table(&self) -> &[Planned] {
        &self.table
    }

    pub(crate) fn extractors(&self) -> &[(usize, Wanted)] {
        &self.extractors
    }

    /// Most bytes of a request's body, if extractors that run read it.
    pub fn body_limit(&self) -> Option<u32> {
        let limits = self.extractors.iter().map(|(_, wanted)| wanted.body_limit);
        limits.filter(|limit| *limit > 0).min()
    }
}

fn run(
    extractors: &[ExtractorSource<'_>],
    running: &BTreeMap<usize, usize>,
    body_limit: u32,
) -> Result<Vec<(usize, Wanted)>, PlanError> {
    let mut order: Vec<_> = running
        .iter()
        .map(|(extractor, place)| (*place, *extractor))
        .collect();
    order.sort_unstable();
    let mut run = Vec::with_capacity(order.len());
    for (_, index) in order {
        let Some(extractor) = extractors.get(index) else {
            continue;
        };
        let needs = &extractor.description.needs;
        if needs.body_limit > body_limit {
            let extractor = extractor.name.to_owned();
            return Err(PlanError::Body {
                extractor,
                wanted: needs.body_limit,
                allowed: body_limit,
            });
        }
        let header = |header: &String| {
            HeaderName::from_lowercase(header.as_bytes()).map_err(|_| PlanError::Header {
                extractor: extractor.name.to_owned(),
                header: header.clone(),
            })
        };
        let headers = needs.headers.iter().map(header).collect::<Result<_, _>>()?;
        run.push((
            index,
            Wanted {
                headers,
                query: needs.query,
                body_limit: needs.body_limit,
            },
        ));
    }
    Ok(run)
}

fn add_extractor(
    known: &mut BTreeMap<AttributeName, Known>,
    index: usize,
    extractor: &ExtractorSource<'_>,
) -> Result<(), PlanError> {
    let source = format!("extractor `{}`", extractor.name);
    for (position, attribute) in extractor.description.attributes.iter().enumerate() {
        let name = attribute.name.clone();
        if name.is_in(IDENTITY_SPACE) && !extractor.authenticating {
            return Err(PlanError::NotAuthenticating {
                name,
                extractor: extractor.name.to_owned(),
            });
        }
        let given = Known {
            declared: attribute.value_type,
            source: source.clone(),
            personal: attribute.personal,
            kind: Kind::Extractor(index, position),
        };
        if let Some(first) = known.insert(name.clone(), given) {
            return Err(PlanError::TwoSources {
                name,
                first: first.source,
                second: source,
            });
        }
    }
    Ok(())
}

fn add_entry(
    known: &mut BTreeMap<AttributeName, Known>,
    entry: &AttributeEntry,
    environment: &Environment,
) -> Result<(), PlanError> {
    let (name, declared) = (entry.name.clone(), entry.value_type);
    if let Source::Extractor { name: extractor } = &entry.source {
        // The entry repeats what the extractor says; it can only add that the attribute is personal.
        let source = format!("extractor `{extractor}`");
        return match known.get_mut(&name) {
            Some(given) if given.source != source => Err(PlanError::TwoSources {
                name,
                first: given.source.clone(),
                second: source,
            }),
            Some(given) if given.declared != declared => Err(PlanError::Types {
                name,
                source_name: source,
                given: given.declared,
                wanted: declared,
            }),
            Some(given) => {
                given.personal |= entry.personal;
                Ok(())
            }
            None => Err(PlanError::NotGiven {
                name,
                extractor: extractor.clone(),
            }),
        };
    }
    let (source, slot) = slot(entry, environment)?;
    let given = Known {
        declared,
        source: source.clone(),
        personal: entry.personal,
        kind: Kind::Bundle(slot),
    };
    match known.insert(name.clone(), given) {
        Some(first) => Err(PlanError::TwoSources {
            name,
            first: first.source,
            second: source,
        }),
        None => Ok(()),
    }
}

fn slot(entry: &AttributeEntry, environment: &Environment) -> Result<(String, Slot), PlanError> {
    let (name, declared) = (&entry.name, entry.value_type);
    let (source, slot) = match &entry.source {
        Source::Host => {
            let host = host_attribute(name, environment)?;
            let host = host.ok_or_else(|| PlanError::UnknownHostAttribute(name.clone()))?;
            if host.declared != declared {
                let (name, source_name) = (name.clone(), host.source);
                return Err(PlanError::Types {
                    name,
                    source_name,
                    given: host.declared,
                    wanted: declared,
                });
            }
            return match host.kind {
                Kind::Bundle(slot) => Ok((host.source, slot)),
                Kind::Extractor(..) => Err(PlanError::UnknownHostAttribute(name.clone())),
            };
        }
        Source::Constant { value } => {
            let value = of_json(value, declared);
            if value.value_type() != Some(declared) {
                return Err(PlanError::Constant {
                    name: name.clone(),
                    declared,
                });
            }
            return Ok(("a constant".to_owned(), Slot::Fixed(value)));
        }
        Source::Header { name: header } => {
            let lower = HeaderName::from_lowercase(header.as_bytes());
            let lower = lower.map_err(|_| PlanError::NoSource(name.clone()))?;
            (format!("header `{header}`"), Slot::Header(lower))
        }
        Source::Query { name } => (format!("query parameter `{name}`"), Slot::Query(name.clone())),
        Source::Path { segment } => (
            format!("path segment `{segment}`"),
            Slot::Segment(segment.clone()),
        ),
        Source::Label { name } => (format!("route label `{name}`"), Slot::Label(name.clone())),
        Source::Extractor { name: extractor } => {
            return Err(PlanError::NotGiven {
                name: name.clone(),
                extractor: extractor.clone(),
            });
        }
    };
    Ok((source, slot))
}

/// What the enforcement point gives by itself. None if the name is in no name space of its own.
fn host_attribute(name: &AttributeName, environment: &Environment) -> Result<Option<Known>, PlanError> {
    let of_host = |declared, slot| {
        let source = "the enforcement point".to_owned();
        Ok(Some(Known {
            declared,
            source,
            personal: false,
            kind: Kind::Bundle(slot),
        }))
    };
    if name.is_in(environment::SPACE) {
        return of_host(Type::Text, Slot::Fixed(environment.value(name)));
    }
    if !["request", "connection", "time"]
        .iter()
        .any(|space| name.is_in(space))
    {
        return Ok(None);
    }
    let slot = match name.as_str() {
        "request.method" => Slot::Method,
        "request.scheme" => Slot::Scheme,
        "request.host" => Slot::Host,
        "request.path" => Slot::Path,
        "request.query" => Slot::WholeQuery,
        "connection.peer" => Slot::Peer,
        "time.now" => Slot::Now,
        _ => return Err(PlanError::UnknownHostAttribute(name.clone())),
    };
    let declared = HOST_ATTRIBUTES.iter().find(|(known, _)| *known == name.as_str());
    declared.map_or(Ok(None), |(_, declared)| of_host(*declared, slot))
}

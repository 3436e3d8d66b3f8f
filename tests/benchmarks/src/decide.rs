//! What one decision costs: from typed attributes to ALLOW or DENY, lowering into the component included.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use aecp_compiler::core::Package;
use aecp_compiler::source::SourceFile;
use aecp_engine::{Instances, Limits, Member, PolicyComponent, PolicySet, Runtime};
use aecp_vocabulary::input::Attributes;
use aecp_vocabulary::{Denial, Mode, Value};
use serde_json::json;

use crate::corpus::{ATTRIBUTES, Corpus, Kind, Shape};
use crate::error::Error;
use crate::report::{Spread, Table, figure, microseconds, quantile, rounded};

/// What is measured: how many policies in how many packages, and how many of them apply to a request.
const CASES: [(usize, usize, Shape); 5] = [
    (10, 1, Shape::Distinct),
    (250, 15, Shape::Distinct),
    (1_000, 50, Shape::Distinct),
    (1_000, 50, Shape::Overlapping),
    (100_000, 50, Shape::Distinct),
];

/// Most policies of a component. One holds at most 65,536.
pub(crate) const COMPONENT: usize = 60_000;

/// The name of the package.
pub(crate) const PACKAGE: &str = "bench";

/// Different requests.
pub(crate) const REQUESTS: usize = 1_024;

/// Entries of the lists that two more cases have.
const LISTS: [usize; 2] = [10, 100_000];

/// How long single decisions are timed in a case.
const SINGLE: Duration = Duration::from_millis(1_500);

/// Sweeps over all requests that are timed as a whole.
const SWEEPS: usize = 200;

/// The moment of all decisions: 2026-01-01, in nanoseconds since 1970.
pub(crate) const NOW: i64 = 1_767_225_600_000_000_000;

/// Measures all cases.
pub(crate) fn run() -> Result<(), Error> {
    let timer = timer();
    let mut table = Table::new(&["policies, requests", "p50 µs", "p99 µs", "mean µs", "decisions"]);
    for (count, packages, shape) in CASES {
        let corpus = Corpus::new(count, shape);
        let set = prepare(&corpus.packages(packages))?;
        let requests = tables(&corpus, &set)?;
        let applying = match shape {
            Shape::Distinct | Shape::Plain => 1,
            Shape::Overlapping => count / 20,
        };
        let all = requests.iter().map(|(_, table)| table).collect::<Vec<_>>();
        measure(count, applying, "mix", &set, &all, timer, &mut table);
        for kind in Kind::ALL {
            let some = requests.iter().filter(|(known, _)| *known == kind);
            let some = some.map(|(_, table)| table).collect::<Vec<_>>();
            measure(count, applying, kind.name(), &set, &some, timer, &mut table);
        }
    }
    for entries in LISTS {
        let corpus = Corpus::new(250, Shape::Distinct);
        let mut sources = corpus.sources(PACKAGE);
        sources.extend(listed(entries));
        let set = prepare(&[(PACKAGE.to_owned(), sources)])?;
        let requests = tables(&corpus, &set)?;
        let all = requests.iter().map(|(_, table)| table).collect::<Vec<_>>();
        measure(
            250,
            1,
            &format!("mix, a list of {entries}"),
            &set,
            &all,
            timer,
            &mut table,
        );
    }
    table.print(&format!(
        "decide: one thread, {ATTRIBUTES} attributes, AUDIT: REQUIRED; a reading of the clock, {timer:.3} µs, is in p50 and p99"
    ));
    Ok(())
}

/// A policy more, which all requests satisfy and whose list has so many entries, none of them ever asked for.
fn listed(entries: usize) -> Vec<SourceFile> {
    let list: String = (0..entries)
        .map(|number| format!("sanctioned_{number:06}\n"))
        .collect();
    let policy = "DATA sanctioned FROM \"lists/sanctioned.txt\"\n\n\
                  POLICY not_sanctioned {\n  SCOPE: requests WHERE customer.region IN sanctioned\n  \
                  CONSTRAINT: storage.location NOT IN sanctioned\n  ENFORCEMENT: BLOCKING\n}\n";
    vec![
        SourceFile::new("lists/sanctioned.txt", list),
        SourceFile::new("sanctioned.aecp", policy),
    ]
}

/// Packages, as a gateway would have them: in as few components as hold them.
pub(crate) fn prepare(packages: &[(String, Vec<SourceFile>)]) -> Result<PolicySet, Error> {
    let runtime = Runtime::new(Limits::default()).map_err(Error::part("setting up the engine"))?;
    let mut members = Vec::new();
    let mut waiting = Vec::new();
    let mut policies = 0_usize;
    for (_, sources) in packages {
        let package = checked(sources)?;
        policies = policies.saturating_add(package.policies.len());
        if policies > COMPONENT {
            policies = package.policies.len();
            members.push(member(&runtime, &std::mem::take(&mut waiting))?);
        }
        waiting.push(package);
    }
    members.push(member(&runtime, &waiting)?);
    PolicySet::new(members, false).map_err(Error::part("putting the policies together"))
}

/// A generated package, which has no errors.
pub(crate) fn checked(sources: &[SourceFile]) -> Result<Package, Error> {
    let checked = aecp_compiler::package::check(sources);
    checked.package.ok_or_else(|| Error::Part {
        doing: "checking a generated package",
        detail: format!("{:?}", checked.diagnostics.first()),
    })
}

fn member(runtime: &Runtime, packages: &[Package]) -> Result<Member, Error> {
    let component =
        aecp_compiler::emit::component(packages).map_err(Error::part("emitting the component"))?;
    let native = runtime
        .compile(&component)
        .map_err(Error::part("compiling the component"))?;
    let component = PolicyComponent::load(runtime, &native, Instances::Warm)
        .map_err(Error::part("loading the component"))?;
    let ceilings = packages
        .iter()
        .map(|package| (package.name.clone(), Mode::Blocking));
    Ok(Member {
        component,
        ceilings: ceilings.collect(),
        parameters: BTreeMap::new(),
    })
}

/// The requests as tables of values. Each is decided once, and must come out as it was made to.
pub(crate) fn tables(corpus: &Corpus, set: &PolicySet) -> Result<Vec<(Kind, Vec<Value>)>, Error> {
    let mut tables = Vec::with_capacity(REQUESTS);
    for request in corpus.requests(REQUESTS) {
        let attributes =
            Attributes::from_json(&request.json).map_err(Error::part("reading a generated request"))?;
        let values = set.attributes().iter();
        let table: Vec<Value> = values
            .map(|(name, declared)| attributes.value(name, *declared))
            .collect();
        let decision = set.decide(&table, NOW).decision;
        let wanted = match request.kind {
            Kind::Hit => None,
            Kind::Miss => Some(Denial::Default),
            Kind::Violate => Some(Denial::Violated),
        };
        if decision.denial != wanted {
            return Err(Error::Worthless(format!(
                "request {} should {}, but this was decided: {decision:?}",
                request.json,
                request.kind.name()
            )));
        }
        tables.push((request.kind, table));
    }
    Ok(tables)
}

fn measure(
    policies: usize,
    applying: usize,
    kind: &str,
    set: &PolicySet,
    requests: &[&Vec<Value>],
    timer: f64,
    table: &mut Table,
) {
    let sweep = || {
        for request in requests {
            black_box(set.decide(black_box(request), NOW));
        }
    };
    (0..4).for_each(|_| sweep());
    let mut times: Vec<u64> = Vec::with_capacity(2 << 20);
    let began = Instant::now();
    while began.elapsed() < SINGLE && times.len().saturating_add(requests.len()) <= times.capacity() {
        for request in requests {
            let started = Instant::now();
            black_box(set.decide(black_box(request), NOW));
            times.push(nanoseconds(started.elapsed()));
        }
    }
    times.sort_unstable();
    let mean = Spread::of((0..SWEEPS).map(|_| {
        let started = Instant::now();
        sweep();
        let requests = u64::try_from(requests.len()).unwrap_or(u64::MAX);
        microseconds(nanoseconds(started.elapsed()).checked_div(requests).unwrap_or(0))
    }));
    let (p50, p99) = (
        microseconds(quantile(&times, 50)),
        microseconds(quantile(&times, 99)),
    );
    let apply = match applying {
        1 => "at most 1 applies".to_owned(),
        several => format!("{several} apply"),
    };
    let case = format!("{policies} policies, {apply}, {kind}");
    figure(
        "decide",
        &case,
        json!({
            "policies": policies,
            "policies_that_apply": applying,
            "attributes": ATTRIBUTES,
            "requests": kind,
            "decisions": times.len(),
            "p50_us": rounded(p50),
            "p99_us": rounded(p99),
            "mean_us": rounded(mean.median),
            "mean_us_min": rounded(mean.least),
            "mean_us_max": rounded(mean.most),
            "timer_us": rounded(timer),
            "audit_class": "REQUIRED",
            "concurrency": 1,
        }),
    );
    table.row([
        case,
        format!("{p50:.2}"),
        format!("{p99:.2}"),
        format!("{:.2}", mean.median),
        times.len().to_string(),
    ]);
}

/// What a reading of the clock adds to a time, in microseconds.
pub(crate) fn timer() -> f64 {
    let mut times: Vec<u64> = (0..100_000)
        .map(|_| {
            let started = Instant::now();
            nanoseconds(black_box(started).elapsed())
        })
        .collect();
    times.sort_unstable();
    microseconds(quantile(&times, 50))
}

pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

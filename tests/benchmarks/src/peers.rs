//! The same rules, decided here, by Cedar and by a Rego interpreter, in one run.
//!
//! Each is given what it likes best: requests in its own form, made ahead of time, and policies in its own language,
//! read ahead of time. All three must decide every request alike, or there is no figure.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aecp_vocabulary::Verdict;
use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use serde_json::{Value as Json, json};

use crate::corpus::{Corpus, Shape};
use crate::decide::{NOW, REQUESTS, nanoseconds, prepare, tables, timer};
use crate::error::Error;
use crate::report::{Table, figure, microseconds, quantile, rounded};

/// How many rules.
const CASES: [usize; 3] = [10, 250, 1_000];

/// How long each is timed in a case.
const TIME: Duration = Duration::from_millis(1_500);

/// What one of them takes for a decision, in microseconds.
struct Times {
    name: &'static str,
    p50: f64,
    p99: f64,
}

/// Measures all cases.
pub(crate) fn run() -> Result<(), Error> {
    let timer = timer();
    let mut table = Table::new(&["rules, by", "p50 µs", "p99 µs", "ratio of p50"]);
    for count in CASES {
        let corpus = Corpus::new(count, Shape::Plain);
        let all = measure(&corpus)?;
        let ours = all.first().map_or(f64::NAN, |times| times.p50);
        for Times { name, p50, p99 } in all {
            let ratio = p50 / ours;
            let case = format!("{count} rules, {name}");
            figure(
                "peers",
                &case,
                json!({
                    "rules": count,
                    "by": name,
                    "p50_us": rounded(p50),
                    "p99_us": rounded(p99),
                    "p50_ratio": rounded(ratio),
                    "timer_us": rounded(timer),
                    "concurrency": 1,
                }),
            );
            table.row([
                case,
                format!("{p50:.2}"),
                format!("{p99:.2}"),
                format!("{ratio:.1}"),
            ]);
        }
    }
    table.print(&format!(
        "peers: the same rules and requests, one thread; a reading of the clock, {timer:.3} µs, is in all times"
    ));
    Ok(())
}

fn measure(corpus: &Corpus) -> Result<Vec<Times>, Error> {
    let requests = corpus.requests(REQUESTS);
    let jsons = requests
        .iter()
        .map(|request| {
            serde_json::from_str(&request.json).map_err(Error::part("reading a generated request"))
        })
        .collect::<Result<Vec<Json>, _>>()?;

    let set = prepare(&corpus.packages(1))?;
    let values = tables(corpus, &set)?;
    let verdicts: Vec<bool> = values
        .iter()
        .map(|(_, values)| set.decide(values, NOW).decision.verdict == Verdict::Allow)
        .collect();
    let ours = time("aecp", &values, |(_, values)| {
        black_box(set.decide(black_box(values), NOW));
        Ok(())
    })?;

    let policies: PolicySet = cedar(corpus)
        .parse()
        .map_err(Error::part("reading the rules in Cedar"))?;
    let (authorizer, entities) = (Authorizer::new(), Entities::empty());
    let asked = jsons
        .iter()
        .map(|json| {
            let context =
                Context::from_json_value(plain(json), None).map_err(Error::part("a request in Cedar"))?;
            let entity = |text: &str| text.parse::<EntityUid>().map_err(Error::part("a name in Cedar"));
            let (who, what, whom) = (
                entity("User::\"u\"")?,
                entity("Action::\"store\"")?,
                entity("Data::\"d\"")?,
            );
            Request::new(who, what, whom, context, None).map_err(Error::part("a request in Cedar"))
        })
        .collect::<Result<Vec<Request>, Error>>()?;
    let allowed = asked
        .iter()
        .map(|request| authorizer.is_authorized(request, &policies, &entities).decision() == Decision::Allow);
    same("Cedar", &verdicts, allowed)?;
    let cedar = time("cedar-policy", &asked, |request| {
        black_box(authorizer.is_authorized(black_box(request), &policies, &entities));
        Ok(())
    })?;

    let mut engine = regorus::Engine::new();
    engine
        .add_policy("bench.rego".to_owned(), rego(corpus))
        .map_err(Error::part("reading the rules in Rego"))?;
    let asked: Vec<regorus::Value> = jsons
        .iter()
        .map(|json| {
            regorus::Value::from_json_str(&plain(json).to_string()).map_err(Error::part("a request in Rego"))
        })
        .collect::<Result<_, _>>()?;
    let mut allows = |request: &regorus::Value| {
        engine.set_input(request.clone());
        engine
            .eval_rule("data.bench.allow".to_owned())
            .map_err(Error::part("deciding in Rego"))
    };
    let allowed = asked
        .iter()
        .map(|request| Ok(allows(request)? == regorus::Value::from(true)))
        .collect::<Result<Vec<bool>, Error>>()?;
    same("Rego", &verdicts, allowed.into_iter())?;
    let rego = time("regorus", &asked, |request| allows(black_box(request)).map(drop))?;
    Ok(vec![ours, cedar, rego])
}

/// What the rules ask for, in names that every language takes.
fn plain(request: &Json) -> Json {
    let of = |name: &str| request.get(name).cloned().unwrap_or_default();
    json!({
        "type": of("resource.type"),
        "region": of("customer.region"),
        "location": of("storage.location"),
    })
}

fn cedar(corpus: &Corpus) -> String {
    let rule = |rule: crate::corpus::Plain| {
        let [one, other] = rule.locations;
        format!(
            "permit(principal, action, resource) when {{ context.type == \"{}\" && context.region == \"{}\" && \
             [\"{one}\", \"{other}\"].contains(context.location) }};\n",
            rule.resource, rule.region
        )
    };
    corpus.plain().map(rule).collect()
}

fn rego(corpus: &Corpus) -> String {
    let rule = |rule: crate::corpus::Plain| {
        let [one, other] = rule.locations;
        format!(
            "allow if {{ input.type == \"{}\"; input.region == \"{}\"; input.location in {{\"{one}\", \"{other}\"}} }}\n",
            rule.resource, rule.region
        )
    };
    let rules: String = corpus.plain().map(rule).collect();
    format!("package bench\n\nimport rego.v1\n\ndefault allow := false\n\n{rules}")
}

fn same(whose: &str, ours: &[bool], theirs: impl Iterator<Item = bool>) -> Result<(), Error> {
    let theirs: Vec<bool> = theirs.collect();
    if theirs == ours {
        Ok(())
    } else {
        let differ = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs);
        Err(Error::Worthless(format!(
            "{whose} decides {} of {} requests otherwise",
            differ.count(),
            ours.len()
        )))
    }
}

fn time<T>(
    name: &'static str,
    requests: &[T],
    mut decide: impl FnMut(&T) -> Result<(), Error>,
) -> Result<Times, Error> {
    let mut times: Vec<u64> = Vec::with_capacity(2 << 20);
    for request in requests {
        decide(request)?;
    }
    let began = Instant::now();
    while began.elapsed() < TIME && times.len().saturating_add(requests.len()) <= times.capacity() {
        for request in requests {
            let started = Instant::now();
            decide(request)?;
            times.push(nanoseconds(started.elapsed()));
        }
    }
    times.sort_unstable();
    Ok(Times {
        name,
        p50: microseconds(quantile(&times, 50)),
        p99: microseconds(quantile(&times, 99)),
    })
}

//! `aecp profile`: which policies do decisions spend their time on?

use std::path::PathBuf;

use aecp_compiler::core::Package;
use aecp_compiler::emit;
use aecp_compiler::emit::cost::Sizes;
use aecp_engine::MeteredPolicy;
use aecp_vocabulary::input::Attributes;
use aecp_vocabulary::policy::Input;
use aecp_vocabulary::{Outcome as Judgement, Outcomes, Value};
use serde::Serialize;

use super::settings::Settings;
use super::{Format, print_json};
use crate::error::{Error, Outcome, While};
use crate::files;
use crate::package::PackageFolder;
use crate::report::{self, FAINT};
use crate::traffic::{self, Reading, percent};

/// Show what each policy of a package costs, over requests
///
/// Runs the requests through the compiled component with its instructions counted, and through a component of each
/// policy alone. A policy's instructions are those that its own component needs more than one without any policy, so that
/// what policies share is counted for each of them: together they can be more than a decision takes. Its bound is what it adds
/// to the one that `aecp check` prints, for ordinary sizes, counted the same way. Instructions, not time: they are the same on every machine.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A package folder
    #[arg(value_name = "PACKAGE")]
    package: PathBuf,
    /// Requests, each a JSON object in a file; `-` for standard input
    #[arg(short, long, value_name = "REQUEST.json", num_args = 1.., required_unless_present = "traffic")]
    input: Vec<PathBuf>,
    /// Logs of requests, as `aecp simulate` reads them
    #[arg(long, value_name = "FILE", num_args = 1..)]
    traffic: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    settings: Settings,
    /// How many policies are shown to people
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Instructions of decisions.
#[derive(Debug, Default, Serialize)]
struct Instructions {
    /// On average.
    mean: u64,
    /// In the most expensive request.
    most: u64,
    /// The bound for ordinary sizes.
    bound: u64,
}

#[derive(Debug, Serialize)]
struct Report {
    package: String,
    requests: u64,
    instructions: Instructions,
    /// The most expensive first.
    by_policy: Vec<ByPolicy>,
}

#[derive(Debug, Serialize)]
struct ByPolicy {
    policy: String,
    /// Requests in its scope.
    applied: u64,
    violated: u64,
    indeterminate: u64,
    /// On average for each request, alone.
    instructions: u64,
    /// Percent of what all policies need alone.
    percent: f64,
    /// What it adds alone to the bound, for ordinary sizes, and percent of what all add alone.
    bound: u64,
    bound_percent: f64,
}

/// What a component has needed so far.
struct Counted {
    component: MeteredPolicy,
    /// For ordinary sizes.
    bound: u64,
    sum: u64,
    most: u64,
}

impl Counted {
    fn new(package: &Package) -> Result<Self, Error> {
        let package = std::slice::from_ref(package);
        let wasm = emit::component(package).when("compiling")?;
        Ok(Self {
            bound: emit::cost(package).when("compiling")?.at(Sizes::ORDINARY),
            component: MeteredPolicy::load(&wasm).when("loading the component")?,
            sum: 0,
            most: 0,
        })
    }

    /// The component of some policies of a package.
    fn of(package: &Package, policies: &[aecp_compiler::core::Policy]) -> Result<Self, Error> {
        Self::new(&Package {
            policies: policies.to_vec(),
            ..package.clone()
        })
    }

    fn take(&mut self, values: &[Value]) -> Result<Outcomes, Error> {
        let (outcomes, used) = self.component.evaluate(values).when("evaluating a request")?;
        self.sum = self.sum.saturating_add(used);
        self.most = self.most.max(used);
        Ok(outcomes)
    }
}

/// What a policy said.
#[derive(Clone, Copy, Default)]
struct Said {
    applied: u64,
    violated: u64,
    indeterminate: u64,
}

/// A package and each of its policies, as they are asked about request after request.
struct Profile {
    whole: Counted,
    nothing: Counted,
    alone: Vec<Counted>,
    said: Vec<Said>,
    requests: u64,
}

impl Profile {
    fn new(package: &Package) -> Result<Self, Error> {
        let alone = package.policies.iter();
        let alone = alone.map(|policy| Counted::of(package, std::slice::from_ref(policy)));
        Ok(Self {
            whole: Counted::new(package)?,
            nothing: Counted::of(package, &[])?,
            alone: alone.collect::<Result<_, _>>()?,
            said: vec![Said::default(); package.policies.len()],
            requests: 0,
        })
    }

    fn take(&mut self, values: &[Value]) -> Result<(), Error> {
        let outcomes = self.whole.take(values)?;
        self.nothing.take(values)?;
        for counted in &mut self.alone {
            counted.take(values)?;
        }
        let mut count = |policy: u32, which: fn(&mut Said) -> &mut u64| {
            let said = usize::try_from(policy)
                .ok()
                .and_then(|policy| self.said.get_mut(policy));
            if let Some(count) = said.map(which) {
                *count = count.saturating_add(1);
            }
        };
        for policy in &outcomes.applied {
            count(*policy, |said| &mut said.applied);
        }
        for finding in &outcomes.findings {
            match finding.outcome {
                Judgement::Satisfied => {}
                Judgement::Violated => count(finding.policy, |said| &mut said.violated),
                Judgement::Indeterminate => count(finding.policy, |said| &mut said.indeterminate),
            }
        }
        self.requests = self.requests.saturating_add(1);
        Ok(())
    }

    fn report(&self, package: &Package) -> Report {
        let mean = |sum: u64| sum.checked_div(self.requests).unwrap_or_default();
        let own: Vec<u64> = self
            .alone
            .iter()
            .map(|counted| mean(counted.sum.saturating_sub(self.nothing.sum)))
            .collect();
        let bounds: Vec<u64> = self
            .alone
            .iter()
            .map(|counted| counted.bound.saturating_sub(self.nothing.bound))
            .collect();
        let (all, all_bounds) = (own.iter().sum(), bounds.iter().sum());
        let figures = self.said.iter().zip(own.iter().zip(&bounds));
        let by_policy = package.policies.iter().zip(figures);
        let mut by_policy: Vec<ByPolicy> = by_policy
            .map(|(policy, (said, (own, bound)))| ByPolicy {
                policy: policy.name.clone(),
                applied: said.applied,
                violated: said.violated,
                indeterminate: said.indeterminate,
                instructions: *own,
                percent: percent(*own, all),
                bound: *bound,
                bound_percent: percent(*bound, all_bounds),
            })
            .collect();
        by_policy.sort_by_key(|policy| std::cmp::Reverse(policy.instructions));
        Report {
            package: package.name.clone(),
            requests: self.requests,
            instructions: Instructions {
                mean: mean(self.whole.sum),
                most: self.whole.most,
                bound: self.whole.bound,
            },
            by_policy,
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let folder = PackageFolder::read(&arguments.package)?;
    let checked = folder.check();
    report::diagnostics(&folder, &checked.diagnostics);
    let Some(package) = checked.package else {
        return Ok(Outcome::Bad);
    };
    let mut profile = Profile::new(&package)?;
    let inputs = profile.whole.component.description().inputs.clone();
    let parameters = arguments.settings.parameters(&inputs)?;
    let parameter = |name: &str, default: &Value| parameters.get(name).unwrap_or(default).clone();
    let now = arguments.settings.now();
    for path in &arguments.input {
        let text = files::read_request(path)?;
        let place = format!("reading the request `{}`", path.display());
        let mut values = Attributes::from_json(&text).when(place)?.positions(&inputs, now);
        for (input, value) in inputs.iter().zip(&mut values) {
            if let Input::Parameter { name, default, .. } = input {
                *value = parameter(name, default);
            }
        }
        profile.take(&values)?;
    }
    if !arguments.traffic.is_empty() {
        let mut failed = None;
        let read = traffic::replay(&arguments.traffic, &arguments.reading, |request| {
            let values: Vec<Value> = inputs
                .iter()
                .map(|input| match input {
                    Input::Attribute { name, value_type, .. } => request.value(name, *value_type),
                    Input::Parameter { name, default, .. } => parameter(name, default),
                    Input::Now => Value::Instant(request.time.unwrap_or(now)),
                })
                .collect();
            if failed.is_none() {
                failed = profile.take(&values).err();
            }
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        read.show_unreadable();
    }
    let report = profile.report(&package);
    match arguments.format {
        Format::Json => print_json(&report)?,
        Format::Human => show(&report, arguments.top),
    }
    Ok(Outcome::Good)
}

fn show(report: &Report, top: usize) {
    let Instructions { mean, most, bound } = report.instructions;
    anstream::println!(
        "{}: a decision executes {mean} instructions on average over {} requests, {most} at most; {bound} is the bound for \
         ordinary requests",
        report.package,
        report.requests
    );
    anstream::println!(
        "{FAINT}{:>12} {:>7} {:>10} {:>9} {:>9} {:>9}  policy{FAINT:#}",
        "instructions",
        "share",
        "bound",
        "applied",
        "violated",
        "unknown"
    );
    for policy in report.by_policy.iter().take(top) {
        anstream::println!(
            "{:>12} {:>5.1} % {:>10} {:>9} {:>9} {:>9}  {}",
            policy.instructions,
            policy.percent,
            policy.bound,
            policy.applied,
            policy.violated,
            policy.indeterminate,
            policy.policy
        );
    }
    let hidden = report.by_policy.len().saturating_sub(top);
    if hidden > 0 {
        anstream::println!("{FAINT}{hidden} more policies; see --top{FAINT:#}");
    }
}

//! `aecp eval`: what would be decided?

use std::path::{Path, PathBuf};

use aecp_engine::{Instances, Limits, Member, PolicyComponent, PolicySet, Runtime};
use aecp_vocabulary::decision::{Finding, PolicyName, RaisedObligation};
use aecp_vocabulary::input::Attributes;
use aecp_vocabulary::{AttributeName, Decision, Denial, Mode, Type, Value, Verdict};
use serde::Serialize;

use super::settings::Settings;
use super::{Format, print_json};
use crate::error::{Error, Outcome, While};
use crate::report::{BAD, FAINT, GOOD, NOTABLE};
use crate::{command, files, package};

/// Decide one request, exactly as an enforcement point with only this package would
///
/// The request is a JSON object of attributes, nested or dotted: {"customer": {"region": "EU"}} and
/// {"customer.region": "EU"} are the same. What the schema does not name is ignored; null means absent; a value of
/// another type than declared is unknown. Exits with 0 whatever is decided.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A package folder, or a component that `aecp build` made
    #[arg(value_name = "PACKAGE|FILE.wasm")]
    subject: PathBuf,
    /// The request, `-` for standard input
    #[arg(short, long, value_name = "REQUEST.json")]
    input: PathBuf,
    #[command(flatten)]
    settings: Settings,
    /// How to write the decision
    #[arg(long, value_enum, default_value = "json")]
    format: Format,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let Some(subject) = Subject::load(&arguments.subject, &arguments.settings)? else {
        return Ok(Outcome::Bad);
    };
    let text = files::read_request(&arguments.input)?;
    let decision = subject.decide(&text, arguments.settings.now());
    let evaluation = Evaluation::of(&decision, subject.packages);
    match arguments.format {
        Format::Json => print_json(&evaluation)?,
        Format::Human => show(&evaluation),
    }
    Ok(Outcome::Good)
}

/// A package, ready to decide.
pub(crate) struct Subject {
    set: PolicySet,
    packages: usize,
    pub(crate) policies: usize,
}

impl Subject {
    /// Loads a component, or compiles a package; none if it had errors, which have been shown.
    pub(crate) fn load(path: &Path, settings: &Settings) -> Result<Option<Self>, Error> {
        let wasm = if package::is_component(path) {
            files::read(path)?
        } else {
            match command::build::build(&[path.to_owned()])? {
                Some(built) => built.component,
                None => return Ok(None),
            }
        };
        // Fresh instances for what anybody may have built, warm ones for what was built a moment ago.
        let instances = if package::is_component(path) {
            Instances::Fresh
        } else {
            Instances::Warm
        };
        Self::of_component(&wasm, instances, settings).map(Some)
    }

    /// Loads a component under a ceiling of BLOCKING.
    pub(crate) fn of_component(
        wasm: &[u8],
        instances: Instances,
        settings: &Settings,
    ) -> Result<Self, Error> {
        let runtime = Runtime::new(Limits::default()).when("setting up the engine")?;
        let native = runtime.compile(wasm).when("compiling the component")?;
        let component = PolicyComponent::load(&runtime, &native, instances).when("loading the component")?;
        let packages = &component.description().packages;
        let ceilings = packages
            .iter()
            .map(|package| (package.name.clone(), Mode::Blocking))
            .collect();
        let count = packages.len();
        let policies = component.description().policies().count();
        let parameters = settings.parameters(&component.description().inputs)?;
        let member = Member {
            component,
            ceilings,
            parameters,
        };
        // A package that blocks nothing may still be tried out.
        let set = PolicySet::new(vec![member], true).when("loading the component")?;
        Ok(Self {
            set,
            packages: count,
            policies,
        })
    }

    /// Decides over one request given as JSON.
    pub(crate) fn decide(&self, request: &str, now: i64) -> Decision {
        match Attributes::from_json(request) {
            Ok(attributes) => self.set.decide(&self.table(&attributes), now).decision,
            Err(error) => Decision::refused(Denial::ContextMalformed, error.to_string()),
        }
    }

    /// The values of a request, in the order of the set's attributes.
    pub(crate) fn table(&self, attributes: &Attributes) -> Vec<Value> {
        self.values(|name, declared| attributes.value(name, declared))
    }

    /// The values that `value` gives, in the order of the set's attributes.
    pub(crate) fn values(&self, value: impl Fn(&AttributeName, Type) -> Value) -> Vec<Value> {
        let attributes = self.set.attributes().iter();
        attributes
            .map(|(name, declared)| value(name, *declared))
            .collect()
    }

    pub(crate) fn set(&self) -> &PolicySet {
        &self.set
    }
}

/// A decision as this command writes it.
#[derive(Serialize)]
struct Evaluation<'a> {
    decision: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    denial: Option<Denial>,
    findings: &'a [Finding],
    /// Policies by name; with their package's name in front if the component holds several packages.
    covered_by: Vec<String>,
    obligations: &'a [RaisedObligation],
}

impl<'a> Evaluation<'a> {
    fn of(decision: &'a Decision, packages: usize) -> Self {
        let name = |PolicyName { package, policy }: &PolicyName| match packages {
            1 => policy.to_string(),
            _ => format!("{package}.{policy}"),
        };
        Self {
            decision: decision.verdict,
            denial: decision.denial,
            findings: &decision.findings,
            covered_by: decision.covered_by.iter().map(name).collect(),
            obligations: &decision.obligations,
        }
    }
}

fn show(evaluation: &Evaluation<'_>) {
    match evaluation.decision {
        Verdict::Allow => anstream::println!("{GOOD}ALLOW{GOOD:#}"),
        Verdict::Deny => {
            let denial = evaluation.denial.map_or("", Denial::name);
            anstream::println!("{BAD}DENY{BAD:#} ({denial})");
        }
    }
    for Finding {
        package,
        policy,
        outcome,
        mode,
        reason,
    } in evaluation.findings
    {
        let style = if *mode == Mode::Blocking { BAD } else { NOTABLE };
        let mode = mode.name();
        let outcome = outcome.name();
        anstream::println!(
            "  {style}{outcome}{style:#} {policy} {FAINT}({package}, {mode}){FAINT:#}: {reason}"
        );
    }
    for policy in &evaluation.covered_by {
        anstream::println!("  covered by {policy}");
    }
}

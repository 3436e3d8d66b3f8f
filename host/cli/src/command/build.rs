//! `aecp build`: a package becomes a component.
//!
//! - `via_component`: by a compiler that is a component itself.

mod via_component;

use std::path::PathBuf;

use aecp_compiler::package::Checked;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Format, print_json};
use crate::cost::{CostReport, Limit};
use crate::error::{Error, Outcome, While};
use crate::files::{self, Privacy};
use crate::package::PackageFolder;
use crate::report;

/// Compile packages into one WebAssembly component
///
/// The build is deterministic: the same sources and the same compiler give the same bytes on any machine, so that
/// anyone can rebuild and compare. Prints the component's SHA-256. Several packages make one component that holds
/// them all.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Package folders
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<PathBuf>,
    /// Where to write the component
    #[arg(short, long, value_name = "FILE.wasm")]
    output: PathBuf,
    /// Compile with this component (contract aecp:judicial, as `cargo xtask guests` builds it) in place of this program
    ///
    /// It runs without files, clock and network, and gives the same bytes if it is of the same version.
    #[arg(long, value_name = "FILE.wasm", conflicts_with = "max_cost")]
    via_component: Option<PathBuf>,
    #[command(flatten)]
    limit: Limit,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct Report {
    component: String,
    sha256: String,
    bytes: usize,
    packages: Vec<String>,
    policies: usize,
    /// Not known of what another compiler made.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<CostReport>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Outcome, Error> {
    let made = match &arguments.via_component {
        None => build(&arguments.packages)?.map(|built| {
            let cost = aecp_compiler::emit::cost(&built.packages).when("compiling")?;
            Ok((Made::from(built), Some(cost)))
        }),
        Some(compiler) => via_component::build(compiler, &arguments.packages)?.map(|made| Ok((made, None))),
    };
    let Some((made, cost)) = made.transpose()? else {
        return Ok(Outcome::Bad);
    };
    if let Some(cost) = &cost
        && !arguments.limit.allows(cost)
    {
        return Ok(Outcome::Bad);
    }
    files::write(&arguments.output, &made.component, Privacy::Public)?;
    let report = Report {
        component: arguments.output.display().to_string(),
        sha256: hex::encode(Sha256::digest(&made.component)),
        bytes: made.component.len(),
        policies: made.packages.iter().map(|package| package.policies).sum(),
        packages: made.packages.into_iter().map(|package| package.name).collect(),
        cost: cost.map(|cost| arguments.limit.report(&cost)),
    };
    match arguments.format {
        Format::Json => print_json(&report)?,
        Format::Human => {
            anstream::println!("sha256:{}  {}", report.sha256, report.component);
            if let Some(cost) = &report.cost {
                anstream::println!("{cost}");
            }
        }
    }
    Ok(Outcome::Good)
}

/// A component, whichever compiler made it, and what is in it.
struct Made {
    component: Vec<u8>,
    packages: Vec<Contained>,
}

/// A package of a component.
struct Contained {
    name: String,
    /// How many it has.
    policies: usize,
}

impl From<Built> for Made {
    fn from(built: Built) -> Self {
        let contained = |package: aecp_compiler::core::Package| Contained {
            policies: package.policies.len(),
            name: package.name,
        };
        Self {
            component: built.component,
            packages: built.packages.into_iter().map(contained).collect(),
        }
    }
}

/// A component and what it was built from.
pub(crate) struct Built {
    pub(crate) component: Vec<u8>,
    pub(crate) packages: Vec<aecp_compiler::core::Package>,
    /// The folders as they were read, and what checking them gave.
    pub(crate) sources: Vec<(PackageFolder, Checked)>,
}

/// Compiles package folders; none if there were errors, which have been shown.
pub(crate) fn build(paths: &[PathBuf]) -> Result<Option<Built>, Error> {
    let mut sources = Vec::new();
    let mut good = true;
    for path in paths {
        let folder = PackageFolder::read(path)?;
        let checked = folder.check();
        report::diagnostics(&folder, &checked.diagnostics);
        good &= checked.package.is_some();
        sources.push((folder, checked));
    }
    if !good {
        return Ok(None);
    }
    let packages: Vec<_> = sources
        .iter()
        .filter_map(|(_, checked)| checked.package.clone())
        .collect();
    let component = aecp_compiler::emit::component(&packages).when("compiling")?;
    Ok(Some(Built {
        component,
        packages,
        sources,
    }))
}

//! Packages, compiled by a compiler that is a component.

use std::path::{Path, PathBuf};

use aecp_engine::judicial::contract::{BuildError, Built, Checked, Source};
use aecp_engine::judicial::{Compiler, LIMITS};

use super::{Contained, Made};
use crate::error::{Error, While};
use crate::files;
use crate::package::PackageFolder;
use crate::report;

/// Compiles package folders with the component in the file `compiler`; none if there were errors, which have been shown.
pub(crate) fn build(compiler: &Path, paths: &[PathBuf]) -> Result<Option<Made>, Error> {
    let wasm = files::read(compiler)?;
    let compiler =
        Compiler::load(&wasm, LIMITS).when(format!("loading the compiler `{}`", compiler.display()))?;
    let folders = paths
        .iter()
        .map(|path| PackageFolder::read(path))
        .collect::<Result<Vec<_>, _>>()?;
    let packages: Vec<Vec<Source>> = folders.iter().map(sources).collect();
    let show = |checked: &[Checked]| {
        for (folder, checked) in folders.iter().zip(checked) {
            report::diagnostics(folder, &checked.diagnostics);
        }
    };
    match compiler.build(&packages).when("compiling: the compiler")? {
        Ok(Built { component, packages }) => {
            show(&packages);
            Ok(Some(Made {
                component,
                packages: packages.into_iter().filter_map(contained).collect(),
            }))
        }
        Err(BuildError::Sources(checked)) => {
            show(&checked);
            Ok(None)
        }
        Err(BuildError::Packages(why)) => Err(Error::part("compiling")(why)),
    }
}

fn sources(folder: &PackageFolder) -> Vec<Source> {
    let source = |file: &aecp_compiler::source::SourceFile| Source {
        path: file.name.clone(),
        content: file.text.clone().into_bytes(),
    };
    folder.files.iter().map(source).collect()
}

fn contained(checked: Checked) -> Option<Contained> {
    let summary = checked.summary?;
    Some(Contained {
        name: summary.name,
        policies: summary.policies.len(),
    })
}

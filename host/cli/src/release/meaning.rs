//! Which requests the changed packages of a bundle decide otherwise, where the sources of both versions are at hand.

use std::path::{Path, PathBuf};

use aecp_compiler::core::Package;
use aecp_trust::Digest;
use aecp_trust::bundle::Bundle;

use crate::command::{build, diff};
use crate::error::Error;

/// Shows it for each package that both bundles have and that is another component in the new one. A source folder counts
/// only if it builds a component of its bundle, so that nothing is told of sources that nobody released.
pub(crate) fn show(
    (old, old_sources): (&Bundle, &[PathBuf]),
    (new, new_sources): (&Bundle, &[PathBuf]),
) -> Result<(), Error> {
    let (old, new) = (packages(old, old_sources)?, packages(new, new_sources)?);
    for (path, package) in &new {
        if let Some((before, known)) = old.iter().find(|(_, known)| known.name == package.name) {
            diff::compare((before, known), (path, package))?;
        }
    }
    Ok(())
}

fn packages<'a>(bundle: &Bundle, sources: &'a [PathBuf]) -> Result<Vec<(&'a Path, Package)>, Error> {
    let mut found = Vec::new();
    for path in sources {
        let context = || format!("comparing `{}` with epoch {}", path.display(), bundle.epoch);
        let Some(built) = build::build(std::slice::from_ref(path))? else {
            return Err(Error::part(context())("it has errors".to_owned()));
        };
        let digest = Digest::of(&built.component);
        if !bundle
            .policies
            .iter()
            .any(|entry| entry.component.digest == digest)
        {
            return Err(Error::part(context())(format!(
                "a build of it gives {digest}, which the bundle does not have"
            )));
        }
        found.extend(
            built
                .packages
                .into_iter()
                .map(|package| (path.as_path(), package)),
        );
    }
    Ok(found)
}

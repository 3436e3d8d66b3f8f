//! The trust roots that followed the configured one, so that no restart falls back behind a rotation.
//!
//! ```text
//! <state>/roots/<version>.root.json
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aecp_trust::TrustRoot;
use aecp_trust::handover::ROOT_SUFFIX;
use aecp_trust::root::{RootChain, RootError};

use super::file;
use super::store::{StoreError, at};

const FOLDER: &str = "roots";

/// The trust roots that are known here.
#[derive(Debug)]
pub struct Roots {
    folder: PathBuf,
    chain: RootChain,
}

/// Roots that cannot be followed, or not be kept.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// A root does not hold.
    #[error(transparent)]
    Root(#[from] RootError),
    /// The roots that were kept do not follow the configured one.
    #[error(
        "`{path}`: {error}; these roots were followed before and do not continue the configured one. If that was replaced \
         on purpose, remove this folder"
    )]
    Kept {
        /// The folder.
        path: PathBuf,
        /// What does not hold.
        error: RootError,
    },
    /// A file.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Roots {
    /// The configured root, whose bytes are `first`, and those that an earlier process followed from there.
    ///
    /// # Errors
    /// The configured root or a kept one does not hold, or cannot be read.
    pub fn open(state: &Path, first: &[u8]) -> Result<Self, RootsError> {
        let folder = state.join(FOLDER);
        let mut chain = RootChain::new(first)?;
        let kept = read(&folder)?;
        chain
            .advance(kept.into_values())
            .map_err(|error| RootsError::Kept {
                path: folder.clone(),
                error,
            })?;
        Ok(Self { folder, chain })
    }

    /// The root that counts.
    pub fn newest(&self) -> &TrustRoot {
        self.chain.newest()
    }

    /// What a delivery must carry so that others can follow from the configured root.
    pub fn later(&self) -> BTreeMap<u64, Vec<u8>> {
        let bytes = |root: &TrustRoot| (root.version(), root.as_bytes().to_vec());
        self.chain.later().iter().map(bytes).collect()
    }

    /// Follows the rotation in `offered`. When this returns, the new roots are on stable storage and count. How many there
    /// were is returned.
    ///
    /// # Errors
    /// A root does not follow, or cannot be kept; then nothing has changed.
    pub fn follow(&mut self, offered: &BTreeMap<u64, Vec<u8>>) -> Result<usize, RootsError> {
        let mut chain = self.chain.clone();
        let added = chain.advance(offered.values())?;
        if added == 0 {
            return Ok(0);
        }
        at(&self.folder, fs::create_dir_all(&self.folder))?;
        // Oldest first, so that what a crash leaves is the beginning of the chain.
        for root in chain.later() {
            let path = self.folder.join(format!("{}{ROOT_SUFFIX}", root.version()));
            if !path.exists() {
                file::replace(&path, root.as_bytes())?;
            }
        }
        self.chain = chain;
        Ok(added)
    }
}

fn read(folder: &Path) -> Result<BTreeMap<u64, Vec<u8>>, StoreError> {
    let mut roots = BTreeMap::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(roots),
        entries => at(folder, entries)?,
    };
    for entry in entries {
        let path = at(folder, entry)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let version = name.and_then(|name| name.strip_suffix(ROOT_SUFFIX)?.parse().ok());
        if let Some(version) = version {
            roots.insert(version, at(&path, fs::read(&path))?);
        }
    }
    Ok(roots)
}

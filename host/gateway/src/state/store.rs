//! What a restart finds: the delivery in force, and the newest epoch that has run.
//!
//! ```text
//! <state>/current.json         {"folder": …, "high_water": {"epoch": …, "digest": …}}, replaced atomically
//! <state>/bundles/<folder>/    a delivery, never changed
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aecp_trust::Delivery;
use aecp_trust::handover::HandoverError;
use aecp_trust::verify::HighWater;
use serde::{Deserialize, Serialize};

use super::file;

const CURRENT: &str = "current.json";
const BUNDLES: &str = "bundles";

/// State that cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder.
    #[error("`{path}`: {error}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file of another form.
    #[error(
        "`{path}` is damaged ({problem}): restore it; without it, bundles that were replaced could come back"
    )]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The folder of a delivery.
    #[error(transparent)]
    Delivery(#[from] HandoverError),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Current {
    folder: String,
    high_water: HighWater,
}

/// The state folder of a gateway.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    current: Option<Current>,
}

pub(super) fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, StoreError> {
    result.map_err(|error| StoreError::Io {
        path: path.to_owned(),
        error,
    })
}

impl Store {
    /// Opens a state folder, made if it is not there.
    ///
    /// # Errors
    /// It cannot be made or read, or what is in it is damaged.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let bundles = folder.join(BUNDLES);
        at(&bundles, fs::create_dir_all(&bundles))?;
        let path = folder.join(CURRENT);
        let current = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            read => {
                let damaged = |problem: String| StoreError::Damaged {
                    path: path.clone(),
                    problem,
                };
                let current: Current =
                    serde_json::from_slice(&at(&path, read)?).map_err(|error| damaged(error.to_string()))?;
                if current.folder.contains(['/', '\0']) || current.folder.starts_with('.') {
                    return Err(damaged("it names no folder of its own".to_owned()));
                }
                Some(current)
            }
        };
        Ok(Self {
            folder: folder.to_owned(),
            current,
        })
    }

    /// The newest bundle that has run.
    pub fn high_water(&self) -> Option<HighWater> {
        self.current.as_ref().map(|current| current.high_water)
    }

    /// The folder of the delivery in force.
    pub fn current(&self) -> Option<PathBuf> {
        self.current
            .as_ref()
            .map(|current| self.folder.join(BUNDLES).join(&current.folder))
    }

    /// Keeps a delivery: when this returns, a restart finds it, whatever happens to the machine.
    ///
    /// # Errors
    /// It is not kept; what was kept before still is.
    pub fn keep(&mut self, delivery: &Delivery, high_water: HighWater) -> Result<(), StoreError> {
        let bundles = self.folder.join(BUNDLES);
        let name = format!("{}-{}", high_water.epoch, delivery.fingerprint().hex());
        let folder = bundles.join(&name);
        if self.current.as_ref().is_none_or(|current| current.folder != name) && folder.exists() {
            // Left by a process that ended before it could say that this is the current one.
            at(&folder, fs::remove_dir_all(&folder))?;
        }
        if !folder.exists() {
            delivery.write(&folder)?;
        }
        let current = Current {
            folder: name,
            high_water,
        };
        self.replace(&current)?;
        self.current = Some(current);
        self.forget_others(&bundles);
        Ok(())
    }

    fn replace(&self, current: &Current) -> Result<(), StoreError> {
        let path = self.folder.join(CURRENT);
        let bytes = serde_json::to_vec(current).map_err(|error| StoreError::Io {
            path: path.clone(),
            error: io::Error::other(error),
        })?;
        file::replace(&path, &bytes)
    }

    /// What cannot be removed now is removed after the next delivery.
    fn forget_others(&self, bundles: &Path) {
        let keep = self.current.as_ref().map(|current| current.folder.as_str());
        let Ok(entries) = fs::read_dir(bundles) else {
            return;
        };
        for entry in entries
            .flatten()
            .filter(|entry| entry.file_name().to_str() != keep)
        {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use aecp_trust::Digest;

    use super::*;

    fn delivery(text: &str) -> Delivery {
        let mut delivery = Delivery {
            bundle: text.into(),
            freshness: b"fresh".to_vec(),
            ..Delivery::default()
        };
        delivery.add_blob(text.as_bytes().to_vec());
        delivery
    }

    fn high_water(epoch: u64) -> HighWater {
        HighWater {
            epoch,
            digest: Digest::of(&epoch.to_be_bytes()),
        }
    }

    #[test]
    fn a_restart_finds_the_last_delivery_and_only_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path()).unwrap();
        assert_eq!((store.high_water(), store.current()), (None, None));
        store.keep(&delivery("one"), high_water(1)).unwrap();
        store.keep(&delivery("two"), high_water(2)).unwrap();
        store.keep(&delivery("two"), high_water(2)).unwrap();
        let again = Store::open(folder.path()).unwrap();
        assert_eq!(again.high_water(), Some(high_water(2)));
        let kept = Delivery::read(
            &again.current().unwrap(),
            &aecp_trust::handover::Limits::default(),
        )
        .unwrap();
        assert_eq!(kept, delivery("two"));
        assert_eq!(fs::read_dir(folder.path().join(BUNDLES)).unwrap().count(), 1);
    }

    #[test]
    fn damaged_state_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        for damaged in ["", "{}", "{\"folder\":\"../x\",\"high_water\":null}"] {
            fs::write(folder.path().join(CURRENT), damaged).unwrap();
            let error = Store::open(folder.path()).unwrap_err().to_string();
            assert!(
                error.contains("current.json") && error.contains("damaged"),
                "{error}"
            );
        }
    }
}

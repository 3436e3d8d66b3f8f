//! The list of enforcement points, TOML. Paths are relative to the folder of the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use aecp_trust::TrustRoot;
use aecp_trust::enrolment::Enrolment;
use serde::Deserialize;

use crate::error::{Error, While};
use crate::files;

/// Which enforcement points there are, and how they can be asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inventory {
    /// The tag that points follow for which nothing else is said.
    #[serde(default)]
    pub(crate) tag: Option<String>,
    /// A folder with `NAME.enrolment.dsse.json` and `NAME.receipt.dsse.json` for points for which no other file is named.
    #[serde(default)]
    receipts: Option<PathBuf>,
    pub(crate) points: Vec<Point>,
}

/// One enforcement point.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Point {
    /// Its name, as in its enrolment.
    pub(crate) name: String,
    /// Where its admin listener is.
    #[serde(default)]
    pub(crate) admin: Option<Address>,
    /// The tag that it follows.
    #[serde(default)]
    pub(crate) tag: Option<String>,
    /// Its enrolment, by which its receipts hold.
    #[serde(default)]
    pub(crate) enrolment: Option<PathBuf>,
    /// Its newest receipt.
    #[serde(default)]
    pub(crate) receipt: Option<PathBuf>,
    /// Its labels, for `aecp release --plan`; those of the enrolment if one is named.
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

/// Where an admin listener is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Address {
    /// A Unix socket on this machine, `unix:/path`.
    Socket(PathBuf),
    /// `http://HOST:PORT`.
    Http(String),
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let http = |authority: &str| {
            let authority = authority.trim_end_matches('/');
            let port = authority.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
            matches!(port, Some(Ok(_))).then(|| Self::Http(authority.to_owned()))
        };
        let known = match (text.strip_prefix("unix:"), text.strip_prefix("http://")) {
            (Some(path), _) if !path.is_empty() => Some(Self::Socket(path.into())),
            (None, Some(authority)) => http(authority),
            _ => None,
        };
        known.ok_or_else(|| {
            format!("`{text}` is no address; write `unix:/path/of/the/socket` or `http://127.0.0.1:PORT`")
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "unix:{}", path.display()),
            Self::Http(authority) => write!(f, "http://{authority}"),
        }
    }
}

impl Inventory {
    /// Reads the file, and makes its paths absolute or relative to where this runs.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let context = || format!("reading the inventory `{}`", path.display());
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&files::read_text(path)?, folder).when(context())
    }

    fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let mut inventory: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut names = BTreeSet::new();
        for point in &mut inventory.points {
            if point.name.is_empty() || !names.insert(point.name.clone()) {
                return Err(format!(
                    "`{}` names no enforcement point, or a second one",
                    point.name
                ));
            }
            let in_receipts = |what: &str| {
                let folder = inventory.receipts.as_ref()?;
                Some(folder.join(format!("{}.{what}.dsse.json", point.name)))
            };
            let within = |given: Option<PathBuf>, what| {
                given.or_else(|| in_receipts(what)).map(|path| folder.join(path))
            };
            (point.enrolment, point.receipt) = (
                within(point.enrolment.take(), "enrolment"),
                within(point.receipt.take(), "receipt"),
            );
            if let Some(Address::Socket(path)) = &mut point.admin {
                *path = folder.join(&*path);
            }
            if point.admin.is_none() && point.receipt.is_none() && point.labels.is_empty() {
                return Err(format!(
                    "of `{}` nothing can be known; give `admin`, or `enrolment` and `receipt`",
                    point.name
                ));
            }
        }
        Ok(inventory)
    }

    /// The labels of all points: of the enrolment where one is named, else as the inventory says.
    pub(crate) fn labels(
        &self,
        root: &TrustRoot,
    ) -> Result<BTreeMap<String, BTreeMap<String, String>>, Error> {
        let labels = |point: &Point| {
            let enrolled = point.enrolled(root)?.map(|enrolment| enrolment.labels);
            Ok((
                point.name.clone(),
                enrolled.unwrap_or_else(|| point.labels.clone()),
            ))
        };
        self.points.iter().map(labels).collect()
    }
}

impl Point {
    /// Its enrolment, which must be of this name; none if none is named.
    pub(crate) fn enrolled(&self, root: &TrustRoot) -> Result<Option<Enrolment>, Error> {
        let Some(path) = &self.enrolment else {
            return Ok(None);
        };
        let context = || format!("reading the enrolment `{}`", path.display());
        let enrolment = Enrolment::open(&files::read(path)?, root).when(context())?;
        if enrolment.name != self.name {
            return Err(format!(
                "it is of `{}`, the inventory says `{}`",
                enrolment.name, self.name
            ))
            .when(context());
        }
        Ok(Some(enrolment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Inventory, String> {
        Inventory::parse(text, Path::new("/fleet"))
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let inventory = parse(
            "tag = \"edge\"\nreceipts = \"r\"\n[[points]]\nname = \"a\"\nadmin = \"unix:a.sock\"\n\
             [[points]]\nname = \"b\"\nreceipt = \"b.json\"\n[[points]]\nname = \"c\"\nadmin = \"http://127.0.0.1:9901\"\n",
        )
        .unwrap();
        let [a, b, c] = inventory.points.as_slice() else {
            panic!("{inventory:?}")
        };
        assert_eq!(a.admin, Some(Address::Socket("/fleet/a.sock".into())));
        assert_eq!(a.receipt, Some("/fleet/r/a.receipt.dsse.json".into()));
        assert_eq!(b.receipt, Some("/fleet/b.json".into()));
        assert_eq!(b.enrolment, Some("/fleet/r/b.enrolment.dsse.json".into()));
        assert_eq!(c.admin, Some(Address::Http("127.0.0.1:9901".into())));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, part) in [
            (
                "[[points]]\nname = \"a\"\nadmin = \"https://x:1\"\n",
                "is no address",
            ),
            (
                "[[points]]\nname = \"a\"\nadmin = \"http://x\"\n",
                "is no address",
            ),
            ("[[points]]\nname = \"a\"\n", "nothing can be known"),
            (
                "[[points]]\nname = \"a\"\nadmin = \"unix:/s\"\n[[points]]\nname = \"a\"\nadmin = \"unix:/s\"\n",
                "a second one",
            ),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}

//! Tags, references, and the names of files in a bundle.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, shown};
use aecp_vocabulary::digest::Digest;

/// Most characters of a tag (OCI distribution specification 1.1).
const TAG_LIMIT: usize = 128;

/// What the tag of a bundle's freshness statement has behind the tag of the bundle.
const FRESHNESS_SUFFIX: &str = ".freshness";

/// What the tag of a bundle's epoch has between the tag of the bundle and the number.
const EPOCH_INFIX: &str = ".epoch-";

/// Most bytes of a file name in a bundle.
const FILE_NAME_LIMIT: usize = 200;

/// Most parts between slashes of a file name in a bundle.
const FILE_NAME_DEPTH: usize = 3;

/// A tag: up to 128 of `A-Z a-z 0-9 _ . -`, not beginning with `.` or `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the freshness statement of the bundle under this tag is.
    ///
    /// # Errors
    /// [`Error::InvalidTag`] if the tag is a freshness tag itself or too long to have one.
    pub fn freshness(&self) -> Result<Self, Error> {
        if self.0.ends_with(FRESHNESS_SUFFIX) {
            let reason =
                "tags that end in `.freshness` belong to freshness statements; choose another for a bundle";
            return Err(Error::InvalidTag {
                text: shown(&self.0),
                reason,
            });
        }
        format!("{}{FRESHNESS_SUFFIX}", self.0).parse()
    }

    /// Where the bundle that this tag had in `epoch` stays, whatever the tag has since.
    ///
    /// # Errors
    /// [`Error::InvalidTag`] if the tag belongs to a freshness statement or an epoch itself, or is too long.
    pub fn epoch(&self, epoch: u64) -> Result<Self, Error> {
        self.freshness()?;
        self.refuse_epoch()?;
        format!("{}{EPOCH_INFIX}{epoch}", self.0).parse()
    }

    /// Refuses a tag that [`Tag::epoch`] gives: what an epoch was does not change.
    pub(crate) fn refuse_epoch(&self) -> Result<(), Error> {
        let number = self.0.rsplit_once(EPOCH_INFIX).map(|(_, number)| number);
        if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
            let reason =
                "tags that end in `.epoch-NUMBER` keep the bundles of earlier epochs; choose another";
            return Err(Error::InvalidTag {
                text: shown(&self.0),
                reason,
            });
        }
        Ok(())
    }

    /// The tag under which OCI 1.1 lists what refers to `subject` where a store has no referrers API.
    pub fn of_referrers(subject: &Digest) -> Self {
        Self(format!("sha256-{}", subject.hex()))
    }

    /// Refuses a tag that [`Tag::of_referrers`] gives.
    pub(crate) fn refuse_reserved(&self) -> Result<(), Error> {
        if self.is_of_referrers() {
            let reason = "tags `sha256-…` list what refers to an artifact (OCI 1.1); choose another";
            return Err(Error::InvalidTag {
                text: self.to_string(),
                reason,
            });
        }
        Ok(())
    }

    /// Whether the tag is one of those that [`Tag::of_referrers`] gives.
    pub fn is_of_referrers(&self) -> bool {
        self.0
            .strip_prefix("sha256-")
            .is_some_and(|rest| Digest::from_hex(rest).is_ok())
    }
}

impl FromStr for Tag {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let invalid = |reason| Error::InvalidTag {
            text: shown(text),
            reason,
        };
        if text.is_empty() || text.len() > TAG_LIMIT {
            return Err(invalid("a tag has 1 to 128 characters"));
        }
        if text.starts_with(['.', '-']) {
            return Err(invalid("a tag begins with a letter, a digit or `_`"));
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
        {
            return Err(invalid("a tag has only letters, digits, `_`, `.` and `-`"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an artifact is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A name that can move.
    Tag(Tag),
    /// The digest of a manifest.
    Digest(Digest),
}

impl FromStr for Reference {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.contains(':') {
            Ok(Self::Digest(text.parse()?))
        } else {
            text.parse().map(Self::Tag)
        }
    }
}

impl From<Tag> for Reference {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<Digest> for Reference {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// Checks the name of a file in a bundle: at most 3 parts between slashes, each of `a-z 0-9 . _ -` and not
/// beginning with a dot, at most 200 bytes in all. Such a name stays inside the folder that it is written to. A name
/// `blobs/…` must be the digest of its bytes.
pub(crate) fn check_file_name(name: &str, digest: &Digest) -> Result<(), Error> {
    let invalid = |reason| {
        Err(Error::InvalidFileName {
            text: shown(name),
            reason,
        })
    };
    if name.len() > FILE_NAME_LIMIT {
        return invalid("it has more than 200 bytes");
    }
    let mut depth = 0_usize;
    for part in name.split('/') {
        depth = depth.saturating_add(1);
        if part.is_empty() || part.starts_with('.') {
            return invalid("its parts are not empty and do not begin with a dot");
        }
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
        if !part.bytes().all(allowed) {
            return invalid("its parts have only a to z, 0 to 9, `.`, `_` and `-`");
        }
    }
    if depth > FILE_NAME_DEPTH {
        return invalid("it has more than 3 parts");
    }
    if name.strip_prefix("blobs/").is_some_and(|hex| hex != digest.hex()) {
        return invalid("a file in `blobs/` is named by the SHA-256 of its bytes");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_those_of_the_distribution_specification() {
        for good in ["a", "_", "v1.2.3-rc_1", &"x".repeat(128)] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        for bad in ["", ".a", "-a", "a/b", "a:b", "ä", "a b", "a\n", &"x".repeat(129)] {
            assert!(bad.parse::<Tag>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_reference_is_a_tag_or_a_digest() {
        let digest = Digest::of(b"x");
        assert_eq!(
            digest.to_string().parse::<Reference>().unwrap(),
            Reference::Digest(digest)
        );
        assert!(matches!("main".parse::<Reference>().unwrap(), Reference::Tag(_)));
        assert!("sha512:00".parse::<Reference>().is_err());
    }

    #[test]
    fn freshness_has_a_tag_beside_the_bundle() {
        let tag: Tag = "eu".parse().unwrap();
        let freshness = tag.freshness().unwrap();
        assert_eq!(freshness.as_str(), "eu.freshness");
        assert!(freshness.freshness().is_err());
        assert!("x".repeat(128).parse::<Tag>().unwrap().freshness().is_err());
    }

    #[test]
    fn epochs_have_tags_beside_the_bundle() {
        let tag: Tag = "eu".parse().unwrap();
        let epoch = tag.epoch(12).unwrap();
        assert_eq!(epoch.as_str(), "eu.epoch-12");
        assert!(epoch.epoch(1).is_err() && tag.freshness().unwrap().epoch(1).is_err());
        assert!("eu.epoch-x".parse::<Tag>().unwrap().epoch(1).is_ok());
        assert!("x".repeat(120).parse::<Tag>().unwrap().epoch(1).is_err());
    }

    #[test]
    fn file_names_stay_inside_their_folder() {
        let digest = Digest::of(b"x");
        let blob = format!("blobs/{}", digest.hex());
        for good in ["bundle.dsse.json", "attestations/00.dsse.json", "a/b/c", &blob] {
            assert!(check_file_name(good, &digest).is_ok(), "{good}");
        }
        let long = "a".repeat(201);
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "a//b",
            "a/",
            ".a",
            "a/.b",
            "A",
            "a\\b",
            "a\0",
        ] {
            assert!(check_file_name(bad, &digest).is_err(), "{bad}");
        }
        for bad in [long.as_str(), "a/b/c/d", "blobs/00", "blobs/a/b"] {
            assert!(check_file_name(bad, &digest).is_err(), "{bad}");
        }
    }
}

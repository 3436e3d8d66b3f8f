//! Descriptors, manifests and indexes (OCI image specification 1.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, shown};
use crate::{json, media};
use aecp_vocabulary::digest::Digest;

/// The version that OCI manifests and indexes state.
const SCHEMA_VERSION: u8 = 2;

/// What something is, what it is called, and how long it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The media type of the content.
    pub media_type: String,
    /// The digest of the content.
    pub digest: Digest,
    /// The size of the content in bytes.
    pub size: u64,
    /// The type of the artifact, if the content is a manifest that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Facts about this use of the content.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Members that other tools wrote; kept when an index is rewritten.
    #[serde(flatten)]
    pub(crate) others: BTreeMap<String, Value>,
}

impl Descriptor {
    /// Describes `bytes`.
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: Digest::of(bytes),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            artifact_type: None,
            annotations: BTreeMap::new(),
            others: BTreeMap::new(),
        }
    }

    /// The same with one annotation more.
    #[must_use]
    pub fn annotated(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Whether the content may be an artifact of type `wanted`, or of any: not every tool notes the type.
    pub(crate) fn may_be(&self, wanted: Option<&str>) -> bool {
        match (wanted, &self.artifact_type) {
            (Some(wanted), Some(kind)) => wanted == kind,
            _ => true,
        }
    }

    /// Whether the content is a manifest or an index: a document that a registry serves as such, not as a blob.
    pub fn is_document(&self) -> bool {
        self.media_type == media::MANIFEST || self.media_type == media::INDEX
    }
}

/// An image manifest: one artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    schema_version: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    /// What the artifact is, if its configuration does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The content.
    pub layers: Vec<Descriptor>,
    /// The artifact that this one refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Facts about the artifact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl Manifest {
    /// An artifact with a configuration of its own.
    pub fn new(config: Descriptor, layers: Vec<Descriptor>) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            media_type: Some(media::MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers,
            subject: None,
            annotations: BTreeMap::new(),
            others: BTreeMap::new(),
        }
    }

    /// An artifact of type `artifact_type`. Its configuration is the empty one, which must be in the store.
    pub fn of_artifact(artifact_type: &str, layers: Vec<Descriptor>) -> Self {
        let config = Descriptor::of(media::EMPTY, media::EMPTY_BYTES);
        Self {
            artifact_type: Some(artifact_type.to_owned()),
            ..Self::new(config, layers)
        }
    }

    /// The type of the artifact: what it says itself, else the media type of its configuration.
    pub fn kind(&self) -> &str {
        self.artifact_type.as_deref().unwrap_or(&self.config.media_type)
    }

    /// Reads the manifest that `described` names, found at `location`.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is not a manifest, could be read as something else too, or contradicts its
    /// descriptor.
    pub fn read(bytes: &[u8], described: &Descriptor, location: &str) -> Result<Self, Error> {
        let malformed = |reason: String| Error::Malformed {
            location: location.to_owned(),
            reason,
        };
        if described.media_type != media::MANIFEST {
            let (said, expected) = (shown(&described.media_type), media::MANIFEST);
            return Err(malformed(format!(
                "its descriptor says `{said}`, expected `{expected}`"
            )));
        }
        let manifest: Self = json::read(bytes).map_err(malformed)?;
        let stated = manifest.media_type.as_deref();
        check_head(manifest.schema_version, stated, media::MANIFEST).map_err(malformed)?;
        if let Some(key) = ["manifests", "fsLayers"]
            .iter()
            .find(|key| manifest.others.contains_key(**key))
        {
            return Err(malformed(format!("a manifest has no member `{key}`")));
        }
        if let Some(kind) = described
            .artifact_type
            .as_deref()
            .filter(|kind| *kind != manifest.kind())
        {
            let (said, is) = (shown(kind), shown(manifest.kind()));
            return Err(malformed(format!(
                "its descriptor says artifact type `{said}`, it says `{is}` itself"
            )));
        }
        Ok(manifest)
    }

    /// The bytes under which the manifest is stored. Equal manifests give equal bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it cannot be written as JSON.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        to_bytes(self, "manifest")
    }

    /// Everything that the manifest needs to be whole. Its subject may be elsewhere.
    pub fn parts(&self) -> impl Iterator<Item = &Descriptor> {
        std::iter::once(&self.config).chain(&self.layers)
    }

    /// The descriptor of this manifest, whose bytes are `bytes`, as an index lists it.
    pub(crate) fn described(&self, bytes: &[u8]) -> Descriptor {
        let mut annotations = if self.subject.is_some() {
            self.annotations.clone()
        } else {
            BTreeMap::new()
        };
        // In an index this annotation is a tag, and only the store gives tags.
        annotations.remove(media::REF_NAME);
        Descriptor {
            artifact_type: self.artifact_type.clone(),
            annotations,
            ..Descriptor::of(media::MANIFEST, bytes)
        }
    }
}

/// An image index: a list of manifests. `index.json` is one, and so is a list of referrers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Index {
    schema_version: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    media_type: Option<String>,
    pub(crate) manifests: Vec<Descriptor>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            media_type: Some(media::INDEX.to_owned()),
            manifests: Vec::new(),
            others: BTreeMap::new(),
        }
    }
}

impl Index {
    pub(crate) fn read(bytes: &[u8], location: &str) -> Result<Self, Error> {
        let malformed = |reason: String| Error::Malformed {
            location: location.to_owned(),
            reason,
        };
        let index: Self = json::read(bytes).map_err(malformed)?;
        check_head(index.schema_version, index.media_type.as_deref(), media::INDEX).map_err(malformed)?;
        if let Some(key) = ["config", "layers", "fsLayers"]
            .iter()
            .find(|key| index.others.contains_key(**key))
        {
            return Err(malformed(format!("an index has no member `{key}`")));
        }
        Ok(index)
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        to_bytes(self, "index")
    }
}

/// A document that can be read as two kinds means two things to two readers (CVE-2021-41190).
fn check_head(version: u8, stated: Option<&str>, expected: &str) -> Result<(), String> {
    if version != SCHEMA_VERSION {
        return Err(format!("`schemaVersion` is {version}, expected {SCHEMA_VERSION}"));
    }
    match stated {
        Some(stated) if stated != expected => Err(format!(
            "`mediaType` is `{}`, expected `{expected}`",
            shown(stated)
        )),
        _ => Ok(()),
    }
}

fn to_bytes<T: Serialize>(document: &T, what: &str) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(document).map_err(|error| Error::Malformed {
        location: what.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(text: &str) -> Descriptor {
        Descriptor::of(media::MANIFEST, text.as_bytes())
    }

    fn refusal(text: &str) -> String {
        Manifest::read(text.as_bytes(), &described(text), "m")
            .unwrap_err()
            .to_string()
    }

    const CONFIG: &str = r#"{"mediaType": "application/vnd.oci.empty.v1+json", "digest":
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "size": 2}"#;

    #[test]
    fn a_manifest_reads_back_as_it_was_written() {
        let layer = Descriptor::of(media::WASM, b"\0asm").annotated(media::TITLE, "a.wasm");
        let mut manifest = Manifest::of_artifact(media::BUNDLE, vec![layer]);
        manifest.annotations.insert("b".into(), "c".into());
        let bytes = manifest.to_bytes().unwrap();
        let descriptor = manifest.described(&bytes);
        assert_eq!(Manifest::read(&bytes, &descriptor, "m").unwrap(), manifest);
        assert_eq!(manifest.to_bytes().unwrap(), bytes);
    }

    #[test]
    fn a_document_of_two_kinds_is_refused() {
        let text = format!(r#"{{"schemaVersion": 2, "config": {CONFIG}, "layers": [], "manifests": []}}"#);
        assert!(refusal(&text).contains("no member `manifests`"));
        let text = format!(
            r#"{{"schemaVersion": 2, "mediaType": "{}", "config": {CONFIG}, "layers": []}}"#,
            media::INDEX
        );
        assert!(refusal(&text).contains("`mediaType` is"));
        let text = r#"{"schemaVersion": 2, "manifests": [], "layers": []}"#;
        assert!(
            Index::read(text.as_bytes(), "i")
                .unwrap_err()
                .to_string()
                .contains("no member `layers`")
        );
    }

    #[test]
    fn hostile_members_are_named() {
        for (text, part) in [
            (
                format!(r#"{{"schemaVersion": 1, "config": {CONFIG}, "layers": []}}"#),
                "`schemaVersion` is 1",
            ),
            (
                format!(r#"{{"schemaVersion": 2, "config": {CONFIG}}}"#),
                "missing field `layers`",
            ),
            (
                format!(r#"{{"schemaVersion": 2, "config": {CONFIG}, "layers": [], "layers": []}}"#),
                "given twice",
            ),
            (
                format!(
                    r#"{{"schemaVersion": 2, "config": {}, "layers": []}}"#,
                    CONFIG.replace("size\": 2", "size\": -2")
                ),
                "invalid value",
            ),
            (
                format!(
                    r#"{{"schemaVersion": 2, "config": {}, "layers": []}}"#,
                    CONFIG.replace("sha256:4", "md5:4")
                ),
                "only the algorithm sha256",
            ),
        ] {
            let refusal = refusal(&text);
            assert!(refusal.contains(part), "{text}: {refusal}");
        }
    }

    #[test]
    fn what_other_tools_wrote_into_an_index_is_kept() {
        let text = format!(
            r#"{{"schemaVersion":2,"manifests":[{{"mediaType":"{}","digest":"{}","size":1,"platform":{{"os":"linux"}}}}],"annotations":{{"a":"b"}}}}"#,
            media::MANIFEST,
            Digest::of(b"x"),
        );
        let index = Index::read(text.as_bytes(), "i").unwrap();
        let again = String::from_utf8(index.to_bytes().unwrap()).unwrap();
        assert_eq!(again, text);
    }
}

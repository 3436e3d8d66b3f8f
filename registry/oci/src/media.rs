//! Media types, artifact types and annotation keys.

/// An image manifest (OCI image specification 1.1).
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image index (OCI image specification 1.1).
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// The configuration of a manifest that has none; its bytes are [`EMPTY_BYTES`].
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// What a blob of type [`EMPTY`] holds.
pub const EMPTY_BYTES: &[u8] = b"{}";

/// The configuration of a WebAssembly artifact (CNCF Wasm OCI artifact layout).
pub const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";

/// A WebAssembly component.
pub const WASM: &str = "application/wasm";

/// Native code, compiled ahead of time from a component in the same bundle.
pub const NATIVE: &str = "application/vnd.aecp.native.v1";

/// A DSSE envelope.
pub const DSSE: &str = "application/vnd.dsse.envelope.v1+json";

/// Artifact type of a manifest that attaches an in-toto statement in a DSSE envelope.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Artifact type of a manifest that attaches a review, an in-toto statement in a DSSE envelope.
pub const REVIEW: &str = "application/vnd.aecp.review.v1";

/// Artifact type of the sources of a component.
pub const SOURCES: &str = "application/vnd.aecp.sources.v1";

/// The archive of the sources.
pub const SOURCES_TAR: &str = "application/vnd.aecp.sources.v1.tar";

/// Artifact type of a bundle.
pub const BUNDLE: &str = "application/vnd.aecp.bundle.v1";

/// Metadata of The Update Framework: a trust root.
pub const TUF: &str = "application/vnd.tuf+json";

/// Artifact type of a freshness statement.
pub const FRESHNESS: &str = "application/vnd.aecp.freshness.v1";

/// Annotation: the tag of an entry in `index.json`.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// Annotation: the file name of a layer.
pub const TITLE: &str = "org.opencontainers.image.title";

//! Keys, a trust root, an enrolment, and bundles of policies that are compiled here.

use std::path::PathBuf;

use aecp_compiler::source::SourceFile;
use aecp_engine::{Limits, Runtime, TARGET};
use aecp_evidence::leaf::{Event, Leaf};
use aecp_evidence::segment::{self, HEADER_BYTES, Next};
use aecp_gateway::{Config, Gateway, GatewayError};
use aecp_trust::attestation::{Attestation, AttestedPackage, COMPILER_ID, Compiler, ComponentKind};
use aecp_trust::enrolment::Enrolment;
use aecp_trust::freshness::Freshness;
use aecp_trust::key::Quorum;
use aecp_trust::root::RootBuilder;
use aecp_trust::{Bundle, Delivery, Digest, Role, SigningKey, TrustRoot};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// One customer may be read if the region is right; `x-region` and `identity.subject` come from headers.
pub const POLICIES: &str = r#"
PACKAGE residency { VERSION: "1.0.0" DEFAULT: DENY }
SCHEMA { customer.region: TEXT OPTIONAL  request.method: TEXT  customer.name: TEXT OPTIONAL }
POLICY region {
  SCOPE: requests WHERE request.method == "GET" OR request.method == "POST"
  CONSTRAINT: customer.region == "EU"
  ENFORCEMENT: BLOCKING
  AUDIT: REQUIRED
}
POLICY unwelcome {
  SCOPE: requests WHERE customer.name IS PRESENT
  CONSTRAINT: customer.name != "mallory"
  ENFORCEMENT: ADVISORY
}
"#;

/// What the policies of [`POLICIES`] read, as a bundle maps it.
pub fn attributes() -> Value {
    json!([
        { "name": "customer.region", "value_type": "TEXT", "source": { "header": { "name": "x-region" } } },
        { "name": "customer.name", "value_type": "TEXT", "source": { "header": { "name": "x-name" } }, "personal": true },
        { "name": "request.method", "value_type": "TEXT", "source": "host" },
    ])
}

pub struct Site {
    pub folder: tempfile::TempDir,
    key: SigningKey,
    /// Signs bundles, once a rotation has given that role a key of its own.
    releases: Option<SigningKey>,
    root: TrustRoot,
    runtime: Runtime,
    upstream: std::net::SocketAddr,
}

/// A gateway that serves.
pub struct Running {
    pub address: std::net::SocketAddr,
    pub admin: std::net::SocketAddr,
    pub activation: std::sync::Arc<aecp_gateway::state::Activation>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), GatewayError>>,
}

impl Running {
    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.serving.await.unwrap().unwrap();
    }
}

impl Site {
    pub fn new(upstream: std::net::SocketAddr) -> Self {
        Self::with_key(upstream, SigningKey::from_seed(&[7; 32]).unwrap())
    }

    /// A site whose roles all have this key.
    pub fn with_key(upstream: std::net::SocketAddr, key: SigningKey) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let expires = Timestamp::now() + SignedDuration::from_hours(24);
        let mut builder = RootBuilder::new(1, expires).freshness_period(Some(3_600));
        for role in Role::ALL {
            builder = builder.role(role, Quorum::new([key.public_key().clone()], 1).unwrap());
        }
        let mut document = builder.build().unwrap();
        document.sign(&key).unwrap();
        let root = document.to_json().unwrap();
        std::fs::write(folder.path().join("root.json"), &root).unwrap();
        let enrolment = Enrolment {
            name: "edge-1".into(),
            labels: [("region".to_owned(), "eu".to_owned())].into(),
            log_key: "edge-1+00000000+AAAA".into(),
            receipt_key: key.public_key().clone(),
        };
        std::fs::write(
            folder.path().join("enrolment.json"),
            enrolment.seal(&[&key]).unwrap(),
        )
        .unwrap();
        let root = TrustRoot::parse(&root, Timestamp::now()).unwrap();
        Self {
            folder,
            releases: None,
            key,
            root,
            runtime: Runtime::new(Limits::default()).unwrap(),
            upstream,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn config(&self) -> Config {
        let at = |name: &str| format!("{:?}", self.path(name));
        let text = format!(
            "root = {}\nenrolment = {}\nstate = {}\nevidence = {}\noffers = {}\nlisteners = [{{ address = \"127.0.0.1:0\" }}]\n\
             admin = {{ address = \"127.0.0.1:0\" }}\nupstreams = {{ api = \"http://{}\" }}\n",
            at("root.json"),
            at("enrolment.json"),
            at("state"),
            at("evidence"),
            at("offers.sock"),
            self.upstream,
        );
        toml::from_str(&text).unwrap()
    }

    pub async fn start(&self) -> Running {
        let gateway = Gateway::bind(self.config()).await.unwrap();
        let (stop, stopped) = oneshot::channel();
        let (address, admin) = (gateway.addresses()[0], gateway.admin_address().unwrap());
        let activation = gateway.activation();
        let serving = tokio::spawn(gateway.serve(async {
            let _ = stopped.await;
        }));
        Running {
            address,
            admin,
            activation,
            stop,
            serving,
        }
    }

    pub fn delivery(&self, epoch: u64) -> Delivery {
        self.delivery_of(epoch, POLICIES, attributes(), Timestamp::now())
    }

    pub fn delivery_of(&self, epoch: u64, source: &str, attributes: Value, issued: Timestamp) -> Delivery {
        self.delivery_with(epoch, source, attributes, json!({}), issued)
    }

    /// A bundle that sets parameters.
    pub fn delivery_with(
        &self,
        epoch: u64,
        source: &str,
        attributes: Value,
        parameters: Value,
        issued: Timestamp,
    ) -> Delivery {
        let checked = aecp_compiler::package::check(&[SourceFile::new("policies.aecp", source)]);
        let package = checked
            .package
            .unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
        let wasm = aecp_compiler::emit::component(&[package]).unwrap();
        let native = self.runtime.compile(&wasm).unwrap();
        let mut delivery = Delivery::default();
        let (sizes, digest) = ((wasm.len(), native.len()), delivery.add_blob(wasm));
        let native = delivery.add_blob(native);
        let now = Timestamp::now();
        let bundle: Bundle = serde_json::from_value(json!({
            "name": "edge", "epoch": epoch, "trust_root_version": 1,
            "not_before": now - SignedDuration::from_hours(2), "not_after": now + SignedDuration::from_hours(2),
            "policies": [{
                "component": {
                    "digest": digest, "size": sizes.0, "warm": true,
                    "native": [{
                        "target": TARGET, "engine": self.runtime.identity(), "digest": native, "size": sizes.1,
                    }],
                },
                "packages": [{ "name": "residency", "version": "1.0.0", "ceiling": "BLOCKING" }],
                "parameters": parameters,
            }],
            "attributes": attributes,
            "routes": [
                { "name": "customers", "path": "/customers/**", "upstream": "api" },
                { "name": "lost", "path": "/lost", "upstream": "nowhere" },
            ],
        }))
        .unwrap();
        let attestation = Attestation {
            kind: ComponentKind::Policy,
            packages: vec![AttestedPackage {
                name: "residency".into(),
                version: "1.0.0".into(),
            }],
            source: None,
            source_archive: None,
            schema: None,
            results: Vec::new(),
            compiler: Compiler {
                id: COMPILER_ID.into(),
                name: "compiler".into(),
                version: "1.0.0".into(),
            },
            author: None,
            justification: None,
            time: None,
        };
        delivery
            .attestations
            .insert(digest, attestation.seal(digest, &[&self.key]).unwrap());
        let sealed = bundle.seal(&[self.releases()]).unwrap();
        delivery.bundle = sealed.envelope;
        let freshness = Freshness::new(sealed.digest, epoch, issued, &self.root).unwrap();
        delivery.freshness = freshness.seal(&[&self.key]).unwrap();
        delivery
    }

    fn releases(&self) -> &SigningKey {
        self.releases.as_ref().unwrap_or(&self.key)
    }

    /// The next trust root, with another key for releases, by which bundles are signed from now on.
    pub fn rotate(&mut self, seed: u8) -> Vec<u8> {
        let key = self.releases.insert(SigningKey::from_seed(&[seed; 32]).unwrap());
        let quorum = Quorum::new([key.public_key().clone()], 1).unwrap();
        self.next_root(|builder| builder.role(Role::Releases, quorum))
    }

    /// The next trust root.
    pub fn next_root(&mut self, change: impl FnOnce(RootBuilder) -> RootBuilder) -> Vec<u8> {
        let builder = RootBuilder::after(&self.root, self.root.expires()).unwrap();
        let mut document = change(builder).build().unwrap();
        document.sign(&self.key).unwrap();
        let bytes = document.to_json().unwrap();
        self.root = self.root.advance(&bytes, Timestamp::now()).unwrap();
        bytes
    }

    /// The same bundle, signed by the key that releases have now.
    pub fn signed_anew(&self, mut delivery: Delivery) -> Delivery {
        let mut envelope = aecp_trust::Envelope::from_json(&delivery.bundle).unwrap();
        envelope.sign(self.releases()).unwrap();
        delivery.bundle = envelope.to_json().unwrap();
        delivery
    }

    /// All leaves so far, writer by writer.
    pub fn leaves(&self) -> Vec<Leaf> {
        let folder = self.path("evidence").join(segment::FOLDER);
        let mut leaves = Vec::new();
        for id in segment::list(&folder).unwrap() {
            let bytes = std::fs::read(folder.join(id.file_name())).unwrap();
            let mut rest = &bytes[HEADER_BYTES..];
            while let Next::Frame(frame) = segment::next_frame(rest) {
                leaves.push(Leaf::decode(frame.payload).unwrap());
                rest = &rest[frame.size()..];
            }
        }
        leaves
    }

    pub fn intents(&self) -> Vec<aecp_evidence::Intent> {
        let intent = |leaf: Leaf| match leaf.event {
            Event::Intent(intent) => Some(*intent),
            _ => None,
        };
        self.leaves().into_iter().filter_map(intent).collect()
    }

    /// Names of the lifecycle events, in order.
    pub fn lifecycle(&self) -> Vec<String> {
        let kind = |leaf: Leaf| match leaf.event {
            Event::Lifecycle(lifecycle) => Some(lifecycle.kind.name().to_owned()),
            _ => None,
        };
        self.leaves().into_iter().filter_map(kind).collect()
    }

    /// The same delivery as `old`, with a freshness statement of now.
    pub fn renewed(&self, mut old: Delivery) -> Delivery {
        let envelope = aecp_trust::Envelope::from_json(&old.bundle).unwrap();
        let digest = Digest::of(envelope.unverified_payload());
        let freshness = Freshness::new(digest, 1, Timestamp::now(), &self.root).unwrap();
        old.freshness = freshness.seal(&[&self.key]).unwrap();
        old
    }
}

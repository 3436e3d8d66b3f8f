//! Components taken from a store, verified and compiled; the bundle made, tried out and sealed.

use std::collections::BTreeMap;
use std::sync::Arc;

use aecp_engine::sink::SendError;
use aecp_engine::{Extractor, Instances, Member, Outlet, PolicyComponent, PolicySet, Runtime, Sink, TARGET};
use aecp_oci::{Limits, NamedBlob, PulledComponent, Reference, Store, media};
use aecp_trust::attestation::{Attestation, ComponentKind, Demands};
use aecp_trust::bundle::{
    Bundle, ComponentRef, ExtractorEntry, NativeCode, PackageEntry, PolicyEntry, SinkEntry, Source,
};
use aecp_trust::{Digest, TrustRoot};
use aecp_vocabulary::{AttributeName, Mode, Type, parameter};
use jiff::{SignedDuration, Timestamp};

use super::file::{ExtractorSpec, PolicySpec, ReleaseFile, SinkSpec};
use crate::attested::{self, Attested};
use crate::error::{Error, While};

/// Clocks differ; a bundle begins to hold this long before it is made.
pub(super) const BACKDATED: SignedDuration = SignedDuration::from_secs(300);

/// A bundle with the files that belong to it.
pub(crate) struct Composed {
    pub(crate) bundle: Bundle,
    pub(crate) files: Vec<NamedBlob>,
}

/// A component as it came from the store, verified.
struct Taken {
    component: ComponentRef,
    attestation: Attestation,
    native: Vec<u8>,
    files: Vec<NamedBlob>,
}

/// Makes a bundle of what `file` names, and runs it once: what an enforcement point would refuse is refused here.
pub(crate) fn compose(
    file: &ReleaseFile,
    epoch: u64,
    store: &dyn Store,
    root: &TrustRoot,
    runtime: &Runtime,
    now: Timestamp,
) -> Result<Composed, Error> {
    let valid = SignedDuration::from_hours(i64::from(file.valid_days).saturating_mul(24));
    let mut bundle = Bundle {
        name: file.name.clone(),
        epoch,
        not_before: now.checked_sub(BACKDATED).when("reading the clock")?,
        not_after: now.checked_add(valid).when("reading `valid_days`")?,
        profile: file.profile,
        observe_only: file.observe_only,
        trust_root_version: root.version(),
        selectors: file.selectors.clone(),
        policies: Vec::new(),
        extractors: Vec::new(),
        sinks: Vec::new(),
        attributes: file.attributes.clone(),
        routes: file.routes.clone(),
    };
    let taker = Taker { store, root, runtime };
    let mut files = Vec::new();
    let mut members = Vec::new();
    for spec in &file.policies {
        let (entry, member, taken) = policy(&taker, spec, file.require_tests)?;
        bundle.policies.push(entry);
        members.push(member);
        files.extend(taken);
    }
    let mut extractors = BTreeMap::new();
    for spec in &file.extractors {
        let (entry, extractor, taken) = extractor(&taker, spec)?;
        extractors.insert(spec.name.clone(), extractor);
        bundle.extractors.push(entry);
        files.extend(taken);
    }
    for spec in &file.sinks {
        let (entry, taken) = sink(&taker, spec)?;
        bundle.sinks.push(entry);
        files.extend(taken);
    }
    let set = PolicySet::new(members, file.observe_only).when("putting the policies together")?;
    check_sources(&bundle, &set, &extractors)?;
    bundle.validate().when("checking the bundle")?;
    let mut seen = std::collections::BTreeSet::new();
    files.retain(|file| seen.insert(file.name().to_owned()));
    Ok(Composed { bundle, files })
}

struct Taker<'a> {
    store: &'a dyn Store,
    root: &'a TrustRoot,
    runtime: &'a Runtime,
}

impl Taker<'_> {
    /// Takes a component with an attestation by the packages role, and compiles it.
    fn take(&self, reference: &str, kind: ComponentKind) -> Result<Taken, Error> {
        let context = || format!("taking component `{reference}`");
        let limits = Limits::default();
        let parsed: Reference = reference.parse().when(context())?;
        let pulled = self
            .store
            .pull_component(&parsed, limits.file_bytes)
            .when(context())?;
        let digest = Digest::of(&pulled.bytes);
        let envelopes = self
            .store
            .envelopes(&pulled.manifest, media::IN_TOTO, &limits)
            .when(context())?;
        let attested = attested::latest(&envelopes, self.root, digest).when(context())?;
        let reviews = match kind {
            ComponentKind::Policy => self.reviewed(reference, &pulled, &attested)?,
            ComponentKind::Context | ComponentKind::Audit => Vec::new(),
        };
        let Attested {
            envelope,
            attestation,
        } = attested;
        if attestation.kind != kind {
            let detail = format!(
                "it is signed as a component of kind {}, not {}",
                attestation.kind.name(),
                kind.name()
            );
            return Err(Error::part(context())(detail));
        }
        let native = self.runtime.compile(&pulled.bytes).when(context())?;
        let size = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let component = ComponentRef {
            digest,
            size: size(&pulled.bytes),
            warm: attestation.is_ours(),
            native: vec![NativeCode {
                target: TARGET.to_owned(),
                engine: self.runtime.identity().to_owned(),
                digest: Digest::of(&native),
                size: size(&native),
            }],
        };
        let mut files = vec![
            NamedBlob::attestation(&pulled.component, envelope),
            NamedBlob::component(pulled.bytes),
            NamedBlob::native(native.clone()),
        ];
        files.extend(reviews);
        Ok(Taken {
            component,
            attestation,
            native,
            files,
        })
    }

    /// The approvals that the trust root asks for, as files of the bundle.
    fn reviewed(
        &self,
        reference: &str,
        pulled: &PulledComponent,
        attested: &Attested,
    ) -> Result<Vec<NamedBlob>, Error> {
        let context = || format!("releasing component `{reference}`");
        let component = Digest::of(&pulled.bytes);
        let reviews = attested::reviews(self.store, &pulled.manifest, component, attested, self.root);
        let reviews = reviews.when(context())?;
        reviews.enough().map_err(|missing| {
            Error::part(context())(format!(
                "{missing}; reviewers look with `aecp review` and say yes with `aecp approve`"
            ))
        })?;
        let approvals = reviews.approvals().map(|reviewed| reviewed.envelope.clone());
        let file = |(number, envelope)| NamedBlob::review(&component, number, envelope);
        Ok((0..).zip(approvals).map(file).collect())
    }
}

type Files = Vec<NamedBlob>;

/// What is known of a component's tests and findings must be enough.
fn check_proof(spec: &PolicySpec, attestation: &Attestation, require_tests: bool) -> Result<(), Error> {
    let demands = Demands {
        unproven: spec.unproven,
        tests: require_tests,
    };
    let found: Vec<String> = attestation
        .shortcomings(demands)
        .iter()
        .map(ToString::to_string)
        .collect();
    if found.is_empty() {
        Ok(())
    } else {
        Err(Error::part(format!("releasing component `{}`", spec.component))(
            found.join("\n  "),
        ))
    }
}

fn policy(
    taker: &Taker<'_>,
    spec: &PolicySpec,
    require_tests: bool,
) -> Result<(PolicyEntry, Member, Files), Error> {
    let context = || format!("trying out component `{}`", spec.component);
    let taken = taker.take(&spec.component, ComponentKind::Policy)?;
    check_proof(spec, &taken.attestation, require_tests)?;
    let instances = if taken.component.warm {
        Instances::Warm
    } else {
        Instances::Fresh
    };
    let component = PolicyComponent::load(taker.runtime, &taken.native, instances).when(context())?;
    let described = component.description();
    if let Some(obligation) = described
        .policies()
        .find(|(_, policy)| !policy.obligations.is_empty())
    {
        let detail = format!(
            "policy `{}` raises an obligation that no enforcement point discharges yet",
            obligation.1.name
        );
        return Err(Error::part(context())(detail));
    }
    let mut ceilings = BTreeMap::new();
    let mut packages = Vec::new();
    for package in &described.packages {
        let ceiling = spec
            .ceilings
            .get(&package.name)
            .copied()
            .unwrap_or(Mode::Blocking);
        ceilings.insert(package.name.clone(), ceiling);
        packages.push(PackageEntry {
            name: package.name.clone(),
            version: package.version.clone(),
            ceiling,
        });
    }
    if let Some(unknown) = spec.ceilings.keys().find(|name| !ceilings.contains_key(*name)) {
        return Err(Error::part(context())(format!(
            "it has no package `{unknown}` to give a ceiling to"
        )));
    }
    let parameters = parameter::from_json(&described.inputs, &spec.parameters).when(context())?;
    let attested: Vec<&str> = taken
        .attestation
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    if !packages
        .iter()
        .map(|package| package.name.as_str())
        .eq(attested.iter().copied())
    {
        return Err(Error::part(context())(format!(
            "it is signed as packages {}",
            attested.join(", ")
        )));
    }
    let entry = PolicyEntry {
        component: taken.component,
        packages,
        parameters: spec.parameters.clone(),
    };
    Ok((
        entry,
        Member {
            component,
            ceilings,
            parameters,
        },
        taken.files,
    ))
}

fn extractor(taker: &Taker<'_>, spec: &ExtractorSpec) -> Result<(ExtractorEntry, Extractor, Files), Error> {
    let taken = taker.take(&spec.component, ComponentKind::Context)?;
    let configuration = configuration(&spec.configuration)?;
    let extractor = Extractor::load(taker.runtime, &taken.native, &configuration)
        .when(format!("trying out extractor `{}`", spec.name))?;
    let entry = ExtractorEntry {
        name: spec.name.clone(),
        component: taken.component,
        configuration: spec.configuration.clone(),
        authenticating: spec.authenticating,
    };
    Ok((entry, extractor, taken.files))
}

fn sink(taker: &Taker<'_>, spec: &SinkSpec) -> Result<(SinkEntry, Files), Error> {
    let context = || format!("trying out sink `{}`", spec.name);
    let taken = taker.take(&spec.component, ComponentKind::Audit)?;
    let configuration = configuration(&spec.configuration)?;
    let sink = Sink::load(taker.runtime, &taken.native, &configuration, Arc::new(NoOutlet)).when(context())?;
    if let Some(endpoint) = sink
        .description()
        .endpoints
        .iter()
        .find(|endpoint| !spec.endpoints.contains(endpoint))
    {
        return Err(Error::part(context())(format!(
            "it sends to endpoint `{endpoint}`, which the release does not name; add it to `endpoints`"
        )));
    }
    let entry = SinkEntry {
        name: spec.name.clone(),
        component: taken.component,
        configuration: spec.configuration.clone(),
        endpoints: spec.endpoints.clone(),
    };
    Ok((entry, taken.files))
}

/// What a component's `configure` is given.
fn configuration(value: &serde_json::Value) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).when("writing a configuration")
}

/// While a release is tried out, nothing leaves.
struct NoOutlet;

impl Outlet for NoOutlet {
    fn send(&self, _endpoint: &str, _content_type: &str, _message: &[u8]) -> Result<(), SendError> {
        Err(SendError::UnknownEndpoint)
    }
}

/// Every attribute that policies read must have a source of its type, as at the gateway.
fn check_sources(
    bundle: &Bundle,
    set: &PolicySet,
    extractors: &BTreeMap<String, Extractor>,
) -> Result<(), Error> {
    let mut problems = Vec::new();
    for (name, declared) in set.attributes() {
        match bundle.attributes.iter().find(|entry| entry.name == *name) {
            None => problems.push(format!(
                "policies read `{name}`, but nothing gives it; add it to `attributes`"
            )),
            Some(entry) if entry.value_type != *declared => problems.push(format!(
                "policies read `{name}` as {declared}, but `attributes` says {}",
                entry.value_type
            )),
            Some(entry) => problems.extend(extractor_problem(&entry.source, name, *declared, extractors)),
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(Error::part("checking attributes")(problems.join("\n  ")))
    }
}

fn extractor_problem(
    source: &Source,
    name: &AttributeName,
    declared: Type,
    extractors: &BTreeMap<String, Extractor>,
) -> Option<String> {
    let Source::Extractor { name: extractor } = source else {
        return None;
    };
    let Some(loaded) = extractors.get(extractor) else {
        return Some(format!(
            "`{name}` comes from extractor `{extractor}`, which is not in the release"
        ));
    };
    match loaded
        .description()
        .attributes
        .iter()
        .find(|given| given.name == *name)
    {
        None => Some(format!("extractor `{extractor}` does not give `{name}`")),
        Some(given) if given.value_type != declared => Some(format!(
            "extractor `{extractor}` gives `{name}` as {}, policies read {declared}",
            given.value_type
        )),
        Some(_) => None,
    }
}

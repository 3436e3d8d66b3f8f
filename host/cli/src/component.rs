//! Components as this tool meets them: which contract they are behind, and what is in them.

use aecp_engine::{Contract, Instances, Limits, PolicyComponent, Runtime};
use aecp_oci::ComponentInfo;
use aecp_trust::attestation::{AttestedPackage, ComponentKind};

use crate::error::{Error, While};

/// What a component says of itself.
pub(crate) struct Identity {
    /// The contract that it exports.
    pub(crate) kind: ComponentKind,
    /// The packages in it, for a policy component.
    pub(crate) packages: Vec<AttestedPackage>,
    /// Its imports and exports by name.
    pub(crate) info: ComponentInfo,
}

/// Finds out what a component is.
pub(crate) fn identify(wasm: &[u8]) -> Result<Identity, Error> {
    let surface = aecp_engine::surface::of(wasm).when("reading the component")?;
    let contract = surface.contract().when("recognising the component")?;
    let kind = match contract {
        Contract::Policy => ComponentKind::Policy,
        Contract::Context => ComponentKind::Context,
        Contract::Audit => ComponentKind::Audit,
    };
    let packages = match contract {
        Contract::Policy => packages(wasm)?,
        Contract::Context | Contract::Audit => Vec::new(),
    };
    let info = ComponentInfo {
        exports: surface.exports,
        imports: surface.imports,
        target: None,
    };
    Ok(Identity { kind, packages, info })
}

fn packages(wasm: &[u8]) -> Result<Vec<AttestedPackage>, Error> {
    let runtime = Runtime::new(Limits::default()).when("setting up the engine")?;
    let native = runtime.compile(wasm).when("compiling the component")?;
    let component =
        PolicyComponent::load(&runtime, &native, Instances::Fresh).when("loading the component")?;
    let package = |package: &aecp_vocabulary::policy::PackageDescription| AttestedPackage {
        name: package.name.clone(),
        version: package.version.clone(),
    };
    Ok(component.description().packages.iter().map(package).collect())
}

//! What a component imports and exports, by name, without running it.

use wasmtime::component::Component;
use wasmtime::{Config, Engine};

use crate::runtime::Contract;

/// A component's imports and exports by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surface {
    /// What it needs: `aecp:audit/outlet@0.1.0`.
    pub imports: Vec<String>,
    /// What it offers: `aecp:policy/evaluator@0.1.0`.
    pub exports: Vec<String>,
}

/// Bytes without a surface of ours.
#[derive(Debug, thiserror::Error)]
pub enum SurfaceError {
    /// The bytes are not a component.
    #[error("not a WebAssembly component: {0}")]
    NotAComponent(String),
    /// It exports none of our contracts, or several.
    #[error("it exports {0}; a component exports exactly one of aecp:policy, aecp:context and aecp:audit")]
    NoContract(String),
}

/// The interface that stands for each contract.
const INTERFACES: [(Contract, &str); 3] = [
    (Contract::Policy, "aecp:policy/evaluator@0.1.0"),
    (Contract::Context, "aecp:context/extractor@0.1.0"),
    (Contract::Audit, "aecp:audit/sink@0.1.0"),
];

/// Reads the surface of a component.
///
/// # Errors
/// The bytes are not a valid component.
pub fn of(wasm: &[u8]) -> Result<Surface, SurfaceError> {
    let failed = |error: wasmtime::Error| SurfaceError::NotAComponent(format!("{error:#}"));
    let mut config = Config::new();
    config.wasm_component_model(true).concurrency_support(false);
    let engine = Engine::new(&config).map_err(failed)?;
    let component = Component::new(&engine, wasm).map_err(failed)?;
    let component = component.component_type();
    Ok(Surface {
        imports: component
            .imports(&engine)
            .map(|(name, _)| name.to_owned())
            .collect(),
        exports: component
            .exports(&engine)
            .map(|(name, _)| name.to_owned())
            .collect(),
    })
}

impl Surface {
    /// The contract that the component is behind.
    ///
    /// # Errors
    /// It exports none of ours, or more than one.
    pub fn contract(&self) -> Result<Contract, SurfaceError> {
        let found = INTERFACES
            .iter()
            .filter(|(_, name)| self.exports.iter().any(|export| export == name));
        match found.collect::<Vec<_>>().as_slice() {
            [(contract, _)] => Ok(*contract),
            _ if self.exports.is_empty() => Err(SurfaceError::NoContract("nothing".to_owned())),
            _ => Err(SurfaceError::NoContract(self.exports.join(", "))),
        }
    }
}

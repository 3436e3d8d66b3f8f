//! Code generation: the typed core becomes a component.
//!
//! [`component`] does all of it; [`core_module`] and [`wrap`] are its two phases. Equal packages give equal bytes.
//! The component has no import, and its meaning is that of [`crate::interpreter`].
//!
//! A call goes like this:
//! 1. Each input that a condition reads is looked at once: whether it is known, and for texts which of the constants
//!    of all policies it is (its *class*). Conditions then compare small integers.
//! 2. An index over classes tells which policies can matter (`index`): sets of policies as bits, one for each class,
//!    intersected over inputs. Every 64 policies are one function, which jumps from candidate to candidate.
//! 3. A policy's code computes the truth of its scope and constraint without branches (`condition`), and writes its
//!    index and finding where the caller reads them. Nothing is allocated.
//!
//! Truth is two bits, so that conjunction is bitwise AND and disjunction bitwise OR: bit 0 says that a condition can
//! be true, bit 1 that it must be. False is 0, unknown 1, true 3.
//!
//! - `link`: the inputs of all packages as positions of one component.
//! - `texts`: the classes of texts, and the table that finds a text's class.
//! - `lists`: lists of numbers and addresses as ranges, and their tables.
//! - `patterns`: the automata that inputs are held against.
//! - `formula`: conditions in the form that code is made from.
//! - `plan`: what each policy needs at run time.
//! - `index`: which policies can matter.
//! - `memory`: where things are in linear memory.
//! - `description`: what `describe` returns, laid out ahead of time.
//! - `support`: functions that every component has.
//! - `value`: values as constants.
//! - `condition`, `computed`, `dispatch`, `module`: WebAssembly code.
//! - [`mod@cost`]: the most that a decision can cost, counted from that code.

mod computed;
mod condition;
pub mod cost;
mod description;
mod dispatch;
mod error;
mod formula;
mod index;
mod link;
mod lists;
mod memory;
mod module;
mod patterns;
mod plan;
mod support;
#[cfg(test)]
mod tests;
mod texts;
mod value;

use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::Resolve;

pub use cost::Cost;
pub use error::EmitError;

use crate::core::Package;

/// The contract that components are emitted for.
const CONTRACT: &str = include_str!("../../../../wit/policy/policy.wit");

/// Most inputs of one component, as the contract says.
pub const INPUT_LIMIT: usize = 4_096;

/// Most policies of one component.
pub const POLICY_LIMIT: usize = 65_536;

/// How deep conditions may be nested.
pub const DEPTH_LIMIT: usize = 512;

/// Most bytes of constants and tables in a component.
pub const DATA_LIMIT: usize = 16 << 20;

/// What the `producers` section of a component names as its compiler.
pub const PRODUCER: &str = env!("CARGO_PKG_NAME");

/// The compiler's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What is done to make decisions faster. The meaning is the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Optimise {
    /// Conditions are simplified, policies that cannot matter are passed over, what is asked twice is found out once.
    #[default]
    Everything,
    /// The code follows the conditions word by word, for every policy. Tests hold it against the other.
    Nothing,
}

/// All packages as one component of the contract `aecp:policy`.
///
/// Policies are numbered through all packages in order. Inputs are those of all packages, each name once, sorted by
/// name.
///
/// # Errors
/// There is no package, two packages share a name or disagree about the type of an input, a package is not well
/// typed, or a limit of this module is exceeded.
pub fn component(packages: &[Package]) -> Result<Vec<u8>, EmitError> {
    component_with(packages, Optimise::Everything)
}

/// [`component`], optimised or not.
///
/// # Errors
/// See [`component`].
pub fn component_with(packages: &[Package], optimise: Optimise) -> Result<Vec<u8>, EmitError> {
    let linked = link::Linked::new(packages)?;
    let plan = plan::Plan::new(&linked, optimise)?;
    wrap(&module::encode(&linked, &plan)?.module)
}

/// The first phase of [`component`]: a core module that exports what the contract's canonical ABI asks for.
///
/// # Errors
/// See [`component`].
pub fn core_module(packages: &[Package]) -> Result<Vec<u8>, EmitError> {
    let linked = link::Linked::new(packages)?;
    let plan = plan::Plan::new(&linked, Optimise::Everything)?;
    Ok(module::encode(&linked, &plan)?.module)
}

/// The most that one decision of the component of these packages can cost.
///
/// # Errors
/// See [`component`].
pub fn cost(packages: &[Package]) -> Result<Cost, EmitError> {
    let linked = link::Linked::new(packages)?;
    let plan = plan::Plan::new(&linked, Optimise::Everything)?;
    cost::of(&linked, &plan, &module::encode(&linked, &plan)?)
}

/// The second phase of [`component`]: wraps what [`core_module`] gave, and validates the whole.
///
/// # Errors
/// `core` is not a module that [`core_module`] gave.
pub fn wrap(core: &[u8]) -> Result<Vec<u8>, EmitError> {
    let failed = |error: &dyn std::fmt::Display| EmitError::Wrapping {
        detail: format!("{error:#}"),
    };
    let mut resolve = Resolve::default();
    let package = resolve
        .push_source("policy.wit", CONTRACT)
        .map_err(|error| failed(&error))?;
    let world = resolve
        .select_world(&[package], Some("policy"))
        .map_err(|error| failed(&error))?;
    let mut module = core.to_vec();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| failed(&error))?;
    let component = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| failed(&error))?;
    let mut producers = wasm_metadata::Producers::empty();
    producers.add("processed-by", PRODUCER, VERSION);
    producers.add_to_wasm(&component).map_err(|error| failed(&error))
}

//! The attributes of a request as a package reads them.

use std::collections::BTreeMap;
use std::sync::Arc;

use aecp_compiler::core::{Input, Package};
use aecp_compiler::suite::{Givens, Layer};
use aecp_vocabulary::Value;
use aecp_vocabulary::input::Attributes;

use super::values;
use super::wire::Request;

/// One value for each input of the package. An error says why it cannot be told what the request has.
pub(super) fn values(package: &Package, request: Request, now: i64) -> Result<Vec<Value>, String> {
    let mut layer = Layer::new();
    match request {
        Request::Json(text) => {
            let attributes = Attributes::from_json(&text).map_err(|error| error.to_string())?;
            for input in attributes_of(package) {
                layer.insert(
                    input.name.clone(),
                    attributes.value(&input.name, input.value_type),
                );
            }
        }
        Request::Values(given) => {
            let mut named = BTreeMap::new();
            for (name, value) in given {
                if named.contains_key(&name) {
                    return Err(format!("attribute `{name}` is given twice; give it once"));
                }
                named.insert(name, values::from_wire(value));
            }
            for input in attributes_of(package) {
                if let Some(value) = named.remove(input.name.as_str()) {
                    layer.insert(input.name.clone(), value.at_position_of(input.value_type));
                }
            }
        }
    }
    let given = Givens::default().with(Arc::new(layer));
    Ok(given.values(package, Some(now)))
}

/// What a request can have: no parameter, and not the time.
fn attributes_of(package: &Package) -> impl Iterator<Item = &Input> {
    package.inputs.iter().filter(|input| !input.is_certain())
}

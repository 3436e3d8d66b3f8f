//! Checks from outside, before any code runs.

use aecp_engine::{Contract, surface};

use crate::book::Book;
use crate::catalogue::Id;

/// Reads imports and exports, and settles what they tell. None if there is no contract to go on with.
pub(crate) fn contract(wasm: &[u8], book: &mut Book<'_>) -> Option<Contract> {
    let surface = match surface::of(wasm) {
        Ok(surface) => surface,
        Err(error) => {
            book.fail(Id::ComponentValid, error.to_string());
            return None;
        }
    };
    book.pass(Id::ComponentValid);
    let contract = match surface.contract() {
        Ok(contract) => contract,
        Err(error) => {
            book.fail(Id::ContractExported, error.to_string());
            return None;
        }
    };
    let ours: Vec<&str> = surface
        .exports
        .iter()
        .map(String::as_str)
        .filter(|export| export.starts_with("aecp:"))
        .collect();
    book.settle(
        Id::ContractExported,
        (ours.len() > 1).then(|| {
            format!(
                "it exports {}; a component is behind one contract in one version",
                quoted(&ours)
            )
        }),
    );
    let refused: Vec<&str> = surface
        .imports
        .iter()
        .map(String::as_str)
        .filter(|import| !is_granted(contract, import))
        .collect();
    book.settle(
        Id::ImportsGranted,
        (!refused.is_empty())
            .then(|| format!("it imports {}; {}", quoted(&refused), what_is_granted(contract))),
    );
    Some(contract)
}

fn is_granted(contract: Contract, import: &str) -> bool {
    let is_wasi = import.starts_with("wasi:")
        && import
            .split_once('@')
            .is_some_and(|(_, version)| version == "0.2" || version.starts_with("0.2."));
    match contract {
        Contract::Policy => false,
        Contract::Context => is_wasi,
        Contract::Audit => is_wasi || import == "aecp:audit/outlet@0.1.0",
    }
}

fn what_is_granted(contract: Contract) -> &'static str {
    match contract {
        Contract::Policy => "a policy gets nothing: build it for a target without WASI",
        Contract::Context => "an extractor gets `wasi:*@0.2` alone, and that is inert",
        Contract::Audit => "a sink gets `aecp:audit/outlet@0.1.0` and `wasi:*@0.2`, which is inert",
    }
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_contract_grants_its_own_imports() {
        let wasi = "wasi:cli/environment@0.2.6";
        assert!(!is_granted(Contract::Policy, wasi));
        assert!(is_granted(Contract::Context, wasi) && is_granted(Contract::Audit, wasi));
        assert!(is_granted(Contract::Audit, "aecp:audit/outlet@0.1.0"));
        assert!(!is_granted(Contract::Context, "aecp:audit/outlet@0.1.0"));
        for stranger in [
            "wasi:cli/environment@0.3.0",
            "wasi:cli/environment",
            "wasi:cli/environment@0.20.0",
            "vault",
            "aecp:audit/outlet@0.2.0",
        ] {
            assert!(!is_granted(Contract::Audit, stranger), "{stranger}");
        }
    }
}

//! The component.

// The macros of wit-bindgen expand to the raw side of the canonical ABI.
#![allow(unsafe_code)]

use bindings::exports::aecp::policy::evaluator::*;

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod bindings {
    wit_bindgen::generate!({ path: "../../../wit/policy", world: "policy" });
}

struct Component;

impl Guest for Component {
    fn describe() -> Description {
        let policy = Policy {
            name: "hostile".into(),
            mode: Mode::Blocking,
            audit: AuditClass::Ordinary,
            exception: OverrideRule::Never,
            reads: Vec::new(),
            reason: Vec::new(),
            obligations: Vec::new(),
            annotations: Vec::new(),
        };
        let package = PolicyPackage {
            name: "hostile".into(),
            version: "1.0.0".into(),
            default: DefaultDecision::Deny,
            policies: vec![policy],
            annotations: Vec::new(),
        };
        Description {
            inputs: Vec::new(),
            packages: vec![package],
        }
    }

    fn evaluate(_: Vec<Value>) -> Result<Outcomes, String> {
        std::process::abort()
    }
}

bindings::export!(Component with_types_in bindings);

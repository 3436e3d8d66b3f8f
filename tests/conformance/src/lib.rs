//! The conformance kit for AECP components.

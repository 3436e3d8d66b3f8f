//! Loads and runs AECP components, and makes the decision.

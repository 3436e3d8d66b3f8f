//! Trust root, roles, signatures, bundles, verification.

//! OCI layout folders and registries: transport only.

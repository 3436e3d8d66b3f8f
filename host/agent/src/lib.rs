//! The control plane of an enforcement point.

//! The data plane of an enforcement point.

//! The whole way, driven as a user would drive it.

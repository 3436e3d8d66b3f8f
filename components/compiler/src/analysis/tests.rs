//! Each kind of finding from sources, and all of them against enumeration of all requests of small packages.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod acknowledged;
mod brute;
mod difference;
mod memory;
mod sources;

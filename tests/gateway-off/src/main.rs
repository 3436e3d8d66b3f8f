//! The gateway with enforcement and evidence off, for benchmarks alone.

fn main() {}

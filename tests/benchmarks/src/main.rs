//! What it costs.

fn main() {}

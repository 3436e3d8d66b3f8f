//! The enforcement point.

fn main() {}

//! The tool of policy authors and operators.

fn main() {}

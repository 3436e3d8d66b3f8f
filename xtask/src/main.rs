//! The chores of the AECP project.

fn main() {}

//! What goes onto an appliance.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

use aecp_end_to_end::tools::Tools;

/// Most bytes of `aecpd`.
const SIZE_LIMIT: usize = 6 << 20;

fn program() -> Vec<u8> {
    std::fs::read(Tools::from_environment().unwrap().aecpd).unwrap()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn aecpd_has_no_compiler() {
    let aecpd = program();
    // Names of crates are in the source paths of panic messages, which stripping leaves.
    for compiler in [
        "cranelift-codegen",
        "cranelift_codegen",
        "regalloc2",
        "winch-codegen",
    ] {
        assert!(!contains(&aecpd, compiler), "aecpd contains {compiler}");
    }
    // The same look finds the compiler where it is.
    let aecp = std::fs::read(Tools::from_environment().unwrap().aecp).unwrap();
    assert!(contains(&aecp, "cranelift"), "the check cannot see a compiler");
}

#[test]
fn aecpd_is_static_and_small() {
    let aecpd = program();
    assert!(
        aecpd.len() <= SIZE_LIMIT,
        "{} bytes, {SIZE_LIMIT} are allowed",
        aecpd.len()
    );
    // ELF64, little-endian: no program header of type PT_INTERP, so nothing is loaded at start.
    assert_eq!(aecpd[..6], [0x7f, b'E', b'L', b'F', 2, 1]);
    let word = |at: usize| usize::from(u16::from_le_bytes([aecpd[at], aecpd[at + 1]]));
    let headers = usize::try_from(u64::from_le_bytes(aecpd[32..40].try_into().unwrap())).unwrap();
    let (size, count) = (word(54), word(56));
    for index in 0..count {
        let at = headers + index * size;
        let kind = u32::from_le_bytes(aecpd[at..at + 4].try_into().unwrap());
        assert_ne!(kind, 3, "aecpd asks for a dynamic loader");
    }
}

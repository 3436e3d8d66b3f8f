//! Debian 13's Rust compiler with its WebAssembly targets, for machines where rustup cannot download.

use std::path::Path;

use super::toolchain::Toolchain;
use crate::debian::{Program, Recipe};
use crate::error::Error;
use crate::project::Project;

const RECIPE: Recipe = Recipe {
    name: "guest-toolchain",
    about: "guest toolchain",
    version: "debian-13-1",
    packages: &[
        "rustc",
        "libstd-rust-1.85",
        "libstd-rust-dev",
        "libstd-rust-dev-wasm32",
        "libllvm19",
        "lld-19",
        "liblld-19",
        "libc6",
        "libstdc++6",
        "libgcc-s1",
        "libxml2",
        "libz3-4",
        "zlib1g",
        "libzstd1",
        "liblzma5",
        "libffi8",
        "libedit2",
        "libtinfo6",
        "libbsd0",
        "libmd0",
        "libicu76",
    ],
    megabytes: 200,
    programs: &[
        Program {
            name: "rustc",
            path: "usr/bin/rustc",
            arguments: " --sysroot \"$root/usr\"",
        },
        Program {
            name: "wasm-ld",
            path: "usr/lib/llvm-19/bin/lld",
            arguments: "",
        },
    ],
};

/// The toolchain, if it is there.
pub(super) fn find(project: &Project) -> Option<Toolchain> {
    RECIPE.find(project).as_deref().map(toolchain_in)
}

/// Sets the toolchain up.
pub(super) fn install(project: &Project) -> Result<Toolchain, Error> {
    let prove = |folder: &Path, scratch: &Path| toolchain_in(folder).prove(scratch);
    Ok(toolchain_in(&RECIPE.install(project, prove)?))
}

fn toolchain_in(folder: &Path) -> Toolchain {
    Toolchain::Debian {
        rustc: folder.join("bin/rustc"),
        linker: folder.join("bin/wasm-ld"),
    }
}

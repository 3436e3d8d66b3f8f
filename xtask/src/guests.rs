//! `cargo xtask guests`: builds every guest component.
//!
//! Guests are the crates of the workspace `components/Cargo.toml`. Each becomes `NAME.wasm` in the folder `guests` of
//! cargo's target folder. Tests find them there, or in the folder that the variable `AECP_GUESTS` names; a test that
//! needs one and does not find it fails and says `cargo xtask guests`.
//!
//! - [`toolchain`]: which compiler: rustup's if it has the targets or can get them, else Debian's.
//! - [`debian`]: Debian's compiler in a folder of its own.
//! - [`build`]: from crates to core modules. [`component`]: from a core module to a component.

mod build;
mod component;
mod debian;
mod toolchain;

use sha2::{Digest as _, Sha256};

use crate::error::{Error, file};
use crate::project::Project;

/// Build the guest components, and print their paths and SHA-256.
///
/// The compiler is rustup's with the targets wasm32-unknown-unknown and wasm32-wasip1, which are added if they are
/// missing. Where rustup cannot download, Debian 13's compiler is set up below the cache folder; that needs a Debian
/// machine that reaches its package mirror, no root, and about 1 GB of disk. The components are left in the folder
/// `guests` of cargo's target folder, where tests find them (or set AECP_GUESTS to another folder).
#[derive(Default, clap::Args)]
pub(crate) struct Arguments {
    /// Only make sure that there is a compiler.
    #[arg(long)]
    toolchain_only: bool,
}

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<(), Error> {
    let toolchain = toolchain::Toolchain::find_or_install(project)?;
    if arguments.toolchain_only {
        println!("guests are compiled by {toolchain}");
        return Ok(());
    }
    let folder = project.guests();
    std::fs::create_dir_all(&folder).map_err(file("create", &folder))?;
    for guest in build::build(project, &toolchain)? {
        let module = std::fs::read(&guest.module).map_err(file("read", &guest.module))?;
        let component = component::from_module(&guest.name, &module)?;
        let path = folder.join(format!("{}.wasm", guest.name));
        write_if_changed(&path, &component)?;
        println!(
            "{}  {:>7} bytes  {}",
            hex::encode(Sha256::digest(&component)),
            component.len(),
            path.display()
        );
    }
    Ok(())
}

/// Leaves a file alone that has these bytes, so that nothing is built again because of it; replaces it at once else.
fn write_if_changed(path: &std::path::Path, bytes: &[u8]) -> Result<(), Error> {
    if std::fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(());
    }
    let partial = path.with_extension("partial");
    std::fs::write(&partial, bytes).map_err(file("write", &partial))?;
    std::fs::rename(&partial, path).map_err(file("write", path))
}

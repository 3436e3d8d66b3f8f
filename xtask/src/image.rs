//! `cargo xtask image`: the appliance as an OCI image from scratch.

use std::path::PathBuf;

use aecp_oci::{Descriptor, Layout, Manifest, Store, store::Publication, store::Superseded};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, file};
use crate::host;
use crate::project::Project;

/// Build the static aecpd, and put it into an OCI image layout folder: one file and empty folders, nothing else
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The layout folder; `appliance/image` in the target folder if not given.
    #[arg(long)]
    output: Option<PathBuf>,
}

/// The tag of the image.
const TAG: &str = "latest";

/// Folders that a container brings content for.
const FOLDERS: [&str; 4] = ["etc/aecp/", "var/lib/aecp/", "run/aecp/", "tmp/"];

/// The user of the process.
const USER: &str = "65532:65532";

pub(crate) fn run(project: &Project, arguments: &Arguments) -> Result<(), Error> {
    host::build_appliance()?;
    let output = arguments
        .output
        .clone()
        .unwrap_or_else(|| project.target.join("appliance/image"));
    let program = host::aecpd(project);
    let bytes = std::fs::read(&program).map_err(file("read", &program))?;
    let image = write(&output, &bytes)
        .map_err(|error| Error::Unsuitable(format!("the image cannot be written: {error}")))?;
    println!(
        "{}  {} ({} bytes of aecpd)",
        image.digest,
        output.display(),
        bytes.len()
    );
    Ok(())
}

/// Writes the image. Equal programs give equal images.
fn write(output: &std::path::Path, program: &[u8]) -> Result<Descriptor, Box<dyn std::error::Error>> {
    let layer = layer(program)?;
    let layout = Layout::create(output)?;
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": USER,
            "Entrypoint": ["/aecpd"],
            "Cmd": ["--config", "/etc/aecp/aecpd.toml"],
            "Volumes": { "/var/lib/aecp": {}, "/run/aecp": {} },
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", hex::encode(Sha256::digest(&layer)))] },
    });
    let config = serde_json::to_vec(&config)?;
    let config = layout.put_blob("application/vnd.oci.image.config.v1+json", &config)?;
    let layer = layout.put_blob("application/vnd.oci.image.layer.v1.tar", &layer)?;
    let manifest = Manifest::new(config, vec![layer]);
    let publication = Publication::of(manifest)?.tagged(TAG.parse()?, Superseded::Forget);
    let mut published = layout.publish(&[publication])?;
    published.pop().ok_or_else(|| "nothing was published".into())
}

/// One layer: the program and the folders. No time and no owner's name in it, so equal content gives equal bytes.
fn layer(program: &[u8]) -> std::io::Result<Vec<u8>> {
    let header = |kind: tar::EntryType, mode: u32, size: u64, owner: u64| {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(size);
        header.set_uid(owner);
        header.set_gid(owner);
        header.set_mtime(0);
        header
    };
    let mut archive = tar::Builder::new(Vec::new());
    for folder in FOLDERS {
        let mut header = header(tar::EntryType::Directory, 0o750, 0, 65_532);
        archive.append_data(&mut header, folder, std::io::empty())?;
    }
    let size = u64::try_from(program.len()).unwrap_or(u64::MAX);
    let mut header = header(tar::EntryType::Regular, 0o555, size, 0);
    archive.append_data(&mut header, "aecpd", program)?;
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_one_file_and_the_same_every_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = write(&folder.path().join("a"), b"program").unwrap();
        let second = write(&folder.path().join("b"), b"program").unwrap();
        assert_eq!(first.digest, second.digest);
        let layer = layer(b"program").unwrap();
        let mut archive = tar::Archive::new(layer.as_slice());
        let files: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.header().entry_type().is_file())
            .map(|entry| entry.path().unwrap().display().to_string())
            .collect();
        assert_eq!(files, ["aecpd"]);
    }
}

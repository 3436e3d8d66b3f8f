//! The sources of a component as one archive, to be stored beside it and built again by anybody.
//!
//! The archive is a tar file of exactly what the packages were built from. Package number N (from 1, in the order of the
//! component) is in the folder `N/NAME.package`, and the packages that it imports are beside it in `N/FOLDER`, so that
//! `aecp build` builds what `tar` unpacked. Of the same sources there is one archive only, byte for byte: one that has
//! anything else in it, or the same in another way, is refused.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use aecp_compiler::package::Checked;
use aecp_compiler::source::{LIST_LIMIT, SourceFile, import_path, list_path};
use aecp_trust::Digest;

use crate::package::PackageFolder;

/// How the folder of a package's own files ends. No folder that is imported can have such a name.
const OWN: &str = ".package";

/// How files of a package beside a package begin.
const BESIDE: &str = "../";

/// Packages with what checking them gave.
pub(crate) type Sources = [(PackageFolder, Checked)];

/// Where the archive for the component in a file is kept.
pub(crate) fn archive_path(component: &Path) -> PathBuf {
    let mut path: OsString = component.as_os_str().to_owned();
    path.push(".sources.tar");
    path.into()
}

/// The digest of all sources; a file's name has its package's name in front where there are several.
pub(crate) fn digest(sources: &Sources) -> Digest {
    let mut all = Vec::new();
    for (folder, checked) in sources {
        let package = checked.package.as_ref().map_or("", |package| &package.name);
        for file in &folder.files {
            let mut file = file.clone();
            if sources.len() > 1 {
                file.name = format!("{package}/{}", file.name);
            }
            all.push(file);
        }
    }
    Digest::from_bytes(aecp_compiler::source::source_digest(&all))
}

/// The archive of packages that have no errors.
pub(crate) fn pack(sources: &Sources) -> Result<Vec<u8>, String> {
    let mut files = BTreeMap::new();
    for (number, (folder, checked)) in (1_usize..).zip(sources) {
        let package = checked.package.as_ref().map_or("", |package| &package.name);
        for file in &folder.files {
            let name = match file.name.strip_prefix(BESIDE) {
                Some(imported) => format!("{number}/{imported}"),
                None => format!("{number}/{package}{OWN}/{}", file.name),
            };
            files.insert(name, &file.text);
        }
    }
    let mut archive = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(u64::try_from(text.len()).unwrap_or(u64::MAX));
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        let added = archive.append_data(&mut header, &name, text.as_bytes());
        added.map_err(|error| format!("`{name}` cannot be put into an archive: {error}"))?;
    }
    archive.into_inner().map_err(|error| error.to_string())
}

/// The packages in an archive, in their order. Nothing is written anywhere.
///
/// Whether the archive is the one of these packages is known only once they are checked: see [`is_archive_of`].
pub(crate) fn unpack(archive: &[u8]) -> Result<Vec<PackageFolder>, String> {
    let broken = |error: std::io::Error| format!("it is not a tar archive: {error}");
    let mut packages: BTreeMap<usize, PackageFolder> = BTreeMap::new();
    let mut reader = tar::Archive::new(archive);
    for entry in reader.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let name = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| "a file in it has a name that is not UTF-8".to_owned())?;
        let refused = |why: &str| format!("`{}` in it is refused: {why}", name.escape_debug());
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(refused("it is not a regular file"));
        }
        let (number, own, file_name) = place(&name).map_err(refused)?;
        let mut text = String::new();
        let limit = u64::try_from(LIST_LIMIT).unwrap_or(u64::MAX);
        if entry.size() > limit {
            return Err(refused("it is larger than any source may be"));
        }
        let read = entry.take(limit).read_to_string(&mut text);
        read.map_err(|error| refused(&error.to_string()))?;
        let package = packages.entry(number).or_insert_with(|| PackageFolder {
            path: PathBuf::from(number.to_string()),
            files: Vec::new(),
        });
        if let Some(own) = own {
            package.path = PathBuf::from(own);
        }
        if package.files.iter().any(|known| known.name == file_name) {
            return Err(refused("it is there twice"));
        }
        package.files.push(SourceFile::new(file_name, text));
    }
    if packages.is_empty() {
        return Err("it has no files".to_owned());
    }
    Ok(packages.into_values().collect())
}

/// Whether `archive` is the one that [`pack`] makes of these packages.
pub(crate) fn is_archive_of(archive: &[u8], sources: &Sources) -> bool {
    pack(sources).is_ok_and(|packed| packed == archive)
}

/// What the name of a file in an archive means: the number of its package, the package's name if the file is its own,
/// and the file's name as the compiler knows it.
fn place(name: &str) -> Result<(usize, Option<&str>, String), &'static str> {
    const FORM: &str = "names are `NUMBER/NAME.package/FILE` or `NUMBER/FOLDER/FILE.aecp`";
    let (number, rest) = name.split_once('/').ok_or(FORM)?;
    let (folder, file) = rest.split_once('/').ok_or(FORM)?;
    let written = number;
    let number: usize = number.parse().map_err(|_| FORM)?;
    if number == 0 || number.to_string() != written {
        return Err(FORM);
    }
    let has_policies = |file: &str| SourceFile::new(file, "").has_policies();
    let is_plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['/', '\\', '\0']);
    match folder.strip_suffix(OWN) {
        Some(own) if is_plain(own) => {
            if has_policies(file) && is_plain(file) {
                return Ok((number, Some(own), file.to_owned()));
            }
            list_path(file)?;
            Ok((number, Some(own), file.to_owned()))
        }
        Some(_) => Err(FORM),
        None => {
            import_path(&format!("{BESIDE}{folder}"))?;
            if !has_policies(file) || !is_plain(file) {
                return Err("of packages that are imported, only `.aecp` files are in an archive");
            }
            Ok((number, None, format!("{BESIDE}{folder}/{file}")))
        }
    }
}

#[cfg(test)]
mod tests;

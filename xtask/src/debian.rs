//! Programs of Debian 13, each set in a folder of its own.
//!
//! Nothing of the system changes and no root is needed: apt downloads with lists and caches of its own and verifies
//! what it gets by Debian's signatures, and the packages are only unpacked. They bring their C library along, so that
//! they run on Debian 12 as well.
//!
//! The folder is `NAME/debian-13-N` below the cache folder: `root` holds the packages, programs in `bin` start what is
//! in them. It appears at once and only after something has been done with it.
//!
//! - [`mirror`]: where Debian packages come from here.

mod mirror;

use std::fs::{File, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::error::{Error, file};
use crate::process;
use crate::project::{Project, has_program};

/// How partial folders begin; what is left of them is removed by the next installation.
const PARTIAL: &str = "partial-";

/// Verifies what the mirror says. Debian 12 knows the keys of Debian 13 as well.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Packages that are unpacked into one folder.
pub(crate) struct Recipe {
    /// The folder below the cache folder.
    pub(crate) name: &'static str,
    /// What it is called in messages.
    pub(crate) about: &'static str,
    /// Counts up when this recipe changes, so that an older result is not taken for the one that it makes.
    pub(crate) version: &'static str,
    /// Debian packages by their plain names, with all libraries that the programs need.
    pub(crate) packages: &'static [&'static str],
    /// How much is downloaded, in megabytes.
    pub(crate) megabytes: u32,
    /// The programs.
    pub(crate) programs: &'static [Program],
}

/// A program in an unpacked package.
pub(crate) struct Program {
    /// What it is called in `bin`, and what it is told to be called.
    pub(crate) name: &'static str,
    /// Where it is in `root`.
    pub(crate) path: &'static str,
    /// More arguments, for a shell; `$root` is the folder.
    pub(crate) arguments: &'static str,
}

impl Recipe {
    /// Where the result is.
    pub(crate) fn folder(&self, project: &Project) -> PathBuf {
        project.cache.join(self.name).join(self.version)
    }

    /// The result, if it is there: its folder.
    pub(crate) fn find(&self, project: &Project) -> Option<PathBuf> {
        let folder = self.folder(project);
        let there = |program: &Program| folder.join("bin").join(program.name).is_file();
        self.programs.iter().all(there).then_some(folder)
    }

    /// The result, which is made if it is not there and once `prove` has done something with it, given the folder and
    /// another one for scratch. Of several calls at the same time one works and the others wait for it.
    pub(crate) fn install(
        &self,
        project: &Project,
        prove: impl FnOnce(&Path, &Path) -> Result<(), Error>,
    ) -> Result<PathBuf, Error> {
        if let Some(ready) = self.find(project) {
            return Ok(ready);
        }
        let architecture = suitable()?;
        let folder = project.cache.join(self.name);
        std::fs::create_dir_all(&folder).map_err(file("create", &folder))?;
        let lock = folder.join("lock");
        let held = File::create(&lock).map_err(file("create", &lock))?;
        held.lock().map_err(file("lock", &lock))?;
        if let Some(ready) = self.find(project) {
            return Ok(ready);
        }
        let began = Instant::now();
        remove_partial(&folder)?;
        let partial = tempfile::Builder::new().prefix(PARTIAL).tempdir_in(&folder);
        let partial = partial.map_err(file("create a folder in", &folder))?;
        let scratch = partial.path().join("scratch");
        let packages = self.download(&scratch)?;
        self.unpack(&packages, &partial.path().join("root"))?;
        self.write_wrappers(partial.path(), &architecture)?;
        eprintln!("{} 4/4: trying it out", self.about);
        prove(partial.path(), &scratch)?;
        std::fs::remove_dir_all(&scratch).map_err(file("remove", &scratch))?;
        let ready = self.folder(project);
        std::fs::rename(partial.path(), &ready).map_err(file("move it to", &ready))?;
        eprintln!(
            "{} ready in `{}` after {:.0} s",
            self.about,
            ready.display(),
            began.elapsed().as_secs_f64()
        );
        Ok(ready)
    }

    /// Downloads the packages from the first mirror that has them, signatures checked, and returns their files.
    fn download(&self, scratch: &Path) -> Result<Vec<PathBuf>, Error> {
        let mut failure = Error::Unsuitable("no mirror is known".to_owned());
        for mirror in mirror::mirrors() {
            match self.download_from(&mirror, scratch) {
                Ok(packages) => return Ok(packages),
                Err(error) => {
                    eprintln!("mirror {mirror}: {error}");
                    failure = error;
                }
            }
        }
        Err(failure)
    }

    fn download_from(&self, mirror: &str, scratch: &Path) -> Result<Vec<PathBuf>, Error> {
        let packages = scratch.join("packages");
        let (lists, cache) = (scratch.join("lists"), scratch.join("cache"));
        for folder in [&packages, &lists.join("partial"), &cache.join("archives/partial")] {
            std::fs::create_dir_all(folder).map_err(file("create", folder))?;
        }
        let sources = scratch.join("trixie.sources");
        let stanza =
            format!("Types: deb\nURIs: {mirror}\nSuites: trixie\nComponents: main\nSigned-By: {KEYRING}\n");
        std::fs::write(&sources, stanza).map_err(file("write", &sources))?;
        let apt = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            let options = [
                format!("Dir::Etc::SourceList={}", sources.display()),
                "Dir::Etc::SourceParts=/dev/null".to_owned(),
                "Dir::Etc::Preferences=/dev/null".to_owned(),
                "Dir::Etc::PreferencesParts=/dev/null".to_owned(),
                format!("Dir::State={}", scratch.display()),
                "Dir::State::Status=/dev/null".to_owned(),
                format!("Dir::State::Lists={}", lists.display()),
                format!("Dir::Cache={}", cache.display()),
                // apt's own user may not enter the cache folder of whoever runs this.
                "APT::Sandbox::User=root".to_owned(),
                "APT::Update::Error-Mode=any".to_owned(),
                "Acquire::Languages=none".to_owned(),
                "Acquire::Retries=3".to_owned(),
            ];
            for option in options {
                command.arg("-o").arg(option);
            }
            command
                .env("LC_ALL", "C")
                .current_dir(&packages)
                .arg("-q")
                .args(arguments);
            process::run(&mut command)
        };
        eprintln!(
            "{} 1/4: reading the list of Debian 13's packages from {mirror}",
            self.about
        );
        apt(&["update"])?;
        eprintln!(
            "{} 2/4: downloading {} packages, about {} MB",
            self.about,
            self.packages.len(),
            self.megabytes
        );
        let mut arguments = vec!["download"];
        arguments.extend(self.packages);
        apt(&arguments)?;
        let entries = std::fs::read_dir(&packages).map_err(file("read", &packages))?;
        Ok(entries.flatten().map(|entry| entry.path()).collect())
    }

    fn unpack(&self, packages: &[PathBuf], root: &Path) -> Result<(), Error> {
        eprintln!("{} 3/4: unpacking them", self.about);
        for package in packages {
            process::output(Command::new("dpkg-deb").arg("--extract").arg(package).arg(root))?;
            std::fs::remove_file(package).map_err(file("remove", package))?;
        }
        Ok(())
    }

    /// Writes the programs that start those in `root` with the libraries there. They find it from where they lie.
    fn write_wrappers(&self, folder: &Path, architecture: &Architecture) -> Result<(), Error> {
        let Architecture { triplet, loader } = architecture;
        let bin = folder.join("bin");
        std::fs::create_dir_all(&bin).map_err(file("create", &bin))?;
        for Program {
            name,
            path: program,
            arguments,
        } in self.programs
        {
            let path = bin.join(name);
            let script = format!(
                "#!/bin/sh\n\
                 root=$(dirname -- \"$(dirname -- \"$(readlink -f -- \"$0\")\")\")/root\n\
                 lib=$root/usr/lib/{triplet}\n\
                 exec \"$lib/{loader}\" --library-path \"$lib:$root/usr/lib/llvm-19/lib\" --argv0 {name} \
                 \"$root/{program}\"{arguments} \"$@\"\n"
            );
            let mut wrapper = File::create(&path).map_err(file("create", &path))?;
            wrapper
                .write_all(script.as_bytes())
                .map_err(file("write", &path))?;
            wrapper
                .set_permissions(Permissions::from_mode(0o755))
                .map_err(file("make executable", &path))?;
        }
        Ok(())
    }
}

/// What differs between machines.
struct Architecture {
    /// The folder of libraries.
    triplet: &'static str,
    /// The dynamic loader in it.
    loader: &'static str,
}

/// Whether this machine is one that the recipe works on, and which.
fn suitable() -> Result<Architecture, Error> {
    let system = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    if !system.lines().any(|line| line.trim() == "ID=debian") {
        return Err(Error::Unsuitable("this machine does not run Debian".to_owned()));
    }
    for program in ["apt-get", "dpkg-deb", "cc"] {
        if !has_program(program) {
            let reason = format!("`{program}` is missing: install the Debian packages apt, dpkg and gcc");
            return Err(Error::Unsuitable(reason));
        }
    }
    if !Path::new(KEYRING).is_file() {
        let reason = format!("`{KEYRING}` is missing: install the Debian package debian-archive-keyring");
        return Err(Error::Unsuitable(reason));
    }
    match std::env::consts::ARCH {
        "x86_64" => Ok(Architecture {
            triplet: "x86_64-linux-gnu",
            loader: "ld-linux-x86-64.so.2",
        }),
        "aarch64" => Ok(Architecture {
            triplet: "aarch64-linux-gnu",
            loader: "ld-linux-aarch64.so.1",
        }),
        other => Err(Error::Unsuitable(format!(
            "the recipe knows x86_64 and aarch64, and this machine is {other}"
        ))),
    }
}

fn remove_partial(folder: &Path) -> Result<(), Error> {
    let entries = std::fs::read_dir(folder).map_err(file("read", folder))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            std::fs::remove_dir_all(entry.path()).map_err(file("remove", &entry.path()))?;
        }
    }
    Ok(())
}

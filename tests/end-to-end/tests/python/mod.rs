//! python-tuf, the reference implementation of The Update Framework, in an environment of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What is installed. Its dependencies follow.
const REQUIREMENTS: [&str; 2] = ["tuf==6.0.0", "securesystemslib[crypto]==1.3.0"];

/// Follows a chain of roots as TUF's specification says: each is signed by the one before and by itself.
const FOLLOW: &str = "
import sys
from tuf.api.metadata import Metadata, Root
before = None
for path in sys.argv[1:]:
    root = Metadata[Root].from_file(path)
    if before is not None:
        assert root.signed.version == before.signed.version + 1, 'a version is missing'
        before.signed.verify_delegate('root', root.signed_bytes, root.signatures)
    root.signed.verify_delegate('root', root.signed_bytes, root.signatures)
    before = root
print(before.signed.version)
";

/// Asserts that python-tuf follows these roots, and that it does not when one of them is left out.
pub(crate) fn tuf_follows(roots: &[PathBuf; 3]) {
    let python = environment();
    let run = |roots: &[&PathBuf]| {
        Command::new(&python)
            .args(["-c", FOLLOW])
            .args(roots)
            .output()
            .unwrap()
    };
    let [first, second, third] = roots;
    let followed = run(&[first, second, third]);
    assert!(followed.status.success(), "{}", said(&followed));
    assert_eq!(String::from_utf8_lossy(&followed.stdout).trim(), "3");
    assert!(!run(&[first, third]).status.success());
}

/// The interpreter of the environment, which is made if it is not there.
fn environment() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("python-tuf");
    let python = folder.join("bin/python");
    let works = |python: &Path| {
        Command::new(python)
            .args(["-c", "import tuf.api.metadata"])
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if works(&python) {
        return python;
    }
    let made = Command::new("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .output();
    let hint = "run `apt-get install python3 python3-venv` as root";
    let made = made.unwrap_or_else(|error| panic!("python3 is needed for python-tuf ({error}); {hint}"));
    assert!(
        made.status.success(),
        "`python3 -m venv` is needed for python-tuf; {hint}: {}",
        said(&made)
    );
    let installed = Command::new(&python)
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
        .args(REQUIREMENTS)
        .output()
        .unwrap();
    assert!(
        installed.status.success(),
        "python-tuf could not be installed: {}",
        said(&installed)
    );
    assert!(works(&python), "python-tuf was installed and does not work");
    python
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

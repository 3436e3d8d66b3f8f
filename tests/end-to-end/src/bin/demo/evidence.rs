//! What can be proven afterwards.

use std::collections::BTreeSet;
use std::fs;

use aecp_end_to_end::error::Error;
use aecp_end_to_end::site::Site;

use crate::attacks::flip_a_byte;
use crate::came_out;

/// Every answered request is in the log, the log verifies, and a changed byte does not get through.
pub(crate) async fn verify(site: &Site, answered: &BTreeSet<String>) -> Result<(), Error> {
    let evidence = site.path("evidence").display().to_string();
    let missing = site
        .wait_until("every answered request is in the log", || {
            let shown = site
                .tools
                .aecp(["evidence", "show", &evidence, "--format", "json"])?;
            let missing = answered.iter().filter(|id| !shown.contains(id.as_str())).count();
            Ok((missing == 0).then_some(missing))
        })
        .await?;
    came_out(&format!(
        "{} answered requests, {missing} missing from the log",
        answered.len()
    ));

    let key = site.log_verifier()?;
    let verify = |folder: &str| site.tools.try_aecp(["evidence", "verify", folder, "--key", &key]);
    let (status, output, errors) = verify(&evidence)?;
    Error::unless(status == Some(0), || {
        format!("the evidence does not verify: {output}{errors}")
    })?;
    for line in output.lines() {
        anstream::println!("     {line}");
    }
    came_out("the evidence verifies with the key from the enrolment");

    let copy = site.path("evidence-tampered");
    crate::attacks::copy_folder(&site.path("evidence"), &copy)?;
    let entries = first_file(&copy.join("tile/entries"))?;
    flip_a_byte(&entries)?;
    let (status, output, errors) = verify(&copy.display().to_string())?;
    let said = format!("{output}{errors}");
    Error::unless(status == Some(1), || {
        format!("a changed byte in {} was not found: {said}", entries.display())
    })?;
    Error::unless(said.contains("tile/entries"), || {
        format!("the changed place is not named: {said}")
    })?;
    came_out(&format!(
        "a changed byte is found: {}",
        said.lines()
            .find(|line| line.contains("tile/entries"))
            .unwrap_or_default()
    ));
    fs::remove_dir_all(&copy).map_err(Error::system("removing the copy"))
}

/// Some file below a folder.
fn first_file(folder: &std::path::Path) -> Result<std::path::PathBuf, Error> {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .map_err(Error::system(format!("reading {}", folder.display())))?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect();
    entries.sort();
    match entries.into_iter().next() {
        Some(path) if path.is_dir() => first_file(&path),
        Some(path) => Ok(path),
        None => Err(Error::Unexpected(format!("{} is empty", folder.display()))),
    }
}

//! What goes on while the enforcement point is at work.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use aecp_end_to_end::client::{Client, Load, Tally};
use aecp_end_to_end::error::Error;
use aecp_end_to_end::site::{Site, TAG, release_file};
use aecp_end_to_end::tokens::IdentityProvider;
use aecp_end_to_end::tools::repository;
use aecp_trust::Digest;
use aecp_trust::handover::{Answer as Verdict, Delivery, Limits, Offer};
use hyper::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use crate::came_out;
use crate::requests::{bad_read, good_read};

/// How many clients send at once.
const WORKERS: usize = 4;

/// Releases a stricter residency package while requests are answered: none fails, and each is decided by the old or
/// the new bundle.
pub(crate) async fn release_under_load(
    site: &Site,
    identity: &IdentityProvider,
    address: SocketAddr,
) -> Result<(), Error> {
    let call = good_read(identity)?;
    let load = Load::start(address, &call, WORKERS);
    let folder = site.path("eu_residency_strict");
    copy_folder(&repository().join("policies/eu_residency"), &folder)?;
    for entry in fs::read_dir(&folder).map_err(Error::system("reading the package"))? {
        let path = entry.map_err(Error::system("reading the package"))?.path();
        if path.extension().is_some_and(|extension| extension == "aecp") {
            let text = fs::read_to_string(&path).map_err(Error::system("reading the package"))?;
            let text = text.replace("VERSION: \"1.0.0\"", "VERSION: \"1.1.0\"");
            let text = text.replace("[\"eu-west-1\", \"eu-central-1\"]", "[\"eu-central-1\"]");
            // The package's tests say what it says.
            let text = text.replace("\"eu-west-1\"", "\"eu-central-1\"");
            fs::write(&path, text).map_err(Error::system("writing the package"))?;
        }
    }
    site.publish_package(&folder, "eu_residency_strict")?;
    site.release(identity, "eu_residency_strict")?;
    site.wait_for_epoch(2).await?;
    // The old bundle let this read through, the new one does not.
    let after = Client::new(address).send(&call).await?;
    let tally = load.stop().await;
    Error::unless(tally.failures.is_empty(), || {
        format!(
            "{} requests failed: {:?}",
            tally.failures.len(),
            tally.failures.first()
        )
    })?;
    let count = |status| {
        tally
            .answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    let (allowed, denied) = (count(StatusCode::OK), count(StatusCode::FORBIDDEN));
    Error::unless(allowed.saturating_add(denied) == tally.answers.len(), || {
        "a request got another answer".to_owned()
    })?;
    Error::unless(allowed > 0, || {
        "no request was decided by the old bundle".to_owned()
    })?;
    Error::unless(after.status == StatusCode::FORBIDDEN, || {
        format!("the new bundle does not hold: {}", after.json)
    })?;
    came_out(&format!(
        "{} requests, none failed: {allowed} allowed by epoch 1, {denied} denied by epoch 2",
        tally.answers.len()
    ));
    // Back to the first package, for what follows.
    site.release(identity, "eu_residency")?;
    site.wait_for_epoch(3).await?;
    came_out("epoch 3 brings the first package back");
    Ok(())
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(Error::system("making a folder"))?;
    for entry in fs::read_dir(from).map_err(Error::system("reading a folder"))? {
        let entry = entry.map_err(Error::system("reading a folder"))?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target).map_err(Error::system("copying a file"))?;
        }
    }
    Ok(())
}

/// Changes one byte of a component: in the registry, where the digest gives it away to the agent, and in a handover
/// folder, where the gateway itself sees it.
pub(crate) async fn tamper(
    site: &Site,
    identity: &IdentityProvider,
    address: SocketAddr,
) -> Result<(), Error> {
    let component =
        fs::read(site.path("eu_residency_strict.wasm")).map_err(Error::system("reading a component"))?;
    let digest = Digest::of(&component);
    // The release is made beside the registry, so that the attacker is faster than the agent.
    copy_folder(&site.path("registry"), &site.path("tampered"))?;
    site.release_into("tampered", &release_file(identity, "eu_residency_strict"))?;
    let blob = format!("blobs/sha256/{}", digest.hex());
    flip_a_byte(&site.path("tampered").join(&blob))?;
    fs::copy(
        site.path("tampered").join(&blob),
        site.path("registry").join(&blob),
    )
    .map_err(Error::system("tampering"))?;
    copy_folder(&site.path("tampered").join("blobs"), &site.path("registry/blobs"))?;
    fs::rename(site.path("tampered/index.json"), site.path("registry/index.json"))
        .map_err(Error::system("tampering"))?;
    let named = digest.to_string();
    site.wait_until(&format!("the agent names {named}"), || {
        let log = fs::read_to_string(site.path("aecpd.log")).map_err(Error::system("reading aecpd.log"))?;
        Ok(log.lines().any(|line| line.contains(&named)).then_some(()))
    })
    .await?;
    came_out(&format!("in the registry: the agent refuses {named}"));

    let (code, reason) = offer_tampered(site, digest).await?;
    Error::unless(reason.contains(&named), || {
        format!("refused, but not by name: {code}: {reason}")
    })?;
    came_out(&format!("at the gateway: {code}: {reason}"));
    still_decides(site, identity, address, 3).await
}

/// Plays an agent that somebody has taken over.
async fn offer_tampered(site: &Site, digest: Digest) -> Result<(String, String), Error> {
    let trust = |error: &dyn std::fmt::Display| Error::Unexpected(error.to_string());
    let mut delivery = Delivery::default();
    let layout = site.path("tampered");
    fs::write(
        layout.join("index.json"),
        fs::read(site.path("registry/index.json")).map_err(Error::system("reading"))?,
    )
    .map_err(Error::system("writing"))?;
    for (name, bytes) in bundle_files(&layout)? {
        delivery.add_file(&name, bytes);
    }
    Error::unless(delivery.blobs.contains_key(&digest), || {
        "the bundle does not hold the component".to_owned()
    })?;
    let folder = site.path("tampered-handover");
    delivery.write(&folder).map_err(|error| trust(&error))?;
    Delivery::read(&folder, &Limits::default()).map_err(|error| trust(&error))?;

    let stream = UnixStream::connect(site.offers())
        .await
        .map_err(Error::system("connecting to the gateway"))?;
    let (read, mut write) = stream.into_split();
    let line = Offer { folder }.to_line();
    write
        .write_all(line.as_bytes())
        .await
        .map_err(Error::system("offering"))?;
    let mut answer = String::new();
    BufReader::new(read)
        .read_line(&mut answer)
        .await
        .map_err(Error::system("reading the answer"))?;
    match Verdict::from_line(&answer).map_err(|error| trust(&error))? {
        Verdict::Refused { code, reason, .. } => Ok((code, reason)),
        other => Err(Error::Unexpected(format!(
            "the gateway took a tampered component: {other:?}"
        ))),
    }
}

/// The files of the bundle under the tag, as they lie in the layout, whatever their digests.
fn bundle_files(layout: &Path) -> Result<Vec<(String, Vec<u8>)>, Error> {
    let json = |path: &Path| -> Result<Value, Error> {
        let bytes = fs::read(path).map_err(Error::system(format!("reading {}", path.display())))?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Unexpected(error.to_string()))
    };
    let blob = |digest: &Value| {
        let hex = digest
            .as_str()
            .and_then(|digest| digest.strip_prefix("sha256:"))
            .unwrap_or_default();
        layout.join("blobs/sha256").join(hex)
    };
    let index = json(&layout.join("index.json"))?;
    let mut files = Vec::new();
    for tag in [TAG.to_owned(), format!("{TAG}.freshness")] {
        let manifests = index.get("manifests").and_then(Value::as_array);
        let named = |entry: &&Value| {
            entry
                .pointer("/annotations/org.opencontainers.image.ref.name")
                .and_then(Value::as_str)
                == Some(&tag)
        };
        let manifest = manifests.and_then(|entries| entries.iter().find(named));
        let manifest = manifest.and_then(|entry| entry.get("digest")).map(blob);
        let manifest = json(&manifest.ok_or_else(|| Error::Unexpected(format!("no tag {tag}")))?)?;
        for layer in manifest
            .get("layers")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let title = layer
                .pointer("/annotations/org.opencontainers.image.title")
                .and_then(Value::as_str);
            let path = layer.get("digest").map(blob).unwrap_or_default();
            let bytes = fs::read(&path).map_err(Error::system(format!("reading {}", path.display())))?;
            files.push((title.unwrap_or_default().to_owned(), bytes));
        }
    }
    Ok(files)
}

/// Changes one bit in the middle of a file.
pub(crate) fn flip_a_byte(path: &Path) -> Result<(), Error> {
    let mut bytes = fs::read(path).map_err(Error::system(format!("reading {}", path.display())))?;
    let middle = bytes.len().checked_div(2).unwrap_or_default();
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    fs::write(path, bytes).map_err(Error::system(format!("writing {}", path.display())))
}

async fn still_decides(
    site: &Site,
    identity: &IdentityProvider,
    address: SocketAddr,
    epoch: u64,
) -> Result<(), Error> {
    let status = site.status().await?;
    let running = status.json.pointer("/bundle/epoch").and_then(Value::as_u64);
    Error::unless(running == Some(epoch), || {
        format!("epoch {epoch} should run: {}", status.json)
    })?;
    let client = Client::new(address);
    let (good, bad) = (
        client.send(&good_read(identity)?).await?,
        client.send(&bad_read(identity)?).await?,
    );
    Error::unless(good.status == StatusCode::OK, || {
        format!("a good request was not allowed: {}", good.json)
    })?;
    Error::unless(bad.status == StatusCode::FORBIDDEN, || {
        format!("a bad request was not denied: {}", bad.json)
    })?;
    came_out(&format!("epoch {epoch} still decides"));
    Ok(())
}

/// Kills the agent.
pub(crate) async fn kill_agent(
    site: &Site,
    identity: &IdentityProvider,
    address: SocketAddr,
) -> Result<(), Error> {
    let before = site.process_of("agent")?;
    site.kill("agent")?;
    still_decides(site, identity, address, 3).await?;
    let again = |_: ()| site.process_of("agent").ok().filter(|process| *process != before);
    site.wait_until("the agent is started again", || Ok(again(())))
        .await?;
    came_out("the agent has been started again");
    Ok(())
}

/// Kills the gateway under load. Gives its new address, and the ids of all requests that were answered.
pub(crate) async fn kill_gateway(
    site: &Site,
    identity: &IdentityProvider,
    address: SocketAddr,
) -> Result<(SocketAddr, BTreeSet<String>), Error> {
    let load = Load::start(address, &good_read(identity)?, WORKERS);
    let client = Client::new(address);
    // The load is under way when others have been served meanwhile.
    for _ in 0..200 {
        client.send(&bad_read(identity)?).await?;
    }
    let before = site.process_of("gateway")?;
    site.kill("gateway")?;
    let Tally { answers, failures } = load.stop().await;
    site.wait_until("the gateway is started again", || {
        Ok(site
            .process_of("gateway")
            .ok()
            .filter(|process| *process != before))
    })
    .await?;
    let address = site.wait_for_epoch(3).await?;
    let answered: BTreeSet<String> = answers
        .into_iter()
        .filter_map(|answer| answer.request_id)
        .collect();
    Error::unless(!answered.is_empty(), || {
        "nothing was answered before the gateway was killed".to_owned()
    })?;
    came_out(&format!(
        "{} requests were answered before, {} had no answer",
        answered.len(),
        failures.len()
    ));
    still_decides(site, identity, address, 3).await?;
    Ok((address, answered))
}

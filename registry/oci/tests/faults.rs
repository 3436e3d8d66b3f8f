//! Registries that lie, truncate, stall, lead elsewhere or never end; and connections to real ones that break.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aecp_oci::copy::{Options as CopyOptions, Wanted, copy};
use aecp_oci::registry::{Credential, Options, Patience, RegistryError};
use aecp_oci::testing::RealRegistry;
use aecp_oci::{Descriptor, Digest, Error, Layout, Limits, Reference, Registry, Store, media};
use common::faulty::{Artifact, Breaking, Faulty, Request, answer, head};
use common::{layout, tag};

const WANTED: &[u8] = b"\0asm the component that is wanted";

fn impatient() -> Options {
    Options {
        patience: Patience {
            connect: Duration::from_secs(5),
            stall: Duration::from_millis(300),
            pace: 1 << 20,
            attempts: 3,
        },
        ..Options::default()
    }
}

fn client(server: &Faulty, options: Options) -> Registry {
    Registry::new(server.repository().parse().unwrap(), options).unwrap()
}

fn artifact() -> Artifact {
    Artifact::new(Descriptor::of(media::WASM, WANTED))
}

/// Copies tag `eu` into a new layout, which must not show anything of it if that fails.
fn pull(from: &Registry, limits: Limits) -> Result<(tempfile::TempDir, Layout), Error> {
    let (folder, to) = layout();
    let options = CopyOptions {
        limits,
        ..CopyOptions::default()
    };
    let wanted = [Wanted::from(Reference::from(tag("eu")))];
    match copy(from, &to, &wanted, &options) {
        Ok(_) => Ok((folder, to)),
        Err(error) => {
            assert!(to.entries().unwrap().is_empty(), "a broken artifact is listed");
            let layer = Descriptor::of(media::WASM, WANTED);
            assert!(!to.has_blob(&layer).unwrap(), "a broken blob is visible");
            let temporary = folder.path().join(".tmp");
            let left = temporary.read_dir().map_or(0, Iterator::count);
            assert_eq!(left, 0, "something half is left");
            Err(error)
        }
    }
}

fn refusal(server: &Faulty) -> Error {
    let began = Instant::now();
    let error = pull(&client(server, impatient()), Limits::default()).unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(20), "{error}");
    error
}

fn registry_error(error: &Error) -> &RegistryError {
    match error {
        Error::Registry(inner) => inner,
        other => panic!("{other}"),
    }
}

#[test]
fn other_bytes_than_the_digest_names_are_refused() {
    let server = Faulty::with_artifact(artifact(), |_, stream| {
        let mut bytes = WANTED.to_vec();
        bytes[7] ^= 1;
        answer(stream, "200 OK", &[], &bytes)
    });
    let error = refusal(&server);
    assert!(matches!(error, Error::WrongDigest { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&server.repository().replace("/a", "/v2/a")),
        "{error}"
    );
}

#[test]
fn another_manifest_than_the_tag_named_is_refused() {
    let (said, given) = (artifact(), Artifact::new(Descriptor::of(media::WASM, b"other")));
    let server = Faulty::start(move |request, stream| {
        let shown = if request.method == "HEAD" { &said } else { &given };
        shown.manifest(request, stream)
    });
    let error = refusal(&server);
    assert!(
        matches!(error, Error::WrongSize { .. } | Error::WrongDigest { .. }),
        "{error}"
    );
}

/// Gives the first half, and then what `more` does.
fn half(stream: &mut TcpStream, more: impl Fn(&mut TcpStream) -> std::io::Result<()>) -> std::io::Result<()> {
    head(stream, "200 OK", &[], Some(WANTED.len() as u64))?;
    stream.write_all(&WANTED[..10])?;
    stream.flush()?;
    more(stream)
}

#[test]
fn content_that_always_ends_too_early_is_refused() {
    let server = Faulty::with_artifact(artifact(), |_, stream| half(stream, |_| Ok(())));
    let error = refusal(&server);
    assert!(
        matches!(registry_error(&error), RegistryError::Unreachable { .. }),
        "{error}"
    );
    let shorter = Faulty::with_artifact(artifact(), |_, stream| {
        answer(stream, "200 OK", &[], &WANTED[..10])
    });
    let error = refusal(&shorter);
    assert!(matches!(error, Error::WrongSize { .. }), "{error}");
}

#[test]
fn content_that_broke_off_goes_on_where_it_was() {
    let server = Faulty::with_artifact(artifact(), |request, stream| match request.header("range") {
        None => half(stream, |_| Ok(())),
        Some(range) => {
            assert_eq!(range, "bytes=10-");
            let said = format!("bytes 10-{}/{}", WANTED.len() - 1, WANTED.len());
            answer(
                stream,
                "206 Partial Content",
                &[("Content-Range", &said)],
                &WANTED[10..],
            )
        }
    });
    let (_folder, local) = pull(&client(&server, impatient()), Limits::default()).unwrap();
    assert_eq!(local.fetch(&artifact().layer, 100).unwrap(), WANTED);
}

#[test]
fn content_that_broke_off_begins_anew_where_ranges_are_unknown() {
    let server = Faulty::with_artifact(artifact(), |request, stream| match request.header("range") {
        None => half(stream, |_| Ok(())),
        Some(_) => answer(stream, "200 OK", &[], WANTED),
    });
    let (_folder, local) = pull(&client(&server, impatient()), Limits::default()).unwrap();
    assert_eq!(local.fetch(&artifact().layer, 100).unwrap(), WANTED);
    // Another part than was asked for is not taken for the right one.
    let server = Faulty::with_artifact(artifact(), |request, stream| match request.header("range") {
        None => half(stream, |_| Ok(())),
        Some(_) => answer(
            stream,
            "206 Partial Content",
            &[("Content-Range", "bytes 5-9/10")],
            &WANTED[5..],
        ),
    });
    let error = refusal(&server);
    assert!(
        matches!(registry_error(&error), RegistryError::Answer { .. }),
        "{error}"
    );
}

#[test]
fn a_registry_that_stalls_is_given_up() {
    let sleep = |_: &mut TcpStream| {
        std::thread::sleep(Duration::from_secs(60));
        Ok(())
    };
    let server = Faulty::with_artifact(artifact(), move |_, stream| half(stream, sleep));
    let error = refusal(&server);
    assert!(
        matches!(registry_error(&error), RegistryError::Stalled { .. }),
        "{error}"
    );
    let silent = Faulty::start(move |_, stream| sleep(stream));
    let error = refusal(&silent);
    assert!(
        matches!(registry_error(&error), RegistryError::Stalled { .. }),
        "{error}"
    );
}

#[test]
fn a_registry_that_drips_is_given_up() {
    let server = Faulty::with_artifact(artifact(), |_, stream| {
        half(stream, |stream| {
            for byte in &WANTED[10..] {
                std::thread::sleep(Duration::from_millis(100));
                stream.write_all(&[*byte])?;
            }
            Ok(())
        })
    });
    let error = refusal(&server);
    assert!(error.to_string().contains("all of it has not come"), "{error}");
}

/// Writes zeros until nobody wants them any more, and counts them.
fn endless(stream: &mut TcpStream, written: &AtomicU64) -> std::io::Result<()> {
    let zeros = [0; 64 * 1024];
    loop {
        stream.write_all(&zeros)?;
        written.fetch_add(zeros.len() as u64, Ordering::SeqCst);
    }
}

#[test]
fn ten_gigabytes_of_manifest_are_not_read() {
    const SIZE: u64 = 10 << 30;
    // The registry says so.
    let honest = Faulty::start(|_, stream| {
        let digest = Digest::of(b"x").to_string();
        let headers = [
            ("Content-Type", media::MANIFEST),
            ("Docker-Content-Digest", digest.as_str()),
        ];
        head(stream, "200 OK", &headers, Some(SIZE))
    });
    let error = refusal(&honest);
    assert!(matches!(error, Error::TooLarge { size: SIZE, .. }), "{error}");
    assert!(honest.requests().iter().all(|request| request.method == "HEAD"));
    // The registry says something else, or nothing.
    for with_digest in [true, false] {
        let written = Arc::new(AtomicU64::new(0));
        let count = written.clone();
        let server = Faulty::start(move |request, stream| {
            let digest = Digest::of(b"x").to_string();
            let mut headers = vec![("Content-Type", media::MANIFEST)];
            if with_digest {
                headers.push(("Docker-Content-Digest", digest.as_str()));
            }
            if request.method == "HEAD" {
                return head(stream, "200 OK", &headers, with_digest.then_some(500));
            }
            head(stream, "200 OK", &headers, None)?;
            endless(stream, &count)
        });
        let error = refusal(&server);
        assert!(
            matches!(error, Error::WrongSize { .. })
                || matches!(registry_error(&error), RegistryError::Answer { .. }),
            "{error}"
        );
        assert!(written.load(Ordering::SeqCst) < 64 << 20);
    }
}

#[test]
fn layers_are_neither_unpacked_nor_read_beyond_their_size() {
    let packed = Faulty::with_artifact(artifact(), |_, stream| {
        answer(
            stream,
            "200 OK",
            &[("Content-Encoding", "gzip")],
            &[0x1f, 0x8b, 8, 0],
        )
    });
    let error = refusal(&packed);
    assert!(error.to_string().contains("compressed"), "{error}");
    let written = Arc::new(AtomicU64::new(0));
    let count = written.clone();
    let bomb = Faulty::with_artifact(artifact(), move |_, stream| {
        head(stream, "200 OK", &[], None)?;
        endless(stream, &count)
    });
    let error = refusal(&bomb);
    assert!(matches!(error, Error::WrongSize { .. }), "{error}");
    assert!(written.load(Ordering::SeqCst) < 64 << 20);
    // A layer that announces too much is not asked for.
    let mut layer = Descriptor::of(media::WASM, WANTED);
    layer.size = 10 << 30;
    let honest = Faulty::with_artifact(Artifact::new(layer), |_, stream| {
        answer(stream, "500 No", &[], b"")
    });
    let error = refusal(&honest);
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    assert!(
        honest
            .requests()
            .iter()
            .all(|request| !request.path.contains("/blobs/"))
    );
}

fn anna() -> Options {
    Options {
        credential: Some(Credential::Password {
            username: "anna".into(),
            password: "secret".into(),
        }),
        ..impatient()
    }
}

/// Lets in whoever shows `header`, and asks others with `challenge`.
fn guarded(
    request: &Request,
    stream: &mut TcpStream,
    header: &str,
    challenge: &str,
) -> Option<std::io::Result<()>> {
    if request.header("authorization") == Some(header) {
        return None;
    }
    Some(answer(
        stream,
        "401 Unauthorized",
        &[("WWW-Authenticate", challenge)],
        b"",
    ))
}

const ANNA: &str = "Basic YW5uYTpzZWNyZXQ=";

#[test]
fn credentials_stay_where_they_belong_when_content_is_elsewhere() {
    let elsewhere = Faulty::start(|request, stream| {
        assert_eq!(request.path, "/bucket/x?signature=y");
        answer(stream, "200 OK", &[], WANTED)
    });
    let target = format!("http://{}/bucket/x?signature=y", elsewhere.address);
    let artifact_here = artifact();
    let server = Faulty::start(move |request, stream| {
        if let Some(answered) = guarded(request, stream, ANNA, "Basic realm=\"x\"") {
            return answered;
        }
        if request.path.contains("/manifests/sha256-") || request.path.contains("/referrers/") {
            answer(stream, "404 Not Found", &[], b"")
        } else if request.path.contains("/manifests/") {
            artifact_here.manifest(request, stream)
        } else if request.path.contains(&artifact_here.config.digest.to_string()) {
            answer(stream, "200 OK", &[], media::EMPTY_BYTES)
        } else {
            answer(stream, "307 Temporary Redirect", &[("Location", &target)], b"")
        }
    });
    let (_folder, local) = pull(&client(&server, anna()), Limits::default()).unwrap();
    assert_eq!(local.fetch(&artifact().layer, 100).unwrap(), WANTED);
    let seen = elsewhere.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("authorization"), None);
    assert!(
        server
            .requests()
            .iter()
            .any(|request| request.header("authorization") == Some(ANNA))
    );
}

#[test]
fn who_asks_for_credentials_elsewhere_gets_none() {
    let elsewhere = Faulty::start(|_, stream| {
        answer(
            stream,
            "401 Unauthorized",
            &[("WWW-Authenticate", "Basic realm=\"x\"")],
            b"",
        )
    });
    let target = format!("http://{}/x", elsewhere.address);
    let server = Faulty::with_artifact(artifact(), move |_, stream| {
        answer(stream, "307 Temporary Redirect", &[("Location", &target)], b"")
    });
    let error = pull(&client(&server, anna()), Limits::default()).unwrap_err();
    assert!(
        matches!(registry_error(&error), RegistryError::Refused { status: 401, .. }),
        "{error}"
    );
    assert!(
        elsewhere
            .requests()
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn ways_that_lead_astray_are_not_gone() {
    for (location, reason) in [
        (
            "http://169.254.169.254/latest/meta-data",
            "plain HTTP leads to no other host",
        ),
        ("ftp://files.example/x", "neither http nor https"),
        ("http://user@127.0.0.1/x", "user's name"),
    ] {
        let server = Faulty::with_artifact(artifact(), move |_, stream| {
            answer(stream, "302 Found", &[("Location", location)], b"")
        });
        let error = refusal(&server);
        assert!(
            matches!(registry_error(&error), RegistryError::Redirected { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(reason), "{error}");
    }
    let server = Faulty::with_artifact(artifact(), |request, stream| {
        answer(stream, "302 Found", &[("Location", &request.path)], b"")
    });
    assert!(refusal(&server).to_string().contains("five redirections"));
    let server = Faulty::start(|request, stream| match request.method.as_str() {
        "POST" => answer(
            stream,
            "202 Accepted",
            &[("Location", "http://127.0.0.9:1/x")],
            b"",
        ),
        _ => answer(stream, "404 Not Found", &[], b""),
    });
    let error = client(&server, anna()).put_blob(media::WASM, WANTED).unwrap_err();
    assert!(
        error.to_string().contains("uploads go to no other host"),
        "{error}"
    );
}

#[test]
fn a_token_is_fetched_renewed_and_shown_to_the_registry_alone() {
    let given = Arc::new(AtomicUsize::new(0));
    let count = given.clone();
    let service = Faulty::start(move |request, stream| {
        assert_eq!(request.path, "/token?service=here&scope=repository%3Aa%3Apull");
        assert_eq!(request.header("authorization"), Some(ANNA));
        let number = count.fetch_add(1, Ordering::SeqCst);
        answer(
            stream,
            "200 OK",
            &[],
            format!("{{\"access_token\": \"t{number}\"}}").as_bytes(),
        )
    });
    let challenge = format!(
        "Bearer realm=\"http://{}/token\",service=\"here\",scope=\"repository:a:pull\"",
        service.address
    );
    let artifact_here = artifact();
    let valid = given.clone();
    let server = Faulty::start(move |request, stream| {
        // Each token is good until there is another one; the first look asks for one.
        let token = format!("Bearer t{}", valid.load(Ordering::SeqCst).wrapping_sub(1));
        match guarded(request, stream, &token, &challenge) {
            Some(answered) => answered,
            None => artifact_here.manifest(request, stream),
        }
    });
    let remote = client(&server, anna());
    assert!(remote.resolve(&tag("eu").into()).is_ok());
    assert!(remote.resolve(&tag("eu").into()).is_ok());
    assert_eq!(given.load(Ordering::SeqCst), 1);
    // It has expired.
    given.fetch_add(1, Ordering::SeqCst);
    assert!(remote.resolve(&tag("eu").into()).is_ok());
    assert_eq!(given.load(Ordering::SeqCst), 3);
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.header("authorization") != Some(ANNA))
    );
}

#[test]
fn token_services_that_lead_astray_get_nothing() {
    let elsewhere = Faulty::start(|_, stream| answer(stream, "200 OK", &[], b"{\"token\": \"t\"}"));
    let target = format!("http://{}/token", elsewhere.address);
    let service = Faulty::start(move |_, stream| answer(stream, "302 Found", &[("Location", &target)], b""));
    for (realm, reason) in [
        (
            format!("http://{}/token", service.address),
            "credentials do not go there",
        ),
        (
            "http://auth.example/token".to_owned(),
            "plain HTTP leads to no other host",
        ),
        ("nowhere".to_owned(), "cannot log in"),
    ] {
        let challenge = format!("Bearer realm=\"{realm}\",service=\"here\"");
        let server = Faulty::start(move |_, stream| {
            answer(
                stream,
                "401 Unauthorized",
                &[("WWW-Authenticate", &challenge)],
                b"",
            )
        });
        let error = client(&server, anna()).resolve(&tag("eu").into()).unwrap_err();
        assert!(
            matches!(registry_error(&error), RegistryError::Token { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(reason), "{error}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn not_knowing_what_refers_to_it_is_never_knowing_that_nothing_does() {
    let subject = artifact().descriptor.digest;
    let answers: [(&'static str, &'static str, &'static [u8], bool); 6] = [
        ("500 Broken", "", b"", false),
        ("403 Forbidden", "", b"", false),
        ("200 OK", "", b"<html>welcome</html>", false),
        ("200 OK", "", b"{\"schemaVersion\": 2}", false),
        ("404 Not Found", "503 Busy", b"", false),
        ("404 Not Found", "404 Not Found", b"", true),
    ];
    for (api, tag_status, body, nothing) in answers {
        let server = Faulty::start(move |request, stream| {
            let status = if request.path.contains("/referrers/") {
                api
            } else {
                tag_status
            };
            answer(stream, status, &[("Content-Type", media::INDEX)], body)
        });
        let remote = client(&server, impatient());
        let error = remote
            .envelopes(&subject, media::IN_TOTO, &Limits::default())
            .unwrap_err();
        assert_eq!(
            matches!(error, Error::NoReferrer { .. }),
            nothing,
            "{api}: {error}"
        );
        assert_eq!(
            remote.referrer_candidates(&subject, None).is_ok(),
            nothing,
            "{api}"
        );
    }
}

#[test]
fn a_copy_that_was_cut_off_goes_on_where_it_was() {
    let broken = Arc::new(AtomicUsize::new(1));
    let (artifact_here, still) = (artifact(), broken.clone());
    let server = Faulty::start(move |request, stream| {
        if request.path.contains("/manifests/sha256-") || request.path.contains("/referrers/") {
            answer(stream, "404 Not Found", &[], b"")
        } else if request.path.contains("/manifests/") {
            artifact_here.manifest(request, stream)
        } else if !request.path.contains(&artifact_here.config.digest.to_string()) {
            answer(stream, "200 OK", &[], WANTED)
        } else if still.load(Ordering::SeqCst) > 0 {
            answer(stream, "500 Broken", &[], b"")
        } else {
            answer(stream, "200 OK", &[], media::EMPTY_BYTES)
        }
    });
    let remote = client(&server, impatient());
    let (_folder, local) = layout();
    let wanted = [Wanted::from(Reference::from(tag("eu")))];
    let options = CopyOptions::default();
    assert!(copy(&remote, &local, &wanted, &options).is_err());
    // What came is kept, and nothing points at it yet.
    assert!(local.has_blob(&artifact().layer).unwrap());
    assert!(local.entries().unwrap().is_empty());
    broken.store(0, Ordering::SeqCst);
    let copied = copy(&remote, &local, &wanted, &options).unwrap();
    assert_eq!(copied.stored_bytes, 2);
    let layer = artifact().layer.digest.to_string();
    let asked = server
        .requests()
        .into_iter()
        .filter(|request| request.path.contains(&layer));
    assert_eq!(asked.count(), 1);
    assert!(local.resolve(&tag("eu").into()).is_ok());
}

#[test]
fn a_list_of_referrers_goes_on_and_what_refers_to_something_else_does_not_count() {
    let artifact_here = artifact();
    let subject = artifact_here.descriptor.digest;
    let server = Faulty::start(move |request, stream| {
        if !request.path.contains("/referrers/") {
            return artifact_here.manifest(request, stream);
        }
        let index = serde_json::json!({
            "schemaVersion": 2,
            "mediaType": media::INDEX,
            "manifests": if request.path.contains("last") {
                serde_json::json!([artifact_here.descriptor])
            } else {
                serde_json::json!([])
            },
        });
        let next = format!("<{}?last=x>; rel=\"next\"", request.path);
        let headers: &[(&str, &str)] = if request.path.contains("last") {
            &[]
        } else {
            &[("Link", &next)]
        };
        answer(stream, "200 OK", headers, index.to_string().as_bytes())
    });
    let remote = client(&server, impatient());
    assert_eq!(remote.referrer_candidates(&subject, None).unwrap().len(), 1);
    let error = remote
        .envelopes(&subject, "application/vnd.test", &Limits::default())
        .unwrap_err();
    assert!(matches!(error, Error::NoReferrer { .. }), "{error}");
}

#[test]
fn a_list_of_referrers_without_end_is_not_read_on() {
    let artifact_here = artifact();
    let subject = artifact_here.descriptor.digest;
    let server = Faulty::start(move |request, stream| {
        let entries = vec![&artifact_here.descriptor; 1_000];
        let index = serde_json::json!({ "schemaVersion": 2, "manifests": entries }).to_string();
        let next = format!("<{}>; rel=\"next\"", request.path);
        answer(stream, "200 OK", &[("Link", &next)], index.as_bytes())
    });
    let error = client(&server, impatient())
        .referrer_candidates(&subject, None)
        .unwrap_err();
    assert!(error.to_string().contains("at most 4096"), "{error}");
    assert_eq!(server.requests().len(), 5);
}

#[test]
fn a_registry_in_trouble_is_asked_again_and_then_named() {
    let asked = AtomicUsize::new(0);
    let artifact_here = artifact();
    let server = Faulty::start(
        move |request, stream| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => answer(stream, "503 Busy", &[], b""),
            1 => answer(stream, "429 Slow Down", &[("Retry-After", "0")], b""),
            _ => artifact_here.manifest(request, stream),
        },
    );
    let found = client(&server, impatient()).resolve(&tag("eu").into()).unwrap();
    assert_eq!(found.digest, artifact().descriptor.digest);
    assert_eq!(server.requests().len(), 3);
    let server =
        Faulty::start(|_, stream| answer(stream, "500 Broken", &[], b"{\"errors\": [{\"code\": \"X\"}]}"));
    let error = client(&server, impatient()).tags().unwrap_err().to_string();
    assert!(
        error.contains("500") && error.contains(": X") && error.contains("in trouble"),
        "{error}"
    );
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_web_server_is_not_taken_for_an_empty_registry() {
    let server = Faulty::start(|_, stream| {
        answer(
            stream,
            "404 Not Found",
            &[("Content-Type", "text/html; charset=utf-8")],
            b"",
        )
    });
    let error = client(&server, impatient())
        .resolve(&tag("eu").into())
        .unwrap_err();
    assert!(error.to_string().contains("is this an OCI registry?"), "{error}");
}

#[test]
fn a_head_without_end_is_not_read() {
    let server = Faulty::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        loop {
            stream.write_all(b"X-More: more and more and more and more and more\r\n")?;
        }
    });
    let error = client(&server, impatient())
        .resolve(&tag("eu").into())
        .unwrap_err();
    assert!(
        matches!(registry_error(&error), RegistryError::Unreachable { .. }),
        "{error}"
    );
}

fn large() -> Vec<u8> {
    (0..20_usize << 20)
        .map(|at| (at.wrapping_mul(at) >> 9).to_le_bytes()[0])
        .collect()
}

#[test]
fn a_download_from_a_real_registry_goes_on_after_its_connection_broke() {
    let registry = RealRegistry::start();
    let straight = Registry::new(registry.repository("a").parse().unwrap(), Options::default()).unwrap();
    let bytes = large();
    let descriptor = straight.put_blob(media::NATIVE, &bytes).unwrap();
    let way = Breaking::start(registry.host(), &[Some(5 << 20), Some(9 << 20)]);
    let remote = Registry::new(format!("{}/a", way.address).parse().unwrap(), Options::default()).unwrap();
    assert!(remote.fetch(&descriptor, 64 << 20).unwrap() == bytes);
    assert_eq!(way.connections.load(Ordering::SeqCst), 3);
}

#[test]
fn an_upload_to_a_real_registry_goes_on_after_its_connection_broke() {
    let registry = RealRegistry::start();
    let bytes = large();
    let way = Breaking::start(registry.host(), &[Some(3 << 20), Some(11 << 20)]);
    let remote = Registry::new(format!("{}/a", way.address).parse().unwrap(), Options::default()).unwrap();
    let descriptor = remote.put_blob(media::NATIVE, &bytes).unwrap();
    assert!(way.connections.load(Ordering::SeqCst) >= 3);
    assert!(remote.fetch(&descriptor, 64 << 20).unwrap() == bytes);
}

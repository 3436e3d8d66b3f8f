//! Manifests, tags, and what refers to an artifact.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, LINK};
use http::{HeaderMap, Method, Response, StatusCode};
use hyper::body::Incoming;
use serde::Deserialize;

use super::client::{Call, Client};
use super::download::{gone, length};
use super::error::RegistryError;
use super::thread::Thread;
use super::upload::ask;
use super::{Registry, place};
use crate::document::{Descriptor, Index};
use crate::error::{Error, shown};
use crate::name::{Reference, Tag};
use crate::store::{DOCUMENT_LIMIT, Publication};
use crate::{json, media};
use aecp_vocabulary::digest::Digest;

/// The documents that are understood.
pub(super) const ACCEPTED: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

/// The digest of what an answer holds.
static CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Says that the registry knows itself what refers to the subject of a manifest that it has taken.
static SUBJECT: HeaderName = HeaderName::from_static("oci-subject");

/// How many tags are asked for at once.
const TAGS_AT_ONCE: usize = 1_000;

/// Most answers that one list is spread over.
const PAGES: usize = 100;

/// Most tags that are listed.
const TAGS: usize = 100_000;

/// Most artifacts that may refer to one. Each of them is read.
const REFERRERS: usize = 4_096;

/// How often a list of referrers is written, if others write it at the same time.
const WRITES: usize = 5;

/// What a reference points at now.
pub(super) fn resolve(
    thread: &Thread,
    client: &Arc<Client>,
    reference: &Reference,
) -> Result<Option<Descriptor>, Error> {
    let mut call = client.call("look for", Method::HEAD, &format!("manifests/{reference}"))?;
    call.accept = Some(ACCEPTED);
    let answer = ask(thread, client, &call, &[StatusCode::OK, StatusCode::NOT_FOUND])?;
    let headers = answer.headers();
    if answer.status() == StatusCode::NOT_FOUND {
        // Nothing is there, or nobody is there who could know: a web server that is no registry says 404 too.
        if header(headers, &CONTENT_TYPE).is_some_and(|kind| kind.starts_with("text/html")) {
            return Err(call.nonsense("it answers 404 with a web page").into());
        }
        return Ok(None);
    }
    let digest = header(headers, &CONTENT_DIGEST).and_then(|text| text.parse::<Digest>().ok());
    let kind = header(headers, &CONTENT_TYPE).map(|kind| essence(kind).to_owned());
    let found = match (digest, kind, length(&answer)) {
        (Some(digest), Some(media_type), Some(size)) => Descriptor {
            digest,
            size,
            ..Descriptor::of(&media_type, &[])
        },
        // Older registries and proxies leave something out. Then the document itself says it.
        _ => {
            call.method = Method::GET;
            let (kind, bytes) = read(thread, client, &call)?;
            Descriptor::of(&kind, &bytes)
        }
    };
    match reference {
        Reference::Digest(expected) if *expected != found.digest => Err(Error::WrongDigest {
            location: shown(&call.url.to_string()),
            expected: *expected,
            found: found.digest,
        }),
        _ => Ok(Some(found)),
    }
}

/// A document and its type.
fn read(thread: &Thread, client: &Arc<Client>, call: &Call) -> Result<(String, Bytes), Error> {
    let (body, headers) = page(thread, client, call)?;
    let kind = header(&headers, &CONTENT_TYPE).map_or(media::MANIFEST, essence);
    Ok((kind.to_owned(), body))
}

/// The whole of an answer with status 200, and its head.
fn page(thread: &Thread, client: &Arc<Client>, call: &Call) -> Result<(Bytes, HeaderMap), RegistryError> {
    whole(
        thread,
        client,
        call,
        ask(thread, client, call, &[StatusCode::OK])?,
    )
}

/// The rest of an answer, and its head.
fn whole(
    thread: &Thread,
    client: &Arc<Client>,
    call: &Call,
    answer: Response<Incoming>,
) -> Result<(Bytes, HeaderMap), RegistryError> {
    let (head, body) = answer.into_parts();
    let (client, asked) = (client.clone(), call.clone());
    let limit = usize::try_from(DOCUMENT_LIMIT).unwrap_or(usize::MAX);
    let collect = async move { client.collect(&asked, body, limit).await };
    let body = thread.run(collect).ok_or_else(|| gone(call))??;
    Ok((body, head.headers))
}

/// Stores a document under a tag or its digest.
pub(super) fn put(
    thread: &Thread,
    client: &Arc<Client>,
    name: &str,
    media_type: &str,
    bytes: Vec<u8>,
) -> Result<HeaderMap, Error> {
    let mut call = client.call("store", Method::PUT, &format!("manifests/{name}"))?;
    call.content_type = Some(media_type.to_owned());
    call.body = Bytes::from(bytes);
    let digest = Digest::of(&call.body);
    let answer = ask(thread, client, &call, &[StatusCode::CREATED])?;
    // A registry that stores something else than it was given says so here.
    let stored = header(answer.headers(), &CONTENT_DIGEST).and_then(|text| text.parse::<Digest>().ok());
    match stored.filter(|stored| *stored != digest) {
        Some(found) => Err(Error::WrongDigest {
            location: shown(&call.url.to_string()),
            expected: digest,
            found,
        }),
        None => Ok(answer.headers().clone()),
    }
}

/// Stores an artifact's manifest, and lists it with its subject.
pub(super) fn publish(
    thread: &Thread,
    client: &Arc<Client>,
    publication: &Publication,
) -> Result<Descriptor, Error> {
    let described = publication.descriptor();
    let name = match &publication.tag {
        Some(tag) => tag.to_string(),
        None => described.digest.to_string(),
    };
    let bytes = publication.bytes.clone();
    let subject = &publication.manifest.subject;
    let answer = put(thread, client, &name, media::MANIFEST, bytes)?;
    if let Some(subject) = subject.as_ref().filter(|_| !answer.contains_key(&SUBJECT)) {
        list_referrer(thread, client, &subject.digest, &described)?;
    }
    Ok(described)
}

/// Adds to the list under the tag that OCI 1.1 has for registries without a referrers API. Nothing keeps others from
/// writing at the same time, so it is looked at afterwards.
fn list_referrer(
    thread: &Thread,
    client: &Arc<Client>,
    subject: &Digest,
    referrer: &Descriptor,
) -> Result<(), Error> {
    let tag = Tag::of_referrers(subject);
    for _ in 0..WRITES {
        let mut list = tagged_referrers(thread, client, subject)?.unwrap_or_default();
        if list.manifests.iter().any(|known| known.digest == referrer.digest) {
            return Ok(());
        }
        list.manifests.push(referrer.clone());
        put(thread, client, tag.as_str(), media::INDEX, list.to_bytes()?)?;
    }
    let call = client.call("list", Method::PUT, &format!("manifests/{tag}"))?;
    let reason = "others write the list of what refers to the artifact all the time".to_owned();
    Err(call.unreachable(reason).into())
}

/// What refers to `subject`. Nothing is only said by a registry that was asked and has answered.
pub(super) fn referrers(registry: &Registry, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
    let Registry { thread, client } = registry;
    let mut call = client.call(
        "list what refers to",
        Method::GET,
        &format!("referrers/{subject}"),
    )?;
    call.accept = Some(media::INDEX);
    // 404 is what a registry without this API says.
    let answer = ask(thread, client, &call, &[StatusCode::OK, StatusCode::NOT_FOUND])?;
    if answer.status() == StatusCode::NOT_FOUND {
        let list = tagged_referrers(thread, client, subject)?;
        let found = list.map(|list| list.manifests).unwrap_or_default();
        return at_most(REFERRERS, found.len(), &call).map(|()| found);
    }
    let mut page = whole(thread, client, &call, answer)?;
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let (body, headers) = page;
        found.extend(Index::read(&body, &call.url.to_string())?.manifests);
        at_most(REFERRERS, found.len(), &call)?;
        match following(&call, &headers)? {
            Some(url) => call.url = url,
            None => return Ok(found),
        }
        page = self::page(thread, client, &call)?;
    }
    Err(call
        .nonsense(format!("the list has more than {PAGES} parts"))
        .into())
}

/// The list under the tag for registries without a referrers API.
fn tagged_referrers(thread: &Thread, client: &Arc<Client>, subject: &Digest) -> Result<Option<Index>, Error> {
    let tag = Tag::of_referrers(subject);
    let Some(described) = resolve(thread, client, &tag.clone().into())? else {
        return Ok(None);
    };
    let path = format!("manifests/{}", described.digest);
    let mut call = client.call("list what refers to", Method::GET, &path)?;
    call.accept = Some(media::INDEX);
    let (_, bytes) = read(thread, client, &call)?;
    let location = shown(&call.url.to_string());
    let found = Digest::of(&bytes);
    if found != described.digest {
        return Err(Error::WrongDigest {
            location,
            expected: described.digest,
            found,
        });
    }
    if described.media_type != media::INDEX {
        let reason = format!("tag `{tag}` does not point at an image index");
        return Err(Error::Malformed { location, reason });
    }
    Index::read(&bytes, &location).map(Some)
}

/// A list of tags, as registries give it.
#[derive(Deserialize)]
struct TagList {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

/// All tags. Those that are none by the specification are left out.
pub(super) fn tags(thread: &Thread, client: &Arc<Client>) -> Result<BTreeSet<Tag>, Error> {
    let mut call = client.call(
        "list the tags of",
        Method::GET,
        &format!("tags/list?n={TAGS_AT_ONCE}"),
    )?;
    let mut found = BTreeSet::new();
    for _ in 0..PAGES {
        let (body, headers) = page(thread, client, &call)?;
        let list: TagList = json::read(&body).map_err(|reason| call.nonsense(reason))?;
        let tags = list.tags.unwrap_or_default();
        found.extend(tags.iter().filter_map(|tag| tag.parse::<Tag>().ok()));
        at_most(TAGS, found.len(), &call)?;
        match following(&call, &headers)? {
            Some(url) => call.url = url,
            None => return Ok(found),
        }
    }
    Err(call
        .nonsense(format!("the list has more than {PAGES} parts"))
        .into())
}

/// A list that is longer than any that is meant is not read on.
fn at_most(limit: usize, found: usize, call: &Call) -> Result<(), Error> {
    if found > limit {
        let reason = format!("the list has {found} entries or more, at most {limit} are taken");
        return Err(call.nonsense(reason).into());
    }
    Ok(())
}

/// Where a list goes on (RFC 8288), at the same registry.
fn following(call: &Call, headers: &HeaderMap) -> Result<Option<http::Uri>, RegistryError> {
    for value in headers.get_all(LINK) {
        let text = value.to_str().unwrap_or_default();
        let Some((target, parameters)) = text
            .trim()
            .strip_prefix('<')
            .and_then(|text| text.split_once('>'))
        else {
            continue;
        };
        let is_next = parameters
            .split(';')
            .any(|one| matches!(one.trim(), "rel=\"next\"" | "rel=next"));
        if is_next {
            let url = place::join(&call.url, target).map_err(|reason| call.redirected(target, reason))?;
            if !place::same_origin(&call.url, &url) {
                return Err(call.redirected(target, "a list goes on where it began"));
            }
            return Ok(Some(url));
        }
    }
    Ok(None)
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

//! Content as it goes to a registry: small blobs at once, larger ones in parts, so that one that breaks goes on.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{LOCATION, RANGE};
use http::{HeaderMap, Method, Response, StatusCode, Uri};
use hyper::body::Incoming;

use super::client::{Call, Client};
use super::download::gone;
use super::error::RegistryError;
use super::place;
use super::thread::Thread;
use crate::Error;
use crate::content::{fill, read_error};
use crate::document::Descriptor;

/// Most bytes that are sent at once.
const PART: usize = 8 * 1024 * 1024;

/// Bytes without a meaning for the registry.
const OCTETS: &str = "application/octet-stream";

/// Sends a blob; `bytes` fail at their end if they are not the ones that `descriptor` names.
pub(super) fn send(
    thread: &Thread,
    client: &Arc<Client>,
    descriptor: &Descriptor,
    bytes: &mut dyn Read,
) -> Result<(), Error> {
    let begin = client.call("store", Method::POST, "blobs/uploads/")?;
    let answer = ask(thread, client, &begin, &[StatusCode::ACCEPTED])?;
    let mut session = Session {
        thread,
        client,
        place: next(client, &begin, answer.headers())?,
        sent: 0,
        broken: 0,
    };
    let size = usize::try_from(descriptor.size).unwrap_or(usize::MAX);
    // Room for one byte more, so that a blob that fits is read to its end, where it is checked.
    let mut buffer = vec![0; PART.min(size.saturating_add(1))];
    loop {
        let count = fill(bytes, &mut buffer).map_err(|error| read_error(error, "content to be stored"))?;
        let part = Bytes::copy_from_slice(buffer.get(..count).unwrap_or_default());
        if count < buffer.len() {
            return session.finish(descriptor, part);
        }
        session.part(part)?;
    }
}

/// An upload that the registry has begun.
struct Session<'a> {
    thread: &'a Thread,
    client: &'a Arc<Client>,
    place: Uri,
    sent: u64,
    broken: u32,
}

impl Session<'_> {
    /// Sends a part. If that fails, the registry is asked how far it came.
    fn part(&mut self, part: Bytes) -> Result<(), Error> {
        let end = self.sent.saturating_add(wide(part.len()));
        let mut rest = part.clone();
        while !rest.is_empty() {
            let mut call = Call::new("store", Method::PATCH, self.place.clone());
            call.content_type = Some(OCTETS.to_owned());
            call.content_range = Some(format!("{}-{}", self.sent, end.saturating_sub(1)));
            call.body = rest.clone();
            match ask(self.thread, self.client, &call, &[StatusCode::ACCEPTED]) {
                Ok(answer) => {
                    self.place = next(self.client, &call, answer.headers())?;
                    self.sent = received(answer.headers()).unwrap_or(end);
                }
                Err(error) => self.find_out(error)?,
            }
            let left = end
                .checked_sub(self.sent)
                .and_then(|left| usize::try_from(left).ok())
                .filter(|left| *left <= part.len());
            let Some(left) = left else {
                let reason = format!("it says that it has {} bytes of {end}", self.sent);
                return Err(call.nonsense(reason).into());
            };
            rest = part.slice(part.len().saturating_sub(left)..);
        }
        Ok(())
    }

    /// Asks how much has arrived, after a failure.
    fn find_out(&mut self, failure: RegistryError) -> Result<(), Error> {
        self.broken = self.broken.saturating_add(1);
        // A registry that counts differently says so with 416.
        let counts = matches!(&failure, RegistryError::Refused { status: 416, .. });
        if !(failure.may_pass() || counts) || self.broken >= self.client.patience.attempts {
            return Err(failure.into());
        }
        let call = Call::new("store", Method::GET, self.place.clone());
        match ask(self.thread, self.client, &call, &[StatusCode::NO_CONTENT]) {
            Ok(answer) => {
                self.place = next(self.client, &call, answer.headers())?;
                self.sent = received(answer.headers()).unwrap_or(0);
                Ok(())
            }
            // Some only know of parts that came whole. Then it must begin anew, and whoever has the bytes can do that.
            Err(RegistryError::Refused { .. }) => Err(call
                .unreachable(format!("the upload broke off ({failure})"))
                .into()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends what is left, and the digest that all of it must have.
    fn finish(self, descriptor: &Descriptor, rest: Bytes) -> Result<(), Error> {
        let separator = if self.place.query().is_some() { '&' } else { '?' };
        let mut call = Call::new("store", Method::PUT, self.place.clone());
        call.url = format!("{}{separator}digest={}", self.place, descriptor.digest)
            .parse()
            .map_err(|_| call.nonsense("the place it gives for an upload is no address"))?;
        call.content_type = Some(OCTETS.to_owned());
        call.body = rest;
        match ask(self.thread, self.client, &call, &[StatusCode::CREATED]) {
            Ok(_) => Ok(()),
            // It may have arrived, and the answer not.
            Err(_) if exists(self.thread, self.client, descriptor).unwrap_or(false) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// Whether the registry has a blob.
pub(super) fn exists(
    thread: &Thread,
    client: &Arc<Client>,
    descriptor: &Descriptor,
) -> Result<bool, RegistryError> {
    let path = format!("blobs/{}", descriptor.digest);
    let call = client.call("look for", Method::HEAD, &path)?;
    let answer = ask(thread, client, &call, &[StatusCode::OK, StatusCode::NOT_FOUND])?;
    Ok(answer.status() == StatusCode::OK)
}

/// Asks, and waits for the head of the answer.
pub(super) fn ask(
    thread: &Thread,
    client: &Arc<Client>,
    call: &Call,
    expected: &'static [StatusCode],
) -> Result<Response<Incoming>, RegistryError> {
    let (client, asked) = (client.clone(), call.clone());
    let work = async move {
        let answer = client.ask(&asked).await?;
        client.expect(&asked, answer, expected).await
    };
    thread.run(work).ok_or_else(|| gone(call))?
}

/// Where an upload goes on. It stays at the registry, for it takes credentials along.
fn next(client: &Client, call: &Call, headers: &HeaderMap) -> Result<Uri, RegistryError> {
    let location = headers
        .get(LOCATION)
        .and_then(|location| location.to_str().ok())
        .ok_or_else(|| call.nonsense("it does not say where to upload to"))?;
    let target = place::join(&call.url, location).map_err(|reason| call.redirected(location, reason))?;
    if place::same_origin(&client.origin, &target) {
        return Ok(target);
    }
    // Behind a proxy that ends TLS, registries often take themselves for plain HTTP ones.
    if place::same_host(&client.origin, &target) && client.origin.scheme_str() == Some("https") {
        let path = target.path_and_query().map_or("/", |path| path.as_str());
        return place::join(&client.origin, path).map_err(|reason| call.redirected(location, reason));
    }
    Err(call.redirected(location, "uploads go to no other host than the registry"))
}

/// How many bytes have arrived: `0-99` for a hundred.
fn received(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(RANGE)?.to_str().ok()?;
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let last: u64 = range.strip_prefix("0-")?.trim().parse().ok()?;
    // Nothing and one byte look the same; a part is never that short.
    Some(if last == 0 { 0 } else { last.saturating_add(1) })
}

fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

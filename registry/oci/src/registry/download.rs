//! Content as it comes from a registry. A connection that breaks is made again, and the content goes on where it was.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Buf as _, Bytes};
use http::header::{CONTENT_LENGTH, CONTENT_RANGE};
use http::{Response, StatusCode};
use hyper::body::Incoming;

use super::client::{Call, Client};
use super::error::RegistryError;
use super::thread::Thread;
use crate::Error;

/// Content on its way.
pub(super) struct Download<'a> {
    thread: &'a Thread,
    client: Arc<Client>,
    call: Call,
    size: u64,
    began: Instant,
    broken: u32,
    body: Option<Incoming>,
    part: Bytes,
    position: u64,
}

impl<'a> Download<'a> {
    /// Content whose answer has begun. Its size is what was announced; who reads it checks that.
    pub(super) fn new(
        thread: &'a Thread,
        client: Arc<Client>,
        call: Call,
        size: u64,
        answer: Response<Incoming>,
    ) -> Self {
        Self {
            thread,
            client,
            call,
            size,
            began: Instant::now(),
            broken: 0,
            body: Some(answer.into_body()),
            part: Bytes::new(),
            position: 0,
        }
    }

    /// The next part, or nothing at the end.
    fn next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let allowed = self.client.patience.of(self.size);
        if self.began.elapsed() > allowed {
            return Err(self.call.stalled("all of it has not come", allowed));
        }
        let body = match self.body.take() {
            Some(body) => body,
            None => {
                let body = self.go_on()?;
                if !self.part.is_empty() {
                    self.body = Some(body);
                    return Ok(None);
                }
                body
            }
        };
        let (client, call) = (self.client.clone(), self.call.clone());
        let read = async move {
            let mut body = body;
            let part = client.part(&call, &mut body).await;
            (part, body)
        };
        let (part, body) = self.thread.run(read).ok_or_else(|| gone(&self.call))?;
        let part = part?;
        self.body = Some(body);
        Ok(part)
    }

    /// Asks for what is left.
    fn go_on(&mut self) -> Result<Incoming, RegistryError> {
        let mut call = self.call.clone();
        call.offset = self.position;
        let (client, position) = (self.client.clone(), self.position);
        let ask = async move {
            let answer = client.ask(&call).await?;
            let expected = [StatusCode::OK, StatusCode::PARTIAL_CONTENT];
            let answer = client.expect(&call, answer, &expected).await?;
            // Whoever knows no ranges begins anew, and what is known already is passed over.
            let mut known = position;
            if answer.status() == StatusCode::PARTIAL_CONTENT {
                if begin(&answer) != Some(position) {
                    return Err(call.nonsense("it gives another part than was asked for"));
                }
                known = 0;
            }
            let mut body = answer.into_body();
            let mut rest = Bytes::new();
            while known > 0 {
                let Some(mut part) = client.part(&call, &mut body).await? else {
                    return Err(call.unreachable("it ended too early".to_owned()));
                };
                let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
                let skipped = known.min(length);
                part.advance(usize::try_from(skipped).unwrap_or(usize::MAX).min(part.len()));
                known = known.saturating_sub(skipped);
                rest = part;
            }
            Ok((body, rest))
        };
        let (body, rest) = self.thread.run(ask).ok_or_else(|| gone(&self.call))??;
        self.part = rest;
        Ok(body)
    }
}

impl Read for Download<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.part.is_empty() {
            match self.next() {
                // It came with a new connection.
                Ok(_) if !self.part.is_empty() => {}
                Ok(Some(part)) => self.part = part,
                Ok(None) if self.position >= self.size => return Ok(0),
                Ok(None) => self.break_off(self.call.unreachable("it ended too early".to_owned()))?,
                Err(error) => self.break_off(error)?,
            }
        }
        let count = self.part.len().min(buffer.len());
        let part = self.part.split_to(count);
        if let Some(place) = buffer.get_mut(..count) {
            place.copy_from_slice(&part);
        }
        self.position = self
            .position
            .saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

impl Download<'_> {
    /// Gives up the connection; the next read makes another one, if it is worth it.
    fn break_off(&mut self, error: RegistryError) -> io::Result<()> {
        self.body = None;
        self.broken = self.broken.saturating_add(1);
        if error.may_pass()
            && self.broken < self.client.patience.attempts
            && self.began.elapsed() <= self.client.patience.of(self.size)
        {
            return Ok(());
        }
        Err(io::Error::other(Error::from(error)))
    }
}

/// The client's thread ends only with the registry that it belongs to.
pub(super) fn gone(call: &Call) -> RegistryError {
    call.unreachable("the client's thread has ended".to_owned())
}

/// How long an answer says its content is.
pub(super) fn length(answer: &Response<Incoming>) -> Option<u64> {
    answer.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Where a part begins: `bytes 5-9/10`.
fn begin(answer: &Response<Incoming>) -> Option<u64> {
    let range = answer.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range
        .strip_prefix("bytes ")?
        .split('-')
        .next()?
        .trim()
        .parse()
        .ok()
}

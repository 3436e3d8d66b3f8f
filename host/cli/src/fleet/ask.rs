//! The admin listeners, all asked at once.

use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use super::inventory::Address;
use super::observed::{Observed, of_status};

/// Most bytes of an answer: a status has some hundred for each package.
const ANSWER_LIMIT: usize = 4 * 1024 * 1024;

/// Asks each of these, and gives the answers in the same order.
pub(crate) async fn all(
    addresses: impl IntoIterator<Item = Address>,
    patience: Duration,
) -> Vec<Result<Observed, String>> {
    let asked: Vec<_> = addresses
        .into_iter()
        .map(|address| tokio::spawn(in_time(address, patience)))
        .collect();
    let mut answers = Vec::with_capacity(asked.len());
    for answer in asked {
        answers.push(answer.await.unwrap_or_else(|error| Err(error.to_string())));
    }
    answers
}

async fn in_time(address: Address, patience: Duration) -> Result<Observed, String> {
    match tokio::time::timeout(patience, status(&address)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!(
            "no answer from {address} within {} s",
            patience.as_secs_f32()
        )),
    }
}

async fn status(address: &Address) -> Result<Observed, String> {
    let unreachable = |error: std::io::Error| format!("cannot connect to {address}: {error}");
    match address {
        Address::Socket(path) => {
            let stream = UnixStream::connect(path).await.map_err(unreachable)?;
            over(stream, address, "localhost").await
        }
        Address::Http(authority) => {
            let stream = TcpStream::connect(authority).await.map_err(unreachable)?;
            over(stream, address, authority).await
        }
    }
}

async fn over<S>(stream: S, address: &Address, host: &str) -> Result<Observed, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: &dyn std::fmt::Display| format!("{address} gave no answer: {error}");
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(&error))?;
    let connection = tokio::spawn(connection);
    let request = Request::get("/status")
        .header(header::HOST, host)
        .body(Empty::<Bytes>::new())
        .map_err(|error| failed(&error))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| failed(&error))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_LIMIT)
        .collect()
        .await
        .map_err(|error| failed(&error))?;
    connection.abort();
    if status != StatusCode::OK {
        return Err(failed(&format!("{status}; is it an admin listener?")));
    }
    of_status(&body.to_bytes()).map_err(|problem| format!("{address}: {problem}"))
}

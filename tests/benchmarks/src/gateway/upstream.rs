//! The server behind all contenders: it answers every request with the same small body.

use std::convert::Infallible;
use std::io::{Read as _, Write as _};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::error::Error;

/// Bytes of the body.
pub(super) const BODY_BYTES: usize = 256;

static BODY: [u8; BODY_BYTES] = [b'x'; BODY_BYTES];

/// Serves on a free port of the loopback address, which is written to standard output, until standard input ends.
pub(crate) async fn run() -> Result<(), Error> {
    let failed = || Error::program("upstream");
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(failed())?;
    let address = listener.local_addr().map_err(failed())?;
    let mut output = std::io::stdout();
    writeln!(output, "{address}").map_err(failed())?;
    output.flush().map_err(failed())?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Latency only gets worse without it, and nothing else.
            let _ = stream.set_nodelay(true);
            tokio::spawn(async move {
                let service = service_fn(answer);
                // A client that goes away is none of our business.
                let _ = http1::Builder::new()
                    .pipeline_flush(true)
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // An error is an end too.
        let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    // A thread that is gone cannot tell any more, which ends the server too.
    let _ = end.await;
    Ok(())
}

async fn answer(_request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(&BODY)));
    let text = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(CONTENT_TYPE, text);
    Ok(response)
}

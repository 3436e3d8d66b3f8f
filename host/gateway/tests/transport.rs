//! Bodies, timeouts, ends of requests, TLS and draining, with a guard that lets everything pass.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use std::sync::Arc;

use aecp_evidence::leaf::RequestResult;
use bytes::Bytes;
use common::{TestGateway, TestUpstream, config, http2, problem, read_to_end, status};
use http::Request;
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[tokio::test]
async fn large_bodies_go_both_ways_and_are_counted() {
    let upstream = TestUpstream::start().await;
    let mut gateway = TestGateway::start(&upstream, "").await;
    let mut client = http2(TcpStream::connect(gateway.address).await.unwrap()).await;
    let large = Bytes::from(vec![7; 3 << 20]);
    let request = Request::post("http://a/echo")
        .body(Full::new(large.clone()))
        .unwrap();
    let response = client.send_request(request).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), large);
    let end = gateway.ends.recv().await.unwrap();
    assert_eq!(end.result, RequestResult::Completed);
    assert_eq!((end.bytes_to_upstream, end.bytes_to_client), (3 << 20, 3 << 20));
    assert_eq!(end.status.unwrap(), 200);
}

#[tokio::test]
async fn what_a_guard_has_looked_at_still_goes_to_the_upstream() {
    let upstream = TestUpstream::start().await;
    let mut gateway = TestGateway::start(&upstream, "").await;
    for framing in [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ] {
        let request = format!("POST /looked-at HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{framing}");
        let answer = gateway.raw(request.as_bytes()).await;
        assert_eq!(status(&answer), 200, "{answer}");
        assert_eq!(upstream.last().body, b"hello");
        assert_eq!(gateway.ends.recv().await.unwrap().bytes_to_upstream, 5);
    }
    for framing in [
        "Content-Length: 17\r\n\r\n12345678901234567",
        "Transfer-Encoding: chunked\r\n\r\n11\r\n12345678901234567\r\n0\r\n\r\n",
    ] {
        let request = format!("POST /looked-at HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{framing}");
        assert_eq!(status(&gateway.raw(request.as_bytes()).await), 400);
    }
    assert_eq!(upstream.targets().len(), 2);
}

#[tokio::test]
async fn slow_heads_end_the_connection() {
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, "limits = { header_timeout = \"50ms\" }").await;
    for begin in ["", "P", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        let answer = gateway.raw(begin.as_bytes()).await;
        assert!(matches!(status(&answer), 408 | 0), "{begin}: {answer}");
    }
    assert!(upstream.targets().is_empty());
}

#[tokio::test]
async fn a_request_body_that_stands_still_ends_the_request() {
    let upstream = TestUpstream::start().await;
    let mut gateway = TestGateway::start(&upstream, "limits = { body_idle_timeout = \"50ms\" }").await;
    let answer = gateway
        .raw(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhell")
        .await;
    assert_eq!(status(&answer), 408, "{answer}");
    let end = gateway.ends.recv().await.unwrap();
    assert_eq!(end.result, RequestResult::ClientGone);
}

#[tokio::test]
async fn upstreams_that_fail_are_told_apart() {
    let upstream = TestUpstream::start().await;
    let mut gateway = TestGateway::start(&upstream, "limits = { response_timeout = \"100ms\" }").await;
    let answer = gateway
        .raw(b"GET /silent HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(status(&answer), 504, "{answer}");
    assert_eq!(problem(&answer)["type"], "urn:aecp:upstream:timeout");
    assert_eq!(
        gateway.ends.recv().await.unwrap().result,
        RequestResult::UpstreamFailed
    );

    let answer = gateway
        .raw(b"GET /breaks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(status(&answer), 200, "{answer}");
    let end = gateway.ends.recv().await.unwrap();
    assert_eq!(end.result, RequestResult::UpstreamFailed);

    // A port that was free a moment ago and that nobody listens on.
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let mut gateway = TestGateway::start_with(config(&format!("http://{closed}"), "")).await;
    let answer = gateway
        .raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(status(&answer), 502, "{answer}");
    let end = gateway.ends.recv().await.unwrap();
    assert_eq!(
        (end.result, end.status.unwrap().as_u16()),
        (RequestResult::UpstreamFailed, 502)
    );
    assert!(
        gateway
            .metrics
            .text()
            .contains("aecp_upstream_errors_total{upstream=\"api\",problem=\"unreachable\"} 1")
    );
}

#[tokio::test]
async fn a_client_that_goes_away_is_recorded() {
    let upstream = TestUpstream::start().await;
    let mut gateway = TestGateway::start(&upstream, "").await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream
        .write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut some = [0; 1024];
    stream.read_exact(&mut some).await.unwrap();
    drop(stream);
    let end = gateway.ends.recv().await.unwrap();
    assert_eq!(end.result, RequestResult::ClientGone);
    assert_eq!(end.status.unwrap(), 200);

    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream
        .write_all(b"GET /silent HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    while !upstream.targets().contains(&"/silent".to_owned()) {
        tokio::task::yield_now().await;
    }
    drop(stream);
    let end = gateway.ends.recv().await.unwrap();
    assert_eq!((end.result, end.status), (RequestResult::ClientGone, None));
}

#[tokio::test]
async fn more_requests_than_there_may_be_are_refused_by_name() {
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, "limits = { requests = 1 }").await;
    let mut first = TcpStream::connect(gateway.address).await.unwrap();
    first
        .write_all(b"GET /silent HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    while upstream.targets().is_empty() {
        tokio::task::yield_now().await;
    }
    let answer = gateway
        .raw(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(status(&answer), 503, "{answer}");
    assert_eq!(problem(&answer)["denial"], "overloaded");
}

#[tokio::test]
async fn requests_in_flight_end_before_the_gateway_does() {
    let upstream = TestUpstream::start().await;
    let mut gateway = TestGateway::start(&upstream, "").await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
        .await
        .unwrap();
    while !gateway.metrics.text().contains("aecp_requests_in_flight 1") {
        tokio::task::yield_now().await;
    }
    gateway.stop.take().unwrap().send(()).unwrap();
    while TcpStream::connect(gateway.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(b"llo").await.unwrap();
    let answer = read_to_end(&mut stream).await;
    assert_eq!(status(&answer), 200, "{answer}");
    gateway.serving.await.unwrap();
    assert_eq!(
        gateway.ends.recv().await.unwrap().result,
        RequestResult::Completed
    );
}

#[tokio::test]
async fn requests_that_do_not_end_are_broken_off() {
    let upstream = TestUpstream::start().await;
    let mut gateway = TestGateway::start(&upstream, "limits = { drain_timeout = \"50ms\" }").await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream
        .write_all(b"GET /silent HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    while upstream.targets().is_empty() {
        tokio::task::yield_now().await;
    }
    gateway.stop.take().unwrap().send(()).unwrap();
    gateway.serving.await.unwrap();
    let end = gateway.ends.recv().await.unwrap();
    assert_eq!(end.result, RequestResult::Interrupted);
}

/// Files of a listener's certificate and key.
struct CertificateFiles {
    folder: tempfile::TempDir,
}

impl CertificateFiles {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Puts a new certificate and its key in place, and gives what clients then trust.
    fn replace(&self) -> rustls::RootCertStore {
        let certified = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]).unwrap();
        std::fs::write(self.folder.path().join("cert.pem"), certified.cert.pem()).unwrap();
        std::fs::write(
            self.folder.path().join("key.pem"),
            certified.signing_key.serialize_pem(),
        )
        .unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certified.cert.der().clone()).unwrap();
        roots
    }

    fn listener(&self) -> String {
        let at = |name: &str| self.folder.path().join(name);
        format!(
            "[[listeners]]\naddress = \"127.0.0.1:0\"\ntls = {{ certificate = {:?}, key = {:?} }}\n",
            at("cert.pem"),
            at("key.pem")
        )
    }
}

async fn connect(
    address: std::net::SocketAddr,
    roots: &rustls::RootCertStore,
    protocol: &[u8],
) -> std::io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut client = client
        .unwrap()
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    client.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    connector.connect("a.example".try_into().unwrap(), stream).await
}

#[tokio::test]
async fn a_certificate_is_replaced_while_connections_go_on() {
    let files = CertificateFiles::new();
    let old = files.replace();
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, &files.listener()).await;
    let mut kept = connect(gateway.address, &old, b"http/1.1").await.unwrap();

    // A key that is not the certificate's leaves the old pair in use.
    let certificate = std::fs::read(files.folder.path().join("cert.pem")).unwrap();
    files.replace();
    std::fs::write(files.folder.path().join("cert.pem"), certificate).unwrap();
    connect(gateway.address, &old, b"http/1.1").await.unwrap();

    let new = files.replace();
    while connect(gateway.address, &new, b"http/1.1").await.is_err() {
        tokio::task::yield_now().await;
    }
    assert!(connect(gateway.address, &old, b"http/1.1").await.is_err());
    kept.write_all(b"GET /h1 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    kept.read_to_end(&mut answer).await.unwrap();
    assert_eq!(status(&String::from_utf8_lossy(&answer)), 200);
}

#[tokio::test]
async fn tls_offers_both_versions() {
    let files = CertificateFiles::new();
    let roots = files.replace();
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, &files.listener()).await;

    for (protocol, name) in [(b"h2".as_slice(), "h2"), (b"http/1.1", "h1")] {
        let mut stream = connect(gateway.address, &roots, protocol).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        if name == "h2" {
            let request = Request::get("https://a.example/h2")
                .body(Full::default())
                .unwrap();
            let response = http2(stream).await.send_request(request).await.unwrap();
            assert_eq!(response.status(), 200);
        } else {
            stream
                .write_all(b"GET /h1 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
                .await
                .unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            assert_eq!(status(&String::from_utf8_lossy(&answer)), 200);
        }
        assert_eq!(upstream.last().header("x-forwarded-proto"), ["https"]);
    }
    assert_eq!(upstream.targets(), ["/h2", "/h1"]);
}

//! Requests that can be read in two ways, over raw sockets: none of them reaches an upstream.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs
)]

mod common;

use bytes::Bytes;
use common::{TestGateway, TestUpstream, http2, problem, status};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::net::TcpStream;

const CLOSE: &str = "Connection: close\r\n";

#[tokio::test]
async fn duplicate_hosts_are_refused() {
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, "").await;
    for hosts in [
        "Host: a\r\nHost: b\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host: a, b\r\n",
        "",
        "Host: u@a\r\n",
    ] {
        let answer = gateway
            .raw(format!("GET / HTTP/1.1\r\n{hosts}{CLOSE}\r\n").as_bytes())
            .await;
        assert_eq!(status(&answer), 400, "{hosts}: {answer}");
        assert_eq!(problem(&answer)["denial"], "context_malformed");
        assert!(
            problem(&answer)["detail"].as_str().unwrap().contains("host"),
            "{answer}"
        );
    }
    let answer = gateway
        .raw(format!("GET http://b/ HTTP/1.1\r\nHost: a\r\n{CLOSE}\r\n").as_bytes())
        .await;
    assert_eq!(status(&answer), 400, "{answer}");
    assert!(upstream.targets().is_empty());
}

#[tokio::test]
async fn nothing_is_smuggled_behind_two_framings() {
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, "").await;
    let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
    for framing in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ] {
        // The connection is closed though the client did not ask for it.
        let request = format!("POST /once HTTP/1.1\r\nHost: a\r\n{framing}\r\n{smuggled}");
        let answer = gateway.raw(request.as_bytes()).await;
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        let received = upstream.last();
        assert_eq!(received.target, "/once");
        assert!(received.body.is_empty());
    }
    assert_eq!(upstream.targets(), ["/once", "/once"]);
}

#[tokio::test]
async fn malformed_framing_ends_the_connection() {
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, "").await;
    for head in [
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1, 2\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: 0x1\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X-A: b\r\n folded: c\r\n",
        "X-A\0: b\r\n",
        "X A: b\r\n",
    ] {
        let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{head}\r\nxx");
        let answer = gateway.raw(request.as_bytes()).await;
        assert_eq!(status(&answer), 400, "{head}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    }
    let coded =
        format!("POST / HTTP/1.1\r\nHost: a\r\n{CLOSE}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n");
    let answer = gateway.raw(coded.as_bytes()).await;
    assert_eq!(status(&answer), 400, "{answer}");
    assert!(upstream.targets().is_empty());
}

#[tokio::test]
async fn oversize_heads_are_refused() {
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, "limits = { header_bytes = 8192 }").await;
    for size in [9_000, 200_000] {
        let large = "x".repeat(size);
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nX-Large: {large}\r\n\r\n");
        let answer = gateway.raw(request.as_bytes()).await;
        // Nothing, if the gateway has closed before all of it was sent.
        assert!(matches!(status(&answer), 431 | 0), "{answer}");
    }
    let many: String = (0..200).map(|number| format!("X-{number}: 1\r\n")).collect();
    let answer = gateway
        .raw(format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n").as_bytes())
        .await;
    assert_eq!(status(&answer), 431, "{answer}");
    assert!(upstream.targets().is_empty());
}

#[tokio::test]
async fn upgrades_are_refused_by_name() {
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, "").await;
    for body in ["\r\n", "Content-Length: 5\r\n\r\nhello"] {
        let request = format!(
            "POST /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n{body}"
        );
        let answer = gateway.raw(request.as_bytes()).await;
        assert_eq!(status(&answer), 501, "{answer}");
        assert!(
            problem(&answer)["detail"].as_str().unwrap().contains("upgrade"),
            "{answer}"
        );
    }
    let answer = gateway
        .raw(format!("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n{CLOSE}\r\n").as_bytes())
        .await;
    assert_eq!(status(&answer), 501, "{answer}");
    assert!(upstream.targets().is_empty());
}

#[tokio::test]
async fn paths_with_two_readings_are_refused_and_others_have_one() {
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, "").await;
    for bad in [
        "/a%2fb", "/a%5cb", "/a\\b", "/a%00", "//a", "/a//b", "/..;/a", "/a%zz", "/%ff", "*",
    ] {
        let answer = gateway
            .raw(format!("GET {bad} HTTP/1.1\r\nHost: a\r\n{CLOSE}\r\n").as_bytes())
            .await;
        assert_eq!(status(&answer), 400, "{bad}: {answer}");
    }
    assert!(upstream.targets().is_empty());
    for (given, received) in [
        ("/a/%2e%2e/b?x=%2f", "/b?x=%2f"),
        ("/../../c", "/c"),
        ("/%61%20b", "/a%20b"),
        ("http://a/d", "/d"),
    ] {
        let answer = gateway
            .raw(format!("GET {given} HTTP/1.1\r\nHost: a\r\n{CLOSE}\r\n").as_bytes())
            .await;
        assert_eq!(status(&answer), 200, "{answer}");
        assert_eq!(upstream.last().target, received);
    }
}

#[tokio::test]
async fn the_upstream_sees_what_the_gateway_says() {
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, "").await;
    let request = "GET / HTTP/1.1\r\nHost: A.Example\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: evil\r\n\
                   Forwarded: for=6.6.6.6\r\nAecp-Request-Id: mine\r\nX-User: root\r\nConnection: close, x-hop\r\n\
                   X-Hop: 1\r\nTE: trailers\r\nX-Kept: 1\r\n\r\n";
    let answer = gateway.raw(request.as_bytes()).await;
    assert_eq!(status(&answer), 200, "{answer}");
    let received = upstream.last();
    assert_eq!(received.header("host"), ["a.example"]);
    assert_eq!(received.header("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(received.header("x-forwarded-host"), ["a.example"]);
    assert_eq!(received.header("x-forwarded-proto"), ["http"]);
    assert_eq!(received.header("x-kept"), ["1"]);
    for gone in ["forwarded", "x-user", "x-hop", "te"] {
        assert!(received.header(gone).is_empty(), "{gone}");
    }
    let id = received.header("aecp-request-id")[0];
    assert_eq!(id.len(), 32);
    assert!(answer.contains(&format!("aecp-request-id: {id}\r\n")), "{answer}");
    assert!(
        answer.contains("x-kept: 1") && !answer.contains("x-hop") && !answer.contains("forged"),
        "{answer}"
    );
}

#[tokio::test]
async fn http2_has_one_host_too() {
    let upstream = TestUpstream::start().await;
    let gateway = TestGateway::start(&upstream, "").await;
    let mut client = http2(TcpStream::connect(gateway.address).await.unwrap()).await;
    let request = |host: Option<&str>| {
        let request = Request::builder().uri("http://a.example/h2");
        let request = if let Some(host) = host {
            request.header("host", host)
        } else {
            request
        };
        request.body(Full::<Bytes>::default()).unwrap()
    };
    for (host, expected) in [(None, 200), (Some("A.example"), 200), (Some("b.example"), 400)] {
        let response = client.send_request(request(host)).await.unwrap();
        assert_eq!(response.status().as_u16(), expected, "{host:?}");
    }
    let mut twice = request(Some("a.example"));
    twice.headers_mut().append("host", "b.example".parse().unwrap());
    let response = client.send_request(twice).await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("context_malformed"));
    assert_eq!(upstream.targets(), ["/h2", "/h2"]);
    assert_eq!(upstream.last().header("host"), ["a.example"]);
}

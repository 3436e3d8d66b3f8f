use super::*;

fn head_of(request: http::Request<()>) -> Result<Head, Malformed> {
    let (mut parts, ()) = request.into_parts();
    Head::of(&mut parts, Scheme::Http, &HeaderRules::new(["x-user".to_owned()]))
}

fn request(target: &str, headers: &[(&str, &str)]) -> http::Request<()> {
    let mut request = http::Request::builder().uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

fn refusal(request: http::Request<()>) -> String {
    head_of(request).unwrap_err().reason
}

#[test]
fn only_end_to_end_headers_of_the_client_are_left() {
    let head = head_of(request(
        "/a?b=c",
        &[
            ("host", "Api.Example"),
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("keep-alive", "5"),
            ("transfer-encoding", "chunked"),
            ("x-forwarded-for", "6.6.6.6"),
            ("forwarded", "for=6.6.6.6"),
            ("aecp-request-id", "mine"),
            ("x-user", "root"),
            ("x-original-url", "/admin"),
            ("x-http-method-override", "DELETE"),
            ("accept", "text/html"),
            ("accept", "text/plain"),
        ],
    ))
    .unwrap();
    let left: Vec<_> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    assert_eq!(
        left,
        [
            ("accept", b"text/html".as_slice()),
            ("accept", b"text/plain".as_slice())
        ]
    );
    assert_eq!(
        (head.host.as_str(), head.path.as_str(), head.query.as_deref()),
        ("api.example", "/a", Some("b=c"))
    );
}

#[test]
fn one_host_and_no_other() {
    assert!(refusal(request("/", &[])).contains("names no host"));
    assert!(refusal(request("/", &[("host", "a"), ("host", "a")])).contains("more than once"));
    assert!(refusal(request("http://a/", &[("host", "b")])).contains("`a`"));
    assert!(refusal(request("/", &[("host", "u@a")])).contains("user information"));
    assert!(refusal(request("http://u@a/", &[])).contains("user information"));
    assert_eq!(
        head_of(request("http://A/", &[("host", "a")]))
            .unwrap()
            .host
            .as_str(),
        "a"
    );
    assert!(refusal(request("https://a/", &[])).contains("scheme"));
}

#[test]
fn single_headers_stand_once() {
    for name in ["authorization", "content-type", "cookie", "origin"] {
        let refused = refusal(request("/", &[("host", "a"), (name, "1"), (name, "1")]));
        assert!(refused.contains(name), "{refused}");
    }
    assert!(refusal(request("/", &[("host", "a"), ("x_region", "EU")])).contains("x_region"));
    assert!(
        refusal(request("/", &[("host", "a"), ("connection", "authorization")])).contains("authorization")
    );
    assert!(
        refusal(request(
            "/",
            &[("host", "a"), ("transfer-encoding", "gzip, chunked")]
        ))
        .contains("chunked")
    );
}

#[test]
fn http2_may_split_cookies() {
    let mut split = request("/", &[("host", "a"), ("cookie", "a=1"), ("cookie", "b=2")]);
    *split.version_mut() = Version::HTTP_2;
    assert_eq!(head_of(split).unwrap().headers.get("cookie").unwrap(), "a=1; b=2");
}

#[test]
fn upgrades_and_tunnels_are_not_offered() {
    let upgrade = head_of(request(
        "/",
        &[("host", "a"), ("upgrade", "websocket"), ("connection", "upgrade")],
    ));
    assert_eq!(upgrade.unwrap_err().status, StatusCode::NOT_IMPLEMENTED);
    let mut tunnel = request("http://a/", &[("host", "a")]);
    *tunnel.method_mut() = Method::CONNECT;
    assert_eq!(head_of(tunnel).unwrap_err().status, StatusCode::NOT_IMPLEMENTED);
    let mut lower = request("/", &[("host", "a")]);
    *lower.method_mut() = Method::from_bytes(b"get").unwrap();
    assert!(refusal(lower).contains("upper case"));
}

#[test]
fn the_digest_covers_every_part_and_not_the_order_of_names() {
    let digest = |target: &str, headers: &[(&str, &str)]| {
        head_of(request(target, &[&[("host", "a")], headers].concat()))
            .unwrap()
            .digest()
    };
    let base = digest("/a?q", &[("b", "1"), ("c", "2")]);
    assert_eq!(base, digest("/a?q", &[("c", "2"), ("b", "1")]));
    for other in [
        digest("/a", &[("b", "1"), ("c", "2")]),
        digest("/a?q", &[("b", "1")]),
        digest("/a?q", &[("b", "2"), ("c", "2")]),
        digest("/a/?q", &[("b", "1"), ("c", "2")]),
    ] {
        assert_ne!(base, other);
    }
}

//! What an extractor is asked with.

use std::net::IpAddr;

use aecp_engine::ContextRequest;
use aecp_engine::extractor::Needs;
use aecp_vocabulary::value::Address;

use crate::generator::Generator;

/// Most headers that are tried one by one.
const HEADERS: usize = 16;

/// Bytes of the largest header value that is tried.
const LONG_HEADER: usize = 8 << 10;

/// 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600_000_000_000;

/// A request with a name.
pub(super) struct Request {
    /// A phrase: "a request without headers".
    pub(super) name: String,
    pub(super) request: ContextRequest,
}

/// The requests for one extractor: what it asks for, as canonical requests can have it.
pub(super) struct Requests {
    pub(super) requests: Vec<Request>,
    /// What stands in headers that carry secrets, and in nothing else.
    pub(super) secret: String,
    /// Whether the extractor asks for such a header.
    pub(super) tells_secrets: bool,
}

impl Requests {
    pub(super) fn of(needs: &Needs) -> Self {
        let mut generator = Generator::new(0x000c_0117);
        let secret = generator.word();
        let mut requests = Self {
            requests: Vec::new(),
            tells_secrets: needs.headers.iter().any(|header| carries_secrets(header)),
            secret,
        };
        requests.add("a request without headers", base(needs));
        let all = requests.with_headers(needs);
        requests.add("a request with every header", all);
        requests.add_headers(needs, &mut generator);
        requests.add_shapes(needs);
        if needs.query {
            requests.add_queries(needs, &mut generator);
        }
        if needs.body_limit > 0 {
            requests.add_bodies(needs, &mut generator);
        }
        requests
    }

    fn add(&mut self, name: impl Into<String>, request: ContextRequest) {
        self.requests.push(Request {
            name: name.into(),
            request,
        });
    }

    fn with_headers(&self, needs: &Needs) -> ContextRequest {
        let mut request = base(needs);
        let value = |header: &String| (header.clone(), self.usual(header));
        request.headers = needs.headers.iter().map(value).collect();
        request
    }

    /// A value as a client would send it.
    fn usual(&self, header: &str) -> Vec<u8> {
        if header == "authorization" {
            return format!("Bearer {}", self.secret).into_bytes();
        }
        if carries_secrets(header) {
            return self.secret.clone().into_bytes();
        }
        b"1".to_vec()
    }

    /// One header at a time, its values from empty to hostile.
    fn add_headers(&mut self, needs: &Needs, generator: &mut Generator) {
        for header in needs.headers.iter().take(HEADERS) {
            let usual = self.usual(header);
            let secret = if carries_secrets(header) {
                self.secret.clone()
            } else {
                "x".to_owned()
            };
            let mut long = generator.bytes(LONG_HEADER);
            // What no header value can hold (RFC 9110 section 5.5).
            long.iter_mut()
                .filter(|byte| matches!(**byte, 0 | b'\r' | b'\n'))
                .for_each(|byte| *byte = b' ');
            // A token with the header {"alg":"none"} and the payload {"sub":"a"}, unsigned.
            let token = format!("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.{secret}");
            let values: [(&str, Vec<u8>); 9] = [
                ("as clients send it", usual.clone()),
                ("empty", Vec::new()),
                ("of 8 KiB of random bytes", long),
                ("that is not UTF-8", vec![b'a', 0xff, 0xfe, 0xc0, 0x80]),
                ("of blanks", b" \t  ".to_vec()),
                ("with a token that nobody signed", token.into_bytes()),
                (
                    "with a token of three empty parts",
                    format!("Bearer {secret} ..").into_bytes(),
                ),
                ("of Basic credentials", format!("Basic YTpi{secret}").into_bytes()),
                ("of JSON", format!(r#"{{"a":["{secret}"]}}"#).into_bytes()),
            ];
            for (name, value) in values {
                let mut request = base(needs);
                request.headers.push((header.clone(), value));
                self.add(format!("a request with a `{header}` {name}"), request);
            }
            let mut twice = base(needs);
            twice.headers = vec![(header.clone(), usual.clone()), (header.clone(), usual)];
            self.add(format!("a request with two `{header}`"), twice);
        }
    }

    /// Methods, hosts, paths, peers and times.
    fn add_shapes(&mut self, needs: &Needs) {
        for path in ["/", "//", "/%20", "/%E2%82%AC/%00", "/a;b=c/d"] {
            let mut request = self.with_headers(needs);
            request.path = path.to_owned();
            self.add(format!("a request for `{path}`"), request);
        }
        let mut request = self.with_headers(needs);
        request.path = format!("/{}", "a/".repeat(LONG_HEADER >> 1));
        self.add("a request for a path of 8 KiB", request);

        let mut request = self.with_headers(needs);
        request.method = "PROPFIND".to_owned();
        request.scheme = "http".to_owned();
        request.host = "[2001:db8::1]:8080".to_owned();
        request.peer = Address(1);
        self.add("a request of a rare method over IPv6", request);

        for (name, now) in [
            ("in 1970", 0),
            ("at the last instant there is", i64::MAX),
            ("at the first instant there is", i64::MIN),
            ("a nanosecond before 1970", -1),
        ] {
            let mut request = self.with_headers(needs);
            request.now = now;
            self.add(format!("a request {name}"), request);
        }
    }

    fn add_queries(&mut self, needs: &Needs, generator: &mut Generator) {
        let huge = format!("q={}", "a".repeat(64 << 10));
        let many: Vec<String> = (0..1_000).map(|_| format!("{}=1", generator.word())).collect();
        for (name, query) in [
            ("an empty query", String::new()),
            ("an ordinary query", "region=EU&limit=10".to_owned()),
            ("a query of one name twice", "a=1&a=2".to_owned()),
            ("a query of broken escapes", "%=%zz&=&&a==%ff%00".to_owned()),
            ("a query of 64 KiB", huge),
            ("a query of 1,000 parts", many.join("&")),
        ] {
            let mut request = self.with_headers(needs);
            request.query = Some(query);
            self.add(format!("a request with {name}"), request);
        }
    }

    fn add_bodies(&mut self, needs: &Needs, generator: &mut Generator) {
        let limit = usize::try_from(needs.body_limit).unwrap_or(usize::MAX);
        for (name, mut body) in [
            ("an empty body", Vec::new()),
            ("a body of JSON", br#"{"region":"EU","amount":10}"#.to_vec()),
            ("a body of JSON that ends early", br#"{"region":"#.to_vec()),
            ("a body of 100,000 brackets", vec![b'['; 100_000]),
            (
                "a body of one name twice",
                br#"{"region":"EU","region":"US"}"#.to_vec(),
            ),
            ("a body of random bytes", generator.bytes(4 << 10)),
            ("a body as large as it asks for", vec![b' '; limit]),
        ] {
            body.truncate(limit);
            let mut request = self.with_headers(needs);
            request.method = "POST".to_owned();
            request.body = Some(body);
            self.add(format!("a request with {name}"), request);
        }
    }
}

fn base(needs: &Needs) -> ContextRequest {
    ContextRequest {
        method: "GET".to_owned(),
        scheme: "https".to_owned(),
        host: "api.example.com".to_owned(),
        path: "/customers/42".to_owned(),
        query: None,
        headers: Vec::new(),
        body: (needs.body_limit > 0).then(Vec::new),
        peer: IpAddr::from([192, 0, 2, 1]).into(),
        now: NOW,
    }
}

/// Whether a header is one whose values let their holder in.
fn carries_secrets(header: &str) -> bool {
    [
        "authorization",
        "cookie",
        "token",
        "secret",
        "password",
        "assertion",
        "api-key",
    ]
    .iter()
    .any(|word| header.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_hold_what_is_asked_for_and_no_more() {
        let nothing = Requests::of(&Needs::default());
        assert!(!nothing.tells_secrets);
        for request in &nothing.requests {
            let request = &request.request;
            assert!(request.headers.is_empty() && request.query.is_none() && request.body.is_none());
        }
        let needs = Needs {
            headers: vec!["x-team".into(), "authorization".into()],
            query: true,
            body_limit: 10,
        };
        let some = Requests::of(&needs);
        assert!(some.tells_secrets);
        for request in &some.requests {
            let request = &request.request;
            assert!(
                request
                    .headers
                    .iter()
                    .all(|(name, _)| needs.headers.contains(name))
            );
            assert!(request.body.as_ref().is_some_and(|body| body.len() <= 10));
            assert!(request.path.starts_with('/'));
        }
    }

    #[test]
    fn the_secret_stands_in_secret_headers_alone() {
        let needs = Needs {
            headers: vec!["x-team".into(), "authorization".into()],
            query: true,
            body_limit: 10_000,
        };
        let all = Requests::of(&needs);
        let holds = |bytes: &[u8]| {
            bytes
                .windows(all.secret.len())
                .any(|part| part == all.secret.as_bytes())
        };
        for request in &all.requests {
            let request = &request.request;
            for (name, value) in &request.headers {
                assert!(name == "authorization" || !holds(value));
            }
            assert!(!holds(request.path.as_bytes()) && !holds(request.body.as_deref().unwrap_or_default()));
        }
    }
}

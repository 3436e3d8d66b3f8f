//! Addresses, and which of them may be gone to from which.

use http::Uri;
use http::uri::Scheme;

use super::address::is_loopback;

/// Reads where an answer leads: an address, or a path at the place it came from.
pub(super) fn join(from: &Uri, location: &str) -> Result<Uri, &'static str> {
    let location = location.split('#').next().unwrap_or_default();
    if !location.is_ascii() {
        return Err("that is no address");
    }
    let authority = from.authority().map_or("", |authority| authority.as_str());
    let scheme = from.scheme_str().unwrap_or("https");
    let text = if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        location.to_owned()
    };
    let target: Uri = text.parse().map_err(|_| "that is no address")?;
    match target.scheme_str() {
        Some("http" | "https") => {}
        _ => return Err("that is neither http nor https"),
    }
    match target.authority() {
        None => Err("that has no host"),
        Some(authority) if authority.as_str().contains('@') => Err("there is a user's name in it"),
        Some(_) => Ok(target),
    }
}

/// Whether two addresses are at the same scheme, host and port.
pub(super) fn same_origin(one: &Uri, other: &Uri) -> bool {
    one.scheme() == other.scheme() && same_host(one, other) && port(one) == port(other)
}

/// Whether two addresses are at the same host, whatever the port.
pub(super) fn same_host(one: &Uri, other: &Uri) -> bool {
    match (one.host(), other.host()) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => false,
    }
}

/// Whether one may go from an address to another: never out of TLS, and without TLS only on this machine.
pub(super) fn may_go(from: &Uri, to: &Uri) -> Result<(), &'static str> {
    let plain = |uri: &Uri| uri.scheme() == Some(&Scheme::HTTP);
    if plain(to) && !plain(from) {
        return Err("nobody goes from TLS to plain HTTP");
    }
    if plain(to) && !same_origin(from, to) && !to.host().is_some_and(is_loopback) {
        return Err("plain HTTP leads to no other host");
    }
    Ok(())
}

fn port(uri: &Uri) -> u16 {
    let usual = if uri.scheme() == Some(&Scheme::HTTP) {
        80
    } else {
        443
    };
    uri.port_u16().unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn an_answer_leads_to_a_path_or_an_address() {
        let from = uri("https://registry.example:5000/v2/a/blobs/x");
        for (location, target) in [
            ("/v2/b?c=d#e", "https://registry.example:5000/v2/b?c=d"),
            ("//other.example/b", "https://other.example/b"),
            ("http://other.example/b", "http://other.example/b"),
        ] {
            assert_eq!(join(&from, location).unwrap(), uri(target));
        }
        for location in [
            "b",
            "",
            "ftp://other.example/b",
            "https://a:b@other.example/",
            "https:///b",
            "/\u{e4}",
        ] {
            assert!(join(&from, location).is_err(), "{location}");
        }
    }

    #[test]
    fn nothing_leads_out_of_tls() {
        let (tls, plain) = (uri("https://a.example/x"), uri("http://a.example/x"));
        assert!(may_go(&tls, &uri("https://b.example/")).is_ok());
        assert!(may_go(&tls, &plain).is_err());
        assert!(may_go(&plain, &tls).is_ok());
        assert!(may_go(&plain, &uri("http://a.example:80/y")).is_ok());
        assert!(may_go(&plain, &uri("http://b.example/")).is_err());
        assert!(may_go(&uri("http://127.0.0.1:1/"), &uri("http://127.0.0.1:2/")).is_ok());
        assert!(may_go(&uri("http://127.0.0.1:1/"), &uri("http://169.254.169.254/")).is_err());
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let one = uri("https://A.example/x");
        assert!(same_origin(&one, &uri("https://a.example:443/y")));
        assert!(!same_origin(&one, &uri("https://a.example:444/x")));
        assert!(!same_origin(&one, &uri("http://a.example/x")));
        assert!(!same_origin(&one, &uri("https://b.example/x")));
    }
}

//! Addresses of endpoints: files.

use std::path::{Path, PathBuf};

/// A text that is no address of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no address of an endpoint ({problem}): write `file:///var/log/aecp/decisions.ndjson`")]
pub(super) struct InvalidEndpoint {
    text: String,
    problem: &'static str,
}

/// The file that an address names (RFC 8089): `file:///absolute`, `file:/absolute`, or `file:relative` to `folder`.
pub(super) fn file(text: &str, folder: &Path) -> Result<PathBuf, InvalidEndpoint> {
    let invalid = |problem| InvalidEndpoint {
        text: text.to_owned(),
        problem,
    };
    let rest = text
        .strip_prefix("file:")
        .ok_or_else(|| invalid("only `file:` is known"))?;
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => rest,
    };
    if rest.starts_with("//") && !path.starts_with('/') {
        return Err(invalid("it names a host; files are on this machine"));
    }
    if path.contains(['%', '?', '#']) {
        return Err(invalid("`%`, `?` and `#` are not allowed in it"));
    }
    if path.is_empty() || path.ends_with('/') {
        return Err(invalid("it names no file"));
    }
    Ok(folder.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_three_spellings() {
        let folder = Path::new("/etc/aecp");
        for (text, path) in [
            ("file:///var/log/x", "/var/log/x"),
            ("file://localhost/var/log/x", "/var/log/x"),
            ("file:/var/log/x", "/var/log/x"),
            ("file:log/x", "/etc/aecp/log/x"),
        ] {
            assert_eq!(file(text, folder), Ok(PathBuf::from(path)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for bad in [
            "",
            "/x",
            "https://x",
            "file:",
            "file://",
            "file://host/x",
            "file:///x/",
            "file:///a%20b",
        ] {
            let error = file(bad, Path::new("/")).unwrap_err().to_string();
            assert!(error.contains("file:///"), "{error}");
        }
    }
}

//! Where Debian packages come from on this machine.

use std::path::Path;

/// Where they come from if the machine's own sources do not say.
pub(super) const USUAL: &str = "http://deb.debian.org/debian";

/// The folders and files where apt keeps its sources.
const SOURCES: [&str; 2] = ["/etc/apt/sources.list", "/etc/apt/sources.list.d"];

/// Suites of Debian's main archive; others belong to updates, security or somebody else.
const SUITES: [&str; 8] = [
    "bookworm",
    "trixie",
    "forky",
    "oldoldstable",
    "oldstable",
    "stable",
    "testing",
    "sid",
];

/// The mirrors of Debian's main archive that this machine is set to use, and the usual one at the end.
pub(super) fn mirrors() -> Vec<String> {
    let mut found = Vec::new();
    for place in SOURCES {
        let place = Path::new(place);
        let mut files = vec![place.to_owned()];
        if let Ok(entries) = std::fs::read_dir(place) {
            files = entries.flatten().map(|entry| entry.path()).collect();
            files.sort();
        }
        for file in files {
            let Ok(text) = std::fs::read_to_string(&file) else {
                continue;
            };
            match file.extension().and_then(|extension| extension.to_str()) {
                Some("sources") => found.extend(of_stanzas(&text)),
                Some("list") => found.extend(of_lines(&text)),
                _ => {}
            }
        }
    }
    found.push(USUAL.to_owned());
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|mirror| seen.insert(mirror.clone()));
    found
}

/// Mirrors in the one-line format of sources.list(5).
fn of_lines(text: &str) -> Vec<String> {
    let mirror = |line: &str| {
        let line = line.split('#').next()?.trim().strip_prefix("deb")?;
        let line = line.strip_prefix([' ', '\t'])?.trim_start();
        let line = match line.strip_prefix('[') {
            Some(options) => options.split_once(']')?.1,
            None => line,
        };
        let mut words = line.split_whitespace();
        let (uri, suite) = (words.next()?, words.next()?);
        (SUITES.contains(&suite) && words.any(|component| component == "main")).then(|| uri.to_owned())
    };
    text.lines().filter_map(mirror).collect()
}

/// Mirrors in the deb822 format of sources.list(5).
fn of_stanzas(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let mut mirrors = Vec::new();
    for stanza in lines.split(|line| line.trim().is_empty()) {
        let words = |field: &str| -> Vec<&str> {
            let mut inside = false;
            let mut words = Vec::new();
            for line in stanza {
                if line.starts_with([' ', '\t']) {
                    if inside {
                        words.extend(line.split_whitespace());
                    }
                } else if let Some((name, rest)) = line.split_once(':') {
                    inside = name.eq_ignore_ascii_case(field);
                    if inside {
                        words.extend(rest.split_whitespace());
                    }
                }
            }
            words
        };
        let enabled = !words("Enabled")
            .iter()
            .any(|word| ["no", "false", "0"].contains(word));
        let of_debian = words("Suites").iter().any(|suite| SUITES.contains(suite));
        if enabled && of_debian && words("Types").contains(&"deb") && words("Components").contains(&"main") {
            mirrors.extend(words("URIs").into_iter().map(str::to_owned));
        }
    }
    mirrors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_main_archive_are_read() {
        let text = "# deb http://old.example/debian bookworm main\n\
                    deb [arch=amd64 signed-by=/x.gpg] http://a.example/debian bookworm main contrib # here\n\
                    deb-src http://a.example/debian bookworm main\n\
                    deb http://security.example/ bookworm-security main\n\
                    deb https://packages.example/apt cloud-sdk-bookworm main\n\
                    deb\thttp://tab.example/debian trixie main\n\
                    deb http://b.example/debian stable main\n";
        assert_eq!(
            of_lines(text),
            [
                "http://a.example/debian",
                "http://tab.example/debian",
                "http://b.example/debian"
            ]
        );
    }

    #[test]
    fn stanzas_of_the_main_archive_are_read() {
        let text = "Types: deb deb-src\n# a remark\nURIs: http://a.example/debian\n http://b.example/debian\n\
                    Suites: bookworm bookworm-updates\nComponents: main\n\n\
                    Types: deb\nURIs: http://security.example/debian-security\nSuites: bookworm-security\n\
                    Components: main\n\n\
                    Enabled: no\nTypes: deb\nURIs: http://off.example/debian\nSuites: trixie\nComponents: main\n\n\
                    types: deb\nuris: http://c.example/debian\nsuites: trixie\ncomponents: contrib main\n";
        assert_eq!(
            of_stanzas(text),
            [
                "http://a.example/debian",
                "http://b.example/debian",
                "http://c.example/debian"
            ]
        );
    }

    #[test]
    fn there_is_always_a_mirror() {
        assert_eq!(mirrors().last().map(String::as_str), Some(USUAL));
    }
}

use super::*;

const GOOD: &str = r#"[enforcement_point]
state = "/var/lib/aecp"
root = "root.json"
enrolment = "enrolment.dsse.json"

[gateway]
listeners = [{ address = "127.0.0.1:0" }]
upstreams = { customers = "http://127.0.0.1:9000" }

[agent]
layout = "../registry"
tag = "production"
poll_ms = 500

[recorder]
key = "log.key"
endpoints = { archive = "file:///var/log/decisions.ndjson" }
interval_ms = 200
"#;

fn parse(text: &str) -> Result<Config, String> {
    let file = PathBuf::from("/etc/aecp/aecpd.toml");
    Config::parse(&file, text).map_err(|problems| ConfigError { file, problems }.to_string())
}

#[test]
fn paths_are_relative_to_the_file_and_shared_ones_reach_all_roles() {
    let config = parse(GOOD).unwrap();
    assert_eq!(config.gateway.root, Path::new("/etc/aecp/root.json"));
    assert_eq!(config.gateway.state, Path::new("/var/lib/aecp/gateway"));
    assert_eq!(config.gateway.offers, config.agent.gateway);
    assert_eq!(config.gateway.evidence, config.recorder.evidence);
    assert_eq!(config.gateway.state, config.recorder.gateway);
    assert_eq!(
        config.gateway.admin.socket.as_deref(),
        Some(Path::new("/var/lib/aecp/admin.sock"))
    );
    assert_eq!(
        config.agent.source,
        Source::Layout(PathBuf::from("/etc/aecp/../registry"))
    );
    assert_eq!(config.recorder.key, Path::new("/etc/aecp/log.key"));
    assert_eq!(
        config.recorder.endpoints["archive"],
        Path::new("/var/log/decisions.ndjson")
    );
}

#[test]
fn what_can_be_left_out_has_defaults() {
    let config = parse(
        &GOOD
            .replace("poll_ms = 500\n", "")
            .replace("interval_ms = 200\n", ""),
    )
    .unwrap();
    assert_eq!(config.agent.poll, aecp_agent::config::DEFAULT_POLL);
    assert_eq!(config.recorder.interval, DEFAULT_INTERVAL);
    assert_eq!(config.recorder.evidence, Path::new("/var/lib/aecp/evidence"));
}

#[test]
fn the_example_is_right_and_shows_every_key() {
    let example = include_str!("../../../../appliance/aecpd.example.toml");
    let config = parse(example).unwrap();
    assert_eq!(
        config.gateway.limits,
        aecp_gateway::config::LimitsConfig::default()
    );
    // What is commented out must be right too.
    let all: String = example
        .lines()
        .map(|line| match line.strip_prefix("#") {
            Some(key) if !key.starts_with(' ') && !key.is_empty() => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    // Bundles come from one place.
    let all = all.replace("layout = \"/srv/aecp/registry\"\n", "");
    let config = parse(&all).unwrap();
    assert_eq!(config.receipts.unwrap().key, Path::new("/etc/aecp/receipts.key"));
    assert!(matches!(config.agent.source, Source::Registry(_)));
    assert!(config.gateway.upstream_ca.is_some());
    assert_eq!(
        config.gateway.limits,
        aecp_gateway::config::LimitsConfig::default()
    );
}

#[test]
fn bundles_come_from_a_folder_or_a_registry() {
    let layout = "layout = \"../registry\"\n";
    let registry = "registry = { repository = \"registry.example/aecp/bundles\", authorities = \"ca.pem\", login = \"login.json\" }\n";
    let config = parse(&GOOD.replace(layout, registry).replace("poll_ms = 500\n", "")).unwrap();
    let Source::Registry(source) = config.agent.source else {
        panic!("no registry");
    };
    assert_eq!(source.repository.to_string(), "registry.example/aecp/bundles");
    assert_eq!(source.login.as_deref(), Some(Path::new("/etc/aecp/login.json")));
    assert_eq!(config.agent.poll, aecp_agent::config::DEFAULT_REGISTRY_POLL);
    for (text, named) in [
        (GOOD.replace(layout, ""), "missing field `layout` or `registry`"),
        (GOOD.replace(layout, &format!("{layout}{registry}")), "not both"),
        (
            GOOD.replace(layout, "registry = { repository = \"a.example/b\" }\n"),
            "missing field `authorities`",
        ),
        (
            GOOD.replace(layout, "registry = { repository = \"aecp/bundles\" }\n"),
            "`agent.registry.repository`: `aecp/bundles` names nothing in a registry",
        ),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn errors_name_key_line_and_what_is_allowed() {
    for (from, to, named) in [
        ("[agent]", "[agent", &["aecpd.toml:10"][..]),
        ("poll_ms = 500", "poll_ms = ", &[":13"]),
        ("[agent]", "[agnet]", &[":10: `agnet`", "`[agent]`"]),
        (
            "tag = \"production\"",
            "",
            &[":10: `agent`", "missing field `tag`"],
        ),
        ("poll_ms", "pol_ms", &[":13: `agent.pol_ms`", "`poll_ms`"]),
        (
            "poll_ms = 500",
            "poll_ms = \"500\"",
            &[":13: `agent.poll_ms`", "500"],
        ),
        ("poll_ms = 500", "poll_ms = -1", &[":13: `agent.poll_ms`", "-1"]),
        (
            "poll_ms = 500",
            "poll_ms = 5",
            &[":13: `agent.poll_ms`", "10 to 3600000"],
        ),
        (
            "\"production\"",
            "\"a b\"",
            &[":12: `agent.tag`", "a b", "letters"],
        ),
        (
            "\"production\"",
            "\"a.freshness\"",
            &[":12: `agent.tag`", "freshness"],
        ),
        (
            "state = \"/var/lib/aecp\"",
            "",
            &[":1: `enforcement_point`", "missing field `state`"],
        ),
        (
            "127.0.0.1:0",
            "127.0.0.1",
            &[":7: `gateway.listeners[0].address`", "socket address"],
        ),
        (
            "listeners = [{ address = \"127.0.0.1:0\" }]",
            "listeners = []",
            &[":7: `gateway.listeners`", "one listener"],
        ),
        (
            "upstreams",
            "upstream",
            &[":8: `gateway.upstream`", "`upstreams`"],
        ),
        (
            "http://127.0.0.1:9000",
            "127.0.0.1:9000",
            &[":8: `gateway.upstreams.customers`", "http://host:port"],
        ),
        (
            "[gateway]",
            "[gateway]\nstate = \"x\"",
            &[":7: `gateway.state`", "`enforcement_point.state`"],
        ),
        (
            "[gateway]",
            "[gateway]\nadmin = { address = \"0.0.0.0:1\" }",
            &[":7: `gateway.admin.address`", "loopback"],
        ),
        (
            "[gateway]",
            "[gateway]\nlimits = { requests = 0 }",
            &[":7: `gateway.limits.requests`", "1 to"],
        ),
        (
            "file:///",
            "https://",
            &[":17: `recorder.endpoints.archive`", "file:///"],
        ),
        (
            "interval_ms = 200",
            "interval_ms = 0",
            &[":18: `recorder.interval_ms`", "10 to"],
        ),
        (
            "key = \"log.key\"",
            "key = \"log.key\"\nsize = 1",
            &[":17: `recorder.size`", "`endpoints`"],
        ),
        (
            "state = \"/var/lib/aecp\"",
            &format!("state = \"/{}\"", "x".repeat(100)),
            &["offers", "107 bytes"],
        ),
    ] {
        let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err();
        for named in named {
            assert!(error.contains(named), "{to}: {named} is not in: {error}");
        }
    }
}

#[test]
fn several_errors_are_told_at_once_in_the_order_of_lines() {
    let error = parse(
        &GOOD
            .replace("poll_ms", "pol_ms")
            .replace("root = ", "rot = ")
            .replace("file:", "x:"),
    );
    let error = error.unwrap_err();
    let lines: Vec<_> = error.lines().collect();
    assert_eq!(lines.len(), 3, "{error}");
    for (line, key) in lines.iter().zip([
        "enforcement_point.rot",
        "agent.pol_ms",
        "recorder.endpoints.archive",
    ]) {
        assert!(line.contains(key), "{line}");
    }
}

#[test]
fn missing_sections_are_named() {
    let error = parse("").unwrap_err();
    for section in ["[enforcement_point]", "[gateway]", "[agent]", "[recorder]"] {
        assert!(error.contains(section), "{error}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Path::new("/does/not/exist.toml"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("/does/not/exist.toml: cannot be read"), "{error}");
}

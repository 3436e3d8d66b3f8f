use serde_json::json;

use super::*;
use crate::bundle::{Bundle, Source};
use aecp_vocabulary::digest::Digest;

/// A bundle that uses everything and breaks nothing.
fn sound() -> Bundle {
    let component = |content: &str| {
        json!({
            "digest": Digest::of(content.as_bytes()),
            "size": 9,
            "native": [{ "target": "x86_64", "engine": "wasmtime 48", "digest": Digest::of(b"native"), "size": 7 }],
        })
    };
    let bundle = json!({
        "name": "edge-1",
        "epoch": 7,
        "not_before": "2030-01-01T00:00:00Z",
        "not_after": "2030-02-01T00:00:00Z",
        "trust_root_version": 1,
        "selectors": { "region": "eu" },
        "policies": [{
            "component": component("policy"),
            "packages": [
                { "name": "eu_residency", "version": "1.2.0", "ceiling": "BLOCKING" },
                { "name": "egress", "version": "0.1.0-rc.1", "ceiling": "ADVISORY" },
            ],
            "parameters": { "limit": 5 },
        }],
        "extractors": [
            { "name": "jwt", "component": component("jwt"), "configuration": { "keys": [] }, "authenticating": true },
            { "name": "mcp", "component": component("mcp") },
        ],
        "sinks": [{ "name": "file", "component": component("ndjson"), "endpoints": ["out"] }],
        "attributes": [
            { "name": "customer.region", "value_type": "TEXT", "source": { "header": { "name": "x-region" } } },
            { "name": "customer.page", "value_type": "INTEGER", "source": { "query": { "name": "page" } } },
            { "name": "customer.id", "value_type": "TEXT", "source": { "path": { "segment": "id" } }, "personal": true },
            { "name": "resource.type", "value_type": "TEXT", "source": { "label": { "name": "type" } } },
            { "name": "storage.locations", "value_type": "SET OF TEXT", "source": { "constant": { "value": ["a"] } } },
            { "name": "tool.name", "value_type": "TEXT", "source": { "extractor": { "name": "mcp" } } },
            { "name": "identity.subject", "value_type": "TEXT", "source": { "extractor": { "name": "jwt" } } },
            { "name": "request.method", "value_type": "TEXT", "source": "host" },
        ],
        "routes": [{
            "name": "customers",
            "hosts": ["api.example.com", "127.0.0.1", "[::1]"],
            "path": "/customers/{id}",
            "methods": ["GET", "POST"],
            "upstream": "api",
            "labels": { "type": "customer_data" },
        }],
    });
    serde_json::from_value(bundle).unwrap()
}

#[test]
fn a_sound_bundle_is_valid_and_comes_back_from_json() {
    let bundle = sound();
    bundle.validate().unwrap();
    let json = serde_json::to_vec(&bundle).unwrap();
    assert_eq!(crate::json::from_slice::<Bundle>(&json).unwrap(), bundle);
    assert_eq!(bundle.subjects().len(), 5);
}

#[test]
fn unknown_members_are_refused_at_every_place() {
    let good = serde_json::to_value(sound()).unwrap();
    for pointer in [
        "",
        "/policies/0",
        "/policies/0/packages/0",
        "/policies/0/component",
        "/policies/0/component/native/0",
        "/extractors/0",
        "/sinks/0",
        "/attributes/0",
        "/attributes/0/source",
        "/attributes/0/source/header",
        "/routes/0",
    ] {
        let mut bad = good.clone();
        let place = bad.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        place.insert("more".to_owned(), 1.into());
        assert!(serde_json::from_value::<Bundle>(bad).is_err(), "{pointer}");
    }
}

/// Breaks one rule, and expects to be told of it and of nothing else.
#[track_caller]
fn broken(edit: impl FnOnce(&mut Bundle), expected: &str) {
    let mut bundle = sound();
    edit(&mut bundle);
    let error = bundle.validate().unwrap_err();
    assert_eq!(error.violations().len(), 1, "{error}");
    assert!(error.to_string().contains(expected), "{error}");
}

#[test]
fn rules_of_the_bundle_itself() {
    broken(|bundle| bundle.name = "a b".into(), "name: `a b` is not a name");
    broken(|bundle| bundle.name.clear(), "name: `` is not a name");
    broken(|bundle| bundle.epoch = 0, "epoch: it is 0");
    broken(
        |bundle| bundle.trust_root_version = 0,
        "trust_root_version: it is 0",
    );
    broken(
        |bundle| bundle.not_after = bundle.not_before,
        "validity: not_before 2030-01-01T00:00:00Z is not before",
    );
}

#[test]
fn rules_of_policies() {
    let no_policies = |bundle: &mut Bundle| {
        bundle.policies.clear();
        bundle.observe_only = true;
    };
    broken(no_policies, "policies: there are none");
    broken(
        |bundle| bundle.policies[0].packages[1].name = "eu_residency".into(),
        "package `eu_residency`: the name is",
    );
    broken(
        |bundle| bundle.policies[0].packages[1].version = "1.0".into(),
        "package `egress`: `1.0` is not a version",
    );
    broken(
        |bundle| bundle.profile = Profile::Strict,
        "package `egress`: its ceiling is ADVISORY",
    );
    let nothing_blocks = |bundle: &mut Bundle| bundle.policies[0].packages[0].ceiling = Mode::AuditOnly;
    broken(nothing_blocks, "observe_only: no package is at ceiling BLOCKING");
    broken(
        |bundle| bundle.observe_only = true,
        "observe_only: it is said, but",
    );
    let mut observing = sound();
    nothing_blocks(&mut observing);
    observing.observe_only = true;
    observing.validate().unwrap();
    let mut strict = sound();
    strict.profile = Profile::Strict;
    strict.policies[0].packages[1].ceiling = Mode::Blocking;
    strict.validate().unwrap();
    let mut bundle = sound();
    bundle.policies[0].packages.clear();
    assert!(
        bundle
            .validate()
            .unwrap_err()
            .to_string()
            .contains("it names no package")
    );
}

#[test]
fn rules_of_components() {
    broken(
        |bundle| bundle.policies[0].component.size = 0,
        "policy component `eu_residency`",
    );
    broken(
        |bundle| bundle.sinks[0].component.warm = true,
        "only a policy component can be warm",
    );
    let same_bytes_other_size = |bundle: &mut Bundle| {
        bundle.extractors[1].component = bundle.extractors[0].component.clone();
        bundle.extractors[1].component.size = 10;
    };
    broken(same_bytes_other_size, "described in two ways");
    let platform_twice = |bundle: &mut Bundle| {
        let native = bundle.sinks[0].component.native[0].clone();
        bundle.sinks[0].component.native.push(native);
    };
    broken(platform_twice, "target and engine are there twice");
    broken(
        |bundle| bundle.sinks[0].component.native[0].size = 0,
        "native code for `x86_64`: its size is 0",
    );
    broken(
        |bundle| bundle.sinks[0].component.native[0].engine.clear(),
        "must not be empty",
    );
    let mut twice = sound();
    twice.extractors[1].component = twice.extractors[0].component.clone();
    twice.validate().unwrap();
}

#[test]
fn rules_of_extractors_sinks_and_routes() {
    broken(
        |bundle| bundle.extractors.push(bundle.extractors[1].clone()),
        "extractor `mcp`: the name is there twice",
    );
    broken(
        |bundle| bundle.sinks.push(bundle.sinks[0].clone()),
        "sink `file`: the name is there twice",
    );
    broken(
        |bundle| bundle.sinks[0].endpoints.push("out".into()),
        "sink `file`, endpoint `out`: the name is there",
    );
    broken(
        |bundle| bundle.routes.push(bundle.routes[0].clone()),
        "route `customers`: the name is there twice",
    );
    broken(
        |bundle| bundle.routes[0].path = "/customers/**".into(),
        "no route's path has a segment `{id}`",
    );
}

fn with_route(edit: impl Fn(&mut Route), expected: &str) {
    broken(
        |bundle| {
            let mut route = bundle.routes[0].clone();
            route.name = "second".into();
            edit(&mut route);
            bundle.routes.push(route);
        },
        expected,
    );
}

#[test]
fn rules_of_one_route() {
    with_route(
        |route| route.path = "/a//b".into(),
        "route `second`: path template `/a//b`",
    );
    for host in [
        "Example.com",
        "example.com:80",
        "",
        "a..b",
        "[::1",
        "[0:0:0:0:0:0:0:1]",
        "*",
    ] {
        with_route(|route| route.hosts = vec![host.into()], "is not a host name");
    }
    for method in ["get", "", "G T"] {
        with_route(|route| route.methods = vec![method.into()], "is not a method");
    }
    with_route(|route| route.upstream.clear(), "route `second`, upstream");
    with_route(
        |route| drop(route.labels.insert("a b".into(), "c".into())),
        "route `second`, labels",
    );
}

#[track_caller]
fn with_attribute(name: &str, source: Source, expected: &str) {
    broken(
        |bundle| {
            let name = name.parse().unwrap();
            bundle.attributes.push(AttributeEntry {
                name,
                value_type: Type::Text,
                source,
                personal: false,
            });
        },
        expected,
    );
}

#[test]
fn every_attribute_has_one_source_and_one_type() {
    let constant = || Source::Constant { value: json!("x") };
    with_attribute(
        "customer.region",
        constant(),
        "attribute `customer.region`: it has two sources",
    );
    with_attribute("customer.page", constant(), "it has two types, INTEGER and TEXT");
}

#[test]
fn name_spaces_belong_to_those_who_fill_them() {
    let header = || Source::Header { name: "x-y".into() };
    for name in [
        "request.path",
        "connection.address",
        "time.now",
        "environment.name",
    ] {
        with_attribute(name, header(), "only the enforcement point fills this name space");
    }
    with_attribute("customer.host", Source::Host, "source `host` gives");
    with_attribute("identity.groups", header(), "`identity.*` comes only from");
    with_attribute(
        "identity.groups",
        Source::Extractor { name: "mcp".into() },
        "`identity.*` comes only from",
    );
    let mut bundle = sound();
    bundle.attributes[0].name = "requests.region".parse().unwrap();
    bundle.validate().unwrap();
}

#[test]
fn sources_must_be_there() {
    with_attribute(
        "a.b",
        Source::Extractor {
            name: "nobody".into(),
        },
        "there is no extractor `nobody`",
    );
    with_attribute(
        "identity.x",
        Source::Extractor {
            name: "nobody".into(),
        },
        "there is no extractor `nobody`",
    );
    with_attribute(
        "a.b",
        Source::Path {
            segment: "nothing".into(),
        },
        "no route's path has a segment `{nothing}`",
    );
    with_attribute(
        "a.b",
        Source::Label {
            name: "nothing".into(),
        },
        "no route has a label `nothing`",
    );
    with_attribute(
        "a.b",
        Source::Query { name: String::new() },
        "a query parameter needs a name",
    );
    for name in ["X-Region", "", "a b", "a:b"] {
        with_attribute(
            "a.b",
            Source::Header { name: name.into() },
            "is not a header name in lower case",
        );
    }
    for name in ["forwarded", "x-forwarded-for", "aecp-authorization"] {
        with_attribute(
            "a.b",
            Source::Header { name: name.into() },
            "is stripped from what clients send",
        );
    }
    for value in [json!(1), json!(null), json!({"a": "b"}), json!(["a"])] {
        with_attribute(
            "a.b",
            Source::Constant { value },
            "its constant is not of type TEXT",
        );
    }
}

#[test]
fn what_breaks_rules_is_not_signed() {
    let key = crate::key::SigningKey::from_seed(&[1; 32]).unwrap();
    let sealed = sound().seal(&[&key]).unwrap();
    let opened = crate::statement::open_unverified::<Bundle>(&sealed.envelope).unwrap();
    assert_eq!(opened.digest, sealed.digest);
    assert_eq!(sound().seal(&[]).unwrap().digest, sealed.digest);
    assert_eq!(opened.statement.predicate, sound());
    let broken = Bundle { epoch: 0, ..sound() };
    assert!(broken.seal(&[&key]).is_err());
}

#[test]
fn all_broken_rules_are_told() {
    let mut bundle = sound();
    bundle.epoch = 0;
    bundle.routes[0].methods.push("get".into());
    bundle.attributes[1].source = Source::Query { name: String::new() };
    let error = bundle.validate().unwrap_err();
    assert_eq!(error.violations().len(), 3);
    let places: Vec<_> = error
        .violations()
        .iter()
        .map(|violation| violation.place.as_str())
        .collect();
    assert_eq!(
        places,
        ["epoch", "route `customers`", "attribute `customer.page`"]
    );
}

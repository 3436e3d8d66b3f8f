use aecp_compiler::{analysis::*, package::check, source::SourceFile, syntax::parse};
use std::fmt::Write as _;
use std::time::Instant;
fn sources(count: usize, overlapping: bool, changed: usize) -> Vec<SourceFile> {
    let header = "PACKAGE bench {\n  VERSION: \"1.0.0\"\n  DEFAULT: DENY\n}\n\nSCHEMA {\n  resource.type: TEXT\n  customer.region: TEXT\n  storage.location: TEXT OPTIONAL\n  compute.location: TEXT OPTIONAL\n  request.method: TEXT\n  purpose: TEXT OPTIONAL\n  identity.roles: SET OF TEXT OPTIONAL\n  export.records: INTEGER OPTIONAL\n}\n";
    let regions = if overlapping { 20 } else { count.isqrt() * 2 / 3 };
    let mut text = String::new();
    for number in 0..count {
        let (resource, region) = (number / regions, number % regions);
        let zone = if overlapping { 0 } else { resource & 3 };
        let z = |w: usize| format!("region_{region:02}-{}", ["a","b","c","d"][(zone + w) & 3]);
        let about = if overlapping { "resource.type IS PRESENT".to_owned() } else { format!("resource.type == \"record_{resource:03}\"") };
        let (one, other) = (z(0), z(1));
        let more = match number % 6 {
            1 => format!(" AND compute.location IN [\"{one}\", \"{other}\"]"),
            2 => " AND request.method IN [\"GET\", \"POST\"]".to_owned(),
            3 => " AND purpose IN [\"contract\", \"support_case\"]".to_owned(),
            4 => " AND NOT identity.roles CONTAINS \"contractor\"".to_owned(),
            5 => format!(" AND export.records <= {}", number + 1000 + if number == changed { 7 } else { 0 }),
            _ => String::new(),
        };
        let _ = write!(text, "POLICY rule_{number:05} {{\n  SCOPE: requests WHERE {{ {about} AND customer.region == \"region_{region:02}\" }}\n  CONSTRAINT: {{ storage.location IN [\"{one}\", \"{other}\"]{more} }}\n  ENFORCEMENT: BLOCKING\n  AUDIT: REQUIRED\n}}\n\n");
    }
    vec![SourceFile::new("package.aecp", header), SourceFile::new("policies.aecp", text)]
}
fn main() {
    for overlapping in [false, true] {
        let files = sources(1000, overlapping, usize::MAX);
        for _ in 0..4 {
            let t = Instant::now();
            let _ = parse(0, &files[1].text);
            let p = t.elapsed();
            let t = Instant::now();
            let checked = check(&files);
            let c = t.elapsed();
            let package = checked.package.unwrap();
            let t = Instant::now();
            let a = analyse(&package, Budget::scaled(1000));
            println!("overlapping {overlapping}: parse {p:?} check(with parse) {c:?} analyse {:?} findings {} open {}", t.elapsed(), a.findings.len(), a.not_decided.len());
        }
    }
}

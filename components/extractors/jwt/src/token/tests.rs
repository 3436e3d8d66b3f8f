#![allow(clippy::arithmetic_side_effects)]

use aecp_vocabulary::Value;
use ed25519_dalek::Signer as _;
use serde_json::json;

use super::*;
use crate::extract;

const NOW: i64 = 1_800_000_000 * 1_000_000_000;

fn ed25519() -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&[7; 32])
}

fn es256() -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::from_slice(&[9; 32]).unwrap()
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn document() -> Json {
    let point = es256().verifying_key().to_encoded_point(false);
    json!({
        "issuers": ["https://login.example.com"],
        "audiences": ["api", "admin"],
        "leeway_seconds": 10,
        "keys": {"keys": [
            {"kid": "ed", "kty": "OKP", "crv": "Ed25519", "x": base64(ed25519().verifying_key().as_bytes())},
            {"kid": "es", "kty": "EC", "crv": "P-256", "x": base64(point.x().unwrap()), "y": base64(point.y().unwrap())},
        ]},
    })
}

fn configuration(document: &Json) -> Configuration {
    Configuration::from_json(document.to_string().as_bytes()).unwrap()
}

fn header() -> Json {
    json!({"alg": "EdDSA", "kid": "ed", "typ": "JWT"})
}

fn claims() -> Json {
    json!({
        "iss": "https://login.example.com",
        "aud": "api",
        "sub": "alice",
        "exp": 1_800_000_060,
        "nbf": 1_799_999_000,
        "roles": ["auditor", "admin"],
        "scope": "read write",
    })
}

fn signed(header: &str, payload: &str) -> String {
    let message = format!("{}.{}", base64(header), base64(payload));
    let signature = ed25519().sign(message.as_bytes()).to_bytes();
    format!("{message}.{}", base64(signature))
}

fn token(header: &Json, claims: &Json) -> String {
    signed(&header.to_string(), &claims.to_string())
}

fn request(token: &str) -> Vec<(String, Vec<u8>)> {
    vec![("authorization".into(), format!("Bearer {token}").into_bytes())]
}

fn extracted(token: &str) -> Result<Vec<Value>, Refusal> {
    extract(&configuration(&document()), &request(token), NOW)
}

fn with(mut object: Json, name: &str, value: Json) -> Json {
    if value.is_null() {
        object.as_object_mut().unwrap().remove(name);
    } else {
        object[name] = value;
    }
    object
}

fn identity() -> Vec<Value> {
    let texts = |members: [&str; 2]| Value::SetOfText(members.map(str::to_owned).to_vec());
    vec![
        Value::Text("alice".into()),
        Value::Text("https://login.example.com".into()),
        texts(["auditor", "admin"]),
        texts(["read", "write"]),
    ]
}

#[test]
fn a_good_token_gives_the_identity() {
    assert_eq!(extracted(&token(&header(), &claims())), Ok(identity()));
}

#[test]
fn es256_gives_the_same() {
    let message = format!(
        "{}.{}",
        base64(r#"{"alg":"ES256","kid":"es"}"#),
        base64(claims().to_string())
    );
    let signature: p256::ecdsa::Signature =
        p256::ecdsa::signature::Signer::sign(&es256(), message.as_bytes());
    assert_eq!(
        extracted(&format!("{message}.{}", base64(signature.to_bytes()))),
        Ok(identity())
    );
}

#[test]
fn no_token_is_an_absence() {
    let absent = vec![Value::Absent; 4];
    let other = vec![("cookie".to_owned(), b"authorization=x".to_vec())];
    for headers in [vec![], other] {
        assert_eq!(
            extract(&configuration(&document()), &headers, NOW),
            Ok(absent.clone())
        );
    }
}

#[test]
fn what_a_token_claims_wrongly_is_named() {
    let at = |seconds: i64| json!(1_800_000_000 + seconds);
    for (name, value, expected) in [
        ("iss", json!("https://evil.example.com"), Refusal::OtherIssuer),
        ("iss", json!(["https://login.example.com"]), Refusal::OtherIssuer),
        ("iss", Json::Null, Refusal::OtherIssuer),
        ("aud", json!("other"), Refusal::OtherAudience),
        ("aud", json!([]), Refusal::OtherAudience),
        ("aud", Json::Null, Refusal::OtherAudience),
        ("exp", Json::Null, Refusal::NoExpiry),
        (
            "exp",
            json!("1800000060"),
            Refusal::Malformed("its `exp` is not a date"),
        ),
        ("exp", json!(1e300), Refusal::Malformed("its `exp` is not a date")),
        ("exp", at(-10), Refusal::Expired),
        ("exp", json!(-1), Refusal::Expired),
        ("nbf", at(11), Refusal::NotYetValid),
        ("nbf", json!(true), Refusal::Malformed("its `nbf` is not a date")),
    ] {
        let claims = with(claims(), name, value.clone());
        assert_eq!(
            extracted(&token(&header(), &claims)),
            Err(expected),
            "{name} {value}"
        );
    }
}

#[test]
fn clocks_may_differ_by_the_leeway() {
    for (name, seconds) in [("exp", -9), ("nbf", 10)] {
        let claims = with(claims(), name, json!(1_800_000_000 + seconds));
        assert_eq!(extracted(&token(&header(), &claims)), Ok(identity()), "{name}");
    }
    let several = with(claims(), "aud", json!(["other", "admin"]));
    assert_eq!(extracted(&token(&header(), &several)), Ok(identity()));
}

#[test]
fn what_a_header_asks_for_wrongly_is_named() {
    for (name, value, expected) in [
        ("alg", json!("none"), Refusal::UnsupportedAlgorithm),
        ("alg", json!("HS256"), Refusal::UnsupportedAlgorithm),
        ("alg", json!("eddsa"), Refusal::UnsupportedAlgorithm),
        ("alg", json!("ES256"), Refusal::OtherAlgorithm),
        ("alg", json!("RS256"), Refusal::OtherAlgorithm),
        ("alg", Json::Null, Refusal::Malformed("its `alg` is not a text")),
        ("kid", json!("gone"), Refusal::UnknownKey),
        ("kid", json!("es"), Refusal::OtherAlgorithm),
        ("kid", json!(1), Refusal::Malformed("its `kid` is not a text")),
        ("kid", Json::Null, Refusal::UnnamedKey),
        ("typ", json!("logout+jwt"), Refusal::OtherType),
        ("crit", json!(["b64"]), Refusal::CriticalExtensions),
    ] {
        let header = with(header(), name, value.clone());
        assert_eq!(
            extracted(&token(&header, &claims())),
            Err(expected),
            "{name} {value}"
        );
    }
}

#[test]
fn a_single_key_needs_no_name() {
    let mut document = document();
    document["keys"]["keys"].as_array_mut().unwrap().truncate(1);
    let unnamed = token(&json!({"alg": "Ed25519", "typ": "application/at+JWT"}), &claims());
    assert_eq!(
        extract(&configuration(&document), &request(&unnamed), NOW),
        Ok(identity())
    );
}

#[test]
fn no_byte_of_a_token_can_change() {
    let good = token(&header(), &claims());
    for place in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(extracted(&changed).is_err(), "byte {place}");
    }
}

#[test]
fn malformed_tokens_are_refused_and_not_repeated() {
    let good = token(&header(), &claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let twice = claims().to_string().replacen('{', r#"{"sub":"mallory","#, 1);
    let large = with(claims(), "filler", json!("x".repeat(TOKEN_LIMIT)));
    for bad in [
        String::new(),
        ".".into(),
        "..".into(),
        "secret".into(),
        message.into(),
        format!("{message}."),
        format!("{good}."),
        format!("{good}="),
        format!("{good}.{signature}"),
        format!("{good} x"),
        format!("a.{good}"),
        "é.é.é".into(),
        signed(&header().to_string(), &twice),
        signed(&header().to_string(), "[]"),
        signed(r#"{"alg":"EdDSA","kid":"ed","kid":"ed"}"#, &claims().to_string()),
        token(&header(), &large),
    ] {
        let refusal = extracted(&bad).unwrap_err().to_string();
        assert!(bad.len() < 3 || !refusal.contains(&bad), "{refusal}");
        assert!(
            !refusal.contains("secret") && !refusal.contains("alice"),
            "{refusal}"
        );
    }
}

#[test]
fn the_header_says_who_speaks_exactly_once() {
    let good = token(&header(), &claims());
    let configuration = configuration(&document());
    let twice = [request(&good), request(&good)].concat();
    assert_eq!(
        extract(&configuration, &twice, NOW),
        Err(Refusal::SeveralHeaders("authorization".into()))
    );
    for value in ["", "Bearer", "Basic YTpi", &good, "Bearer,x"] {
        let headers = vec![("authorization".to_owned(), value.as_bytes().to_vec())];
        assert_eq!(
            extract(&configuration, &headers, NOW),
            Err(Refusal::OtherScheme),
            "{value}"
        );
    }
    let shouted = vec![(
        "authorization".to_owned(),
        format!("BEARER  {good} ").into_bytes(),
    )];
    assert_eq!(extract(&configuration, &shouted, NOW), Ok(identity()));
}

#[test]
fn another_header_holds_the_token_alone() {
    let configuration = configuration(&with(document(), "header", json!("x-identity-token")));
    let good = token(&header(), &claims());
    let headers = vec![("x-identity-token".to_owned(), good.into_bytes())];
    assert_eq!(extract(&configuration, &headers, NOW), Ok(identity()));
    let authorization = request("ignored");
    assert_eq!(
        extract(&configuration, &authorization, NOW),
        Ok(vec![Value::Absent; 4])
    );
}

#[test]
fn a_claim_of_another_type_fails_alone() {
    let values = extracted(&token(&header(), &with(claims(), "roles", json!("admin")))).unwrap();
    assert!(matches!(values[2], Value::Failed(_)));
    assert_eq!(values[0], Value::Text("alice".into()));
}

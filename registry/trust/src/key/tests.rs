use super::*;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32]).unwrap()
}

#[test]
fn keys_come_back_from_their_text() {
    let made = SigningKey::generate().unwrap();
    let read = SigningKey::from_pem(&made.to_pem().unwrap()).unwrap();
    assert_eq!(read.public_key(), made.public_key());
    let public = made.public_key();
    assert_eq!(PublicKey::from_pem(&public.to_pem().unwrap()).unwrap(), *public);
    assert_eq!(
        crate::json::from_slice::<PublicKey>(&serde_json::to_vec(public).unwrap()).unwrap(),
        *public
    );
}

/// From RFC 8410, section 10.3, which is what OpenSSL writes too.
#[test]
fn it_reads_what_other_tools_write() {
    let text = "-----BEGIN PRIVATE KEY-----\n\
                MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                -----END PRIVATE KEY-----\n";
    let key = SigningKey::from_pem(text).unwrap();
    let public = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
    assert_eq!(hex::encode(key.public_key().as_bytes()), public);
    assert_eq!(*key.to_pem().unwrap(), text);
    assert!(SigningKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").is_err());
}

#[test]
fn the_id_is_the_one_of_tuf() {
    let key = key(1);
    let public = hex::encode(key.public_key().as_bytes());
    let form = format!(r#"{{"keytype":"ed25519","keyval":{{"public":"{public}"}},"scheme":"ed25519"}}"#);
    assert_eq!(
        key.public_key().id().to_string(),
        Digest::of(form.as_bytes()).hex()
    );
}

#[test]
fn a_private_key_is_not_printed() {
    assert!(!format!("{:?}", key(7)).contains("0707"));
}

#[test]
fn keys_of_another_kind_or_spelling_are_refused() {
    let good = serde_json::to_string(key(1).public_key()).unwrap();
    let hex = hex::encode(key(1).public_key().as_bytes());
    for bad in [
        good.replace(&hex, &hex.to_uppercase()),
        good.replace("\"keytype\":\"ed25519\"", "\"keytype\":\"rsa\""),
        good.replace("\"scheme\":\"ed25519\"", "\"scheme\":\"ed25519ph\""),
        good.replace('}', ",\"more\":1}"),
        good.replace(&hex, &"00".repeat(32)),
        good.replace(&hex, &format!("01{}", "00".repeat(31))),
        // The identity again, in its second spelling: y = p + 1.
        good.replace(&hex, &format!("ee{}7f", "ff".repeat(30))),
    ] {
        assert!(serde_json::from_str::<PublicKey>(&bad).is_err(), "{bad}");
    }
}

#[test]
fn a_malleable_signature_is_refused() {
    let key = key(1);
    let good = key.sign(b"message").unwrap();
    assert!(key.public_key().verifies(b"message", &good));
    // s + L is the same scalar in a second spelling.
    let order: [u8; 32] = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        .unwrap()
        .try_into()
        .unwrap();
    let mut bad = good;
    let mut carry = 0u16;
    for (byte, add) in bad[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte).wrapping_add(u16::from(add)).wrapping_add(carry);
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    assert!(!key.public_key().verifies(b"message", &bad));
    assert!(!key.public_key().verifies(b"message", &good[..63]));
}

#[test]
fn a_quorum_counts_keys_not_signatures() {
    let keys = [key(1), key(2), key(3)];
    let publics = || keys.iter().map(|key| key.public_key().clone());
    let quorum = Quorum::new(publics(), 2).unwrap();
    let ids: Vec<_> = keys.iter().map(|key| key.public_key().id().to_string()).collect();
    let signed: Vec<_> = keys.iter().map(|key| key.sign(b"m").unwrap()).collect();
    let one = (ids[0].as_str(), signed[0].as_slice());
    let two = (ids[1].as_str(), signed[1].as_slice());
    assert!(quorum.check(b"m", [one, two]).is_ok());
    assert!(quorum.check(b"m", [("", one.1), ("", two.1)]).is_ok());
    assert!(quorum.check(b"m", [("unknown", one.1), one, two]).is_ok());
    for (why, signatures) in [
        ("twice the same", vec![one, one]),
        ("twice the same, once without an id", vec![one, ("", one.1)]),
        ("of another key", vec![one, (ids[1].as_str(), one.1)]),
        ("unknown id", vec![one, ("unknown", two.1)]),
        ("none", vec![]),
    ] {
        let error = quorum.check(b"m", signatures).unwrap_err();
        assert!(error.valid < 2, "{why}");
    }
    assert!(quorum.check(b"n", [one, two]).is_err());
    assert!(Quorum::new(publics(), 0).is_err());
    assert!(Quorum::new(publics(), 4).is_err());
    assert!(Quorum::new([keys[0].public_key().clone(), keys[0].public_key().clone()], 2).is_err());
}

//! Signed envelopes: DSSE version 1 (<https://github.com/secure-systems-lab/dsse>), JSON form.
//!
//! Only what is signed has a meaning. Unknown members of the envelope are ignored, as the specification asks; a key
//! given twice is refused, and base64 has one spelling here (standard alphabet, padded).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::json::{self, DOCUMENT_LIMIT, JsonError};
use crate::key::{KeyId, Quorum, SIGNATURES_LIMIT, Signer, SigningFailed, UnderThreshold};

/// The payload type of in-toto statements, the only one here.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// A payload and signatures that claim to be over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    payload: Vec<u8>,
    signatures: Vec<Claim>,
}

/// A signature that nobody has verified.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Claim {
    key_id: String,
    signature: Vec<u8>,
}

/// An envelope that does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not the JSON of an envelope.
    #[error("not a DSSE envelope: {0}")]
    Json(#[from] JsonError),
    /// The payload is something else.
    #[error("payload type `{0}`, expected `{PAYLOAD_TYPE}`")]
    PayloadType(String),
    /// Base64 that is not standard, padded and canonical.
    #[error("`{0}` is not standard base64")]
    Base64(&'static str),
    /// More signatures than [`SIGNATURES_LIMIT`].
    #[error("{0} signatures, at most {SIGNATURES_LIMIT} are read")]
    TooManySignatures(usize),
    /// Too few keys of the role have signed.
    #[error(transparent)]
    UnderThreshold(#[from] UnderThreshold),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    payload_type: String,
    payload: String,
    signatures: Vec<WireSignature>,
}

#[derive(Serialize, Deserialize)]
struct WireSignature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// What is signed in place of the payload: its type and itself, with their lengths (pre-authentication encoding).
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    let mut encoding = head.into_bytes();
    encoding.extend_from_slice(payload);
    encoding
}

impl Envelope {
    /// An envelope without signatures.
    pub fn new(payload: Vec<u8>) -> Self {
        Self {
            payload,
            signatures: Vec::new(),
        }
    }

    /// Adds a signature. One of the same key that stands already is replaced.
    ///
    /// # Errors
    /// The signer did not sign.
    pub fn sign(&mut self, signer: &dyn Signer) -> Result<(), SigningFailed> {
        let signature = signer.sign(&pre_authentication_encoding(PAYLOAD_TYPE, &self.payload))?;
        let key_id = signer.public_key().id().to_string();
        self.signatures.retain(|claim| claim.key_id != key_id);
        self.signatures.push(Claim {
            key_id,
            signature: signature.to_vec(),
        });
        Ok(())
    }

    /// Reads an envelope.
    ///
    /// # Errors
    /// Bytes that are not one, of another payload type, or with too many signatures.
    pub fn from_json(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let wire: Wire = json::from_slice(bytes)?;
        if wire.payload_type != PAYLOAD_TYPE {
            return Err(EnvelopeError::PayloadType(
                wire.payload_type.chars().take(80).collect(),
            ));
        }
        if wire.signatures.len() > SIGNATURES_LIMIT {
            return Err(EnvelopeError::TooManySignatures(wire.signatures.len()));
        }
        let payload = STANDARD
            .decode(&wire.payload)
            .map_err(|_| EnvelopeError::Base64("payload"))?;
        let claim = |signature: WireSignature| {
            let bytes = STANDARD
                .decode(&signature.sig)
                .map_err(|_| EnvelopeError::Base64("sig"))?;
            Ok(Claim {
                key_id: signature.keyid,
                signature: bytes,
            })
        };
        let signatures: Result<_, EnvelopeError> = wire.signatures.into_iter().map(claim).collect();
        Ok(Self {
            payload,
            signatures: signatures?,
        })
    }

    /// The envelope as JSON.
    ///
    /// # Errors
    /// More than [`DOCUMENT_LIMIT`] bytes, which no reader would take.
    pub fn to_json(&self) -> Result<Vec<u8>, EnvelopeError> {
        let signature = |claim: &Claim| WireSignature {
            keyid: claim.key_id.clone(),
            sig: STANDARD.encode(&claim.signature),
        };
        let wire = Wire {
            payload_type: PAYLOAD_TYPE.to_owned(),
            payload: STANDARD.encode(&self.payload),
            signatures: self.signatures.iter().map(signature).collect(),
        };
        let bytes = serde_json::to_vec(&wire).map_err(JsonError::from)?;
        if bytes.len() > DOCUMENT_LIMIT {
            return Err(JsonError::TooLarge { size: bytes.len() }.into());
        }
        Ok(bytes)
    }

    /// The payload, if enough distinct keys of `quorum` have signed it.
    ///
    /// # Errors
    /// Too few have.
    pub fn verify(&self, quorum: &Quorum) -> Result<&[u8], EnvelopeError> {
        self.signers(quorum)?;
        Ok(&self.payload)
    }

    /// The keys of `quorum` that have signed, if they are enough.
    ///
    /// # Errors
    /// Too few have.
    pub fn signers(&self, quorum: &Quorum) -> Result<BTreeSet<KeyId>, EnvelopeError> {
        let claims = self
            .signatures
            .iter()
            .map(|claim| (claim.key_id.as_str(), claim.signature.as_slice()));
        let message = pre_authentication_encoding(PAYLOAD_TYPE, &self.payload);
        Ok(quorum.check(&message, claims)?)
    }

    /// The payload, though nobody has verified it: to show it, never to act on it.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The ids of the keys that claim to have signed, in the order of the envelope; empty where none is given.
    pub fn claimed_key_ids(&self) -> impl Iterator<Item = &str> {
        self.signatures.iter().map(|claim| claim.key_id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    fn quorum(threshold: u32, seeds: &[u8]) -> Quorum {
        Quorum::new(
            seeds.iter().map(|seed| key(*seed).public_key().clone()),
            threshold,
        )
        .unwrap()
    }

    fn signed(seeds: &[u8]) -> Envelope {
        let mut envelope = Envelope::new(b"{\"a\":1}".to_vec());
        for seed in seeds {
            envelope.sign(&key(*seed)).unwrap();
        }
        envelope
    }

    /// From the specification's own test vector.
    #[test]
    fn the_encoding_is_the_one_of_the_specification() {
        let encoding = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
        assert_eq!(
            encoding,
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn it_comes_back_from_json_and_verifies() {
        let envelope = Envelope::from_json(&signed(&[1, 2]).to_json().unwrap()).unwrap();
        assert_eq!(envelope, signed(&[1, 2]));
        assert_eq!(envelope.verify(&quorum(2, &[1, 2, 3])).unwrap(), b"{\"a\":1}");
        assert!(envelope.verify(&quorum(1, &[3])).is_err());
    }

    #[test]
    fn stripped_and_repeated_signatures_do_not_reach_the_threshold() {
        let two = quorum(2, &[1, 2]);
        assert!(signed(&[]).verify(&two).is_err());
        assert!(signed(&[1]).verify(&two).is_err());
        let mut repeated = signed(&[1]);
        repeated.signatures.push(repeated.signatures[0].clone());
        repeated.signatures[1].key_id.clear();
        assert!(repeated.verify(&two).is_err());
        let mut again = signed(&[1]);
        again.sign(&key(1)).unwrap();
        assert_eq!(again, signed(&[1]));
    }

    #[test]
    fn malformed_envelopes_are_refused() {
        let good = String::from_utf8(signed(&[1]).to_json().unwrap()).unwrap();
        let many = format!(
            "{{\"sig\":\"AA==\"}},{}",
            "{\"sig\":\"AA==\"},".repeat(SIGNATURES_LIMIT)
        );
        for bad in [
            good.replace(PAYLOAD_TYPE, "application/json"),
            good.replace("\"payload\":\"", "\"payload\":\"\",\"payload\":\""),
            good.replace("\"payload\":\"", "\"payload\":\"\\n"),
            good.replace("eyJhIjoxfQ==", "eyJhIjoxfQ"),
            good.replace("eyJhIjoxfQ==", "eyJhIjoxfR=="),
            good.replace("\"sig\":\"", "\"sig\":\"-"),
            good.replace("\"signatures\":[", &format!("\"signatures\":[{many}")),
            good.replace("\"signatures\"", "\"signature\""),
        ] {
            assert_ne!(bad, good);
            assert!(Envelope::from_json(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(Envelope::new(vec![0; DOCUMENT_LIMIT]).to_json().is_err());
    }
}

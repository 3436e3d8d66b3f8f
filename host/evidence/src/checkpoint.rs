//! Signed notes over the size and root of the log (C2SP tlog-checkpoint and signed-note, Ed25519).
//!
//! The log's origin is the enforcement point's name, and so is the name of its key. A verifier's key is one line of
//! text: `<name>+<8 hexadecimal digits>+<base64 of 0x01 and the public key>`.

use std::fmt;
use std::str::FromStr;

use crate::merkle::Hash;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

mod key;

pub use key::KeyError;
use key::{check_name, key_id};

/// The name of the file, inside the folder of the evidence.
pub const FILE: &str = "checkpoint";

/// Longest note that is read.
pub const NOTE_LIMIT: usize = 1 << 20;

const ED25519: u8 = 1;

/// Size and root of a log at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// Why a note is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is not a signed note that holds a checkpoint.
    #[error("the checkpoint is malformed: {0}")]
    Malformed(&'static str),
    /// The key has not signed it.
    #[error("the checkpoint has no signature by the key `{key}`")]
    NotSigned {
        /// The key's name and id.
        key: String,
    },
    /// The key's signature is wrong.
    #[error("the signature by the key `{key}` does not fit the checkpoint")]
    BadSignature {
        /// The key's name and id.
        key: String,
    },
    /// It is about another log than the key's.
    #[error("the checkpoint is of the log `{origin}`, but the key is of `{name}`")]
    OtherLog {
        /// The log that it is about.
        origin: String,
        /// The key's name.
        name: String,
    },
}

/// The public key of a log, with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl VerifierKey {
    /// The log's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a note: the signature of this key must be there and right, and the note must be about this key's log.
    /// Signatures by others, such as witnesses, are passed over.
    ///
    /// # Errors
    /// Anything else.
    pub fn open(&self, note: &str) -> Result<Checkpoint, CheckpointError> {
        let (body, signatures) = split(note)?;
        let label = || format!("{}+{}", self.name, hex::encode(self.id));
        let mut signed = false;
        for line in signatures {
            let (name, bytes) = line?;
            let Some((id, signature)) = bytes.split_first_chunk::<4>() else {
                return Err(CheckpointError::Malformed("a signature without a key id"));
            };
            if name != self.name || *id != self.id {
                continue;
            }
            let bad = |_| CheckpointError::BadSignature { key: label() };
            let signature = Signature::from_slice(signature).map_err(bad)?;
            self.key.verify_strict(body.as_bytes(), &signature).map_err(bad)?;
            signed = true;
        }
        if !signed {
            return Err(CheckpointError::NotSigned { key: label() });
        }
        let checkpoint = parse(body)?;
        if checkpoint.origin != self.name {
            return Err(CheckpointError::OtherLog {
                origin: checkpoint.origin,
                name: self.name.clone(),
            });
        }
        Ok(checkpoint)
    }
}

/// The text of the key, as verifiers are given it.
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![ED25519];
        bytes.extend(self.key.as_bytes());
        write!(
            f,
            "{}+{}+{}",
            self.name,
            hex::encode(self.id),
            BASE64_STANDARD.encode(bytes)
        )
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.trim_end_matches(['\n', '\r']).splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Malformed);
        };
        check_name(name)?;
        let bytes = BASE64_STANDARD.decode(key).map_err(|_| KeyError::Malformed)?;
        let Some((&ED25519, public)) = bytes.split_first() else {
            return Err(KeyError::Malformed);
        };
        let public = public.try_into().map_err(|_| KeyError::Malformed)?;
        let key = VerifyingKey::from_bytes(public).map_err(|_| KeyError::Malformed)?;
        let expected = key_id(name, &key);
        if hex::encode(expected) != id {
            return Err(KeyError::WrongId);
        }
        Ok(Self {
            name: name.to_owned(),
            id: expected,
            key,
        })
    }
}

/// The private key of a log, with its name. It signs checkpoints and nothing else.
pub struct LogSigner {
    name: String,
    key: SigningKey,
}

impl LogSigner {
    /// From the 32 bytes that are the private key.
    ///
    /// # Errors
    /// The name is empty or has spaces or `+`.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        check_name(name)?;
        Ok(Self {
            name: name.to_owned(),
            key: SigningKey::from_bytes(seed),
        })
    }

    /// From a PKCS#8 document in PEM.
    ///
    /// # Errors
    /// The name is empty or has spaces or `+`, or the text is not such a document.
    pub fn from_pem(name: &str, pem: &str) -> Result<Self, KeyError> {
        check_name(name)?;
        let key = SigningKey::from_pkcs8_pem(pem).map_err(|error| KeyError::Private(error.to_string()))?;
        Ok(Self {
            name: name.to_owned(),
            key,
        })
    }

    /// The log's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What verifiers need.
    pub fn verifier(&self) -> VerifierKey {
        let key = self.key.verifying_key();
        VerifierKey {
            name: self.name.clone(),
            id: key_id(&self.name, &key),
            key,
        }
    }

    /// The signed note of a tree.
    pub fn sign(&self, size: u64, root: &Hash) -> String {
        let body = format!("{}\n{size}\n{}\n", self.name, BASE64_STANDARD.encode(root));
        let mut signature = key_id(&self.name, &self.key.verifying_key()).to_vec();
        signature.extend(self.key.sign(body.as_bytes()).to_bytes());
        format!(
            "{body}\n\u{2014} {} {}\n",
            self.name,
            BASE64_STANDARD.encode(signature)
        )
    }
}

/// Without the private key.
impl fmt::Debug for LogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogSigner")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What a note says, whoever signed it: for display alone.
///
/// # Errors
/// The text is not a signed note that holds a checkpoint.
pub fn read_unverified(note: &str) -> Result<Checkpoint, CheckpointError> {
    parse(split(note)?.0)
}

type SignatureLine<'a> = Result<(&'a str, Vec<u8>), CheckpointError>;

/// The signed text, with its last line end, and the lines of signatures.
fn split(note: &str) -> Result<(&str, impl Iterator<Item = SignatureLine<'_>>), CheckpointError> {
    let malformed = CheckpointError::Malformed;
    if note.len() > NOTE_LIMIT || note.contains(|c: char| c.is_control() && c != '\n') {
        return Err(malformed("too long, or control characters in it"));
    }
    // The last empty line divides text and signatures; the text keeps its line end.
    let divide = note
        .rfind("\n\n")
        .ok_or(malformed("no empty line before the signatures"))?
        .saturating_add(1);
    let (body, rest) = note
        .split_at_checked(divide)
        .ok_or(malformed("no empty line before the signatures"))?;
    let lines = rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n'));
    let lines = lines.ok_or(malformed("its last line does not end"))?;
    Ok((body, lines.split('\n').map(signature_line)))
}

fn signature_line(line: &str) -> SignatureLine<'_> {
    let malformed = CheckpointError::Malformed("a line that is no signature");
    let parts = line
        .strip_prefix("\u{2014} ")
        .and_then(|rest| rest.split_once(' '));
    let (name, signature) = parts.ok_or_else(|| malformed.clone())?;
    check_name(name).map_err(|_| malformed.clone())?;
    Ok((name, BASE64_STANDARD.decode(signature).map_err(|_| malformed)?))
}

fn parse(body: &str) -> Result<Checkpoint, CheckpointError> {
    let malformed = CheckpointError::Malformed;
    let mut lines = body.split('\n');
    let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
        return Err(malformed("fewer than three lines"));
    };
    let size_number: u64 = size.parse().map_err(|_| malformed("the size is not a number"))?;
    if size_number.to_string() != size {
        return Err(malformed("the size is not in its shortest form"));
    }
    let root = BASE64_STANDARD
        .decode(root)
        .ok()
        .and_then(|root| root.try_into().ok());
    let root = root.ok_or(malformed("the root is not base64 of 32 bytes"))?;
    if origin.is_empty() {
        return Err(malformed("the origin is empty"));
    }
    Ok(Checkpoint {
        origin: origin.to_owned(),
        size: size_number,
        root,
    })
}

#[cfg(test)]
mod tests {
    use signed_note::{Note, StandardVerifier, VerifierList};

    use super::*;

    fn signer() -> LogSigner {
        LogSigner::from_seed("gate.example/eu-1", &[7; 32]).unwrap()
    }

    #[test]
    fn what_is_signed_is_read_back() {
        let signer = signer();
        let key: VerifierKey = signer.verifier().to_string().parse().unwrap();
        let note = signer.sign(42, &[9; 32]);
        let expected = Checkpoint {
            origin: "gate.example/eu-1".into(),
            size: 42,
            root: [9; 32],
        };
        assert_eq!(key.open(&note), Ok(expected));
    }

    #[test]
    fn others_read_our_notes_and_keys() {
        let signer = signer();
        let text = signer.sign(42, &[9; 32]);
        let verifier = StandardVerifier::new(&signer.verifier().to_string()).unwrap();
        let note = Note::from_bytes(text.as_bytes()).unwrap();
        let (signatures, _) = note.verify(&VerifierList::new(vec![Box::new(verifier)])).unwrap();
        assert_eq!(signatures.len(), 1);
        let theirs = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
        assert_eq!(
            (theirs.origin(), theirs.size(), theirs.hash().0),
            ("gate.example/eu-1", 42, [9; 32])
        );
    }

    #[test]
    fn every_changed_or_missing_byte_is_noticed() {
        let signer = signer();
        let note = signer.sign(42, &[9; 32]);
        for at in 0..note.len() {
            for bit in 0..8 {
                let mut bytes = note.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let opened = String::from_utf8(bytes)
                    .ok()
                    .map(|note| signer.verifier().open(&note));
                assert!(!matches!(opened, Some(Ok(_))), "bit {bit} of byte {at}");
            }
            if let Some(shorter) = note.get(..at) {
                assert!(signer.verifier().open(shorter).is_err(), "{at} bytes");
            }
        }
        for longer in [format!("{note}\n"), format!("{note}x"), format!("\n{note}")] {
            assert!(signer.verifier().open(&longer).is_err());
        }
    }

    #[test]
    fn a_witness_may_sign_too_but_not_alone() {
        let signer = signer();
        let witness = LogSigner::from_seed("witness", &[8; 32]).unwrap();
        let note = signer.sign(1, &[9; 32]);
        let (body, ours) = note.split_once("\n\n").unwrap();
        let body = format!("{body}\n");
        let mut signature = key_id("witness", &witness.key.verifying_key()).to_vec();
        signature.extend(witness.key.sign(body.as_bytes()).to_bytes());
        let theirs = format!("\u{2014} witness {}", BASE64_STANDARD.encode(signature));
        assert!(
            signer
                .verifier()
                .open(&format!("{body}\n{theirs}\n{ours}"))
                .is_ok()
        );
        let alone = signer.verifier().open(&format!("{body}\n{theirs}\n"));
        assert!(matches!(alone, Err(CheckpointError::NotSigned { .. })));
        assert!(matches!(
            witness.verifier().open(&format!("{body}\n{theirs}\n")),
            Err(CheckpointError::OtherLog { .. })
        ));
    }

    #[test]
    fn keys_come_from_pem_and_bad_ones_are_named() {
        // RFC 8410, section 10.3.
        let pem = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                   -----END PRIVATE KEY-----\n";
        let signer = LogSigner::from_pem("log", pem).unwrap();
        assert_eq!(
            hex::encode(signer.key.verifying_key().as_bytes()),
            "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"
        );
        assert!(matches!(
            LogSigner::from_pem("log", "x"),
            Err(KeyError::Private(_))
        ));
        assert!(matches!(
            LogSigner::from_seed("a b", &[0; 32]),
            Err(KeyError::Name(_))
        ));
        let key = signer.verifier().to_string();
        assert_eq!(
            key.replacen("log", "lag", 1).parse::<VerifierKey>(),
            Err(KeyError::WrongId)
        );
        assert_eq!("log+00".parse::<VerifierKey>(), Err(KeyError::Malformed));
    }
}

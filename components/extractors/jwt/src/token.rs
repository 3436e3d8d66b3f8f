//! From a header's bytes to verified claims (RFC 7515 compact serialisation, RFC 7519, RFC 8725).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value as Json;

use crate::claims::{Claims, date};
use crate::configuration::Configuration;
use crate::json;
use crate::keys::{Algorithm, Key};

/// Most bytes of a token.
pub const TOKEN_LIMIT: usize = 16_384;

/// Why a token proves nothing. No variant repeats a part of the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request has several of the header.
    #[error("the request has more than one `{0}` header")]
    SeveralHeaders(String),
    /// An `authorization` header of another scheme.
    #[error("the `authorization` header does not use the Bearer scheme")]
    OtherScheme,
    /// Larger than [`TOKEN_LIMIT`].
    #[error("the token has more than {TOKEN_LIMIT} bytes")]
    TooLarge,
    /// Not three parts of base64url that hold what they should.
    #[error("the token is malformed: {0}")]
    Malformed(&'static str),
    /// The token asks for extensions, none of which exist here.
    #[error("the token has critical extensions (`crit`), and none are supported")]
    CriticalExtensions,
    /// Another kind of token, for example a logout token.
    #[error("the token's `typ` is neither `JWT` nor `at+jwt`")]
    OtherType,
    /// `none`, an HMAC, or an algorithm that no key is for.
    #[error("the token's algorithm is not supported")]
    UnsupportedAlgorithm,
    /// There is no such key.
    #[error("no key of the configuration has the token's `kid`")]
    UnknownKey,
    /// There are several keys.
    #[error("the token does not name its key (`kid`), and there are several")]
    UnnamedKey,
    /// The key is for another algorithm.
    #[error("the token's algorithm is not the one that its key is for")]
    OtherAlgorithm,
    /// The signature is not the key's over these bytes.
    #[error("the token's signature does not verify")]
    BadSignature,
    /// Another issuer.
    #[error("the token's issuer (`iss`) is not one that the configuration names")]
    OtherIssuer,
    /// For somebody else.
    #[error("the token's audience (`aud`) is not one that the configuration names")]
    OtherAudience,
    /// Tokens must end.
    #[error("the token does not say when it expires (`exp`)")]
    NoExpiry,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not yet valid (`nbf`)")]
    NotYetValid,
}

/// The token that a request carries; none if it does not have the header.
///
/// # Errors
/// Several such headers, another scheme than Bearer.
pub fn find<'a>(
    configuration: &Configuration,
    headers: &'a [(String, Vec<u8>)],
) -> Result<Option<&'a [u8]>, Refusal> {
    let mut found = headers.iter().filter(|(name, _)| *name == configuration.header);
    let Some((name, value)) = found.next() else {
        return Ok(None);
    };
    if found.next().is_some() {
        return Err(Refusal::SeveralHeaders(name.clone()));
    }
    if name != "authorization" {
        return Ok(Some(value.trim_ascii()));
    }
    match value.trim_ascii().split_at_checked("bearer ".len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => {
            Ok(Some(token.trim_ascii_start()))
        }
        _ => Err(Refusal::OtherScheme),
    }
}

/// The claims of a token that is what the configuration asks for, at `now` (nanoseconds since 1970).
///
/// # Errors
/// See [`Refusal`]. Nothing of the claims is looked at before the signature has been verified.
pub fn verify(configuration: &Configuration, token: &[u8], now: i64) -> Result<Claims, Refusal> {
    if token.len() > TOKEN_LIMIT {
        return Err(Refusal::TooLarge);
    }
    let text = std::str::from_utf8(token).map_err(|_| Refusal::Malformed("it is not text"))?;
    let three_parts = Refusal::Malformed("it does not have three parts");
    let (message, signature) = text.rsplit_once('.').ok_or_else(|| three_parts.clone())?;
    let (header, payload) = message.split_once('.').ok_or_else(|| three_parts.clone())?;
    if payload.contains('.') {
        return Err(three_parts);
    }
    let key = key(configuration, header)?;
    let signature = decoded(signature, "its signature is not base64url")?;
    if !key.verifies(message.as_bytes(), &signature) {
        return Err(Refusal::BadSignature);
    }
    let payload = decoded(payload, "its payload is not base64url")?;
    let claims = json::object(&payload)
        .map_err(|_| Refusal::Malformed("its payload is not one JSON object of unique names"))?;
    check(configuration, &claims, now)?;
    Ok(claims)
}

/// The key that a token's header names, if it is for the algorithm that the header names.
fn key<'a>(configuration: &'a Configuration, header: &str) -> Result<&'a Key, Refusal> {
    let header = decoded(header, "its header is not base64url")?;
    let header = json::object(&header)
        .map_err(|_| Refusal::Malformed("its header is not one JSON object of unique names"))?;
    if header.contains_key("crit") {
        return Err(Refusal::CriticalExtensions);
    }
    match header.get("typ") {
        None => {}
        Some(Json::String(kind)) => {
            let kind = kind.to_ascii_lowercase();
            if !matches!(
                kind.strip_prefix("application/").unwrap_or(&kind),
                "jwt" | "at+jwt"
            ) {
                return Err(Refusal::OtherType);
            }
        }
        Some(_) => return Err(Refusal::Malformed("its `typ` is not a text")),
    }
    let Some(Json::String(algorithm)) = header.get("alg") else {
        return Err(Refusal::Malformed("its `alg` is not a text"));
    };
    let algorithm = Algorithm::named(algorithm).ok_or(Refusal::UnsupportedAlgorithm)?;
    let key = match (header.get("kid"), configuration.keys.as_slice()) {
        (Some(Json::String(id)), keys) => keys
            .iter()
            .find(|key| key.id.as_ref() == Some(id))
            .ok_or(Refusal::UnknownKey)?,
        (Some(_), _) => return Err(Refusal::Malformed("its `kid` is not a text")),
        (None, [only]) => only,
        (None, _) => return Err(Refusal::UnnamedKey),
    };
    if key.algorithm == algorithm {
        Ok(key)
    } else {
        Err(Refusal::OtherAlgorithm)
    }
}

fn check(configuration: &Configuration, claims: &Claims, now: i64) -> Result<(), Refusal> {
    let issued_by = |issuer: &str| configuration.issuers.iter().any(|known| known == issuer);
    if !claims.get("iss").and_then(Json::as_str).is_some_and(issued_by) {
        return Err(Refusal::OtherIssuer);
    }
    let is_for = |audience: &Json| {
        configuration
            .audiences
            .iter()
            .any(|known| audience.as_str() == Some(known))
    };
    let for_us = match claims.get("aud") {
        Some(Json::Array(audiences)) => audiences.iter().any(is_for),
        Some(audience) => is_for(audience),
        None => false,
    };
    if !for_us {
        return Err(Refusal::OtherAudience);
    }
    let leeway = i128::from(configuration.leeway_seconds).saturating_mul(1_000_000_000);
    let now = i128::from(now);
    let expiry = claims.get("exp").ok_or(Refusal::NoExpiry)?;
    let expiry = date(expiry).ok_or(Refusal::Malformed("its `exp` is not a date"))?;
    if now >= expiry.saturating_add(leeway) {
        return Err(Refusal::Expired);
    }
    if let Some(start) = claims.get("nbf") {
        let start = date(start).ok_or(Refusal::Malformed("its `nbf` is not a date"))?;
        if now < start.saturating_sub(leeway) {
            return Err(Refusal::NotYetValid);
        }
    }
    Ok(())
}

fn decoded(part: &str, refusal: &'static str) -> Result<Vec<u8>, Refusal> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Refusal::Malformed(refusal))
}

#[cfg(test)]
mod tests;

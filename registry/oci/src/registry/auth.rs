//! Showing a registry who one is: name and password, or a token from the service that the registry names
//! (distribution.github.io/distribution/spec/auth).

use std::sync::PoisonError;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::HeaderValue;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::Deserialize;

use super::challenge::{Challenge, in_query};
use super::client::{Call, Client};
use super::credential::Credential;
use super::error::RegistryError;
use super::place;
use crate::error::shown;

/// Most bytes of a token with what is around it.
const TOKEN_LIMIT: usize = 256 * 1024;

/// What a token service answers.
#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Client {
    /// Does what the registry wants to see, unless somebody else has done it since `generation`. Says whether it is
    /// worth asking again.
    pub(super) async fn show_more(
        &self,
        call: &Call,
        generation: u64,
        headers: &HeaderMap,
    ) -> Result<bool, RegistryError> {
        let _one = self.renewing.lock().await;
        if self.shown().generation != generation {
            return Ok(true);
        }
        let header = match Challenge::of(headers) {
            None => {
                return Err(call.nonsense("it wants to know who asks, but in no way that is known here"));
            }
            Some(Challenge::Basic) => match &self.credential {
                Some(Credential::Password { username, password }) => basic(username, password),
                _ => return Ok(false),
            },
            Some(Challenge::Bearer {
                realm,
                service,
                scopes,
            }) => {
                let token = self.token(&realm, service.as_deref(), &scopes).await?;
                format!("Bearer {token}")
            }
        };
        let mut header = HeaderValue::from_str(&header).map_err(|_| RegistryError::Credentials {
            registry: self.repository.host().to_owned(),
            place: "credentials, or the token made of them".to_owned(),
            reason: "there are characters in it that cannot stand in a header".to_owned(),
        })?;
        header.set_sensitive(true);
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.header = Some(header);
        shown.generation = generation.saturating_add(1);
        Ok(true)
    }

    async fn token(
        &self,
        realm: &str,
        service: Option<&str>,
        scopes: &[String],
    ) -> Result<String, RegistryError> {
        let failed = |reason: String| RegistryError::Token {
            registry: self.repository.host().to_owned(),
            realm: shown(realm),
            reason,
        };
        let at = self.realm(realm).map_err(|reason| failed(reason.to_owned()))?;
        let mut wanted: Vec<(&str, &str)> = Vec::new();
        wanted.extend(service.map(|service| ("service", service)));
        let (method, header) = match &self.credential {
            Some(Credential::Identity(token)) => {
                wanted.extend([
                    ("grant_type", "refresh_token"),
                    ("client_id", "aecp"),
                    ("refresh_token", token),
                ]);
                (Method::POST, None)
            }
            Some(Credential::Password { username, password }) => {
                (Method::GET, Some(basic(username, password)))
            }
            None => (Method::GET, None),
        };
        let joined = scopes.join(" ");
        if method == Method::POST {
            wanted.push(("scope", &joined));
        } else {
            wanted.extend(scopes.iter().map(|scope| ("scope", scope.as_str())));
        }
        let wanted: Vec<_> = wanted
            .into_iter()
            .map(|(name, value)| format!("{name}={}", in_query(value)))
            .collect();
        let wanted = wanted.join("&");
        let mut call = Call::new("log in at", method, at.clone());
        if call.method == Method::POST {
            call.content_type = Some("application/x-www-form-urlencoded".to_owned());
            call.body = Bytes::from(wanted);
        } else {
            let separator = if at.query().is_some() { '&' } else { '?' };
            call.url = format!("{at}{separator}{wanted}")
                .parse()
                .map_err(|error: http::uri::InvalidUri| failed(error.to_string()))?;
        }
        let header = header.map(|header| HeaderValue::from_str(&header)).transpose();
        let mut header = header.map_err(|_| failed("the credentials cannot stand in a header".to_owned()))?;
        if let Some(header) = &mut header {
            header.set_sensitive(true);
        }
        // Not asked with `follow`: whoever gets credentials is the service that was named, and nobody behind it.
        let answer = self.send(&call, header.as_ref()).await?;
        if answer.status().is_redirection() {
            return Err(failed(
                "it leads elsewhere, and credentials do not go there".to_owned(),
            ));
        }
        let answer = self.expect(&call, answer, &[StatusCode::OK]).await?;
        let body = self.collect(&call, answer.into_body(), TOKEN_LIMIT).await?;
        let token: Token = serde_json::from_slice(&body)
            .map_err(|error| failed(format!("its answer is not what such a service gives: {error}")))?;
        token
            .token
            .or(token.access_token)
            .filter(|token| !token.is_empty())
            .ok_or_else(|| failed("there is no token in its answer".to_owned()))
    }

    /// The token service that the registry names, if it may be asked: over TLS, unless the registry itself is not.
    fn realm(&self, realm: &str) -> Result<Uri, &'static str> {
        let at = place::join(&self.origin, realm)?;
        place::may_go(&self.origin, &at)?;
        Ok(at)
    }
}

fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}

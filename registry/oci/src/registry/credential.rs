//! Who one is to a registry.

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::RegistryError;

/// The variables that give a user's name and password, for every registry.
pub const USERNAME: &str = "AECP_REGISTRY_USERNAME";

/// See [`USERNAME`].
pub const PASSWORD: &str = "AECP_REGISTRY_PASSWORD";

/// Most bytes of a configuration file.
const FILE_LIMIT: u64 = 1024 * 1024;

/// What Docker's own registry is called in configuration files.
const HUB: (&str, &str) = ("docker.io", "https://index.docker.io/v1/");

/// What one shows a registry that asks who one is.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A name and a password, or a token that stands for one.
    Password {
        /// The name.
        username: String,
        /// The password.
        password: String,
    },
    /// A refresh token, from a login with an identity provider.
    Identity(String),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { username, .. } => write!(f, "Password({})", username.escape_debug()),
            Self::Identity(_) => f.write_str("Identity"),
        }
    }
}

impl Credential {
    /// What a person has for the registry `host` (with its port): from [`USERNAME`] and [`PASSWORD`], else from where
    /// `docker login`, `oras login`, `skopeo login` and `podman login` leave it. Programs that keep credentials
    /// (`credHelpers`, `credsStore`) are asked.
    ///
    /// # Errors
    /// [`RegistryError::Credentials`] if there are some that cannot be used. That there are none is no error.
    #[cfg(feature = "user")]
    pub fn of_user(host: &str) -> Result<Option<Self>, RegistryError> {
        user::of(host)
    }

    /// What a file as `docker login` writes it has for the registry `host`. A file that is not there has nothing. No
    /// other program is asked.
    ///
    /// # Errors
    /// [`RegistryError::Credentials`].
    pub fn in_file(file: &Path, host: &str) -> Result<Option<Self>, RegistryError> {
        let Some(bytes) = read(file, host)? else {
            return Ok(None);
        };
        let unusable = |reason: String| unusable(file, host, reason);
        let login: serde_json::Value =
            serde_json::from_slice(&bytes).map_err(|error| unusable(error.to_string()))?;
        let entries = keys(host).map(|key| login.get("auths")?.get(key).cloned());
        let Some(entry) = entries.into_iter().flatten().next() else {
            return Ok(None);
        };
        let text = |name: &str| {
            let text = entry.get(name).and_then(serde_json::Value::as_str)?;
            (!text.is_empty()).then(|| text.to_owned())
        };
        if let Some(token) = text("identitytoken") {
            return Ok(Some(Self::Identity(token)));
        }
        if let (Some(username), Some(password)) = (text("username"), text("password")) {
            return Ok(Some(Self::Password { username, password }));
        }
        let Some(auth) = text("auth") else {
            return Ok(None);
        };
        let decoded = STANDARD
            .decode(auth)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        match decoded.as_deref().and_then(|decoded| decoded.split_once(':')) {
            Some((username, password)) => Ok(Some(Self::Password {
                username: username.to_owned(),
                password: password.to_owned(),
            })),
            None => Err(unusable(
                "`auth` is not the Base64 of a name, `:` and a password".to_owned(),
            )),
        }
    }
}

fn unusable(file: &Path, host: &str, reason: String) -> RegistryError {
    RegistryError::Credentials {
        registry: host.to_owned(),
        place: file.display().to_string(),
        reason,
    }
}

/// What the registry is called in such files; `https://registry.example` is what older logins wrote.
fn keys(host: &str) -> [String; 2] {
    let key = if host == HUB.0 { HUB.1 } else { host };
    [key.to_owned(), format!("https://{host}")]
}

fn read(file: &Path, host: &str) -> Result<Option<Vec<u8>>, RegistryError> {
    let unusable = |error: io::Error| unusable(file, host, error.to_string());
    match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(error)),
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(FILE_LIMIT).read_to_end(&mut bytes).map_err(unusable)?;
            Ok(Some(bytes))
        }
    }
}

/// What a person has, helpers included.
#[cfg(feature = "user")]
mod user {
    use std::path::{Path, PathBuf};

    use docker_credential::{CredentialRetrievalError, DockerCredential};

    use super::{Credential, PASSWORD, RegistryError, USERNAME, keys, read, unusable};

    /// What credential helpers say if they have nothing.
    const NOT_FOUND: &str = "credentials not found";

    pub(super) fn of(host: &str) -> Result<Option<Credential>, RegistryError> {
        match (std::env::var(USERNAME), std::env::var(PASSWORD)) {
            (Ok(username), Ok(password)) => return Ok(Some(Credential::Password { username, password })),
            (Err(std::env::VarError::NotPresent), Err(std::env::VarError::NotPresent)) => {}
            _ => {
                return Err(RegistryError::Credentials {
                    registry: host.to_owned(),
                    place: format!("{USERNAME}, {PASSWORD}"),
                    reason: "set both variables, as text, or none".to_owned(),
                });
            }
        }
        for file in files() {
            match with_helpers(&file, host) {
                Ok(None) => {}
                found => return found,
            }
        }
        Ok(None)
    }

    /// What a file has, or the programs that it names.
    pub(super) fn with_helpers(file: &Path, host: &str) -> Result<Option<Credential>, RegistryError> {
        let Some(bytes) = read(file, host)? else {
            return Ok(None);
        };
        for key in keys(host) {
            match docker_credential::get_credential_from_reader(bytes.as_slice(), &key) {
                Ok(DockerCredential::UsernamePassword(username, password)) => {
                    return Ok(Some(Credential::Password { username, password }));
                }
                Ok(DockerCredential::IdentityToken(token)) => return Ok(Some(Credential::Identity(token))),
                Err(CredentialRetrievalError::NoCredentialConfigured) => {}
                Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
                    if stdout.contains(NOT_FOUND) || stderr.contains(NOT_FOUND) => {}
                Err(error) => return Err(unusable(file, host, error.to_string().trim().to_owned())),
            }
        }
        Ok(None)
    }

    /// Where the tools of other people keep logins, the one that is asked first at the front.
    fn files() -> Vec<PathBuf> {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
        if let Some(file) = folder("REGISTRY_AUTH_FILE") {
            return vec![file];
        }
        let home = folder("HOME");
        let docker = folder("DOCKER_CONFIG").or_else(|| Some(home.clone()?.join(".docker")));
        [
            docker.map(|folder| folder.join("config.json")),
            folder("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json")),
            home.map(|home| home.join(".config/containers/auth.json")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn password(username: &str, password: &str) -> Credential {
        Credential::Password {
            username: username.into(),
            password: password.into(),
        }
    }

    #[test]
    fn logins_of_other_tools_are_found_by_the_registry() {
        let auth = STANDARD.encode("anna:se:cret");
        let (_folder, path) = file(&format!(
            r#"{{"auths": {{"registry.example:5000": {{"auth": "{auth}"}},
                "https://old.example": {{"auth": "{auth}"}},
                "https://index.docker.io/v1/": {{"identitytoken": "token"}}}}}}"#
        ));
        let find = |host| Credential::in_file(&path, host).unwrap();
        assert_eq!(find("registry.example:5000"), Some(password("anna", "se:cret")));
        assert_eq!(find("old.example"), Some(password("anna", "se:cret")));
        assert_eq!(find("docker.io"), Some(Credential::Identity("token".into())));
        assert_eq!(find("registry.example"), None);
        assert_eq!(
            Credential::in_file(Path::new("/nowhere/config.json"), "a.b").unwrap(),
            None
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named_and_secrets_are_not_shown() {
        let (_folder, path) = file(r#"{"auths": {"a.example": {"auth": "?"}}}"#);
        let error = Credential::in_file(&path, "a.example").unwrap_err().to_string();
        assert!(
            error.contains("config.json") && error.contains("a.example"),
            "{error}"
        );
        let (_folder, path) = file("{");
        assert!(Credential::in_file(&path, "a.example").is_err());
        assert_eq!(format!("{:?}", password("anna", "secret")), "Password(anna)");
    }

    #[cfg(feature = "user")]
    #[test]
    fn helpers_are_asked() {
        let folder = tempfile::tempdir().unwrap();
        let helper = folder.path().join("docker-credential-aecp-test");
        fs::write(
            &helper,
            "#!/bin/sh\nread host\n[ \"$host\" = known.example ] && \
             echo '{\"Username\": \"anna\", \"Secret\": \"secret\"}' && exit\n\
             echo 'credentials not found in native keychain'; exit 1\n",
        )
        .unwrap();
        fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).unwrap();
        let (_folder, path) = file(r#"{"credsStore": "aecp-test"}"#);
        // Helpers are found by name alone. Changing this process's own search path would race with other tests.
        if std::env::var_os("AECP_OCI_HELPER_TEST").is_none() {
            let search = std::env::var("PATH").unwrap_or_default();
            let status = std::process::Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "registry::credential::tests::helpers_are_asked",
                    "--quiet",
                ])
                .env("PATH", format!("{}:{search}", folder.path().display()))
                .env("AECP_OCI_HELPER_TEST", "1")
                .status();
            assert!(status.unwrap().success());
            return;
        }
        let find = |host| user::with_helpers(&path, host).unwrap();
        assert_eq!(find("known.example"), Some(password("anna", "secret")));
        assert_eq!(find("unknown.example"), None);
    }
}

//! Who one is to a registry.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use docker_credential::{CredentialRetrievalError, DockerCredential};

use super::error::RegistryError;

/// The variables that give a user's name and password, for every registry.
pub const USERNAME: &str = "AECP_REGISTRY_USERNAME";

/// See [`USERNAME`].
pub const PASSWORD: &str = "AECP_REGISTRY_PASSWORD";

/// Most bytes of a configuration file.
const FILE_LIMIT: u64 = 1024 * 1024;

/// What Docker's own registry is called in configuration files.
const HUB: (&str, &str) = ("docker.io", "https://index.docker.io/v1/");

/// What credential helpers say if they have nothing.
const NOT_FOUND: &str = "credentials not found";

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
    pub fn of_user(host: &str) -> Result<Option<Self>, RegistryError> {
        match (std::env::var(USERNAME), std::env::var(PASSWORD)) {
            (Ok(username), Ok(password)) => return Ok(Some(Self::Password { username, password })),
            (Err(std::env::VarError::NotPresent), Err(std::env::VarError::NotPresent)) => {}
            _ => {
                return Err(RegistryError::Credentials {
                    registry: host.to_owned(),
                    place: format!("{USERNAME}, {PASSWORD}"),
                    reason: "set both variables, as text, or none".to_owned(),
                });
            }
        }
        for file in files_of_user() {
            match Self::in_file(&file, host) {
                Ok(None) => {}
                found => return found,
            }
        }
        Ok(None)
    }

    /// What a file as `docker login` writes it has for the registry `host`. A file that is not there has nothing.
    ///
    /// # Errors
    /// [`RegistryError::Credentials`].
    pub fn in_file(file: &Path, host: &str) -> Result<Option<Self>, RegistryError> {
        let unusable = |reason: String| RegistryError::Credentials {
            registry: host.to_owned(),
            place: file.display().to_string(),
            reason,
        };
        let bytes = match File::open(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(error.to_string())),
            Ok(file) => {
                let mut bytes = Vec::new();
                BufReader::new(file)
                    .take(FILE_LIMIT)
                    .read_to_end(&mut bytes)
                    .map_err(|error| unusable(error.to_string()))?;
                bytes
            }
        };
        let key = if host == HUB.0 { HUB.1 } else { host };
        // `https://registry.example` is what older logins wrote.
        let older = format!("https://{host}");
        for key in [key, &older] {
            match docker_credential::get_credential_from_reader(bytes.as_slice(), key) {
                Ok(DockerCredential::UsernamePassword(username, password)) => {
                    return Ok(Some(Self::Password { username, password }));
                }
                Ok(DockerCredential::IdentityToken(token)) => return Ok(Some(Self::Identity(token))),
                Err(CredentialRetrievalError::NoCredentialConfigured) => {}
                Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
                    if stdout.contains(NOT_FOUND) || stderr.contains(NOT_FOUND) => {}
                Err(error) => return Err(unusable(error.to_string().trim().to_owned())),
            }
        }
        Ok(None)
    }
}

/// Where the tools of other people keep logins, the one that is asked first at the front.
fn files_of_user() -> Vec<PathBuf> {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use base64::Engine as _;

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
        let auth = base64::engine::general_purpose::STANDARD.encode("anna:se:cret");
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
        let find = |host| Credential::in_file(&path, host).unwrap();
        assert_eq!(find("known.example"), Some(password("anna", "secret")));
        assert_eq!(find("unknown.example"), None);
    }
}

//! A private authority, whose certificates openssl makes anew for each test.
#![expect(clippy::unwrap_used, reason = "a test without certificates has failed")]

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The authority, and the folder of all that it signed.
pub(super) struct Authority {
    openssl: PathBuf,
    folder: TempDir,
}

/// A certificate and its key, in PEM.
pub(super) struct Signed {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Authority {
    pub(super) fn new(openssl: PathBuf) -> Self {
        let authority = Self { openssl, folder: tempfile::tempdir().unwrap() };
        authority.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -out ca.pem -days 30 \
             -subj /CN=authority -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign",
        );
        authority
    }

    /// The authority's own certificate.
    pub(super) fn certificate(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// Signs a certificate for these names, such as `DNS:localhost,IP:127.0.0.1`, that ends in so many days.
    pub(super) fn sign(&self, name: &str, subjects: &str, days: i32) -> Signed {
        let (certificate, key) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        fs_err::write(self.path("names"), format!("subjectAltName={subjects}\n")).unwrap();
        self.openssl(&format!(
            "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"
        ));
        self.openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days {days} -extfile names -out {name}.pem"
        ));
        Signed { certificate, key }
    }

    /// The key behind a password, in the form that openssl gives it with these options.
    pub(super) fn encrypt(&self, key: &Path, options: &str) -> PathBuf {
        let encrypted = self.path("encrypted.key");
        let (key, out) = (key.display(), encrypted.display());
        self.openssl(&format!("{options} -in {key} -out {out} -passout pass:key-password-0123"));
        encrypted
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn openssl(&self, arguments: &str) {
        let mut command = Command::new(&self.openssl);
        let output = command.args(arguments.split_whitespace()).current_dir(self.folder.path()).output().unwrap();
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

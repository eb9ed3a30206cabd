//! A place that holds a credential, and how it is read.

use std::io::{self, Read};
use std::path::PathBuf;

use super::{CommandLine, Error, Secret};
use crate::clock::Clock;
use crate::http::Redactor;

/// The most that is read of a file, of standard input or of a command's output: 64 KiB, far beyond any token.
pub(super) const LARGEST: u64 = 64 * 1024;

/// A credential that was found.
#[derive(Clone)]
pub struct Credential {
    /// The secret.
    pub secret: Secret,
    /// Where it was found, for people: `CYBEDEFEND_PAT`, `--token-file`.
    pub origin: String,
}

/// A place that a flag or a variable names.
#[derive(Clone)]
pub struct Source {
    /// What kind of place it is.
    pub kind: SourceKind,
    /// The flag or variable, for people.
    pub origin: String,
}

/// A kind of place.
#[derive(Clone)]
pub enum SourceKind {
    /// The value itself.
    Value(Secret),
    /// Standard input, to its end.
    StandardInput,
    /// A file that holds nothing else.
    File(PathBuf),
    /// The first line that a command prints.
    Command(CommandLine),
}

impl Source {
    /// Reads the credential, checks its form, and teaches it to the redactor before anybody else sees it.
    ///
    /// # Errors
    /// [`Error::Unreadable`] where the place cannot be read, is empty or too large, or holds what no token holds: white space,
    /// control characters, bytes that are no text. The error shows nothing of the content.
    pub async fn read(&self, clock: &Clock, redactor: &Redactor) -> Result<Credential, Error> {
        tracing::debug!(origin = self.origin, "reads the credential");
        let unreadable = |cause: String| Error::Unreadable { origin: self.origin.clone(), cause };
        let secret = match &self.kind {
            SourceKind::Value(secret) => Ok(secret.clone()),
            SourceKind::StandardInput => blocking(|| bounded(io::stdin().lock())).await.and_then(token),
            SourceKind::File(path) => {
                let path = path.clone();
                blocking(|| bounded(fs_err::File::open(path)?)).await.and_then(token)
            }
            SourceKind::Command(command) => command.first_line(clock, redactor).await.and_then(token),
        };
        let secret = secret.map_err(unreadable)?;
        redactor.learn(&secret);
        if secret.expose().chars().any(|character| character.is_whitespace() || character.is_control()) {
            return Err(unreadable(
                "the credential holds white space or a control character, as no token does".to_owned(),
            ));
        }
        Ok(Credential { secret, origin: self.origin.clone() })
    }
}

/// Reads to the end, but not beyond the bound; what is longer comes back longer than the bound.
fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

async fn blocking(read: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static) -> Result<Vec<u8>, String> {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn token(bytes: Vec<u8>) -> Result<Secret, String> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err("more than 64 KiB, which is no token".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_bytes_of_a_secret| "holds bytes that are no text".to_owned())?;
    Secret::new(&text).ok_or_else(|| "is empty".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(kind: SourceKind) -> Result<String, String> {
        let source = Source { kind, origin: "--token-file".to_owned() };
        let read = source.read(&Clock::system(), &Redactor::default()).await;
        read.map(|credential| credential.secret.expose().to_owned()).map_err(|error| error.to_string())
    }

    async fn read_file(content: &[u8]) -> Result<String, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), content).unwrap();
        read(SourceKind::File(file.path().to_owned())).await
    }

    #[tokio::test]
    async fn a_file_is_read_without_the_newline_at_its_end() {
        assert_eq!(read_file(b" pat_secret\r\n").await.as_deref(), Ok("pat_secret"));
    }

    #[tokio::test]
    async fn what_is_no_token_is_refused_and_not_shown() {
        let long = vec![b'x'; 64 * 1024 + 1];
        let wrong: [&[u8]; 7] = [b"", b" \n", b"pat_one\npat_two", b"pat one", b"pat_\x1b[31m", b"pat_\xff", &long];
        for content in wrong {
            let error = read_file(content).await.unwrap_err();
            assert!(
                error.starts_with("--token-file: ") && !error.contains("pat_") && !error.contains("xxx"),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let error = read(SourceKind::File("no/such/token".into())).await.unwrap_err();
        assert!(error.contains("no/such/token"), "{error}");
    }
}

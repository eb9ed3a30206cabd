//! A place that holds a credential, and how it is read.

use std::io::{self, Read};
use std::path::PathBuf;
use std::time::Duration;

use super::store::Stored;
use super::{CommandLine, Error, Form, Secret};
use crate::blocking;
use crate::clock::Clock;
use crate::http::Redactor;

/// The most that is read of a file, of standard input or of a command's output: 64 KiB, far beyond any token.
pub(super) const LARGEST: u64 = 64 * 1024;

/// A credential that was found.
#[derive(Clone)]
pub struct Credential {
    /// The secrets that it is made of.
    pub form: Form<Secret>,
    /// Where it was found, for people: `CYBEDEFEND_PAT`, `--token-file`, `CYBERORIGEN_USERNAME and CYBERORIGEN_PASSWORD`.
    pub origin: String,
    /// The login that it was stored by, where that was its source.
    pub stored: Option<Box<Stored>>,
}

impl Credential {
    /// One that was given for this run.
    pub fn new(form: Form<Secret>, origin: impl Into<String>) -> Self {
        Self { form, origin: origin.into(), stored: None }
    }
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

/// What a part of a credential may look like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A token or key: no white space.
    Token,
    /// What a person chose or types: anything that can be printed, with spaces inside.
    Typed,
}

/// What every part is read with.
struct Reader<'a> {
    clock: &'a Clock,
    deadline: Duration,
    redactor: &'a Redactor,
}

impl Form<Source> {
    /// Reads every part until the deadline, a moment of [`Clock::monotonic`], checks its form, and teaches it to the redactor before
    /// anybody else sees it.
    ///
    /// # Errors
    /// [`Error::Late`] where the deadline passes. [`Error::Unreadable`] where a place cannot be read, is empty or too large, or holds what no credential holds: control
    /// characters, bytes that are no text, and in a token white space. The error shows nothing of the content.
    pub async fn read(&self, clock: &Clock, deadline: Duration, redactor: &Redactor) -> Result<Credential, Error> {
        let reader = Reader { clock, deadline, redactor };
        let form = match self {
            Self::Token { secret, previous } => Form::Token {
                secret: reader.read(secret, Shape::Token).await?,
                previous: reader.read_if_given(previous.as_ref(), Shape::Token).await?,
            },
            Self::ApiKey(key) => Form::ApiKey(reader.read(key, Shape::Token).await?),
            Self::Login { username, password, mfa_code } => Form::Login {
                username: reader.read(username, Shape::Typed).await?,
                password: reader.read(password, Shape::Typed).await?,
                mfa_code: reader.read_if_given(mfa_code.as_ref(), Shape::Typed).await?,
            },
            Self::Tokens { access, refresh } => Form::Tokens {
                access: reader.read(access, Shape::Token).await?,
                refresh: reader.read_if_given(refresh.as_ref(), Shape::Token).await?,
            },
        };
        Ok(Credential::new(form, self.origin()))
    }

    /// The flags or variables that name the places of what is required, for people.
    pub fn origin(&self) -> String {
        let origins: Vec<&str> = self.required().map(|source| source.origin.as_str()).collect();
        origins.join(" and ")
    }
}

impl Reader<'_> {
    async fn read_if_given(&self, source: Option<&Source>, shape: Shape) -> Result<Option<Secret>, Error> {
        match source {
            Some(source) => self.read(source, shape).await.map(Some),
            None => Ok(None),
        }
    }

    async fn read(&self, source: &Source, shape: Shape) -> Result<Secret, Error> {
        let origin = &source.origin;
        tracing::debug!(origin, "reads the credential");
        let hint = match source.kind {
            SourceKind::Command(_) => {
                "run it by hand: it must print the token in time, with few variables and nobody to ask (docs/credentials.md)"
            }
            _ => "put the credential there, and nothing else",
        };
        let unreadable = |cause: String| Error::Unreadable { origin: origin.clone(), cause, hint };
        let left = self.deadline.saturating_sub(self.clock.monotonic());
        // A pipe that nobody closes is read for ever, by a thread that the process does not wait for.
        let secret = tokio::select! {
            biased;
            secret = self.content(&source.kind) => secret.map_err(unreadable)?,
            () = self.clock.sleep(left) => return Err(Error::Late { origin: origin.clone() }),
        };
        self.redactor.learn(&secret);
        let is_wrong = |character: char| match shape {
            Shape::Token => character.is_whitespace() || character.is_control(),
            Shape::Typed => character.is_control(),
        };
        if !secret.expose().chars().any(is_wrong) {
            return Ok(secret);
        }
        Err(unreadable(match shape {
            Shape::Token => "the credential holds white space or a control character, as no token does".to_owned(),
            Shape::Typed => "the credential holds a control character or more than one line".to_owned(),
        }))
    }

    async fn content(&self, kind: &SourceKind) -> Result<Secret, String> {
        match kind {
            SourceKind::Value(secret) => Ok(secret.clone()),
            SourceKind::StandardInput => self.aside(|| bounded(io::stdin().lock())).await.and_then(text),
            SourceKind::File(path) => {
                let path = path.clone();
                self.aside(|| bounded(fs_err::File::open(path)?)).await.and_then(text)
            }
            SourceKind::Command(command) => command.first_line(self.clock, self.redactor).await.and_then(text),
        }
    }

    /// Reads on another thread, which takes none of a simulated clock's time.
    async fn aside(&self, read: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static) -> Result<Vec<u8>, String> {
        let _hold = self.clock.hold();
        match blocking::start(read).await {
            Ok(read) => read.map_err(|error| error.to_string()),
            Err(panicked) => Err(panicked.to_string()),
        }
    }
}

/// Reads to the end, but not beyond the bound; what is longer comes back longer than the bound.
fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> Result<Secret, String> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err("more than 64 KiB, which is no credential".to_owned());
    }
    let text = String::from_utf8(bytes).map_err(|_bytes_of_a_secret| "holds bytes that are no text".to_owned())?;
    Secret::new(&text).ok_or_else(|| "is empty".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(kind: SourceKind) -> Source {
        Source { kind, origin: "--token-file".to_owned() }
    }

    fn given(text: &str) -> Source {
        place(SourceKind::Value(Secret::new(text).unwrap()))
    }

    async fn read_form(form: Form<Source>) -> Result<Credential, String> {
        let read = form.read(&Clock::system(), Duration::MAX, &Redactor::default()).await;
        read.map_err(|error| format!("{error} ({})", error.hint().unwrap_or_default()))
    }

    async fn read(kind: SourceKind) -> Result<String, String> {
        match read_form(Form::ApiKey(place(kind))).await?.form {
            Form::ApiKey(key) => Ok(key.expose().to_owned()),
            _ => Err("another form".to_owned()),
        }
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
                error.starts_with("--token-file: ")
                    && error.ends_with("(put the credential there, and nothing else)")
                    && !error.contains("pat_")
                    && !error.contains("xxx"),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let error = read(SourceKind::File("no/such/token".into())).await.unwrap_err();
        assert!(error.contains("no/such/token"), "{error}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_is_waited_for_on_a_clock_that_stands_still_and_a_place_without_end_until_the_deadline() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs_err::write(file.path(), "pat_secret").unwrap();
        let clock = Clock::simulated(jiff::Timestamp::UNIX_EPOCH);
        let read = async |kind, deadline| {
            let read = Form::ApiKey(place(kind)).read(&clock, deadline, &Redactor::default()).await;
            read.map(|credential| credential.origin)
        };
        let deadline = Duration::from_secs(20);
        assert!(read(SourceKind::File(file.path().to_owned()), deadline).await.is_ok());
        assert_eq!(clock.monotonic(), Duration::ZERO);
        let command = CommandLine {
            program: "tail".to_owned(),
            arguments: vec!["-f".to_owned(), "/dev/null".to_owned()],
            folder: std::env::temp_dir(),
            variables: Vec::new(),
        };
        let error = read(SourceKind::Command(command), deadline).await.unwrap_err();
        assert_eq!((error.class(), clock.monotonic()), (crate::error::Class::Timeout, deadline));
        assert!(error.to_string().starts_with("--token-file: the deadline passed"), "{error}");
    }

    #[tokio::test]
    async fn a_password_may_hold_spaces_inside_and_no_second_line() {
        let login =
            |password| Form::Login { username: given("me@host.example"), password: given(password), mfa_code: None };
        let credential = read_form(login(" correct horse &+% größe ")).await.ok().unwrap();
        let Form::Login { username, password, mfa_code: None } = credential.form else { panic!("another form") };
        assert_eq!((username.expose(), password.expose()), ("me@host.example", "correct horse &+% größe"));
        assert_eq!(credential.origin, "--token-file and --token-file");
        for wrong in ["two\nlines", "a\u{7}bell"] {
            let error = read_form(login(wrong)).await.err().unwrap();
            assert!(
                error.contains("control character") && !error.contains("two") && !error.contains("bell"),
                "{error}"
            );
        }
    }

    #[tokio::test]
    async fn every_part_of_a_credential_is_taught_to_the_redactor() {
        let redactor = Redactor::default();
        let token = Form::Token { secret: given("key_of_today"), previous: Some(given("key_of_yesterday")) };
        let login = Form::Login {
            username: given("me@host.example"),
            password: given("correct horse"),
            mfa_code: Some(given("backup-code-1")),
        };
        for form in [token, login] {
            assert!(form.read(&Clock::system(), Duration::MAX, &redactor).await.is_ok());
        }
        let text = "key_of_today key_of_yesterday me@host.example correct horse backup-code-1";
        let clean = redactor.clean(text);
        for part in ["key_of", "me@", "horse", "backup"] {
            assert!(!clean.contains(part), "{clean}");
        }
    }
}

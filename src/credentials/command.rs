//! `--token-command`: a program that prints a token.

use std::path::PathBuf;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::Secret;
use super::source::LARGEST;
use crate::clock::Clock;
use crate::http::Redactor;

/// How long the command may take.
const LIMIT: Duration = Duration::from_secs(30);

/// How much of the command's complaints an error shows, in characters.
const SHOWN: usize = 300;

/// How long what it printed is read for when the command has ended and its streams have not.
const DRAIN: Duration = Duration::from_millis(200);

/// How tokens begin, as far as platforms say it (`contracts/cybrium.md` section 0 for three of them); the last is a JWT.
const PREFIXES: [&str; 7] = ["pat_", "cbr_", "cyat_", "sk-", "bd_", "co_", "eyJ"];

/// A command as it is started: without a shell, and with these variables only.
#[derive(Clone)]
pub struct CommandLine {
    /// The program, looked up in `PATH`.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The folder it runs in: the user's own, since a scanned tree may hold programs and settings of its own.
    pub folder: PathBuf,
    /// Its whole environment.
    pub variables: Vec<(String, String)>,
}

impl CommandLine {
    /// Starts the command and leaves it to itself; whether it could be started. It may go on when this process has ended.
    pub fn start(&self) -> bool {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder).env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().is_ok()
    }

    /// Runs the command and returns the first line that it prints.
    ///
    /// # Errors
    /// Why there is none: it cannot be started, takes more than 30 s, fails (with its complaints, redacted), or prints more than
    /// 64 KiB.
    pub(super) async fn first_line(&self, clock: &Clock, redactor: &Redactor) -> Result<Vec<u8>, String> {
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("cannot start `{}`: {error}", self.program))?;
        tokio::select! {
            outcome = finish(&mut child, clock) => {
                let (status, output, complaints) = outcome?;
                if status.success() {
                    let line = output.split(|byte| *byte == b'\n').next().unwrap_or_default();
                    return Ok(line.to_vec());
                }
                // It may complain about the very token that it printed, or about one that it printed nowhere else.
                String::from_utf8_lossy(&output).lines().filter_map(Secret::new).for_each(|line| redactor.learn(&line));
                let complaints = without_tokens(&redactor.clean(String::from_utf8_lossy(&complaints).trim()));
                let complaints: String = complaints.chars().take(SHOWN).collect();
                let said = if complaints.is_empty() { "it said nothing" } else { &complaints };
                let ended = status.code().map_or("by a signal".to_owned(), |code| format!("with exit code {code}"));
                Err(format!("`{}` ended {ended}: {said}", self.program))
            }
            () = clock.sleep(LIMIT) => Err(format!("`{}` took more than {} s", self.program, LIMIT.as_secs())),
        }
    }
}

/// Waits for the command, and reads both streams side by side meanwhile, since a full pipe would block it. Programs that it left
/// behind may hold the streams open: what it printed itself is in them when it ends.
async fn finish(child: &mut Child, clock: &Clock) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), String> {
    let (mut output, mut complaints) = (Vec::new(), Vec::new());
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let status = {
        let mut reading =
            pin!(async { tokio::try_join!(bounded(stdout, &mut output), bounded(stderr, &mut complaints)) });
        tokio::select! {
            read = &mut reading => {
                read?;
                child.wait().await
            }
            status = child.wait() => {
                tokio::select! {
                    biased;
                    read = &mut reading => drop(read?),
                    () = clock.sleep(DRAIN) => {}
                }
                status
            }
        }
    };
    let status = status.map_err(|error| error.to_string())?;
    Ok((status, output, complaints))
}

/// Reads to the end and keeps one byte more than the bound.
async fn bounded(stream: Option<impl AsyncRead + Unpin>, bytes: &mut Vec<u8>) -> Result<(), String> {
    if let Some(mut stream) = stream {
        (&mut stream).take(LARGEST + 1).read_to_end(bytes).await.map_err(|error| error.to_string())?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Masks the words that look like a token: those with a beginning that platforms are known to use, and long ones of letters
/// and digits.
fn without_tokens(text: &str) -> String {
    let is_between = |letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '_' | '-' | '.');
    let is_token = |word: &str| {
        let has = |is_such: fn(&u8) -> bool| word.as_bytes().iter().any(is_such);
        PREFIXES.iter().any(|prefix| word.len() > prefix.len() && word.starts_with(prefix))
            || (word.len() >= 20 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic))
    };
    let mask = |piece: &str| {
        let word = piece.trim_end_matches(is_between);
        if is_token(word) { piece.replacen(word, "***", 1) } else { piece.to_owned() }
    };
    text.split_inclusive(is_between).map(mask).collect()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn shell(script: &str) -> CommandLine {
        CommandLine {
            program: "/bin/sh".to_owned(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            folder: std::env::temp_dir(),
            variables: vec![("HOME".to_owned(), "/home/ci".to_owned())],
        }
    }

    async fn run(script: &str) -> Result<String, String> {
        let line = shell(script).first_line(&Clock::system(), &Redactor::default()).await;
        line.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[tokio::test]
    async fn only_the_first_line_is_taken() {
        assert_eq!(run("echo pat_secret; echo more").await.as_deref(), Ok("pat_secret"));
    }

    #[tokio::test]
    async fn the_command_sees_the_variables_it_was_given_and_no_others() {
        assert_eq!(run("echo $HOME:$CARGO_MANIFEST_DIR").await.as_deref(), Ok("/home/ci:"));
    }

    #[tokio::test]
    async fn a_failure_shows_the_complaints_and_not_the_output() {
        let error = run("echo pat_secret; echo sealed >&2; exit 3").await.unwrap_err();
        assert!(error.contains("sealed") && !error.contains("pat_secret"), "{error}");
        let error = run("echo pat_secret_0; echo 'pat_secret_0 is sealed' >&2; exit 3").await.unwrap_err();
        assert!(error.contains("*** is sealed") && !error.contains("pat_secret"), "{error}");
    }

    #[tokio::test]
    async fn a_token_that_a_failure_prints_among_its_complaints_only_is_masked() {
        let complaint =
            "got pat_abc, eyJhbGciOi.e30.x (cbr_live_1), \"q7Rk0Zz81mP4vXc92LdT\" for id-5 from /etc/vault.d";
        let error = run(&format!("echo '{complaint}' >&2; exit 3")).await.unwrap_err();
        assert!(error.ends_with("got ***, *** (***), \"***\" for id-5 from /etc/vault.d"), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_a_command_leaves_behind_is_not_waited_for() {
        let began = Clock::system().monotonic();
        assert_eq!(run("echo pat_secret; sleep 20 &").await.as_deref(), Ok("pat_secret"));
        let error = run("echo sealed >&2; sleep 20 & exit 3").await.unwrap_err();
        assert!(error.contains("sealed"), "{error}");
        assert!(Clock::system().monotonic().saturating_sub(began) < Duration::from_secs(10));
    }

    #[tokio::test]
    async fn a_command_has_nothing_on_its_standard_input() {
        assert_eq!(run("cat; echo pat_secret").await.as_deref(), Ok("pat_secret"));
    }

    #[tokio::test]
    async fn a_command_that_prints_without_end_neither_blocks_nor_fills_memory() {
        let output = run("yes | tr -d '\\n' | head -c 1000000").await.unwrap();
        assert_eq!(output.len(), 64 * 1024 + 1);
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_given_up() {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH);
        let error = shell("exec tail -f /dev/null").first_line(&clock, &Redactor::default()).await.unwrap_err();
        assert!(error.contains("took more than 30 s"), "{error}");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let line = CommandLine { program: "no-such-program".to_owned(), ..shell("") };
        let error = line.first_line(&Clock::system(), &Redactor::default()).await.unwrap_err();
        assert!(error.contains("no-such-program"), "{error}");
    }
}

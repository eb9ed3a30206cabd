//! `--token-command`: a program that prints a token.

use std::path::PathBuf;
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
            outcome = finish(&mut child) => {
                let (status, output, complaints) = outcome?;
                let line = output.split(|byte| *byte == b'\n').next().unwrap_or_default();
                if status.success() {
                    return Ok(line.to_vec());
                }
                // A command that fails after all may have told the token in both streams.
                str::from_utf8(line).ok().and_then(Secret::new).iter().for_each(|line| redactor.learn(line));
                let complaints = redactor.clean(String::from_utf8_lossy(&complaints).trim());
                let complaints: String = complaints.chars().take(SHOWN).collect();
                let said = if complaints.is_empty() { "it said nothing" } else { &complaints };
                let ended = status.code().map_or("by a signal".to_owned(), |code| format!("with exit code {code}"));
                Err(format!("`{}` ended {ended}: {said}", self.program))
            }
            () = clock.sleep(LIMIT) => Err(format!("`{}` took more than {} s", self.program, LIMIT.as_secs())),
        }
    }
}

/// Reads both streams side by side, since a full pipe would block the command, and then takes its status.
async fn finish(child: &mut Child) -> Result<(ExitStatus, Vec<u8>, Vec<u8>), String> {
    let (output, complaints) = (child.stdout.take(), child.stderr.take());
    let (output, complaints) = tokio::join!(bounded(output), bounded(complaints));
    let status = child.wait().await.map_err(|error| error.to_string())?;
    Ok((status, output?, complaints?))
}

/// Reads to the end and keeps one byte more than the bound.
async fn bounded(stream: Option<impl AsyncRead + Unpin>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        (&mut stream).take(LARGEST + 1).read_to_end(&mut bytes).await.map_err(|error| error.to_string())?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map_err(|error| error.to_string())?;
    }
    Ok(bytes)
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
        let error = run("echo pat_secret; echo got pat_secret and lost it >&2; exit 3").await.unwrap_err();
        assert!(error.contains("and lost it") && !error.contains("pat_secret"), "{error}");
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

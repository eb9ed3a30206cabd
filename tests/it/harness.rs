//! Runs the program as a process, in an environment that holds nothing of the machine's.
//!
//! ```ignore
//! let ended = Scangate::new(["scan", "--platform", "cybedefend"]).env("SCANGATE_FAIL_ON", "low").run();
//! ended.assert_exit_code(3).assert_stderr_has("no credentials");
//! ```
#![expect(clippy::unwrap_used, reason = "a test that cannot start the program has failed")]

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use scangate::settings::Environment;
use tempfile::TempDir;

/// A call of the program that has not run yet. Its working directory, home and temporary folder are new and its own; of the
/// machine's variables only `PATH` is kept.
pub(crate) struct Scangate {
    command: Command,
    input: Vec<u8>,
    folder: TempDir,
}

/// A call that runs.
pub(crate) struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
    folder: TempDir,
}

/// A call that has come to its end. The folders live as long as it does.
pub(crate) struct Ended {
    output: Output,
    folder: TempDir,
}

impl Scangate {
    /// A call with these arguments.
    pub(crate) fn new<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_scangate"));
        command.args(arguments).env_clear().current_dir(below(&folder, "work"));
        command.env("HOME", below(&folder, "home")).env("TMPDIR", below(&folder, "tmp"));
        if let Some(path) = Environment::current().get("PATH") {
            command.env("PATH", path);
        }
        Self { command, input: Vec::new(), folder }
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Takes a variable away again.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Adds arguments behind those that there are.
    pub(crate) fn arguments<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Puts a file into the working directory; the path may have folders in it.
    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.directory().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, content).unwrap();
        self
    }

    /// What the program finds on its standard input, which is empty otherwise.
    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// The working directory.
    pub(crate) fn directory(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// Runs the program to its end.
    pub(crate) fn run(self) -> Ended {
        self.run_into(Stdio::piped())
    }

    /// Runs the program to its end, with this as its standard output.
    pub(crate) fn run_into(self, stdout: impl Into<Stdio>) -> Ended {
        self.start(stdout).end()
    }

    /// Starts the program, and leaves it running.
    pub(crate) fn start(mut self, stdout: impl Into<Stdio>) -> Running {
        let mut child = self.command.stdin(Stdio::piped()).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
        // A program that ends without reading its input closes the pipe, which is its right.
        child.stdin.take().unwrap().write_all(&self.input).unwrap_or_default();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Running { child, stderr, said: String::new(), folder: self.folder }
    }
}

impl Running {
    /// Waits until standard error has this text, and keeps it for later.
    pub(crate) fn wait_for(mut self, text: &str) -> Self {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert!(self.stderr.read_line(&mut line).unwrap() > 0, "the program ended without saying `{text}`");
            self.said.push_str(&line);
        }
        self
    }

    /// The next line of standard output, which has to be piped.
    pub(crate) fn line(&mut self) -> String {
        let stdout = self.child.stdout.as_mut().unwrap();
        // Byte by byte, so that the rest is left for the end.
        let (mut line, mut byte) = (Vec::new(), [0]);
        while stdout.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.extend(byte);
        }
        String::from_utf8(line).unwrap()
    }

    /// Goes away as the reader of standard output.
    pub(crate) fn close_stdout(mut self) -> Self {
        drop(self.child.stdout.take());
        self
    }

    /// Sends a signal, such as `TERM`.
    pub(crate) fn signal(self, name: &str) -> Self {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        self
    }

    /// Waits for the program to end.
    pub(crate) fn end(mut self) -> Ended {
        let reader = std::thread::spawn(move || {
            let mut rest = String::new();
            self.stderr.read_to_string(&mut rest).unwrap();
            rest
        });
        let mut output = self.child.wait_with_output().unwrap();
        output.stderr = (self.said + &reader.join().unwrap()).into_bytes();
        Ended { output, folder: self.folder }
    }
}

impl Ended {
    /// The exit code.
    pub(crate) fn exit_code(&self) -> i32 {
        self.output.status.code().unwrap()
    }

    /// Standard output.
    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    /// Standard error.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }

    /// The text of a file that the program left: `work/…` in the working directory, `home/…` in its home.
    pub(crate) fn file(&self, path: &str) -> String {
        fs_err::read_to_string(self.folder.path().join(path)).unwrap()
    }

    /// Whether the program left a file there.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.folder.path().join(path).exists()
    }

    /// Fails, with all that was said, unless this is the exit code.
    #[track_caller]
    pub(crate) fn assert_exit_code(&self, expected: i32) -> &Self {
        let (stdout, stderr) = (self.stdout(), self.stderr());
        assert_eq!(self.exit_code(), expected, "stdout:\n{stdout}\nstderr:\n{stderr}");
        self
    }

    /// Fails unless standard error holds this text.
    #[track_caller]
    pub(crate) fn assert_stderr_has(&self, text: &str) -> &Self {
        let stderr = self.stderr();
        assert!(stderr.contains(text), "no `{text}` in:\n{stderr}");
        self
    }

    /// Fails if a secret is in anything that the program said or left: both streams, and every file below its folders, names
    /// included. Files that the test itself put there count too, so a secret is best handed over in a variable.
    #[track_caller]
    pub(crate) fn assert_no_trace_of(&self, secret: &str) -> &Self {
        assert_eq!(self.trace_of(secret), None, "the secret is there");
        self
    }

    /// Where a secret is in what the program said or left, with the text around it where it was said.
    pub(crate) fn trace_of(&self, secret: &str) -> Option<String> {
        let streams = [("standard output", self.stdout()), ("standard error", self.stderr())];
        if let Some((name, said)) = streams.into_iter().find(|(_, said)| said.contains(secret)) {
            return Some(format!("{name}:\n{said}"));
        }
        let has_it = |path: &PathBuf| {
            let content = fs_err::read(path).unwrap();
            let is_in = content.windows(secret.len()).any(|window| window == secret.as_bytes());
            is_in || path.to_string_lossy().contains(secret)
        };
        files_below(self.folder.path()).into_iter().find(has_it).map(|path| path.display().to_string())
    }

    /// All that the program said or left, each with its name: both streams, and every file below its folders, names included.
    pub(crate) fn everything(&self) -> Vec<(String, Vec<u8>)> {
        let streams = [("standard output", &self.output.stdout), ("standard error", &self.output.stderr)];
        let streams = streams.into_iter().map(|(name, said)| (name.to_owned(), said.clone()));
        let files = files_below(self.folder.path()).into_iter().map(|path| {
            let name = path.strip_prefix(self.folder.path()).unwrap().display().to_string();
            let content = [name.as_bytes(), b"\n", &*fs_err::read(path).unwrap()].concat();
            (name, content)
        });
        streams.chain(files).collect()
    }

    /// Fails unless the program left nothing in the system's temporary folder.
    #[track_caller]
    pub(crate) fn assert_nothing_left_behind(&self) -> &Self {
        let left = files_below(&self.folder.path().join("tmp"));
        assert!(left.is_empty(), "{left:?}");
        self
    }
}

/// Makes a folder below the test's own and returns its path.
fn below(folder: &TempDir, name: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs_err::create_dir_all(&path).unwrap();
    path
}

/// All files below a folder, at any depth; links are not followed.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}

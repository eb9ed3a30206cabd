//! The one place that reads the process's environment.

use std::collections::BTreeMap;
use std::env;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use crate::sorting::collected;
use terminal_size::{Width, terminal_size};

/// What the process was started with: its variables and its terminal. Taken once, so that all parts of a run see the same, and
/// made from pairs in tests.
///
/// It holds secrets, so it has no `Debug`.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    terminal: Terminal,
    temporary_folder: PathBuf,
    working_directory: PathBuf,
}

/// Which of the standard streams are a terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// Standard output.
    pub stdout: bool,
    /// Standard error.
    pub stderr: bool,
    /// The columns of the terminal that standard output is.
    pub columns: Option<u16>,
}

impl Environment {
    /// The environment of this process.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn current() -> Self {
        let variables = env::vars_os()
            // Bytes that are no text become replacement characters: a variable that was set must not count as absent, and no
            // setting is spelled with such a character.
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
        let (stdout, stderr) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let columns = terminal_size().filter(|_| stdout).map(|(Width(columns), _)| columns);
        Self {
            terminal: Terminal { stdout, stderr, columns },
            temporary_folder: env::temp_dir(),
            working_directory: env::current_dir().unwrap_or_default(),
            ..Self::from_pairs(variables)
        }
    }

    /// An environment of these variables, without a terminal.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        Self {
            variables: collected(pairs.into_iter().map(|(name, value)| (name.into(), value.into()))),
            terminal: Terminal::default(),
            temporary_folder: PathBuf::from("/tmp"),
            working_directory: PathBuf::new(),
        }
    }

    /// The same with this working directory.
    #[must_use]
    pub fn in_directory(self, directory: impl Into<PathBuf>) -> Self {
        Self { working_directory: directory.into(), ..self }
    }

    /// A variable's value without surrounding white space. An empty one is absent (DESIGN section 4).
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Whether the variable is exactly `true`.
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }

    /// The names of all variables, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Which of the standard streams are a terminal.
    pub fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// The folder that relative paths are relative to.
    pub fn working_directory(&self) -> &Path {
        &self.working_directory
    }

    /// Where files go that live no longer than the run: the job's own folder on GitHub, else the system's.
    pub fn temporary_folder(&self) -> PathBuf {
        self.get("RUNNER_TEMP").map_or_else(|| self.temporary_folder.clone(), PathBuf::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_variable_is_absent_and_white_space_around_a_value_is_not_part_of_it() {
        let environment = Environment::from_pairs([("A", ""), ("B", " \n"), ("C", " text\n")]);
        assert_eq!(environment.get("A"), None);
        assert_eq!(environment.get("B"), None);
        assert_eq!(environment.get("C"), Some("text"));
        assert_eq!(environment.get("D"), None);
    }
}

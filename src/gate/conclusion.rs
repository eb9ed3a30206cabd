//! How the run as a whole ends: one class for several platforms and causes, by the one order of [`Class::IN_ORDER`].

use std::collections::BTreeMap;

use serde::Serialize;

use super::Verdict;
use crate::error::{Class, Problem};
use crate::finding::{Ending, ScanResult};

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Conclusion {
    /// The class that names the run.
    pub class: Class,
    /// The process's exit code: that of the class, or 0 where it was softened.
    pub exit_code: u8,
    /// Whether `--on CLASS=warn` turned a failure into a warning. Such a run is never called passed.
    pub softened: bool,
    /// Whether the same run may succeed later with nothing changed.
    pub retryable: bool,
}

/// `--on CLASS=REACTION`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OnClass(BTreeMap<Class, Reaction>);

/// What a class does to the build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reaction {
    /// It fails the build.
    #[default]
    Fail,
    /// It is reported, and the build goes on.
    Warn,
}

impl OnClass {
    /// Sets the reaction to `class`. A class that cannot be softened always fails, whatever is set for it.
    pub fn set(&mut self, class: Class, reaction: Reaction) {
        self.0.insert(class, reaction);
    }

    fn softens(&self, class: Class) -> bool {
        class.can_be_softened() && self.0.get(&class) == Some(&Reaction::Warn)
    }
}

/// Concludes a run from the verdict, the endings of its entries, and what went wrong outside of any entry (settings, reports).
pub fn conclude(verdict: &Verdict, results: &[ScanResult], problems: &[Problem], on: &OnClass) -> Conclusion {
    let mut causes: Vec<(Class, bool)> = problems.iter().map(cause).collect();
    for result in results {
        match &result.ending {
            Ending::Complete => {}
            Ending::Started => causes.push((Class::Started, false)),
            Ending::Short(problem) => causes.push(cause(problem)),
        }
    }
    // Nothing ran, and nothing says why: a report that could not be written is no reason.
    if results.is_empty() && causes.iter().all(|(class, _)| *class == Class::Delivery) {
        causes.push((Class::Incomplete, false));
    }
    if verdict.is_tripped() {
        causes.push((Class::Findings, false));
    } else if causes.is_empty() && !verdict.passes() {
        causes.push((Class::Incomplete, false));
    }
    if causes.is_empty() {
        return Conclusion { class: Class::Passed, exit_code: 0, softened: false, retryable: false };
    }

    let (softened, standing): (Vec<_>, Vec<_>) = causes.into_iter().partition(|(class, _)| on.softens(*class));
    let fails = standing.iter().any(|(class, _)| class.exit_code() != 0);
    let is_softened = !softened.is_empty() && !fails;
    let named = if is_softened { softened } else { standing };
    let class = named.iter().map(|(class, _)| *class).min().unwrap_or(Class::Internal);
    Conclusion {
        class,
        exit_code: if is_softened { 0 } else { class.exit_code() },
        softened: is_softened,
        retryable: is_retryable(&named),
    }
}

/// A problem that claims to be a pass is a bug of whoever made it, and must not become one.
fn cause(problem: &Problem) -> (Class, bool) {
    match problem.class {
        Class::Passed | Class::Started => (Class::Internal, false),
        class => (class, problem.retryable),
    }
}

/// Whether every failure may be gone in the next run: one that stays would end it again, whatever its place in the order.
fn is_retryable(causes: &[(Class, bool)]) -> bool {
    let mut failures = causes.iter().filter(|(class, _)| class.exit_code() != 0).peekable();
    failures.peek().is_some() && failures.all(|(_, retryable)| *retryable)
}

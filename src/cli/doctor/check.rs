//! What is left of one look: a line that says what was seen, and what to do next.

use serde::Serialize;

use crate::error::{Class, Problem};
use crate::http::Redactor;
use crate::settings::value::escaped;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    /// It is well.
    Pass,
    /// It works, and should be looked at.
    Warn,
    /// A scan would fail over it.
    Fail,
    /// It was not looked at, because an earlier check failed.
    Skipped,
}

/// One check. Its names are an interface (docs/doctor.md).
#[derive(Serialize)]
pub(super) struct Check {
    /// The platform's name in the run; absent for what holds for all.
    pub(super) entry: Option<String>,
    /// The server that was looked at.
    pub(super) server: Option<String>,
    /// What was looked at.
    #[serde(rename = "check")]
    pub(super) name: &'static str,
    /// How it ended.
    pub(super) status: Status,
    /// How a scan would end over it.
    pub(super) class: Option<Class>,
    /// What was seen, in one line.
    pub(super) message: String,
    /// What to do next.
    pub(super) next: Option<String>,
    /// Facts behind the message.
    pub(super) detail: Vec<String>,
}

/// Checks of one scope, in the order in which they were made.
#[derive(Default)]
pub(super) struct Checks {
    entry: Option<String>,
    /// The server that the next checks look at.
    pub(super) server: Option<String>,
    all: Vec<Check>,
}

/// All checks, without secrets and without effect on whoever shows them.
pub(super) struct Report {
    pub(super) checks: Vec<Check>,
    /// That of the worst check.
    pub(super) class: Class,
    /// Requests that were sent.
    pub(super) requests: u64,
}

impl Checks {
    /// Those of an entry.
    pub(super) fn of(entry: &str) -> Self {
        Self { entry: Some(entry.to_owned()), ..Self::default() }
    }

    /// It is well.
    pub(super) fn pass(&mut self, name: &'static str, message: impl Into<String>) {
        self.add(name, Status::Pass, message.into(), None);
    }

    /// It works, and `next` would make it better.
    pub(super) fn warn(&mut self, name: &'static str, message: impl Into<String>, next: &str) {
        self.add(name, Status::Warn, message.into(), Some(next.to_owned()).filter(|next| !next.is_empty()));
    }

    /// A scan would end like this.
    pub(super) fn fail(&mut self, name: &'static str, problem: Problem) {
        self.add(name, Status::Fail, problem.message, problem.hint);
        if let Some(last) = self.all.last_mut() {
            last.class = Some(problem.class);
            last.detail = problem.detail;
        }
    }

    /// These are not looked at.
    pub(super) fn skip(&mut self, names: &[&'static str], why: &str) {
        for name in names {
            self.add(name, Status::Skipped, why.to_owned(), None);
        }
    }

    /// Adds those of another scope.
    pub(super) fn extend(&mut self, others: Self) {
        self.all.extend(others.all);
    }

    fn add(&mut self, name: &'static str, status: Status, message: String, next: Option<String>) {
        let (entry, server) = (self.entry.clone(), self.server.clone());
        self.all.push(Check { entry, server, name, status, class: None, message, next, detail: Vec::new() });
    }

    /// Takes secrets out, makes visible what has an effect, and finds the worst.
    pub(super) fn into_report(mut self, requests: u64, redactor: &Redactor) -> Report {
        for check in &mut self.all {
            let Check { entry, server, message, next, detail, .. } = check;
            let texts = entry.iter_mut().chain(server).chain([message]).chain(next).chain(detail);
            texts.for_each(|text| *text = escaped(&redactor.clean(text)));
        }
        let class = self.all.iter().filter_map(|check| check.class).min().unwrap_or(Class::Passed);
        Report { checks: self.all, class, requests }
    }
}

impl Status {
    /// All of them, in the order of the last line.
    pub(super) const ALL: [Self; 4] = [Self::Pass, Self::Warn, Self::Fail, Self::Skipped];

    /// Its word.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

impl Report {
    /// How many checks ended so.
    pub(super) fn count(&self, status: Status) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Secret;
    use crate::error::Error;

    #[test]
    fn the_worst_check_by_the_order_of_classes_is_the_reports_and_warnings_are_none() {
        let class = |classes: &[Class]| {
            let mut checks = Checks::default();
            checks.warn("clock", "late", "set it");
            for class in classes {
                checks.fail("http", Problem { class: *class, ..Error::Internal(String::new()).to_problem() });
            }
            checks.into_report(0, &Redactor::default()).class
        };
        assert_eq!(class(&[]), Class::Passed);
        assert_eq!(class(&[Class::Unavailable, Class::NoCredentials]), Class::NoCredentials);
        assert_eq!(class(&[Class::Timeout, Class::Usage, Class::Auth]), Class::Usage);
    }

    #[test]
    fn no_text_of_a_report_holds_a_secret_or_has_an_effect() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter22-hunter22").unwrap());
        let hostile = "a\u{1b}[2J\n::error::hunter22-hunter22\u{202e}".to_owned();
        let mut checks = Checks::of(&hostile);
        checks.server = Some(hostile.clone());
        let problem = Error::Internal(String::new()).to_problem();
        let (hint, detail) = (Some(hostile.clone()), vec![hostile.clone()]);
        checks.fail("http", Problem { message: hostile, hint, detail, ..problem });
        let report = checks.into_report(0, &redactor);
        let json = serde_json::to_string(&report.checks).unwrap();
        assert!(!json.contains("hunter22") && !json.contains('\u{202e}') && !json.contains(r"\u001b"), "{json}");
        assert_eq!(report.checks[0].message, "a\\u{1b}[2J\\n::error::***\\u{202e}");
    }
}

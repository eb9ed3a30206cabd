//! Gathers what is wrong over all platforms, so that one failure tells of each of them.

use scangate::error::{Class, Signal};
use scangate::platform::PlatformId;
use serde_json::Value;

use super::row::Row;
use super::run::Played;

/// Judges one case.
pub(super) struct Judge {
    case: &'static str,
    /// Whose turn it is, and how much was looked at since it began.
    platform: Option<(PlatformId, u32)>,
    complaints: Vec<String>,
}

impl Judge {
    pub(super) fn new(case: &'static str) -> Self {
        Self { case, platform: None, complaints: Vec::new() }
    }

    /// It is this platform's turn. One that is let off needs nothing to be looked at.
    pub(super) fn begin(&mut self, row: &Row) {
        self.check_that_something_was_tried();
        self.platform = row.exemption(self.case).is_none().then_some((row.platform, 0));
    }

    /// Fails with all complaints.
    pub(super) fn end(mut self) {
        self.check_that_something_was_tried();
        assert!(self.complaints.is_empty(), "{}:\n{}", self.case, self.complaints.join("\n"));
    }

    fn check_that_something_was_tried(&mut self) {
        if let Some((platform, 0)) = self.platform {
            self.complaints.push(format!("{platform} was not tried"));
        }
    }

    /// Complains unless it holds.
    pub(super) fn check(&mut self, holds: bool, what: &str, complaint: &str) {
        let Some((platform, checks)) = &mut self.platform else { return };
        *checks += 1;
        if !holds {
            self.complaints.push(format!("* {platform}, {what}: {complaint}"));
        }
    }

    /// Complains unless the run ended in this class, with its exit code, the reports that every class has, and one line for people.
    pub(super) fn ends(&mut self, played: &Played, expected: Class) {
        let Played { what, ended, .. } = played;
        let (name, exit_code) = in_the_contract(expected);
        let explain = |about: &str| format!("{about}, expected {name}\n{}", ended.explain());
        self.check(ended.class() == expected, what, &explain(&format!("ended as {}", ended.class())));
        self.check(ended.exit_code() == exit_code, what, &explain(&format!("exit code {}", ended.exit_code())));

        let outcome: Value = serde_json::from_str(&ended.file("outcome.json")).unwrap_or_default();
        let told = (&outcome["class"], &outcome["exit_code"]);
        self.check(told == (&name.into(), &exit_code.into()), what, &format!("the outcome file says {told:?}"));
        let sarif: Value = serde_json::from_str(&ended.file("report.out")).unwrap_or_default();
        let invocation = &sarif["runs"][0]["invocations"][0];
        let is_verdict = matches!(expected, Class::Passed | Class::Findings);
        let is_told = invocation["executionSuccessful"] == is_verdict;
        self.check(is_told, what, &format!("the SARIF report says {invocation:#}"));

        if let Some(problem) = ended.result().ending.problem() {
            let is_line = !problem.message.is_empty() && !problem.message.chars().any(char::is_control);
            self.check(is_line, what, &format!("not a line for people: {:?}", problem.message));
        }
        self.check(ended.result().ending.problem().is_none() == is_verdict, what, "the ending and the class differ");
    }

    /// Complains unless the run is as good as one to which nothing happened.
    pub(super) fn recovers(&mut self, played: &Played, plain: &Played) {
        self.ends(played, Class::Passed);
        let (found, expected) = (played.findings(), plain.findings());
        self.check(!expected.is_empty(), &plain.what, "nothing is found in what has findings");
        self.check(found == expected, &played.what, &format!("found {found:#?}, not {expected:#?}"));
    }
}

/// The name and exit code of a class, as DESIGN section 9 has them.
fn in_the_contract(class: Class) -> (&'static str, u8) {
    match class {
        Class::Passed => ("passed", 0),
        Class::Started => ("started", 0),
        Class::Findings => ("findings", 1),
        Class::Usage => ("usage", 2),
        Class::Auth => ("auth", 3),
        Class::NoCredentials => ("no-credentials", 3),
        Class::Unavailable => ("unavailable", 4),
        Class::Timeout => ("timeout", 5),
        Class::ScanFailed => ("scan-failed", 6),
        Class::Incomplete => ("incomplete", 6),
        Class::Protocol => ("protocol", 7),
        Class::Delivery => ("delivery", 8),
        Class::Internal => ("internal", 70),
        Class::Interrupted(Signal::Interrupt) => ("interrupted", 130),
        Class::Interrupted(Signal::Terminate) => ("interrupted", 143),
    }
}

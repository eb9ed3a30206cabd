//! Invented findings, for the faults `many` and `hostile-text`.

use super::finding::Subject;
use crate::sandbox::attacks::{self, Attack};
use crate::sandbox::fault::{Faults, Kind};
use crate::sandbox::invented;
use crate::sandbox::rules::{Family, Hit, Level, Rule};

/// The findings that the faults ask for.
pub(super) fn invented(faults: &Faults) -> Vec<Subject> {
    let mut subjects: Vec<_> = (0..faults.many()).map(|number| Subject::Code(invent(number))).collect();
    if faults.has(Kind::HostileText) {
        subjects.extend(HOSTILE.iter().map(Hostile::subject));
    }
    subjects
}

static INVENTED: [Rule; 4] = [
    invented_rule("d864a499-c989-5154-8737-12a174eab17c", Level::Critical),
    invented_rule("e00194a0-bb89-5a10-95c1-d83e3aa8c3fa", Level::High),
    invented_rule("7b36f4cc-a439-5fd2-a9cc-86575742ee0c", Level::Medium),
    invented_rule("be074a9b-aaf1-5fe0-aac7-06c60ddd5e6c", Level::Low),
];

const fn invented_rule(id: &'static str, level: Level) -> Rule {
    Rule {
        id,
        family: Family::Sast,
        name: "Invented finding",
        level: Some(level),
        cwe: &["CWE-1000"],
        owasp: &[],
        language: "Python",
        description: "The sandbox made this finding up because `--fault many` asked for it.",
        fix: "Nothing needs to be done.",
    }
}

/// Most are low, one in a hundred is critical.
fn invent(number: u32) -> Hit {
    let rule = invented::severity(number, INVENTED.each_ref());
    Hit {
        rule,
        path: format!("invented/module_{:04}/part_{number}.py", number / 50),
        line: number % 400 + 1,
        snippet_start: number % 400 + 1,
        snippet: vec![format!("value_{number} = read(source)")],
        text: format!("value_{number} = read(source)"),
    }
}

/// One attack: a rule with its texts, a path, a line and the code that is shown.
struct Hostile {
    rule: Rule,
    path: &'static str,
    line: u32,
    code: &'static str,
}

impl Hostile {
    fn subject(&'static self) -> Subject {
        Subject::Code(Hit {
            rule: &self.rule,
            path: self.path.to_owned(),
            line: self.line,
            snippet_start: self.line,
            snippet: vec![self.code.to_owned()],
            text: self.code.to_owned(),
        })
    }
}

const fn hostile_rule(id: &'static str, family: Family, level: Option<Level>, attack: &'static Attack) -> Rule {
    Rule {
        id,
        family,
        name: attack.title,
        level,
        cwe: &["CWE-79", "not a CWE", "::error::"],
        owasp: &[],
        language: "",
        description: attack.text,
        fix: attack.title,
    }
}

static HOSTILE: &[Hostile] = &[
    Hostile {
        rule: hostile_rule("6671f2cc-f241-5699-9379-19b5bf9ea9d9", Family::Sast, Some(Level::High), &attacks::RUNNER),
        path: "../../../etc/passwd",
        line: 1,
        code: attacks::RUNNER.evidence,
    },
    Hostile {
        rule: hostile_rule(
            "d1861fcd-5835-5dcb-8348-e5a806627e7b",
            Family::Iac,
            Some(Level::Medium),
            &attacks::TERMINAL,
        ),
        path: "/etc/shadow",
        line: 0,
        code: attacks::TERMINAL.evidence,
    },
    Hostile {
        rule: hostile_rule(
            "33f10aac-b100-57d4-a352-800a26680393",
            Family::Cicd,
            Some(Level::Critical),
            &attacks::MARKUP,
        ),
        path: "C:\\Windows\\System32\\drivers\\etc\\hosts",
        line: u32::MAX,
        code: attacks::MARKUP.evidence,
    },
    Hostile {
        rule: hostile_rule("0b5ffe9e-d7a8-5bcd-ac3a-67afe12fb6bc", Family::Secret, None, &attacks::SPREADSHEET),
        path: "https://collector.example.net/a.py?x=1#fragment",
        line: 0,
        code: attacks::SPREADSHEET.evidence,
    },
    Hostile {
        rule: hostile_rule("c202afbc-9495-574e-a762-060ec3b74f6f", Family::Sast, None, &attacks::EMPTY),
        path: "",
        line: 0,
        code: attacks::EMPTY.evidence,
    },
    Hostile {
        rule: hostile_rule("a4b41a53-c703-5bca-ab6e-b49dbecb8efb", Family::Sast, Some(Level::Low), &attacks::ENCODED),
        path: "folder with spaces/\u{fc}ml\u{e4}ut/100%/file:name,with;marks.py\n::error::second line",
        line: 3,
        code: attacks::ENCODED.evidence,
    },
];

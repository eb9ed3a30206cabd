//! What a scan of the workspace's target finds: invented, and always the same.

use super::Emulator;
use super::finding::{Finding, SEVERITIES};
use crate::sandbox::attacks;
use crate::sandbox::fault::Kind;
use crate::sandbox::invented;

/// A finding in short: rule, title, severity, state, file, line, CWE, recommendation, package.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<u64>,
    &'static str,
    &'static str,
    Option<&'static str>,
);

const ROWS: [Row; 6] = [
    (
        "CBR-PY-SQLI-STRING-CONCAT",
        "String-concatenated SQL into cursor.execute",
        "critical",
        "open",
        "app/users.py",
        Some(42),
        "CWE-89",
        "Pass values as parameters.",
        None,
    ),
    (
        "CBR-SUPPLY-MALICIOUS",
        "Package with code that steals wallets",
        "critical",
        "open",
        "package-lock.json",
        None,
        "CWE-506",
        "Remove the package.",
        Some("event-stream@3.3.6"),
    ),
    (
        "CBR-PY-SHELL",
        "Command line passed to the shell",
        "high",
        "open",
        "app/export.py",
        Some(17),
        "CWE-78",
        "Pass a list of arguments.",
        None,
    ),
    (
        "CBR-PY-WEAK-HASH",
        "MD5 used as a hash of passwords",
        "medium",
        "false_positive",
        "app/cache.py",
        Some(8),
        "CWE-328",
        "Use a hash that is meant for passwords.",
        None,
    ),
    (
        "CBR-PY-DEBUG",
        "Debug mode in a served application",
        "low",
        "open",
        "app/main.py",
        Some(3),
        "CWE-489",
        "Switch the debug mode off.",
        None,
    ),
    (
        "CBR-DOCKER-LABEL",
        "Image without labels",
        "info",
        "open",
        "Dockerfile",
        Some(1),
        "CWE-1059",
        "Add labels with source and revision.",
        None,
    ),
];

/// What a scan of a target finds. A target whose name begins with `clean` has no findings.
pub(super) fn of(emulator: &Emulator, target: &str) -> Vec<Finding> {
    let known: &[Row] = if target.starts_with("clean") { &[] } else { &ROWS };
    let mut findings: Vec<_> = known
        .iter()
        .map(|(rule, title, severity, status, file, line, cwe, recommendation, package)| Finding {
            rule: (*rule).to_owned(),
            title: (*title).to_owned(),
            description: format!("{title}. The sandbox made this up."),
            severity,
            status,
            file: (*file).to_owned(),
            line: *line,
            snippet: String::new(),
            cwe: vec![(*cwe).to_owned()],
            recommendation: (*recommendation).to_owned(),
            package: package.map(ToOwned::to_owned),
        })
        .collect();
    let extra = |rule: String, severity: &'static str| Finding { rule, severity, status: "open", ..Finding::default() };
    let [critical, high, medium, low, _] = SEVERITIES;
    findings.extend((0..emulator.core.faults.many()).map(|number| {
        let severity = invented::severity(number, [critical, high, medium, low]);
        Finding {
            title: format!("Invented finding {number}"),
            file: format!("invented/module_{:04}.py", number / 50),
            line: Some(u64::from(number) + 1),
            ..extra("CBR-INVENTED".to_owned(), severity)
        }
    }));
    if emulator.core.faults.has(Kind::HostileText) {
        findings.extend((0_u64..).zip(attacks::ALL).map(|(number, attack)| Finding {
            title: attack.title.to_owned(),
            description: attack.text.to_owned(),
            snippet: attack.evidence.to_owned(),
            file: format!("../../../{}", attack.title),
            line: Some(number),
            ..extra(attack.title.to_owned(), high)
        }));
    }
    findings
}

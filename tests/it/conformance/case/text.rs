//! What people and machines get to see.

use serde_json::Value;

use crate::conformance::foreign::Echo;
use crate::conformance::judge::Judge;
use crate::conformance::printed;
use crate::conformance::row::Row;

/// What begins an access token in the form of a JWT, in base64.
const JWT: &str = "eyJ";

pub(in crate::conformance) async fn hostile(row: &Row, judge: &mut Judge) {
    let (ended, secrets) = printed::scan(row, &["hostile-text", "scan-time=5"]).await;
    let stderr = ended.stderr();
    judge.check(ended.exit_code() == 0, "on a terminal", &format!("exit code {}\n{stderr}", ended.exit_code()));
    let texts = [
        ("standard output", ended.stdout()),
        ("standard error", stderr),
        ("Markdown", ended.file("work/report.md")),
        ("the table", ended.file("work/report.txt")),
    ];
    for (place, text) in texts {
        check_effect(judge, place, &text);
        let command = text.lines().find(|line| line.trim_start().starts_with("::") || line.contains("##["));
        judge.check(command.is_none(), place, &format!("a command to the runner: {command:?}"));
    }
    check_effect(judge, "SARIF", &strings(&ended.file("work/report.sarif")));
    let markdown = without_code(&ended.file("work/report.md"));
    for markup in ["<script", "<img", "](javascript:", "![pixel]", "\n# heading"] {
        judge.check(!markdown.contains(markup), "Markdown", &format!("{markup} is there"));
    }
    for secret in secrets.iter().map(String::as_str).chain([JWT]) {
        let trace = ended.trace_of(secret);
        judge.check(trace.is_none(), "at -vv", &format!("`{secret}` is in {trace:?}"));
    }
}

fn check_effect(judge: &mut Judge, place: &str, text: &str) {
    let effect = text.chars().find(|character| *character != '\n' && has_effect(*character));
    judge.check(effect.is_none(), place, &format!("there is {effect:?} in\n{text}"));
}

/// Markdown without its code spans, in which nothing means anything.
fn without_code(markdown: &str) -> String {
    let outside = |line| {
        let line: &str = line;
        let marks = line.matches('`').count() / 2 * 2;
        line.splitn(marks + 1, '`').step_by(2)
    };
    markdown.split_inclusive('\n').flat_map(outside).collect()
}

/// Whether a terminal does more than to show it, or shows the text around it elsewhere.
fn has_effect(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Every string of a JSON document, as a reader gets it, a line each. Line ends are text there.
fn strings(document: &str) -> String {
    fn gather(value: &Value, into: &mut String) {
        match value {
            Value::String(text) => {
                into.push_str(text);
                into.push('\n');
            }
            Value::Array(values) => values.iter().for_each(|value| gather(value, into)),
            Value::Object(fields) => fields.values().for_each(|value| gather(value, into)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut into = String::new();
    gather(&serde_json::from_str(document).unwrap(), &mut into);
    into
}

/// A platform that says whatever it was told back, in every answer.
pub(in crate::conformance) async fn secret(row: &Row, judge: &mut Judge) {
    for way in row.ways {
        for (status, lets_in) in [(400, false), (400, true), (401, true), (200, true)] {
            let echo = Echo::start(row, status, lets_in).await;
            let (ended, secrets) = printed::scan_at(row, way, &echo.origin).await;
            let what = format!("by {}, echo with {status}", way.variables.join(" and "));
            judge.check(!matches!(ended.exit_code(), 0 | 1 | 70), &what, &format!("{}", ended.exit_code()));
            judge.check(echo.heard(&secrets), &what, "the secret was never sent, so that nothing was tried");
            for secret in secrets.iter().map(String::as_str).chain([Echo::TOKEN]) {
                let trace = ended.trace_of(secret);
                judge.check(trace.is_none(), &what, &format!("`{secret}` is in {trace:?}"));
            }
        }
    }
}

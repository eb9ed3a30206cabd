//! A panic, in a process of its own: the hook and the redactor are the program's.

use std::process::Command;

use scangate::credentials::Secret;
use scangate::http::Redactor;
use scangate::settings::Environment;

use super::echo::{forms, marked};
use super::trace;

const IN_CHILD: &str = "SCANGATE_TEST_CRASH";

#[test]
fn a_crash_message_holds_no_secret_in_any_form() {
    let secret = marked("crash");
    if Environment::current().get(IN_CHILD).is_some() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new(&secret).unwrap());
        scangate::cli::report_in_one_line(redactor);
        panic!("a bug, and in its message {}", forms(&secret).join(" "));
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "redaction::crash::a_crash_message_holds_no_secret_in_any_form", "--nocapture"])
        .env(IN_CHILD, "1")
        .output()
        .unwrap();
    let said = [child.stdout, child.stderr].concat();
    let text = String::from_utf8_lossy(&said);
    assert!(text.contains("error: internal error at ") && text.contains("a bug, and in its message ***"), "{text}");
    assert!(!text.contains("stack backtrace"), "{text}");
    assert_eq!(trace::find(&said, &[secret]), None);
}

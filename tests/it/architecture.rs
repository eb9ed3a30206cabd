//! The invariants of docs/architecture.md, kept by reading the source: which module may name what.
//!
//! Clippy keeps those that are about a method or a type (.clippy.toml); here are those that are about who names whom. Every
//! rule is a function from a file to its offences, and [`every_rule_catches_its_planted_offence`] shows that each can fail.
#![expect(clippy::unwrap_used, reason = "a test helper may stop at the first file that cannot be read")]

mod source;

use source::{SourceFile, files_under};

/// Past this a file has more than one job.
const LONGEST_FILE: usize = 600;

/// What moves bytes, waits, or knows a platform.
const IMPURE: [&str; 9] = [
    "tokio",
    "reqwest",
    "crate::http",
    "crate::platform",
    "crate::sandbox",
    "crate::clock",
    "fs_err",
    "std::fs",
    "std::net",
];

/// What a rule has against a file, one line each.
type Rule = fn(&SourceFile) -> Vec<String>;

fn assert_kept(rule: Rule, way_out: &str) {
    assert_kept_in(&files_under("src"), rule, way_out);
}

fn assert_kept_in(files: &[SourceFile], rule: Rule, way_out: &str) {
    assert!(files.len() > 1, "no source files were found");
    let offences: Vec<String> = files.iter().flat_map(rule).collect();
    assert!(offences.is_empty(), "\n{}\n\nthe way out: {way_out}\n", offences.join("\n"));
}

/// The places in `file` that name a path under one of `banned`.
fn naming(file: &SourceFile, banned: &[impl AsRef<str>]) -> Vec<String> {
    let paths = file.paths().into_iter().filter(|path| banned.iter().any(|prefix| path.is_under(prefix.as_ref())));
    paths.map(|path| format!("{}:{} names {}", file.path, path.line, path.segments.join("::"))).collect()
}

/// As [`naming`], except in the modules that are allowed to.
fn naming_outside(file: &SourceFile, banned: &[impl AsRef<str>], allowed: &[&str]) -> Vec<String> {
    if allowed.iter().any(|module| file.is_in(module)) { Vec::new() } else { naming(file, banned) }
}

/// The places in `file` where these tokens stand in a row.
fn standing(file: &SourceFile, row: &[&str]) -> Vec<String> {
    file.lines_with(row).into_iter().map(|line| format!("{}:{line} has {}", file.path, row.concat())).collect()
}

/// The lines of `file`, comments and literals included, that hold one of `words`.
fn holding(file: &SourceFile, words: &[&str]) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    lines
        .filter_map(|(number, line)| words.iter().find(|word| line.contains(**word)).map(|word| (number, word)))
        .map(|(number, word)| format!("{}:{} has {word}", file.path, number + 1))
        .collect()
}

fn impure_right_of_findings(file: &SourceFile) -> Vec<String> {
    if !["finding", "gate", "report"].iter().any(|module| file.is_in(module)) {
        return Vec::new();
    }
    let mut offences = naming(file, &IMPURE);
    offences.extend(standing(file, &["async", "fn"]));
    offences
}

#[test]
fn findings_gate_and_reports_are_pure_and_know_no_platform() {
    assert_kept(
        impure_right_of_findings,
        "hand the value in as an argument: what is right of the findings gets plain data, and scan or cli does the I/O",
    );
}

fn platform_names_what_is_right_of_findings(file: &SourceFile) -> Vec<String> {
    if !file.is_in("platform") && !file.is_in("http") {
        return Vec::new();
    }
    naming(file, &["crate::gate", "crate::report", "crate::scan", "crate::cli", "crate::ci", "crate::sandbox"])
}

#[test]
fn a_platform_knows_nothing_of_gate_and_reports() {
    assert_kept(platform_names_what_is_right_of_findings, "return a value of crate::finding, and let scan carry it on");
}

fn sandbox_names_the_client(file: &SourceFile) -> Vec<String> {
    if !file.is_in("sandbox") {
        return Vec::new();
    }
    naming(file, &["crate::http", "crate::platform", "crate::scan", "reqwest"])
}

#[test]
fn the_sandbox_shares_nothing_with_the_clients_that_it_tests() {
    assert_kept(
        sandbox_names_the_client,
        "write it again from the platform's documents: what client and emulator share, no test of one against the other can find wrong",
    );
}

fn reqwest_outside_http(file: &SourceFile) -> Vec<String> {
    naming_outside(file, &["reqwest"], &["http"])
}

#[test]
fn only_http_names_reqwest() {
    assert_kept(reqwest_outside_http, "make an http::Call and send it through http::Client or http::Session");
}

fn serde_sarif_outside_its_report(file: &SourceFile) -> Vec<String> {
    naming_outside(file, &["serde_sarif"], &["report/sarif"])
}

#[test]
fn only_the_sarif_report_names_serde_sarif() {
    assert_kept(
        serde_sarif_outside_its_report,
        "build the SARIF part in report/sarif, from the model in crate::finding",
    );
}

fn environment_outside_settings(file: &SourceFile) -> Vec<String> {
    const READERS: [&str; 5] = ["var", "var_os", "vars", "vars_os", "*"];
    let banned = READERS.map(|reader| [format!("std::env::{reader}"), format!("env::{reader}")]).concat();
    naming_outside(file, &banned, &["settings"])
}

#[test]
fn only_settings_reads_the_environment() {
    assert_kept(environment_outside_settings, "take the value from settings::Environment, the run's one snapshot");
}

fn printing_outside_cli_and_ci(file: &SourceFile) -> Vec<String> {
    if ["cli", "ci", "main"].iter().any(|module| file.is_in(module)) {
        return Vec::new();
    }
    let mut offences: Vec<String> = ["print", "println", "eprint", "eprintln", "dbg"]
        .iter()
        .flat_map(|name| standing(file, &[name, "!"]))
        .collect();
    // Whether a handle is a terminal is a fact of the environment, and asking prints nothing.
    let asked = ["stdout", "stderr"].map(|name| file.lines_with(&[name, "(", ")", ".", "is_terminal"])).concat();
    let handles = file.paths().into_iter().filter(|path| {
        matches!(path.segments.last().map(String::as_str), Some("stdout" | "stderr" | "Stdout" | "Stderr"))
            && !asked.contains(&path.line)
    });
    offences.extend(handles.map(|path| format!("{}:{} names {}", file.path, path.line, path.segments.join("::"))));
    offences
}

#[test]
fn only_cli_and_ci_print() {
    assert_kept(
        printing_outside_cli_and_ci,
        "return the text, emit a tracing event, or write to a Write that cli hands in",
    );
}

fn started_programs(file: &SourceFile) -> Vec<String> {
    naming_outside(file, &["std::process::Command", "process::Command", "tokio::process"], &["credentials"])
}

#[test]
fn no_program_is_started_and_git_least_of_all() {
    assert_kept(
        started_programs,
        "read git's files through the gix crates: git in a stranger's work tree runs the stranger's hooks. Only credentials may \
         start a program, the user's own --token-command",
    );
}

fn too_long(file: &SourceFile) -> Vec<String> {
    let length = file.text.lines().count();
    if length > LONGEST_FILE { vec![format!("{} has {length} lines", file.path)] } else { Vec::new() }
}

#[test]
fn no_file_has_more_than_one_job() {
    assert_kept(too_long, "give one of its jobs a file of its own");
}

fn silenced_lints(file: &SourceFile) -> Vec<String> {
    let mut offences = standing(file, &["#", "[", "allow", "("]);
    offences.extend(standing(file, &["#", "!", "[", "allow", "("]));
    offences
}

#[test]
fn no_lint_is_silenced_for_good() {
    assert_kept(
        silenced_lints,
        "#[expect(lint, reason = \"...\")] says why, and complains once it is no longer needed",
    );
}

fn unfinished_work(file: &SourceFile) -> Vec<String> {
    // Put together here, so that this file does not offend.
    holding(file, &[concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")])
}

fn ignored_tests(file: &SourceFile) -> Vec<String> {
    holding(file, &[concat!("#[", "ignore")])
}

fn machine_paths(file: &SourceFile) -> Vec<String> {
    holding(file, &[env!("CARGO_MANIFEST_DIR"), concat!("/", "work/"), concat!("/", "root/")])
}

fn src_and_tests() -> Vec<SourceFile> {
    files_under("src").into_iter().chain(files_under("tests")).collect()
}

#[test]
fn nothing_is_left_for_later() {
    assert_kept_in(&src_and_tests(), unfinished_work, "do it, or write an issue and leave the note out");
}

#[test]
fn no_test_is_ignored() {
    assert_kept_in(
        &src_and_tests(),
        ignored_tests,
        "mend it, or assert today's behaviour and say what is wrong with it",
    );
}

#[test]
fn no_path_of_a_developers_machine_is_in_the_source() {
    assert_kept_in(&src_and_tests(), machine_paths, "derive it at run time, or use a temporary folder");
}

#[test]
fn every_rule_catches_its_planted_offence() {
    let long = "//\n".repeat(LONGEST_FILE + 1);
    let planted: &[(Rule, &str, &str)] = &[
        (impure_right_of_findings, "src/report/sarif.rs", "use crate::{error::Class, http::Client};"),
        (impure_right_of_findings, "src/report/sarif/rules.rs", "use super::super::super::platform as p;"),
        (impure_right_of_findings, "src/gate/mod.rs", "fn f() { tokio::spawn(g()); }"),
        (impure_right_of_findings, "src/gate/verdict.rs", "pub async fn judge() {}"),
        (impure_right_of_findings, "src/finding/mod.rs", "fn f(a: &'static str) -> std::fs::File { 'b' }"),
        (platform_names_what_is_right_of_findings, "src/platform/acme.rs", "use crate::report::Report;"),
        (sandbox_names_the_client, "src/sandbox/acme.rs", "use super::super::platform::About;"),
        (sandbox_names_the_client, "src/sandbox/mod.rs", "fn f() -> crate::http::Call { todo() }"),
        (reqwest_outside_http, "src/platform/acme.rs", "struct S(reqwest::Client);"),
        (reqwest_outside_http, "src/httpish.rs", "use ::reqwest;\nfn f() { g(1) }"),
        (serde_sarif_outside_its_report, "src/report/json.rs", "use serde_sarif::sarif;"),
        (environment_outside_settings, "src/cli/scan.rs", "fn f() { let s = \"\\\"\"; std::env::var(s); }"),
        (environment_outside_settings, "src/cli/scan.rs", "use std::env;\nfn f() { env::vars_os(); }"),
        (environment_outside_settings, "src/cli/scan.rs", "use std::{env::{consts, vars as all}, io};"),
        (printing_outside_cli_and_ci, "src/scan/wait.rs", "fn f() { println!(\"x\"); }"),
        (printing_outside_cli_and_ci, "src/scan/wait.rs", "fn f() { std::io::stderr().write(b\"x\"); }"),
        (started_programs, "src/scan/archive.rs", "use std::process::Command; // git"),
        (too_long, "src/scan/archive.rs", &long),
        (silenced_lints, "src/scan/archive.rs", "#[allow(dead_code)] fn f() {}"),
        (silenced_lints, "src/lib.rs", "#![allow(dead_code)]"),
        (unfinished_work, "src/lib.rs", concat!("// TO", "DO: all of it")),
        (ignored_tests, "tests/it/scan.rs", concat!("#[test]\n#[", "ignore]\nfn f() {}")),
        (machine_paths, "src/lib.rs", concat!("const HOME: &str = \"", env!("CARGO_MANIFEST_DIR"), "/src\";")),
    ];
    for (number, (rule, path, text)) in planted.iter().enumerate() {
        let offences = rule(&SourceFile::new(path, text));
        assert!(!offences.is_empty(), "offence {number} was not caught: {path}: {text}");
    }
}

#[test]
fn a_mention_is_no_offence() {
    let text = "//! Unlike crate::http, this is pure.\n\
        /* std::env::var /* and */ tokio::spawn */\n\
        const A: &str = \"use reqwest::Client;\"; const B: &str = r#\"println!(\"x\")\"#; const C: char = '\"';\n\
        fn f() -> bool { std::io::stdout().is_terminal() }\n\
        fn http<'a>(platform: &'a str) -> &'a str { self::tokio(super::gate::x) }\n\
        #[cfg(test)]\nmod tests { use crate::platform; fn f() { println!(); } }\n";
    let file = SourceFile::new("src/report/json.rs", text);
    let rules: [Rule; 5] = [
        impure_right_of_findings,
        reqwest_outside_http,
        environment_outside_settings,
        printing_outside_cli_and_ci,
        started_programs,
    ];
    for (number, rule) in rules.iter().enumerate() {
        assert_eq!(rule(&file), Vec::<String>::new(), "rule {number}");
    }
}

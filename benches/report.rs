//! Writes the SARIF of many findings and says how long it took, beside `serde_json` reading the same findings as JSON:
//! `cargo bench --bench report [-- FINDINGS]`.

#![expect(clippy::print_stdout, reason = "a program of its own, for people at a terminal")]

use std::error::Error;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use scangate::clock::Clock;
use scangate::finding::{
    Ending, FileLocation, Finding, Fingerprint, Kind, Location, RepositoryPath, Rule, ScanResult, Severity, State,
    fingerprint,
};
use scangate::gate::{GateSettings, OnClass, conclude, judge};
use scangate::report::{Format, Options, Report, RunFacts, write};

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds `--bench` to what the user gives.
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    let count = arguments.next().map_or(Ok(100_000), |count| count.parse())?;
    let clock = Clock::system();
    let mut result = result(findings(count));
    let timed = |name: &str, work: &mut dyn FnMut() -> Result<usize, Box<dyn Error>>| -> Result<(), Box<dyn Error>> {
        let start = clock.monotonic();
        let bytes = work()?;
        let took = clock.monotonic().saturating_sub(start);
        println!("{name}: {:.3} s, {bytes} bytes", Duration::as_secs_f64(&took));
        Ok(())
    };
    timed("fingerprints and order", &mut || {
        fingerprint::assign(&mut result.findings);
        result.sort();
        Ok(0)
    })?;

    let results = [result];
    let verdict = judge(&results, &GateSettings::default());
    let conclusion = conclude(&verdict, &results, &[], &OnClass::default());
    let facts = facts(clock.now());
    let report = Report { run: &facts, results: &results, verdict: &verdict, conclusion: &conclusion, problems: &[] };
    let mut json = Vec::new();
    timed("json written", &mut || {
        write(Format::Json, &report, &Options::default(), &mut json)?;
        Ok(json.len())
    })?;
    for _ in 0..3 {
        timed("sarif written", &mut || {
            let mut sarif = Vec::new();
            write(Format::Sarif, &report, &Options::default(), &mut sarif)?;
            Ok(sarif.len())
        })?;
        timed("serde_json reads the json", &mut || {
            let value: serde_json::Value = serde_json::from_slice(&json)?;
            Ok(value.as_object().map_or(0, serde_json::Map::len))
        })?;
    }
    Ok(())
}

/// Findings of 500 rules in 2,000 files, with a message of some 200 bytes each.
fn findings(count: usize) -> Vec<Finding> {
    let rule = |number: usize| {
        Arc::new(Rule {
            id: format!("rule-{number}"),
            name: format!("Weakness number {number}"),
            description: "Input reaches a sink without a check. ".repeat(20),
            help: Some("Check it against a list of what is allowed. ".repeat(5)),
            cwe: vec![u32::try_from(number).unwrap_or_default() + 1],
            ..Rule::default()
        })
    };
    let rules: Vec<Arc<Rule>> = (0..500).map(rule).collect();
    let findings = (0..count).zip(rules.iter().cycle()).zip(Severity::WORST_FIRST.iter().cycle());
    let one = |((number, rule), severity): ((usize, &Arc<Rule>), &Severity)| {
        let path = RepositoryPath::parse(&format!("services/part{}/src/file{}.py", number % 40, number % 2_000))?;
        let start_line = NonZeroU32::new(u32::try_from(number % 900).ok()? + 1);
        Some(Finding {
            id: format!("0198f1c2-7d5a-7bb0-9c3e-{number:012}").into(),
            fingerprint: Fingerprint::default(),
            kind: Kind::Sast,
            severity: Some(*severity),
            score: None,
            rule: Arc::clone(rule),
            state: State::Open,
            location: Location::File(FileLocation { path, start_line, end_line: start_line, source: None }),
            message: format!("The value of field {number} comes from the request and reaches a query. ").repeat(3),
            remediation: None,
            link: None,
        })
    };
    findings.filter_map(one).collect()
}

fn result(findings: Vec<Finding>) -> ScanResult {
    ScanResult {
        entry: "platform".to_owned(),
        platform: "Platform",
        documentation: "https://platform.example/docs",
        category: "scangate/platform/".to_owned(),
        scan: None,
        findings,
        unlisted: Vec::new(),
        controls: None,
        policy: None,
        ending: Ending::Complete,
        notes: Vec::new(),
        files_left_out: 0,
        requests: 0,
    }
}

fn facts(now: Timestamp) -> RunFacts {
    RunFacts {
        started: now,
        ended: now,
        commit: None,
        branch: None,
        repository_url: None,
        arguments: Vec::new(),
        is_sandbox: false,
        notes: Vec::new(),
    }
}

//! Runs to report on.

use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::Timestamp;
use scangate::error::{Class, Problem};
use scangate::finding::{
    Controls, Ending, FileLocation, Finding, Fingerprint, Kind, Link, Location, Package, PackageLocation,
    RepositoryPath, Rule, ScanReference, ScanResult, Severity, SourceLine, State, Unlisted, WebOrigin, fingerprint,
};
use scangate::gate::{Conclusion, GateSettings, OnClass, Verdict, conclude, judge};
use scangate::report::{Format, Options, Report, RunFacts, Suppressed, Written, write};

/// A run and its end.
pub(super) struct Sample {
    pub(super) facts: RunFacts,
    pub(super) results: Vec<ScanResult>,
    pub(super) problems: Vec<Problem>,
    pub(super) on: OnClass,
}

impl Sample {
    pub(super) fn of(results: Vec<ScanResult>) -> Self {
        Self { facts: facts(), results, problems: Vec::new(), on: OnClass::default() }
    }

    pub(super) fn with_report<T>(&self, then: impl FnOnce(&Report<'_>) -> T) -> T {
        let verdict: Verdict = judge(&self.results, &GateSettings::default());
        let conclusion: Conclusion = conclude(&verdict, &self.results, &self.problems, &self.on);
        then(&Report {
            run: &self.facts,
            results: &self.results,
            verdict: &verdict,
            conclusion: &conclusion,
            problems: &self.problems,
        })
    }

    pub(super) fn write(&self, format: Format, options: &Options) -> (String, Written) {
        let mut bytes = Vec::new();
        let written = self.with_report(|report| write(format, report, options, &mut bytes)).unwrap();
        (String::from_utf8(bytes).unwrap(), written)
    }

    pub(super) fn sarif(&self) -> (serde_json::Value, Written) {
        self.sarif_with(Suppressed::Omit)
    }

    pub(super) fn sarif_with(&self, suppressed: Suppressed) -> (serde_json::Value, Written) {
        let (text, written) = self.write(Format::Sarif, &Options { suppressed, ..Options::default() });
        (serde_json::from_str(&text).unwrap(), written)
    }
}

pub(super) fn facts() -> RunFacts {
    RunFacts {
        started: "2026-11-22T10:00:00Z".parse::<Timestamp>().unwrap(),
        ended: "2026-11-22T10:01:30.5Z".parse::<Timestamp>().unwrap(),
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        branch: Some("main".to_owned()),
        repository_url: Some("https://github.com/acme/shop".to_owned()),
        arguments: vec!["scan".to_owned(), "--platform".to_owned(), "cybedefend".to_owned()],
        is_sandbox: false,
        notes: Vec::new(),
    }
}

/// An address as the platform gave it, where it leads to its own web application.
pub(super) fn link(address: &str) -> Option<Link> {
    WebOrigin::parse("https://eu.cybedefend.com").unwrap().link(address)
}

/// An entry with everything there is.
pub(super) fn entry(name: &str, findings: Vec<Finding>) -> ScanResult {
    let mut findings = findings;
    fingerprint::assign(&mut findings);
    let mut result = ScanResult {
        entry: name.to_owned(),
        platform: "CybeDefend",
        documentation: "https://docs.cybedefend.com",
        category: format!("scangate/{name}/"),
        scan: Some(ScanReference { id: "scan-1".to_owned(), url: link("/project/p-1") }),
        findings,
        unlisted: Vec::new(),
        controls: None,
        policy: None,
        ending: Ending::Complete,
        notes: Vec::new(),
        files_left_out: 0,
        requests: 12,
    };
    result.sort();
    result
}

/// A complete entry of `BestDefense`, which lists a finding at a URL and counts three more.
pub(super) fn counting() -> ScanResult {
    let url = "https://shop.example/search?q=1".to_owned();
    let at = Location::Url { url, method: Some("GET".to_owned()), parameter: Some("q".to_owned()) };
    let listed = Finding { kind: Kind::Dast, link: None, ..finding("cwe-79", Some(Severity::Medium), at) };
    ScanResult {
        platform: "BestDefense",
        documentation: "https://bestdefense.io/docs",
        unlisted: vec![
            Unlisted { kind: Kind::Dast, severity: Some(Severity::High), count: 3 },
            Unlisted { kind: Kind::Dast, severity: Some(Severity::Low), count: 0 },
        ],
        ..entry("bestdefense", vec![listed])
    }
}

/// A complete entry of `CyberOrigen`, with a finding on a host and with compliance controls.
pub(super) fn compliant() -> ScanResult {
    let at = Location::Host { host: "192.0.2.10".to_owned(), port: Some(443), service: Some("https".to_owned()) };
    let listed = Finding { kind: Kind::Network, link: None, ..finding("CVE-2024-1234", Some(Severity::Low), at) };
    let mut controls = Controls::default();
    controls.add(["SOC 2", "ISO 27001"], "implemented", 3);
    controls.add(["SOC 2"], "not_started", 0);
    ScanResult {
        platform: "CyberOrigen",
        documentation: "https://cyberorigen.com/docs",
        controls: Some(controls),
        ..entry("origen", vec![listed])
    }
}

/// An entry that ended early.
pub(super) fn short(name: &str, class: Class, findings: Vec<Finding>) -> ScanResult {
    ScanResult { ending: Ending::Short(problem(class)), ..entry(name, findings) }
}

pub(super) fn problem(class: Class) -> Problem {
    Problem {
        class,
        message: "the platform did not answer in time".to_owned(),
        hint: Some("run it again".to_owned()),
        detail: vec!["request id 42".to_owned()],
        retryable: true,
    }
}

pub(super) fn finding(rule: &str, severity: Option<Severity>, location: Location) -> Finding {
    Finding {
        id: format!("row-{rule}").into(),
        fingerprint: Fingerprint::default(),
        kind: Kind::Sast,
        severity,
        score: None,
        rule: Arc::new(Rule {
            id: rule.to_owned(),
            name: format!("Title of {rule}"),
            description: "User input reaches a query. **Never** build queries from text.".to_owned(),
            help: Some("Use bound parameters.".to_owned()),
            cwe: vec![89],
            owasp: vec!["A03:2021".to_owned()],
            cve: Vec::new(),
            references: vec!["https://example.com/about".to_owned()],
        }),
        state: State::Open,
        location,
        message: "User input reaches a query".to_owned(),
        remediation: None,
        link: link("/project/p-1/sast/issue/1"),
    }
}

pub(super) fn file(path: &str, line: u32) -> Location {
    Location::File(FileLocation {
        path: RepositoryPath::parse(path).unwrap(),
        start_line: NonZeroU32::new(line),
        end_line: NonZeroU32::new(line),
        source: None,
    })
}

pub(super) fn read_file(path: &str, line: u32, hash: &str) -> Location {
    let Location::File(place) = file(path, line) else { unreachable!("file() makes a file") };
    let source = SourceLine { content: u64::from(line), primary_location_line_hash: hash.into() };
    Location::File(FileLocation { source: Some(source), ..place })
}

pub(super) fn package(manifest: Option<&str>) -> Location {
    Location::Package(PackageLocation {
        manifest: manifest.map(|path| RepositoryPath::parse(path).unwrap()),
        package: Package {
            name: "lodash".to_owned(),
            version: "4.17.0".to_owned(),
            ecosystem: Some("npm".to_owned()),
            fixed_version: Some("4.17.21".to_owned()),
        },
    })
}

/// A bit of everything: all kinds of places, all severities, closed findings.
pub(super) fn varied() -> Vec<Finding> {
    let url = Location::Url {
        url: "https://shop.example/login?next=/".to_owned(),
        method: Some("POST".to_owned()),
        parameter: Some("user".to_owned()),
    };
    let host = Location::Host { host: "localhost".to_owned(), port: Some(8000), service: Some("http".to_owned()) };
    let image = Location::Image { image: "registry.example/shop:1.2".to_owned(), package: None };
    let unmapped = Location::Unmapped { place: "/etc/passwd".to_owned() };
    let of_kind = |kind, finding: Finding| Finding { kind, ..finding };
    vec![
        finding("sql-injection", Some(Severity::Critical), read_file("src/a b.py", 12, "44237984c9858b72:1")),
        Finding { score: Some(8.1), ..finding("path-traversal", Some(Severity::High), file("src/files.py", 3)) },
        of_kind(Kind::Sca, finding("CVE-2021-23337", Some(Severity::High), package(Some("web/package-lock.json")))),
        of_kind(Kind::Sca, finding("CVE-2020-8203", None, package(None))),
        of_kind(Kind::Secret, finding("aws-key", Some(Severity::Critical), file("deploy/env.sh", 1))),
        of_kind(Kind::Dast, finding("csrf", Some(Severity::Medium), url)),
        of_kind(Kind::Network, finding("open-port", Some(Severity::Low), host)),
        of_kind(Kind::Container, finding("old-base", Some(Severity::Info), image)),
        of_kind(Kind::Other, finding("odd", None, unmapped)),
        Finding {
            state: State::Dismissed,
            ..finding("sql-injection", Some(Severity::Critical), file("src/old.py", 5))
        },
        Finding { state: State::Fixed, ..finding("csrf-old", Some(Severity::High), file("src/old.py", 9)) },
        Finding {
            state: State::Unknown("parked".to_owned()),
            ..finding("idor", Some(Severity::Low), file("src/b.py", 7))
        },
    ]
}

/// Text that means something to terminals, runners, Markdown, HTML, SARIF messages and readers of bidirectional text.
pub(super) const HOSTILE: &str = "::error::x\n##[set-output name=a]b \u{1b}[2J\u{9b}1m \u{202e}evil\u{2066} <script>alert(1)</script> \
    ![i](https://evil.example/i.png) [click](javascript:alert(1)) {0} {placeholder} `<b>` |a| %0A %s \u{0} \u{2028} \"quote\" \\ 漢字😀";

/// Findings whose every text is hostile.
pub(super) fn hostile() -> Vec<Finding> {
    let rule = Arc::new(Rule {
        id: HOSTILE.to_owned(),
        name: HOSTILE.to_owned(),
        description: HOSTILE.repeat(20),
        help: Some(HOSTILE.to_owned()),
        cwe: vec![79, 79, 0, u32::MAX],
        owasp: (0..25).map(|number| format!("{number} {HOSTILE}")).collect(),
        cve: vec![HOSTILE.to_owned(), "CVE-2021-44228".to_owned()],
        references: vec!["javascript:alert(1)".to_owned(), "http://plain.example".to_owned(), HOSTILE.to_owned()],
    });
    let package = Package {
        name: HOSTILE.to_owned(),
        version: HOSTILE.to_owned(),
        ecosystem: Some(HOSTILE.to_owned()),
        fixed_version: Some(HOSTILE.to_owned()),
    };
    let text = || HOSTILE.to_owned();
    let places = [
        file("src/ü [a]%20#?&<x>.py", u32::MAX),
        Location::Url { url: text(), method: Some(text()), parameter: Some(text()) },
        Location::Host { host: text(), port: Some(0), service: Some(text()) },
        Location::Image { image: text(), package: Some(package.clone()) },
        Location::Package(PackageLocation { manifest: None, package }),
        Location::Unmapped { place: text() },
        Location::Unmapped { place: String::new() },
    ];
    let findings = places.into_iter().enumerate().map(|(number, location)| Finding {
        id: format!("{number}").into(),
        rule: Arc::clone(&rule),
        message: HOSTILE.to_owned(),
        score: Some(f64::NAN),
        state: State::Unknown(HOSTILE.to_owned()),
        remediation: Some(HOSTILE.into()),
        link: link("javascript:alert(1)"),
        ..finding("x", Some(Severity::High), location)
    });
    let empty = Finding {
        rule: Arc::new(Rule::default()),
        message: String::new(),
        ..finding("", None, Location::Unmapped { place: String::new() })
    };
    findings.chain([empty]).collect()
}

/// `count` findings of a thousand rules.
pub(super) fn many(count: usize) -> Vec<Finding> {
    let rules: Vec<Arc<Rule>> = (0..1_000)
        .map(|number| {
            let finding = finding(&format!("rule-{number}"), None, file("x", 1));
            finding.rule
        })
        .collect();
    let severities = [Some(Severity::Low), Some(Severity::Critical), Some(Severity::Info), None, Some(Severity::High)];
    let findings = (0..count).zip(severities.iter().cycle()).map(|(number, severity)| Finding {
        rule: Arc::clone(&rules[number % rules.len()]),
        id: format!("row-{number}").into(),
        message: format!("User input of field {number} reaches a query"),
        ..finding("x", *severity, file(&format!("src/module{}/file{}.py", number % 97, number % 1009), 1))
    });
    findings.collect()
}

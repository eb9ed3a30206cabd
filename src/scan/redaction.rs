//! Takes secrets out of what a platform sent back, before any report sees it.
//!
//! A platform may echo a token in a message or a URL, and a finding of kind `secret` may well be about the very credential that
//! this run uses.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Problem;
use crate::finding::{Ending, FileLocation, Finding, Location, Package, PackageLocation, Rule, ScanResult, State};
use crate::http::Redactor;

/// Cleans every text of `result` that came from outside.
pub(super) fn clean(result: &mut ScanResult, redactor: &Redactor) {
    let text = |text: &mut String| {
        let cleaned = redactor.clean(text);
        if cleaned != *text {
            *text = cleaned;
        }
    };
    result.notes.iter_mut().for_each(text);
    if let Ending::Short(problem) = &mut result.ending {
        clean_problem(problem, redactor);
    }
    if let Some(scan) = &mut result.scan {
        text(&mut scan.id);
        scan.url.take_if(|url| redactor.clean(url) != **url);
    }
    if let Some(controls) = &mut result.controls {
        *controls = controls.map_words(|word| redactor.clean(word));
    }
    for violation in result.policy.iter_mut().flat_map(|policy| &mut policy.violations) {
        text(&mut violation.rule);
        text(&mut violation.action);
    }
    let mut rules = HashMap::new();
    for finding in &mut result.findings {
        let rule = rules.entry(Arc::as_ptr(&finding.rule)).or_insert_with(|| clean_rule(&finding.rule, redactor));
        finding.rule = Arc::clone(rule);
        clean_finding(finding, redactor);
    }
}

/// Cleans the texts of a problem, which may show what a server or the command line said.
pub(super) fn clean_problem(problem: &mut Problem, redactor: &Redactor) {
    let text = |text: &mut String| *text = redactor.clean(text);
    text(&mut problem.message);
    problem.hint.iter_mut().chain(&mut problem.detail).for_each(text);
}

fn clean_finding(finding: &mut Finding, redactor: &Redactor) {
    let text = |text: &mut String| *text = redactor.clean(text);
    let short = |text: &mut Box<str>| *text = redactor.clean(text).into();
    short(&mut finding.id);
    text(&mut finding.message);
    finding.remediation.iter_mut().for_each(short);
    // A link with a secret in it leads nowhere good, and cleaned it leads nowhere.
    finding.link.take_if(|link| redactor.clean(link) != **link);
    if let State::Unknown(word) = &mut finding.state {
        text(word);
    }
    match &mut finding.location {
        // A path with a secret in it is no file of the user's tree, and cleaned it would name another.
        Location::File(FileLocation { path, .. }) => {
            let cleaned = redactor.clean(path.as_str());
            if cleaned != path.as_str() {
                finding.location = Location::Unmapped { place: cleaned };
            }
        }
        Location::Package(PackageLocation { manifest, package }) => {
            manifest.take_if(|path| redactor.clean(path.as_str()) != path.as_str());
            clean_package(package, redactor);
        }
        Location::Url { url, method, parameter } => {
            text(url);
            method.iter_mut().chain(parameter).for_each(text);
        }
        Location::Host { host, service, .. } => {
            text(host);
            service.iter_mut().for_each(text);
        }
        Location::Image { image, package } => {
            text(image);
            if let Some(package) = package {
                clean_package(package, redactor);
            }
        }
        Location::Unmapped { place } => text(place),
    }
}

fn clean_package(package: &mut Package, redactor: &Redactor) {
    let Package { name, version, ecosystem, fixed_version } = package;
    for text in [Some(name), Some(version), ecosystem.as_mut(), fixed_version.as_mut()].into_iter().flatten() {
        *text = redactor.clean(text);
    }
}

fn clean_rule(rule: &Arc<Rule>, redactor: &Redactor) -> Arc<Rule> {
    let text = |text: &String| redactor.clean(text);
    let texts = |texts: &[String]| texts.iter().map(text).collect();
    let cleaned = Rule {
        id: text(&rule.id),
        name: text(&rule.name),
        description: text(&rule.description),
        help: rule.help.as_ref().map(text),
        cwe: rule.cwe.clone(),
        owasp: texts(&rule.owasp),
        cve: texts(&rule.cve),
        references: texts(&rule.references),
    };
    if cleaned == **rule { Arc::clone(rule) } else { Arc::new(cleaned) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::Secret;
    use crate::error::Class;
    use crate::finding::{
        Controls, Fingerprint, Kind, Link, PolicyDecision, PolicyViolation, RepositoryPath, ScanReference, WebOrigin,
    };

    const SECRET: &str = "pat_0123456789abcdef";

    fn redactor() -> Redactor {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new(SECRET).unwrap());
        redactor
    }

    /// A text that holds the secret.
    fn leak() -> String {
        format!("before {SECRET} after")
    }

    /// A link that holds the secret.
    fn leaking_link() -> Option<Link> {
        WebOrigin::parse("https://app.example.com").and_then(|web| web.link(&format!("/scans/{SECRET}")))
    }

    fn controls() -> Controls {
        let mut controls = Controls::default();
        controls.add([leak().as_str()], &leak(), 1);
        controls
    }

    fn finding(rule: &Arc<Rule>, location: Location) -> Finding {
        Finding {
            id: leak().into(),
            fingerprint: Fingerprint::default(),
            kind: Kind::Secret,
            severity: None,
            score: None,
            rule: Arc::clone(rule),
            state: State::Unknown(leak()),
            location,
            message: leak(),
            remediation: Some(leak().into()),
            link: leaking_link(),
        }
    }

    fn result(findings: Vec<Finding>) -> ScanResult {
        ScanResult {
            entry: "cybedefend".to_owned(),
            platform: "CybeDefend",
            documentation: "https://docs.example.com",
            category: "scangate/cybedefend/".to_owned(),
            scan: Some(ScanReference { id: leak(), url: leaking_link() }),
            findings,
            unlisted: Vec::new(),
            controls: Some(controls()),
            policy: Some(PolicyDecision {
                violations: vec![PolicyViolation {
                    rule: leak(),
                    action: leak(),
                    acknowledged: false,
                    blocks: true,
                    affected: 1,
                }],
            }),
            ending: Ending::Short(Problem {
                class: Class::Protocol,
                message: leak(),
                hint: Some(leak()),
                detail: vec![leak(), leak()],
                retryable: false,
            }),
            notes: vec![leak()],
            files_left_out: 0,
            requests: 0,
        }
    }

    fn rule(text: &str) -> Arc<Rule> {
        let text = || text.to_owned();
        Arc::new(Rule {
            id: text(),
            name: text(),
            description: text(),
            help: Some(text()),
            cwe: vec![798],
            owasp: vec![text()],
            cve: vec![text()],
            references: vec![text()],
        })
    }

    fn every_location() -> Vec<Location> {
        let path = || RepositoryPath::parse(&format!("src/{SECRET}/a.py")).unwrap();
        let package =
            || Package { name: leak(), version: leak(), ecosystem: Some(leak()), fixed_version: Some(leak()) };
        vec![
            Location::File(FileLocation { path: path(), start_line: None, end_line: None, source: None }),
            Location::Package(PackageLocation { manifest: Some(path()), package: package() }),
            Location::Url { url: leak(), method: Some(leak()), parameter: Some(leak()) },
            Location::Host { host: leak(), port: Some(22), service: Some(leak()) },
            Location::Image { image: leak(), package: Some(package()) },
            Location::Unmapped { place: leak() },
        ]
    }

    #[test]
    fn a_secret_is_in_no_text_of_a_cleaned_result() {
        let rule = rule(&leak());
        let mut result = result(every_location().into_iter().map(|location| finding(&rule, location)).collect());
        assert!(format!("{result:?}").matches(SECRET).count() > 50, "the test has lost its secrets");
        clean(&mut result, &redactor());
        let left = format!("{result:?}");
        assert!(!left.contains(SECRET), "{left}");
        assert_eq!(result.findings.len(), 6);
    }

    #[test]
    fn a_path_with_a_secret_in_it_is_no_path_any_more() {
        let mut result = result(every_location().into_iter().map(|location| finding(&rule(""), location)).collect());
        clean(&mut result, &redactor());
        assert!(matches!(result.findings[0].location, Location::Unmapped { .. }));
        assert!(matches!(&result.findings[1].location, Location::Package(place) if place.manifest.is_none()));
    }

    #[test]
    fn findings_of_one_rule_share_it_afterwards_too() {
        let (leaking, clear) = (rule(&leak()), rule("nothing secret"));
        let place = || Location::Unmapped { place: String::new() };
        let findings = [&leaking, &clear, &leaking].map(|rule| finding(rule, place())).into();
        let mut result = result(findings);
        clean(&mut result, &redactor());
        assert!(Arc::ptr_eq(&result.findings[0].rule, &result.findings[2].rule));
        assert!(Arc::ptr_eq(&result.findings[1].rule, &clear));
    }
}

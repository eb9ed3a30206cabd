//! Takes secrets out of what a platform sent back, before any report sees it.
//!
//! A platform may echo a token in a message or a URL, and a finding of kind `secret` may well be about the very credential that
//! this run uses.

use std::collections::HashMap;
use std::sync::Arc;

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
        text(&mut problem.message);
        problem.hint.iter_mut().chain(&mut problem.detail).for_each(text);
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

//! Rules: what GitHub shows beside an alert, and where it takes the severity from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};
use serde_sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor, ReportingDescriptorReference,
    ReportingDescriptorRelationship, ResultLevel, ToolComponentReference,
};

use super::taxonomy;
use crate::finding::{Finding, Kind, Rule, Severity};
use crate::report::shown;
use crate::report::text::{block, escape_markdown, https_link, inert_markdown, line, shorten};
use crate::sorting::collected;

/// Longest name or id, by GitHub's limit for names.
const NAME_LIMIT: usize = 255;
/// Longest `fullDescription`, by GitHub's limit.
const DESCRIPTION_LIMIT: usize = 1024;
/// Longest part of the help. GitHub states no limit; a page of text is enough.
const HELP_LIMIT: usize = 8_000;
/// GitHub keeps ten tags.
const TAG_LIMIT: usize = 10;

/// A rule and what is known of it from all of its findings in a run.
pub(super) struct RuleUse<'a> {
    /// What the results name it by; [`id`] of every finding of it.
    pub(super) id: String,
    /// The first finding of it, which is the worst.
    pub(super) finding: &'a Finding,
    kinds: BTreeSet<Kind>,
    /// The worst rating; `None` where all are unrated.
    severity: Option<Severity>,
    /// The highest score among the findings so rated.
    score: Option<f64>,
}

impl<'a> RuleUse<'a> {
    fn of(id: String, finding: &'a Finding) -> Self {
        Self { id, finding, kinds: BTreeSet::from([finding.kind]), severity: finding.severity, score: finding.score }
    }

    /// Takes another finding of the rule into account. GitHub reads the severity of an alert from its rule, so the worst stands.
    fn add(&mut self, finding: &'a Finding) {
        // What may be shown of a rule is least for a secret.
        if finding.kind == Kind::Secret && self.finding.kind != Kind::Secret {
            self.finding = finding;
        }
        self.kinds.insert(finding.kind);
        if finding.severity > self.severity {
            (self.severity, self.score) = (finding.severity, finding.score);
        } else if finding.severity == self.severity {
            self.score = self.score.into_iter().chain(finding.score).reduce(f64::max);
        }
    }
}

/// The rules of a run, each once.
#[derive(Default)]
pub(super) struct RuleTable<'a> {
    rules: Vec<RuleUse<'a>>,
    indices: HashMap<String, usize>,
}

impl<'a> RuleTable<'a> {
    /// Takes the rule of `finding` in: its index, and whether it is new.
    pub(super) fn take(&mut self, finding: &'a Finding) -> (usize, bool) {
        let id = id(finding);
        if let Some(&index) = self.indices.get(&id) {
            if let Some(used) = self.get(index) {
                used.add(finding);
            }
            return (index, false);
        }
        let index = self.rules.len();
        self.rules.push(RuleUse::of(id.clone(), finding));
        self.indices.insert(id, index);
        (index, true)
    }

    /// The rule at `index`.
    pub(super) fn get(&mut self, index: usize) -> Option<&mut RuleUse<'a>> {
        self.rules.get_mut(index)
    }

    /// The first `count` rules.
    pub(super) fn into_first(mut self, count: usize) -> Vec<RuleUse<'a>> {
        self.rules.truncate(count);
        self.rules
    }
}

/// The id of a finding's rule.
fn id(finding: &Finding) -> String {
    shorten(line(shown::rule_id(finding)), NAME_LIMIT)
}

/// Numbers of the weakness classes of a rule, each once.
pub(super) fn weaknesses(rule: &Rule) -> BTreeSet<u32> {
    collected(rule.cwe.iter().copied())
}

/// The rule as an object.
pub(super) fn descriptor(used: &RuleUse<'_>, documentation: &str) -> ReportingDescriptor {
    let rule = shown::rule(used.finding);
    let name = shorten(line(shown::title(used.finding)), NAME_LIMIT);
    let mut descriptor = ReportingDescriptor::builder()
        .short_description(text(name.clone()))
        .full_description(text(full_description(&rule, &name)))
        .help(help(&rule, &name))
        .default_configuration(ReportingConfiguration::builder().level(json!(level(used.severity))).build())
        .properties(properties(used, &rule))
        .relationships(weaknesses(&rule).into_iter().map(relationship).collect::<Vec<_>>())
        .id(used.id.clone())
        .build();
    // SARIF1001: a name that repeats the id is no name.
    descriptor.name = (name != used.id).then_some(name);
    descriptor.help_uri = help_uri(&rule, documentation);
    descriptor
}

/// SARIF's word for a severity.
pub(super) fn level(severity: Option<Severity>) -> ResultLevel {
    match severity {
        Some(Severity::Critical | Severity::High) => ResultLevel::Error,
        Some(Severity::Medium) | None => ResultLevel::Warning,
        Some(Severity::Low | Severity::Info) => ResultLevel::Note,
    }
}

fn text(text: String) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

fn full_description(rule: &Rule, name: &str) -> String {
    match block(&rule.description) {
        description if description.is_empty() => name.to_owned(),
        description => shorten(description, DESCRIPTION_LIMIT),
    }
}

fn help(rule: &Rule, name: &str) -> MultiformatMessageString {
    let description = shorten(block(&rule.description), HELP_LIMIT);
    let advice = shorten(rule.help.as_deref().map(block).unwrap_or_default(), HELP_LIMIT);
    let links = links(rule);
    let (mut plain, mut markdown) = (vec![name.to_owned()], Vec::new());
    if !description.is_empty() {
        markdown.push(inert_markdown(&description));
        plain.push(description);
    }
    if !advice.is_empty() {
        markdown.push(format!("**How to fix it**\n\n{}", inert_markdown(&advice)));
        plain.push(format!("How to fix it: {advice}"));
    }
    if !links.is_empty() {
        let (mut list, mut linked) = ("See also:".to_owned(), "**See also**\n".to_owned());
        for Link { name, address } in links {
            let title = escape_markdown(&name);
            let (item, linked_item) = match address {
                Some(address) => (format!("\n- {name}: {address}"), format!("\n- [{title}]({address})")),
                None => (format!("\n- {name}"), format!("\n- {title}")),
            };
            list.push_str(&item);
            linked.push_str(&linked_item);
        }
        plain.push(list);
        markdown.push(linked);
    }
    if markdown.is_empty() {
        markdown.push(escape_markdown(name));
    }
    MultiformatMessageString::builder().text(plain.join("\n\n")).markdown(markdown.join("\n\n")).build()
}

struct Link {
    name: String,
    address: Option<String>,
}

/// Pages about the rule. Only addresses that we make from a number become links; those that the platform names stay text.
fn links(rule: &Rule) -> Vec<Link> {
    let weaknesses = weaknesses(rule)
        .into_iter()
        .map(|number| Link { name: taxonomy::weakness_id(number), address: Some(taxonomy::weakness_page(number)) });
    let vulnerabilities = rule.cve.iter().map(|id| Link { name: line(id), address: vulnerability_page(id) });
    let others = rule.owasp.iter().chain(&rule.references).map(|name| Link { name: line(name), address: None });
    weaknesses.chain(vulnerabilities).chain(others).filter(|link| !link.name.is_empty()).take(20).collect()
}

/// The page of a well-formed CVE identifier (`CVE-2021-44228`).
fn vulnerability_page(id: &str) -> Option<String> {
    let (year, number) = id.strip_prefix("CVE-")?.split_once('-')?;
    let is_number = |text: &str| text.len() >= 4 && text.len() <= 19 && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(year) && is_number(number)).then(|| format!("https://www.cve.org/CVERecord?id={id}"))
}

fn help_uri(rule: &Rule, documentation: &str) -> Option<String> {
    links(rule).into_iter().find_map(|link| link.address).or_else(|| https_link(documentation))
}

fn relationship(number: u32) -> ReportingDescriptorRelationship {
    let taxonomy = ToolComponentReference::builder().name(taxonomy::NAME).index(0).build();
    let target =
        ReportingDescriptorReference::builder().id(taxonomy::weakness_id(number)).tool_component(taxonomy).build();
    ReportingDescriptorRelationship::builder().target(target).kinds(vec!["superset".to_owned()]).build()
}

fn properties(used: &RuleUse<'_>, rule: &Rule) -> PropertyBag {
    let mut additional = BTreeMap::from([
        ("precision".to_owned(), json!(precision(&used.kinds))),
        ("problem.severity".to_owned(), json!(problem_severity(used.severity))),
    ]);
    if let Some(score) = security_severity(used.severity, used.score) {
        additional.insert("security-severity".to_owned(), Value::String(score));
    }
    PropertyBag::builder().tags(tags(&used.kinds, rule)).additional_properties(additional).build()
}

/// `security` makes GitHub read the severity; `external/cwe/…` is how `CodeQL` names weakness classes, and what GitHub filters by.
fn tags(kinds: &BTreeSet<Kind>, rule: &Rule) -> Vec<String> {
    let kinds = kinds.iter().map(|kind| kind.as_str().to_owned());
    let weaknesses = weaknesses(rule).into_iter().map(|number| format!("external/cwe/cwe-{number:03}"));
    let categories = rule.owasp.iter().map(|category| format!("external/owasp/{}", shorten(line(category), 100)));
    let mut tags = vec!["security".to_owned()];
    for tag in kinds.chain(weaknesses).chain(categories) {
        if tags.len() < TAG_LIMIT && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// GitHub sorts alerts by it. No platform states it, so the kind decides: a version that is compared with an advisory is right
/// more often than a pattern.
fn precision(kinds: &BTreeSet<Kind>) -> &'static str {
    let compares_versions = kinds.iter().all(|kind| matches!(kind, Kind::Sca | Kind::Container));
    if compares_versions { "high" } else { "medium" }
}

fn problem_severity(severity: Option<Severity>) -> &'static str {
    match level(severity) {
        ResultLevel::Error => "error",
        ResultLevel::Warning => "warning",
        _ => "recommendation",
    }
}

/// The number, as text, from which GitHub makes critical, high, medium or low. A platform's score is kept inside the band of
/// the severity that the gate judges by. GitHub calls "over 9.0" critical, hence 9.1.
fn security_severity(severity: Option<Severity>, score: Option<f64>) -> Option<String> {
    let (lowest, usual, highest) = match severity? {
        Severity::Critical => (9.1, 9.5, 10.0),
        Severity::High => (7.0, 7.5, 8.9),
        Severity::Medium => (4.0, 5.0, 6.9),
        Severity::Low => (0.1, 3.0, 3.9),
        Severity::Info => return None,
    };
    let score = score.filter(|score| score.is_finite()).unwrap_or(usual);
    Some(format!("{:.1}", score.clamp(lowest, highest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_severity_is_the_usual_number_or_the_score_inside_its_band() {
        let number = |severity, score| security_severity(severity, score);
        assert_eq!(number(Some(Severity::Critical), None).as_deref(), Some("9.5"));
        assert_eq!(number(Some(Severity::High), None).as_deref(), Some("7.5"));
        assert_eq!(number(Some(Severity::Medium), None).as_deref(), Some("5.0"));
        assert_eq!(number(Some(Severity::Low), None).as_deref(), Some("3.0"));
        assert_eq!(number(Some(Severity::Info), Some(9.8)), None);
        assert_eq!(number(None, Some(9.8)), None);
        assert_eq!(number(Some(Severity::High), Some(8.1)).as_deref(), Some("8.1"));
        assert_eq!(number(Some(Severity::High), Some(9.8)).as_deref(), Some("8.9"));
        assert_eq!(number(Some(Severity::Critical), Some(2.0)).as_deref(), Some("9.1"));
        assert_eq!(number(Some(Severity::Low), Some(0.0)).as_deref(), Some("0.1"));
        for score in [f64::NAN, f64::INFINITY] {
            assert_eq!(number(Some(Severity::High), Some(score)).as_deref(), Some("7.5"));
        }
    }

    #[test]
    fn only_well_formed_identifiers_become_links() {
        assert_eq!(
            vulnerability_page("CVE-2021-44228").as_deref(),
            Some("https://www.cve.org/CVERecord?id=CVE-2021-44228")
        );
        for hostile in ["CVE-2021-4)[x](javascript:0", "cve-2021-44228", "CVE-2021", "CVE--1", "GHSA-1-2-3"] {
            assert_eq!(vulnerability_page(hostile), None, "{hostile}");
        }
    }
}

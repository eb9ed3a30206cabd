//! What of a finding may leave in a report: the one place that knows how little that is for a secret.
//!
//! For the kind `secret` that is the rule's name, the file and the line (DESIGN section 7). The platform's message, description,
//! advice and any other place may quote the value. The texts are still hostile: each format escapes them for itself.

use std::borrow::Cow;

use crate::finding::{Controls, Finding, FrameworkControls, Kind, Location, Rule, ScanResult, Severity, Unlisted};
use crate::sorting;

/// What is said of every secret in the stead of the platform's own words.
const SECRET_HELP: &str = "Revoke the credential at its issuer first: once committed it counts as known. Then \
    remove it from the source, and hand it to the program at run time from a secret store.";

/// So many words for a status are listed of one framework.
const MOST_STATUSES: usize = 10;

/// An open finding, and whose it is.
#[derive(Clone, Copy)]
pub(super) struct Open<'a> {
    pub(super) entry: &'a ScanResult,
    pub(super) finding: &'a Finding,
}

/// The open findings of all entries, worst first.
pub(super) fn open_worst_first(results: &[ScanResult]) -> Vec<Open<'_>> {
    let of_entry = |entry| ScanResult::open(entry).map(move |finding| Open { entry, finding });
    let mut open: Vec<Open<'_>> = results.iter().flat_map(of_entry).collect();
    // Each result is sorted already; a stable sort merges them.
    sorting::sort_by_key(&mut open, |open| std::cmp::Reverse(open.finding.rank()));
    open
}

/// What a platform counts beyond its list, a sentence for each kind and severity.
pub(super) fn unlisted(result: &ScanResult) -> impl Iterator<Item = String> {
    let some = result.unlisted.iter().filter(|unlisted| unlisted.count > 0);
    some.map(|unlisted| only_counted(result, *unlisted))
}

/// That `unlisted` are known by their number alone.
pub(super) fn only_counted(result: &ScanResult, unlisted: Unlisted) -> String {
    format!("{} counts {} that it does not list", result.platform, unlisted.what())
}

/// The frameworks of the controls with their names, those with the most controls first.
pub(super) fn frameworks(controls: &Controls) -> Vec<(&str, &FrameworkControls)> {
    let mut frameworks: Vec<_> = controls.frameworks.iter().collect();
    sorting::sort_by_key(&mut frameworks, |(_, framework)| std::cmp::Reverse(framework.total));
    let named = frameworks.into_iter().map(|(name, framework)| match name.as_str() {
        "" => ("without a framework", framework),
        name => (name, framework),
    });
    named.collect()
}

/// `2 implemented, 1 planned`: those that are done first, then by the platform's words.
pub(super) fn statuses(framework: &FrameworkControls) -> String {
    let mut statuses: Vec<(&str, u64)> = framework.by_status.iter().map(|(word, count)| (&**word, *count)).collect();
    sorting::sort_by_key(&mut statuses, |(word, _)| *word != "implemented");
    let count = |(word, count): &(&str, u64)| match *word {
        "" => format!("{count} without a status"),
        word => format!("{count} {word}"),
    };
    let mut counts: Vec<String> = statuses.iter().take(MOST_STATUSES).map(count).collect();
    let others = statuses.iter().skip(MOST_STATUSES).fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    if others > 0 {
        counts.push(format!("{others} in other states"));
    }
    counts.join(", ")
}

/// The word for a rating, or for there being none.
pub(super) fn severity(finding: &Finding) -> &'static str {
    finding.severity.map_or("unrated", Severity::as_str)
}

/// The rule's title, or its id where it has none, or the kind where it has neither.
pub(super) fn title(finding: &Finding) -> &str {
    let named = [finding.rule.name.as_str(), finding.rule.id.as_str()].into_iter().find(|text| !text.trim().is_empty());
    named.unwrap_or(finding.kind.as_str())
}

/// The rule's id, or its title where it has none; never empty.
pub(super) fn rule_id(finding: &Finding) -> &str {
    match finding.rule.id.trim() {
        "" => title(finding),
        id => id,
    }
}

/// What is wrong; never empty.
pub(super) fn message(finding: &Finding) -> &str {
    match finding.message.trim() {
        "" => title(finding),
        _ if is_secret(finding) => title(finding),
        message => message,
    }
}

/// What to do about this one finding, where there is advice beyond its rule's.
pub(super) fn remediation(finding: &Finding) -> Option<Cow<'_, str>> {
    if is_secret(finding) {
        return None;
    }
    let advice = finding.remediation.as_deref().filter(|advice| !advice.trim().is_empty());
    let package = match &finding.location {
        Location::Package(place) => Some(&place.package),
        Location::Image { package, .. } => package.as_ref(),
        _ => None,
    };
    let upgrade = || {
        let package = package?;
        let version = package.fixed_version.as_deref().filter(|version| !version.trim().is_empty())?;
        Some(Cow::Owned(format!("Upgrade {} to {version} or later.", package.name)))
    };
    advice.map(Cow::Borrowed).or_else(upgrade)
}

/// What to do about it: the advice for this one finding, or that of its rule.
pub(super) fn advice(finding: &Finding) -> Option<Cow<'_, str>> {
    let of_rule = || match rule(finding) {
        Cow::Borrowed(rule) => rule.help.as_deref().map(Cow::Borrowed),
        Cow::Owned(rule) => rule.help.map(Cow::Owned),
    };
    remediation(finding).or_else(of_rule)
}

/// Where it is.
pub(super) fn location(finding: &Finding) -> Cow<'_, Location> {
    match &finding.location {
        location @ Location::File(_) => Cow::Borrowed(location),
        _ if is_secret(finding) => Cow::Owned(Location::Unmapped { place: String::new() }),
        location => Cow::Borrowed(location),
    }
}

/// The rule, as far as it may be shown for this finding.
pub(super) fn rule(finding: &Finding) -> Cow<'_, Rule> {
    if !is_secret(finding) {
        return Cow::Borrowed(&*finding.rule);
    }
    Cow::Owned(Rule {
        id: finding.rule.id.clone(),
        name: finding.rule.name.clone(),
        cwe: finding.rule.cwe.clone(),
        help: Some(SECRET_HELP.to_owned()),
        ..Rule::default()
    })
}

fn is_secret(finding: &Finding) -> bool {
    finding.kind == Kind::Secret
}

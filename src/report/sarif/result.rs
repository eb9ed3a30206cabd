//! Results: one finding each.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serde_sarif::sarif::{self, Message, PropertyBag, Suppression};

use super::plan::Placed;
use super::rule::{RuleUse, level};
use super::{Suppressed, location};
use crate::finding::{Finding, Location, ScanResult, State};
use crate::report::shown;
use crate::report::text::{block, https_link, line, shorten};

/// Longest message. GitHub states no limit; a page is enough.
const MESSAGE_LIMIT: usize = 4_000;

/// The finding as an object. `used` is its rule.
pub(super) fn object(placed: &Placed<'_>, used: Option<&RuleUse<'_>>, suppressed: Suppressed) -> sarif::Result {
    let finding = placed.finding;
    let mut object = sarif::Result::builder()
        .message(Message::builder().text(message(finding)).build())
        .level(level(finding.severity))
        .locations(vec![location::object(&shown::location(finding))])
        .partial_fingerprints(partial_fingerprints(finding))
        .properties(properties(placed))
        .build();
    object.rule_id = used.map(|used| used.id.clone());
    object.rule_index = i64::try_from(placed.rule).ok();
    object.hosted_viewer_uri = finding.link.as_deref().and_then(https_link);
    object.suppressions = match suppressed {
        Suppressed::Omit => None,
        // Where one result has the property, all must: absent means that nobody knows.
        Suppressed::Include => Some(suppression(placed.entry, finding).into_iter().collect()),
    };
    object
}

/// The place first, where it is no file that the reader sees anyway; then what is wrong; then what to do.
fn message(finding: &Finding) -> String {
    let mut message = block(shown::message(finding));
    let location = shown::location(finding);
    let place = line(&location.to_string());
    if !matches!(*location, Location::File(_)) && !place.is_empty() {
        message = format!("{place}: {message}");
    }
    if let Some(advice) = shown::remediation(finding) {
        message = format!("{message}\n\n{}", block(&advice));
    }
    shorten(literal(&message), MESSAGE_LIMIT)
}

/// Takes their meaning from the two forms that SARIF's plain messages know: `[text](address)` and `{0}`.
pub(super) fn literal(message: &str) -> String {
    let mut literal = String::with_capacity(message.len());
    let mut previous = ' ';
    for character in message.chars() {
        if (previous == ']' && character == '(') || (previous == '{' && character.is_ascii_digit()) {
            literal.push(' ');
        }
        literal.push(character);
        previous = character;
    }
    literal
}

/// What GitHub matches alerts by, and our own. Without GitHub's each upload of a finding would be a new alert.
fn partial_fingerprints(finding: &Finding) -> BTreeMap<String, String> {
    let own = finding.fingerprint.to_string();
    let source = match &finding.location {
        Location::File(file) => file.source.as_ref(),
        _ => None,
    };
    let line_hash = match source {
        Some(source) => source.primary_location_line_hash.to_string(),
        None => format!("{}:1", own.chars().take(16).collect::<String>()),
    };
    BTreeMap::from([("primaryLocationLineHash".to_owned(), line_hash), ("scangateFingerprint/v1".to_owned(), own)])
}

fn properties(placed: &Placed<'_>) -> PropertyBag {
    let finding = placed.finding;
    let mut additional = BTreeMap::from([
        ("entry".to_owned(), Value::String(line(&placed.entry.entry))),
        ("kind".to_owned(), json!(finding.kind)),
        ("severity".to_owned(), json!(finding.severity.map_or("unrated", |severity| severity.as_str()))),
        ("state".to_owned(), Value::String(state(&finding.state))),
    ]);
    if let Some(score) = finding.score.filter(|score| score.is_finite()) {
        additional.insert("score".to_owned(), json!(score));
    }
    PropertyBag::builder().additional_properties(additional).build()
}

fn state(state: &State) -> String {
    match state {
        State::Open => "open".to_owned(),
        State::Confirmed => "confirmed".to_owned(),
        State::Fixed => "fixed".to_owned(),
        State::Dismissed => "dismissed".to_owned(),
        State::Unknown(word) => format!("unknown ({})", shorten(line(word), 100)),
    }
}

fn suppression(entry: &ScanResult, finding: &Finding) -> Option<Suppression> {
    let word = match finding.state {
        State::Fixed => "fixed",
        State::Dismissed => "dismissed",
        State::Open | State::Confirmed | State::Unknown(_) => return None,
    };
    let justification = format!("{word} at {}", entry.platform);
    Some(Suppression::builder().kind(json!("external")).status(json!("accepted")).justification(justification).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_placeholders_in_a_message_lose_their_meaning() {
        assert_eq!(
            literal("[click](https://evil.example) {0} a[1] f(x)"),
            "[click] (https://evil.example) { 0} a[1] f(x)"
        );
    }
}

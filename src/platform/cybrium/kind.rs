//! Which kind of scanner found something. No field for it is known, so words that it may have are tried, and then the finding itself
//! says: what has a package is of the supply chain, what has an address is of a running application.

use super::rows::Row;
use crate::finding::{Kind, Location};
use crate::platform::state_word;

/// The names that the kind of scanner may have.
const NAMES: [&str; 6] = ["category", "finding_type", "scanner", "engine", "type", "scan_type"];

/// Words for kinds, as they are compared.
const KINDS: [(&str, Kind); 24] = [
    ("sast", Kind::Sast),
    ("code", Kind::Sast),
    ("static", Kind::Sast),
    ("sca", Kind::Sca),
    ("supply", Kind::Sca),
    ("supply_chain", Kind::Sca),
    ("dependency", Kind::Sca),
    ("dependencies", Kind::Sca),
    ("iac", Kind::Iac),
    ("infrastructure", Kind::Iac),
    ("k8s", Kind::Iac),
    ("terraform", Kind::Iac),
    ("secret", Kind::Secret),
    ("secrets", Kind::Secret),
    ("credentials", Kind::Secret),
    ("cicd", Kind::Cicd),
    ("ci_cd", Kind::Cicd),
    ("pipeline", Kind::Cicd),
    ("container", Kind::Container),
    ("image", Kind::Container),
    ("dast", Kind::Dast),
    ("web", Kind::Dast),
    ("cyweb", Kind::Dast),
    ("network", Kind::Network),
];

/// Weaknesses that are credentials in the source: hard-coded password, cryptographic key, credentials (cwe.mitre.org).
const CREDENTIALS: [u32; 3] = [259, 321, 798];

/// What tells the kind of a finding.
pub(super) struct Clues<'a> {
    /// The row.
    pub(super) row: &'a Row,
    /// Where it is.
    pub(super) location: &'a Location,
    /// The platform's id for its rule.
    pub(super) rule: &'a str,
    /// Its weaknesses.
    pub(super) cwe: &'a [u32],
}

/// The kind. A credential in the source is one whatever else is said: of that kind no report may quote anything.
pub(super) fn kind_of(clues: &Clues<'_>) -> Kind {
    let mut rule_words = clues.rule.split(|character: char| !character.is_ascii_alphanumeric());
    if rule_words
        .any(|word| matches!(word.to_ascii_lowercase().as_str(), "secret" | "secrets" | "credential" | "credentials"))
        || clues.cwe.iter().any(|number| CREDENTIALS.contains(number))
    {
        return Kind::Secret;
    }
    let said = NAMES.iter().filter_map(|name| clues.row.shown(&[name])).map(|word| state_word(&word));
    let known = said.filter_map(|word| KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind));
    known.into_iter().next().unwrap_or(match clues.location {
        Location::File(_) => Kind::Sast,
        Location::Package(_) => Kind::Sca,
        Location::Url { .. } => Kind::Dast,
        Location::Host { .. } => Kind::Network,
        Location::Image { .. } => Kind::Container,
        Location::Unmapped { .. } => Kind::Other,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::place;
    use super::*;

    fn kind(row: Value, rule: &str, cwe: &[u32]) -> Kind {
        let row = Row::new(serde_json::from_value(row).unwrap());
        kind_of(&Clues { row: &row, location: &place::of(&row, ""), rule, cwe })
    }

    #[test]
    fn the_place_tells_the_kind_where_no_word_does() {
        assert_eq!(kind(json!({ "file": "a.py" }), "R", &[89]), Kind::Sast);
        assert_eq!(kind(json!({ "file": "go.sum", "package": "x@1" }), "R", &[]), Kind::Sca);
        assert_eq!(kind(json!({ "file": "https://shop.example/" }), "R", &[]), Kind::Dast);
        assert_eq!(kind(json!({ "file": "arn:aws:s3:::bucket", "type": "vulnerability" }), "R", &[]), Kind::Other);
        assert_eq!(kind(json!({ "file": "main.tf", "category": "IaC" }), "R", &[]), Kind::Iac);
        assert_eq!(kind(json!({ "file": "a", "evidence": { "engine": "Supply Chain" } }), "R", &[]), Kind::Sca);
    }

    #[test]
    fn a_credential_is_one_by_word_rule_or_weakness() {
        assert_eq!(kind(json!({ "file": "a.py", "type": "secrets" }), "R", &[]), Kind::Secret);
        assert_eq!(kind(json!({ "file": "a.py" }), "CBR-SECRETS-AWS-KEY", &[]), Kind::Secret);
        assert_eq!(kind(json!({ "file": "a.py", "category": "sast" }), "R", &[798]), Kind::Secret);
        assert_eq!(kind(json!({ "file": "a.py" }), "CBR-SECRETARY", &[]), Kind::Sast);
    }
}

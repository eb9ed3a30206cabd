//! What the rows of all families have in common on their way into our model (contract 5.4 to 5.6, 5.8; DESIGN section 7).

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU32;
use std::sync::Arc;

use super::endpoints::Endpoints;
use super::family::Family;
use super::wire::Base;
use crate::finding::{FileLocation, Finding, Fingerprint, Link, Location, RepositoryPath, Rule, Severity, State};
use crate::platform::lenient::{List, Number, Text};

/// Turns the rows of one project into findings. Rules are shared: a list of a hundred thousand rows has few of them.
pub(super) struct Mapper<'a> {
    endpoints: &'a Endpoints,
    project: &'a str,
    directory: &'a str,
    image: Option<&'a str>,
    rules: HashMap<(Family, String), Arc<Rule>>,
    branches: BTreeSet<Option<String>>,
}

/// What a row says that is read the same way in every family.
#[derive(Clone, Copy)]
pub(super) struct Common<'a> {
    pub(super) id: &'a Text,
    pub(super) branch: &'a Text,
    pub(super) severity: &'a Text,
    pub(super) state: &'a Text,
    /// Scores, the preferred one first.
    pub(super) scores: [Number; 3],
}

/// What each family makes of its rows in its own way.
pub(super) struct Own {
    pub(super) rule: Arc<Rule>,
    pub(super) location: Location,
    pub(super) message: String,
    pub(super) remediation: Option<Box<str>>,
}

/// A row of some family.
pub(super) trait Row {
    /// The finding, and what tells its row from the others of its list: the id, or where it is missing the name and place.
    /// `None` for a row with neither id nor name, which the vendor's client skips too (contract 5.3). A row that is rated all the
    /// same is kept: what has a severity is no empty row, and skipping it could pass a build.
    fn into_finding(self, family: Family, mapper: &mut Mapper<'_>) -> Option<(Box<str>, Finding)>;
}

impl<'a> Mapper<'a> {
    /// A mapper for `project`. Paths get `directory` as prefix.
    pub(super) fn new(endpoints: &'a Endpoints, project: &'a str, directory: &'a str) -> Self {
        Self { endpoints, project, directory, image: None, rules: HashMap::new(), branches: BTreeSet::new() }
    }

    /// The same for the scan of an image: rows that name no image are about this one.
    #[must_use]
    pub(super) fn of_image(self, image: Option<&'a str>) -> Self {
        Self { image, ..self }
    }

    /// The image that is scanned, if it is one.
    pub(super) fn image(&self) -> Option<&'a str> {
        self.image
    }

    /// A path from the repository root; `None` for what is no path inside the repository.
    pub(super) fn path(&self, raw: &Text) -> Option<RepositoryPath> {
        RepositoryPath::parse(raw.get()?).map(|path| path.below(self.directory))
    }

    fn link(&self, family: Family, id: &Text) -> Option<Link> {
        let segments = ["project", self.project, family.as_str(), "issue", id.get()?];
        self.endpoints.web(segments)
    }

    /// The one copy of the rule with this id; the first row that names it describes it. Rows without any id share one rule.
    pub(super) fn rule(&mut self, family: Family, id: String, describe: impl FnOnce() -> Rule) -> Arc<Rule> {
        let id = if id.is_empty() { format!("{family}-without-rule") } else { id };
        let rule = self.rules.entry((family, id));
        Arc::clone(rule.or_insert_with_key(|(_, id)| Arc::new(Rule { id: id.clone(), ..describe() })))
    }

    /// Whether the rows so far belong to several branches, of which none may have a name.
    pub(super) fn has_seen_several_branches(&self) -> bool {
        self.branches.len() > 1
    }

    /// The two halves of a row as a finding.
    pub(super) fn finding(&mut self, family: Family, common: Common<'_>, own: Own) -> Finding {
        if !self.has_seen_several_branches() {
            self.branches.insert(common.branch.get().map(str::to_owned));
        }
        let score = common.scores.into_iter().filter_map(Number::get).find(|score| (0.0..=10.0).contains(score));
        Finding {
            fingerprint: Fingerprint::default(),
            kind: family.kind(),
            severity: severity(common.severity, score),
            score,
            rule: own.rule,
            state: state(common.state),
            location: own.location,
            message: own.message,
            remediation: own.remediation,
            link: self.link(family, common.id),
            id: common.id.get().unwrap_or_default().into(),
        }
    }

    /// A place in a file; what is no path inside the repository is kept as words.
    pub(super) fn file(&self, base: &Base) -> Location {
        let Some(path) = self.path(&base.path) else {
            return Location::Unmapped { place: base.path.get().unwrap_or_default().to_owned() };
        };
        let start_line = line(base.vulnerable_start_line);
        let end_line = start_line.and_then(|start| line(base.vulnerable_end_line).map(|end| end.max(start)));
        Location::File(FileLocation { path, start_line, end_line, source: None })
    }
}

/// What tells a row from the others of its list.
pub(super) fn key(id: &Text, name: Option<&str>, location: &Location) -> Option<Box<str>> {
    match id.get() {
        Some(id) => Some(id.into()),
        None => name.map(|name| format!("{name}\n{location}").into()),
    }
}

/// What stands in for the name of a row that has none: how it is rated, if it is.
pub(super) fn rating<'a>(severity: &'a Text, scores: &[Number]) -> Option<&'a str> {
    severity.get().or_else(|| scores.iter().any(|score| score.get().is_some()).then_some("scored"))
}

/// The effective severity: a rating by its word, else by the score's band. `none` and `unknown` are no ratings here (contract 10,
/// point 6), and a score of 0 rates nothing either: such a finding is unrated, which the gate treats by `--unrated`.
fn severity(word: &Text, score: Option<f64>) -> Option<Severity> {
    let band = || score.filter(|&score| score > 0.0).and_then(Severity::from_cvss);
    word.get().and_then(Severity::from_word).or_else(band)
}

/// Contract 5.8. A row without a state is new, and new rows are to be verified.
fn state(word: &Text) -> State {
    let Some(word) = word.get() else { return State::Open };
    match word.to_ascii_lowercase().as_str() {
        "to_verify" | "proposed_not_exploitable" | "in_review" | "in_progress" => State::Open,
        "confirmed" => State::Confirmed,
        "resolved" | "fixed" => State::Fixed,
        "ignored" | "accepted_risk" | "not_exploitable" => State::Dismissed,
        _ => State::Unknown(word.to_owned()),
    }
}

/// Lines count from 1; 0 means that there is none (contract 5.4).
fn line(number: Number) -> Option<NonZeroU32> {
    number.count().and_then(|line| u32::try_from(line).ok()).and_then(NonZeroU32::new)
}

/// The texts of a list that hold any.
pub(super) fn texts(list: &List<Text>) -> Vec<String> {
    list.0.iter().filter_map(|text| text.get().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(value: &str) -> Number {
        serde_json::from_str(value).unwrap()
    }

    #[test]
    fn a_word_decides_the_severity_and_a_score_only_where_no_word_rates() {
        assert_eq!(severity(&"Low".into(), Some(9.9)), Some(Severity::Low));
        assert_eq!(severity(&"INFORMATIONAL".into(), None), Some(Severity::Info));
        for no_rating in ["", "none", "unknown", "catastrophic"] {
            assert_eq!(severity(&no_rating.into(), None), None, "{no_rating}");
            assert_eq!(severity(&no_rating.into(), Some(0.0)), None, "{no_rating}");
            assert_eq!(severity(&no_rating.into(), Some(9.8)), Some(Severity::Critical), "{no_rating}");
        }
    }

    #[test]
    fn only_the_documented_words_close_a_finding() {
        for open in ["", "to_verify", "TO_VERIFY", "confirmed", "proposed_not_exploitable", "in_review", "snoozed"] {
            assert!(state(&open.into()).is_open(), "{open}");
        }
        for closed in ["resolved", "ignored", "not_exploitable", "fixed", "accepted_risk", "Ignored"] {
            assert!(!state(&closed.into()).is_open(), "{closed}");
        }
        assert_eq!(state(&"snoozed".into()), State::Unknown("snoozed".to_owned()));
    }

    #[test]
    fn lines_count_from_one_and_never_run_backwards() {
        let endpoints = Endpoints::resolve(None, None, None).unwrap();
        let mapper = Mapper::new(&endpoints, "p", "services/api");
        let lines = |start: &str, end: &str| {
            let base = Base {
                path: "./src/a.py".into(),
                vulnerable_start_line: number(start),
                vulnerable_end_line: number(end),
                ..Base::default()
            };
            match mapper.file(&base) {
                Location::File(file) => {
                    assert_eq!(file.path.as_str(), "services/api/src/a.py");
                    (file.start_line.map(NonZeroU32::get), file.end_line.map(NonZeroU32::get))
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(lines("25", "27"), (Some(25), Some(27)));
        assert_eq!(lines("25", "3"), (Some(25), Some(25)));
        assert_eq!(lines("\"25\"", "null"), (Some(25), None));
        assert_eq!(lines("0", "9"), (None, None));
        assert_eq!(lines("-4", "0"), (None, None));
    }

    #[test]
    fn what_is_no_path_in_the_repository_is_kept_as_words() {
        let endpoints = Endpoints::resolve(None, None, None).unwrap();
        let mapper = Mapper::new(&endpoints, "p", "");
        for hostile in ["/etc/passwd", "../../x", "https://example.com/x", ""] {
            let base = Base { path: hostile.into(), ..Base::default() };
            assert_eq!(mapper.file(&base), Location::Unmapped { place: hostile.to_owned() });
        }
    }

    #[test]
    fn links_are_percent_encoded_and_only_made_for_the_cloud() {
        let cloud = Endpoints::resolve(Some(crate::platform::Region::Eu), None, None).unwrap();
        let link = |endpoints: &Endpoints, id: &str| Mapper::new(endpoints, "p", "").link(Family::Cicd, &id.into());
        assert_eq!(&*link(&cloud, "a/b?c").unwrap(), "https://eu.cybedefend.com/project/p/cicd/issue/a%2Fb%3Fc");
        assert_eq!(link(&cloud, ""), None);
        assert_eq!(link(&Endpoints { cloud: None, ..cloud }, "a"), None);
    }

    #[test]
    fn findings_of_one_rule_share_it() {
        let endpoints = Endpoints::resolve(None, None, None).unwrap();
        let mut mapper = Mapper::new(&endpoints, "p", "");
        let rule = |name: &str| Rule { name: name.to_owned(), ..Rule::default() };
        let first = mapper.rule(Family::Sast, "r".to_owned(), || rule("first"));
        let again = mapper.rule(Family::Sast, "r".to_owned(), || rule("again"));
        let other = mapper.rule(Family::Iac, "r".to_owned(), || rule("other"));
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!((first.name.as_str(), other.name.as_str()), ("first", "other"));
        assert_eq!(mapper.rule(Family::Iac, String::new(), Rule::default).id, "iac-without-rule");
    }
}

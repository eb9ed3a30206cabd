//! Query parameters of the lists (contract section 5.2): plain keys that repeat. Keys that are not known, `status[]` among them, are
//! ignored, as the platform does.

use std::cmp::Ordering;

use url::form_urlencoded;

use super::finding::{Finding, Priority, State};
use crate::sandbox::rules::{Family, Level};
use crate::sorting;

/// Rows on a page when the query does not say.
const DEFAULT_SIZE: usize = 10;
/// More are never given, whatever the query says.
const LARGEST_SIZE: usize = 100;

/// What a list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    /// From 1.
    pub(super) page: usize,
    pub(super) size: usize,
    pub(super) filter: Filter,
}

/// Which findings, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    pub(super) severity: Vec<Level>,
    pub(super) status: Vec<State>,
    pub(super) priority: Vec<Priority>,
    pub(super) language: Option<String>,
    pub(super) branch: Option<String>,
    pub(super) search: Option<String>,
    pub(super) package_type: Vec<String>,
    pub(super) class_type: Vec<String>,
    pub(super) has_autofix: Option<bool>,
    pub(super) sort: Option<String>,
    pub(super) descending: bool,
}

/// The pairs of a raw query.
pub(super) fn pairs(raw: Option<&str>) -> Vec<(String, String)> {
    form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect()
}

/// A number from 1 on, or what is wrong with it.
pub(super) fn count(name: &str, value: &str) -> Result<usize, String> {
    value.parse().ok().filter(|number| *number >= 1).ok_or_else(|| format!("{name} must not be less than 1"))
}

impl Query {
    /// Reads the query for one family; the error lists everything that is wrong with it.
    pub(super) fn parse(family: Family, raw: Option<&str>) -> Result<Self, Vec<String>> {
        let mut query = Self { page: 1, size: DEFAULT_SIZE, filter: Filter::default() };
        let mut pairs = pairs(raw);
        // Containers' documented keys weigh more, wherever they stand.
        if family == Family::Container {
            sorting::sort_by_key(&mut pairs, |(name, _)| matches!(name.as_str(), "page" | "limit"));
        }
        let errors: Vec<_> = pairs.iter().filter_map(|(name, value)| query.take(family, name, value).err()).collect();
        if family == Family::Sca {
            query.size = query.size.max(DEFAULT_SIZE);
        }
        query.size = query.size.min(LARGEST_SIZE);
        if errors.is_empty() { Ok(query) } else { Err(errors) }
    }

    fn take(&mut self, family: Family, name: &str, value: &str) -> Result<(), String> {
        let filter = &mut self.filter;
        match name {
            "pageNumber" => self.page = count(name, value)?,
            "pageSizeNumber" => self.size = count(name, value)?,
            "page" if takes_limit(family) => self.page = count(name, value)?,
            "limit" if takes_limit(family) => self.size = count(name, value)?,
            "severity" => filter.severity.push(one_of(name, value, &Level::ALL.map(Level::as_str), Level::parse)?),
            "status" => filter.status.push(one_of(name, value, &State::ALL.map(State::as_str), State::parse)?),
            "priority" => {
                filter.priority.push(one_of(name, value, &Priority::ALL.map(Priority::as_str), Priority::parse)?);
            }
            "packageType" if family == Family::Sca => {
                filter
                    .package_type
                    .push(one_of(name, value, &["direct", "dev", "transitive"], |_| Some(value.to_owned()))?);
            }
            "classType" if family == Family::Container => filter.class_type.push(value.to_owned()),
            "language" => filter.language = Some(value.to_owned()),
            "branch" => filter.branch = Some(value.to_owned()).filter(|branch| !branch.is_empty()),
            "searchQuery" | "query" => filter.search = Some(value.to_lowercase()),
            "hasAutofix" => filter.has_autofix = Some(value == "true"),
            "sort" => filter.sort = Some(one_of(name, value, sorts(family), |value| Some(value.to_owned()))?),
            "order" => {
                let lower = value.to_ascii_lowercase();
                filter.descending = one_of(name, &lower, &["asc", "desc"], |value| Some(value == "desc"))?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// `page` and `limit` are known to these two; the others only know `pageNumber` and `pageSizeNumber`. For containers those are not
/// documented, but the vendor's own client sends nothing else.
fn takes_limit(family: Family) -> bool {
    matches!(family, Family::Sca | Family::Container)
}

fn sorts(family: Family) -> &'static [&'static str] {
    match family {
        Family::Sca => &["currentState", "currentSeverity", "currentPriority", "createdAt", "updatedAt", "currentCVSS"],
        Family::Container => {
            &["currentState", "currentSeverity", "currentPriority", "createdAt", "updatedAt", "updateAt"]
        }
        _ => &["currentState", "currentSeverity", "currentPriority", "language", "createdAt", "updateAt"],
    }
}

fn one_of<T>(name: &str, value: &str, allowed: &[&str], parse: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
    let known = allowed.contains(&value).then(|| parse(value)).flatten();
    known.ok_or_else(|| format!("{name} must be one of the following values: {}", allowed.join(", ")))
}

impl Filter {
    pub(super) fn matches(&self, finding: &Finding) -> bool {
        let subject = &finding.subject;
        let contains = |text: &str| self.search.as_ref().is_none_or(|search| text.to_lowercase().contains(search));
        // A severity filter knows the four levels only, so that unrated findings vanish (contract section 0.3).
        let severity = self.severity.is_empty() || subject.level().is_some_and(|level| self.severity.contains(&level));
        severity
            && (self.status.is_empty() || self.status.contains(&finding.state))
            && (self.priority.is_empty() || self.priority.contains(&finding.priority))
            && self.language.as_ref().is_none_or(|language| language.eq_ignore_ascii_case(subject.language()))
            && self.branch.as_ref().is_none_or(|branch| finding.branch.as_ref() == Some(branch))
            && (self.search.is_none() || contains(subject.name()) || contains(subject.path()))
            && self.matches_package(finding)
            && self.has_autofix != Some(true)
    }

    fn matches_package(&self, finding: &Finding) -> bool {
        use super::finding::Subject;
        match &finding.subject {
            Subject::Code(_) => true,
            Subject::Package(hit) => {
                self.package_type.is_empty() || self.package_type.iter().any(|scope| *scope == hit.scope.as_str())
            }
            Subject::Image { advisory, .. } => {
                self.class_type.is_empty() || self.class_type.iter().any(|class| *class == advisory.class)
            }
        }
    }

    /// Sorts rows that stand in the order in which they were found; rows that are equal stay in it.
    pub(super) fn sort(&self, rows: &mut [(usize, &Finding)]) {
        let Some(sort) = &self.sort else { return };
        sorting::sort_by(rows, |(_, left), (_, right)| {
            let order = compare(sort, left, right);
            if self.descending { order.reverse() } else { order }
        });
    }
}

fn compare(sort: &str, left: &Finding, right: &Finding) -> Ordering {
    match sort {
        "currentState" => left.state.cmp(&right.state),
        "currentSeverity" => left.subject.level().cmp(&right.subject.level()),
        "currentPriority" => left.priority.cmp(&right.priority),
        "language" => left.subject.language().cmp(right.subject.language()),
        "createdAt" => left.created.cmp(&right.created),
        "currentCVSS" => left.subject.score().unwrap_or_default().total_cmp(&right.subject.score().unwrap_or_default()),
        _ => left.updated.cmp(&right.updated),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(family: Family, raw: &str) -> Query {
        Query::parse(family, Some(raw)).unwrap()
    }

    #[test]
    fn each_family_has_its_own_paging_keys() {
        let both = "pageNumber=3&pageSizeNumber=50&page=4&limit=60";
        let (sast, container) = (parse(Family::Sast, both), parse(Family::Container, both));
        assert_eq!((sast.page, sast.size), (3, 50));
        assert_eq!((container.page, container.size), (4, 60));
        assert_eq!(parse(Family::Container, "page=4&limit=60&pageNumber=3&pageSizeNumber=50"), container);
        assert_eq!(parse(Family::Container, "pageNumber=3&pageSizeNumber=50").size, 50);
        assert_eq!(parse(Family::Sca, "pageSizeNumber=30").size, 30);
    }

    #[test]
    fn sizes_are_clamped_and_bracketed_keys_ignored() {
        assert_eq!(parse(Family::Sast, "pageSizeNumber=500").size, 100);
        assert_eq!(parse(Family::Sca, "limit=2").size, 10);
        assert!(parse(Family::Sast, "status%5B%5D=to_verify&unknown=1").filter.status.is_empty());
        assert_eq!(parse(Family::Sast, "status=to_verify&status=confirmed").filter.status.len(), 2);
    }

    #[test]
    fn everything_wrong_is_named() {
        let errors = Query::parse(Family::Sast, Some("severity=info&pageNumber=0&order=up&sort=name")).unwrap_err();
        assert_eq!(errors.len(), 4);
        assert!(errors[0].contains("critical, high, medium, low"), "{errors:?}");
    }
}

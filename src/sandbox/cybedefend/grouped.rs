//! `GET /project/{project}/results/{family}/grouped`: findings of one rule, or of one advisory and package, together.

use std::cmp::Ordering;

use axum::Json;
use serde_json::{Map, Value};

use super::finding::{Finding, Subject};
use super::query::{Query, count, pairs};
use super::refusal::Refusal;
use super::{Emulator, elements, project, results, written};
use crate::sandbox::call::Call;
use crate::sandbox::json::json;
use crate::sandbox::rules::sca::Scope;
use crate::sandbox::rules::{Family, Level};
use crate::sorting::{self, collected};

/// The handler. Containers have no grouped list.
pub(super) fn list(emulator: &Emulator, call: &Call) -> Result<Json<Value>, Refusal> {
    project::check(emulator, call)?;
    let family = results::allowed_family(emulator, call.part("family"))?;

    if family == Family::Container {
        return Err(Refusal::not_found("Grouped list"));
    }
    let (query, order) = parse(family, call.query()).map_err(|errors| Refusal::invalid(&errors))?;
    let now = emulator.now();
    let mut store = emulator.store();
    let rows = store.rows(family, &query.filter, now);
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in rows.iter().filter_map(|row| store.row(*row)) {
        let known = groups.iter_mut().find(|group| group.first().is_some_and(|first| key(first) == key(finding)));
        match known {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    order.sort(&mut groups);
    let mut envelope = results::envelope(emulator, &query, groups.len());
    envelope.extend(results::echoes(&query));
    // Here a filter that was not given is an empty list (contract section 5.7).
    for filter in ["severity", "status", "priority"] {
        let echo = envelope.entry(filter).or_insert(Value::Null);
        if echo.is_null() {
            *echo = json!([]);
        }
    }
    envelope.insert("sort".to_owned(), json!(order.by));
    envelope.insert("order".to_owned(), json!(order.direction));
    envelope.insert("totalOccurrences".to_owned(), json!(rows.len()));
    let page = groups.iter().skip((query.page - 1).saturating_mul(query.size)).take(query.size);
    envelope.insert("groupedVulnerabilities".to_owned(), page.filter_map(|group| describe(group)).collect());
    Ok(Json(Value::Object(envelope)))
}

/// In which order groups come.
struct Order {
    by: String,
    /// As it was given.
    direction: String,
}

impl Order {
    /// What groups may be sorted by (contract section 5.2).
    const KEYS: [&str; 8] = [
        "occurrenceCount",
        "highestSeverity",
        "lastSeen",
        "currentSeverity",
        "currentPriority",
        "createdAt",
        "highestCvss",
        "currentCVSS",
    ];

    /// Sorts groups that stand in the order in which they were found; those that are equal stay in it.
    fn sort(&self, groups: &mut [Vec<&Finding>]) {
        let is_descending = self.direction.eq_ignore_ascii_case("desc");
        sorting::sort_by(groups, |left, right| {
            let order = self.compare(left, right);
            if is_descending { order.reverse() } else { order }
        });
    }

    fn compare(&self, left: &[&Finding], right: &[&Finding]) -> Ordering {
        fn highest<T: Ord>(group: &[&Finding], of: impl Fn(&Finding) -> T) -> Option<T> {
            group.iter().map(|finding| of(finding)).max()
        }
        fn by<T: Ord>(left: &[&Finding], right: &[&Finding], of: impl Fn(&Finding) -> T) -> Ordering {
            highest(left, &of).cmp(&highest(right, &of))
        }
        match self.by.as_str() {
            "occurrenceCount" => left.len().cmp(&right.len()),
            "lastSeen" => by(left, right, |finding| finding.updated),
            "createdAt" => by(left, right, |finding| finding.created),
            "currentPriority" => by(left, right, |finding| finding.priority),
            // A score belongs to a level, so levels order scores as far as a group needs it.
            _ => by(left, right, |finding| finding.subject.level()),
        }
    }
}

/// The grouped list has names of its own for the same filters, and for its order.
fn parse(family: Family, raw: Option<&str>) -> Result<(Query, Order), Vec<String>> {
    let mut translated = url::form_urlencoded::Serializer::new(String::new());
    let mut paging = (1, 10);
    let mut order = Order { by: "occurrenceCount".to_owned(), direction: "DESC".to_owned() };
    let mut errors = Vec::new();
    for (name, value) in pairs(raw) {
        match name.as_str() {
            "page" => count(&name, &value).map_or_else(|error| errors.push(error), |page| paging.0 = page),
            "perPage" => count(&name, &value).map_or_else(|error| errors.push(error), |size| paging.1 = size.min(100)),
            "sort" if Order::KEYS.contains(&value.as_str()) => order.by = value,
            "sort" => errors.push(format!("sort must be one of the following values: {}", Order::KEYS.join(", "))),
            "order" if ["asc", "desc"].contains(&value.to_ascii_lowercase().as_str()) => order.direction = value,
            "order" => errors.push("order must be one of the following values: ASC, DESC, asc, desc".to_owned()),
            "severityFilter" => drop(translated.append_pair("severity", &value)),
            "statusFilter" => drop(translated.append_pair("status", &value)),
            "priorityFilter" => drop(translated.append_pair("priority", &value)),
            "searchQuery" | "branch" | "hasAutofix" => drop(translated.append_pair(&name, &value)),
            _ => {}
        }
    }
    match Query::parse(family, Some(&translated.finish())) {
        Ok(query) if errors.is_empty() => Ok((Query { page: paging.0, size: paging.1, ..query }, order)),
        Ok(_) => Err(errors),
        Err(more) => Err([errors, more].concat()),
    }
}

fn key(finding: &Finding) -> (&str, &str) {
    let package = match &finding.subject {
        Subject::Package(hit) => hit.package.as_str(),
        Subject::Code(_) | Subject::Image { .. } => "",
    };
    (finding.subject.rule_id(), package)
}

fn describe(group: &[&Finding]) -> Option<Value> {
    let first = group.first()?;
    let at_level = |level| group.iter().filter(|finding| finding.subject.level() == Some(level)).count();
    let breakdown: Map<_, _> = collected(Level::ALL.map(|level| (level.as_str().to_owned(), json!(at_level(level)))));
    let mut described = json!({
        "occurrenceCount": group.len(), "severityBreakdown": breakdown,
        "highestSeverity": first.subject.level().map(Level::as_str), "language": first.subject.language(), "hasAutofix": false,
        "firstSeen": group.iter().map(|finding| finding.created).min().map(written),
        "lastSeen": group.iter().map(|finding| finding.updated).max().map(written),
        "occurrences": group.iter().map(|finding| occurrence(finding)).collect::<Vec<_>>(),
    });
    let own = match &first.subject {
        Subject::Code(hit) => json!({ "ruleId": hit.rule.id, "vulnerability": elements::vulnerability(hit) }),
        Subject::Package(hit) => {
            let scoped = |scope| {
                group
                    .iter()
                    .filter(|finding| matches!(&finding.subject, Subject::Package(hit) if hit.scope == scope))
                    .count()
            };
            json!({
                "cveId": hit.advisory.cve, "packageName": hit.package, "vulnerability": { "name": hit.advisory.summary },
                "highestCvss": hit.advisory.score, "hasFix": !hit.advisory.fixed.is_empty(), "devCount": scoped(Scope::Dev),
                "directCount": scoped(Scope::Direct), "transitiveCount": scoped(Scope::Transitive),
            })
        }
        Subject::Image { .. } => return None,
    };
    described.as_object_mut()?.extend(own.as_object()?.clone());
    Some(described)
}

fn occurrence(finding: &Finding) -> Value {
    let line = match &finding.subject {
        Subject::Code(hit) => hit.line,
        Subject::Package(_) | Subject::Image { .. } => 0,
    };
    let mut occurrence = json!({
        "id": finding.id, "path": finding.subject.path(), "vulnerableStartLine": line, "vulnerableEndLine": line,
        "currentState": finding.state.as_str(), "currentSeverity": finding.subject.level().map(Level::as_str),
        "currentPriority": finding.priority.as_str(), "createdAt": written(finding.created), "autofixRecords": [],
    });
    if let (Subject::Package(hit), Some(fields)) = (&finding.subject, occurrence.as_object_mut()) {
        fields.insert("packageVersion".to_owned(), json!(hit.version));
        fields.insert("currentCvss".to_owned(), json!(hit.advisory.score));
        fields.insert("isDev".to_owned(), json!(hit.scope == Scope::Dev));
        fields.insert("isTransitive".to_owned(), json!(hit.scope == Scope::Transitive));
    }
    occurrence
}

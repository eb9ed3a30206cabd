//! CybeDefend's rows as findings: weaknesses in files (contract 5.4), dependencies (5.5) and packages of images (5.6).

use super::family::Family;
use super::mapping::{Common, Mapper, Own, Row, key, rating, texts};
use super::text::advice;
use super::wire::{Advisory, Base, ContainerAdvisory, ContainerPackage, ContainerRow, WrappedRow};
use crate::finding::{Finding, Location, Package, PackageLocation, Rule};
use crate::platform::lenient::{List, Number, Text};
use crate::platform::text::{sentences, slug};
use crate::platform::words::{is_cve, weakness_numbers};
use crate::sorting;

/// What is said of every secret in place of the platform's words: any of those could hold the value.
const SECRET_MESSAGE: &str = "A credential is written into this file.";
const SECRET_HELP: &str = "Revoke the credential first. Then take it out of the source and its history, and let the program read it from a \
                           secret store or its environment.";

/// A row of any family, as it came.
pub(super) enum AnyRow {
    Wrapped(Box<WrappedRow>),
    Container(Box<ContainerRow>),
}

impl Row for AnyRow {
    fn into_finding(self, family: Family, mapper: &mut Mapper<'_>) -> Option<(Box<str>, Finding)> {
        match self {
            Self::Wrapped(row) => row.into_finding(family, mapper),
            Self::Container(row) => row.into_finding(family, mapper),
        }
    }
}

impl Row for WrappedRow {
    fn into_finding(self, family: Family, mapper: &mut Mapper<'_>) -> Option<(Box<str>, Finding)> {
        match family {
            Family::Sca => dependency(&self, mapper),
            _ => weakness(self.base.as_ref()?, family, mapper),
        }
    }
}

fn common(base: &Base, preferred: Number) -> Common<'_> {
    let scores = [preferred, base.cvss4_base_score, base.cvss4_environmental_score];
    Common { id: &base.id, branch: &base.branch, severity: &base.current_severity, state: &base.current_state, scores }
}

/// A row of sast, iac, secret or cicd.
fn weakness(base: &Base, family: Family, mapper: &mut Mapper<'_>) -> Option<(Box<str>, Finding)> {
    let details = base.vulnerability.as_ref();
    let name = details.and_then(|rule| rule.name.get()).map(str::to_owned);
    let location = mapper.file(base);
    let rating = rating(&base.current_severity, &[base.cvss4_base_score, base.cvss4_environmental_score]);
    let key = key(&base.id, name.as_deref().or(rating), &location)?;
    let rule_id = details.and_then(|rule| rule.id.get()).map(str::to_owned);
    let rule_id = rule_id.or_else(|| name.as_deref().map(slug));
    let title = name.or_else(|| rule_id.clone()).unwrap_or_else(|| format!("{family} finding"));
    let is_secret = family == Family::Secret;
    let message = match details {
        _ if is_secret => format!("{title}. {SECRET_MESSAGE}"),
        Some(rule) => sentences(rule.short_description.get().or(rule.description.get()).unwrap_or(&title)),
        None => title.clone(),
    };
    let rule = mapper.rule(family, rule_id.unwrap_or_default(), || {
        let Some(details) = details else {
            return Rule { name: title, ..Rule::default() };
        };
        let help = Some(advice(&texts(&details.how_to_prevent).join(" "))).filter(|help| !help.is_empty());
        let description = details.description.get().or(details.short_description.get()).unwrap_or_default().to_owned();
        Rule {
            name: title,
            description: if is_secret { SECRET_MESSAGE.to_owned() } else { description },
            help: if is_secret { Some(SECRET_HELP.to_owned()) } else { help },
            cwe: weakness_numbers(details.cwe.0.iter().chain(&details.cwe_array.0).filter_map(Text::get)),
            owasp: texts(&details.owasp_top10),
            ..Rule::default()
        }
    });
    let own = Own { rule, location, message, remediation: None };
    Some((key, mapper.finding(family, common(base, Number::default()), own)))
}

/// A row of sca: an advisory that affects a dependency.
fn dependency(row: &WrappedRow, mapper: &mut Mapper<'_>) -> Option<(Box<str>, Finding)> {
    let (no_base, no_advisory) = (Base::default(), Advisory::default());
    let base = row.base.as_ref().unwrap_or(&no_base);
    let advisory = row.metadata.as_ref().unwrap_or(&no_advisory);
    let cvss_score = row.cvss_score;
    let cves = cves(advisory);
    let advisory_id = cves.first().cloned().or_else(|| {
        let aliases = present(&advisory.aliases).find_map(|alias| alias.alias.get());
        advisory.ghsa_id.get().or(advisory.internal_id.get()).or(aliases).map(str::to_owned)
    });
    let name = advisory.summary.get().map(str::to_owned).or_else(|| advisory_id.clone());
    let named = row.library.as_ref().and_then(|library| Some((library, owned(&library.package_name)?)));
    let location = match named {
        Some((library, name)) => {
            let manifest = mapper.path(&library.file_name);
            let version = owned(&library.package_version).unwrap_or_default();
            let fixed_version = fixed_version(advisory, &name, &version);
            let package = Package { name, version, ecosystem: owned(&library.ecosystem), fixed_version };
            Location::Package(PackageLocation { manifest, package })
        }
        None => mapper.file(base),
    };
    let rating = rating(&base.current_severity, &[cvss_score, base.cvss4_base_score, base.cvss4_environmental_score]);
    let key = key(&base.id, name.as_deref().or(rating), &location)?;
    let title = name.unwrap_or_else(|| "vulnerable dependency".to_owned());
    let message = match &location {
        Location::Package(place) => sentences(&format!("{}: {title}", place.package)),
        _ => sentences(&title),
    };
    let remediation = match &location {
        Location::Package(PackageLocation { package, .. }) => upgrade(package),
        _ => None,
    };
    let rule_id = advisory_id.unwrap_or_else(|| slug(&title));
    let rule = mapper.rule(Family::Sca, rule_id, || Rule {
        name: title,
        description: advisory.details.get().unwrap_or_default().to_owned(),
        cwe: weakness_numbers(present(&advisory.cwes).filter_map(|weakness| weakness.cwe_id.get())),
        references: present(&advisory.references).filter_map(|page| page.url.get().map(str::to_owned)).collect(),
        cve: cves,
        ..Rule::default()
    });
    let own = Own { rule, location, message, remediation };
    Some((key, mapper.finding(Family::Sca, common(base, cvss_score), own)))
}

impl Row for ContainerRow {
    fn into_finding(self, family: Family, mapper: &mut Mapper<'_>) -> Option<(Box<str>, Finding)> {
        package_of_image(&self.flat(), family, mapper)
    }
}

/// A row of container: a vulnerable package of an image.
fn package_of_image(row: &ContainerRow, family: Family, mapper: &mut Mapper<'_>) -> Option<(Box<str>, Finding)> {
    let (no_advisory, no_package) = (ContainerAdvisory::default(), ContainerPackage::default());
    let advisory = row.vuln.as_ref().unwrap_or(&no_advisory);
    let package = row.package.as_ref().unwrap_or(&no_package);
    let id = row.vulnerability_identifier.get().or(advisory.vulnerability_id.get()).map(str::to_owned);
    let name = advisory.title.get().map(str::to_owned).or_else(|| id.clone());
    let package = package.name.get().or(advisory.pkg_name.get()).map(|name| Package {
        name: name.to_owned(),
        version: package.version.get().or(advisory.installed_version.get()).unwrap_or_default().to_owned(),
        ecosystem: None,
        fixed_version: owned(&row.fixed_version),
    });
    let remediation = package.as_ref().and_then(upgrade);
    let image = advisory.target.get().or(mapper.image()).unwrap_or_default().to_owned();
    let location = Location::Image { image, package };
    let scores = [row.cvss4_base_score, row.cvss4_environmental_score, Number::default()];
    let rating = rating(&row.current_severity, &scores);
    let key = key(&row.id, name.as_deref().or(rating), &location)?;
    let title = name.unwrap_or_else(|| "vulnerable package in an image".to_owned());
    let message = match &location {
        Location::Image { package: Some(package), .. } => sentences(&format!("{package}: {title}")),
        _ => sentences(&title),
    };
    let rule = mapper.rule(family, id.clone().unwrap_or_else(|| slug(&title)), || Rule {
        name: title,
        description: advisory.description.get().unwrap_or_default().to_owned(),
        cwe: weakness_numbers(advisory.cwe_ids.0.iter().filter_map(Text::get)),
        cve: id.into_iter().filter(|id| is_cve(id)).collect(),
        ..Rule::default()
    });
    let common =
        Common { id: &row.id, branch: &row.branch, severity: &row.current_severity, state: &row.current_state, scores };
    Some((key, mapper.finding(family, common, Own { rule, location, message, remediation })))
}

fn owned(text: &Text) -> Option<String> {
    text.get().map(str::to_owned)
}

fn present<T>(list: &List<Option<T>>) -> impl Iterator<Item = &T> {
    list.0.iter().flatten()
}

/// The advisory's CVE identifiers: its own, then those among its other names.
fn cves(advisory: &Advisory) -> Vec<String> {
    let aliases = present(&advisory.aliases).filter_map(|alias| alias.alias.get());
    let mut cves: Vec<String> = Vec::new();
    for cve in advisory.cve.get().into_iter().chain(aliases).filter(|id| is_cve(id)) {
        if !cves.iter().any(|known| known == cve) {
            cves.push(cve.to_owned());
        }
    }
    cves
}

fn upgrade(package: &Package) -> Option<Box<str>> {
    let fixed = package.fixed_version.as_ref()?;
    Some(format!("upgrade {} to {fixed}", package.name).into())
}

/// The version to which the dependency must go. An advisory lists one range a release line; of several fixes the lowest above the
/// installed version is meant, since a lower one would be a step back.
fn fixed_version(advisory: &Advisory, package: &str, installed: &str) -> Option<String> {
    let about = present(&advisory.packages).filter(|range| range.package_name.get().is_none_or(|name| name == package));
    let mut fixes: Vec<&str> = about.filter_map(|range| range.fixed.get()).collect();
    sorting::sort_by_key(&mut fixes, |version| version_parts(version));
    fixes.dedup();
    let above = fixes.iter().find(|fix| version_parts(fix) > version_parts(installed));
    match (above, fixes.as_slice()) {
        (Some(fix), _) => Some((*fix).to_owned()),
        (None, [only]) => Some((*only).to_owned()),
        (None, _) => None,
    }
}

/// The numbers in a version, for an order that is right wherever versions are numbers between dots.
fn version_parts(version: &str) -> Vec<u64> {
    version.split(|character: char| !character.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::endpoints::Endpoints;
    use super::*;
    use crate::finding::{Kind, Severity, State};
    use crate::platform::Region;

    fn read<R: Row + serde::de::DeserializeOwned>(family: Family, json: &str) -> Option<(Box<str>, Finding)> {
        let endpoints = Endpoints::resolve(Some(Region::Us), None, None).unwrap();
        let row: R = serde_json::from_str(json).unwrap();
        row.into_finding(family, &mut Mapper::new(&endpoints, "p-1", ""))
    }

    fn wrapped(family: Family, json: &str) -> Finding {
        read::<WrappedRow>(family, json).unwrap().1
    }

    const SAST: &str = r#"{
        "dataFlowItems":[{"id":"d","code":[{"line":41,"content":"hidden-flow"}],"order":1}], "autofixRecords":["x",{}],
        "base":{"id":"v-1","projectId":"p-1","branch":"main","currentState":"confirmed","currentSeverity":"critical",
            "currentPriority":"urgent","timeToFix":null,"language":"Python","path":"bad/libuser.py",
            "vulnerableStartLine":25,"vulnerableEndLine":26,"vulnerabilityType":"sast",
            "vulnerability":{"id":"rule-1","name":"SQL Injection","shortDescription":"",
                "description":"**Input** reaches a query. It can be read. More.","howToPrevent":"Use parameters., Check input.",
                "cwe":["CWE-89"],"cweArray":null,"owaspTop10":["A03:2021"],"severity":"HIGH"},
            "historyItems":[], "codeSnippets":[{"code":[{"line":20,"content":"hidden-snippet"}]}],
            "cvss4BaseScore":9.3,"cvss4EnvironmentalScore":2.3,"epssScore":null}}"#;

    #[test]
    fn a_weakness_in_a_file_is_read_whole() {
        let finding = wrapped(Family::Sast, SAST);
        assert_eq!((finding.kind, finding.severity, finding.score), (Kind::Sast, Some(Severity::Critical), Some(9.3)));
        assert_eq!(finding.location.to_string(), "bad/libuser.py:25");
        assert_eq!(finding.message, "Input reaches a query. It can be read.");
        assert_eq!(finding.state, State::Confirmed);
        assert_eq!(finding.link.as_deref(), Some("https://us.cybedefend.com/project/p-1/sast/issue/v-1"));
        let rule = &finding.rule;
        assert_eq!((rule.id.as_str(), rule.name.as_str()), ("rule-1", "SQL Injection"));
        assert_eq!(rule.help.as_deref(), Some("Use parameters. Check input."));
        assert_eq!((rule.cwe.as_slice(), rule.owasp.as_slice()), ([89].as_slice(), ["A03:2021".to_owned()].as_slice()));
    }

    #[test]
    fn nothing_that_could_hold_a_secrets_value_enters_the_model() {
        let json = SAST.replace("Use parameters", "rotate hidden-value").replace("reaches a query", "is hidden-value");
        let finding = wrapped(
            Family::Secret,
            &json.replace("\"shortDescription\":\"\"", "\"shortDescription\":\"hidden-value\""),
        );
        let all = serde_json::to_string(&finding).unwrap();
        assert!(!all.contains("hidden"), "{all}");
        assert_eq!(finding.message, format!("SQL Injection. {SECRET_MESSAGE}"));
        assert!(finding.rule.help.is_some());
    }

    #[test]
    fn a_weakness_without_its_optional_fields_is_still_a_finding() {
        let bare = wrapped(Family::Iac, r#"{"base":{"id":"v"}}"#);
        assert_eq!((bare.severity, &bare.state, bare.rule.id.as_str()), (None, &State::Open, "iac-without-rule"));
        assert_eq!(bare.message, "iac finding");
        let named = r#"{"base":{"id":null,"vulnerability":{"name":"Open Port 22","cwe":"CWE-200","owaspTop10":null}}}"#;
        let (key, named) = read::<WrappedRow>(Family::Iac, named).unwrap();
        assert_eq!((named.rule.id.as_str(), named.rule.cwe.as_slice()), ("open-port-22", [200].as_slice()));
        assert!(key.starts_with("Open Port 22") && named.link.is_none());
    }

    #[test]
    fn a_row_without_id_and_name_is_no_finding() {
        for json in ["{}", r#"{"base":null}"#, r#"{"base":{"id":"","vulnerability":{"name":null}}}"#] {
            assert!(read::<WrappedRow>(Family::Sast, json).is_none(), "{json}");
            assert!(read::<WrappedRow>(Family::Sca, json).is_none(), "{json}");
        }
        assert!(read::<ContainerRow>(Family::Container, r#"{"package":null,"vuln":null}"#).is_none());
    }

    #[test]
    fn a_row_without_id_and_name_that_is_rated_is_a_finding() {
        let (key, finding) =
            read::<WrappedRow>(Family::Sast, r#"{"base":{"currentSeverity":"critical","path":"a.py"}}"#).unwrap();
        assert_eq!((&*key, finding.severity), ("critical\na.py", Some(Severity::Critical)));
        let scored = read::<WrappedRow>(Family::Sca, r#"{"cvssScore":9.1}"#).unwrap().1;
        assert_eq!(scored.severity, Some(Severity::Critical));
        let image = read::<ContainerRow>(Family::Container, r#"{"currentSeverity":"low"}"#).unwrap().1;
        assert_eq!(image.severity, Some(Severity::Low));
    }

    fn sca(library: &str, metadata: &str) -> Finding {
        let base = r#"{"id":"v","currentSeverity":null,"path":"","vulnerableStartLine":0,"vulnerability":null}"#;
        wrapped(
            Family::Sca,
            &format!(r#"{{"base":{base},"library":{library},"metadata":{metadata},"cvssScore":"5.3"}}"#),
        )
    }

    const COOKIE: &str = r#"{"packageName":"cookie","packageVersion":"0.3.1","fileName":"web/package-lock.json","ecosystem":"npm","path":["a"]}"#;

    #[test]
    fn a_dependency_is_placed_in_its_manifest_and_told_where_to_go() {
        let finding = sca(
            COOKIE,
            r#"{"cve":"CVE-2024-47764","ghsaId":"GHSA-x","summary":"Cookie takes bad names","details":"**Long**",
                "aliases":[{"alias":"CVE-2020-15366"},null,{"alias":"GHSA-x"}],"cwes":[{"cweId":"CWE-74"}],
                "references":[{"type":"WEB","url":"https://example.com/a"},{"url":null}],
                "packages":[{"packageName":"cookie","introduced":"0","fixed":"0.7.0"}]}"#,
        );
        assert_eq!((finding.severity, finding.score), (Some(Severity::Medium), Some(5.3)));
        assert_eq!(finding.location.to_string(), "cookie@0.3.1 (web/package-lock.json)");
        assert_eq!(finding.message, "cookie@0.3.1: Cookie takes bad names");
        assert_eq!(finding.remediation.as_deref(), Some("upgrade cookie to 0.7.0"));
        assert_eq!(finding.rule.id, "CVE-2024-47764");
        assert_eq!(finding.rule.cve, ["CVE-2024-47764", "CVE-2020-15366"]);
        assert_eq!((finding.rule.cwe.as_slice(), finding.rule.references.len()), ([74].as_slice(), 1));
    }

    #[test]
    fn an_advisory_is_named_by_the_best_id_that_it_has() {
        let id = |metadata: &str| sca(COOKIE, metadata).rule.id.clone();
        assert_eq!(id(r#"{"cve":"","ghsaId":"GHSA-x","aliases":[{"alias":"CVE-1-1"}]}"#), "CVE-1-1");
        assert_eq!(id(r#"{"ghsaId":"GHSA-x","internalId":"PYSEC-1"}"#), "GHSA-x");
        assert_eq!(id(r#"{"internalId":"PYSEC-1"}"#), "PYSEC-1");
        assert_eq!(id(r#"{"summary":"Bad thing"}"#), "bad-thing");
        assert_eq!(id("null"), "vulnerable-dependency");
    }

    #[test]
    fn of_several_fixes_the_lowest_above_the_installed_version_is_meant() {
        let fixed = |installed: &str, fixes: &str| {
            let library = COOKIE.replace("0.3.1", installed);
            let packages = fixes
                .split(' ')
                .map(|fix| format!(r#"{{"packageName":"cookie","fixed":"{fix}"}}"#))
                .collect::<Vec<_>>();
            sca(
                &library,
                &format!(r#"{{"packages":[{{"packageName":"other","fixed":"9.9.9"}},{}]}}"#, packages.join(",")),
            )
            .remediation
        };
        assert_eq!(fixed("4.17.15", "3.10.2 4.17.21 10.0.0").as_deref(), Some("upgrade cookie to 4.17.21"));
        assert_eq!(fixed("0.3.1", "").as_deref(), None);
        assert_eq!(fixed("9.0.0", "1.0.0 2.0.0").as_deref(), None);
    }

    #[test]
    fn a_dependency_without_library_and_manifest_is_still_a_finding() {
        let finding = sca("null", r#"{"cve":"CVE-1-1"}"#);
        assert_eq!(finding.location, Location::Unmapped { place: String::new() });
        let finding = sca(r#"{"packageName":"x","fileName":"/abs/pom.xml"}"#, r#"{"cve":"CVE-1-1"}"#);
        assert_eq!(finding.location.to_string(), "x");
    }

    #[test]
    fn a_package_of_an_image_is_read_from_a_flat_row() {
        let json = r#"{"id":"v","vulnerabilityIdentifier":"CVE-2023-45853","currentState":"to_verify","currentSeverity":"critical",
            "fixedVersion":"1:1.2.13.dfsg-2","branch":"main","cvss4BaseScore":9.8,"package":{"name":"zlib1g","version":"1:1.2.13.dfsg-1"},
            "vuln":{"vulnerabilityId":"CVE-2023-45853","title":"zlib: overflow","description":"d","type":"","class":"os-pkgs",
                "target":"app:v1 (debian 12)","cweIds":["CWE-190"]}}"#;
        let (key, finding) = read::<ContainerRow>(Family::Container, json).unwrap();
        assert_eq!((&*key, finding.kind, finding.severity), ("v", Kind::Container, Some(Severity::Critical)));
        assert_eq!(finding.location.to_string(), "zlib1g@1:1.2.13.dfsg-1 in app:v1 (debian 12)");
        assert_eq!((finding.rule.id.as_str(), finding.rule.cwe.as_slice()), ("CVE-2023-45853", [190].as_slice()));
        assert_eq!(finding.remediation.as_deref(), Some("upgrade zlib1g to 1:1.2.13.dfsg-2"));
        let bare = r#"{"id":"v","package":null,"vuln":{"pkgName":"zlib1g","installedVersion":"1"}}"#;
        let (_, bare) = read::<ContainerRow>(Family::Container, bare).unwrap();
        assert_eq!((bare.message.as_str(), bare.severity), ("zlib1g@1: vulnerable package in an image", None));
    }

    #[test]
    fn a_package_of_an_image_may_be_wrapped_as_the_other_families_are() {
        let flat = r#""id":"v","currentState":"confirmed","currentSeverity":"critical","cvss4BaseScore":9.8"#;
        let rest = r#""fixedVersion":"2","package":{"name":"zlib1g","version":"1"},"vuln":{"title":"overflow","target":"app:v1"}"#;
        let finding = |json: &str| {
            let (key, finding) = read::<ContainerRow>(Family::Container, json).unwrap();
            (key, serde_json::to_value(finding).unwrap())
        };
        let unwrapped = finding(&format!("{{{flat},{rest}}}"));
        for wrapped in [format!(r#"{{"base":{{{flat}}},{rest}}}"#), format!(r#"{{"base":{{{flat},{rest}}}}}"#)] {
            assert_eq!(finding(&wrapped), unwrapped, "{wrapped}");
        }
        assert_eq!(unwrapped.1["severity"], "critical");
    }
}

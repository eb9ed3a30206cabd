//! CybeDefend's answers as they come, and nothing that is not used. Code snippets and data flows are left undecoded on purpose:
//! those of the secret family hold live secrets (contract 5.4).

use std::fmt;

use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::platform::lenient::{List, Number, Text};
use crate::platform::record::{Fill, Record, Slot, fill_from_map, records};

records! {
    /// `GET /client-apps` (contract 1.2).
    #[derive(Debug, Default)]
    pub(super) struct ClientApps {
        /// The only application that may exchange a personal access token.
        pub(super) cli: Option<ClientApp> = "cli",
        /// The audience for which this instance issues tokens, where it is not the API's base.
        pub(super) logto_resource: Text = "logtoResource",
    }

    /// One application of [`ClientApps`].
    #[derive(Debug, Default)]
    pub(super) struct ClientApp {
        /// Its OAuth client id.
        pub(super) app_id: Text = "appId",
    }
}

/// What `POST /project/{id}/scan/start` takes (contract 3.1), and `POST /project/{id}/scan/container/start` (contract 3.4).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartScan<'a> {
    /// The image's reference, where one is scanned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image_to_scan: Option<&'a str>,
    /// Left out where unknown: the scan is then tied to no branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<&'a str>,
    /// Without it the scan counts as a manual one.
    pub(super) source_type: &'static str,
}

records! {
    /// What a start answers (contract 3.1 and 3.4). It has no `Debug`: the URL is a credential.
    #[derive(Default)]
    pub(super) struct ScanStarted {
        /// The signed address for the archive; an image has none.
        pub(super) url: Text = "url",
        /// The scan's id.
        pub(super) scan_id: Text = "scanId",
        /// The platform's words, one or several (contract 7).
        pub(super) message: List<Text> = "message",
    }

    /// `GET /project/{id}` (contract 3.5).
    #[derive(Default)]
    pub(super) struct Project {
        /// Its id.
        pub(super) project_id: Text = "projectId",
        /// Its name.
        pub(super) name: Text = "name",
    }

    /// `GET /project/{id}/scan/{id}` (contract 4).
    #[derive(Debug, Default)]
    pub(super) struct ScanStatus {
        /// The scan's id.
        pub(super) id: Text = "id",
        /// `queued`, `running`, `completed`, `completed_degraded`, `failed`, or a word in no contract.
        pub(super) state: Text = "state",
        /// 0 to 100.
        pub(super) progress: Number = "progress",
        /// Free text.
        pub(super) step: Text = "step",
        /// Findings so far. What exactly it counts is not documented.
        pub(super) vulnerability_detected: Number = "vulnerabilityDetected",
        /// Why it failed.
        pub(super) error_message: List<Text> = "errorMessage",
        /// One word for why it failed.
        pub(super) error_category: Text = "errorCategory",
    }
}

/// One page of a family's list (contract 5.3).
#[derive(Debug, Default, PartialEq)]
pub(super) struct Page<R> {
    /// Rows of the whole list.
    pub(super) total: Number,
    /// Pages of the whole list.
    pub(super) total_pages: Number,
    /// The rows.
    pub(super) vulnerabilities: List<Option<R>>,
    /// The current or last scan of the project.
    pub(super) scan_project_info: Option<ScanProjectInfo>,
}

impl<R> Page<R> {
    /// The page with other rows in place of its own.
    pub(super) fn map<T>(self, into: fn(R) -> T) -> Page<T> {
        let Self { total, total_pages, vulnerabilities, scan_project_info } = self;
        let vulnerabilities = List(vulnerabilities.0.into_iter().map(|row| row.map(into)).collect());
        Page { total, total_pages, vulnerabilities, scan_project_info }
    }
}

impl<R: Record + Default> Record for Page<R> {
    /// An answer without rows is no list, and must not pass for an empty one.
    fn required(&self) -> Option<&'static str> {
        Some("vulnerabilities")
    }

    fn slot(&mut self, name: &str) -> Option<Slot<'_>> {
        match name {
            "total" => Some((&mut self.total).into()),
            "totalPages" => Some((&mut self.total_pages).into()),
            "vulnerabilities" => Some((&mut self.vulnerabilities).into()),
            "scanProjectInfo" => Some((&mut self.scan_project_info).into()),
            _ => None,
        }
    }
}

impl<'de, R: Record + Default> Deserialize<'de> for Page<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut page = Self::default();
        deserializer.deserialize_any(FillPage(&mut page))?;
        Ok(page)
    }
}

/// The documentation generated from the server shows an array of pages, every client reads one object (contract 0.4).
struct FillPage<'a>(&'a mut dyn Record);

impl<'de> Visitor<'de> for FillPage<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a page of findings, or an array of one page")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        fill_from_map(self.0, map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut pages: A) -> Result<(), A::Error> {
        if pages.next_element_seed(Fill(&mut *self.0))?.is_none() {
            return Err(A::Error::invalid_length(0, &self));
        }
        match pages.next_element::<IgnoredAny>()? {
            None => Ok(()),
            Some(_) => Err(A::Error::invalid_length(2, &self)),
        }
    }
}

records! {
    /// The scan whose results a list shows.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct ScanProjectInfo {
        /// Its id.
        pub(super) scan_id: Text = "scanId",
    }

    /// A row of which nothing is read.
    #[derive(Debug, Default)]
    pub(super) struct UnreadRow {}

    /// A row of the families sast, iac, secret, cicd (contract 5.4) and sca (contract 5.5).
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct WrappedRow {
        /// What a gate needs.
        pub(super) base: Option<Base> = "base",
        /// SCA: the dependency.
        pub(super) library: Option<Library> = "library",
        /// SCA: the advisory.
        pub(super) metadata: Option<Advisory> = "metadata",
        /// SCA: the advisory's CVSS score.
        pub(super) cvss_score: Number = "cvssScore",
    }

    /// What rows share.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct Base {
        pub(super) id: Text = "id",
        pub(super) branch: Text = "branch",
        pub(super) current_state: Text = "currentState",
        /// The effective severity, lower case; not the rule's.
        pub(super) current_severity: Text = "currentSeverity",
        pub(super) path: Text = "path",
        pub(super) vulnerable_start_line: Number = "vulnerableStartLine",
        pub(super) vulnerable_end_line: Number = "vulnerableEndLine",
        /// The rule; `null` for SCA.
        pub(super) vulnerability: Option<RuleDetails> = "vulnerability",
        pub(super) cvss4_base_score: Number = "cvss4BaseScore",
        pub(super) cvss4_environmental_score: Number = "cvss4EnvironmentalScore",
    }

    /// The rule behind a row.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct RuleDetails {
        pub(super) id: Text = "id",
        pub(super) name: Text = "name",
        pub(super) short_description: Text = "shortDescription",
        /// Markdown.
        pub(super) description: Text = "description",
        /// Sentences joined by `., `.
        pub(super) how_to_prevent: List<Text> = "howToPrevent",
        pub(super) cwe: List<Text> = "cwe",
        pub(super) cwe_array: List<Text> = "cweArray",
        pub(super) owasp_top10: List<Text> = "owaspTop10",
    }

    /// The dependency of an SCA row.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct Library {
        pub(super) package_name: Text = "packageName",
        pub(super) package_version: Text = "packageVersion",
        /// The manifest or lock file.
        pub(super) file_name: Text = "fileName",
        pub(super) ecosystem: Text = "ecosystem",
    }

    /// The advisory of an SCA row, in the manner of OSV.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct Advisory {
        pub(super) cve: Text = "cve",
        pub(super) ghsa_id: Text = "ghsaId",
        pub(super) internal_id: Text = "internalId",
        pub(super) summary: Text = "summary",
        /// Markdown.
        pub(super) details: Text = "details",
        pub(super) aliases: List<Option<Alias>> = "aliases",
        pub(super) cwes: List<Option<Weakness>> = "cwes",
        pub(super) references: List<Option<Reference>> = "references",
        pub(super) packages: List<Option<AffectedPackage>> = "packages",
    }

    /// Another name of an advisory.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct Alias {
        pub(super) alias: Text = "alias",
    }

    /// A weakness class of an advisory.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct Weakness {
        pub(super) cwe_id: Text = "cweId",
    }

    /// A web page about an advisory.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct Reference {
        pub(super) url: Text = "url",
    }

    /// A range of versions that an advisory affects.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct AffectedPackage {
        pub(super) package_name: Text = "packageName",
        pub(super) fixed: Text = "fixed",
    }

    /// A row of the container family, which is flat (contract 5.6).
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct ContainerRow {
        /// Only there if an instance wraps this family as it does the others: a severity in there must not be lost.
        pub(super) base: Option<Box<Self>> = "base",
        pub(super) id: Text = "id",
        pub(super) branch: Text = "branch",
        pub(super) vulnerability_identifier: Text = "vulnerabilityIdentifier",
        pub(super) current_state: Text = "currentState",
        pub(super) current_severity: Text = "currentSeverity",
        pub(super) fixed_version: Text = "fixedVersion",
        pub(super) cvss4_base_score: Number = "cvss4BaseScore",
        pub(super) cvss4_environmental_score: Number = "cvss4EnvironmentalScore",
        pub(super) package: Option<ContainerPackage> = "package",
        pub(super) vuln: Option<ContainerAdvisory> = "vuln",
    }
}

impl ContainerRow {
    /// The row without its wrapper: what is inside counts first.
    pub(super) fn flat(mut self) -> Self {
        let Some(inner) = self.base.take() else { return self };
        Self {
            base: None,
            id: inner.id.or(self.id),
            branch: inner.branch.or(self.branch),
            vulnerability_identifier: inner.vulnerability_identifier.or(self.vulnerability_identifier),
            current_state: inner.current_state.or(self.current_state),
            current_severity: inner.current_severity.or(self.current_severity),
            fixed_version: inner.fixed_version.or(self.fixed_version),
            cvss4_base_score: inner.cvss4_base_score.or(self.cvss4_base_score),
            cvss4_environmental_score: inner.cvss4_environmental_score.or(self.cvss4_environmental_score),
            package: inner.package.or(self.package),
            vuln: inner.vuln.or(self.vuln),
        }
    }
}

records! {
    /// The package of a container row.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct ContainerPackage {
        pub(super) name: Text = "name",
        pub(super) version: Text = "version",
    }

    /// The advisory of a container row.
    #[derive(Debug, Default, PartialEq)]
    pub(super) struct ContainerAdvisory {
        pub(super) vulnerability_id: Text = "vulnerabilityId",
        pub(super) pkg_name: Text = "pkgName",
        pub(super) installed_version: Text = "installedVersion",
        pub(super) title: Text = "title",
        pub(super) description: Text = "description",
        /// The image.
        pub(super) target: Text = "target",
        pub(super) cwe_ids: List<Text> = "cweIds",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> Result<Page<WrappedRow>, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_list_is_an_object_or_an_array_of_one() {
        let object = r#"{"total":"3","totalPages":1.0,"vulnerabilities":[null,{},{"base":null}],"scanProjectInfo":null,"new":1}"#;
        let alone = page(object).unwrap();
        assert_eq!((alone.total.count(), alone.total_pages.count()), (Some(3), Some(1)));
        assert_eq!(alone.vulnerabilities.0.len(), 3);
        assert_eq!(page(&format!("[{object}]")).unwrap(), alone);
        for not_a_list in ["[]", &format!("[{object},{object}]"), "{}", r#"{"success":false}"#, "null", "\"\""] {
            assert!(page(not_a_list).is_err(), "{not_a_list}");
        }
    }

    #[test]
    fn an_empty_project_is_a_list_too() {
        let empty = page(r#"{"total":0,"totalPages":0,"vulnerabilities":null}"#).unwrap();
        assert_eq!(empty.vulnerabilities.0.len(), 0);
    }

    #[test]
    fn a_severity_that_is_an_object_is_an_error_and_not_an_absent_one() {
        let json =
            r#"{"total":1,"totalPages":1,"vulnerabilities":[{"base":{"id":"a","currentSeverity":{"word":"low"}}}]}"#;
        assert!(page(json).is_err());
    }

    #[test]
    fn a_start_may_answer_more_or_less_than_documented() {
        let started: ScanStarted =
            serde_json::from_str(r#"{"success":true,"message":["a","b"],"scanId":"s","detectedLanguages":null}"#)
                .unwrap();
        assert_eq!((started.scan_id.get(), started.url.get(), started.message.0.len()), (Some("s"), None, 2));
    }

    #[test]
    fn client_apps_need_not_have_an_audience() {
        let apps: ClientApps = serde_json::from_str(r#"{"cli":{"appId":"a"},"vscode":{"appId":"b"}}"#).unwrap();
        assert_eq!(apps.cli.unwrap().app_id.get(), Some("a"));
        assert_eq!(apps.logto_resource.get(), None);
    }
}

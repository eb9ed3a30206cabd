//! CybeDefend's answers as they come, and nothing that is not used. Code snippets and data flows are left undecoded on purpose:
//! those of the secret family hold live secrets (contract 5.4).

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::platform::lenient::{List, Number, Object, Text, list_of_objects, object_or_null};

/// `GET /client-apps` (contract 1.2).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ClientApps {
    /// The only application that may exchange a personal access token.
    pub(super) cli: Option<ClientApp>,
    /// The audience for which this instance issues tokens, where it is not the API's base.
    pub(super) logto_resource: Text,
}

/// One application of [`ClientApps`].
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ClientApp {
    /// Its OAuth client id.
    pub(super) app_id: Text,
}

/// What `POST /project/{id}/scan/start` takes (contract 3.1).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartScan<'a> {
    /// Left out where unknown: the scan is then tied to no branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) branch: Option<&'a str>,
    /// Without it the scan counts as a manual one.
    pub(super) source_type: &'static str,
}

/// What `POST /project/{id}/scan/container/start` takes (contract 3.4).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StartImageScan<'a> {
    /// The image's reference.
    pub(super) image_to_scan: &'a str,
    /// As in [`StartScan`].
    #[serde(flatten)]
    pub(super) common: StartScan<'a>,
}

/// What a start answers (contract 3.1 and 3.4). It has no `Debug`: the URL is a credential.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ScanStarted {
    /// The signed address for the archive; an image has none.
    pub(super) url: Text,
    /// The scan's id.
    pub(super) scan_id: Text,
    /// The platform's words, one or several (contract 7).
    pub(super) message: List<Text>,
}

/// `GET /project/{id}` (contract 3.5).
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Project {
    /// Its id.
    pub(super) project_id: Text,
    /// Its name.
    pub(super) name: Text,
}

/// `GET /project/{id}/scan/{id}` (contract 4).
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ScanStatus {
    /// The scan's id.
    pub(super) id: Text,
    /// `queued`, `running`, `completed`, `completed_degraded`, `failed`, or a word in no contract.
    pub(super) state: Text,
    /// 0 to 100.
    pub(super) progress: Number,
    /// Free text.
    pub(super) step: Text,
    /// Findings so far. What exactly it counts is not documented.
    pub(super) vulnerability_detected: Number,
    /// Why it failed.
    pub(super) error_message: List<Text>,
    /// One word for why it failed.
    pub(super) error_category: Text,
}

/// One page of a family's list (contract 5.3).
#[derive(Debug, PartialEq)]
pub(super) struct Page<R>(pub(super) PageBody<R>);

/// The page itself.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", bound = "R: Deserialize<'de>")]
pub(super) struct PageBody<R> {
    /// Rows of the whole list.
    #[serde(default)]
    pub(super) total: Number,
    /// Pages of the whole list.
    #[serde(default)]
    pub(super) total_pages: Number,
    /// The rows. They must be there: an answer without them is no list, and must not pass for an empty one.
    #[serde(deserialize_with = "list_of_objects")]
    pub(super) vulnerabilities: List<Option<R>>,
    /// The current or last scan of the project.
    #[serde(default, deserialize_with = "object_or_null")]
    pub(super) scan_project_info: Option<ScanProjectInfo>,
}

/// The scan whose results a list shows.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ScanProjectInfo {
    /// Its id.
    pub(super) scan_id: Text,
}

/// The documentation generated from the server shows an array of pages, every client reads one object (contract 0.4).
impl<'de, R: Deserialize<'de>> Deserialize<'de> for Page<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PageVisitor<R>(PhantomData<R>);

        impl<'de, R: Deserialize<'de>> Visitor<'de> for PageVisitor<R> {
            type Value = Page<R>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a page of findings, or an array of one page")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Page<R>, A::Error> {
                PageBody::deserialize(MapAccessDeserializer::new(map)).map(Page)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut pages: A) -> Result<Page<R>, A::Error> {
                let Some(Object(first)) = pages.next_element()? else {
                    return Err(A::Error::invalid_length(0, &self));
                };
                match pages.next_element::<serde::de::IgnoredAny>()? {
                    None => Ok(Page(first)),
                    Some(_) => Err(A::Error::invalid_length(2, &self)),
                }
            }
        }

        deserializer.deserialize_any(PageVisitor(PhantomData))
    }
}

/// A row of the families sast, iac, secret, cicd (contract 5.4) and sca (contract 5.5).
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct WrappedRow {
    /// What a gate needs.
    #[serde(deserialize_with = "object_or_null")]
    pub(super) base: Option<Base>,
    /// SCA: the dependency.
    pub(super) library: Option<Library>,
    /// SCA: the advisory.
    pub(super) metadata: Option<Advisory>,
    /// SCA: the advisory's CVSS score.
    pub(super) cvss_score: Number,
}

/// What rows share.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Base {
    pub(super) id: Text,
    pub(super) branch: Text,
    pub(super) current_state: Text,
    /// The effective severity, lower case; not the rule's.
    pub(super) current_severity: Text,
    pub(super) path: Text,
    pub(super) vulnerable_start_line: Number,
    pub(super) vulnerable_end_line: Number,
    /// The rule; `null` for SCA.
    pub(super) vulnerability: Option<RuleDetails>,
    pub(super) cvss4_base_score: Number,
    pub(super) cvss4_environmental_score: Number,
}

/// The rule behind a row.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct RuleDetails {
    pub(super) id: Text,
    pub(super) name: Text,
    pub(super) short_description: Text,
    /// Markdown.
    pub(super) description: Text,
    /// Sentences joined by `., `.
    pub(super) how_to_prevent: List<Text>,
    pub(super) cwe: List<Text>,
    pub(super) cwe_array: List<Text>,
    pub(super) owasp_top10: List<Text>,
}

/// The dependency of an SCA row.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Library {
    pub(super) package_name: Text,
    pub(super) package_version: Text,
    /// The manifest or lock file.
    pub(super) file_name: Text,
    pub(super) ecosystem: Text,
}

/// The advisory of an SCA row, in the manner of OSV.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Advisory {
    pub(super) cve: Text,
    pub(super) ghsa_id: Text,
    pub(super) internal_id: Text,
    pub(super) summary: Text,
    /// Markdown.
    pub(super) details: Text,
    pub(super) aliases: List<Option<Alias>>,
    pub(super) cwes: List<Option<Weakness>>,
    pub(super) references: List<Option<Reference>>,
    pub(super) packages: List<Option<AffectedPackage>>,
}

/// Another name of an advisory.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Alias {
    pub(super) alias: Text,
}

/// A weakness class of an advisory.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Weakness {
    pub(super) cwe_id: Text,
}

/// A web page about an advisory.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) url: Text,
}

/// A range of versions that an advisory affects.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct AffectedPackage {
    pub(super) package_name: Text,
    pub(super) fixed: Text,
}

/// A row of the container family, which is flat (contract 5.6).
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerRow {
    /// Only there if an instance wraps this family as it does the others: a severity in there must not be lost.
    #[serde(deserialize_with = "object_or_null")]
    pub(super) base: Option<Box<Self>>,
    pub(super) id: Text,
    pub(super) branch: Text,
    pub(super) vulnerability_identifier: Text,
    pub(super) current_state: Text,
    pub(super) current_severity: Text,
    pub(super) fixed_version: Text,
    pub(super) cvss4_base_score: Number,
    pub(super) cvss4_environmental_score: Number,
    pub(super) package: Option<ContainerPackage>,
    pub(super) vuln: Option<ContainerAdvisory>,
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

/// The package of a container row.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerPackage {
    pub(super) name: Text,
    pub(super) version: Text,
}

/// The advisory of a container row.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ContainerAdvisory {
    pub(super) vulnerability_id: Text,
    pub(super) pkg_name: Text,
    pub(super) installed_version: Text,
    pub(super) title: Text,
    pub(super) description: Text,
    /// The image.
    pub(super) target: Text,
    pub(super) cwe_ids: List<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(json: &str) -> Result<PageBody<WrappedRow>, serde_json::Error> {
        serde_json::from_str::<Page<WrappedRow>>(json).map(|page| page.0)
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

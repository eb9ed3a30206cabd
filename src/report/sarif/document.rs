//! The log as it is written: the outer objects here, results and rules made one at a time.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use serde_sarif::sarif::{
    ArtifactLocation, Invocation, Message, Notification, RunAutomationDetails, ToolComponent, ToolComponentReference,
    VersionControlDetails,
};

use super::plan::{Notice, NoticeLevel, Plan, Run, Tool};
use super::{location, result, rule, taxonomy};
use crate::report::text::{https_link, line, shorten};
use crate::report::{Report, RunFacts};

/// Where people read about SARIF 2.1.0's schema; the address that GitHub's own documentation gives.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
/// So many notifications fit beside the results whatever the platforms say.
const NOTICE_LIMIT: usize = 100;

#[derive(Serialize)]
pub(super) struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<RunObject<'a>>,
}

impl<'a> Log<'a> {
    pub(super) fn of(plan: &'a Plan<'a>, report: &Report<'_>) -> Self {
        let runs = plan.runs.iter().map(|run| RunObject::of(run, report)).collect();
        Self { schema: SCHEMA, version: "2.1.0", runs }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunObject<'a> {
    tool: ToolObject<'a>,
    automation_details: RunAutomationDetails,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, ArtifactLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_control_provenance: Option<[VersionControlDetails; 1]>,
    taxonomies: Vec<ToolComponent>,
    column_kind: &'static str,
    results: Results<'a>,
}

impl<'a> RunObject<'a> {
    fn of(run: &'a Run<'a>, report: &Report<'_>) -> Self {
        let root = Message::builder().text("The root of the repository.").build();
        let taxonomies =
            if run.weaknesses.is_empty() { Vec::new() } else { vec![taxonomy::weaknesses(&run.weaknesses)] };
        Self {
            tool: ToolObject { driver: Driver::of(run) },
            automation_details: RunAutomationDetails::builder().id(run.category.clone()).build(),
            invocations: [invocation(run, report)],
            original_uri_base_ids: BTreeMap::from([(
                location::ROOT,
                ArtifactLocation::builder().description(root).build(),
            )]),
            version_control_provenance: provenance(report.run).map(|details| [details]),
            taxonomies,
            column_kind: "utf16CodeUnits",
            results: Results(run),
        }
    }
}

#[derive(Serialize)]
struct ToolObject<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: String,
    full_name: String,
    organization: String,
    semantic_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    information_uri: Option<String>,
    supported_taxonomies: Vec<ToolComponentReference>,
    rules: Rules<'a>,
}

impl<'a> Driver<'a> {
    fn of(run: &'a Run<'a>) -> Self {
        let (name, full_name) = match run.tool {
            Tool::Platform(result) => (result.platform, format!("{}, run by scangate", result.platform)),
            Tool::Scangate(_) => ("scangate", "scangate, for several platforms".to_owned()),
        };
        let supported_taxonomies = if run.weaknesses.is_empty() {
            Vec::new()
        } else {
            vec![ToolComponentReference::builder().name(taxonomy::NAME).index(0).build()]
        };
        Self {
            name: name.to_owned(),
            full_name,
            organization: name.to_owned(),
            semantic_version: env!("CARGO_PKG_VERSION"),
            information_uri: https_link(run.tool.documentation()),
            supported_taxonomies,
            rules: Rules(run),
        }
    }
}

struct Rules<'a>(&'a Run<'a>);

impl Serialize for Rules<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(run) = self;
        serializer.collect_seq(run.rules.iter().map(|used| rule::descriptor(used, run.tool.documentation())))
    }
}

struct Results<'a>(&'a Run<'a>);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(run) = self;
        serializer.collect_seq(
            run.results.iter().map(|placed| result::object(placed, run.rules.get(placed.rule), run.suppressed)),
        )
    }
}

fn invocation(run: &Run<'_>, report: &Report<'_>) -> Invocation {
    let conclusion = report.conclusion;
    let softened = if conclusion.softened { ", softened" } else { "" };
    let mut notices: Vec<Notification> = run.notices.iter().take(NOTICE_LIMIT).map(notification).collect();
    if let Some(more) = run.notices.len().checked_sub(NOTICE_LIMIT).filter(|&more| more > 0) {
        let text = format!("{more} more notifications are left out");
        notices.push(notification(&Notice { level: NoticeLevel::Warning, text }));
    }
    Invocation::builder()
        .execution_successful(run.is_complete)
        .exit_code(i64::from(conclusion.exit_code))
        .exit_code_description(format!("{}{softened}", conclusion.class))
        .start_time_utc(time(report.run.started))
        .end_time_utc(time(report.run.ended))
        .arguments(report.run.arguments.iter().map(|argument| line(argument)).collect::<Vec<_>>())
        .tool_execution_notifications(notices)
        .build()
}

fn notification(notice: &Notice) -> Notification {
    let level: Value = match notice.level {
        NoticeLevel::Error => json!("error"),
        NoticeLevel::Warning => json!("warning"),
        NoticeLevel::Note => json!("note"),
    };
    let text = shorten(result::literal(&notice.text), 1_000);
    Notification::builder().message(Message::builder().text(text).build()).level(level).build()
}

/// To the second, in UTC (RFC 3339).
fn time(moment: jiff::Timestamp) -> String {
    format!("{moment:.0}")
}

fn provenance(facts: &RunFacts) -> Option<VersionControlDetails> {
    let repository = https_link(facts.repository_url.as_deref()?)?;
    let root = ArtifactLocation::builder().uri_base_id(location::ROOT).build();
    let mut details = VersionControlDetails::builder().repository_uri(repository).mapped_to(root).build();
    details.revision_id = Some(line(facts.commit.as_deref()?));
    details.branch = facts.branch.as_deref().map(line);
    Some(details)
}

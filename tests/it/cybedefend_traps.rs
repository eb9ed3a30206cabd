//! What bites whoever writes a client of CybeDefend: the traps of its contract (0.3, 0.4) and the defects of the vendor's own
//! client (8.4). Each that concerns what we build has a test whose name says how we behave; those below drive the whole pipeline.
//!
//! | item | what bites | tests |
//! |---|---|---|
//! | 0.3 (1) | bracketed filters are ignored in silence | `filters_are_repeated_plain_keys_and_both_dialects_of_paging_are_spoken` |
//! | 0.3 (2) | findings are nested, those of containers flat | `the_gate_sees_every_family_where_it_keeps_its_severities` |
//! | 0.3 (3) | a severity filter drops unrated findings | `a_finding_without_a_severity_is_fetched_and_gates` |
//! | 0.3 (4) | `expires_in` cannot be trusted | `a_scan_outlives_its_tokens_whatever_they_claim` |
//! | 0.3 (5) | a failed scan, a policy that has not started | `a_failed_scan_never_passes_and_says_why`, `an_evaluation_that_starts_late_blocks_all_the_same` |
//! | 0.4 | token lifetime | `an_overstated_life_is_not_believed_and_a_tiny_one_is` |
//! | 0.4 | precedence of credentials | `two_credentials_in_one_layer_are_a_usage_error` |
//! | 0.4 | the start's reply | `a_start_may_answer_more_or_less_than_documented`, `a_start_without_a_usable_id_or_address_is_a_protocol_error` |
//! | 0.4 | the list is an object or an array | `a_list_is_an_object_or_an_array_of_one` |
//! | 0.4 | the page size is not honoured | `a_list_is_read_to_its_last_page`, `a_server_that_repeats_its_first_page_is_not_asked_for_ever` |
//! | 0.4 | statuses that were removed | `only_the_documented_words_close_a_finding` |
//! | 0.4 | `completed_degraded` | `a_degraded_scan_keeps_its_findings_and_is_incomplete`, `every_documented_state_is_read_whatever_its_case` |
//! | 0.4 | the key of an acknowledgement | `an_acknowledgement_is_read_from_either_key_and_doubt_is_none` |
//! | 0.4 | wrapped answers | `answers_may_be_wrapped` |
//! | 0.4 | the platform's ignore files | `the_platforms_own_ignore_file_reaches_it` |
//! | 8.4 (1) | a gate that never blocked: top level, one family, one page, any branch | `the_gate_sees_every_family_where_it_keeps_its_severities`, `findings_on_pages_beyond_the_hundredth_count`, `findings_of_another_branch_do_not_gate` |
//! | 8.4 (2) | exports with ignored findings | `filters_are_repeated_plain_keys_and_both_dialects_of_paging_are_spoken`, `only_the_documented_words_close_a_finding` |
//! | 8.4 (3) | container findings dropped | `an_image_is_gated_by_its_own_findings`, `a_package_of_an_image_is_read_from_a_flat_row` |
//! | 8.4 (4) | a list that fails is a warning, one outside the plan ends the run | `a_list_that_cannot_be_read_is_no_verdict`, `a_family_outside_the_plan_is_said_and_the_others_gate` |
//! | 8.4 (5) | any text with 403 skips a family, all refused pass, 100 pages | `a_403_in_the_words_of_another_refusal_skips_no_family`, `refused_lists_never_pass_when_all_are_or_the_project_cannot_be_seen`, `findings_on_pages_beyond_the_hundredth_count` |
//! | 8.4 (6) | a failed scan exits 0 | `a_failed_scan_never_passes_and_says_why` |
//! | 8.4 (7) | the severity gate ends before policy and summary | `a_tripped_threshold_still_has_the_policys_verdict_and_its_reports` |
//! | 8.4 (8) | `NOT_STARTED` passes, unknown actions warn | `an_evaluation_that_starts_late_blocks_all_the_same`, `block_blocks_warn_does_not_and_an_unknown_action_blocks_with_a_note` |
//! | 8.4 (9) | verdicts read at the wrong level | `answers_may_be_wrapped`, `a_scan_that_is_called_non_compliant_never_passes_without_an_explanation` |
//! | 8.4 (10) | no deadline, no retry | `unknown_states_and_endless_queues_end_at_the_deadline`, `a_failure_in_passing_ends_no_run` |
//! | 8.4 (11) | no renewal on 401, tokens that are empty or end at once | `a_scan_outlives_its_tokens_whatever_they_claim`, `an_answer_without_a_token_is_an_error`, `calls_side_by_side_renew_once` |
//! | 8.4 (12) | fractional progress, the reason of a failure | `every_documented_state_is_read_whatever_its_case`, `a_failed_scan_never_passes_and_says_why` |
//! | 8.4 (13) | a request in every command | `the_scan_of_an_image_is_watched_and_its_application_asked_for_once`, `a_look_at_the_files_asks_nobody` |
//! | 8.4 (14) | a region in capitals mixes hosts | `a_region_is_known_in_either_case_and_from_the_highest_layer`, `hosts_of_two_regions_are_never_mixed` |
//! | 8.4 (15) | the scanned repository redirects the token | `a_config_file_in_the_scanned_tree_moves_neither_host_nor_token` |
//! | 8.4 (16) | hosts, client and audience that do not belong together | `a_region_or_one_of_its_urls_brings_all_hosts_of_that_region`, `the_built_in_application_stands_in_only_for_the_cloud` |
//! | 8.4 (17) | secrets on the command line and in debug output | `nothing_said_holds_the_token_or_the_signed_address` |
//! | 8.4 (19) | the archive: links, pipes, modes, left behind | `links_give_only_the_content_of_files_that_are_archived_anyway`, `what_is_no_file_is_left_out_without_being_opened`, `the_temporary_archive_is_private_and_deleted`, `an_archive_does_not_outlive_a_scan_that_was_refused` |
//! | 8.4 (20) | uploads that cannot be repeated, `sourceType`, a branch called main | `an_upload_that_was_cut_off_is_sent_again`, `a_scan_is_started_with_the_branch_and_its_archive_goes_to_storage_without_the_token`, `a_scan_of_no_known_branch_is_tied_to_none_and_never_to_main` |
//! | 8.4 (21) | SARIF: null results, no such file, severity of the rule | `a_clean_scan_is_sarif_with_an_empty_list`, `a_finding_lies_in_a_file_and_has_its_own_severity` |
//! | 8.4 (22) | a summary that escapes nothing, counts what it does not list, calls errors good | `hostile_text_is_read_and_does_nothing`, `hostile_text_gives_no_command_ends_no_group_and_does_nothing_in_the_summary`, `what_does_not_fit_is_cut_from_the_least_on_and_said`, `the_worst_findings_are_first_closed_ones_missing_and_places_links_and_advice_there`, `the_verdict_is_the_heading_and_without_one_that_is_said_first` |
//! | 8.4 (23) | renamed reports, logs among documents | `a_report_keeps_the_name_that_it_was_given`, `a_report_to_standard_output_is_alone_on_it` |
//! | 8.4 (24) | the name of a branch becomes arguments of the action; no SARIF to upload | `nothing_stands_between_the_runner_and_the_program`, `a_hostile_branch_gives_way_to_the_pull_requests_number`, `what_is_no_command_is_refused_with_those_there_are`, `all_outputs_are_read_back_and_agree_with_the_outcome_file` |
//! | 8.4 (25) | an image with a toolchain and the sources in it, documentation of commands that there are not | `the_image_is_the_program_alone_and_says_that_it_is_the_action`, `the_program_understands_every_command_line_in_the_documentation` |
//!
//! Of 8.4 (24) and (25), `.ci/container` shows more: the image itself is run as GitHub runs it. The rest is about what this build
//! has not: the old documentation, the vendor's config file, browser login (8.4, 18), and HTML (8.4, 22).
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

mod run;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use scangate::error::Class;
use scangate::finding::{Kind, Location, Severity};
use scangate::gate::Broken;
use scangate::sandbox::Policy;

use crate::harness::Scangate;
use crate::pipeline::Ended;
use crate::sandbox::CARELESS;
use crate::served::Served;
use run::{CLEAN, Platform};

const OPEN: &[(&str, &str)] = &[("fail-on", "none")];

#[tokio::test]
async fn the_gate_sees_every_family_where_it_keeps_its_severities() {
    let platform = Platform::start(&[]).await;
    let code = platform.scan(CARELESS, &[("fail-on", "info")]).await;
    let image = platform.scan_image("node:18", &[("fail-on", "info")]).await;
    let tripped: BTreeSet<&str> = [&code, &image]
        .into_iter()
        .flat_map(Ended::broken)
        .filter_map(|broken| match broken {
            Broken::Limit { kind, .. } => Some(kind.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(tripped, Kind::ALL[..6].iter().map(|kind| kind.as_str()).collect(), "{tripped:?}");
    code.assert_class(Class::Findings);
}

#[tokio::test]
async fn findings_on_pages_beyond_the_hundredth_count() {
    let ended =
        Platform::start(&["many=10150"]).await.scan(CLEAN, &[("max", "*.*=10149"), ("unrated", "medium")]).await;
    ended.assert_class(Class::Passed);
    assert_eq!(ended.findings().len(), 10_150);
    assert_eq!(ended.findings().iter().map(|finding| &finding.id).collect::<BTreeSet<_>>().len(), 10_150);
}

#[tokio::test]
async fn findings_of_another_branch_do_not_gate() {
    let platform = Platform::start(&[]).await;
    platform.scan(CARELESS, &[("branch", "feature")]).await.assert_class(Class::Findings);
    platform.scan(CLEAN, &[("branch", "main"), ("fail-on", "info")]).await.assert_class(Class::Passed);
}

#[tokio::test]
async fn a_finding_without_a_severity_is_fetched_and_gates() {
    let platform = Platform::start(&[]).await;
    let tree = &[("requirements.txt", "flask\n")];
    let ended = platform.scan(tree, &[("unrated", "fail"), ("fail-on", "none")]).await;
    ended.assert_class(Class::Findings);
    assert!(matches!(ended.broken().next(), Some(Broken::Unrated { count: 1, .. })));
    platform.scan(tree, &[("fail-on", "medium")]).await.assert_class(Class::Findings);
    platform.scan(tree, &[("fail-on", "medium"), ("unrated", "ignore")]).await.assert_class(Class::Passed);
}

#[tokio::test]
async fn a_scan_outlives_its_tokens_whatever_they_claim() {
    for fault in ["expires-in-lie", "expire-token=4"] {
        let half_an_hour = Duration::from_mins(30);
        let platform = Platform::with(&[fault], |options| options.cybedefend.scan_duration = half_an_hour).await;
        let ended = platform.scan(CARELESS, OPEN).await;
        ended.assert_class(Class::Passed);
        assert!(ended.took > half_an_hour, "{:?}", ended.took);
        assert_eq!(ended.findings().len(), 7);
    }
}

#[tokio::test]
async fn a_failed_scan_never_passes_and_says_why() {
    let ended = Platform::start(&["failed-scan"]).await.scan(CARELESS, OPEN).await;
    ended.assert_class(Class::ScanFailed);
    let message = &ended.problem().message;
    assert!(message.contains("The scanner ended with an error (category scan)"), "{message}");
}

#[tokio::test]
async fn a_degraded_scan_keeps_its_findings_and_is_incomplete() {
    let platform = Platform::start(&["degraded-scan"]).await;
    let ended = platform.scan(CARELESS, OPEN).await;
    ended.assert_class(Class::Incomplete);
    assert!(ended.problem().message.contains("The dependency scanner did not finish"), "{:?}", ended.problem());
    assert_eq!(ended.findings().len(), 5, "all but the dependencies");
    assert_eq!(ended.sarif()["runs"][0]["invocations"][0]["executionSuccessful"], false);
    assert_eq!(ended.sarif()["runs"][0]["results"].as_array().unwrap().len(), 5);
    platform.scan(CARELESS, &[]).await.assert_class(Class::Findings);
    platform.scan(CLEAN, &[]).await.assert_class(Class::Incomplete);
}

#[tokio::test]
async fn the_platforms_own_ignore_file_reaches_it() {
    let platform = Platform::start(&[]).await;
    let code = ("legacy/old.py", "eval(input())\n");
    platform.scan(&[code], &[]).await.assert_class(Class::Findings);
    for name in [".cybeignore", ".cybedefend", ".cybedefend/ignore"] {
        platform.scan(&[code, (name, "legacy/\n")], &[]).await.assert_class(Class::Passed);
    }
}

#[tokio::test]
async fn an_image_is_gated_by_its_own_findings() {
    let platform = Platform::start(&[]).await;
    platform.scan(CARELESS, OPEN).await.assert_class(Class::Passed);
    let ended = platform.scan_image("node:18", &[]).await;
    ended.assert_class(Class::Findings);
    assert_eq!(ended.findings().len(), 3);
    assert!(ended.findings().iter().all(|finding| {
        matches!(&finding.location, Location::Image { image, package: Some(_) } if image.contains("node:18"))
    }));
    assert_eq!(ended.findings()[0].severity, Some(Severity::Critical));
    let category = &ended.sarif()["runs"][0]["automationDetails"]["id"];
    assert_eq!(category, "scangate/cybedefend/node/", "or the next upload of a source scan would close its alerts");
    assert_eq!(ended.paths().len(), 2, "an outcome, a report, and no archive: {:?}", ended.paths());
    let other = platform.scan_image("registry.example/app:1", &[]).await;
    other.assert_class(Class::Findings);
    assert!(other.has_note("3 of the container findings do not name registry.example/app:1"));
    let refused = Platform::start(&["plan-403=container"]).await.scan_image("node:18", OPEN).await;
    refused.assert_class(Class::Auth);
    assert!(refused.problem().message.contains("plan does not include"), "{:?}", refused.problem());
}

#[tokio::test]
async fn a_list_that_cannot_be_read_is_no_verdict() {
    for (fault, class) in
        [("500=99@results", Class::Unavailable), ("html", Class::Protocol), ("cut-json", Class::Protocol)]
    {
        Platform::start(&[fault]).await.scan(CLEAN, OPEN).await.assert_class(class);
    }
}

#[tokio::test]
async fn a_family_outside_the_plan_is_said_and_the_others_gate() {
    let ended = Platform::start(&["plan-403=cicd"]).await.scan(CARELESS, &[]).await;
    ended.assert_class(Class::Findings);
    assert!(ended.has_note("the cicd list was refused") && ended.findings().len() == 6, "{:?}", ended.result().notes);
}

#[tokio::test]
async fn a_tripped_threshold_still_has_the_policys_verdict_and_its_reports() {
    let platform = Platform::with(&[], |options| options.cybedefend.policy = Some(Policy::default())).await;
    let ended = platform.scan(CARELESS, &[("fail-on", "low")]).await;
    ended.assert_class(Class::Findings);
    let rules = ended.broken().fold((0, 0), |(limits, policies), broken| match broken {
        Broken::Limit { .. } => (limits + 1, policies),
        Broken::Policy { title, count: 1, .. } if title == "No critical findings" => (limits, policies + 1),
        other => panic!("{other:?}"),
    });
    assert!(rules.0 > 1 && rules.1 == 1, "{rules:?}");
    assert!(ended.has_note("policy warns: No high findings"), "{:?}", ended.result().notes);
    assert!(ended.file("outcome.json").contains("\"action\": \"BLOCK\""), "{}", ended.file("outcome.json"));
    let policy_alone = platform.scan(CARELESS, OPEN).await;
    policy_alone.assert_class(Class::Findings);
    assert_eq!(policy_alone.broken().count(), 1);
}

#[tokio::test]
async fn an_evaluation_that_starts_late_blocks_all_the_same() {
    // Long after the end of the scan it still says NOT_STARTED, and there is a policy.
    for seconds in [0, 20, 29, 120] {
        let fault = format!("policy-late={seconds}");
        let platform = Platform::with(&[&fault], |options| options.cybedefend.policy = Some(Policy::default())).await;
        platform.scan(CARELESS, OPEN).await.assert_class(Class::Findings);
    }
}

#[tokio::test]
async fn a_project_without_policies_passes_after_the_half_minute_in_which_one_could_have_shown() {
    let platform = Platform::start(&[]).await;
    let with = platform.scan(CLEAN, &[]).await;
    with.assert_class(Class::Passed);
    assert!(with.result().policy.is_none());
    let without = platform.scan(CLEAN, &[("vendor-policy", "off")]).await;
    without.assert_class(Class::Passed);
    assert_eq!(with.took.saturating_sub(without.took), Duration::from_secs(30));
    assert!(with.result().requests - without.result().requests <= 12);
}

#[tokio::test]
async fn an_unfinished_policy_never_passes_unless_it_is_left_out() {
    for (fault, words) in [("policy-failed", "failed to evaluate"), ("policy-stuck", "in progress after 300 s")] {
        let platform = Platform::start(&[fault]).await;
        let ended = platform.scan(CLEAN, &[]).await;
        ended.assert_class(Class::Incomplete);
        assert!(ended.problem().message.contains(words), "{:?}", ended.problem());
        assert!(ended.problem().hint.as_deref().unwrap().contains("--vendor-policy off"));
        platform.scan(CLEAN, &[("vendor-policy", "off")]).await.assert_class(Class::Passed);
    }
    let ended = Platform::start(&["policy-stuck"]).await.scan(CLEAN, &[("timeout", "30s")]).await;
    ended.assert_class(Class::Incomplete);
    assert!(ended.took <= Duration::from_secs(30), "{:?}", ended.took);
}

#[tokio::test]
async fn acknowledged_violations_pass_and_are_listed() {
    let accepted = Policy { acknowledged: true, ..Policy::default() };
    let ended =
        Platform::with(&[], |options| options.cybedefend.policy = Some(accepted)).await.scan(CARELESS, OPEN).await;
    ended.assert_class(Class::Passed);
    assert!(ended.has_note("acknowledged there: No critical findings"), "{:?}", ended.result().notes);
    let violations = &ended.result().policy.as_ref().unwrap().violations;
    assert!(violations.len() == 2 && violations.iter().all(|violation| violation.acknowledged && !violation.blocks));
}

#[tokio::test]
async fn an_outage_behind_the_findings_does_not_hide_that_some_are_missing() {
    let faults = ["page-lies", "500=99@policy"];
    let ended = Platform::start(&faults).await.scan(CLEAN, &[("fail-on", "none"), ("on", "unavailable=warn")]).await;
    ended.assert_class(Class::Incomplete);
    assert!(ended.problem().detail.iter().any(|line| line.contains("evaluation-status")), "{:?}", ended.problem());
    Platform::start(&["500=99@policy"]).await.scan(CLEAN, OPEN).await.assert_class(Class::Unavailable);
}

#[tokio::test]
async fn unknown_states_and_endless_queues_end_at_the_deadline() {
    for fault in ["unknown-state=archived", "stuck-queued"] {
        let ended = Platform::start(&[fault]).await.scan(CLEAN, OPEN).await;
        ended.assert_class(Class::Timeout);
        assert!(ended.took > Duration::from_mins(59) && ended.took <= Duration::from_hours(1), "{:?}", ended.took);
    }
}

#[tokio::test]
async fn a_failure_in_passing_ends_no_run() {
    for fault in ["500=3@status", "503=2@start", "reset=2@results", "429-reset@policy", "429-date"] {
        Platform::start(&[fault]).await.scan(CLEAN, &[]).await.assert_class(Class::Passed);
    }
}

#[tokio::test]
async fn an_upload_that_was_cut_off_is_sent_again() {
    for fault in ["upload-cut=2", "upload-412"] {
        let ended = Platform::start(&[fault]).await.scan(CARELESS, OPEN).await;
        ended.assert_class(Class::Passed);
        assert_eq!(ended.findings().len(), 7, "{fault}");
    }
}

#[tokio::test]
async fn a_clean_scan_is_sarif_with_an_empty_list() {
    let ended = Platform::start(&[]).await.scan(CLEAN, &[]).await;
    ended.assert_class(Class::Passed);
    assert_eq!(ended.sarif()["runs"][0]["results"], serde_json::json!([]));
    assert_eq!(ended.sarif()["runs"][0]["invocations"][0]["executionSuccessful"], true);
}

#[tokio::test]
async fn a_finding_lies_in_a_file_and_has_its_own_severity() {
    let ended = Platform::start(&[]).await.scan(&[("requirements.txt", "PyYAML==5.3.1\n")], &[]).await;
    let sarif = ended.sarif();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "requirements.txt");
    assert_eq!(result["level"], "error");
    assert!(result["ruleId"].as_str().unwrap().starts_with("CVE-"), "{result:#}");
}

#[tokio::test]
async fn a_report_keeps_the_name_that_it_was_given() {
    let ended = Platform::start(&[]).await.scan(CLEAN, &[]).await;
    let names: BTreeSet<_> = ended.paths().into_iter().collect();
    assert_eq!(names, ["outcome.json", "report.out", "tree"].map(Into::into).into());
}

#[test]
fn a_look_at_the_files_asks_nobody() {
    let nowhere = "http://127.0.0.1:1";
    let look = Scangate::new(["scan", "--list-files"]).file("a.py", "").env("CYBEDEFEND_API_URL", nowhere);
    let ended = look.env("CYBEDEFEND_AUTH_ENDPOINT", nowhere).env("CYBEDEFEND_PAT", "pat_0123456789").run();
    ended.assert_exit_code(0);
    assert_eq!(ended.stdout(), "a.py\n");
    let image = Scangate::new(["scan", "--list-files", "--image", "node:18"]).run();
    image.assert_exit_code(2).assert_stderr_has("nothing is uploaded");
}

#[test]
fn a_config_file_in_the_scanned_tree_moves_neither_host_nor_token() {
    let served = Served::with_faults(&[]);
    let config =
        "api_url: http://127.0.0.1:1\nauth_endpoint: http://127.0.0.1:1\npat: pat_of_somebody_else\nproject_id: p\n";
    let names = ["config.yaml", "config.yml", "config.json", "config.toml", ".cybedefend/config.yml"];
    let scan = names.into_iter().fold(served.scan(&["--fail-on", "none"]), |scan, name| scan.file(name, config));
    scan.run().assert_exit_code(0);
}

#[test]
fn nothing_said_holds_the_token_or_the_signed_address() {
    let served = Served::with_faults(&["upload-cut=1"]);
    let ended = served.scan(&["-vv", "--fail-on", "none"]).run();
    ended.assert_exit_code(0).assert_no_trace_of(served.variable("CYBEDEFEND_PAT"));
    ended.assert_no_trace_of("X-Goog-Signature").assert_no_trace_of("eyJ");
    let token = served.variable("CYBEDEFEND_PAT");
    let warned = served.scan(&["--fail-on", "none", "--pat", token]).run();
    warned.assert_stderr_has("other processes can read");
}

#[test]
fn an_archive_does_not_outlive_a_scan_that_was_refused() {
    let served = Served::with_faults(&["no-access-403"]);
    served.scan(&[]).run().assert_exit_code(3).assert_nothing_left_behind();
}

#[test]
fn every_test_of_the_table_exists() {
    let table = include_str!("cybedefend_traps.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
    let cells = table.filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | ")).map(|(_, tests)| tests);
    let names: Vec<&str> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    assert!(names.len() > 50, "{names:?}");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    for folder in ["src", "tests/it"] {
        read_sources(&root.join(folder), &mut sources);
    }
    let missing: Vec<_> = names.iter().filter(|name| !sources.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

fn read_sources(folder: &Path, sources: &mut String) {
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read_sources(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&fs_err::read_to_string(&path).unwrap());
        }
    }
}

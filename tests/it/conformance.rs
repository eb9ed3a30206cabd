//! What every platform has to get right, whatever it is: each case is a test, and loops over all platforms.
//!
//! A run is the whole pipeline against the sandbox, on a clock that the two share, so that an hour of waiting takes no time. Most
//! cases lift every threshold: then only the fault itself can keep a run from passing. What the sandbox cannot say is said by a
//! server of a few lines ([`foreign`]), and what a terminal gets to see comes from the program as a process ([`printed`]).
//!
//! A further platform does not compile here before it has its [`row`], and fails until it is whole.
#![expect(clippy::unwrap_used, reason = "a helper of a test may fail as loudly as the test")]

mod case;
mod foreign;
mod judge;
mod printed;
mod requests;
mod row;
mod run;

use std::collections::BTreeSet;

use judge::Judge;
use row::rows;

/// Declares each case once, as a test and as a row of [`CASES`]: the name that the issue has for it, and what is done.
macro_rules! cases {
    ($($name:ident: $words:literal => $check:path;)*) => {
        const CASES: &[&str] = &[$($words),*];

        $(
            #[tokio::test]
            async fn $name() {
                let mut judge = Judge::new($words);
                for row in rows() {
                    judge.begin(&row);
                    if row.exemption($words).is_none() {
                        $check(&row, &mut judge).await;
                    }
                }
                judge.end();
            }
        )*
    };
}

cases! {
    a_scan_without_findings_passes: "pass" => case::verdict::pass;
    findings_above_the_threshold_fail_the_gate: "gate fails" => case::verdict::gate_fails;
    a_first_answer_of_401_ends_only_what_cannot_be_renewed: "401 first" => case::access::first_401;
    a_401_in_the_poll_ends_only_what_cannot_be_renewed: "401 in the poll" => case::access::polled_401;
    a_403_is_a_matter_of_access: "403" => case::access::forbidden;
    a_404_is_forgiven_only_while_a_scan_is_young: "404" => case::access::not_found;
    a_429_with_a_date_is_waited_out: "429 with date" => case::transport::limited_until_a_date;
    a_429_with_seconds_is_waited_out: "429 with seconds" => case::transport::limited_for_seconds;
    a_429_with_a_reset_is_waited_out: "429 with reset" => case::transport::limited_until_a_reset;
    a_500_that_passes_is_passed_over_and_a_scan_asked_for_once: "500 then fine" => case::transport::server_error;
    a_body_that_breaks_off_is_read_again: "reset in the middle of a body" => case::transport::reset;
    json_that_ends_too_early_is_not_understood: "cut JSON" => case::answer::cut_json;
    a_web_page_in_place_of_json_is_not_understood: "HTML with 200" => case::answer::html;
    an_unknown_state_for_ever_is_named_once_and_times_out: "unknown state for ever" => case::scan::unknown_state;
    a_scan_that_failed_is_no_verdict: "failed scan" => case::scan::failed;
    findings_on_three_pages_are_all_read: "three pages" => case::answer::three_pages;
    a_list_with_fewer_rows_than_it_claims_is_incomplete: "page lies" => case::answer::page_lies;
    a_redirect_to_another_origin_gets_no_request: "redirect to another origin" => case::answer::redirect;
    the_deadline_ends_a_run_before_it_is_over: "deadline" => case::scan::deadline;
    a_signal_cancels_the_scan_where_that_is_documented: "cancel" => case::scan::cancel;
    hostile_text_has_no_effect_where_it_is_shown: "hostile text" => case::text::hostile;
    a_secret_is_in_nothing_that_is_said_or_left: "secret in no output" => case::text::secret;
    what_a_scan_would_end_with_is_found_without_one: "doctor" => case::doctor::every_end;
}

/// The cases that every platform has to be tried with, as issues 4 and 5 list them.
const REQUIRED: [&str; 23] = [
    "pass",
    "gate fails",
    "401 first",
    "401 in the poll",
    "403",
    "404",
    "429 with date",
    "429 with seconds",
    "429 with reset",
    "500 then fine",
    "reset in the middle of a body",
    "cut JSON",
    "HTML with 200",
    "unknown state for ever",
    "failed scan",
    "three pages",
    "page lies",
    "redirect to another origin",
    "deadline",
    "cancel",
    "hostile text",
    "secret in no output",
    "doctor",
];

#[test]
fn every_required_case_is_there_and_every_platform_is_tried_with_it_or_says_why_not() {
    assert_eq!(CASES, REQUIRED);
    for row in rows() {
        for (case, reason) in row.exempt {
            assert!(CASES.contains(case), "{} is let off `{case}`, which is no case", row.platform);
            assert!(reason.split_whitespace().count() >= 4, "{}: `{case}` needs a reason", row.platform);
        }
        let exempt: BTreeSet<_> = row.exempt.iter().map(|(case, _)| case).collect();
        assert!(exempt.len() <= 1, "{} is let off too much: {exempt:?}", row.platform);
    }
}

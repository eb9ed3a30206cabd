//! What `scangate doctor` finds before a scan is spent.

use serde_json::Value;

use crate::conformance::judge::Judge;
use crate::conformance::printed;
use crate::conformance::row::Row;
use crate::harness::Ended;

pub(in crate::conformance) async fn every_end(row: &Row, judge: &mut Judge) {
    let ends: [(&[&str], &[&str], i32); 6] = [
        (&[], &[], 0),
        (&["401=99"], &[], 3),
        (&["403=99"], &[], 3),
        (&["no-access-403"], &[], 3),
        // What is read is a project or site, or the list of scans.
        (&["html@project", "html@status"], &[], 7),
        (&["slow=60000"], &["--timeout", "1s"], 5),
    ];
    for (faults, arguments, exit_code) in ends {
        let (ended, secrets) = printed::doctor(row, faults, arguments).await;
        judge_end(judge, &format!("doctor with {faults:?}"), &ended, &secrets, exit_code);
    }
    for way in row.ways {
        let (ended, secrets) = printed::doctor_at(row, way, "http://127.0.0.1:1").await;
        judge_end(judge, "doctor at a dead host", &ended, &secrets, 4);
    }
}

fn judge_end(judge: &mut Judge, what: &str, ended: &Ended, secrets: &[String], exit_code: i32) {
    let said = format!("{}\n{}", ended.stdout(), ended.stderr());
    judge.check(ended.exit_code() == exit_code, what, &format!("exit code {}\n{said}", ended.exit_code()));
    let document: Value = serde_json::from_str(&ended.stdout()).unwrap_or_default();
    judge.check(document["exit_code"] == exit_code, what, &format!("the document says otherwise\n{said}"));
    let failed = |check: &&Value| check["status"] == "fail";
    let failures: Vec<&Value> = document["checks"].as_array().into_iter().flatten().filter(failed).collect();
    judge.check(failures.is_empty() == (exit_code == 0), what, &format!("failures: {failures:#?}"));
    let helps =
        |check: &&Value| check["class"].is_string() && check["message"].as_str().is_some_and(|text| !text.is_empty());
    judge.check(failures.iter().all(helps), what, &format!("a failure has no class: {failures:#?}"));
    let traces: Vec<_> = secrets.iter().filter_map(|secret| ended.trace_of(secret)).collect();
    judge.check(traces.is_empty(), what, &format!("a secret is in {traces:?}"));
}

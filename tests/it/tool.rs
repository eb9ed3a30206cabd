//! Programs of the machine that a test runs, and what is said of a test that cannot.

use std::path::{Path, PathBuf};

use scangate::settings::Environment;

/// Where each of the programs is. Where one is missing, the test says so loudly and has nothing to do; under
/// `SCANGATE_TEST_REQUIRE=1` it fails.
#[track_caller]
#[expect(clippy::print_stdout, reason = "a test that did not run must say so")]
pub(crate) fn find<const N: usize>(programs: [&str; N], without: &str) -> Option<[PathBuf; N]> {
    let path = Environment::current().get("PATH").unwrap_or_default().to_owned();
    // Debian keeps servers where only root's path leads, and Squid's helpers in a folder of their own.
    let folders: Vec<&Path> = path.split(':').chain(["/usr/sbin", "/usr/lib/squid"]).map(Path::new).collect();
    let places =
        programs.map(|program| folders.iter().map(|folder| folder.join(program)).find(|place| place.is_file()));
    let missing: Vec<_> =
        programs.iter().zip(&places).filter(|(_, place)| place.is_none()).map(|(program, _)| *program).collect();
    if missing.is_empty() {
        return Some(places.map(Option::unwrap_or_default));
    }
    assert!(!is_required(), "there is no {}, and SCANGATE_TEST_REQUIRE=1 forbids to skip", missing.join(", "));
    println!("SKIPPED: there is no {}, so {without}", missing.join(", "));
    None
}

/// Whether nothing may be skipped.
#[expect(clippy::disallowed_methods, reason = "the test harness's own switch, not a setting of the program")]
pub(crate) fn is_required() -> bool {
    std::env::var_os("SCANGATE_TEST_REQUIRE").is_some_and(|value| value == "1")
}

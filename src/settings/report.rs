//! Which reports are written, and where.

use std::path::PathBuf;

use super::layers::{Layers, Sourced};
use super::value::words;
use super::{Error, keys};
use crate::ci::Host;
use crate::report::{Format, Suppressed};

/// What is written at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportSettings {
    /// The reports, in the order in which they were asked for.
    pub reports: Vec<ReportTarget>,
    /// `--outcome`: where the outcome of the run goes.
    pub outcome: PathBuf,
    /// `--sarif-suppressed`: whether SARIF holds findings that somebody has dealt with.
    pub suppressed: Suppressed,
}

/// One `--report FORMAT=PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTarget {
    /// The format.
    pub format: Format,
    /// Where it goes.
    pub destination: Destination,
}

/// Where a report goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A file; a relative path is relative to the working directory.
    File(PathBuf),
    /// Standard output, which then holds nothing else.
    StandardOutput,
}

impl ReportSettings {
    /// The files that the run writes.
    pub fn files(&self) -> impl Iterator<Item = PathBuf> {
        let reports = self.reports.iter().filter_map(|target| match &target.destination {
            Destination::File(path) => Some(path.clone()),
            Destination::StandardOutput => None,
        });
        reports.chain([self.outcome.clone()])
    }

    /// Reads them from the layers. They are read apart from all other settings, so that a slip elsewhere is reported where the
    /// user wants it.
    pub fn resolve(layers: &Layers<'_>) -> Result<Self, Error> {
        let host = Host::of(layers.environment());
        let outcome = layers.value(&keys::OUTCOME).map_or("scangate-outcome.json", |sourced| sourced.text);
        let mut reports: Vec<ReportTarget> = Vec::new();
        for sourced in layers.list(&keys::REPORT) {
            let target = target(&sourced, host)?;
            let is_taken = |destination: &Destination| *destination == target.destination;
            if reports.iter().any(|other| is_taken(&other.destination)) {
                return Err(sourced.is_not("a report of its own", "another report goes to the same place"));
            }
            if is_taken(&Destination::File(outcome.into())) {
                return Err(sourced.is_not("a report of its own", "the outcome goes to the same place"));
            }
            reports.push(target);
        }
        if reports.is_empty() {
            let destination = Destination::File("scangate.sarif".into());
            reports.push(ReportTarget { format: Format::Sarif, destination });
        }
        let suppressed = match layers.value(&keys::SARIF_SUPPRESSED) {
            Some(sourced) => sourced
                .one_of("`omit` or `include`", &[("omit", Suppressed::Omit), ("include", Suppressed::Include)])?,
            // GitHub shows suppressed results as open alerts.
            None if host == Host::GitHub => Suppressed::Omit,
            None => Suppressed::Include,
        };
        Ok(Self { reports, outcome: outcome.into(), suppressed })
    }
}

fn target(sourced: &Sourced<'_>, host: Host) -> Result<ReportTarget, Error> {
    let way_out = "use FORMAT=PATH, such as sarif=scangate.sarif";
    let (format, path) = sourced.text.split_once('=').ok_or_else(|| sourced.is_not("a report", way_out))?;
    let format = sourced.part(format.trim()).one_of("a report format", &words(Format::ALL, Format::as_str))?;
    let destination = match path.trim() {
        "" => return Err(sourced.is_not("a report", way_out)),
        "-" if host == Host::GitHub => {
            return Err(
                sourced.is_not("possible on GitHub", "its runner reads standard output for commands; write a file")
            );
        }
        "-" => Destination::StandardOutput,
        path => Destination::File(path.into()),
    };
    Ok(ReportTarget { format, destination })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Environment, Flags};

    fn resolve(pairs: &[(&str, &str)]) -> Result<ReportSettings, Error> {
        let environment = Environment::from_pairs(pairs.iter().copied());
        ReportSettings::resolve(&Layers::new(&Flags::default(), &environment))
    }

    #[test]
    fn without_settings_sarif_and_the_outcome_go_to_the_working_directory() {
        let settings = resolve(&[]).unwrap();
        let sarif = Destination::File("scangate.sarif".into());
        assert_eq!(settings.reports, [ReportTarget { format: Format::Sarif, destination: sarif }]);
        assert_eq!(settings.outcome, PathBuf::from("scangate-outcome.json"));
    }

    #[test]
    fn suppressed_findings_are_left_out_on_github_because_it_shows_them_as_open() {
        assert_eq!(resolve(&[]).unwrap().suppressed, Suppressed::Include);
        assert_eq!(resolve(&[("GITHUB_ACTIONS", "true")]).unwrap().suppressed, Suppressed::Omit);
        let both = [("GITHUB_ACTIONS", "true"), ("SCANGATE_SARIF_SUPPRESSED", "include")];
        assert_eq!(resolve(&both).unwrap().suppressed, Suppressed::Include);
    }

    #[test]
    fn standard_output_takes_one_report_and_none_on_github() {
        assert!(resolve(&[("SCANGATE_REPORT", "sarif=-")]).is_ok());
        assert!(resolve(&[("SCANGATE_REPORT", "sarif=-\nsarif=-")]).is_err());
        assert!(resolve(&[("SCANGATE_REPORT", "sarif=-"), ("GITHUB_ACTIONS", "true")]).is_err());
    }

    #[test]
    fn no_two_files_share_a_path() {
        assert!(resolve(&[("SCANGATE_REPORT", "sarif=a\nsarif=a")]).is_err());
        assert!(resolve(&[("SCANGATE_REPORT", "sarif=a"), ("SCANGATE_OUTCOME", "a")]).is_err());
        assert!(resolve(&[("SCANGATE_REPORT", "sarif=a\nsarif=b")]).is_ok());
    }

    #[test]
    fn a_report_without_format_or_path_is_an_error() {
        for wrong in ["sarif", "sarif=", "=a", "srif=a", "a.sarif"] {
            assert!(resolve(&[("SCANGATE_REPORT", wrong)]).is_err(), "{wrong}");
        }
    }
}

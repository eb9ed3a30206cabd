//! Where a result is. GitHub refuses a whole file for one result without a repository-relative path, so a finding in a URL, a host
//! or an image is anchored at a path of ours and names its real place as a logical location.

use std::num::NonZeroU32;

use serde_sarif::sarif::{self, ArtifactLocation, LogicalLocation, PhysicalLocation, Region};

use crate::finding::{FileLocation, Location};
use crate::report::text::{line, percent_encode_path, shorten};

/// The root of the repository, by the name that `CodeQL` gives it.
pub(super) const ROOT: &str = "%SRCROOT%";

/// The one location of a result.
pub(super) fn object(location: &Location) -> sarif::Location {
    let (path, region) = match location {
        Location::File(file) => (file.path.as_str(), lines(file)),
        other => (other.file().map_or_else(|| anchor(other), |path| path.as_str()), region(1, 1)),
    };
    let artifact = ArtifactLocation::builder().uri(percent_encode_path(path)).uri_base_id(ROOT).build();
    let physical = PhysicalLocation::builder().artifact_location(artifact).region(region).build();
    let mut object = sarif::Location::builder().physical_location(physical).build();
    object.logical_locations = logical(location).map(|place| vec![place]);
    object
}

/// The path at which findings without a file are shown. One for each type of place, so that it never changes.
fn anchor(location: &Location) -> &'static str {
    match location {
        Location::File(_) | Location::Package(_) => ".scangate/package",
        Location::Url { .. } => ".scangate/url",
        Location::Host { .. } => ".scangate/host",
        Location::Image { .. } => ".scangate/image",
        Location::Unmapped { .. } => ".scangate/unmapped",
    }
}

fn lines(file: &FileLocation) -> Region {
    // Readers count lines in 32 bits with a sign, and Microsoft's drops the whole file for one number above that.
    let number = |line: NonZeroU32| i64::from(line.get()).min(i64::from(i32::MAX));
    let start = file.start_line.map_or(1, number);
    region(start, file.end_line.map_or(start, number).max(start))
}

/// Whole lines. GitHub wants all four numbers, and no platform gives columns: the region ends where its last line begins, as
/// other scanners that know lines only write it.
fn region(start: i64, end: i64) -> Region {
    Region::builder().start_line(start).start_column(1).end_line(end).end_column(1).build()
}

fn logical(location: &Location) -> Option<LogicalLocation> {
    let kind = match location {
        Location::File(_) => return None,
        Location::Package(_) => "module",
        Location::Url { .. } | Location::Host { .. } | Location::Image { .. } | Location::Unmapped { .. } => "resource",
    };
    let name = match location {
        Location::Package(place) => place.package.to_string(),
        other => other.to_string(),
    };
    let name = shorten(line(&name), 1_000);
    (!name.is_empty()).then(|| LogicalLocation::builder().fully_qualified_name(name).kind(kind).build())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::RepositoryPath;

    fn file(start: u32, end: u32) -> Location {
        let path = RepositoryPath::parse("src/a b.py").unwrap();
        Location::File(FileLocation {
            path,
            start_line: NonZeroU32::new(start),
            end_line: NonZeroU32::new(end),
            source: None,
        })
    }

    fn numbers(location: &Location) -> (i64, i64) {
        let region = object(location).physical_location.unwrap().region.unwrap();
        assert_eq!((region.start_column, region.end_column), (Some(1), Some(1)));
        (region.start_line.unwrap(), region.end_line.unwrap())
    }

    #[test]
    fn lines_are_at_least_one_and_never_run_backwards() {
        assert_eq!(numbers(&file(12, 14)), (12, 14));
        assert_eq!(numbers(&file(12, 0)), (12, 12));
        assert_eq!(numbers(&file(0, 0)), (1, 1));
        assert_eq!(numbers(&file(12, 3)), (12, 12));
        assert_eq!(numbers(&file(u32::MAX, u32::MAX)), (i64::from(i32::MAX), i64::from(i32::MAX)));
    }

    #[test]
    fn a_place_without_a_file_is_anchored_and_named() {
        let location = Location::Host { host: "localhost".to_owned(), port: Some(22), service: Some("ssh".to_owned()) };
        let object = object(&location);
        let uri = object.physical_location.unwrap().artifact_location.unwrap().uri.unwrap();
        assert_eq!(uri, ".scangate/host");
        assert_eq!(object.logical_locations.unwrap()[0].fully_qualified_name.as_deref(), Some("localhost:22 (ssh)"));
    }
}

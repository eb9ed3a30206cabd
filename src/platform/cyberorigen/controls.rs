//! Compliance controls, summarised for people (contract 7). They are of the account and not of a scan, and never gate.

use super::CyberOrigen;
use super::findings::Row;
use super::refusal::Asked;
use super::wire::ControlRow;
use crate::finding::Controls;
use crate::platform::pages::Listing;
use crate::platform::{Collected, Error};

impl Row for ControlRow {
    fn identity(&self) -> &str {
        &self.identity
    }
}

/// Adds the controls of all frameworks, since the names by which controls know them are not the ids of a request. Where they cannot
/// be read, or not all of them, that is a note and no more.
pub(super) async fn add(collected: &mut Collected, platform: &CyberOrigen) {
    match read(platform).await {
        Ok(list) => {
            let shortfall = list.shortfall().map(|how| format!("the list of compliance controls {how}"));
            collected.notes.extend(shortfall);
            let mut controls = Controls::default();
            for control in list.into_rows() {
                controls.add(control.frameworks.iter().map(String::as_str), &control.status, control.evidence);
            }
            collected.controls = Some(controls);
        }
        Err(error) => {
            collected.notes.push(format!("the compliance controls could not be read, and are left out: {error}"));
        }
    }
}

async fn read(platform: &CyberOrigen) -> Result<Listing<ControlRow>, Error> {
    let url = platform.endpoints.api(["controls"])?;
    let mut list = Listing::new();
    platform.read(&url, Asked::Controls, &mut list).await?;
    Ok(list)
}

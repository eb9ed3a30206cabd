//! What a refused request means. CybeDefend uses the same statuses for different things (contract 7); asking for the project
//! tells them apart.

use super::CybeDefend;
use super::family::Family;
use crate::error::Class;
use crate::http;
use crate::http::Call;
use crate::platform::Error;

/// What was asked for when the platform refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked<'a> {
    /// The project.
    Project,
    /// A new scan.
    Start,
    /// A new scan of a container image.
    StartImage,
    /// The state of this scan.
    Scan(&'a str),
    /// A list of findings.
    Findings(Family),
    /// What the policy says of this scan.
    Policy(&'a str),
}

impl Asked<'_> {
    fn words(self) -> String {
        match self {
            Self::Project => "to show the project".to_owned(),
            Self::Start => "to start a scan".to_owned(),
            Self::StartImage => "to start a scan of a container image".to_owned(),
            Self::Scan(scan) => format!("to show scan {scan}"),
            Self::Findings(family) => format!("to list {family} findings"),
            Self::Policy(scan) => format!("to show what the policy says of scan {scan}"),
        }
    }
}

impl CybeDefend {
    /// A refusal in the user's terms, as far as it is known to have one meaning.
    pub(super) async fn explain(&self, error: http::Error, asked: Asked<'_>) -> Error {
        match error.status() {
            Some(403) => match self.sees_project().await {
                Ok(true) => self.not_in_plan(error, asked),
                Ok(false) => self.no_access(error, asked),
                // The first refusal is what stopped the run; that the second question failed too adds nothing to it.
                Err(_) => Error::Http(error),
            },
            Some(404) => self.unknown(error, asked),
            Some(410) => Error::Refused {
                class: Class::Usage,
                message: format!("CybeDefend refused {}: it says that API keys are no longer accepted", asked.words()),
                hint: format!("use a personal access token, created {}", self.endpoints.token_page()),
                source: Some(error),
            },
            _ => Error::Http(error),
        }
    }

    /// Whether the token's owner may see the project at all.
    pub(super) async fn sees_project(&self) -> Result<bool, Error> {
        let call = Call::get(self.endpoints.api(["project", &self.project])?).expect_status(403).expect_status(404);
        Ok((200..300).contains(&self.session.send(call).await?.status))
    }

    fn not_in_plan(&self, error: http::Error, asked: Asked<'_>) -> Error {
        Error::Refused {
            class: Class::Auth,
            message: format!(
                "CybeDefend refused {}: the project {} is visible, so the plan does not include it",
                asked.words(),
                self.project
            ),
            hint: "check the organisation's plan, and the role of the token's owner in the project's team".to_owned(),
            source: Some(error),
        }
    }

    /// The refusal where the project itself cannot be seen.
    pub(super) fn no_access(&self, error: http::Error, asked: Asked<'_>) -> Error {
        Error::Refused {
            class: Class::Auth,
            message: format!(
                "CybeDefend refused {}: the token's owner has no access to project {} in {}",
                asked.words(),
                self.project,
                self.endpoints.instance()
            ),
            hint: "check --project-id and --region, or have the token's owner added to the project's team".to_owned(),
            source: Some(error),
        }
    }

    fn unknown(&self, error: http::Error, asked: Asked<'_>) -> Error {
        let what = match asked {
            Asked::Project | Asked::Start | Asked::StartImage => format!("project {}", self.project),
            Asked::Scan(scan) => format!("scan {scan} of project {}", self.project),
            Asked::Findings(family) => format!("{family} findings of project {}", self.project),
            Asked::Policy(scan) => format!("policy verdict on scan {scan} of project {}", self.project),
        };
        Error::Refused {
            class: Class::Usage,
            message: format!("CybeDefend knows no {what} in {}", self.endpoints.instance()),
            hint: "check --project-id and --region: projects of another region or organisation look the same"
                .to_owned(),
            source: Some(error),
        }
    }
}

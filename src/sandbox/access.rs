//! Addresses and credentials of the emulated platforms.

use super::bestdefense::BestDefenseAccess;
use super::cybedefend::CybeDefendAccess;
use super::cyberorigen::CyberOrigenAccess;
use super::cybrium::CybriumAccess;
use super::dialect::Dialect;

/// How one emulated platform is reached. The credentials are good for nothing else, so that showing them is no leak.
#[derive(Clone)]
pub enum Access {
    /// CybeDefend.
    CybeDefend(CybeDefendAccess),
    /// Cybrium.
    Cybrium(CybriumAccess),
    /// CyberOrigen.
    CyberOrigen(CyberOrigenAccess),
    /// BestDefense.
    BestDefense(BestDefenseAccess),
}

impl Access {
    /// Whose it is.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::CybeDefend(_) => Dialect::CybeDefend,
            Self::Cybrium(_) => Dialect::Cybrium,
            Self::CyberOrigen(_) => Dialect::CyberOrigen,
            Self::BestDefense(_) => Dialect::BestDefense,
        }
    }

    /// Names and values of the environment variables that a client needs.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::CybeDefend(access) => access.environment(),
            Self::Cybrium(access) => access.environment(),
            Self::CyberOrigen(access) => access.environment(),
            Self::BestDefense(access) => access.environment(),
        }
    }

    /// What else there is to know, one line each.
    pub fn remarks(&self) -> Vec<String> {
        match self {
            Self::CybeDefend(_) | Self::BestDefense(_) => Vec::new(),
            Self::Cybrium(access) => access.remarks(),
            Self::CyberOrigen(access) => access.remarks(),
        }
    }
}

//! The six lists in which CybeDefend keeps findings (contract 5.1).

use std::fmt;

use crate::finding::Kind;

/// One list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Family {
    /// Source code.
    Sast,
    /// Infrastructure as code.
    Iac,
    /// Credentials in the source.
    Secret,
    /// Pipeline definitions.
    Cicd,
    /// Dependencies.
    Sca,
    /// Packages in container images.
    Container,
}

impl Family {
    /// All lists, in the order in which they are read.
    pub(super) const ALL: [Self; 6] = [Self::Sast, Self::Iac, Self::Secret, Self::Cicd, Self::Sca, Self::Container];

    /// The lists that say what the scan of an image found: the one list alone, for the others are about the project's code, which
    /// such a scan does not look at.
    pub(super) const OF_IMAGE: [Self; 1] = [Self::Container];

    /// The kind of its findings.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Sast => Kind::Sast,
            Self::Iac => Kind::Iac,
            Self::Secret => Kind::Secret,
            Self::Cicd => Kind::Cicd,
            Self::Sca => Kind::Sca,
            Self::Container => Kind::Container,
        }
    }

    /// The word in URLs. It is the same as our word for the kind.
    pub(super) fn as_str(self) -> &'static str {
        self.kind().as_str()
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

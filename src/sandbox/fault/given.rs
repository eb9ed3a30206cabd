//! One fault as somebody wrote it, before anybody knows what it means.

/// A name, with what stands behind its `=`.
#[derive(Clone, Copy)]
pub(in crate::sandbox) struct Given<'a> {
    pub(in crate::sandbox) name: &'a str,
    pub(in crate::sandbox) value: Option<&'a str>,
}

impl<'a> Given<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
        Self { name, value }
    }

    /// The value as a number; `default` where there is none.
    pub(in crate::sandbox) fn number(&self, default: Option<u32>) -> Result<u32, String> {
        match (self.value, default) {
            (Some(value), _) => value.parse().map_err(|error| format!("'{value}' is not a number: {error}")),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(format!("{0} needs a number, as in {0}=3", self.name)),
        }
    }

    /// `kind`, if there is no value.
    pub(in crate::sandbox) fn plain<T>(&self, kind: T) -> Result<T, String> {
        match self.value {
            None => Ok(kind),
            Some(_) => Err(format!("{} takes no value", self.name)),
        }
    }
}

//! The gate's settings: `--fail-on`, `--max`, `--unrated`, `--vendor-policy`, `--on`.

use super::layers::Layers;
use super::{Error, keys, scan, value};
use crate::error::Class;
use crate::finding::Severity;
use crate::gate::{GateSettings, Limit, LimitError, Limits, OnClass, Reaction, Threshold, Unrated};

/// What the gate allows.
pub(super) fn gate(layers: &Layers<'_>) -> Result<GateSettings, Error> {
    let threshold = match layers.value(&keys::FAIL_ON) {
        Some(sourced) => sourced.one_of("a severity", &severities(Threshold::From, &[("none", Threshold::Off)]))?,
        None => Threshold::From(Severity::High),
    };
    let mut limits = Vec::new();
    for sourced in layers.list(&keys::MAX) {
        let limit: Limit = sourced
            .text
            .parse()
            .map_err(|error: LimitError| sourced.is_not("a limit", &value::escaped(&error.to_string())))?;
        limits.push(limit);
    }
    let defaults = GateSettings::default();
    let unrated = match layers.value(&keys::UNRATED) {
        Some(sourced) => {
            let words = severities(Unrated::As, &[("fail", Unrated::Fail), ("ignore", Unrated::Ignore)]);
            sourced.one_of("a way to count unrated findings", &words)?
        }
        None => defaults.unrated,
    };
    let vendor_policy = match layers.value(&keys::VENDOR_POLICY) {
        Some(sourced) => sourced.one_of("`on` or `off`", &[("on", true), ("off", false)])?,
        None => defaults.vendor_policy,
    };
    Ok(GateSettings { limits: Limits::new(threshold, limits), unrated, vendor_policy })
}

/// Whether what is taken from the base of a pull request ([`keys::Key::is_from_base`]) can be read from these layers.
///
/// # Errors
/// The first that cannot.
pub(crate) fn check_gate(layers: &Layers<'_>) -> Result<(), Error> {
    scan::timeout(layers)?;
    scan::poll_interval(layers)?;
    gate(layers).map(drop)
}

/// `--policy-from`: whose gate settings and ignore rules count in a pull request, of those that it can edit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyFrom {
    /// The base commit's, or those of the head where the clone lacks it.
    #[default]
    Auto,
    /// The base commit's.
    Base,
    /// The head's.
    Head,
}

impl PolicyFrom {
    /// Reads it from the layers.
    ///
    /// # Errors
    /// A value that is none of the three.
    pub fn resolve(layers: &Layers<'_>) -> Result<Self, Error> {
        let words = [("auto", Self::Auto), ("base", Self::Base), ("head", Self::Head)];
        layers.value(&keys::POLICY_FROM).map_or(Ok(Self::Auto), |sourced| sourced.one_of("a source of policy", &words))
    }
}

fn severities<T: Copy>(rated: fn(Severity) -> T, others: &[(&'static str, T)]) -> Vec<(&'static str, T)> {
    let words = Severity::WORST_FIRST.map(|severity| (severity.as_str(), rated(severity)));
    words.iter().chain(others).copied().collect()
}

/// Which classes of failure only warn.
pub(super) fn on_class(layers: &Layers<'_>) -> Result<OnClass, Error> {
    let classes = value::words(Class::IN_ORDER.into_iter().filter(|class| class.can_be_softened()), Class::as_str);
    let mut on = OnClass::default();
    for sourced in layers.list(&keys::ON) {
        let (class, reaction) = sourced
            .text
            .split_once('=')
            .ok_or_else(|| sourced.is_not("a reaction", "use CLASS=fail or CLASS=warn, such as unavailable=warn"))?;
        let class = sourced.part(class.trim()).one_of("a class that can be set", &classes)?;
        let reactions = [("fail", Reaction::Fail), ("warn", Reaction::Warn)];
        on.set(class, sourced.part(reaction.trim()).one_of("a reaction", &reactions)?);
    }
    Ok(on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Kind;
    use crate::settings::{Environment, Flags};

    fn with<T>(pairs: &[(&str, &str)], read: impl FnOnce(&Layers<'_>) -> T) -> T {
        read(&Layers::new(&Flags::default(), &Environment::from_pairs(pairs.iter().copied())))
    }

    #[test]
    fn without_settings_the_gate_is_that_of_the_design() {
        assert_eq!(with(&[], gate).unwrap(), GateSettings::default());
        assert_eq!(with(&[], on_class).unwrap(), OnClass::default());
    }

    #[test]
    fn every_severity_and_none_is_a_threshold() {
        for word in ["critical", "high", "medium", "low", "info", "none"] {
            let settings = with(&[("SCANGATE_FAIL_ON", word)], gate).unwrap();
            assert_eq!(settings.limits, Limits::new(word.parse().unwrap(), []), "{word}");
        }
    }

    #[test]
    fn limits_are_one_a_line() {
        let settings = with(&[("SCANGATE_MAX", "sca.high=5\n\n  secret.*=0\n")], gate).unwrap();
        assert_eq!(settings.limits.of(Kind::Sca, Severity::High).map(|(count, _)| count), Some(5));
        assert_eq!(settings.limits.of(Kind::Secret, Severity::Info).map(|(count, _)| count), Some(0));
    }

    #[test]
    fn a_slip_in_a_limit_is_an_error_that_names_its_origin() {
        let error = with(&[("SCANGATE_MAX", "sca.hihg=5")], gate).unwrap_err().to_string();
        assert_eq!(
            error,
            "`sca.hihg=5` from SCANGATE_MAX is not a limit: `hihg` is neither `*` nor one of critical, high, medium, low, info"
        );
    }

    #[test]
    fn a_class_that_would_hide_a_broken_gate_cannot_be_softened() {
        for class in ["usage", "internal", "interrupted", "passed", "nonsense"] {
            let error = with(&[("SCANGATE_ON", &format!("{class}=warn"))], on_class).unwrap_err().to_string();
            assert!(error.contains("is not a class that can be set"), "{error}");
        }
        assert!(with(&[("SCANGATE_ON", "unavailable=warn\ntimeout=warn")], on_class).is_ok());
        assert!(with(&[("SCANGATE_ON", "unavailable=ignore")], on_class).is_err());
    }
}

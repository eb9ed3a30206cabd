//! The forms of credentials, as data: which parts one has, whether these are names of variables, places, or the secrets.

/// A credential by its parts. `T` is what stands for a part: in a platform's [`Accepted`] the name of a variable, in the settings a
/// [`Source`](super::Source), and in the end the [`Secret`](super::Secret).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form<T> {
    /// A token or key that is sent, or exchanged, as a bearer token.
    Token {
        /// The token.
        secret: T,
        /// The one before it, which may still be good while a rotation goes on.
        previous: Option<T>,
    },
    /// A key that is sent in a header of its own.
    ApiKey(T),
    /// A user name and a password, exchanged for a short-lived token.
    Login {
        /// The user name. It is kept like a secret, but is none.
        username: T,
        /// The password.
        password: T,
        /// A one-time code, where the account asks for a second factor.
        mfa_code: Option<T>,
    },
    /// Tokens of a login in a browser. Only a stored login has this form, and no platform names variables for it.
    Tokens {
        /// The token that is sent as a bearer token.
        access: T,
        /// The one that brings the next; a platform may have given none.
        refresh: Option<T>,
    },
}

impl<T> Form<T> {
    /// All parts.
    pub fn parts(&self) -> impl Iterator<Item = &T> {
        let username = match self {
            Self::Login { username, .. } => Some(username),
            Self::Token { .. } | Self::ApiKey(_) | Self::Tokens { .. } => None,
        };
        username.into_iter().chain(self.secrets())
    }

    /// The parts that must be known to nobody.
    pub fn secrets(&self) -> impl Iterator<Item = &T> {
        let (first, second) = match self {
            Self::Token { secret, previous } => (secret, previous.as_ref()),
            Self::ApiKey(secret) => (secret, None),
            Self::Login { password, mfa_code, .. } => (password, mfa_code.as_ref()),
            Self::Tokens { access, refresh } => (access, refresh.as_ref()),
        };
        [first].into_iter().chain(second)
    }

    /// The parts without which there is no credential.
    pub fn required(&self) -> impl Iterator<Item = &T> {
        let (first, second) = match self {
            Self::Token { secret, .. } | Self::ApiKey(secret) | Self::Tokens { access: secret, .. } => (secret, None),
            Self::Login { username, password, .. } => (username, Some(password)),
        };
        [first].into_iter().chain(second)
    }
}

/// The forms that a platform accepts, by the variables that hold their parts. Each variable can also be given as `…_FILE`.
#[derive(Clone, Copy, Debug)]
pub enum Accepted {
    /// The first one that is given is taken; more than one is no error.
    FirstOf(&'static [Form<&'static str>]),
    /// More than one is an error: they may stand for different people.
    OneOf(&'static [Form<&'static str>]),
}

impl Accepted {
    /// The forms, in the order in which they are looked for.
    pub fn forms(self) -> &'static [Form<&'static str>] {
        match self {
            Self::FirstOf(forms) | Self::OneOf(forms) => forms,
        }
    }

    /// The variables that hold secrets.
    pub fn secret_variables(self) -> impl Iterator<Item = &'static str> {
        self.forms().iter().flat_map(|form| form.secrets().copied())
    }

    /// The variables of the form that is named first to people: `CYBEDEFEND_PAT`, or `NAME and PASSWORD`.
    pub fn usual(self) -> String {
        let names: Vec<&str> = self.forms().first().map(|form| form.required().copied().collect()).unwrap_or_default();
        names.join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: Form<&str> = Form::Login { username: "USER", password: "PASSWORD", mfa_code: Some("CODE") };

    #[test]
    fn a_user_name_is_a_part_and_no_secret() {
        assert_eq!(LOGIN.parts().copied().collect::<Vec<_>>(), ["USER", "PASSWORD", "CODE"]);
        assert_eq!(LOGIN.secrets().copied().collect::<Vec<_>>(), ["PASSWORD", "CODE"]);
        assert_eq!(LOGIN.required().copied().collect::<Vec<_>>(), ["USER", "PASSWORD"]);
    }

    #[test]
    fn a_previous_key_is_a_secret_that_may_be_missing() {
        let key = Form::Token { secret: "KEY", previous: Some("PREVIOUS") };
        assert_eq!(key.secrets().copied().collect::<Vec<_>>(), ["KEY", "PREVIOUS"]);
        assert_eq!(key.required().copied().collect::<Vec<_>>(), ["KEY"]);
        assert_eq!(Accepted::FirstOf(&[LOGIN]).usual(), "USER and PASSWORD");
    }
}

//! Query strings, read strictly: each parameter known, and there once.

use std::str::FromStr;

use axum::extract::Query;
use axum::http::Uri;

use super::problem::Problem;

/// The parameters of one request.
pub(super) struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Reads a query that may have these parameters and no others.
    pub(super) fn read(uri: &Uri, allowed: &[&str]) -> Result<Self, Problem> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|error| Problem::bad_query(error.to_string()))?;
        for (at, (name, value)) in pairs.iter().enumerate() {
            if !allowed.contains(&name.as_str()) {
                let expected = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
                return Err(Problem::bad_query(format!("unknown parameter `{name}`; expected: {expected}")));
            }
            if pairs.iter().take(at).any(|(earlier, _)| earlier == name) {
                return Err(Problem::bad_query(format!("parameter `{name}` is there twice")));
            }
            if value.contains('\u{fffd}') {
                return Err(Problem::bad_query(format!("parameter `{name}` is not UTF-8")));
            }
        }
        Ok(Self { pairs })
    }

    /// A parameter's text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// A parameter that must be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.text(name).ok_or_else(|| Problem::bad_query(format!("parameter `{name}` is missing")))
    }

    /// A parameter whose text has a grammar.
    pub(super) fn parsed<T: FromStr<Err: ToString>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let parsed = self.text(name).map(str::parse).transpose();
        parsed
            .map_err(|error: T::Err| Problem::bad_query(format!("parameter `{name}`: {}", error.to_string())))
    }

    /// A parameter that is one of a set of words.
    pub(super) fn word<T>(
        &self,
        name: &str,
        from_word: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(word) = self.text(name) else { return Ok(None) };
        let unknown = || Problem::bad_query(format!("parameter `{name}`: `{word}` is not one of its words"));
        from_word(word).map(Some).ok_or_else(unknown)
    }

    /// A whole number, written without sign or leading zeros.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = digits && (text == "0" || !text.starts_with('0'));
        let number = if plain { text.parse().ok() } else { None };
        let bad = || Problem::bad_query(format!("parameter `{name}`: `{text}` is not a plain decimal"));
        number.map(Some).ok_or_else(bad)
    }
}

//! What a search asks for.

/// Conditions of a search, all of which must hold, as a URL's query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query(String);

impl Query {
    /// Adds a condition.
    pub fn with(mut self, name: &str, value: impl AsRef<str>) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
        self.0.push_str(&encode(value.as_ref()));
        self
    }

    /// Adds a condition where there is a value for it.
    pub fn with_some(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The query, without its question mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Percent-encodes all but the unreserved characters of RFC 3986 §2.3.
pub fn encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_their_condition() {
        let query =
            Query::default().with("ref", "a:b&c=d #é").with_some("task", None::<&str>).with("kind", "action");
        assert_eq!(query.as_str(), "ref=a%3Ab%26c%3Dd%20%23%C3%A9&kind=action");
    }
}

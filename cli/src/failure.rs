//! What went wrong, in the form that people and programs are told: code, what, expected and got, what to do next.

use gateway::client::{ClientError, NearName};
use gateway::draft::DraftError;
use gateway::forward::ForwardError;
use gateway::signer::SignError;
use gateway::spool::SpoolError;
use gateway::webhook::WebhookError;
use keyfile::KeyFileError;
use serde::Serialize;

use crate::exit::Exit;
use crate::resolve::CandidateRow;
use crate::schema;

mod advice;

/// What servers say where there is nothing that a question could be about.
const NOT_WITHDRAWN: [&str; 2] = ["not-withdrawn", "target-unknown"];

/// Why a command did not do what it was asked.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Failure {
    /// Stable name.
    pub(crate) code: String,
    /// One sentence.
    pub(crate) what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<Box<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) got: Option<Box<str>>,
    /// What to try next. There is always something.
    #[serde(rename = "try")]
    pub(crate) next: Box<str>,
    #[serde(flatten)]
    pub(crate) more: Box<More>,
    #[serde(skip)]
    pub(crate) exit: Exit,
}

/// What only few failures have.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct More {
    /// A file that proves it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) evidence: Option<String>,
    /// The byte of the query at which it goes wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<usize>,
    /// The query with a mark under that place.
    #[serde(skip)]
    pub(crate) marked: Option<String>,
    /// What an ambiguous id may mean.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) candidates: Vec<CandidateRow>,
    /// What is called nearly as what is called nothing, nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) near: Vec<NearName>,
}

/// The JSON form of a failure.
#[derive(Serialize)]
pub(crate) struct FailureDocument<'a> {
    schema: &'static str,
    error: &'a Failure,
    exit: u8,
}

impl Failure {
    /// A failure that is no verdict.
    pub(crate) fn new(code: impl Into<String>, what: impl Into<String>) -> Self {
        let code = code.into();
        let next = advice::of(&code, Exit::Error).into();
        Self {
            code,
            what: what.into(),
            expected: None,
            got: None,
            next,
            more: Box::default(),
            exit: Exit::Error,
        }
    }

    pub(crate) fn usage(code: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(code, what).exit(Exit::Usage)
    }

    /// Also changes the advice, unless the failure has some of its own.
    pub(crate) fn exit(self, exit: Exit) -> Self {
        let is_general = *self.next == *advice::of(&self.code, self.exit);
        let next = if is_general { advice::of(&self.code, exit).into() } else { self.next };
        Self { exit, next, ..self }
    }

    pub(crate) fn values(self, expected: impl ToString, got: impl ToString) -> Self {
        Self { expected: Some(expected.to_string().into()), got: Some(got.to_string().into()), ..self }
    }

    pub(crate) fn next(self, next: impl Into<String>) -> Self {
        Self { next: next.into().into(), ..self }
    }

    /// Names a file that proves it.
    pub(crate) fn evidence(self, path: &str) -> Self {
        Self { more: Box::new(More { evidence: Some(path.into()), ..*self.more }), ..self }
    }

    /// Shows where in a query it is.
    pub(crate) fn marked(self, position: usize, marked: String) -> Self {
        let more = More { position: Some(position), marked: Some(marked), ..*self.more };
        Self { more: Box::new(more), ..self }
    }

    /// Lists what an ambiguous id may mean, also in words.
    pub(crate) fn listing(self, rows: Vec<CandidateRow>) -> Self {
        let lines: Vec<String> = rows.iter().map(CandidateRow::line).collect();
        Self { what: format!("{}:{}", self.what, lines.concat()), ..self }
            .next("the same with one of these ids, or `writ search --ref TYPE:VALUE`")
            .candidates(rows)
    }

    /// Names what an ambiguous id may mean.
    pub(crate) fn candidates(self, candidates: Vec<CandidateRow>) -> Self {
        Self { more: Box::new(More { candidates, ..*self.more }), ..self }
    }

    /// Names what is called nearly so.
    pub(crate) fn near(self, near: Vec<NearName>) -> Self {
        if near.is_empty() {
            return self;
        }
        let next = "the same with one of these, or `writ search --help` to look for it by who, what or when";
        Self { more: Box::new(More { near, ..*self.more }), ..self }.next(next)
    }

    /// Says of a server that was not there that nothing was begun yet.
    pub(crate) fn before_signing(self) -> Self {
        match self.code.as_str() {
            "server-unreachable" | "server-timeout" => {
                Self { what: format!("{}; nothing was signed and nothing is kept", self.what), ..self }
            }
            _ => self,
        }
    }

    pub(crate) fn document(&self) -> FailureDocument<'_> {
        FailureDocument { schema: schema::ERROR, error: self, exit: self.exit.code() }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let failure = Self::new(error.code(), error.to_string());
        match &error {
            ClientError::Unreachable { .. } | ClientError::TimedOut { .. } => {
                failure.next("`writd serve --data DIR`, or name the server with --server (WRIT_SERVER)")
            }
            ClientError::Address { .. } => failure.exit(Exit::Usage).next("--server http://127.0.0.1:8377"),
            ClientError::Refused { instead, .. }
                if error.code() == "ambiguous-id" && !instead.candidates.is_empty() =>
            {
                let rows = instead.candidates.iter().cloned().map(CandidateRow::from).collect();
                failure.exit(Exit::Usage).listing(rows)
            }
            ClientError::Refused { instead, .. } if error.is_not_found() && error.code() == "not-found" => {
                failure
                    .exit(Exit::NotFound)
                    .next("`writ search --help` to look for it by who, what or when")
                    .near(instead.near.clone())
            }
            ClientError::Refused { .. } if error.is_not_found() && NOT_WITHDRAWN.contains(&error.code()) => {
                failure.exit(Exit::NotFound)
            }
            ClientError::Refused { .. } | ClientError::Answer { .. } | ClientError::TooLarge { .. } => {
                failure
            }
        }
    }
}

impl From<documents::Unwritten> for Failure {
    fn from(error: documents::Unwritten) -> Self {
        Self::new(error.code, error.to_string())
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let failure = Self::new(error.code(), error.to_string());
        match &error {
            KeyFileError::OpenToOthers { path, mode } => {
                failure.values("600", format!("{mode:03o}")).next(format!("chmod 600 {}", path.display()))
            }
            KeyFileError::OpenFolder { path, mode } => failure
                .values("a folder that only its owner can change", format!("{mode:03o}"))
                .next(format!("chmod go-w {}", path.display())),
            KeyFileError::Owner { path, user, .. } => {
                failure.next(format!("chown {user} {}", path.display()))
            }
            _ => failure,
        }
    }
}

impl From<SpoolError> for Failure {
    fn from(error: SpoolError) -> Self {
        let failure = Self::new(error.code(), error.to_string());
        match &error {
            SpoolError::Busy { .. } => {
                failure.next("again when the other process has ended, or with another key")
            }
            _ => failure,
        }
    }
}

impl From<ForwardError> for Failure {
    fn from(error: ForwardError) -> Self {
        let code = error.code().to_string();
        match error {
            ForwardError::Client(error) => error.into(),
            ForwardError::Spool(error) => error.into(),
            // The message proves a bad receipt; with a trust file in hand that is tampering, not a mishap.
            ForwardError::Receipt(error) => Self::new(code.as_str(), error.what).exit(receipt_exit(&code)),
        }
    }
}

fn receipt_exit(code: &str) -> Exit {
    match code {
        "receipt-incomplete" => Exit::Error,
        "note-not-by-trusted-key" | "note-key-unusable" | "wrong-log" => Exit::Untrusted,
        _ => Exit::Tampered,
    }
}

impl From<WebhookError> for Failure {
    fn from(error: WebhookError) -> Self {
        Self::new(error.code(), error.to_string()).next("--webhook https://HOST/PATH")
    }
}

impl From<DraftError> for Failure {
    fn from(error: DraftError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<SignError> for Failure {
    fn from(error: SignError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn a_failure_is_described_by_its_schema() {
        let bare = Failure::new("some-code", "what");
        assert_described(&bare.document());
        assert_described(&bare.clone().evidence("a.fork").document());
        assert_described(&bare.values("a", "b").next("writ").exit(Exit::Tampered).document());
    }

    #[test]
    fn every_failure_says_what_to_try_next() {
        let all = [
            Failure::from(KeyFileError::Randomness { detail: String::new() }),
            Failure::from(KeyFileError::SymbolicLink { path: "a".into() }),
            Failure::from(KeyFileError::NotAPublicKey { path: "a".into(), detail: String::new() }),
            Failure::from(KeyFileError::Encode { detail: String::new() }),
            Failure::from(SpoolError::Number { expected: 1, got: None }),
            Failure::from(SpoolError::Randomness { detail: String::new() }),
            Failure::from(DraftError::NotAnObject),
            Failure::from(DraftError::UnknownLabel { label: "a".into(), known: String::new() }),
            Failure::new("a-code-of-tomorrow", "what"),
        ];
        for failure in all {
            for exit in Exit::ALL {
                let failure = failure.clone().exit(exit);
                assert!(!failure.next.is_empty(), "{failure:?}");
                let document = serde_json::to_value(failure.document()).unwrap();
                assert_eq!(document["error"]["try"], *failure.next);
            }
        }
    }

    #[test]
    fn general_advice_follows_the_exit_and_particular_advice_stays() {
        let general = Failure::new("some-code", "what");
        assert_ne!(general.clone().exit(Exit::Tampered).next, general.next);
        let particular = Failure::new("some-code", "what").next("writ search");
        assert_eq!(&*particular.exit(Exit::Tampered).next, "writ search");
    }

    #[test]
    fn a_receipt_that_proves_nothing_is_tampering_unless_the_log_is_another() {
        assert_eq!(receipt_exit("proof-root-mismatch"), Exit::Tampered);
        assert_eq!(receipt_exit("note-signature-invalid"), Exit::Tampered);
        assert_eq!(receipt_exit("note-not-by-trusted-key"), Exit::Untrusted);
        assert_eq!(receipt_exit("wrong-log"), Exit::Untrusted);
        assert_eq!(receipt_exit("receipt-incomplete"), Exit::Error);
    }

    #[test]
    fn what_is_not_in_the_log_ends_with_14_and_what_is_no_route_does_not() {
        let refused = |code: &str| ClientError::Refused {
            server: String::new(),
            request: Box::default(),
            status: 404,
            code: code.into(),
            detail: String::new(),
            retry_after: None,
            instead: Box::default(),
        };
        assert_eq!(Failure::from(refused("not-found")).exit, Exit::NotFound);
        for code in NOT_WITHDRAWN {
            assert_eq!(Failure::from(refused(code)).exit, Exit::NotFound, "{code}");
        }
        assert_eq!(Failure::from(refused("http-404")).exit, Exit::Error);
    }
}

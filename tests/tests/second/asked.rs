//! Questions to the second verifier, and its answers.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use serde::{Deserialize, Serialize};

/// What both are asked: a bundle, or a whole log, under a trust file; bytes of one form by themselves; or a receipt or an omission
/// under what it is held against, a trust file, a whole log or a key.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Question {
    /// What was done to it.
    #[serde(skip)]
    pub(crate) about: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trust: Option<String>,
    /// In hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bundle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) checkpoint: Option<String>,
    /// Each in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entries: Option<Vec<String>>,
    /// What reads `bytes`: `statement`, `note`, ….
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reader: Option<String>,
    /// In hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bytes: Option<String>,
    /// What a receipt is for, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) statement: Option<String>,
    /// The key of a receipt whose log is not at hand, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) public: Option<String>,
}

/// What a verifier says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It holds; of entries `+` for each statement that counts, `-` for each that does not, `!` for each that a stolen key is
    /// behind; of other evidence what it proves.
    Standing(String),
    /// It is refused, by this name.
    Refused(String),
}

impl Answer {
    /// Whether both hold it, with the same statements counting, or both refuse it, whatever they call that.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Refused(_), Self::Refused(_))) || self == other
    }
}

#[derive(Deserialize)]
struct Line {
    ok: bool,
    #[serde(default)]
    standing: String,
    #[serde(default)]
    code: String,
}

/// The second verifier's answers, in order.
pub(crate) fn ask(questions: &[Question]) -> Vec<Answer> {
    static MADE: Mutex<()> = Mutex::new(());
    // The first to come makes the environment.
    let made = MADE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/run");
    let environment = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("second-verifier");
    let mut child = Command::new(run)
        .arg(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/python/run");
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut answers = Vec::with_capacity(questions.len());
    thread::scope(|scope| {
        scope.spawn(move || {
            for question in questions {
                let line = serde_json::to_string(question).expect("JSON");
                // Where it ended early, that shows in its answers.
                if writeln!(stdin, "{line}").is_err() {
                    break;
                }
            }
        });
        let mut made = Some(made);
        for _ in questions {
            let line = lines.next().expect("an answer to every question").expect("a line");
            made.take();
            let Line { ok, standing, code } = serde_json::from_str(&line).expect("an answer");
            answers.push(if ok { Answer::Standing(standing) } else { Answer::Refused(code) });
        }
    });
    assert!(child.wait().expect("an end").success(), "the second verifier failed");
    answers
}

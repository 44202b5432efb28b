//! What a command says in the end: to people, or as one JSON document, which docs/json describes.

use std::io::Write as _;

use super::Failure;
use crate::exit::Exit;

/// What a command says: to people, or as a document.
pub(crate) struct Answer {
    text: String,
    document: serde_json::Result<String>,
}

impl Answer {
    pub(crate) fn new(text: String, document: &impl serde::Serialize) -> Self {
        Self { text, document: serde_json::to_string(document) }
    }
}

/// Prints an answer in the form that was asked for. A failure is the caller's to print, but as a document.
pub(crate) fn say(json: bool, answer: Result<Answer, Failure>) -> Result<Exit, Failure> {
    let (text, exit) = match answer {
        Ok(answer) if json => {
            let document = answer.document.map_err(|error| Failure::new(Exit::Error, error, ""))?;
            (document + "\n", Exit::Ok)
        }
        Ok(answer) => (answer.text, Exit::Ok),
        Err(failure) if json => (failure.document() + "\n", failure.exit),
        Err(failure) => return Err(failure),
    };
    let unprinted = |error| {
        let what = format!("it is done, but what came of it cannot be printed: {error}");
        Failure::new(Exit::Error, what, "")
    };
    anstream::stdout().write_all(text.as_bytes()).map_err(unprinted)?;
    Ok(exit)
}

//! The golden vectors as questions.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde_json::Value;

use crate::asked::Question;

/// Every vector that holds bytes.
pub(crate) fn all() -> Vec<Question> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut files = Vec::new();
    gather(&folder, &mut files);
    files.sort();
    let questions: Vec<Question> = files.iter().flat_map(|file| asked(file)).collect();
    assert!(questions.len() > 200, "only {} vectors", questions.len());
    questions
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for item in fs::read_dir(folder).expect("a folder of vectors") {
        let path = item.expect("an item").path();
        if path.is_dir() { gather(&path, files) } else { files.push(path) }
    }
}

/// None where the vector says only how something is computed.
fn asked(file: &Path) -> Vec<Question> {
    let vector: Value = serde_json::from_slice(&fs::read(file).expect("a file")).expect("JSON");
    let mut questions = receipts(file, &vector);
    questions.extend(question(file, &vector));
    questions
}

/// A receipt under its key, by itself and carried by its statement.
fn receipts(file: &Path, vector: &Value) -> Vec<Question> {
    let text = |field: &str| vector[field].as_str().map(String::from);
    let (about, public) = (file.display().to_string(), text("public"));
    let of_reader = |reader: &str, statement: Option<String>| {
        let (about, public) = (about.clone(), public.clone());
        let (reader, bytes) = (Some(reader.into()), Some(text(reader)?));
        Some(Question { about, reader, bytes, statement, public, ..Question::default() })
    };
    [of_reader("receipt", text("statement")), of_reader("transparent", None)].into_iter().flatten().collect()
}

fn question(file: &Path, vector: &Value) -> Option<Question> {
    let text = |field: &str| vector[field].as_str().map(String::from);
    let about = file.display().to_string();
    // What holds: each sort of file keeps it under a name of its own, texts as they are.
    let of_text = |field: &str| text(field).map(|text| HEXLOWER.encode(text.as_bytes()));
    let held = [
        ("statement", text("statement")),
        ("entry", text("entry")),
        ("fork", text("fork")),
        ("omission", text("omission")),
        ("public-key", text("public_key")),
        ("note", of_text("note")),
        ("tlog-proof", of_text("proof")),
        ("trust-file", of_text("file")),
    ];
    // Long bytes are kept as runs.
    let run = |run: &Value| {
        run["hex"].as_str().unwrap_or_default().repeat(run["times"].as_u64().unwrap_or(0) as usize)
    };
    let runs = || vector["runs"].as_array().map(|runs| runs.iter().map(run).collect::<String>());
    let refused = text("reader").and_then(|reader| Some((reader, text("bytes").or_else(runs)?)));
    let held = held.into_iter().find_map(|(reader, bytes)| Some((reader.to_owned(), bytes?)));
    if let Some((reader, bytes)) = refused.or(held) {
        return Some(Question { about, reader: Some(reader), bytes: Some(bytes), ..Question::default() });
    }
    let (bundle, checkpoint) = (text("bundle"), text("checkpoint"));
    let Some(trust) = text("trust") else {
        let reader = bundle.as_ref().map(|_| "bundle".to_owned())?;
        return Some(Question { about, reader: Some(reader), bytes: bundle, ..Question::default() });
    };
    let entries = vector["entries"].as_array().filter(|_| bundle.is_none());
    let entries =
        entries.map(|all| all.iter().filter_map(|entry| entry.as_str().map(String::from)).collect());
    Some(Question { about, trust: Some(trust), bundle, checkpoint, entries, ..Question::default() })
}

//! Golden vectors: one file a case, its verdict inside. The files are what counts; they can be made anew from seeds.

mod forks;
mod keys;
mod names;
mod places;
pub(crate) mod receipts;
mod refusals;
mod signer;
mod statements;
mod texts;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use serde_json::Value;

pub(crate) use refusals::known_codes;

/// Folders of vectors that this module writes and reads.
const FOLDERS: [&str; 10] = [
    "bundles",
    "entries",
    "forks",
    "keys",
    "names",
    "omissions",
    "receipts",
    "refusals",
    "statements",
    "texts",
];

/// A vector's path below `tests/vectors`, and what it says.
type Vectors = BTreeMap<String, Value>;

#[test]
fn the_vectors_are_what_their_seeds_make() {
    let mut made = Vectors::new();
    let plain = [
        forks::make(),
        keys::make(),
        names::make(),
        places::make(),
        receipts::make(),
        statements::make(),
        texts::make(),
    ];
    for vectors in plain.into_iter().chain([refusals::make()]) {
        for (path, vector) in vectors {
            assert!(made.insert(path.clone(), vector).is_none(), "{path} twice");
        }
    }
    if std::env::var_os("WRIT_WRITE_VECTORS").is_some() {
        write(&made);
    }
    let found: BTreeSet<String> = FOLDERS.iter().flat_map(|folder| files(folder)).collect();
    assert_eq!(found, made.keys().cloned().collect());
    for (path, vector) in &made {
        assert_eq!(&read(path), vector, "{path}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

fn write(made: &Vectors) {
    for folder in FOLDERS {
        let _ = fs::remove_dir_all(root().join(folder));
    }
    for (path, vector) in made {
        let path = root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, serde_json::to_string_pretty(vector).unwrap() + "\n").unwrap();
    }
}

/// Every file below a folder of vectors, by its path from the root of all.
fn files(folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return vec![] };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(path: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap()
}

/// All vectors of a folder. There are some.
fn all(folder: &str) -> Vec<(String, Value)> {
    let found: Vec<_> = files(folder).into_iter().map(|path| (path.clone(), read(&path))).collect();
    assert!(!found.is_empty(), "{folder} is empty");
    found
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    HEXLOWER.encode(bytes.as_ref())
}

fn text<'v>(vector: &'v Value, field: &str) -> &'v str {
    vector[field].as_str().unwrap_or_else(|| panic!("`{field}` of {vector}"))
}

fn bytes(vector: &Value, field: &str) -> Vec<u8> {
    HEXLOWER.decode(text(vector, field).as_bytes()).unwrap()
}

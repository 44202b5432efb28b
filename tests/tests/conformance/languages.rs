//! The files of the two description languages, and the JSON Schemas ready to say yes or no.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub(crate) fn schemas_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas")
}

/// Every `.cddl` file, one after the other.
pub(crate) fn cddl_text() -> String {
    let mut files = Vec::new();
    for folder in ["cddl", "cddl/kinds"] {
        let found = fs::read_dir(schemas_folder().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        files.extend(found.filter(|path| path.extension().is_some_and(|extension| extension == "cddl")));
    }
    files.sort();
    files.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// The JSON Schema of each kind.
pub(crate) struct Schemas {
    by_kind: BTreeMap<&'static str, jsonschema::Validator>,
}

impl Schemas {
    pub(crate) fn load() -> Self {
        let common = schema("common");
        let registry = jsonschema::Registry::new().add("json-schema:///common.schema.json", &common).unwrap();
        let registry = registry.prepare().unwrap();
        let by_kind = schemas::payload::Kind::ALL.iter().map(|kind| {
            let own = schema(kind.as_str());
            assert!(jsonschema::meta::is_valid(&own), "{kind}");
            let options = jsonschema::options().with_registry(&registry);
            (
                kind.as_str(),
                options
                    .with_base_uri("json-schema:///")
                    .build(&own)
                    .unwrap_or_else(|e| panic!("{kind}: {e}")),
            )
        });
        Self { by_kind: by_kind.collect() }
    }

    pub(crate) fn check(&self, kind: &str, json: &Value) -> Result<(), String> {
        let validator = &self.by_kind[kind];
        match validator.iter_errors(json).next() {
            None => Ok(()),
            Some(error) => Err(format!("{error} at {}", error.instance_path())),
        }
    }
}

/// The text of a schema file as JSON.
pub(crate) fn schema(name: &str) -> Value {
    let path = schemas_folder().join(format!("json/{name}.schema.json"));
    serde_json::from_str(&fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .unwrap()
}

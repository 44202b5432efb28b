//! What tests of documents share.

use std::fs;

use serde_json::Value;

/// Holds a document against its checked-in schema, which must notice a field that it does not know.
pub(crate) fn assert_described(name: &str, document: &Value) {
    let path = format!("{}/json/{name}.schema.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let mut more = document.clone();
    more["no_such_field"] = Value::from(1);
    assert!(!validator.is_valid(&more));
}

//! Every field of every Rust type is in an instance, in the CDDL, in the JSON Schema and in `docs/format.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use regex::Regex;
use schemas::canonical::DecodeError;
use schemas::payload::{Kind, Payload, PayloadError};
use serde_json::Value;

use crate::docs;
use crate::instances::{self, Instance};
use crate::languages::{cddl_text, schema, schemas_folder};

const UNKNOWN: &str = "zz-unknown";

#[test]
fn every_field_of_a_rust_type_is_met_in_an_instance() {
    let instances = instances::all();
    for ((kind, path), fields) in fields_of_rust_types(&instances) {
        let met: BTreeSet<String> = instances
            .iter()
            .filter(|instance| instance.kind == kind)
            .flat_map(|instance| maps(&instance.json))
            .filter(|(at, _)| without_places(at) == path)
            .flat_map(|(_, fields)| fields)
            .collect();
        // The payload's own fields vary with the vantage; an imported statement of one kind shows them for all.
        let elsewhere = ["source", "log", "stream", "seq"];
        let missing: Vec<_> =
            fields.difference(&met).filter(|field| !elsewhere.contains(&field.as_str())).collect();
        assert!(missing.is_empty(), "{kind} {path}: {missing:?}");
    }
}

#[test]
fn every_field_of_a_rust_type_is_in_cddl_json_schema_and_the_page() {
    let cddl = cddl_text();
    let page = docs::page();
    let common = property_names(&schema("common"));
    for ((kind, path), fields) in fields_of_rust_types(&instances::all()) {
        let own = property_names(&schema(&kind));
        let section = docs::section(&page, &format!("### `{kind}`"));
        for field in fields {
            let in_cddl = Regex::new(&format!(r"(?m)(^|[ {{(,?]){}: ", regex::escape(&field))).unwrap();
            assert!(in_cddl.is_match(&cddl), "{kind} {path}: `{field}` is not in the CDDL");
            assert!(
                own.contains(&field) || common.contains(&field),
                "{kind} {path}: `{field}` is not in the JSON Schema"
            );
            let text = if path == "/body" { section } else { &page };
            assert!(
                text.contains(&format!("`{field}`")),
                "{kind} {path}: `{field}` is not in docs/format.md"
            );
        }
    }
}

#[test]
fn every_kind_has_its_files_and_no_file_has_no_kind() {
    let kinds: BTreeSet<String> = Kind::ALL.iter().map(|kind| kind.to_string()).collect();
    let stems = |folder: &str, extension: &str| -> BTreeSet<String> {
        let entries = fs::read_dir(schemas_folder().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.map(|name| name.strip_suffix(extension).expect("a file of the language").to_owned()).collect()
    };
    assert_eq!(stems("cddl/kinds", ".cddl"), kinds);
    let mut files = stems("json", ".schema.json");
    assert!(files.remove("common"));
    assert_eq!(files, kinds);
    let instances: BTreeSet<String> =
        instances::all().iter().map(|instance| instance.kind.to_owned()).collect();
    assert_eq!(instances, kinds);
}

/// For each kind and each place of a map in it: the fields that its Rust type knows, as its own refusal lists them.
fn fields_of_rust_types(instances: &[Instance]) -> BTreeMap<(String, String), BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for instance in instances {
        for (path, _) in maps(&instance.json) {
            let mut json = instance.json.clone();
            let map = json.pointer_mut(&path).and_then(Value::as_object_mut).unwrap();
            map.insert(UNKNOWN.into(), 1.into());
            let Err(PayloadError::Decode(DecodeError::UnknownField { detail })) = Payload::from_json(&json)
            else {
                continue;
            };
            let (_, expected) = detail.split_once("expected ").expect("serde lists what it expected");
            let names = expected.split('`').skip(1).step_by(2).map(str::to_owned);
            let key = (instance.kind.to_owned(), without_places(&path));
            found.entry(key).or_insert_with(BTreeSet::new).extend(names);
        }
    }
    assert!(found.len() > 60, "{}", found.len());
    found
}

/// Each map in the value: where it is, as a JSON pointer, and its fields.
fn maps(json: &Value) -> Vec<(String, BTreeSet<String>)> {
    fn visit(json: &Value, path: String, found: &mut Vec<(String, BTreeSet<String>)>) {
        match json {
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(at, item)| visit(item, format!("{path}/{at}"), found));
            }
            Value::Object(fields) => {
                found.push((path.clone(), fields.keys().cloned().collect()));
                for (name, value) in fields {
                    visit(value, format!("{path}/{}", name.replace('~', "~0").replace('/', "~1")), found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    visit(json, String::new(), &mut found);
    found
}

/// The path without places in lists and without the names that an author chose.
fn without_places(path: &str) -> String {
    let parts = path.split('/').filter(|part| part.is_empty() || part.parse::<usize>().is_err());
    let path = parts.collect::<Vec<_>>().join("/");
    match path.split_once("/limits/") {
        Some((before, _)) => format!("{before}/limits/*"),
        None => path,
    }
}

/// Every name under a `properties` anywhere in the schema.
fn property_names(schema: &Value) -> BTreeSet<String> {
    match schema {
        Value::Array(items) => items.iter().flat_map(property_names).collect(),
        Value::Object(fields) => {
            let own = fields
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|names| names.keys().cloned());
            own.chain(fields.values().flat_map(property_names)).collect()
        }
        _ => BTreeSet::new(),
    }
}

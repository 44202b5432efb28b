//! Names of the JSON documents that commands print. `docs/json/` describes each.

pub(crate) const APPEND: &str = "writ.append/1";
pub(crate) const BUNDLE_CREATED: &str = "writ.bundle-created/1";
pub(crate) const BUNDLE_INSPECT: &str = "writ.bundle-inspect/1";
pub(crate) const ERROR: &str = "writ.error/1";
pub(crate) const EXPORTED: &str = "writ.exported/1";
pub(crate) const IMPORT: &str = "writ.import/1";
pub(crate) const KEY: &str = "writ.key/1";
pub(crate) const KEY_PROPOSALS: &str = "writ.key-proposals/1";
pub(crate) const KEY_REGISTERED: &str = "writ.key-registered/1";
pub(crate) const MIRROR: &str = "writ.mirror/1";
pub(crate) const MONITOR: &str = "writ.monitor/1";
pub(crate) const PROFILE: &str = "writ.profile/1";
pub(crate) const PROFILE_LIST: &str = "writ.profile-list/1";
pub(crate) const PROOF: &str = "writ.proof/1";
pub(crate) const RECEIPT: &str = "writ.receipt/1";
pub(crate) const SEARCH: &str = "writ.search/1";
pub(crate) const SHOW: &str = "writ.show/1";
pub(crate) const TAIL: &str = "writ.tail/1";
pub(crate) const TAIL_FINDING: &str = "writ.tail-finding/1";
pub(crate) const TRUST_UPDATED: &str = "writ.trust-updated/1";
#[cfg(test)]
pub(crate) use questions::blast::BLAST_SCHEMA;
#[cfg(test)]
pub(crate) use questions::effect::EFFECT_SCHEMA;
#[cfg(test)]
pub(crate) use questions::uses::USES_SCHEMA;
pub(crate) const VERIFY_FORK: &str = "writ.verify-fork/1";
pub(crate) const VERIFY_LOG: &str = "writ.verify-log/1";
pub(crate) const VERIFY_OMISSION: &str = "writ.verify-omission/1";
pub(crate) const VERIFY_PROOF: &str = "writ.verify-proof/1";
pub(crate) const VERIFY_RECEIPT: &str = "writ.verify-receipt/1";
pub(crate) const WITNESS: &str = "writ.witness/1";
pub(crate) const WITNESS_LOGS: &str = "writ.witness-logs/1";

#[cfg(test)]
pub(crate) mod tests {
    use std::path::PathBuf;

    use documents::report::REPORT_SCHEMA;
    use questions::authority::AUTHORITY_SCHEMA;
    use questions::chain::CHAIN_SCHEMA;
    use questions::chains::CHAINS_SCHEMA;
    use questions::counts::COUNTS_SCHEMA;
    use questions::coverage::COVERAGE_SCHEMA;
    use questions::crossings::CROSSINGS_SCHEMA;
    use questions::diff::DIFF_SCHEMA;
    use questions::grants::GRANTS_SCHEMA;
    use questions::lookup::LOOKUP_SCHEMA;
    use questions::revisions::REVISIONS_SCHEMA;
    use questions::what_if::WHAT_IF_SCHEMA;
    use questions::why::WHY_SCHEMA;
    use serde::Serialize;
    use serde_json::Value;
    use verifier::verdict::VERDICT_SCHEMA;

    use super::*;

    const ALL: &[&str] = &[
        COUNTS_SCHEMA,
        APPEND,
        BLAST_SCHEMA,
        AUTHORITY_SCHEMA,
        BUNDLE_CREATED,
        BUNDLE_INSPECT,
        CHAIN_SCHEMA,
        CHAINS_SCHEMA,
        COVERAGE_SCHEMA,
        CROSSINGS_SCHEMA,
        DIFF_SCHEMA,
        EFFECT_SCHEMA,
        ERROR,
        EXPORTED,
        GRANTS_SCHEMA,
        IMPORT,
        KEY,
        KEY_PROPOSALS,
        KEY_REGISTERED,
        LOOKUP_SCHEMA,
        MIRROR,
        MONITOR,
        PROFILE,
        PROFILE_LIST,
        PROOF,
        RECEIPT,
        REPORT_SCHEMA,
        REVISIONS_SCHEMA,
        SEARCH,
        SHOW,
        TAIL,
        TAIL_FINDING,
        TRUST_UPDATED,
        USES_SCHEMA,
        VERIFY_FORK,
        VERIFY_LOG,
        VERIFY_OMISSION,
        VERIFY_PROOF,
        VERIFY_RECEIPT,
        WHAT_IF_SCHEMA,
        WITNESS,
        WITNESS_LOGS,
        VERDICT_SCHEMA,
        WHY_SCHEMA,
    ];

    fn folder() -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/json")
    }

    fn file(name: &str) -> String {
        format!("{}.schema.json", name.replace('/', "-"))
    }

    /// Holds a document against the checked-in schema of its own name.
    pub(crate) fn assert_described(document: &impl Serialize) {
        let document = serde_json::to_value(document).unwrap();
        let name = document["schema"].as_str().unwrap();
        let text = std::fs::read_to_string(folder().join(file(name))).unwrap();
        let schema: Value = serde_json::from_str(&text).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&document).map(|e| format!("{e} at {}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}\n{document:#}");
        let mut more = document.clone();
        more["no_such_field"] = Value::from(1);
        assert!(!validator.is_valid(&more), "{name} takes unknown fields, so it would not notice a new one");
    }

    #[test]
    fn each_document_has_its_schema_and_each_schema_its_document() {
        let entries = std::fs::read_dir(folder()).unwrap();
        let mut there: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        // What `writd` prints is described there too, and tested there.
        const OF_WRITD: [&str; 7] =
            ["fsck-", "log-key", "backup-", "restored-", "reconciled-", "reindexed-", "compacted-"];
        let of_writd = |name: &str| {
            let name = name.strip_prefix("writ.").unwrap_or(name);
            OF_WRITD.iter().any(|begin| name.starts_with(begin))
        };
        there.retain(|name| name.ends_with(".schema.json") && !of_writd(name));
        let mut wanted: Vec<String> = ALL.iter().map(|name| file(name)).collect();
        there.sort();
        wanted.sort();
        assert_eq!(there, wanted);
    }
}

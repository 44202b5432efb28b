//! One question to everyone: is this a payload, header, statement, entry, bundle, term, proof of possession? All must answer
//! alike, but for what `exceptions` lists.

use std::collections::BTreeSet;

use schemas::bundle::{Bundle, ProvedEntry};
use schemas::entry::Entry;
use schemas::envelope::{Statement, Unsigned};
use schemas::fork::Fork;
use schemas::ids::{ByteString, EntryHash, KeyId, PublicKey, Signature, StatementId};
use schemas::payload::Payload;
use schemas::receipt::Receipt;
use schemas::time::{Index, Time};
use schemas::tree::TreeHash;

use crate::exceptions::{self, Deviation, EDITS, Edit, Who};
use crate::grammar::Grammar;
use crate::instances::{self, Instance};
use crate::item::Item;
use crate::languages::Schemas;
use crate::mutation::{self, Mutation};
use crate::vectors::receipts;

#[test]
fn rust_cddl_and_json_schema_accept_and_refuse_the_same_payloads() {
    let schemas = Schemas::load();
    let mut report = Report::default();
    let grammar = Grammar::load();
    for instance in instances::all() {
        let whole = intact(&instance, &grammar, &schemas);
        let edits = EDITS.iter().filter(|edit| edit.kind == instance.kind && edit.name == instance.name);
        for mutation in mutation::all(&whole).into_iter().chain(edits.map(|edit| edited(&whole, edit))) {
            report.cases += 1;
            ask_about_payload(&instance, &mutation, &grammar, &schemas, &mut report);
        }
    }
    report.finish(10_000, exceptions::PAYLOAD);
}

/// Shows that everyone accepts the instance as it stands.
fn intact(instance: &Instance, grammar: &Grammar, schemas: &Schemas) -> Item {
    let name = format!("{} {}", instance.kind, instance.name);
    let payload = instance.payload();
    let bytes = payload.to_bytes().unwrap();
    let whole = Item::decode(&bytes);
    assert_eq!(whole.encode(), bytes, "{name}: another writer makes other bytes");
    assert_eq!(whole.to_json(), instance.json, "{name}");
    assert_eq!(serde_json::to_value(&payload).unwrap(), instance.json, "{name}");
    assert_eq!(Payload::from_bytes(&bytes).as_ref(), Ok(&payload), "{name}");
    assert!(grammar.accepts(&rule_of(instance), &bytes), "{name}");
    assert_eq!(schemas.check(instance.kind, &instance.json), Ok(()), "{name}");
    whole
}

fn edited(whole: &Item, edit: &Edit) -> Mutation {
    let path = format!("/{}", edit.path.join("/"));
    Mutation { path, what: "edited", item: whole.with(edit.path, (edit.value)()), cbor_only: false }
}

fn rule_of(instance: &Instance) -> String {
    format!("{}-payload", instance.kind)
}

fn ask_about_payload(
    instance: &Instance,
    mutation: &Mutation,
    grammar: &Grammar,
    schemas: &Schemas,
    report: &mut Report,
) {
    let bytes = mutation.item.encode();
    let by_bytes = Payload::from_bytes(&bytes);
    let what = format!("{} {} {}", instance.kind, instance.name, mutation.name());
    let same_kind = mutation.path != "/kind";
    if same_kind {
        report.compare(&what, Who::Cddl, by_bytes.is_ok(), grammar.accepts(&rule_of(instance), &bytes));
    }
    if mutation.cbor_only {
        return;
    }
    let json = mutation.item.to_json();
    let by_json = Payload::from_json(&json);
    if same_kind {
        report.compare(&what, Who::JsonSchema, by_json.is_ok(), schemas.check(instance.kind, &json).is_ok());
    }
    match (by_bytes, by_json) {
        (Ok(from_bytes), Ok(from_json)) => assert_eq!(from_bytes, from_json, "{what}"),
        (from_bytes, from_json) => {
            assert_eq!(from_bytes.is_ok(), from_json.is_ok(), "{what}: {from_bytes:?} {from_json:?}")
        }
    }
}

#[test]
fn hex_in_the_json_form_has_one_spelling() {
    let schemas = Schemas::load();
    let full = instances::all().into_iter().find(|i| i.kind == "key" && i.name == "full").unwrap();
    for wrong in [
        "AB".repeat(32),
        "ab".repeat(31),
        "ab".repeat(31) + "a",
        "ag".repeat(32),
        format!(" {}", "ab".repeat(32)),
    ] {
        let mut json = full.json.clone();
        json["body"]["kid"] = wrong.into();
        assert!(Payload::from_json(&json).is_err());
        assert!(schemas.check("key", &json).is_err());
    }
}

#[test]
fn a_whole_number_written_with_a_fraction_is_a_number_to_json_schema_alone() {
    let schemas = Schemas::load();
    let mut json = instances::all().into_iter().find(|i| i.kind == "correction").unwrap().json;
    json["at"] = 1.0.into();
    assert!(Payload::from_json(&json).is_err());
    assert_eq!(schemas.check("correction", &json), Ok(()), "JSON Schema 2020-12 §6.1.1 calls 1.0 an integer");
}

#[test]
fn rust_and_cddl_accept_and_refuse_the_same_envelopes() {
    let mut report = Report::default();
    let statement = sample_statement();
    let whole = Item::decode(statement.envelope.bytes());
    let grammar = Grammar::load();
    let check = |bytes: &[u8]| Statement::decode(bytes).map(|_| ()).map_err(|e| e.code());
    report.ask("statement", &whole, &grammar, &check, &|item| item.encode());

    let Item::Tag(18, parts) = &whole else { panic!("{whole:?}") };
    let Item::List(parts) = parts.as_ref() else { panic!("{parts:?}") };
    let Item::Bytes(protected) = &parts[0] else { panic!("{parts:?}") };
    let around = |header: Item| {
        let mut parts = parts.clone();
        parts[0] = Item::Bytes(header.encode());
        Item::Tag(18, Box::new(Item::List(parts))).encode()
    };
    report.ask("statement", &Item::decode(protected), &grammar, &check, &around);

    assert!(grammar.accepts("sig-structure", &statement.envelope.to_be_signed()));
    assert!(grammar.accepts("payload", statement.envelope.payload()));
    report.finish(300, exceptions::ENVELOPE);
}

#[test]
fn rust_and_cddl_accept_and_refuse_the_same_entries() {
    let mut report = Report::default();
    let entry = sample_entry();
    let check = |bytes: &[u8]| Entry::decode(bytes).map(|_| ()).map_err(|e| e.code());
    report.ask("entry", &Item::decode(&entry.encode()), &Grammar::load(), &check, &|item| item.encode());
    report.finish(80, &[]);
}

#[test]
fn rust_and_cddl_accept_and_refuse_the_same_receipts() {
    let mut report = Report::default();
    let grammar = Grammar::load();
    let parts = receipts::parts(1);
    let check = |bytes: &[u8]| Receipt::decode(bytes).map(|_| ()).map_err(|e| e.code());
    let whole = Item::decode(&parts.receipt());
    report.ask("receipt", &whole, &grammar, &check, &|item| item.encode());
    let with_header = |header: Item| receipts::Parts { header, ..receipts::parts(1) }.receipt();
    report.ask("receipt", &parts.header, &grammar, &check, &with_header);
    let with_proof = |proof: Item| parts.with_proofs(receipts::proofs(vec![proof]));
    report.ask("receipt", &parts.proof, &grammar, &check, &with_proof);
    report.finish(200, exceptions::RECEIPT);
}

#[test]
fn rust_and_cddl_accept_and_refuse_the_same_bundles() {
    let mut report = Report::default();
    let entry = ProvedEntry { entry: sample_entry().encode(), path: vec![TreeHash::new([8; 32])] };
    let bundle = Bundle {
        subject: StatementId::new([1; 32]),
        checkpoint: "ledger.corp/test\n".into(),
        entries: vec![entry],
        assertions: vec![ByteString(vec![1, 2])],
    };
    let check = |bytes: &[u8]| Bundle::decode(bytes).map(|_| ()).map_err(|e| e.code());
    let whole = Item::decode(&bundle.encode().unwrap());
    report.ask("bundle", &whole, &Grammar::load(), &check, &redigested);
    report.finish(200, &[]);
}

#[test]
fn rust_and_cddl_accept_and_refuse_the_same_fork_proofs() {
    let mut report = Report::default();
    let fork = Fork {
        key: "ledger.corp/test+00000000+AQ==".into(),
        first: "ledger.corp/test\n".into(),
        second: "ledger.corp/test\n".into(),
        root: TreeHash::new([8; 32]),
        path: vec![TreeHash::new([9; 32])],
    };
    let check = |bytes: &[u8]| Fork::decode(bytes).map(|_| ()).map_err(|e| e.code());
    let whole = Item::decode(&fork.encode().unwrap());
    report.ask("fork", &whole, &Grammar::load(), &check, &redigested);
    report.finish(100, &[]);
}

/// The file's bytes with a digest that fits them, where there still is one.
fn redigested(item: Item) -> Vec<u8> {
    let mut bytes = item.encode();
    if let Item::List(parts) = &item
        && let Some(Item::Bytes(digest)) = parts.last()
        && digest.len() == 32
    {
        let body = bytes.len() - 32;
        bytes.truncate(body);
        let digest = blake3::hash(&bytes);
        bytes.extend_from_slice(digest.as_bytes());
    }
    bytes
}

fn sample_statement() -> Statement {
    let instance = instances::all().into_iter().find(|i| i.kind == "delegation" && i.name == "full").unwrap();
    let kid = KeyId::of(&PublicKey::new([7; 32]));
    let iss = "agent:planner/7".parse().unwrap();
    Unsigned::new(&instance.payload(), &kid, &iss).unwrap().sign(&Signature::new([9; 64])).unwrap()
}

fn sample_entry() -> Entry {
    let prev = EntryHash::of_origin("ledger.corp/test");
    Entry { index: Index(0), time: Time(1_700_000_000_000), prev, statement: vec![1, 2, 3] }
}

/// What was asked, and where answers differed.
#[derive(Default)]
struct Report {
    cases: usize,
    deviations: Vec<(Who, bool, String)>,
}

impl Report {
    fn compare(&mut self, what: &str, who: Who, rust: bool, other: bool) {
        if rust != other {
            self.deviations.push((who, other, what.to_owned()));
        }
    }

    /// Asks Rust and a rule of the grammar about every change of `whole`, made into bytes by `write`.
    fn ask(
        &mut self,
        rule: &str,
        whole: &Item,
        grammar: &Grammar,
        check: &dyn Fn(&[u8]) -> Result<(), &'static str>,
        write: &dyn Fn(Item) -> Vec<u8>,
    ) {
        let bytes = write(whole.clone());
        assert_eq!(check(&bytes), Ok(()), "{rule}");
        assert!(grammar.accepts(rule, &bytes), "{rule}");
        for mutation in mutation::all(whole) {
            self.cases += 1;
            let what = format!("{rule} {}", mutation.name());
            let bytes = write(mutation.item);
            self.compare(&what, Who::Cddl, check(&bytes).is_ok(), grammar.accepts(rule, &bytes));
        }
    }

    /// Each deviation must be a listed one, and each listed one must still occur.
    fn finish(self, at_least: usize, listed: &[Deviation]) {
        assert!(self.cases >= at_least, "only {} cases", self.cases);
        let mut met = BTreeSet::new();
        let mut unlisted = Vec::new();
        for (who, accepts, what) in &self.deviations {
            let matching = listed.iter().filter(|d| *accepts && d.who == *who && (d.cases)(what));
            let ids: Vec<_> = matching.map(|deviation| deviation.id).collect();
            if ids.is_empty() {
                unlisted.push(format!("{who:?} {} {what}", if *accepts { "accepts" } else { "refuses" }));
            }
            met.extend(ids);
        }
        assert!(unlisted.is_empty(), "{} of {} cases:\n{}", unlisted.len(), self.cases, unlisted.join("\n"));
        for deviation in listed {
            assert!(
                met.contains(deviation.id),
                "{} no longer occurs; its reason was: {}",
                deviation.id,
                deviation.reason
            );
        }
    }
}

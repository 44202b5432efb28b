//! A case as a file: what is judged, from which bytes, under whose keys, and what it must come to.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use schemas::checkpoint::Checkpoint;
use schemas::ids::StatementId;
use schemas::note::Note;
use schemas::trust::TrustPolicy;
use serde::{Deserialize, Serialize};
use tests::scenario::recomputed;
use verifier::bundle::{CheckedBundle, check, check_unpinned};
use verifier::checkpoint::verify_checkpoint;
use verifier::evidence::EvidenceHead;
use verifier::gather::{Wants, gather};
use verifier::judge::judge;
use verifier::profile::Profile;
use verifier::rules::refused_by;
use verifier::verdict::Verdict;

use crate::beside::Beside;
use crate::case::Case;
use crate::story::{Evidence, Story};

/// A vector.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    pub(crate) rule: String,
    pub(crate) case: String,
    pub(crate) profile: String,
    /// The profile itself, where it is none that is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parameters: Option<Profile>,
    /// A trust file; nothing is pinned where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trust: Option<String>,
    /// The statement to be judged.
    pub(crate) subject: StatementId,
    /// A bundle, in hex; or else `checkpoint` and `entries` are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bundle: Option<String>,
    /// A signed note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checkpoint: Option<String>,
    /// Every entry of the log, each in hex.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) entries: Vec<String>,
    /// What the reader holds beside a bundle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) beside: Option<Beside>,
    pub(crate) expect: Expect,
}

/// What a vector is judged to be. Where the evidence is refused, `outcome` says so and `findings` by which rule.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) outcome: String,
    /// The root; empty where it is not known.
    pub(crate) principal: String,
    /// How many hops the chain has that is shown.
    pub(crate) hops: usize,
    /// The rules of all findings, each once, in alphabetical order.
    pub(crate) findings: Vec<String>,
}

impl Vector {
    /// Tells the case's story and writes down what comes of it, and what it must be judged to be.
    pub(crate) fn of(case: &Case) -> Self {
        let mut story = Story::new();
        let (subject, evidence) = (case.tell)(&mut story);
        let pinned = !matches!(evidence, Evidence::Unpinned);
        let log = &story.log;
        let (mut bundle, mut checkpoint, mut entries, mut beside) = (None, None, Vec::new(), None);
        let encode = |bundle: schemas::bundle::Bundle| HEXLOWER.encode(&bundle.encode().expect("a bundle"));
        match evidence {
            Evidence::Bundle | Evidence::Unpinned => bundle = Some(encode(log.bundle(&subject))),
            Evidence::BundleBeside(held) => {
                bundle = Some(encode(log.bundle(&subject)));
                beside = Some(held);
            }
            Evidence::BundleWithout(term) => {
                let mut gathered = gather(subject, Wants { task: true }, log).expect("bounded needs");
                assert!(gathered.rows.remove(&term).is_some(), "a term that is asked for");
                bundle = Some(encode(log.bundle_of(&subject, gathered)));
            }
            Evidence::Entries => {
                checkpoint = Some(log.checkpoint().to_string());
                entries = log.entries().iter().map(|entry| HEXLOWER.encode(entry)).collect();
            }
        }
        Self {
            rule: case.slug.into(),
            case: case.name.replace('-', " "),
            profile: case.profile().name,
            parameters: case.tune.map(|_| case.profile()),
            trust: pinned.then(|| log.trust().to_string()),
            subject,
            bundle,
            checkpoint,
            entries,
            beside,
            expect: Expect {
                outcome: case.outcome.into(),
                principal: case.principal.into(),
                hops: case.hops,
                findings: case.findings.iter().map(ToString::to_string).collect(),
            },
        }
    }

    /// The profile that it is judged under.
    pub(crate) fn profile(&self) -> Profile {
        let profile = self.parameters.clone().or_else(|| Profile::named(&self.profile)).expect("a profile");
        profile.check().expect("a sound profile");
        profile
    }

    /// Judges what the file holds, and nothing else; or the code by which it is refused.
    pub(crate) fn judge(&self) -> Result<Verdict, &'static str> {
        let trust = self.trust.as_ref();
        let trust = trust.map(|trust| TrustPolicy::parse(trust.as_bytes()).expect("a trust file"));
        let profile = self.profile();
        let decode = |text: &String| HEXLOWER.decode(text.as_bytes()).expect("hex");
        if let Some(bundle) = &self.bundle {
            let bytes = decode(bundle);
            let checked = match &trust {
                Some(trust) => check(&bytes, trust),
                None => check_unpinned(&bytes),
            };
            let checked = checked.map_err(|error| error.code())?;
            if let Some((beside, trust)) = self.beside.as_ref().zip(trust.as_ref()) {
                beside.refusal(&checked, trust).map_or(Ok(()), Err)?;
            }
            let CheckedBundle { subject, evidence, .. } = checked;
            assert_eq!(subject, self.subject);
            return Ok(judge(&subject, &evidence, &profile).expect("a subject that can be judged"));
        }
        let trust = trust.expect("a trust file beside entries");
        let note = Note::parse(self.checkpoint.as_ref().expect("a checkpoint").as_bytes()).expect("a note");
        verify_checkpoint(&note, &trust).expect("a checkpoint by the pinned key");
        let Checkpoint { origin, size, root } = Checkpoint::from_note(&note).expect("a checkpoint");
        let head = EvidenceHead { origin: origin.to_string(), size, root };
        let entries: Vec<Vec<u8>> = self.entries.iter().map(decode).collect();
        let evidence = recomputed(head, &trust, &entries).map_err(|error| error.code())?;
        Ok(judge(&self.subject, &evidence, &profile).expect("a subject that can be judged"))
    }
}

impl Expect {
    /// What judging comes to, in the words of a vector.
    pub(crate) fn of(judged: &Result<Verdict, &'static str>) -> Self {
        let verdict = match judged {
            Ok(verdict) => verdict,
            Err(code) => return Self::refused(code),
        };
        let findings: BTreeSet<&str> = verdict.findings.iter().map(|finding| finding.code).collect();
        Self {
            outcome: verdict.outcome.as_str().into(),
            principal: verdict.principal.clone(),
            hops: verdict.hops.len(),
            findings: findings.into_iter().map(String::from).collect(),
        }
    }
}

impl Expect {
    fn refused(code: &str) -> Self {
        let rule = refused_by(code).unwrap_or_else(|| panic!("refused by no rule: {code}"));
        let (outcome, principal) = (String::from("refused"), String::new());
        Self { outcome, principal, hops: 0, findings: vec![rule.slug.into()] }
    }
}

/// `tests/vectors/rules`.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/rules")
}

/// Where a case's file is.
pub(crate) fn path(case: &Case) -> PathBuf {
    folder().join(case.slug).join(format!("{}.json", case.name))
}

/// Every file there is.
pub(crate) fn files() -> Vec<PathBuf> {
    let folders = fs::read_dir(folder()).expect("tests/vectors/rules");
    let files =
        folders.flat_map(|folder| fs::read_dir(folder.expect("an item").path()).expect("a folder of a rule"));
    let mut paths: Vec<PathBuf> = files.map(|file| file.expect("an item").path()).collect();
    paths.sort();
    paths
}

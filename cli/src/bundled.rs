//! A bundle, checked under what is pinned, with the list of what was checked.

use schemas::bundle::Bundle;
use schemas::note::Note;
use verifier::bundle::{BundleRefusal, CheckedBundle, check, check_unpinned};

use crate::checks::{self, AgeLimit, Check, holds};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::trust::Trust;

/// A bundle that holds, whoever's it is.
pub(crate) struct Bundled<'t> {
    pub(crate) checked: CheckedBundle,
    /// Its checkpoint.
    pub(crate) note: Note,
    /// The trust file, where it was the right one.
    pub(crate) trust: Option<&'t Trust>,
    /// The log's assertions in it, in number.
    pub(crate) assertions: usize,
    /// What was checked of the bundle's bytes and its checkpoint, and what not.
    pub(crate) checks: Vec<Check>,
    /// What all that means for the end.
    pub(crate) exit: Exit,
}

/// Checks a bundle under what is pinned; where that is another log or key, says so and checks the bundle in itself.
pub(crate) fn check_bundle<'t>(
    context: &Context,
    bytes: &[u8],
    trust: Option<&'t Trust>,
    limit: AgeLimit,
    exit: Exit,
) -> Result<Bundled<'t>, Failure> {
    let bundle = Bundle::decode(bytes).map_err(|e| tampered(&e.into()))?;
    let note = Note::parse(bundle.checkpoint.as_bytes()).map_err(|e| tampered(&e.into()))?;
    let (checked, believed, refused) = match trust.map(|trust| (trust, check(bytes, trust.policy()))) {
        Some((trust, Ok(checked))) => (checked, Some(trust), None),
        Some((trust, Err(refusal))) if refusal.is_about_trust() => {
            let checked = check_unpinned(bytes).map_err(|e| tampered(&e))?;
            (checked, None, Some(wrong_trust(trust, &note, &refusal)))
        }
        Some((_, Err(refusal))) => return Err(tampered(&refusal)),
        None => (check_unpinned(bytes).map_err(|e| tampered(&e))?, None, None),
    };
    let mut exit = exit;
    if let Some(failure) = &refused {
        context.output.failure_text(failure);
        exit = exit.worse(Exit::Untrusted);
    }
    let (signed, worse) = checks::checkpoint(&note, trust, limit);
    let digest: String = bytes.iter().rev().take(6).rev().map(|byte| format!("{byte:02x}")).collect();
    let mut checks = vec![holds("bundle-digest", format!("{} bytes hash to …{digest}", bytes.len()))];
    checks.extend(signed);
    checks.push(checks::genesis(trust, Some(checked.evidence.registry().log())));
    let assertions = bundle.assertions.len();
    Ok(Bundled { checked, note, trust: believed, assertions, checks, exit: exit.worse(worse) })
}

fn tampered(refusal: &BundleRefusal) -> Failure {
    let failure = Failure::new(refusal.code(), format!("the evidence does not hold: {refusal}"));
    let next =
        "ask the holder of the log for a fresh bundle: this copy was changed, cut short, or is no bundle";
    failure.exit(Exit::Tampered).next(next)
}

fn wrong_trust(trust: &Trust, note: &Note, refusal: &BundleRefusal) -> Failure {
    match refusal {
        BundleRefusal::Checkpoint(error) => trust.refuse_head(note, error),
        _ => Failure::new(refusal.code(), format!("{}: {refusal}", trust.path().display()))
            .exit(Exit::Untrusted)
            .next("the trust file of this log"),
    }
}

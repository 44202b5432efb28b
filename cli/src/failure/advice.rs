//! What to try next, for every failure: by its code, else by how the program ends.

use crate::exit::Exit;

/// What a person with this failure would try.
pub(super) fn of(code: &str, exit: Exit) -> &'static str {
    of_code(code).unwrap_or_else(|| of_exit(exit))
}

fn of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "role-kind" | "role-vantage" | "signer-not-entitled" => {
            "a key with a role for it: `writ keys register --help` says what each role speaks for"
        }
        "role-principal" => {
            "the key of the principal that the statement speaks for, or one with the role authority about it"
        }
        "key-not-registered" | "unknown-key" | "key-unknown" => {
            "writ keys register --registrar FILE --key FILE.pub --principal URI --role ROLE"
        }
        "key-retired" | "key-compromised" | "key-withdrawn" => {
            "writ keys generate --out FILE, and have the new key registered"
        }
        "not-withdrawn" => "`writ blast` for what it did so far, `writ revoke --help` to withdraw it",
        "not-withdrawable" | "not-relied-on" | "not-judgeable" => "`writ show ID` for what it is",
        "target-unknown" => "`writ show` on the revocation, for what it names",
        "no-log-key" => {
            "ask who runs the log: `writd keys list` names the key in force and its file; put it there and start writd again"
        }
        "wrong-log" => "another --server, or the trust file of this log",
        "draft-json" | "draft-not-an-object" | "draft-label" => {
            "one JSON object a line, strings in double quotes: `writ append --help` shows some"
        }
        "draft-unknown-label" | "draft-label-twice" => {
            "`\"label\": \"NAME\"` once, in a line above every \"@NAME\" that stands for it"
        }
        "draft-too-large" | "statement-too-large" => {
            "large inputs as attachments: their digest is enough (docs/format.md)"
        }
        "drafts-unreadable" => "a file of JSON drafts, one a line, or `-` for standard input",
        "missing-field" | "unknown-field" | "unknown-kind" | "unknown-version" | "field-type"
        | "field-value" => "docs/format.md lists kinds and their fields; `writ append --help` shows drafts",
        "key-file-io" => {
            "a file of `writ keys generate --out FILE`, or a folder that exists and can be written"
        }
        "key-file-link" => "the secret key's own file",
        "not-a-secret-key" => "the file without .pub beside it, or `writ keys generate --out FILE`",
        "not-a-public-key" => "the .pub file that `writ keys generate --out FILE` wrote",
        "passphrase-missing" | "passphrase-wrong" | "passphrases-differ" | "passphrase-length" => {
            "again at a terminal, or with --passphrase-file FILE (mode 600, the passphrase in its first line)"
        }
        "key-file-kind" => "the key's own file",
        "file-exists" => "another file name: keys are never overwritten",
        "bundle-unreadable" => "the file that `writ bundle create ID -o FILE` wrote",
        "proof-unreadable" => "the file that `writ proof ID -o FILE` wrote",
        "entry-unreadable" => "--entry FILE with the entry's bytes",
        "receipt-unreadable" => "the file that `writ receipt ID -o FILE` wrote",
        "log-key-unreadable" => "the file that `writ receipt ID -o FILE --log-key FILE` wrote, as --log-key",
        "checkpoint-unreadable" => "--checkpoint FILE with what the log serves at /checkpoint",
        "evidence-unreadable" => {
            "a bundle (`writ bundle create ID -o FILE`), or an omission that was found and kept"
        }
        "bundle-unwritable" | "omission-unwritable" | "proof-unwritable" | "receipt-unwritable" => {
            "-o FILE in a folder that exists and can be written"
        }
        "bundle-too-large" => "writ verify log, or `writ who ID --recompute`, which read the log itself",
        "bad-query" => "`writ search --help` for the form of each condition",
        "server-answer" | "server-answer-too-large" => "check that --server (WRIT_SERVER) names a writd",
        _ if code.starts_with("trust-") => "the trust.policy that `writd init` made, as it was",
        _ if code.starts_with("spool-") || code == "head-store" => {
            "look at $XDG_STATE_HOME/writ (~/.local/state/writ): it must be whole, writable and have space"
        }
        _ if code.starts_with("payload-") || code.starts_with("json-") => {
            "docs/format.md lists kinds and their fields"
        }
        _ => return None,
    })
}

const fn of_exit(exit: Exit) -> &'static str {
    match exit {
        Exit::Tampered => "keep what you were given as evidence, and ask who runs the log for a fresh copy",
        Exit::Untrusted => "--trust FILE (WRIT_TRUST) with the trust.policy that `writd init` made",
        Exit::NotFound => "`writ search --help` to look for it by who, what or when",
        Exit::Rollback => "ask who runs the log for the missing entries",
        Exit::Usage => "writ --help, or `writ help COMMAND`",
        Exit::Stopped => "the same again: it goes on",
        Exit::Ok | Exit::Error | Exit::NotAuthorized | Exit::Indeterminate => {
            "`writ help exit-codes` for what the end means; the server's own log may say more"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failures_that_people_meet_first_have_advice_of_their_own() {
        let codes = [
            "role-kind",
            "role-principal",
            "key-not-registered",
            "key-retired",
            "draft-json",
            "draft-not-an-object",
            "draft-label",
            "missing-field",
            "unknown-kind",
            "unknown-field",
            "draft-unknown-label",
            "draft-label-twice",
            "draft-too-large",
            "drafts-unreadable",
            "key-file-io",
            "key-file-link",
            "not-a-secret-key",
            "not-a-public-key",
            "trust-keyword",
            "trust-unreadable",
            "bundle-unreadable",
            "bundle-unwritable",
            "bad-query",
            "spool-io",
            "server-answer",
        ];
        for code in codes {
            assert!(of_code(code).is_some(), "{code}");
        }
    }
}

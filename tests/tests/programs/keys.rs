//! Keys and what is signed with them: made once, registered once, sent until it is logged.

use std::fs;

use serde_json::json;

use crate::harness::Story;

#[test]
fn keys_are_registered_once_and_withdrawn_for_good() {
    let story = Story::begin();
    let size = story.server.http.size();
    story.register("alice", "user:alice@corp", "principal");
    assert_eq!(story.server.http.size(), size, "registering the same again adds nothing");
    let registrar = story.key("registrar");
    let (registrar, public) = (registrar.to_str().unwrap(), story.place.path().join("alice.pem.pub"));
    let public = public.to_str().unwrap();
    let other = [
        "keys",
        "register",
        "--registrar",
        registrar,
        "--key",
        public,
        "--principal",
        "user:mallory",
        "--role",
        "principal",
    ];
    let ran = story.cli.run(&other);
    assert_ne!(ran.code, 0, "one key, one principal, for ever: {ran}");

    let (root, _) = story.delegate();
    story.cli.ok(&["keys", "compromise", "--registrar", registrar, "--key", public]);
    let alice = story.key("alice");
    let ran = story.cli.run(&["revoke", &root, "--key", alice.to_str().unwrap()]);
    assert!(ran.code == 1 && ran.stderr.contains("key-compromised"), "{ran}");
}

#[test]
fn keys_generate_makes_private_files_and_never_overwrites() {
    use std::os::unix::fs::PermissionsExt as _;
    let story = Story::begin();
    let path = story.place.path().join("new.pem");
    let args = ["keys", "generate", "--out", path.to_str().unwrap()];
    story.cli.ok(&args);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(&path).unwrap();
    assert_eq!(story.cli.run(&args).code, 1);
    assert_eq!(fs::read(&path).unwrap(), before);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = story.cli.run_with(&["append", "--key", path.to_str().unwrap()], "");
    assert!(ran.code == 1 && ran.stderr.contains("chmod 600"), "{ran}");
}

#[test]
fn what_the_server_did_not_take_is_sent_again_with_the_same_bytes() {
    let story = Story::begin();
    let draft =
        r#"{"kind":"delegation","body":{"delegator":"user:alice@corp","delegatee":"agent:x","scope":[]}}"#;
    let key = story.key("alice");
    let args = ["append", "--key", key.to_str().unwrap(), "--json", "-"];
    let Story { place, server, cli } = story;
    let size = server.http.size();
    server.stop();
    // Nobody answers: whose key it is cannot be known, so nothing is signed.
    let failed = cli.run_with(&args, draft);
    assert_eq!(failed.code, 1, "{failed}");
    assert!(failed.stderr.contains("nothing was signed and nothing is kept"), "{failed}");
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    let ran = cli.run_with(&args, draft);
    assert_eq!(ran.code, 0, "{ran}");
    let added = server.http.size() - size;
    assert!(added >= 1, "{ran}");
    let again = cli.run_with(&args, "");
    assert!(again.code == 0 && server.http.size() == size + added, "nothing is left over: {again}");
}

/// `writ keys register` for Alice with these roles.
fn register_alice(story: &Story, roles: &[&str]) -> serde_json::Value {
    let (registrar, public) = (story.key("registrar"), story.place.path().join("alice.pem.pub"));
    let mut args = vec!["keys", "register", "--registrar", registrar.to_str().unwrap()];
    args.extend(["--key", public.to_str().unwrap(), "--principal", "user:alice@corp", "--json"]);
    roles.iter().for_each(|role| args.extend(["--role", role]));
    story.cli.ok(&args).json()
}

#[test]
fn the_same_roles_in_another_order_are_the_same_and_others_are_said_to_replace_them() {
    let story = Story::begin();
    let changed = register_alice(&story, &["principal", "approver"]);
    assert_eq!(
        (&changed["status"], &changed["replaced"]),
        (&json!("appended"), &json!([{"role": "principal"}]))
    );
    assert_eq!(changed["roles"], json!([{"role": "principal"}, {"role": "approver"}]));
    let size = story.server.http.size();
    for roles in [&["approver", "principal"][..], &["principal", "approver", "principal"]] {
        let same = register_alice(&story, roles);
        assert_eq!(
            (&same["status"], &same["id"], &same["index"]),
            (&json!("unchanged"), &changed["id"], &changed["index"])
        );
        assert_eq!(same["roles"], changed["roles"]);
    }
    assert_eq!(story.server.http.size(), size);
    let (registrar, public) = (story.key("registrar"), story.place.path().join("alice.pem.pub"));
    let ran = story.cli.ok(&[
        "keys",
        "register",
        "--registrar",
        registrar.to_str().unwrap(),
        "--key",
        public.to_str().unwrap(),
        "--principal",
        "user:alice@corp",
        "--role",
        "approver",
    ]);
    assert!(ran.stdout.contains("replaces roles principal, approver with approver"), "{ran}");
    let shown = story.cli.ok(&["search", "--kind", "key", "--principal", "user:alice@corp"]);
    assert!(shown.stdout.contains("of user:alice@corp as approver"), "{shown}");
}

#[test]
fn accept_until_lies_ahead_and_what_was_meant_is_said() {
    let story = Story::begin();
    let (registrar, public) = (story.key("registrar"), story.place.path().join("alice.pem.pub"));
    let retire = |until: &str| {
        story.cli.run(&[
            "keys",
            "retire",
            "--registrar",
            registrar.to_str().unwrap(),
            "--key",
            public.to_str().unwrap(),
            "--accept-until",
            until,
        ])
    };
    assert_eq!(retire("2h ago").code, 2);
    let ran = retire("2h");
    assert!(ran.code == 0 && ran.stdout.contains("entries by the key are accepted until 20"), "{ran}");
    let story_alice = story.delegate();
    assert!(!story_alice.0.is_empty(), "still accepted");
}

#[test]
fn the_last_registrar_key_is_withdrawn_only_by_who_says_yes() {
    let story = Story::begin();
    let (registrar, public) = (story.key("registrar"), story.place.path().join("registrar.pem.pub"));
    for verb in ["retire", "compromise"] {
        let args =
            ["keys", verb, "--registrar", registrar.to_str().unwrap(), "--key", public.to_str().unwrap()];
        let size = story.server.http.size();
        let ran = story.cli.run(&args);
        assert!(
            ran.code == 2 && ran.stderr.contains("last-registrar") && ran.stderr.contains("--yes"),
            "{ran}"
        );
        assert_eq!(story.server.http.size(), size);
    }
    let compromise = ["keys", "compromise", "--yes", "--registrar", registrar.to_str().unwrap()];
    story.cli.ok(&[&compromise[..], &["--key", public.to_str().unwrap()]].concat());
}

#[test]
fn a_public_key_where_a_secret_one_belongs_is_called_that() {
    let story = Story::begin();
    let public = story.place.path().join("alice.pem.pub");
    let ran = story.cli.run_with(&["append", "--key", public.to_str().unwrap()], "");
    assert!(
        ran.code == 1 && ran.stderr.contains("not-a-secret-key") && !ran.stderr.contains("chmod"),
        "{ran}"
    );
}

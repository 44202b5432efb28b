//! Keys and what is signed with them: made once, registered once, sent until it is logged.

use std::fs;

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
    // Signed and spooled, then nobody answers. The log is known from the trust file; the key's principal is not.
    let failed = cli.run_with(&args, draft);
    assert_eq!(failed.code, 1, "{failed}");
    let server = place.serve();
    let cli = cli.with_server(&format!("http://{}", server.http.address));
    let ran = cli.run_with(&args, draft);
    assert_eq!(ran.code, 0, "{ran}");
    let added = server.http.size() - size;
    assert!(added >= 1, "{ran}");
    let again = cli.run_with(&args, "");
    assert!(again.code == 0 && server.http.size() == size + added, "nothing is left over: {again}");
}

//! Private keys and passphrases: in no output, no metric, no core dump, and not read from where others could change them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use tempfile::TempDir;

use crate::harness::{Cli, Http, Place, Ran, SOON, program};

/// What must never be seen: a secret in each form that a program could show it in.
#[derive(Default)]
struct Canary {
    needles: Vec<Vec<u8>>,
}

impl Canary {
    fn watch(&mut self, secret: &[u8]) {
        self.needles.push(secret.to_vec());
        self.needles.push(HEXLOWER.encode(secret).into_bytes());
        self.needles.push(HEXUPPER.encode(secret).into_bytes());
        let listed: Vec<String> = secret.iter().map(u8::to_string).collect();
        self.needles.push(listed.join(", ").into_bytes());
        // Within a longer text each of three alignments looks different; the first and last characters hang on neighbours.
        for before in 0..3 {
            let padded = [&[0u8; 2][..before], secret].concat();
            let whole = padded.len() / 3 * 3;
            for encoding in [&BASE64_NOPAD, &BASE64URL_NOPAD] {
                let text = encoding.encode(&padded[..whole]);
                self.needles.push(text.as_bytes()[4..].to_vec());
            }
        }
    }

    /// The seed in a key file that is not encrypted: the last 32 bytes of its PKCS#8 form.
    fn watch_key(&mut self, path: &Path) {
        let pem = fs::read_to_string(path).unwrap();
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let der = BASE64.decode(body.as_bytes()).unwrap();
        self.watch(&der[der.len() - 32..]);
    }

    fn assert_absent(&self, what: &str, text: &[u8]) {
        assert!(!self.needles.is_empty());
        for needle in &self.needles {
            let found = text.windows(needle.len()).position(|window| window == needle);
            assert!(found.is_none(), "{what} shows a secret at byte {found:?}");
        }
    }

    fn assert_absent_in(&self, what: &str, ran: &Ran) {
        self.assert_absent(what, ran.stdout.as_bytes());
        self.assert_absent(what, ran.stderr.as_bytes());
    }
}

/// A server that says everything it can, with what it said.
struct Talkative {
    child: Child,
    errors: PathBuf,
    stdout: PathBuf,
}

impl Talkative {
    fn start(place: &Path, data: &Path, more: &[&str]) -> Self {
        let (stdout, errors) = (place.join("stdout"), place.join("stderr"));
        let child = Command::new(program("writd"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()])
            .args(more)
            .env("RUST_LOG", "trace")
            .stdin(Stdio::null())
            .stdout(fs::File::create(&stdout).unwrap())
            .stderr(fs::File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        Self { child, errors, stdout }
    }

    /// Once it listens, where.
    fn http(&self) -> Http {
        let begun = Instant::now();
        while begun.elapsed() < SOON {
            let text = fs::read_to_string(&self.stdout).unwrap();
            if let Some((_, address)) = text.trim().rsplit_once("http://") {
                return Http { address: address.to_owned() };
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("writd did not come up: {}", fs::read_to_string(&self.errors).unwrap());
    }
}

impl Drop for Talkative {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn writd(args: &[&str]) -> Ran {
    let mut command = assert_cmd::Command::new(program("writd"));
    Ran::of(command.args(args).env("RUST_LOG", "trace").timeout(SOON))
}

#[test]
fn no_output_log_line_or_metric_shows_a_private_key_or_a_passphrase() {
    let folder = TempDir::with_prefix("writ-test-").unwrap();
    let (place, data) = (folder.path(), folder.path().join("log"));
    let data_text = data.to_str().unwrap();
    let secret = place.join("passphrase");
    fs::write(&secret, "canary passphrase 4711\n").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let mut canary = Canary::default();
    canary.watch(b"canary passphrase 4711");
    let ran = writd(&["init", "--data", data_text, "--origin", "ledger.test/dev"]);
    assert_eq!(ran.code, 0, "{ran}");
    for name in ["checkpoint", "statement", "receipt", "registrar"] {
        canary.watch_key(&data.join(format!("keys/{name}.pem")));
    }
    canary.assert_absent_in("writd init", &ran);
    let server = Talkative::start(place, &data, &[]);
    let http = server.http();
    let cli = Cli::with_home(&format!("http://{}", http.address), Some(&data.join("trust.policy")));
    let registrar = data.join("keys/registrar.pem");
    let (alice, locked) = (place.join("alice.pem"), place.join("locked.pem"));
    let [registrar, alice_key, locked_key, secret] =
        [&registrar, &alice, &locked, &secret].map(|path| path.to_str().unwrap().to_owned());
    let generated = cli.ok(&["keys", "generate", "--out", &alice_key]);
    canary.watch_key(&alice);
    canary.assert_absent_in("writ keys generate", &generated);
    let encrypted = cli.ok(&["keys", "generate", "--out", &locked_key, "--passphrase-file", &secret]);
    canary.assert_absent_in("writ keys generate", &encrypted);
    let public = format!("{locked_key}.pub");
    let register = ["keys", "register", "--registrar", &registrar, "--key", &public, "--passphrase-file"];
    let register = [&register[..], &[&secret, "--principal", "user:a", "--role", "principal"]].concat();
    canary.assert_absent_in("writ keys register", &cli.ok(&register));
    let append = ["append", "--key", &locked_key, "--passphrase-file", &secret];
    let draft = r#"{"kind":"delegation","body":{"delegator":"user:a","delegatee":"agent:x","scope":[]}}"#;
    for (args, input, code) in [
        (&append[..], draft, 0),
        (&append[..3], draft, 1),
        (&append[..], "{\"kind\":", 1),
        (&["append", "--key", &secret], draft, 1),
        (&["append", "--key", &alice_key], draft, 1),
    ] {
        let ran = cli.run_with(args, input);
        assert_eq!(ran.code, code, "{args:?}: {ran}");
        canary.assert_absent_in("writ append", &ran);
    }
    // A key with a letter too many is no key; what is wrong with it is said without quoting it.
    let spoiled = fs::read_to_string(&alice).unwrap().replace("\n-----END", "A\n-----END");
    fs::write(&alice, spoiled).unwrap();
    let ran = cli.run_with(&["append", "--key", &alice_key], draft);
    assert_eq!(ran.code, 1, "{ran}");
    canary.assert_absent_in("writ append", &ran);
    canary.assert_absent("/metrics", http.get("/metrics").text().as_bytes());
    drop(server);
    for name in ["stdout", "stderr"] {
        let said = fs::read(place.join(name)).unwrap();
        assert!(!said.is_empty(), "writd says nothing at {name}");
        canary.assert_absent(name, &said);
    }
}

#[test]
fn a_log_under_a_passphrase_is_served_with_it_and_refused_without() {
    let folder = TempDir::with_prefix("writ-test-").unwrap();
    let (place, data) = (folder.path(), folder.path().join("log"));
    let data_text = data.to_str().unwrap();
    let [right, wrong] = [("right", "open sesame"), ("wrong", "open barley")].map(|(name, text)| {
        let path = place.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let init = ["init", "--data", data_text, "--origin", "ledger.test/x", "--passphrase-file", &right];
    assert_eq!(writd(&init).code, 0);
    let pem = fs::read_to_string(data.join("keys/checkpoint.pem")).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{pem}");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data_text, "--passphrase-file", &wrong];
    let ran = writd(&serve);
    assert!(ran.code == 1 && ran.stderr.contains("does not open"), "{ran}");
    fs::set_permissions(&right, fs::Permissions::from_mode(0o644)).unwrap();
    let ran = writd(&[&serve[..5], &["--passphrase-file", &right]].concat());
    assert!(ran.code == 1 && ran.stderr.contains("chmod 600"), "{ran}");
    fs::set_permissions(&right, fs::Permissions::from_mode(0o600)).unwrap();
    let server = Talkative::start(place, &data, &["--passphrase-file", &right]);
    assert_eq!(server.http().size(), 1);
}

#[test]
fn a_server_leaves_no_core_dump_and_keeps_its_keys_where_only_it_can_change_them() {
    let place = Place::init();
    let server = place.serve();
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    server.stop();
    let keys = place.data().join("keys");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o777)).unwrap();
    let ran = place.try_serve().unwrap_err();
    assert!(ran.code == 1 && ran.stderr.contains("chmod go-w"), "{ran}");
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o700)).unwrap();
    let key = keys.join("checkpoint.pem");
    let moved = place.path().join("elsewhere.pem");
    fs::rename(&key, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &key).unwrap();
    let ran = place.try_serve().unwrap_err();
    assert!(ran.code == 1 && ran.stderr.contains("symbolic link"), "{ran}");
}

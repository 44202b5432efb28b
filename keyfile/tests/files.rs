//! What is written is read back, and what others could read, replace or point elsewhere is refused.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use keyfile::{
    KEY_FILE_BYTES_MAX, KeyFileError, PASSPHRASE_BYTES_MAX, Passphrase, Passphrases, SecretKey, public_path,
    read_public, secret_path, write_new,
};
use zeroize::Zeroizing;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn read(path: &Path) -> Result<SecretKey, KeyFileError> {
    SecretKey::read(path, &Passphrases::default())
}

fn refusal(path: &Path) -> &'static str {
    read(path).map_or_else(|error| error.code(), |_| "")
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.into())).unwrap()
}

/// A passphrase file and where to get passphrases from.
fn held(folder: &tempfile::TempDir, name: &str, text: &str) -> (PathBuf, Passphrases) {
    let path = folder.path().join(name);
    write_new(&path, 0o600, text.as_bytes()).unwrap();
    (path.clone(), Passphrases::new(Some(path)))
}

#[test]
fn a_key_written_is_the_key_read() {
    let folder = folder();
    let path = folder.path().join("a.pem");
    let key = SecretKey::generate().unwrap();
    key.write_new(&path, None).unwrap();
    assert_eq!(read(&path).unwrap().public(), key.public());
    assert_eq!(read_public(&public_path(&path)).unwrap(), key.public());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(secret_path(&public_path(&path)), Some(path));
}

#[test]
fn a_key_is_never_overwritten() {
    let folder = folder();
    let path = folder.path().join("a.pem");
    SecretKey::generate().unwrap().write_new(&path, None).unwrap();
    let error = SecretKey::generate().unwrap().write_new(&path, None).unwrap_err();
    assert_eq!(error.code(), "file-exists");
    fs::remove_file(&path).unwrap();
    let error = SecretKey::generate().unwrap().write_new(&path, None).unwrap_err();
    assert_eq!(error.code(), "file-exists", "an old public half does not get a new secret beside it");
    assert!(!path.exists());
}

#[test]
fn a_secret_that_others_can_read_is_refused_with_the_line_that_closes_it() {
    let folder = folder();
    let path = folder.path().join("a.pem");
    SecretKey::generate().unwrap().write_new(&path, None).unwrap();
    for (bits, code) in [(0o640, "key-file-mode"), (0o604, "key-file-mode"), (0o400, ""), (0o600, "")] {
        mode(&path, bits);
        assert_eq!(refusal(&path), code, "{bits:o}");
    }
    mode(&path, 0o644);
    let line = format!("chmod 600 {}", path.display());
    assert!(read(&path).unwrap_err().to_string().contains(&line));
}

#[test]
fn a_secret_in_a_folder_that_others_can_change_is_refused_with_the_line_that_closes_it() {
    let folder = folder();
    let inner = folder.path().join("keys");
    fs::create_dir(&inner).unwrap();
    let path = inner.join("a.pem");
    SecretKey::generate().unwrap().write_new(&path, None).unwrap();
    for (bits, code) in [(0o757, "key-folder-mode"), (0o755, ""), (0o1777, "")] {
        mode(&inner, bits);
        assert_eq!(refusal(&path), code, "{bits:o}");
    }
    mode(&inner, 0o777);
    let line = format!("chmod go-w {}", inner.display());
    assert!(read(&path).unwrap_err().to_string().contains(&line));
    let another = inner.join("b.pem");
    let error = SecretKey::generate().unwrap().write_new(&another, None).unwrap_err();
    assert_eq!(error.code(), "key-folder-mode", "nor is a key written that could not be read");
    assert!(!another.exists());
}

/// Only root can give a file away.
#[test]
fn a_secret_of_another_user_is_refused() {
    let folder = folder();
    let path = folder.path().join("a.pem");
    SecretKey::generate().unwrap().write_new(&path, None).unwrap();
    if std::os::unix::fs::chown(&path, Some(4242), None).is_ok() {
        assert_eq!(refusal(&path), "key-file-owner");
    }
}

#[test]
fn a_secret_behind_a_symbolic_link_and_what_is_no_file_are_refused() {
    let folder = folder();
    let (path, link) = (folder.path().join("a.pem"), folder.path().join("b.pem"));
    SecretKey::generate().unwrap().write_new(&path, None).unwrap();
    symlink(&path, &link).unwrap();
    assert_eq!(refusal(&link), "key-file-link");
    let pipe = folder.path().join("pipe");
    let mkfifo = std::process::Command::new("mkfifo").arg("-m600").arg(&pipe).status().unwrap();
    assert!(mkfifo.success());
    assert_eq!(refusal(&pipe), "key-file-kind");
}

#[test]
fn a_public_key_is_not_taken_for_an_open_secret() {
    let folder = folder();
    let path = folder.path().join("a.pem");
    SecretKey::generate().unwrap().write_new(&path, None).unwrap();
    assert_eq!(refusal(&public_path(&path)), "not-a-secret-key");
}

#[test]
fn files_that_are_no_keys_are_refused_without_being_quoted() {
    let folder = folder();
    let path = folder.path().join("a.pem");
    write_new(&path, 0o600, b"hunter2").unwrap();
    let error = read(&path).unwrap_err();
    assert_eq!(error.code(), "not-a-secret-key");
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert_eq!(read_public(&path).unwrap_err().code(), "not-a-public-key");
    let large = folder.path().join("large.pem");
    write_new(&large, 0o600, &vec![b'a'; usize::try_from(KEY_FILE_BYTES_MAX).unwrap() + 1]).unwrap();
    assert_eq!(refusal(&large), "key-file-too-large");
}

#[test]
fn an_encrypted_key_opens_with_its_passphrase_and_with_no_other() {
    let folder = folder();
    let path = folder.path().join("a.pem");
    let key = SecretKey::generate().unwrap();
    key.write_new(&path, Some(&passphrase("correct horse"))).unwrap();
    let pem = fs::read_to_string(&path).unwrap();
    assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{pem}");
    let (_, right) = held(&folder, "right", "correct horse\nsecond line\n");
    assert_eq!(SecretKey::read(&path, &right).unwrap().public(), key.public());
    let (_, wrong) = held(&folder, "wrong", "correct horse \n");
    let error = SecretKey::read(&path, &wrong).unwrap_err();
    assert_eq!(error.code(), "passphrase-wrong");
    assert!(!format!("{error} {error:?} {wrong:?}").contains("correct"));
}

#[test]
fn a_passphrase_file_is_held_to_the_rule_of_key_files() {
    let folder = folder();
    let path = folder.path().join("a.pem");
    SecretKey::generate().unwrap().write_new(&path, Some(&passphrase("x"))).unwrap();
    let (file, passphrases) = held(&folder, "open", "x");
    mode(&file, 0o644);
    assert_eq!(SecretKey::read(&path, &passphrases).unwrap_err().code(), "key-file-mode");
    let (_, empty) = held(&folder, "empty", "\n");
    assert_eq!(SecretKey::read(&path, &empty).unwrap_err().code(), "passphrase-length");
    assert!(Passphrase::new(Zeroizing::new("x".repeat(PASSPHRASE_BYTES_MAX))).is_some());
    assert!(Passphrase::new(Zeroizing::new("x".repeat(PASSPHRASE_BYTES_MAX + 1))).is_none());
}

/// `openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 10000` of the seed 01…01, under `test`.
const BY_OPENSSL: &str = "\
-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAj5KnfL3Nq3JgICJxAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEPjfU9Ul6s5fTxFbl2z/kO8EQCRC
GntYcIJnoRGUIcZcHgUHKiT8ZazqLch4WIdWYOgH6lhnwa6CvvRmcmcYZhMg3qmS
xQn4ntihuBOZqjwBtZk=
-----END ENCRYPTED PRIVATE KEY-----
";

#[test]
fn a_key_that_openssl_encrypted_opens() {
    let folder = folder();
    let path = folder.path().join("a.pem");
    write_new(&path, 0o600, BY_OPENSSL.as_bytes()).unwrap();
    let (_, passphrases) = held(&folder, "held", "test");
    let key = SecretKey::read(&path, &passphrases).unwrap();
    let seed = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    assert_eq!(key.public().as_bytes(), seed.verifying_key().as_bytes());
}

#[test]
fn showing_a_key_shows_its_thumbprint_only() {
    let key = SecretKey::generate().unwrap();
    assert_eq!(format!("{key:?}"), format!("SecretKey({})", key.kid()));
    assert_eq!(format!("{:?}", passphrase("hunter2")), "Passphrase(…)");
}

//! Bytes that somebody offers as an attachment of a statement, held against the digest in it.

use std::path::{Path, PathBuf};

use schemas::payload::{Attachment, Payload};
use verifier::attachment::{self, SALT_BYTES};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;

/// Largest file that is read as an attachment, in bytes: it is hashed in memory.
const ATTACHMENT_BYTES_MAX: usize = 64 << 20;

/// Which bytes are held against which attachment.
#[derive(clap::Args, Debug)]
pub(super) struct Offered {
    /// Check that FILE holds the bytes of the attachment NAME of the statement
    #[arg(long, value_name = "NAME=FILE", value_parser = name_and_file)]
    attachment: Option<(String, PathBuf)>,
    /// The file with the 32 bytes of salt that were kept beside the attachment, where it is salted
    #[arg(long, value_name = "FILE", requires = "attachment")]
    salt: Option<PathBuf>,
}

impl Offered {
    /// The name of the attachment whose bytes these are; nothing where none were offered.
    pub(super) fn check(&self, payload: &Payload) -> Result<Option<String>, Failure> {
        let Some((name, path)) = &self.attachment else { return Ok(None) };
        let attachment = named(payload, name)?;
        let salt = self.salt.as_deref().map(read_salt).transpose()?;
        let bytes = file::read(path, ATTACHMENT_BYTES_MAX, "attachment-too-large")?;
        if bytes.len() > ATTACHMENT_BYTES_MAX {
            let what = format!("{} is larger than any attachment that is checked", path.display());
            let most = format!("at most {ATTACHMENT_BYTES_MAX} bytes");
            return Err(Failure::new("attachment-too-large", what).values(most, "more").exit(Exit::Usage));
        }
        match attachment::check(attachment, salt.as_ref(), &bytes) {
            Ok(()) => Ok(Some(name.clone())),
            Err(error) => Err(refused(&error, path)),
        }
    }
}

fn named<'p>(payload: &'p Payload, name: &str) -> Result<&'p Attachment, Failure> {
    payload.attachments.iter().find(|one| one.name.as_str() == name).ok_or_else(|| {
        let names: Vec<&str> = payload.attachments.iter().map(|one| one.name.as_str()).collect();
        let names = if names.is_empty() { String::from("no attachments") } else { names.join(", ") };
        let what = format!("the statement has no attachment `{name}`");
        Failure::new("attachment-unknown", what).values(name, names).exit(Exit::Usage)
    })
}

fn read_salt(path: &Path) -> Result<[u8; SALT_BYTES], Failure> {
    let bytes = file::read(path, SALT_BYTES, "attachment-salt")?;
    <[u8; SALT_BYTES]>::try_from(bytes.as_slice()).map_err(|_| {
        let what = format!("{} holds no salt", path.display());
        Failure::new("attachment-salt", what)
            .values(format!("{SALT_BYTES} bytes"), format!("{} bytes", bytes.len()))
            .exit(Exit::Usage)
    })
}

fn refused(error: &attachment::AttachmentError, path: &Path) -> Failure {
    let failure = Failure::new(error.code(), format!("{}: {error}", path.display()));
    match error {
        attachment::AttachmentError::Salt { .. } => failure.exit(Exit::Usage),
        _ => failure
            .exit(Exit::Tampered)
            .next("ask whoever kept the file for the bytes that were logged; these are others"),
    }
}

fn name_and_file(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok((name.into(), path.into())),
        _ => Err(String::from("give NAME=FILE, such as input=request.json")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of 32 bytes of 3 and `seven`.
    const DIGEST: &str = "1eddc9b32e29c619d9e4918ce45c860c4ed422296494bcdf8c35d834df64aa69";

    /// A statement's payload with the salted attachment `input`, whose bytes are `seven`.
    fn payload() -> Payload {
        let mut payload = crate::testlog::TestLog::new().note_by_registrar(1, "x").payload;
        let attachment = serde_json::json!({
            "name": "input", "media_type": "text/plain", "size": 5, "digest": DIGEST, "salted": true,
        });
        payload.attachments = vec![serde_json::from_value(attachment).unwrap()];
        payload
    }

    fn offer(name: &str, bytes: &[u8], salt: Option<&[u8]>) -> Result<Option<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let (file, salt_file) = (folder.path().join("bytes"), folder.path().join("salt"));
        std::fs::write(&file, bytes).unwrap();
        salt.iter().for_each(|salt| std::fs::write(&salt_file, salt).unwrap());
        let offered = Offered { attachment: Some((name.into(), file)), salt: salt.map(|_| salt_file) };
        offered.check(&payload()).map_err(|failure| failure.code)
    }

    #[test]
    fn only_the_very_bytes_with_their_salt_are_the_attachment() {
        assert_eq!(offer("input", b"seven", Some(&[3; 32])), Ok(Some("input".into())));
        assert_eq!(offer("input", b"eight", Some(&[3; 32])), Err("redaction-mismatch".into()));
        assert_eq!(offer("input", b"seven", Some(&[4; 32])), Err("redaction-mismatch".into()));
        assert_eq!(offer("input", b"seven", None), Err("attachment-salt".into()));
        assert_eq!(offer("input", b"seven", Some(&[3; 31])), Err("attachment-salt".into()));
        assert_eq!(offer("output", b"seven", Some(&[3; 32])), Err("attachment-unknown".into()));
    }
}

//! The statements, and the check of their signatures.

use std::path::Path;
use std::{fs, str};

use anyhow::{Context, Result, ensure};
use ed25519_dalek::{Signature, VerifyingKey};
use rayon::prelude::*;

/// All of them.
pub struct Corpus {
    pub statements: Vec<Statement>,
}

/// One, with what it is found by and what its signature is checked with.
pub struct Statement {
    pub bytes: Vec<u8>,
    pub id: Vec<u8>,
    pub principal: String,
    pub task: String,
    key: VerifyingKey,
    signature: Signature,
    message: Vec<u8>,
}

impl Corpus {
    /// From a file of records, each of seven fields that begin with their length in four bytes.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).with_context(|| path.display().to_string())?;
        let (mut rest, mut statements) = (bytes.as_slice(), Vec::new());
        while !rest.is_empty() {
            let mut field = || -> Result<&[u8]> {
                let (length, behind) = rest.split_first_chunk::<4>().context("a length is cut off")?;
                let length = u32::from_be_bytes(*length) as usize;
                let (field, behind) = behind.split_at_checked(length).context("a field is cut off")?;
                rest = behind;
                Ok(field)
            };
            statements.push(Statement {
                bytes: field()?.to_vec(),
                id: field()?.to_vec(),
                principal: str::from_utf8(field()?)?.to_owned(),
                task: str::from_utf8(field()?)?.to_owned(),
                key: VerifyingKey::from_bytes(field()?.try_into()?)?,
                signature: Signature::from_bytes(field()?.try_into()?),
                message: field()?.to_vec(),
            });
        }
        ensure!(!statements.is_empty(), "{} holds no statement", path.display());
        Ok(Self { statements })
    }
}

impl Statement {
    /// The check that writ makes: `verify_strict` of ed25519-dalek.
    pub fn check(&self) -> Result<()> {
        Ok(self.key.verify_strict(&self.message, &self.signature)?)
    }
}

/// The same for many, on all cores.
pub fn check_all(statements: &[Statement]) -> Result<()> {
    statements.par_iter().with_min_len(16).try_for_each(Statement::check)
}

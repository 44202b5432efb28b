//! Texts and noise of the statements.

use anyhow::Result;
use schemas::ids::ByteString;
use schemas::kinds::Digest;
use schemas::text::{Line, Name, Uri};

/// Bytes that look random and are the same for the same seed and chain.
pub(super) struct Noise(blake3::OutputReader);

impl Noise {
    pub(super) fn new(seed: u64, chain: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("writ benches noise");
        hasher.update(&seed.to_be_bytes()).update(&chain.to_be_bytes());
        Self(hasher.finalize_xof())
    }

    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }

    /// A number below `bound`. A bias of `bound` in 2^64 does not matter here.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        u64::from_be_bytes(self.bytes()) % bound
    }
}

pub(super) fn digest(noise: &mut Noise) -> Result<Digest> {
    let value = ByteString(noise.bytes::<32>().to_vec());
    Ok(Digest { alg: Name::new("sha-256")?, canon: Name::new("jcs")?, value })
}

pub(super) fn name(text: &str) -> Result<Name> {
    Ok(Name::new(text)?)
}

pub(super) fn line(text: impl Into<String>) -> Result<Line> {
    Ok(Line::new(text)?)
}

pub(super) fn uri(text: &str) -> Result<Uri> {
    Ok(Uri::new(text)?)
}

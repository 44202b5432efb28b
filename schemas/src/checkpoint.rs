//! The log's head as text: origin, size and root, on three lines (C2SP tlog-checkpoint v1.0.0).
//!
//! The text of a signed note, see [`crate::note`]. Signatures are checked in `verifier`.

use alloc::string::String;
use core::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::INTEGER_MAX;
use crate::note::{KeyName, KeyNameError, Note};
use crate::tree::{TreeHash, strict_decimal};

/// A log's name: its key name, and the first line of every checkpoint.
///
/// Stricter than C2SP, which lets an origin hold spaces and `+`: writ's origins are always key names too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(KeyName);

/// A log's size and root at one moment. Claimed until a trusted key is known to have signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// Number of leaves, at most [`INTEGER_MAX`].
    pub size: u64,
    /// Root of the tree of that size (RFC 9162 §2.1.1).
    pub root: TreeHash,
}

impl Origin {
    /// The origin written like this.
    pub fn new(origin: impl AsRef<str>) -> Result<Self, KeyNameError> {
        KeyName::new(origin.as_ref()).map(Self)
    }

    /// The origin.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name of the keys that may sign for this log.
    pub fn key_name(&self) -> &KeyName {
        &self.0
    }
}

impl TryFrom<String> for Origin {
    type Error = KeyNameError;
    fn try_from(origin: String) -> Result<Self, KeyNameError> {
        Self::new(origin)
    }
}

impl core::str::FromStr for Origin {
    type Err = KeyNameError;
    fn from_str(origin: &str) -> Result<Self, KeyNameError> {
        Self::new(origin)
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.as_str().into()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Checkpoint {
    /// Reads the text of a note. Exactly three lines: extension lines are refused, as nobody can audit them.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines = text.strip_suffix('\n').ok_or(CheckpointError::Unterminated)?;
        let mut lines = lines.split('\n');
        let mut line = |missing: &'static str| lines.next().ok_or(CheckpointError::LineMissing { missing });
        let origin = Origin::new(line("origin")?)?;
        let size = strict_decimal(line("size")?).ok_or(CheckpointError::SizeForm)?;
        let root = TreeHash::from_base64(line("root")?).ok_or(CheckpointError::RootForm)?;
        let extensions = lines.count();
        if extensions > 0 {
            return Err(CheckpointError::Extensions { got: extensions });
        }
        if size > INTEGER_MAX {
            return Err(CheckpointError::SizeTooLarge { got: size, max: INTEGER_MAX });
        }
        if size == 0 && root != TreeHash::EMPTY_ROOT {
            return Err(CheckpointError::EmptyRoot { got: root, expected: TreeHash::EMPTY_ROOT });
        }
        Ok(Self { origin, size, root })
    }

    /// Reads the text of a note whose signatures are still unchecked.
    pub fn from_note(note: &Note) -> Result<Self, CheckpointError> {
        Self::parse(note.text())
    }

    /// The text that the log's key signs, ending in a newline.
    pub fn text(&self) -> String {
        alloc::format!("{self}")
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }
}

/// Why a text is no checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// The last line has no newline.
    #[error("the checkpoint's last line does not end in a newline")]
    Unterminated,
    /// Fewer than three lines.
    #[error("the checkpoint has no {missing} line")]
    LineMissing {
        /// The first line that is missing.
        missing: &'static str,
    },
    /// The first line is no origin.
    #[error("the checkpoint's origin is malformed")]
    Origin(#[from] KeyNameError),
    /// The second line is no decimal, or has a sign, a space or a leading zero.
    #[error("the checkpoint's size is not a plain decimal")]
    SizeForm,
    /// The size is beyond [`INTEGER_MAX`].
    #[error("the checkpoint's size is {got}, at most {max} is allowed")]
    SizeTooLarge {
        /// The size.
        got: u64,
        /// The largest size allowed.
        max: u64,
    },
    /// The third line is not 32 bytes in padded base64.
    #[error("the checkpoint's root is not 32 bytes in base64")]
    RootForm,
    /// The tree is empty, but the root is not the one of the empty tree.
    #[error("the checkpoint of an empty tree has the root {got}, expected {expected}")]
    EmptyRoot {
        /// The root.
        got: TreeHash,
        /// The root of the empty tree.
        expected: TreeHash,
    },
    /// More than three lines.
    #[error("the checkpoint has {got} extension lines, which are not accepted")]
    Extensions {
        /// Lines after the third.
        got: usize,
    },
}

impl CheckpointError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unterminated => "checkpoint-unterminated",
            Self::LineMissing { .. } => "checkpoint-line-missing",
            Self::Origin(_) => "checkpoint-origin",
            Self::SizeForm => "checkpoint-size",
            Self::SizeTooLarge { .. } => "checkpoint-size-too-large",
            Self::RootForm => "checkpoint-root",
            Self::EmptyRoot { .. } => "checkpoint-empty-root",
            Self::Extensions { .. } => "checkpoint-extension",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use proptest::prelude::*;

    // C2SP tlog-checkpoint, introduction.
    const SPEC_TEXT: &str =
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    fn code(text: &str) -> &'static str {
        Checkpoint::parse(text).unwrap_err().code()
    }

    #[test]
    fn the_specifications_checkpoint_reads_and_writes_back() {
        let checkpoint = Checkpoint::parse(SPEC_TEXT).unwrap();
        assert_eq!(checkpoint.origin.as_str(), "example.com/behind-the-sofa");
        assert_eq!(checkpoint.size, 20_852_163);
        assert_eq!(checkpoint.root.to_base64(), ROOT);
        assert_eq!(checkpoint.text(), SPEC_TEXT);
    }

    #[test]
    fn the_empty_tree_has_only_its_own_root() {
        let root = TreeHash::EMPTY_ROOT.to_base64();
        assert_eq!(Checkpoint::parse(&format!("log\n0\n{root}\n")).unwrap().size, 0);
        assert_eq!(code(&format!("log\n0\n{ROOT}\n")), "checkpoint-empty-root");
    }

    #[test]
    fn each_malformed_checkpoint_is_refused_by_its_own_code() {
        assert_eq!(code(&format!("log\n1\n{ROOT}")), "checkpoint-unterminated");
        assert_eq!(code("log\n1\n"), "checkpoint-line-missing");
        assert_eq!(code("log\n"), "checkpoint-line-missing");
        assert_eq!(code(""), "checkpoint-unterminated");
        for origin in ["", "a b", "a+b", "a\u{a0}", "a\u{85}"] {
            assert_eq!(code(&format!("{origin}\n1\n{ROOT}\n")), "checkpoint-origin", "{origin:?}");
        }
        for size in ["", "01", "+1", "-1", "1 ", "0x1", "1e3", "99999999999999999999"] {
            assert_eq!(code(&format!("log\n{size}\n{ROOT}\n")), "checkpoint-size", "{size:?}");
        }
        for root in ["", "AAAA", &ROOT[..43], "CsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I="] {
            assert_eq!(code(&format!("log\n1\n{root}\n")), "checkpoint-root", "{root:?}");
        }
        assert_eq!(code(&format!("{SPEC_TEXT}more\n")), "checkpoint-extension");
        assert_eq!(code(&format!("{SPEC_TEXT}\n")), "checkpoint-extension");
    }

    #[test]
    fn a_newline_cannot_hide_in_an_origin() {
        assert!(Origin::new("log\n7").is_err());
        assert!(Origin::new("log\r").is_err());
    }

    #[test]
    fn the_size_is_bounded_by_what_json_carries_exactly() {
        let text = |size: u64| format!("log\n{size}\n{ROOT}\n");
        assert_eq!(Checkpoint::parse(&text(INTEGER_MAX)).unwrap().size, INTEGER_MAX);
        let got = INTEGER_MAX + 1;
        let error = CheckpointError::SizeTooLarge { got, max: INTEGER_MAX };
        assert_eq!(Checkpoint::parse(&text(got)), Err(error));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(size in 1..=INTEGER_MAX, root: [u8; 32]) {
            let origin = Origin::new("example.com/log").unwrap();
            let checkpoint = Checkpoint { origin, size, root: TreeHash::new(root) };
            prop_assert_eq!(Checkpoint::parse(&checkpoint.text()).unwrap(), checkpoint);
        }

        #[test]
        fn what_reads_is_written_back_byte_for_byte(at in 0..SPEC_TEXT.len(), byte in 0_u8..0x80) {
            let mut bytes = SPEC_TEXT.as_bytes().to_vec();
            bytes[at] = byte;
            let text = String::from_utf8(bytes).unwrap();
            if let Ok(checkpoint) = Checkpoint::parse(&text) {
                prop_assert_eq!(checkpoint.text(), text);
            }
        }
    }
}

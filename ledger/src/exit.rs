//! Exit codes of `writd`.

use std::process::ExitCode;

/// How a run of the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; with `fsck`, everything was recomputed and holds.
    Ok,
    /// 1: it could not be done.
    Error,
    /// 2: the command line is wrong.
    Usage,
    /// 10: what is stored is not what was written.
    Tampered,
    /// 15: the store is older than its anchor, or another history.
    Rollback,
}

impl Exit {
    /// The code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Tampered => 10,
            Self::Rollback => 15,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

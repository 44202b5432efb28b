//! What every question is asked on: the evidence, the parameters, and how much work is left.

use core::cell::Cell;

use super::withdrawn::Supposed;
use crate::evidence::Evidence;
use crate::profile::Profile;

/// Most steps of judging one subject, in comparisons of two names or of a name and a pattern: a second or two of work. Honest
/// chains take some thousands; without the bound, one made for the purpose could take days.
pub const EFFORT_MAX: u64 = 1 << 24;

/// The ground of a judgement.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'e> {
    /// The verified entries.
    pub evidence: &'e Evidence,
    /// The parameters.
    pub profile: &'e Profile,
    /// How much work is left.
    pub effort: &'e Effort,
    /// What is supposed to be withdrawn, where that is asked.
    pub supposed: Option<&'e Supposed>,
}

/// A budget of steps. Once it is spent nothing more is looked at, and the verdict says so.
#[derive(Debug)]
pub struct Effort {
    /// Steps left; nothing: more were asked for than there were.
    left: Cell<Option<u64>>,
}

impl Effort {
    /// The whole budget.
    pub const fn new() -> Self {
        Self { left: Cell::new(Some(EFFORT_MAX)) }
    }

    /// Takes steps from the budget; whether there were as many.
    pub fn spend(&self, steps: usize) -> bool {
        let left = self.left.get().and_then(|left| left.checked_sub(steps as u64));
        self.left.set(left);
        left.is_some()
    }

    /// Whether more was asked for than there was.
    pub fn is_spent(&self) -> bool {
        self.left.get().is_none()
    }
}

impl Default for Effort {
    fn default() -> Self {
        Self::new()
    }
}

//! The classes that an action is judged under: what a profile asks of irreversible actions, of all, or of those nobody classed.

use alloc::vec::Vec;

use super::case::Case;
use super::identity::may_be_one;
use crate::profile::{ANY_CLASS, UNCLASSED};

impl<'e> Case<'e> {
    /// Under which keys a profile says something that bears on the request: the class that the decision gives the action, the
    /// class that the action states, and `*`; `unclassed` where neither says, or only the actor itself does, whose word on
    /// its own action spares it nothing.
    pub(crate) fn classes(&self) -> Vec<&'e str> {
        let Some(act) = &self.request.act else { return Vec::new() };
        let ruled = self.decision.decided().and_then(|(_, decision)| decision.action.class.as_ref());
        let stated = act.action.class.as_ref();
        let signer = &self.request.record.envelope.iss;
        let by_another = stated.is_some() && !may_be_one(self.ground, self.request.actor, signer);
        let mut classes: Vec<&str> = ruled.into_iter().chain(stated).map(|class| class.as_str()).collect();
        if ruled.is_none() && !by_another {
            classes.push(UNCLASSED);
        }
        classes.push(ANY_CLASS);
        classes
    }
}

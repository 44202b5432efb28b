//! How old a head is: a log that nothing is appended to is told from one that is withheld by the time under its checkpoint.

use schemas::time::{Millis, Time};
use thiserror::Error;

use super::VerifiedHead;

/// How far ahead of the caller's time a stated time may be: clocks that are set by hand, or seldom, differ by that much.
pub const TIME_AHEAD_MAX: Millis = Millis(60_000);

/// Milliseconds in one of the seconds that signatures count in.
const SECOND: u64 = 1_000;

impl VerifiedHead {
    /// When the log says that this was its latest head, in seconds since the epoch. Heads in receipts do not say.
    pub fn log_time(&self) -> Option<u64> {
        self.log_time
    }

    /// The latest time at which the log or a trusted witness says that this was the log's latest head, in seconds since
    /// the epoch.
    pub fn latest_time(&self) -> Option<u64> {
        let witnessed = self.cosignatures.iter().map(|cosignature| cosignature.time).max();
        self.log_time.max(witnessed)
    }

    /// How old the head's latest time is at `now`, which must be `max_age` at most.
    ///
    /// Zero where that time is ahead of `now` by no more than [`TIME_AHEAD_MAX`].
    pub fn fresh_at(&self, now: Time, max_age: Millis) -> Result<Millis, FreshnessError> {
        let time = self.latest_time().ok_or(FreshnessError::NoTime)?;
        let time = Time(time.saturating_mul(SECOND));
        let (age, ahead) = (now.since(time), time.since(now));
        if ahead > TIME_AHEAD_MAX {
            return Err(FreshnessError::InFuture { time, ahead, max: TIME_AHEAD_MAX });
        }
        if age > max_age {
            return Err(FreshnessError::TooOld { time, age, max: max_age });
        }
        Ok(age)
    }
}

/// Why a head cannot be taken for a log's present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FreshnessError {
    /// Neither the log nor a trusted witness says when.
    #[error(
        "neither the log nor a trusted witness says at what time this was the log's head; \
         the checkpoint that the log serves at /checkpoint says so"
    )]
    NoTime,
    /// The latest time is too long ago.
    #[error("the head was last renewed at {time}, {age} ago, at most {max} is asked for")]
    TooOld {
        /// The latest time under the head.
        time: Time,
        /// How long ago that was.
        age: Millis,
        /// How long ago it may have been.
        max: Millis,
    },
    /// The latest time is still to come.
    #[error(
        "the head says {time}, which is {ahead} from now, at most {max} is accepted: one of the clocks is wrong"
    )]
    InFuture {
        /// The latest time under the head.
        time: Time,
        /// How long until then.
        ahead: Millis,
        /// How far two clocks may differ.
        max: Millis,
    },
}

impl FreshnessError {
    /// Stable name of the error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoTime => "checkpoint-no-time",
            Self::TooOld { .. } => "checkpoint-too-old",
            Self::InFuture { .. } => "checkpoint-in-future",
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use schemas::note::{Note, NoteSignature};

    use super::super::tests::{ORIGIN, Party, policy, quorum_policy, some_root, text};
    use super::super::{VerifiedHead, verify_checkpoint, verify_head};
    use super::*;

    const T: u64 = 1_700_000_000;

    fn body() -> alloc::string::String {
        text(ORIGIN, 5, some_root())
    }

    fn note(lines: Vec<NoteSignature>) -> Note {
        Note::new(body(), lines).unwrap()
    }

    fn head(lines: Vec<NoteSignature>) -> VerifiedHead {
        verify_head(&note(lines), &quorum_policy(&Party::log(1))).unwrap()
    }

    #[test]
    fn a_logs_own_time_is_read_by_the_key_that_is_pinned_for_its_heads() {
        let log = Party::log(1);
        let head = head(Vec::from([log.sign(&body()), log.sign_at(T, &body())]));
        assert_eq!((head.log_time(), head.latest_time()), (Some(T), Some(T)));
        assert_eq!((head.key(), head.cosignatures().len()), (&log.key, 0));
    }

    #[test]
    fn a_logs_own_time_is_no_witnesss() {
        let log = Party::log(1);
        let lines = Vec::from([log.sign(&body()), log.sign_at(T, &body()), Party::witness(11).sign(&body())]);
        let error = verify_checkpoint(&note(lines), &quorum_policy(&log)).unwrap_err();
        assert_eq!(error.code(), "checkpoint-quorum-not-met");
    }

    #[test]
    fn a_time_alone_makes_no_head() {
        let log = Party::log(1);
        let error = verify_head(&note(Vec::from([log.sign_at(T, &body())])), &policy(&log)).unwrap_err();
        assert_eq!(error.code(), "checkpoint-not-signed-by-log");
    }

    #[test]
    fn a_time_that_the_log_did_not_sign_refuses_the_note() {
        let log = Party::log(1);
        let mut moved = log.sign_at(T, &body());
        moved.signature[7] ^= 1;
        let of_another_head = log.sign_at(T, &text(ORIGIN, 6, some_root()));
        for line in [moved, of_another_head] {
            let error = verify_head(&note(Vec::from([log.sign(&body()), line])), &policy(&log)).unwrap_err();
            assert_eq!(error.code(), "note-signature-invalid");
        }
        let strangers = Party::log(2).sign_at(T, &body());
        let passed_over =
            verify_head(&note(Vec::from([log.sign(&body()), strangers])), &policy(&log)).unwrap();
        assert_eq!(passed_over.log_time(), None);
    }

    #[test]
    fn the_latest_time_is_whoevers_is_latest() {
        let (log, w) = (Party::log(1), Party::witness(11));
        for (own, witnessed) in [(T, T + 9), (T + 9, T), (T + 9, T + 9)] {
            let lines = [log.sign(&body()), log.sign_at(own, &body()), w.sign_at(witnessed, &body())];
            let head = head(lines.into());
            assert_eq!((head.log_time(), head.latest_time()), (Some(own), Some(T + 9)));
        }
    }

    #[test]
    fn a_head_is_fresh_up_to_its_maximum_age_and_not_beyond() {
        let log = Party::log(1);
        let head = head(Vec::from([log.sign(&body()), log.sign_at(T, &body())]));
        let (time, max) = (Time(T * 1_000), Millis(10_000));
        assert_eq!(head.fresh_at(time, Millis(0)), Ok(Millis(0)));
        assert_eq!(head.fresh_at(time.later(max), max), Ok(max));
        let age = Millis(10_001);
        assert_eq!(head.fresh_at(time.later(age), max), Err(FreshnessError::TooOld { time, age, max }));
    }

    #[test]
    fn a_time_ahead_of_the_callers_is_borne_as_far_as_clocks_differ() {
        let log = Party::log(1);
        let head = head(Vec::from([log.sign(&body()), log.sign_at(T, &body())]));
        let time = Time(T * 1_000);
        let before = |span: u64| Time(T * 1_000 - span);
        assert_eq!(head.fresh_at(before(TIME_AHEAD_MAX.0), Millis(0)), Ok(Millis(0)));
        let ahead = Millis(TIME_AHEAD_MAX.0 + 1);
        let error = FreshnessError::InFuture { time, ahead, max: TIME_AHEAD_MAX };
        assert_eq!(head.fresh_at(before(ahead.0), Millis(u64::MAX)), Err(error));
        assert_eq!(error.code(), "checkpoint-in-future");
    }

    #[test]
    fn the_head_of_a_receipt_has_no_time_and_is_never_fresh() {
        let log = Party::log(1);
        let head = head(Vec::from([log.sign(&body())]));
        let error = head.fresh_at(Time(T * 1_000), Millis(u64::MAX)).unwrap_err();
        assert_eq!((error, error.code()), (FreshnessError::NoTime, "checkpoint-no-time"));
    }
}

//! What the log counts, in words.

use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use schemas::kinds::Use;
use schemas::time::Time;

use crate::publish::PublishedCheckpoint;

/// Begins counting, once for the whole program.
pub fn install_metrics() {
    serving::metrics::install(describe);
}

/// Sets what is known of the checkpoint at this moment.
pub(super) fn checkpoint(checkpoint: Option<&PublishedCheckpoint>, now: Time) {
    let Some(checkpoint) = checkpoint else { return };
    gauge!("writ_checkpoint_size").set(checkpoint.at.head.size as f64);
    gauge!("writ_checkpoint_timestamp_seconds").set(checkpoint.time as f64);
    gauge!("writ_checkpoint_age_seconds").set(checkpoint.age(now).0 as f64 / 1_000.0);
    gauge!("writ_checkpoint_cosignatures").set(checkpoint.cosigned.len() as f64);
}

/// Sets of which uses no key is at hand at this moment.
pub(super) fn keys(without: &[Use]) {
    for usage in [Use::Statement, Use::Receipt] {
        let at_hand = if without.contains(&usage) { 0.0 } else { 1.0 };
        gauge!("writ_log_key_at_hand", "use" => usage.as_str()).set(at_hand);
    }
}

fn describe() {
    describe_gauge!("writ_tree_size", "Entries in the log");
    describe_gauge!("writ_checkpoint_size", "Entries under the checkpoint that is shown");
    describe_gauge!("writ_checkpoint_timestamp_seconds", "When that checkpoint was renewed, since the epoch");
    describe_gauge!("writ_checkpoint_age_seconds", "How long ago that was: alarm beyond the log's heartbeat");
    describe_gauge!("writ_checkpoint_cosignatures", "Witnesses that have cosigned that checkpoint");
    describe_counter!(
        "writ_witness_answers_total",
        "Answers of witnesses asked to cosign, by name and outcome"
    );
    describe_gauge!(
        "writ_log_key_at_hand",
        "By use: 0 once every key at hand was withdrawn: writd keys list, then start it again"
    );
    describe_gauge!("writ_queue_depth", "Statements being checked or waiting to be written");
    describe_gauge!(
        "writ_latched",
        "1 once the log has stopped at a failure: writd fsck, then start it again"
    );
    describe_gauge!("writ_index_whole", "0 while a damaged index is made again and nothing is appended");
    describe_counter!("writ_scrub_bytes_total", "Bytes of rows that the scrub has read again");
    describe_gauge!("writ_scrub_position", "The next entry that the scrub reads");
    describe_counter!("writ_scrub_passes_total", "Times that everything stored was read again and held");
    describe_gauge!("writ_scrub_last_pass_timestamp_seconds", "When that was last, since the epoch");
    describe_counter!(
        "writ_scrub_failures_total",
        "What the scrub met that was wrong: entry (the log is latched), index (made again), read (it could not be told), \
         transient (wrong once only)"
    );
    describe_counter!("writ_appended_total", "Statements appended, by kind");
    describe_counter!("writ_refused_total", "Statements refused, by code");
    describe_histogram!(
        "writ_append_seconds",
        "Seconds from taking up a group of statements until it was durable"
    );
    describe_histogram!("writ_group_statements", "Statements written together in one group");
}

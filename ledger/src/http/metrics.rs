//! What the log counts, in words.

use metrics::{describe_counter, describe_gauge, describe_histogram};

/// Begins counting, once for the whole program.
pub fn install_metrics() {
    serving::metrics::install(describe);
}

fn describe() {
    describe_gauge!("writ_tree_size", "Entries in the log");
    describe_gauge!("writ_queue_depth", "Statements being checked or waiting to be written");
    describe_gauge!(
        "writ_latched",
        "1 once the log has stopped at a failure: writd fsck, then start it again"
    );
    describe_counter!("writ_appended_total", "Statements appended, by kind");
    describe_counter!("writ_refused_total", "Statements refused, by code");
    describe_histogram!(
        "writ_append_seconds",
        "Seconds from taking up a group of statements until it was durable"
    );
    describe_histogram!("writ_group_statements", "Statements written together in one group");
}

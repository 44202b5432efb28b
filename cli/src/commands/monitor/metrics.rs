//! What is counted, for Prometheus.

use std::net::SocketAddr;

use metrics::{counter, describe_counter, describe_gauge, gauge};
use verifier::checkpoint::VerifiedHead;

use crate::failure::Failure;

/// Serves what is counted, until the program ends; the address.
pub(super) fn serve(address: SocketAddr) -> Result<SocketAddr, Failure> {
    if !address.ip().is_loopback() {
        return Err(Failure::usage("metrics-address", format!("{address} is no loopback address"))
            .next("--metrics 127.0.0.1:9377, and a proxy where others scrape it"));
    }
    serving::metrics::install(describe);
    serving::metrics::serve_alone(address).map_err(|error| {
        Failure::new("metrics-address", format!("metrics at {address}: {error}"))
            .next("--metrics 127.0.0.1:9377, with a port that is free")
    })
}

/// A head that a server shows.
pub(super) fn head(server: &str, head: &VerifiedHead) {
    gauge!("writ_monitor_size", "server" => server.to_owned()).set(head.size() as f64);
}

/// When a server's checkpoint was renewed, by what it says.
pub(super) fn renewed(server: &str, seconds: u64) {
    gauge!("writ_monitor_checkpoint_time_seconds", "server" => server.to_owned()).set(seconds as f64);
}

/// A look at a server, and whether it answered.
pub(super) fn looked(server: &str, answered: bool) {
    counter!("writ_monitor_looks_total", "server" => server.to_owned(), "answered" => answered.to_string())
        .increment(1);
}

/// An alarm that is raised or cleared.
pub(super) fn alarm(server: &str, code: &str, stands: bool) {
    let labels = [("server", server.to_owned()), ("code", code.to_owned())];
    gauge!("writ_monitor_alarm", &labels).set(f64::from(u8::from(stands)));
    if stands {
        counter!("writ_monitor_alarms_total", &labels).increment(1);
    }
}

/// An alarm that the webhook did not take.
pub(super) fn webhook_failed() {
    counter!("writ_monitor_webhook_failures_total").increment(1);
}

fn describe() {
    describe_gauge!("writ_monitor_size", "Entries under the head that a server shows");
    describe_gauge!(
        "writ_monitor_checkpoint_time_seconds",
        "When the checkpoint was last renewed, in seconds since the epoch"
    );
    describe_counter!("writ_monitor_looks_total", "Looks at a server, by whether it answered");
    describe_gauge!("writ_monitor_alarm", "1 while an alarm stands, by server and code");
    describe_counter!("writ_monitor_alarms_total", "Alarms raised, by server and code");
    describe_counter!("writ_monitor_webhook_failures_total", "Alarms that the webhook did not take");
}

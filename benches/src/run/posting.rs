//! Posting: in batches, one by one, at a rate.

use anyhow::Result;
use schemas::envelope::Statement;

use super::Run;
use crate::ceiling::Ceiling;
use crate::ingest;
use crate::load::Posted;
use crate::machine::cores;
use crate::stats::{Spread, percentile, sorted};
use crate::targets::Row;

/// Connections that a load at a rate may use at most at a time: more than it needs as long as the server keeps up.
const PACED_CONNECTIONS: usize = 128;

/// One way of posting, over all rounds.
#[derive(Default)]
pub(super) struct Rounds {
    /// What the machine could do at best, in each round.
    bounds: Vec<f64>,
    rates: Vec<f64>,
    megabytes: Vec<f64>,
    median: Vec<f64>,
    p99: Vec<f64>,
    /// Of the server, in microseconds a statement.
    cpu: Vec<f64>,
    /// Of all processor time, in percent.
    server: Vec<f64>,
    generator: Vec<f64>,
    busy: usize,
}

impl Run<'_> {
    pub(super) fn batches(&mut self, statements: u64) -> Result<Rounds> {
        let (batch, connections) = (self.options.batch, self.options.connections);
        let of = self.at(&format!("ingest, {connections} connections x {batch}"));
        let rounds = self.posting(&of, statements, batch, connections)?;
        self.tell(of, &rounds);
        Ok(rounds)
    }

    pub(super) fn singles(&mut self) -> Result<Rounds> {
        let connections = self.sizes.single_connections;
        let of = self.at(&format!("ingest, {connections} connections x 1"));
        let rounds = self.posting(&of, self.sizes.posted_singly, 1, connections)?;
        self.tell(of, &rounds);
        Ok(rounds)
    }

    /// Each round posts new statements, right after the ceiling was measured on the same bytes.
    fn posting(&mut self, of: &str, statements: u64, batch: usize, connections: usize) -> Result<Rounds> {
        self.say(of);
        let mut rounds = Rounds::default();
        for _ in 0..self.sizes.rounds {
            let made = self.feed.make(statements)?;
            let sample = made.iter().take(self.sizes.verified as usize);
            rounds.bounds.push(Ceiling::new(sample, &self.log.keys)?.round()?);
            let requests = ingest::requests(&made, batch);
            let before = self.server.cpu_seconds()?;
            let posted = self.feed.post(&made, &requests, connections)?;
            rounds.add(&made, &posted, self.server.cpu_seconds()? - before);
        }
        Ok(rounds)
    }

    /// How long one append takes at half of what could be posted one by one, from the moment at which it was to be sent.
    pub(super) fn latency(&mut self, singles: &Rounds) -> Result<()> {
        let rate = Spread::of(&singles.rates).median / 2.0;
        let of = self.at(&format!("latency, {rate:.0} statements/s one by one"));
        self.say(&of);
        let mut rounds = Rounds::default();
        let mut slowest = Vec::new();
        for _ in 0..self.sizes.rounds {
            let made = self.feed.make((rate * self.sizes.paced_seconds) as u64)?;
            let before = self.server.cpu_seconds()?;
            let posted = self.feed.pace(&made, PACED_CONNECTIONS, rate)?;
            rounds.add(&made, &posted, self.server.cpu_seconds()? - before);
            slowest.push(percentile(&sorted(&posted.latencies), 100));
        }
        self.report.hold(Row::LatencyMedian, &rounds.median);
        self.report.hold(Row::LatencyP99, &rounds.p99);
        self.tell(of.clone(), &rounds);
        self.report.figure(of, "slowest answer", "ms", &slowest);
        Ok(())
    }

    /// What an append costs now, beside what it cost in the small log.
    pub(super) fn append(&mut self, small: &Rounds) -> Result<()> {
        let large = self.batches(self.sizes.appended())?;
        let over = |large: &[f64], small: &[f64]| {
            large.iter().zip(small).map(|(large, small)| large / small).collect::<Vec<f64>>()
        };
        // The time of one is the inverse of the rate.
        self.report.hold(Row::AppendTime, &over(&small.quotients(), &large.quotients()));
        self.report.hold(Row::AppendProcessor, &over(&large.processor(), &small.processor()));
        Ok(())
    }

    fn tell(&mut self, of: String, rounds: &Rounds) {
        let mut tell = |name: &str, unit: &str, values: &[f64]| {
            if !values.is_empty() {
                self.report.figure(of.clone(), name, unit, values);
            }
        };
        tell("R: verify_strict alone, all cores", "statements/s", &rounds.bounds);
        tell("rate", "statements/s", &rounds.rates);
        tell("rate / R", "", &rounds.quotients());
        tell("bytes of statements", "MB/s", &rounds.megabytes);
        tell("answer, median", "ms", &rounds.median);
        tell("answer, p99", "ms", &rounds.p99);
        tell("server's processor time", "us/statement", &rounds.cpu);
        tell("server's share of all processor time", "%", &rounds.server);
        tell("load generator's share of all processor time", "%", &rounds.generator);
        tell("told to come back", "answers", &[rounds.busy as f64]);
    }
}

impl Rounds {
    fn add(&mut self, made: &[Statement], posted: &Posted, cpu: f64) {
        let seconds = posted.elapsed.as_secs_f64();
        let bytes: usize = made.iter().map(|statement| statement.envelope.bytes().len()).sum();
        let latencies = sorted(&posted.latencies);
        let share = |cpu: f64| 100.0 * cpu / (seconds * cores() as f64);
        self.rates.push(made.len() as f64 / seconds);
        self.megabytes.push(bytes as f64 / seconds / 1e6);
        self.median.push(percentile(&latencies, 50));
        self.p99.push(percentile(&latencies, 99));
        self.cpu.push(cpu * 1e6 / made.len() as f64);
        self.server.push(share(cpu));
        self.generator.push(share(posted.own_cpu));
        self.busy += posted.busy;
    }

    /// Processor time of a statement, in that of one signature in the same round.
    fn processor(&self) -> Vec<f64> {
        self.cpu.iter().zip(&self.bounds).map(|(cpu, bound)| cpu * bound).collect()
    }

    /// The rate over the bound of the same round.
    pub(super) fn quotients(&self) -> Vec<f64> {
        self.rates.iter().zip(&self.bounds).map(|(rate, bound)| rate / bound).collect()
    }
}

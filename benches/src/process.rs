//! What processes take: processor time and memory, as Linux counts them.

use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// Clock ticks in a second, as `/proc` counts processor time (USER_HZ, the same on every Linux).
const TICKS_PER_SECOND: f64 = 100.0;

/// How often a running program is looked at: what it takes in its last moments may be missed.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Bytes in a KiB, as `/proc` counts memory.
const KIB: u64 = 1024;

/// Processor time that a process has taken so far, in seconds.
pub fn cpu_seconds(id: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // Fields 14 and 15; the second may hold blanks and ends with the last bracket.
    let fields = stat.rsplit_once(')').context("/proc stat")?.1.split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(ticks.iter().sum::<f64>() / TICKS_PER_SECOND)
}

/// The most memory that a process had at a time, in bytes, since it began or since it was forgotten.
pub fn peak_bytes(id: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    Ok(peak.context("no VmHWM: the process has ended")?.trim().parse::<u64>()? * KIB)
}

/// Has the system forget the most memory that a process had: from now on it is counted anew.
pub fn forget_peak(id: u32) -> Result<()> {
    Ok(fs::write(format!("/proc/{id}/clear_refs"), "5")?)
}

/// What a program that ran to its end took.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Exit code.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// How long it ran, in seconds.
    pub seconds: f64,
    /// Its processor time, in seconds.
    pub cpu_seconds: f64,
    /// The most memory that it had, in bytes.
    pub peak_bytes: u64,
}

/// Runs a program to its end; refused where its exit code is none of these.
pub fn run(command: &mut Command, codes: &[i32]) -> Result<Ran> {
    let begun = Instant::now();
    let named = format!("{command:?}");
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = Ended(spawned.with_context(|| named.clone())?);
    let (out, err) = (child.0.stdout.take().context("no output")?, child.0.stderr.take().context("none")?);
    thread::scope(|scope| {
        let (out, err) = (scope.spawn(|| read(out)), scope.spawn(|| read(err)));
        let id = child.0.id();
        let (mut cpu, mut peak) = (0.0, 0);
        let status = loop {
            cpu = cpu_seconds(id).unwrap_or(cpu);
            peak = peak_bytes(id).unwrap_or(peak);
            if let Some(status) = child.0.try_wait()? {
                break status;
            }
            thread::sleep(LOOK_EVERY);
        };
        let seconds = begun.elapsed().as_secs_f64();
        let stdout = out.join().map_err(|_| anyhow::anyhow!("reading panicked"))??;
        let stderr = err.join().map_err(|_| anyhow::anyhow!("reading panicked"))??;
        let right = status.code().is_some_and(|code| codes.contains(&code));
        ensure!(right, "{named}: {status}\n{stdout}{stderr}");
        Ok(Ran { code: status.code(), stdout, seconds, cpu_seconds: cpu, peak_bytes: peak })
    })
}

fn read(mut from: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    from.read_to_string(&mut text)?;
    Ok(text)
}

/// A child process that does not outlive its handle.
#[derive(Debug)]
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is nothing left to do about it.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ran_is_told_by_its_code_its_output_and_its_memory() {
        let ran = run(Command::new("sh").args(["-c", "sleep 0.1; echo said; exit 3"]), &[3]).unwrap();
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), "said\n"));
        assert!(ran.seconds >= 0.1 && ran.peak_bytes > 0, "{ran:?}");
        assert!(run(Command::new("sh").args(["-c", "exit 3"]), &[0]).is_err());
    }

    #[test]
    fn own_processor_time_grows_with_work() {
        let id = std::process::id();
        let before = cpu_seconds(id).unwrap();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(300) {}
        assert!(cpu_seconds(id).unwrap() > before);
        assert!(peak_bytes(id).unwrap() > 0);
    }
}

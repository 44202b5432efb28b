//! Whole programs: the real `writd` and `writ`, over loopback, in folders of their own.
//!
//! The programs are those beside this test's own folder, which `make test` builds first. Longer runs: `WRIT_KILL_ROUNDS=100`
//! kills the server that often, `WRIT_FLIPS=2000` flips so many bytes of each file.

mod authority;
mod authzen;
mod backup;
mod blast;
mod chain;
mod chains;
mod cli_manners;
mod cloudtrail;
mod counts;
mod coverage;
mod demo;
mod diff;
mod documents;
mod durability;
mod effect;
mod evidence;
mod export;
mod flips;
mod grants;
mod harness;
mod http_manners;
mod init;
mod investigation;
mod keys;
mod log_keys;
mod lookup;
mod main_job;
mod mirror;
mod monitor;
mod near;
mod omission;
mod proof;
mod publishing;
mod quorum;
mod receipts;
mod refusals;
mod registrars;
mod report;
mod roles;
mod rollback;
mod scitt;
mod scrub;
mod searching;
mod secrets;
mod stopping;
mod tailing;
mod uses;
mod what_if;
mod who;
mod why;
mod witness;

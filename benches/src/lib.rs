//! Benchmarks: how near to the machine's own bound the log comes.
//!
//! In scope: what is aimed at ([`targets`]), the corpus ([`corpus`]), what the machine can do at best ([`ceiling`], by tables of keys: [`hot`]), a real server under
//! load ([`server`], [`feed`], [`ingest`], as fast as it takes it: [`load`], at a rate: [`pace`], over [`http`]), what an answer and a
//! judgement cost as the log grows ([`bundles`], of files that stay in the cache: [`held`]), how far somebody reached ([`blast`]), verifying a whole log ([`verify`], over
//! [`memory`]), the programs over a log that is there ([`programs`], [`process`]), large logs for others to read ([`mirror`]), one run
//! of all that ([`run`]), what others make of the same statements ([`peers`]), and how figures are told
//! ([`report`], [`stats`], [`machine`], [`docs`]).
//!
//! Out of scope: whether anything is right, which the tests of each crate say; absolute speed, which no test asserts. Only
//! ratios of figures from one run on one machine are held against a target, and only in print.

#![forbid(unsafe_code)]

pub mod blast;
pub mod bundles;
pub mod ceiling;
pub mod corpus;
pub mod docs;
pub mod feed;
pub mod held;
pub mod hot;
pub mod http;
pub mod ingest;
pub mod load;
pub mod machine;
pub mod memory;
pub mod mirror;
pub mod options;
pub mod pace;
pub mod peers;
pub mod process;
pub mod programs;
pub mod report;
pub mod run;
pub mod server;
pub mod stats;
pub mod targets;
pub mod verify;

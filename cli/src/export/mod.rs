//! A judged chain in the forms of other tools, as the program judges it.

pub(crate) use documents::export::{Format, title};

#[cfg(test)]
mod tests;

//! Which statement evidence is asked for, and the file that it goes to.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::failure::Failure;
use crate::file;

/// Arguments of every command that writes evidence about a statement.
#[derive(clap::Args, Debug)]
pub(crate) struct EvidenceFile {
    /// Statement id, foreign id, or the first 8 digits or more
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Where it goes; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
}

impl EvidenceFile {
    /// Writes the evidence; the file's name, or nothing where it went to standard output. What goes wrong has this code.
    pub(crate) fn write(
        &self,
        context: &Context,
        bytes: &[u8],
        code: &str,
    ) -> Result<Option<String>, Failure> {
        if self.output == Path::new("-") {
            context.output.bytes(bytes)?;
            return Ok(None);
        }
        file::write(&self.output, bytes, self.force, code)?;
        Ok(Some(self.output.display().to_string()))
    }
}

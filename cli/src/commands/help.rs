use clap::CommandFactory;

use crate::Cli;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// Explain a command, or a topic: exit-codes
#[derive(clap::Args, Debug)]
pub(crate) struct Args {
    /// A command (`keys register`), or `exit-codes`
    #[arg(value_name = "TOPIC")]
    topic: Vec<String>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    if args.topic == ["exit-codes"] {
        context.output.text(&Exit::page())?;
        return Ok(Exit::Ok);
    }
    let mut command = Cli::command();
    command.build();
    let mut found = &mut command;
    for word in &args.topic {
        let unknown = || {
            Failure::usage("unknown-topic", format!("there is no help about `{word}`")).next("writ --help")
        };
        found = found.find_subcommand_mut(word).ok_or_else(unknown)?;
    }
    context.output.text(&found.render_long_help().to_string())?;
    Ok(Exit::Ok)
}

//! docs/examples/cloudtrail.md: the investigation that it tells shows what the programs print, command by command.
//!
//! With `WRIT_WRITE_EXAMPLES=1` the outputs are written anew instead of compared; read the difference before it is kept.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::harness::{Cli, Ran, Story, normal, shows};

const BEGIN: &str = "```console\n";
const END: &str = "```";

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/examples/cloudtrail.md")
}

/// A server that has taken in the real folder; nothing where that is not there, and then loudly.
fn imported() -> Option<Story> {
    let folder = std::env::var_os("WRIT_CLOUDTRAIL").filter(|folder| !folder.is_empty());
    let Some(folder) = folder.map(PathBuf::from) else {
        eprintln!("SKIPPED: WRIT_CLOUDTRAIL names no folder of real CloudTrail files");
        return None;
    };
    let story = Story::begin();
    let key = story.key("gateway");
    let args = ["import", "cloudtrail", folder.to_str().unwrap(), "--key", key.to_str().unwrap()];
    let ran = Ran::of(story.cli.command(&args).timeout(Duration::from_secs(300)));
    assert_eq!(ran.code, 0, "{ran}");
    Some(story)
}

/// What a command printed, with how it ended. That it had to wait for a busy server is left out.
fn told(cli: &Cli, command: &str) -> String {
    let ran = cli.shell(command);
    let errors = ran.stderr.lines().filter(|line| !line.starts_with("waiting for "));
    let errors: String = errors.flat_map(|line| [line, "\n"]).collect();
    let end = if ran.code == 0 { String::new() } else { format!("(exit {})\n", ran.code) };
    let config = format!("{}/config", cli.home().display());
    format!("{}{errors}{end}", ran.stdout).replace(&config, "~/.config")
}

/// Somebody who pinned the log where `writ` looks for it.
fn responder(story: &Story) -> Cli {
    let cli = story.cli.with_trust(None);
    let folder = cli.home().join("config/writ");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(story.place.trust(), folder.join("trust.policy")).unwrap();
    cli
}

/// The commands of a block, each with what is shown under it.
fn commands(block: &str) -> Vec<(&str, String)> {
    let mut commands: Vec<(&str, String)> = Vec::new();
    for line in block.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command, String::new())),
            (None, Some((_, shown))) => shown.extend([line, "\n"]),
            (None, None) => panic!("a block begins with a command: {line}"),
        }
    }
    commands
}

#[test]
fn the_investigation_shows_what_the_programs_print() {
    let text = std::fs::read_to_string(document()).unwrap();
    let Some(story) = imported() else { return };
    let cli = responder(&story);
    let writes = std::env::var_os("WRIT_WRITE_EXAMPLES").is_some();
    let mut parts = text.split(BEGIN);
    let mut written = parts.next().unwrap().to_owned();
    let mut held = 0;
    for part in parts {
        let (block, rest) = part.split_once(END).expect("a block that ends");
        written.push_str(BEGIN);
        for (command, shown) in commands(block) {
            let printed = told(&cli, command);
            written.extend(["$ ", command, "\n", &printed]);
            if !writes {
                let (shown, whole) = (normal(&shown), normal(&printed));
                let same = shows(&shown.lines().collect::<Vec<_>>(), &whole.lines().collect::<Vec<_>>());
                assert!(same, "$ {command}\nshown:\n{shown}\nprinted:\n{whole}");
                held += 1;
            }
        }
        written.extend([END, rest]);
    }
    if writes {
        std::fs::write(document(), written).unwrap();
    } else {
        assert!(held >= 10, "only {held} commands are shown");
    }
}

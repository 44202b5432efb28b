use serde::Serialize;
use verifier::profile::{PROFILES, Profile};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::profiles;
use crate::schema;

/// List the profiles that are built in
#[derive(clap::Args, Debug)]
pub(crate) struct Args {}

/// `writ profile list --json`.
#[derive(Serialize)]
struct Document {
    schema: &'static str,
    profiles: Vec<Profile>,
}

pub(crate) fn run(_: &Args, context: &Context) -> Result<Exit, Failure> {
    let profiles: Vec<Profile> = PROFILES.into_iter().filter_map(Profile::named).collect();
    if context.output.json {
        context.output.document(&Document { schema: schema::PROFILE_LIST, profiles })?;
        return Ok(Exit::Ok);
    }
    let mut text = String::new();
    for Profile { name, version, .. } in &profiles {
        let what =
            profiles::text(name).and_then(|text| text.lines().next()).and_then(|line| line.split_once(": "));
        let what = what.map_or("", |(_, what)| what);
        text.push_str(&format!("{name:<9} version {version}  {what}\n"));
    }
    text.push_str("Next: writ profile show standard        (every key, explained)\n");
    context.output.text(&text)?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::tests::assert_described;

    #[test]
    fn the_document_is_described_by_its_schema() {
        let profiles = vec![Profile::standard(), Profile { permit_uses: Some(2), ..Profile::strict() }];
        assert_described(&Document { schema: schema::PROFILE_LIST, profiles });
    }
}

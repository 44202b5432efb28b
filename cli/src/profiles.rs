//! Profiles that are built in, and those that people write.

use std::path::Path;

use serde::Serialize;
use verifier::profile::{PROFILES, Profile};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::file;
use crate::schema;

/// Largest profile, in bytes: some hundred times those that are built in.
const PROFILE_BYTES_MAX: usize = 1 << 20;

/// `writ profile show|check --json`.
#[derive(Serialize)]
pub(crate) struct Document<'p> {
    schema: &'static str,
    #[serde(flatten)]
    profile: &'p Profile,
}

impl<'p> Document<'p> {
    pub(crate) fn of(profile: &'p Profile) -> Self {
        Self { schema: schema::PROFILE, profile }
    }
}

/// The text of a profile that is built in, with every key explained.
pub(crate) fn text(name: &str) -> Option<&'static str> {
    match name {
        "standard" => Some(include_str!("../../verifier/profiles/standard.toml")),
        "strict" => Some(include_str!("../../verifier/profiles/strict.toml")),
        "imported" => Some(include_str!("../../verifier/profiles/imported.toml")),
        _ => None,
    }
}

/// The profile of this name, or in the file of this name.
pub(crate) fn find(name: &str) -> Result<Profile, Failure> {
    if let Some(profile) = Profile::named(name) {
        return Ok(profile);
    }
    let path = Path::new(name);
    if !path.exists() {
        let what = format!("no profile is called `{name}`, and no file is");
        return Err(Failure::usage("unknown-profile", what)
            .values(PROFILES.join(", "), name)
            .next("writ profile list"));
    }
    let refused = |what: String| {
        Failure::usage("profile-invalid", format!("{name}: {what}"))
            .next("writ profile show standard        (a whole profile, every key explained)")
    };
    let bytes = file::read(path, PROFILE_BYTES_MAX, "profile-unreadable").map_err(|e| e.exit(Exit::Usage))?;
    if bytes.len() > PROFILE_BYTES_MAX {
        return Err(refused(format!("more than {PROFILE_BYTES_MAX} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|e| refused(e.to_string()))?;
    let profile: Profile = toml::from_str(&text).map_err(|e| refused(e.to_string().trim_end().to_owned()))?;
    let is_taken = PROFILES.contains(&profile.name.as_str());
    if is_taken {
        return Err(refused(format!(
            "`{}` is the name of a profile that is built in; give another",
            profile.name
        )));
    }
    profile.check().map_err(|e| refused(e.to_string()))?;
    Ok(profile)
}

#[cfg(test)]
mod tests {
    use schemas::scope::Pattern;
    use verifier::profile::{Combination, Granularity};

    use super::*;
    use crate::schema::tests::assert_described;

    fn written(text: &str) -> Result<Profile, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.toml");
        std::fs::write(&path, text).unwrap();
        find(path.to_str().unwrap())
    }

    #[test]
    fn a_profile_that_is_built_in_is_as_its_file_says() {
        for name in PROFILES {
            let read: Profile = toml::from_str(text(name).unwrap()).unwrap();
            assert_eq!(Some(read), Profile::named(name), "{name}");
            Profile::named(name).unwrap().check().unwrap();
        }
    }

    #[test]
    fn every_key_is_explained_in_every_file() {
        for name in PROFILES {
            let text = text(name).unwrap();
            let keys = serde_json::to_value(Profile { permit_uses: Some(1), ..Profile::strict() }).unwrap();
            for key in keys.as_object().unwrap().keys() {
                let at = text.lines().position(|line| {
                    let line = line.strip_prefix("# ").unwrap_or(line);
                    line.starts_with(&format!("{key} =")) || line == format!("[{key}]")
                });
                let before = at.and_then(|at| text.lines().nth(at.checked_sub(1)?));
                let explained =
                    before.is_some_and(|line| line.starts_with("# ") || line.starts_with("name ="));
                assert!(explained, "{name}: {key}");
            }
        }
    }

    #[test]
    fn the_document_is_described_by_its_schema() {
        let actions = ["b", "c"].map(|text| Pattern::new(text).unwrap()).into();
        let combination = Combination { name: "a".into(), actions };
        let mut profile = Profile { combinations: vec![combination], ..Profile::strict() };
        profile.granularity.insert("write".into(), Granularity::Call);
        profile.inputs.insert("*".into(), ["risk".to_owned()].into());
        profile.input_age.insert("risk".into(), schemas::time::Millis(1));
        profile.raised.insert("revoker-not-entitled".into(), verifier::verdict::Effect::Indeterminate);
        assert_described(&Document::of(&profile));
        assert_described(&Document::of(&Profile::imported()));
    }

    #[test]
    fn a_copy_under_another_name_is_taken_and_one_with_a_fault_is_refused_with_its_place() {
        let copy = text("strict").unwrap().replace("name = \"strict\"", "name = \"ours\"");
        assert_eq!(written(&copy).unwrap(), Profile { name: "ours".into(), ..Profile::strict() });
        for (from, to, says) in [
            ("name = \"ours\"", "name = \"strict\"", "built in"),
            ("skew = 1000", "skew = \"1s\"", "skew"),
            ("skew = 1000", "", "skew"),
            ("hop-permits", "hop-permit", "hop-permit"),
            ("[raised]", "[raised]\nrevoked = \"indeterminate\"", "revoked"),
            ("[raised]", "[raised]\nno-such-rule = \"indeterminate\"", "no-such-rule"),
            ("combinations = []", "combinations = [{ name = \"a\", actions = [\"b\"] }]", "two or more"),
        ] {
            let failure = written(&copy.replace(from, to)).unwrap_err();
            assert_eq!((failure.code.as_str(), failure.exit), ("profile-invalid", Exit::Usage));
            assert!(failure.what.contains(says), "{}", failure.what);
        }
        assert_eq!(find("no-such").unwrap_err().code, "unknown-profile");
    }
}

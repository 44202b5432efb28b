//! What the sample's events become.

use data_encoding::HEXLOWER;
use schemas::kinds::{CredentialOp, Outcome, Ruling};
use schemas::payload::{Kind, Vantage};
use schemas::reference::{ForeignRef, Reference};
use schemas::scope::Scope;

use super::{Chain, Drafts, context, read_all, sample};
use crate::cloudtrail::{EventError, NAMESPACE, drafts};

fn all() -> Drafts {
    read_all(&[sample("log")]).1
}

fn id(number: u64) -> String {
    format!("5a3f{number:04}-0000-4000-8000-{number:012}")
}

fn foreign(kind: &str, value: &str) -> ForeignRef {
    ForeignRef {
        kind: kind.parse().unwrap(),
        namespace: NAMESPACE.parse().unwrap(),
        value: value.parse().unwrap(),
    }
}

fn chain(root: &str, hops: &[(&str, &str)], whole: bool) -> Chain {
    let hops = hops.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
    Chain { root: root.to_owned(), hops, whole }
}

const ALICE: &str = "arn:aws:iam::111122223333:user/alice";
const CAROL: &str = "arn:aws:iam::111122223333:user/carol";
const DEPLOYER: &str = "arn:aws:sts::111122223333:assumed-role/deployer/alice-cli";
const WRITER: &str = "arn:aws:sts::444455556666:assumed-role/prod-writer/release-42";

#[test]
fn a_role_taken_from_a_role_is_two_hops_joined_by_keys() {
    let drafts = all();
    let expected = chain(ALICE, &[(ALICE, DEPLOYER), (DEPLOYER, WRITER)], true);
    assert_eq!(drafts.chain(&id(3)), expected);
    assert_eq!(drafts.chain(&id(4)), expected);
    assert_eq!(
        (drafts.decision(&id(3)).ruling, drafts.decision(&id(4)).ruling),
        (Ruling::Permit, Ruling::Deny)
    );
    let first = drafts.delegation(&id(1));
    assert!(first.parents.is_empty());
    assert_eq!(first.presented_credential, Some(foreign("access-key", "AKIAEXAMPLEALICE")));
    let second = drafts.delegation(&id(2));
    assert_eq!(second.parents, [Reference::Foreign(foreign("access-key", "ASIAEXAMPLEDEPLOYER"))]);
    assert_eq!(second.presented_credential, None);
}

#[test]
fn an_issue_is_told_before_the_call_that_asked_for_it() {
    assert_eq!(all().parts(&id(1)), ["credential", "delegation", "decision", "action"]);
}

#[test]
fn a_denied_call_is_no_action() {
    let drafts = all();
    assert_eq!(drafts.parts(&id(4)), ["decision"]);
    let denied = drafts.decision(&id(4));
    assert_eq!(denied.reason.as_ref().unwrap().as_str(), "AccessDenied");
    assert_eq!(denied.credential, Some(foreign("access-key", "ASIAEXAMPLEWRITER")));
    assert_eq!(denied.delegation, Some(Reference::Foreign(foreign("access-key", "ASIAEXAMPLEWRITER"))));
}

#[test]
fn a_call_that_was_not_evaluated_is_undecided_and_was_not_carried_out() {
    let drafts = all();
    for (number, code) in [(5, "Client.RequestLimitExceeded"), (23, "SignatureDoesNotMatch")] {
        let decision = drafts.decision(&id(number));
        assert_eq!(decision.ruling, Ruling::Indeterminate);
        assert_eq!(decision.reason.as_ref().unwrap().as_str(), "not-evaluated");
        let action = drafts.action(&id(number));
        assert_eq!(action.outcome, Some(Outcome::Suppressed));
        assert_eq!(action.error.as_ref().unwrap().as_str(), code);
    }
}

#[test]
fn a_permitted_call_may_fail_or_be_a_rehearsal() {
    let drafts = all();
    let came_of = |number| (drafts.decision(&id(number)).ruling, drafts.action(&id(number)).outcome);
    assert_eq!(came_of(3), (Ruling::Permit, Some(Outcome::Completed)));
    assert_eq!(came_of(6), (Ruling::Permit, Some(Outcome::Failed)));
    assert_eq!(came_of(7), (Ruling::Permit, Some(Outcome::Suppressed)));
}

#[test]
fn a_key_that_nobody_saw_issued_is_its_users_and_a_session_that_nobody_saw_issued_misses_a_hop() {
    let drafts = all();
    assert_eq!(drafts.chain(&id(6)), chain("arn:aws:iam::111122223333:user/bob", &[], true));
    let unseen = "arn:aws:sts::111122223333:assumed-role/auditor/nightly";
    assert_eq!(drafts.chain(&id(8)), chain(unseen, &[], false));
    let without_key = "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForRDS/SLRManagement";
    assert_eq!(drafts.chain(&id(13)), chain(without_key, &[], false));
    assert_eq!(
        drafts.decision(&id(13)).delegation,
        Some(Reference::Foreign(foreign("session", without_key)))
    );
    assert_eq!(drafts.chain(&id(24)), chain("aws:account/444455556666/AROAEXAMPLEFOREIGN:job", &[], false));
}

#[test]
fn a_session_that_the_answer_leaves_out_is_derived_from_the_request() {
    let web_server = "arn:aws:sts::111122223333:assumed-role/web-server/i-0123456789abcdef0";
    let ec2 = "service:ec2.amazonaws.com";
    assert_eq!(all().chain(&id(12)), chain(ec2, &[(ec2, web_server)], true));
}

#[test]
fn every_way_to_be_issued_credentials_is_a_hop() {
    let drafts = all();
    assert_eq!(drafts.chain(&id(18)), chain(CAROL, &[(CAROL, CAROL)], true), "a session of her own");
    let visitor = "arn:aws:sts::111122223333:federated-user/visitor";
    assert_eq!(drafts.chain(&id(20)), chain(CAROL, &[(CAROL, visitor)], true));
    let repository = "aws:web-identity-user/arn:aws:iam::111122223333:oidc-provider/ci.example.org:sts.amazonaws.com:repo:example/app:ref:refs/heads/main";
    let pipeline = "arn:aws:sts::111122223333:assumed-role/pipeline/run-7";
    assert_eq!(drafts.chain(&id(22)), chain(repository, &[(repository, pipeline)], true));
}

#[test]
fn what_a_role_may_do_is_held_by_aws_and_narrowed_by_the_session_policy() {
    let drafts = all();
    let Some(Scope::External(wide)) = &drafts.delegation(&id(2)).scope else { panic!("not external") };
    assert_eq!(wide.system.as_str(), "aws:444455556666", "the role's account, not the caller's");
    assert_eq!(wide.reference.as_str(), "arn:aws:iam::444455556666:role/prod-writer");
    assert_eq!(wide.digest, None);
    let decider = drafts.decision(&id(3)).decider.as_ref().unwrap().as_str();
    assert_eq!(
        decider,
        wide.system.as_str(),
        "what decides on a session is the system that holds its authority"
    );
    let Some(Scope::External(narrow)) = &drafts.delegation(&id(1)).scope else { panic!("not external") };
    // SHA-256 of the policy's text, a line feed and the managed policy's ARN.
    let digest = "cc7eb1bc81eb15413e7539bfee991e33e58a62b2b6ede0efe5b6aae4bde4750e";
    assert_eq!(HEXLOWER.encode(&narrow.digest.as_ref().unwrap().value.0), digest);
    assert_eq!(
        drafts.delegation(&id(18 - 1)).scope.as_ref().unwrap().to_string(),
        format!("as {CAROL} in aws:111122223333")
    );
}

#[test]
fn a_hop_lasts_from_the_event_until_the_credential_expires_in_every_form_of_time() {
    let drafts = all();
    for (number, from, until) in [
        (1, 1_772_442_000_000, 1_772_445_600_000),
        (2, 1_772_442_300_000, 1_772_445_900_000),
        (17, 1_772_439_300_000, 1_772_482_500_000),
        (19, 1_772_439_420_000, 1_772_443_020_000),
    ] {
        let hop = drafts.delegation(&id(number));
        assert_eq!((hop.not_before.unwrap().0, hop.expires.unwrap().0), (from, until), "event {number}");
        let issued = drafts.credential(&id(number));
        assert_eq!(
            (issued.op, issued.not_before, issued.expires),
            (CredentialOp::Issue, hop.not_before, hop.expires)
        );
        assert_eq!(Some(&issued.credential), hop.credential.as_ref());
    }
}

#[test]
fn a_service_at_work_by_itself_acts_without_a_decision() {
    let drafts = all();
    assert_eq!(drafts.parts(&id(14)), ["action"]);
    let action = drafts.action(&id(14));
    assert_eq!(action.actor.as_str(), "service:AWS%20Internal");
    assert_eq!(action.action.name.as_str(), "kms:RotateKey");
    assert_eq!((&action.decision, &action.delegation, &action.credential), (&None, &None, &None));
}

#[test]
fn a_sign_in_authenticates_and_a_failed_one_is_a_denial() {
    let drafts = all();
    assert_eq!(drafts.parts(&id(15)), ["credential"]);
    let signed_in = drafts.credential(&id(15));
    assert_eq!((signed_in.op, signed_in.holder.as_str()), (CredentialOp::Authenticate, CAROL));
    assert_eq!(signed_in.methods.iter().map(|method| method.as_str()).collect::<Vec<_>>(), ["mfa"]);
    assert_eq!(drafts.parts(&id(16)), ["decision"]);
    let refused = drafts.decision(&id(16));
    assert_eq!((refused.ruling, refused.actor.as_str()), (Ruling::Deny, "aws:account/111122223333"));
}

#[test]
fn every_statement_is_imported_and_found_by_the_ids_of_its_event() {
    let drafts = all();
    for payload in &drafts.payloads {
        let source = payload.source.as_ref().unwrap();
        assert_eq!((payload.vantage, payload.stream, payload.seen), (Vantage::Imported, None, None));
        assert_eq!(payload.refs[0], foreign("event", source.id.as_str()));
        assert_eq!(source.part.as_str(), payload.kind.as_str());
        assert!(payload.refs.iter().all(|found_by| found_by.kind.as_str() != "access-key"));
    }
    let refs =
        |kind| drafts.part(&id(2), kind).unwrap().refs.iter().map(ToString::to_string).collect::<Vec<_>>();
    let expected = [
        "event:5a3f0002-0000-4000-8000-000000000002",
        "request:REQ0002",
        "shared-event:5a3f5a3f-0000-4000-8000-000000000001",
        "account:111122223333",
        "region:eu-west-1",
        "address:192.0.2.7",
        "session-issuer:arn:aws:iam::111122223333:role/team/deployer",
        "source-identity:alice",
        "mfa:true",
    ];
    assert_eq!(refs(Kind::Decision), expected);
    assert_eq!(refs(Kind::Delegation), expected);
    let issued_with = drafts.part(&id(1), Kind::Delegation).unwrap();
    for found_by in [
        foreign("mfa", "arn:aws:iam::111122223333:mfa/alice"),
        foreign("source-identity", "alice"),
        foreign("session-policy", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ] {
        assert!(issued_with.refs.contains(&found_by), "{found_by}");
    }
    assert_eq!(drafts.action(&id(3)).decision, Some(Reference::Foreign(foreign("event", &id(3)))));
}

#[test]
fn the_digest_is_of_the_events_own_bytes() {
    let drafts = all();
    let source = drafts.part(&id(1), Kind::Decision).unwrap().source.clone().unwrap();
    let digest = "f30273874ccc30895c5085b420ec1b3bf068ae631bfa78168aa9bb0dce1ead5d";
    assert_eq!(HEXLOWER.encode(&source.digest.0), digest);
}

#[test]
fn resources_are_those_that_the_event_names_or_the_whole_service() {
    let drafts = all();
    let of =
        |number| drafts.action(&id(number)).resources.iter().map(|name| name.as_str()).collect::<Vec<_>>();
    assert_eq!(of(3), ["arn:aws:s3:::releases/v42.tar", "arn:aws:s3:::releases"]);
    assert_eq!(of(12), ["aws:ec2:111122223333:eu-west-1"]);
    let class = |number| drafts.action(&id(number)).action.class.clone().unwrap();
    assert_eq!((class(3).as_str(), class(12).as_str()), ("write", "read"));
}

#[test]
fn white_space_in_a_name_is_escaped_so_that_two_names_stay_two() {
    assert_eq!(all().decision(&id(9)).actor.as_str(), "arn:aws:iam::111122223333:user/Build%20Bot");
    let named = |name: &str| {
        let event = format!(
            r#"{{"eventID":"e","eventTime":"2026-03-02T09:00:00Z","eventSource":"s3.amazonaws.com","eventName":"Get",
            "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::1:user/{name}"}}}}"#
        );
        drafts(&event, &context()).unwrap()[0].subject()
    };
    assert_eq!(
        (named("a b").as_str(), named("a%20b").as_str()),
        ("arn:aws:iam::1:user/a%20b", "arn:aws:iam::1:user/a%2520b")
    );
}

#[test]
fn an_event_that_does_not_fit_a_statement_is_refused_whole() {
    let resources =
        (0..40).map(|n| format!(r#"{{"ARN":"arn:aws:s3:::{n}{}"}}"#, "x".repeat(2_000))).collect::<Vec<_>>();
    let event = format!(
        r#"{{"eventID":"e","eventTime":"2026-03-02T09:00:00Z","eventSource":"s3.amazonaws.com","eventName":"Get","resources":[{}]}}"#,
        resources.join(",")
    );
    let error = drafts(&event, &context()).unwrap_err();
    assert!(matches!(error, EventError::TooLarge { got, max: 60_000 } if got > 80_000), "{error}");
}

#[test]
fn a_known_field_may_stand_only_once() {
    let event = r#"{"eventID":"e","eventID":"f","eventTime":"2026-03-02T09:00:00Z","eventSource":"s","eventName":"n"}"#;
    assert_eq!(drafts(event, &context()).unwrap_err().code(), "event-malformed");
}

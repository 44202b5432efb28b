use super::*;
use crate::kinds::Ruling;

const NOW: Time = Time(1_800_000_000_000);

fn whats(text: &str) -> Vec<What> {
    parse(text, NOW).unwrap().conditions.into_iter().map(|condition| condition.what).collect()
}

fn refused(text: &str) -> Fault {
    parse(text, NOW).unwrap_err()
}

#[test]
fn each_qualifier_is_read_as_its_example_shows_it() {
    for (name, example) in QUALIFIERS {
        let example = example.replace("<64 hex digits>", &"ab".repeat(32));
        assert!(example.starts_with(&alloc::format!("{name}:")), "{example}");
        assert_eq!(parse(&example, NOW).unwrap().conditions.len(), 1, "{example}");
    }
}

#[test]
fn conditions_keep_their_order_and_a_minus_excludes() {
    let query = parse("agent:billing-bot  tool:refund -resource:\"order 9\\\"1\"  be7f89b5", NOW).unwrap();
    let agent = PrincipalId::new("agent:billing-bot").unwrap();
    let resource = Line::new("order 9\"1").unwrap();
    let excluded: Vec<bool> = query.conditions.iter().map(|condition| condition.excluded).collect();
    assert_eq!(excluded, [false, false, true, false]);
    assert_eq!(query.conditions[0].what, What::principal(&agent));
    assert_eq!(query.conditions[2].what, What::resource(&resource));
    assert_eq!(query.conditions[3].what.id_prefix(), Some("be7f89b5"));
    assert_eq!(whats("agent:agent:billing-bot"), whats("agent:billing-bot"));
    assert_eq!(whats("agent:spiffe://corp/a"), whats("principal:spiffe://corp/a"));
    assert_eq!(whats("\"access-key:1\""), [What::Word(Line::new("access-key:1").unwrap())]);
    assert_eq!(whats(""), []);
}

#[test]
fn a_fault_says_at_which_byte_it_is_and_how_it_would_be_right() {
    let faults = [
        ("agent:a toool:b", 8, "no qualifier `toool`"),
        ("resource:\"order", 9, "does not end"),
        ("resource:\"a\"b", 12, "space is missing"),
        ("kind:action decision:maybe", 21, "none of permit"),
        ("agent:", 6, "no value"),
        ("- kind:action", 1, "nothing here"),
        ("agent:billing*", 13, "no index answers"),
        ("be7f89*", 6, "no index answers"),
        ("kind:action resource:a*b*", 22, "only at the end"),
        ("resource:orders/*", 9, "beside `resource:"),
        ("since:yesterday", 6, "no time"),
        ("-since:2h", 0, "not excluded"),
        ("key:12", 4, "not a key id"),
        ("trace:12", 6, "not a trace id"),
        ("ref:abc", 4, "type:value"),
        ("tenant:\"a b\"", 7, "tenant label"),
        ("é:a kind:x", 10, "none of"),
    ];
    for (text, at, what) in faults {
        let fault = refused(text);
        assert_eq!((fault.at, fault.what.contains(what)), (at, true), "{text}: {fault}");
        assert!(parse(fault.example, NOW).is_ok() || fault.example.starts_with("key:"), "{}", fault.example);
    }
    assert_eq!(refused("é toool:b").marked("é toool:b"), "é toool:b\n  ^");
    assert_eq!(refused(&"a".repeat(3_000)).at, 2_048);
    assert_eq!(refused(&"a ".repeat(33)).at, 64);
}

#[test]
fn a_pattern_is_taken_where_a_whole_value_beside_it_answers_and_where_it_excludes() {
    let begins = |field, text: &str| What::Begins(field, text.into());
    assert_eq!(whats("agent:a resource:orders/*")[1], begins(Field::Resource, "orders/"));
    assert_eq!(whats("-action:read*"), [begins(Field::Action, "read")]);
    assert_eq!(whats("resource:\"logs/*\""), [What::resource(&Line::new("logs/*").unwrap())]);
}

#[test]
fn a_policy_is_named_by_id_by_engine_and_by_revision() {
    let (name, line) = (|text: &str| Name::new(text).unwrap(), |text: &str| Line::new(text).unwrap());
    assert_eq!(whats("policy:authz"), [What::Policy(None, line("authz"), None)]);
    assert_eq!(whats("policy:opa:authz"), [What::Policy(Some(name("opa")), line("authz"), None)]);
    let whole = What::Policy(Some(name("opa")), line("authz"), Some(line("7")));
    assert_eq!(whats("policy:opa:authz@7"), [whole]);
}

#[test]
fn moments_are_read_in_each_form_and_told_from_now() {
    let at = |text: &str| Moment::parse(text).map(|moment| moment.at(NOW).0);
    assert_eq!(at("2h"), Some(NOW.0 - 7_200_000));
    assert_eq!(at("1d12h30m5s10ms"), Some(NOW.0 - 131_405_010));
    assert_eq!(at("1700000000123"), Some(1_700_000_000_123));
    assert_eq!(at("2023-11-14"), Some(1_699_920_000_000));
    assert_eq!(at("2023-11-14T22:13Z"), Some(1_699_999_980_000));
    assert_eq!(at("2023-11-14 22:13:20.5"), Some(1_700_000_000_500));
    assert_eq!(at("2023-11-14T23:13:20+01:00"), Some(1_700_000_000_000));
    assert_eq!(at("2023-11-14T21:13:20-01:00"), Some(1_700_000_000_000));
    assert_eq!(at("2024-02-29"), Some(1_709_164_800_000));
    assert_eq!(at("2000-03-01"), Some(951_868_800_000));
    assert_eq!(at("1970-01-01"), Some(0));
    for bad in [
        "",
        "h",
        "2",
        "2x",
        "2023-02-29",
        "2023-13-01",
        "2023-11-14T24:00",
        "1969-12-31",
        "2023-1-1",
        "99999999999999999w",
    ] {
        assert!(bad == "2" || at(bad).is_none(), "{bad}");
    }
    let query = parse("since:3h since:2h until:1h", NOW).unwrap();
    assert_eq!(
        (query.since(), query.until()),
        (Some(Time(NOW.0 - 7_200_000)), Some(Time(NOW.0 - 3_600_000)))
    );
}

#[test]
fn what_has_terms_is_found_by_them() {
    let tenant = Tenant::default_label();
    let terms = |text: &str| whats(text)[0].terms(&tenant);
    assert_eq!(terms("decision:deny"), Some(vec![Term::Ruling(Ruling::Deny).id()]));
    assert_eq!(terms("outcome:failed"), Some(vec![Term::Kind(Kind::Action).id()]));
    assert_eq!(terms("since:2h"), None);
    assert_eq!(parse("task:t tenant:eu", NOW).unwrap().tenant().as_str(), "eu");
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_query_or_has_a_fault_within_it(text in ".{0,80}") {
        if let Err(fault) = parse(&text, NOW) {
            proptest::prop_assert!(fault.at <= text.len() && text.is_char_boundary(fault.at));
        }
    }
}

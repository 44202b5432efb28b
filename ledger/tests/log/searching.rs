//! Finding statements with qualifiers, over a real socket.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::client::{get, post, serve};
use crate::harness::{Lab, Person, statement};

const COSE: &str = "application/cose";

fn encoded(query: &str) -> String {
    query.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn page(address: SocketAddr, query: &str, more: &str) -> Value {
    get(address, &format!("/v1/statements?q={}{more}", encoded(query))).json()
}

fn indexes(page: &Value) -> Vec<u64> {
    page["results"].as_array().unwrap().iter().map(|result| result["index"].as_u64().unwrap()).collect()
}

/// Five decisions at 2 to 6 on orders/0 to orders/4.
fn lab() -> (Lab, Person, SocketAddr) {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    let address = serve(&lab);
    for number in 0..5 {
        post(address, COSE, &pdp.says(&lab.decision(number)));
    }
    (lab, pdp, address)
}

#[test]
fn each_qualifier_finds_what_its_parameter_finds_and_a_minus_leaves_it_out() {
    let (lab, pdp, address) = lab();
    let first = statement(&pdp.says(&lab.decision(0))).id().to_hex();
    let found = |query: &str| indexes(&page(address, query, ""));
    assert_eq!(found(""), [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(found("decision:permit action:payments:refund"), [2, 3, 4, 5, 6]);
    assert_eq!(found("decision:deny"), [0; 0]);
    assert_eq!(found("kind:decision resource:orders/3"), [5]);
    assert_eq!(found("kind:decision -resource:orders/3"), [2, 3, 4, 6]);
    assert_eq!(found("kind:decision resource:orders/*"), [2, 3, 4, 5, 6]);
    assert_eq!(found("kind:decision -resource:orders/*"), [0; 0]);
    assert_eq!(found("kind:decision -tenant:default"), [0; 0]);
    assert_eq!(found("kind:decision tenant:other"), [0; 0]);
    assert_eq!(found("principal:service:pdp kind:key"), [1]);
    assert_eq!(found(&format!("key:{}", pdp.kid())), [1, 2, 3, 4, 5, 6]);
    assert_eq!(found(&format!("key:{} -kind:key", pdp.kid())), [2, 3, 4, 5, 6]);
    assert_eq!(found("outcome:completed"), [0; 0]);
    assert_eq!(found(&first[..12]), [2], "the beginning of an id");
    assert_eq!(found(&format!("kind:decision -{}", &first[..12])), [3, 4, 5, 6]);
    assert_eq!(found("since:1800000000001 kind:decision"), [0; 0]);
    assert_eq!(found("until:1800000000000 kind:decision"), [2, 3, 4, 5, 6]);
}

#[test]
fn newest_first_is_oldest_first_turned_round_page_by_page_while_the_log_grows() {
    let (lab, pdp, address) = lab();
    for query in
        ["kind:decision", "", "action:payments:refund decision:permit", "kind:decision -resource:orders/1"]
    {
        let whole = page(address, query, "");
        let mut turned = indexes(&whole);
        turned.reverse();
        let (mut met, mut more) = (Vec::new(), String::from("&order=newest&limit=2"));
        loop {
            let page = page(address, query, &more);
            assert_eq!(page["as_of"], whole["as_of"], "{query}");
            met.extend(indexes(&page));
            post(address, COSE, &pdp.says(&lab.decision(100 + met.len() as u64)));
            let Some(next) = page["next"].as_str() else { break };
            more = format!("&order=newest&limit=2&cursor={next}");
            let other = get(address, &format!("/v1/statements?q={}&limit=2&cursor={next}", encoded(query)));
            assert_eq!(other.code(), "bad-query", "the order is part of the question");
        }
        assert_eq!(met, turned, "{query}");
    }
}

#[test]
fn a_span_means_the_same_moment_on_every_page_and_is_said_back() {
    let (_lab, _pdp, address) = lab();
    let query = "since:20000d kind:decision";
    let first = page(address, query, "&limit=2");
    assert!(first["since"].is_u64(), "{first}");
    let next = first["next"].as_str().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(5));
    let second = page(address, query, &format!("&limit=2&cursor={next}"));
    assert_eq!(second["since"], first["since"]);
    assert_eq!(indexes(&second), [4, 5]);
}

#[test]
fn a_bad_query_is_refused_with_the_byte_at_which_it_goes_wrong_and_an_example() {
    let (_lab, _pdp, address) = lab();
    for (query, position, words) in [
        ("agent:a toool:b", 8, "no qualifier"),
        ("resource:\"a", 9, "does not end"),
        ("resource:orders/*", 9, "no index answers"),
        ("kind:prophecy", 5, "none of"),
    ] {
        let reply = get(address, &format!("/v1/statements?q={}", encoded(query)));
        assert_eq!((reply.status, reply.code().as_str()), (400, "bad-query"));
        let problem = reply.json();
        assert_eq!(problem["position"], json!(position), "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(words) && detail.contains("for example"), "{detail}");
    }
    assert_eq!(get(address, "/v1/statements?order=random").code(), "bad-query");
}

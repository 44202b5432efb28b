//! Bad input: refused with its own code, nothing half-written, the server alive.

mod cases;

use cases::{Case, Cast, InBatch, every_case};
use schemas::ids::StatementId;

use crate::harness::{Answer, Place};

#[test]
fn what_is_wrong_is_refused_with_its_own_code_and_leaves_nothing_behind() {
    let place = Place::init();
    let server = place.serve();
    let cast = Cast::new(&place, &server);
    assert_eq!(
        server.http.append(&cast.signed(&cast.parts())).status,
        201,
        "what the cases are made of must be right"
    );
    let size = server.http.size();
    let cases = every_case(&cast);
    let mut wrong = Vec::new();
    for case in &cases {
        let answer = server.http.append(&case.bytes);
        if answer.status != case.status || answer.code() != case.code {
            wrong.push(format!("{}: {} {}", case.name, answer.status, answer.text()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let trailing = [cast.good("and more"), vec![0]].concat();
    assert_eq!(server.http.append(&trailing).code(), "cbor-trailing-bytes");
    assert_eq!(server.http.append(&[]).code(), "cbor-truncated");
    assert_eq!(server.http.size(), size, "nothing was written");

    assert_eq!(server.http.append(&cast.good("still alive")).status, 201);
    server.stop();
    let fsck = place.fsck();
    assert_eq!((fsck.code, fsck.json()["size"].as_u64()), (0, Some(size + 1)), "{fsck}");
}

#[test]
fn in_a_batch_the_good_are_appended_beside_the_refused() {
    let place = Place::init();
    let server = place.serve();
    let cast = Cast::new(&place, &server);
    let mut size = server.http.size();
    for (at, case) in every_case(&cast).into_iter().enumerate() {
        let batch =
            [cast.good(&format!("before {at}")), case.bytes.clone(), cast.good(&format!("behind {at}"))];
        let answer = server.http.append_many(&batch);
        match case.in_batch {
            InBatch::Alone => {
                let codes = refused(&case, &batch, &answer);
                assert_eq!(codes, [case.code], "{}: {}", case.name, answer.text());
                let results = answer.json()["results"].clone();
                let statuses = [0, 1, 2].map(|at| results[at]["status"].as_str().unwrap().to_owned());
                assert_eq!(statuses, ["appended", "refused", "appended"], "{}: {results}", case.name);
                size += 2;
            }
            InBatch::Whole(code) => {
                assert_eq!((answer.status, answer.code().as_str()), (400, code), "{}", case.name);
            }
            InBatch::Runs(codes) => {
                assert_eq!(refused(&case, &batch, &answer), codes, "{}: {}", case.name, answer.text());
                let results = answer.json()["results"].as_array().unwrap().clone();
                size += (results.len() - codes.len()) as u64;
            }
        }
        assert_eq!(server.http.size(), size, "{}", case.name);
    }
    server.stop();
    assert_eq!(place.fsck().code, 0);
}

/// The codes of what was refused of a batch; all else must be what was good in it.
fn refused(case: &Case, batch: &[Vec<u8>; 3], answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}: {}", case.name, answer.text());
    let good = [&batch[0], &batch[2]].map(|bytes| StatementId::of(bytes).to_hex());
    let mut codes = Vec::new();
    for result in answer.json()["results"].as_array().unwrap() {
        if result["status"] == "refused" {
            assert!(result["index"].is_null() && result["detail"].is_string(), "{}: {result}", case.name);
            codes.push(result["code"].as_str().unwrap().to_owned());
        } else {
            assert_eq!(result["status"], "appended", "{}: {result}", case.name);
            assert!(good.iter().any(|id| result["id"] == *id), "made up: {}: {result}", case.name);
        }
    }
    codes
}

#[test]
fn every_truncation_of_a_statement_is_refused() {
    let place = Place::init();
    let server = place.serve();
    let cast = Cast::new(&place, &server);
    let (good, size) = (cast.good("to be cut"), server.http.size());
    for end in 0..good.len() {
        let answer = server.http.append(&good[..end]);
        assert_eq!((answer.status, answer.code().as_str()), (400, "cbor-truncated"), "cut at {end}");
    }
    assert_eq!(server.http.size(), size);
    server.append(&good);
}

#[test]
fn every_flipped_bit_of_a_statement_is_refused() {
    let place = Place::init();
    let server = place.serve();
    let cast = Cast::new(&place, &server);
    let (good, size) = (cast.good("to be flipped"), server.http.size());
    let batch = |bit: usize| {
        let flip = |at: usize| {
            let mut flipped = good.clone();
            flipped[at] ^= 1 << bit;
            flipped
        };
        (0..good.len()).map(flip).collect::<Vec<_>>()
    };
    for bit in 0..8 {
        for flipped in batch(bit) {
            let answer = server.http.append(&flipped);
            assert!((400..=422).contains(&answer.status), "{}", answer.text());
            answer.code();
        }
    }
    assert_eq!(server.http.size(), size);
    server.append(&good);
}

#[test]
fn batches_have_bounds() {
    let place = Place::init();
    let server = place.serve();
    let cast = Cast::new(&place, &server);
    let size = server.http.size();
    let post = |body: &[u8]| {
        server
            .http
            .request("POST", "/v1/statements", &[("content-type", "application/cbor-seq")], body)
            .unwrap()
    };
    assert_eq!(post(&[]).code(), "batch-empty");
    let one = cast.good("many times");
    let most = vec![one.clone(); 4_096];
    assert_eq!(post(&most.concat()).status, 200);
    let more = post(&vec![one.clone(); 4_097].concat());
    assert_eq!((more.status, more.code().as_str()), (413, "batch-too-many"));
    let large = post(&vec![0x18; 4 * 1024 * 1024 + 1]);
    assert_eq!((large.status, large.code().as_str()), (413, "batch-too-large"));
    assert_eq!(server.http.size(), size + 1);
}

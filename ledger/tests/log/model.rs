//! Random batches, repeats and restarts against a list: the log is never anything else.

use ledger::outcome::Outcome;
use proptest::prelude::*;

use crate::harness::Lab;

#[derive(Clone, Debug)]
enum Step {
    /// Statements by number; the same number is the same bytes.
    Post(Vec<u64>),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        9 => prop::collection::vec(0_u64..120, 1..60).prop_map(Step::Post),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_log_is_the_list_of_what_was_first_said(steps in prop::collection::vec(step(), 1..12)) {
        let mut lab = Lab::new();
        let pdp = lab.register(1, "service:pdp", "pdp");
        let mut model: Vec<u64> = Vec::new();
        for step in steps {
            match step {
                Step::Restart => lab.restart(),
                Step::Post(numbers) => {
                    let statements = numbers.iter().map(|number| pdp.says(&lab.decision(*number))).collect();
                    for (outcome, number) in lab.submit(statements).iter().zip(numbers) {
                        let known = model.iter().position(|other| *other == number);
                        let place = known.unwrap_or(model.len()) as u64 + 2;
                        match outcome {
                            Outcome::Appended { index, .. } if known.is_none() => {
                                prop_assert_eq!(index.0, place);
                                model.push(number);
                            }
                            Outcome::Duplicate { index, .. } if known.is_some() => prop_assert_eq!(index.0, place),
                            other => prop_assert!(false, "number {}: {:?}", number, other),
                        }
                    }
                }
            }
            lab.check();
        }
    }
}

#[test]
fn more_than_a_tile_of_entries_holds_together() {
    let mut lab = Lab::new();
    let pdp = lab.register(1, "service:pdp", "pdp");
    for batch in 0..3 {
        let statements = (0..257).map(|n| pdp.says(&lab.decision(batch * 1_000 + n))).collect();
        lab.submit(statements);
    }
    assert_eq!(lab.size(), 2 + 3 * 257);
    lab.check();
    lab.restart();
    lab.check();
}

use proptest::prelude::*;

use super::*;
use crate::testing::endpoint;

/// When the tests ask; marks made then last for ten seconds more.
const NOW: u64 = 1_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Primary,
    Failed,
    Backup,
    FailedBackup,
}

use Kind::{Backup, Failed, FailedBackup, Primary};

fn group(kinds: &[Kind]) -> Vec<Arc<Endpoint>> {
    let one = |kind: &Kind| {
        let endpoint = Endpoint { backup: matches!(kind, Backup | FailedBackup), ..endpoint(1) };
        if matches!(kind, Failed | FailedBackup) {
            assert!((0..3).any(|_| endpoint.health.failed(NOW)), "three failures mark it");
        }
        Arc::new(endpoint)
    };
    kinds.iter().map(one).collect()
}

fn ask(kinds: &[Kind], tried: &[u32]) -> (Usable, Vec<u32>) {
    let mut into = Indexes::from_slice(&[7, 7]);
    let answer = usable(&group(kinds), tried, NOW, &mut into);
    (answer, into.to_vec())
}

#[test]
fn primaries_that_neither_failed_nor_were_tried_come_first() {
    assert_eq!(ask(&[Primary, Failed, Backup, Primary], &[]), (Usable::Primaries, vec![0, 3]));
    assert_eq!(ask(&[Primary, Failed, Backup, Primary], &[0]), (Usable::Primaries, vec![3]));
}

#[test]
fn one_healthy_endpoint_of_many_is_no_reason_to_panic() {
    assert_eq!(ask(&[Failed, Failed, Failed, Failed, Primary], &[]), (Usable::Primaries, vec![4]));
}

#[test]
fn backups_come_when_no_primary_is_left() {
    assert_eq!(ask(&[Primary, Failed, Backup, FailedBackup, Backup], &[0]), (Usable::Backups, vec![2, 4]));
    assert_eq!(ask(&[Failed, Backup], &[]), (Usable::Backups, vec![1]));
}

#[test]
fn when_all_failed_the_primaries_are_asked_all_the_same() {
    assert_eq!(ask(&[Failed, Failed, FailedBackup], &[]), (Usable::Panic, vec![0, 1]));
    assert_eq!(ask(&[Failed, Failed, FailedBackup], &[0]), (Usable::Panic, vec![1]));
    assert_eq!(
        ask(&[Failed, Failed, Backup], &[2]),
        (Usable::Panic, vec![0, 1]),
        "the backup failed to answer"
    );
    assert_eq!(ask(&[Failed, FailedBackup], &[0]), (Usable::Panic, vec![1]), "the very last resort");
}

#[test]
fn an_endpoint_alone_is_never_failed() {
    assert_eq!(ask(&[Failed], &[]), (Usable::Primaries, vec![0]));
    assert_eq!(ask(&[FailedBackup], &[]), (Usable::Backups, vec![0]));
    assert_eq!(ask(&[Failed], &[0]), (Usable::Nothing, vec![]));
}

#[test]
fn nothing_is_left_when_all_were_tried() {
    assert_eq!(ask(&[Primary, Failed, Backup], &[2, 0, 1]), (Usable::Nothing, vec![]));
    assert_eq!(ask(&[], &[]), (Usable::Nothing, vec![]));
    assert_eq!(ask(&[Primary], &[9, 0, 0]), (Usable::Nothing, vec![]), "indexes of no endpoint don't matter");
}

#[test]
fn a_mark_wears_off() {
    let endpoints = group(&[Failed, Primary]);
    let mut into = Indexes::new();
    assert_eq!(usable(&endpoints, &[1], NOW + 10_000, &mut into), Usable::Primaries);
    assert_eq!(into.as_slice(), [0]);
}

proptest! {
    #[test]
    fn candidates_are_ascending_untried_and_missing_only_when_all_were_tried(
        kinds in prop::collection::vec(prop::sample::select(vec![Primary, Failed, Backup, FailedBackup]), 0..50),
        tried in prop::collection::vec(0u32..50, 0..60),
    ) {
        let (answer, found) = ask(&kinds, &tried);
        prop_assert!(found.is_sorted_by(|a, b| a < b));
        prop_assert!(found.iter().all(|index| !tried.contains(index) && (*index as usize) < kinds.len()));
        let all_tried = (0u32..).zip(&kinds).all(|(index, _)| tried.contains(&index));
        prop_assert_eq!(answer == Usable::Nothing, all_tried);
        prop_assert_eq!(found.is_empty(), all_tried);
    }
}

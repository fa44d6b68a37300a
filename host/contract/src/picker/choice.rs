//! What a picker may answer: endpoints that may be chosen.

use model::Choice;
use sandbox::Failure;

use crate::bindings::picker;

/// How many endpoints a ranking may have: more than an exchange is ever sent to.
const RANKING_LIMIT: usize = 16;

/// The choice, if it is among those that may be chosen. `usable` is ascending.
pub(super) fn check(choice: picker::Choice, usable: &[u32]) -> Result<Choice, Failure> {
    match choice {
        picker::Choice::Fallback => Ok(Choice::Fallback),
        picker::Choice::Endpoint(at) => usable_one(at, usable).map(Choice::Endpoint),
        picker::Choice::Ranking(ranking) => checked(ranking, usable).map(Choice::Ranking),
    }
}

fn usable_one(at: u32, usable: &[u32]) -> Result<u32, Failure> {
    match usable.binary_search(&at) {
        Ok(_) => Ok(at),
        Err(_) => {
            Err(Failure::invalid(format!("picked the endpoint {at}, which is not among the usable ones")))
        }
    }
}

/// A ranking, the best last.
fn checked(mut ranking: Vec<u32>, usable: &[u32]) -> Result<Vec<u32>, Failure> {
    let count = ranking.len();
    if !(1..=RANKING_LIMIT).contains(&count) {
        return Err(Failure::invalid(format!("ranked {count} endpoints, not 1 to {RANKING_LIMIT}")));
    }
    ranking.reverse();
    let mut seen: Vec<u32> = Vec::with_capacity(count);
    for at in &ranking {
        usable_one(*at, usable)?;
        if seen.contains(at) {
            return Err(Failure::invalid(format!("ranked the endpoint {at} twice")));
        }
        seen.push(*at);
    }
    Ok(ranking)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(ranking: &[u32]) -> Result<Choice, String> {
        check(picker::Choice::Ranking(ranking.to_vec()), &[1, 3, 5]).map_err(|failure| failure.detail)
    }

    #[test]
    fn a_choice_is_one_of_the_usable_endpoints() {
        assert_eq!(check(picker::Choice::Endpoint(3), &[1, 3]).unwrap(), Choice::Endpoint(3));
        assert!(check(picker::Choice::Endpoint(2), &[1, 3]).is_err());
        assert_eq!(check(picker::Choice::Fallback, &[1, 3]).unwrap(), Choice::Fallback);
    }

    #[test]
    fn a_ranking_is_turned_so_that_the_best_is_last() {
        assert_eq!(ranked(&[5, 1]), Ok(Choice::Ranking(vec![1, 5])));
    }

    #[test]
    fn a_ranking_has_each_endpoint_once_and_none_that_is_not_usable() {
        assert!(ranked(&[]).unwrap_err().starts_with("ranked 0 endpoints"));
        assert!(ranked(&[1; 17]).unwrap_err().starts_with("ranked 17 endpoints"));
        assert!(ranked(&[1, 2]).unwrap_err().contains("endpoint 2"));
        assert!(ranked(&[1, 1]).unwrap_err().contains("endpoint 1 twice"));
    }
}

//! Callouts: the test answers them.

use crate::callout::{Answer, CalloutError, Question};
use crate::testing::state::with;

pub(crate) fn call(question: &Question) -> Result<Answer, CalloutError> {
    // Taken out while it is asked: it may use the host itself.
    let Some(mut answer) = with(|state| state.callouts.take()) else {
        return Err(CalloutError::NotGranted);
    };
    let answered = answer(question);
    with(|state| {
        state.callouts.get_or_insert(answer);
    });
    answered
}

//! Duty: what the operator says of an endpoint, in the file or at run time.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

/// What an endpoint is to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Whatever comes.
    #[default]
    Up,
    /// No new exchanges but those that belong to it, by a sticky cookie.
    Drain,
    /// None.
    Maintenance,
}

impl State {
    /// All there are.
    pub const ALL: [State; 3] = [State::Up, State::Drain, State::Maintenance];

    /// Its name in the configuration, in metrics and on the admin address.
    pub fn name(self) -> &'static str {
        match self {
            State::Up => "up",
            State::Drain => "drain",
            State::Maintenance => "maintenance",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// The state of an endpoint: what the file says, until something else is told at run time.
#[derive(Debug, Default)]
pub struct Duty {
    written: State,
    /// 0 when nothing was told, else the place in [`State::ALL`] and one.
    told: AtomicU8,
}

impl Duty {
    /// As the file says.
    pub fn new(written: State) -> Self {
        Duty { written, told: AtomicU8::new(0) }
    }

    /// What holds now.
    pub fn state(&self) -> State {
        self.told().unwrap_or(self.written)
    }

    /// What was told at run time, if anything was.
    pub fn told(&self) -> Option<State> {
        let place = self.told.load(Relaxed).checked_sub(1)?;
        State::ALL.get(usize::from(place)).copied()
    }

    /// Says otherwise than the file, from now on.
    pub fn tell(&self, state: State) {
        let told = (1u8..).zip(State::ALL).find(|(_, each)| *each == state);
        self.told.store(told.map_or(0, |(code, _)| code), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_holds_against_the_file() {
        let duty = Duty::new(State::Drain);
        assert_eq!((duty.state(), duty.told()), (State::Drain, None));
        for state in State::ALL {
            duty.tell(state);
            assert_eq!((duty.state(), duty.told()), (state, Some(state)));
            assert_eq!(State::named(state.name()), Some(state));
        }
        assert_eq!(State::named("down"), None);
    }
}

//! The names and the numbers of the contract.

/// The export that is given a request, and that makes a module one of this contract.
pub const HANDLE_REQUEST: &str = "handle_request";
/// The export that is given the response.
pub(super) const HANDLE_RESPONSE: &str = "handle_response";
/// The import that may have to wait, as it is listed.
pub const READ_BODY: &str = "http_handler.read_body";

/// What a module may ask the host to do for it: a set of bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Features(u32);

impl Features {
    /// The next handler sees a request's body that the module has read.
    pub(super) const BUFFER_REQUEST: Features = Features(1);
    /// The response waits for the module, which may change all of it.
    pub(super) const BUFFER_RESPONSE: Features = Features(2);
    /// What ends a body is seen and changed.
    pub(super) const TRAILERS: Features = Features(4);

    /// All that can be enabled while an instance starts.
    pub(super) const OF_START: Features = Features(7);
    /// All that can be enabled for the request at hand. An instance that may have to wait for trailers is linked otherwise, which has to
    /// be known before.
    pub(super) const OF_REQUEST: Features = Features(3);

    /// These, and those of the module's wishes that can be met.
    pub(super) fn with(self, wishes: u32, can_be_met: Features) -> Features {
        Features(self.0 | (wishes & can_be_met.0))
    }

    /// Whether those are among them.
    pub(super) fn has(self, other: Features) -> bool {
        self.0 & other.0 == other.0
    }

    /// As the module is told.
    pub(super) fn bits(self) -> u32 {
        self.0
    }
}

/// A map of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderKind {
    Request,
    Response,
    /// What stands behind a body.
    Trailers(BodyKind),
}

impl HeaderKind {
    pub(super) fn of(number: u32) -> wasmtime::Result<HeaderKind> {
        match number {
            0 => Ok(HeaderKind::Request),
            1 => Ok(HeaderKind::Response),
            2 => Ok(HeaderKind::Trailers(BodyKind::Request)),
            3 => Ok(HeaderKind::Trailers(BodyKind::Response)),
            _ => wasmtime::bail!("{number} is no kind of headers: 0 to 3 are"),
        }
    }
}

/// A body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    Request,
    Response,
}

impl BodyKind {
    pub(super) fn of(number: u32) -> wasmtime::Result<BodyKind> {
        match number {
            0 => Ok(BodyKind::Request),
            1 => Ok(BodyKind::Response),
            _ => wasmtime::bail!("{number} is no kind of body: 0 and 1 are"),
        }
    }
}

/// Two numbers in the form in which functions return them.
pub(super) fn pair(high: u32, low: u32) -> u64 {
    (u64::from(high) << 32) | u64::from(low)
}

/// The two numbers.
pub(super) fn unpair(pair: u64) -> (u32, u32) {
    let low = u32::try_from(pair & u64::from(u32::MAX)).unwrap_or_default();
    (u32::try_from(pair >> 32).unwrap_or_default(), low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_met_is_enabled_and_it_adds_up() {
        let features = Features::default().with(4, Features::OF_REQUEST);
        assert_eq!(features.bits(), 0, "it is too late for trailers");
        let features = features.with(u32::MAX - 2, Features::OF_REQUEST);
        assert_eq!((features.bits(), features.has(Features::BUFFER_RESPONSE)), (1, false));
        assert_eq!(features.with(2, Features::OF_REQUEST).bits(), 3);
        let features = Features::default().with(u32::MAX, Features::OF_START);
        assert_eq!(features.with(1, Features::OF_REQUEST).bits(), 7, "what was enabled stays so");
    }

    #[test]
    fn numbers_come_back_as_they_were() {
        for (high, low) in [(0, 0), (0, 1), (u32::MAX, 0), (42, u32::MAX)] {
            assert_eq!(unpair(pair(high, low)), (high, low));
        }
    }
}

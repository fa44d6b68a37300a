//! What is said of versions of contracts.

/// What this host makes of a version of a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It speaks it.
    Here,
    /// It speaks an earlier one of its line: what came with this one is missing, all else is there.
    Earlier,
    /// It speaks nothing of the kind.
    Elsewhere,
}

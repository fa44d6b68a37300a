//! The numbers of the contract: its versions, and what they call statuses, maps and buffers.

/// The root context of a VM. Contexts of exchanges come after it.
pub(super) const ROOT: u32 = 1;

/// A version of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Abi {
    /// 0.1.0
    V0_1_0,
    /// 0.2.0
    V0_2_0,
    /// 0.2.1
    V0_2_1,
}

impl Abi {
    const ALL: [(Abi, &'static str, &'static str); 3] = [
        (Abi::V0_2_1, "proxy_abi_version_0_2_1", "proxy-wasm 0.2.1"),
        (Abi::V0_2_0, "proxy_abi_version_0_2_0", "proxy-wasm 0.2.0"),
        (Abi::V0_1_0, "proxy_abi_version_0_1_0", "proxy-wasm 0.1.0"),
    ];

    /// The newest that exports of these names tell of.
    pub fn of(exports: &[String]) -> Option<Abi> {
        let has = |marker: &str| exports.iter().any(|export| export == marker);
        Abi::ALL.into_iter().find(|(_, marker, _)| has(marker)).map(|(abi, ..)| abi)
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        Abi::ALL.iter().find(|(abi, ..)| *abi == self).map_or("", |(_, _, name)| name)
    }
}

/// What a host function answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Status {
    Ok = 0,
    NotFound = 1,
    BadArgument = 2,
    ParseFailure = 4,
    InvalidMemoryAccess = 6,
    Empty = 7,
    CasMismatch = 8,
    InternalFailure = 10,
    Unimplemented = 12,
}

/// A map of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Map {
    RequestHead,
    RequestTrailers,
    ResponseHead,
    ResponseTrailers,
    AnswerHead,
    AnswerTrailers,
    GrpcHead,
    GrpcTrailers,
}

impl Map {
    /// The map of that number.
    pub(super) fn of(number: u32) -> Result<Map, Status> {
        match number {
            0 => Ok(Map::RequestHead),
            1 => Ok(Map::RequestTrailers),
            2 => Ok(Map::ResponseHead),
            3 => Ok(Map::ResponseTrailers),
            4 => Ok(Map::GrpcHead),
            5 => Ok(Map::GrpcTrailers),
            6 => Ok(Map::AnswerHead),
            7 => Ok(Map::AnswerTrailers),
            _ => Err(Status::BadArgument),
        }
    }
}

/// A run of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Buffer {
    RequestBody,
    ResponseBody,
    AnswerBody,
    VmConfiguration,
    PluginConfiguration,
    GrpcMessage,
    /// What TCP has, and calls of foreign functions: there are none.
    Nothing,
}

impl Buffer {
    /// The buffer of that number.
    pub(super) fn of(number: u32) -> Result<Buffer, Status> {
        match number {
            0 => Ok(Buffer::RequestBody),
            1 => Ok(Buffer::ResponseBody),
            4 => Ok(Buffer::AnswerBody),
            5 => Ok(Buffer::GrpcMessage),
            6 => Ok(Buffer::VmConfiguration),
            7 => Ok(Buffer::PluginConfiguration),
            2 | 3 | 8 => Ok(Buffer::Nothing),
            _ => Err(Status::BadArgument),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_is_told_of_counts() {
        let exports = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            Abi::of(&exports(&["memory", "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1"])),
            Some(Abi::V0_2_1)
        );
        assert_eq!(Abi::of(&exports(&["proxy_abi_version_0_1_0"])).map(Abi::name), Some("proxy-wasm 0.1.0"));
        assert_eq!(Abi::of(&exports(&["proxy_abi_version_0_3_0"])), None);
    }
}

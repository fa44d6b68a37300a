//! Which client sent a request.

use sandgate_sdk::Request;

/// What tells the client from others: the value of the header of that name, or else of the cookie.
pub(crate) fn identifier(request: &Request, name: &str) -> Option<String> {
    request.header(name).or_else(|| cookie(&request.header("cookie")?, name))
}

/// A number from 0 to 99, always the same for the same client and evenly spread over all.
pub(crate) fn bucket(client: &str) -> u8 {
    u8::try_from(hash(client) % 100).unwrap_or(0)
}

/// The value of a cookie (RFC 6265 section 4.2.1).
fn cookie(header: &str, name: &str) -> Option<String> {
    let mut pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(n, _)| *n == name).map(|(_, value)| value.to_owned())
}

/// FNV-1a, with its bits mixed at the end so that the low ones depend on all.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_comes_before_a_cookie() {
        let request = Request::get("/").with_header("cookie", "a=b; id=c").with_header("id", "h");
        assert_eq!(identifier(&request, "id").as_deref(), Some("h"));
        let request = Request::get("/").with_header("cookie", "a=b; id=c");
        assert_eq!(identifier(&request, "id").as_deref(), Some("c"));
        assert_eq!(identifier(&request, "i"), None);
    }

    #[test]
    fn clients_spread_evenly_over_a_hundred_buckets() {
        let mut counts = [0_u32; 100];
        for client in 0..100_000 {
            counts[usize::from(bucket(&format!("client-{client}")))] += 1;
        }
        assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}

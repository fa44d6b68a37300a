//! What a trusted proxy tells of the client.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use config::ForwardedForm;
use http::{HeaderMap, HeaderValue, Version};
use model::Scheme;
use inbound::Peer;
use relay::forwarded::{Sender, write};
use relay::marks::Marks;

/// The proxy before us, which is trusted.
pub const PROXY: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// Writes what upstreams are told, and says who the client is after all.
pub fn client(fields: &mut HeaderMap, form: ForwardedForm, trusted: &[config::Cidr]) -> IpAddr {
    let address = SocketAddr::from((PROXY, 4711));
    let ip = HeaderValue::from_static("10.0.0.1");
    let peer = Peer { address, ip, local: address, is_known: true, tls: None };
    let (version, scheme) = (Version::HTTP_11, Scheme::Http);
    let sender = Sender { peer: &peer, trusted: &trusted.to_vec(), version, scheme, form };
    let marks = Marks::of(fields);
    let told = write(fields, &sender, marks);
    told.client.unwrap_or(address).ip()
}

//! Checks of the PROXY protocol: somebody has to be allowed to speak it, and HTTP/2 leaves no place for it.

use config::{Cidr, Endpoint, EndpointScheme, Protocol, ProxyVersion};
use document::{Either, Field, Spanned};

use super::Check;
use super::server::given;

impl Check<'_> {
    /// Where connections that begin with a header may come from, if they are to begin with one.
    pub(super) fn announcers(
        &mut self,
        protocol: Field<raw::ProxyProtocol>,
        trusted: &[Cidr],
    ) -> Option<Vec<Cidr>> {
        let Field::Given(Spanned { value, span }) = protocol else { return None };
        let from = match value {
            Either::Scalar(false) => return None,
            Either::Scalar(true) => Field::Absent,
            Either::Map(form) => form.from,
        };
        match from {
            Field::Broken => None,
            Field::Given(networks) => {
                if networks.value.is_empty() {
                    self.complain(networks.span, "no networks: nobody could connect", None);
                }
                Some(given(networks.value).map(|network| network.value).collect())
            }
            Field::Absent => {
                if trusted.is_empty() {
                    let help =
                        "list who may: `proxy_protocol: { from: [10.0.0.0/8] }`, or in `trusted_proxies`";
                    let message = "`proxy_protocol` without `server.trusted_proxies`: nobody could connect";
                    self.complain(span, message, Some(help.to_owned()));
                }
                Some(trusted.to_vec())
            }
        }
    }

    /// In which version endpoints are told of the client.
    pub(super) fn announced(
        &mut self,
        version: Field<raw::ProxyVersion>,
        protocol: Protocol,
        endpoints: &[Endpoint],
    ) -> Option<ProxyVersion> {
        let Field::Given(Spanned { value, span }) = version else { return None };
        let may_be_http2 = endpoints.iter().any(|endpoint| match endpoint.scheme {
            EndpointScheme::H2c => true,
            EndpointScheme::Https => protocol != Protocol::Http1,
            EndpointScheme::Http => protocol == Protocol::Http2,
        });
        if may_be_http2 {
            let help =
                "a header names one client, and a connection of HTTP/2 carries requests of many".to_owned();
            self.complain(span, "`proxy_protocol` is for endpoints that are spoken to in HTTP/1", Some(help));
        }
        Some(match value {
            raw::ProxyVersion::V1 => ProxyVersion::V1,
            raw::ProxyVersion::V2 => ProxyVersion::V2,
        })
    }
}

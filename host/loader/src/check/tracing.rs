//! Checks of the names that requests and traces have across machines.

use config::{Portion, RequestId, TraceStart, Trust};
use document::{Field, Spanned, quoted};
use http::HeaderName;

use super::Check;

/// The usual field.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl Check<'_> {
    pub(super) fn request_id(&mut self, request_id: Field<raw::RequestId>) -> Option<RequestId> {
        let Field::Given(Spanned { value: raw::RequestId { header, trust }, .. }) = request_id else {
            return None;
        };
        let header = match header {
            Field::Given(name) => self.request_id_field(&name),
            Field::Absent | Field::Broken => Some(REQUEST_ID),
        };
        Some(RequestId { header: header?, trust: trust.into_value().map(Trust::from).unwrap_or_default() })
    }

    fn request_id_field(&mut self, name: &Spanned<String>) -> Option<HeaderName> {
        let checked = model::check_name(&name.value);
        if let Err(error) = checked {
            self.complain(name.span, format!("{}: {error}", quoted(&name.value)), None);
        }
        checked.ok()
    }

    pub(super) fn tracing(&mut self, tracing: Field<raw::Tracing>) -> Option<TraceStart> {
        let raw::Tracing { start, sample } = tracing.or_default();
        let sample_span = sample.span();
        let percent = u32::from(sample.into_value().unwrap_or(Portion::ALL).in_percent());
        if start.into_value() == Some(true) {
            return Some(TraceStart { percent });
        }
        if let Some(span) = sample_span {
            self.complain(span, "`sample` is of traces that begin here, and `start` is not `true`", None);
        }
        None
    }
}

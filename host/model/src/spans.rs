//! Spans: how long the parts of an exchange took, from the instants that were noted on its way.

use std::time::{Duration, Instant};

use crate::Exchange;

/// How long the parts of an exchange took, as far as there were any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spans {
    /// From the request's head to the end of the answer.
    pub total: Duration,
    /// From the request's head to the sending to the endpoint tried last: filters, plugins, and trials that failed.
    pub queue: Option<Duration>,
    /// From there to an open connection; none where one was used again.
    pub connect: Option<Duration>,
    /// From the sending to the head of the endpoint's answer.
    pub first_byte: Option<Duration>,
    /// From the sending to the end of the answer, if the endpoint gave one.
    pub upstream: Option<Duration>,
}

impl Exchange {
    /// How long its parts took, as of its end; before that, as of the last that is known. No clock is read.
    pub fn spans(&self) -> Spans {
        let end = self.timing.ended.or(self.timing.answered).unwrap_or(self.began);
        let since = |from: Option<Instant>, to: Option<Instant>| Some(to?.saturating_duration_since(from?));
        let timing = &self.timing;
        Spans {
            total: end.saturating_duration_since(self.began),
            queue: since(Some(self.began), timing.sent),
            connect: since(timing.sent, timing.connected),
            first_byte: since(timing.sent, timing.answered),
            upstream: since(timing.sent, timing.answered.map(|_| end)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ExchangeId, RequestHead, WorkerId};

    #[test]
    fn spans_lie_between_the_instants_there_are() {
        let began = Instant::now();
        let at = |ms| Some(began + Duration::from_millis(ms));
        let took = |ms| Some(Duration::from_millis(ms));
        let client = "192.0.2.1:1".parse().unwrap();
        let mut exchange = Exchange::new(ExchangeId(1), WorkerId(0), client, began, RequestHead::default());
        exchange.timing.ended = at(100);
        let unsent = exchange.spans();
        assert_eq!((unsent.total, unsent.queue, unsent.upstream), (Duration::from_millis(100), None, None));
        exchange.timing.sent = at(10);
        exchange.timing.connected = at(15);
        exchange.timing.answered = at(40);
        let spans = exchange.spans();
        assert_eq!((spans.queue, spans.connect), (took(10), took(5)));
        assert_eq!((spans.first_byte, spans.upstream), (took(30), took(90)));
    }
}

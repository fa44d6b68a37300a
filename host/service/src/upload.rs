//! The body of a request that a guest of `wasi:http` sends, as the guest writes it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Method;
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use model::{FaultKind, Part, Parts, PluginFault};
use wasmtime_wasi_http::{Error, WasiBody};

use super::codes::fault_of_others;
use super::direct::told;
use super::run::End;

/// What it does wrong: its body breaks off, or is not as long as it said.
const BROKEN: FaultKind = FaultKind::Plugin(PluginFault::Invalid);

/// A body on its way.
struct Upload {
    /// What was read of it before it was sent.
    first: Option<Frame<Bytes>>,
    body: WasiBody,
    /// What is left of it, if its length was told.
    left: Option<u64>,
    /// Whether it is one that the guest was given, and has passed on: that goes on without it.
    is_passed: bool,
    end: Arc<End>,
}

/// The body of a request, if it has one. Many guests open one for each request: where a method has none as a rule, and no length was told, what is written first says whether it is one.
pub(super) async fn begin(
    mut body: WasiBody,
    method: &Method,
    length: Option<u64>,
    end: Arc<End>,
) -> Result<Option<Box<dyn Parts>>, Error> {
    if body.is_end_stream() || length == Some(0) {
        return Ok(None);
    }
    let mut first = None;
    if length.is_none() && has_none_as_a_rule(method) {
        first = loop {
            match body.frame().await.transpose()? {
                None => return Ok(None),
                Some(frame) if frame.data_ref().is_some_and(Bytes::is_empty) => {}
                some => break some,
            }
        };
    }
    Ok(Some(Box::new(Upload { first, body, left: length, is_passed: false, end })))
}

/// Whether content of requests with a method has no meaning (RFC 9110 sections 9.3.1, 9.3.2, 9.3.5, 9.3.7 and 9.3.8).
fn has_none_as_a_rule(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS | Method::TRACE)
}

impl Upload {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        let (polled, is_of_others) = told(|| Pin::new(&mut self.body).poll_frame(cx));
        self.is_passed |= is_of_others;
        polled
    }

    fn part(&mut self, frame: Frame<Bytes>) -> Result<Part, FaultKind> {
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(_) if self.is_short() => return Err(BROKEN),
            Err(frame) => return frame.into_trailers().map(Part::Trailers).map_err(|_| FaultKind::Internal),
        };
        if let Some(left) = &mut self.left {
            let length = u64::try_from(data.len()).unwrap_or(u64::MAX);
            *left = left.checked_sub(length).ok_or(BROKEN)?;
        }
        Ok(Part::Data(data))
    }

    /// Whether it has ended early. What a guest writes that is no more ends like what is whole.
    fn is_broken(&self) -> bool {
        self.is_short() || (self.end.is_gone() && !self.is_passed)
    }

    fn is_short(&self) -> bool {
        self.left.is_some_and(|left| left > 0)
    }
}

impl Parts for Upload {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part, FaultKind>>> {
        self.poll_frame(cx).map(|frame| match frame {
            Some(Ok(frame)) => Some(self.part(frame)),
            Some(Err(error)) => Some(Err(fault_of_others(&error).unwrap_or(BROKEN))),
            None => self.is_broken().then_some(Err(BROKEN)),
        })
    }

    fn length(&self) -> Option<u64> {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use http_body_util::{Empty, Full};

    use super::*;

    fn of(text: &'static str) -> WasiBody {
        Full::new(Bytes::from(text)).map_err(Error::from).boxed_unsync()
    }

    fn parts(mut body: Box<dyn Parts>) -> Vec<Result<String, FaultKind>> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut parts = Vec::new();
        while let Poll::Ready(Some(part)) = body.poll_part(&mut cx) {
            let is_end = part.is_err();
            parts.push(part.map(|part| match part {
                Part::Data(data) => String::from_utf8(data.to_vec()).unwrap(),
                Part::Trailers(_) => "trailers".to_owned(),
            }));
            if is_end {
                break;
            }
        }
        parts
    }

    async fn begun(body: WasiBody, method: Method, length: Option<u64>) -> Option<Box<dyn Parts>> {
        begin(body, &method, length, Arc::default()).await.unwrap()
    }

    #[tokio::test]
    async fn a_body_that_is_opened_and_not_written_is_none_where_none_is_usual() {
        assert!(begun(Opened.boxed_unsync(), Method::GET, None).await.is_none());
        assert!(begun(Opened.boxed_unsync(), Method::POST, None).await.is_some());
        assert!(begun(Empty::new().map_err(Error::from).boxed_unsync(), Method::POST, None).await.is_none());
        assert!(begun(of("unwanted"), Method::POST, Some(0)).await.is_none());
        let written = begun(of("written"), Method::GET, None).await.unwrap();
        assert_eq!(parts(written), [Ok("written".to_owned())]);
    }

    #[tokio::test]
    async fn a_body_is_as_long_as_it_said_or_broken() {
        let sent = async |length| parts(begun(of("four"), Method::POST, Some(length)).await.unwrap());
        assert_eq!(sent(4).await, [Ok("four".to_owned())]);
        assert_eq!(sent(5).await, [Ok("four".to_owned()), Err(BROKEN)]);
        assert_eq!(sent(3).await, [Err(BROKEN)]);
    }

    /// A body that says nothing of its end before it is polled, as guests' bodies do.
    struct Opened;

    impl Body for Opened {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            Poll::Ready(None)
        }
    }
}

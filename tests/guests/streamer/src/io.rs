//! Answers, and bodies read and written.

use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::wit_bindgen::rt::async_support::{FutureReader, StreamReader, StreamResult, StreamWriter};
use wasip3::{wit_bindgen, wit_future, wit_stream};

/// How much is read at a time.
const CHUNK: usize = 64 << 10;

/// The trailers of a body, when it was read.
pub(crate) type Trailers = FutureReader<Result<Option<Fields>, ErrorCode>>;

/// Goes on beside the answer, and after it.
pub(crate) fn later(future: impl Future<Output = ()> + 'static) {
    wit_bindgen::spawn(future);
}

/// Fields of these names.
pub(crate) fn fields(pairs: &[(&str, &str)]) -> Fields {
    let pairs: Vec<_> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    Fields::from_list(&pairs).unwrap_or_else(|_| Fields::new())
}

/// No trailers.
pub(crate) fn none() -> Trailers {
    wit_future::new(|| Ok(None)).1
}

/// An answer with this body.
pub(crate) fn answer(
    status: u16,
    fields: Fields,
    body: Option<StreamReader<u8>>,
    trailers: Trailers,
) -> Response {
    let response = Response::new(fields, body, trailers).0;
    _ = response.set_status_code(status);
    response
}

pub(crate) fn say(status: u16, text: &str) -> Response {
    answer(status, fields(&[("x-by", "streamer")]), Some(written(text.into(), async {})), none())
}

/// Tells a length, and ends the body as if that were right.
pub(crate) fn say_of_length(length: &str, text: &str) -> Response {
    answer(200, fields(&[("content-length", length)]), Some(written(text.into(), async {})), none())
}

/// Says something, and does something before the body ends.
pub(crate) fn say_and(text: &str, then: impl Future<Output = ()> + 'static) -> Response {
    answer(200, fields(&[]), Some(written(text.into(), then)), none())
}

/// A body, which ends when this has.
pub(crate) fn written(text: String, then: impl Future<Output = ()> + 'static) -> StreamReader<u8> {
    let (mut out, body) = wit_stream::new();
    later(async move {
        out.write_all(text.into_bytes()).await;
        then.await;
    });
    body
}

/// What is in a request's body, and its trailers.
pub(crate) fn body_of(request: Request) -> (StreamReader<u8>, Trailers) {
    Request::consume_body(request, wit_future::new(|| Ok(())).1)
}

/// The same of an answer.
pub(crate) fn body_of_answer(response: Response) -> (StreamReader<u8>, Trailers) {
    Response::consume_body(response, wit_future::new(|| Ok(())).1)
}

/// The next part of a body, in this buffer; empty at its end.
pub(crate) async fn next(body: &mut StreamReader<u8>, mut buffer: Vec<u8>) -> Vec<u8> {
    buffer.clear();
    buffer.reserve(CHUNK);
    loop {
        let (result, read) = body.read(buffer).await;
        if !read.is_empty() || result != StreamResult::Complete(0) {
            return read;
        }
        buffer = read;
    }
}

/// Passes on what comes.
pub(crate) async fn copy(body: &mut StreamReader<u8>, out: &mut StreamWriter<u8>) {
    let mut buffer = Vec::new();
    loop {
        buffer = next(body, buffer).await;
        if buffer.is_empty() {
            return;
        }
        buffer = out.write_all(buffer).await;
        if !buffer.is_empty() {
            return;
        }
    }
}

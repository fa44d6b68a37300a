//! Bodies, read and written.

use wasip2::http::types::{
    Fields, FutureTrailers, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::{OutputStream, StreamError};

/// How much is read at a time.
const CHUNK: u64 = 64 << 10;

/// Begins an answer.
pub(crate) fn begin(out: ResponseOutparam, status: u16, fields: &[(&str, &str)]) -> OutgoingBody {
    let pairs: Vec<_> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    let response = OutgoingResponse::new(Fields::from_list(&pairs).unwrap_or_else(|_| Fields::new()));
    _ = response.set_status_code(status);
    let body = response.body().ok();
    ResponseOutparam::set(out, Ok(response));
    body.unwrap_or_else(|| super::deeds::trap())
}

/// Writes all of it.
pub(crate) fn write(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        let ready = stream.subscribe();
        ready.block();
        let room = usize::try_from(stream.check_write()?).unwrap_or(usize::MAX).min(bytes.len());
        let (now, later) = bytes.split_at(room);
        stream.write(now)?;
        bytes = later;
    }
    Ok(())
}

/// Writes all of it, and ends the body.
pub(crate) fn finish(body: OutgoingBody, bytes: &[u8]) {
    if let Ok(stream) = body.write() {
        _ = write(&stream, bytes);
        drop(stream);
    }
    _ = OutgoingBody::finish(body, None);
}

/// Hands each part of a body to somebody, and gives the trailers.
pub(crate) fn read(body: IncomingBody, mut take: impl FnMut(&[u8])) -> Result<Option<Fields>, String> {
    let stream = body.stream().map_err(|()| "no stream".to_owned())?;
    loop {
        match stream.blocking_read(CHUNK) {
            Ok(part) => take(&part),
            Err(StreamError::Closed) => break,
            Err(StreamError::LastOperationFailed(error)) => return Err(error.to_debug_string()),
        }
    }
    drop(stream);
    let trailers = IncomingBody::finish(body);
    trailers.subscribe().block();
    match FutureTrailers::get(&trailers) {
        Some(Ok(Ok(trailers))) => Ok(trailers),
        other => Err(format!("{other:?}")),
    }
}

/// The request's body.
pub(crate) fn body_of(request: &IncomingRequest) -> IncomingBody {
    request.consume().unwrap_or_else(|()| super::deeds::trap())
}

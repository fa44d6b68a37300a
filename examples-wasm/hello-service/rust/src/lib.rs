//! A component of `wasi:http` that answers by itself: a greeting, or what it was sent, in capitals, part by part.

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};
use wasip2::io::streams::{OutputStream, StreamError};

/// How much is read at a time.
const CHUNK: u64 = 16 << 10;

struct Hello;

impl Guest for Hello {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body();
        ResponseOutparam::set(out, Ok(response));
        let Ok(body) = body else { return };
        if let Ok(stream) = body.write() {
            // A client that has left wants nothing more.
            _ = answer(&request, &stream);
        }
        _ = OutgoingBody::finish(body, None);
    }
}

wasip2::http::proxy::export!(Hello);

fn answer(request: &IncomingRequest, out: &OutputStream) -> Result<(), StreamError> {
    let Some((body, input)) =
        request.consume().ok().and_then(|body| body.stream().ok().map(|input| (body, input)))
    else {
        return Ok(());
    };
    let mut is_empty = true;
    loop {
        match input.blocking_read(CHUNK) {
            Ok(part) if part.is_empty() => {}
            Ok(part) => {
                is_empty = false;
                write(out, &part.to_ascii_uppercase())?;
            }
            Err(_) => break,
        }
    }
    drop(input);
    drop(body);
    if is_empty { write(out, b"Hello!\n") } else { Ok(()) }
}

fn write(out: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        out.subscribe().block();
        let room = usize::try_from(out.check_write()?).unwrap_or(usize::MAX);
        let (now, later) = bytes.split_at(room.min(bytes.len()));
        out.write(now)?;
        bytes = later;
    }
    Ok(())
}

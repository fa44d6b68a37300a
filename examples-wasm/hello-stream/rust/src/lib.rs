//! A component of `wasi:http` 0.3 that answers by itself: a greeting, or what it was sent, in capitals, part by part.

use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::wit_bindgen::rt::async_support::{StreamReader, StreamResult, StreamWriter};
use wasip3::{wit_bindgen, wit_future, wit_stream};

/// How much is read at a time.
const CHUNK: usize = 16 << 10;

struct Hello;

impl Guest for Hello {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let (input, _) = Request::consume_body(request, wit_future::new(|| Ok(())).1);
        let (out, body) = wit_stream::new();
        let (_, no_trailers) = wit_future::new(|| Ok(None));
        // It goes on when the head of the answer is on its way.
        wit_bindgen::spawn(answer(input, out));
        Ok(Response::new(Fields::new(), Some(body), no_trailers).0)
    }
}

wasip3::http::service::export!(Hello);

async fn answer(mut input: StreamReader<u8>, mut out: StreamWriter<u8>) {
    let (mut part, mut is_empty) = (Vec::with_capacity(CHUNK), true);
    loop {
        let (result, read) = input.read(part).await;
        part = read;
        if !part.is_empty() {
            is_empty = false;
            part.make_ascii_uppercase();
            part = out.write_all(part).await;
            // A client that has left wants nothing more.
            if !part.is_empty() {
                return;
            }
        }
        if !matches!(result, StreamResult::Complete(_)) {
            break;
        }
    }
    if is_empty {
        out.write_all(b"Hello!\n".to_vec()).await;
    }
}

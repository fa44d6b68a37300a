//! What it does to requests and answers.

use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::wit_bindgen::rt::async_support::{FutureReader, StreamReader, StreamResult, StreamWriter};
use wasip3::{wit_bindgen, wit_future, wit_stream};

/// How much is read at a time.
const CHUNK: usize = 64 << 10;

/// The trailers of a body, when it was read.
type Trailers = FutureReader<Result<Option<Fields>, ErrorCode>>;
/// What is done to a part of a body; none to its end.
type Change = fn(&mut [u8]);

pub(crate) fn trap() -> ! {
    std::process::abort()
}

pub(crate) fn spin() -> ! {
    let mut number = 0u64;
    loop {
        number = std::hint::black_box(number.wrapping_add(1));
    }
}

pub(crate) fn capitals(part: &mut [u8]) {
    part.make_ascii_uppercase();
}

pub(crate) fn trap_at_end(part: &mut [u8]) {
    if part.is_empty() {
        trap();
    }
}

/// The first value of a field.
pub(crate) fn value(fields: &Fields, name: &str) -> String {
    fields.get(name).first().map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

/// The fields, with one more.
fn with(fields: &Fields, name: &str, value: &str) -> Fields {
    let fields = fields.clone();
    _ = fields.append(name, value.as_bytes());
    fields
}

fn none() -> Trailers {
    wit_future::new(|| Ok(None)).1
}

/// The request as it came, with a field more, and its body not looked at.
pub(crate) fn marked(request: Request) -> Request {
    let head = Head::of(&request);
    let (body, trailers) = body_of(request);
    head.request("x-in", Some(body), trailers)
}

/// Another like it, with no body.
pub(crate) fn marked_again(request: &Request) -> Request {
    Head::of(request).request("x-again", None, none())
}

/// The same with its body read, and its length.
pub(crate) async fn counted(request: Request) -> (Request, usize) {
    let head = Head::of(&request);
    let (mut body, trailers) = body_of(request);
    let (mut all, mut buffer) = (Vec::new(), Vec::new());
    loop {
        buffer = next(&mut body, buffer).await;
        if buffer.is_empty() {
            break;
        }
        all.extend_from_slice(&buffer);
    }
    let length = all.len();
    let (mut out, copied) = wit_stream::new();
    wit_bindgen::spawn(async move {
        out.write_all(all).await;
    });
    (head.request("x-in", Some(copied), trailers), length)
}

/// The same with its body changed as it comes.
pub(crate) fn changed(request: Request, mark: &str, change: Change) -> Request {
    let head = Head::of(&request);
    let (body, trailers) = body_of(request);
    let (body, trailers) = piped(body, trailers, change);
    head.request(mark, Some(body), trailers)
}

/// The answer as it came, with a field more, and its body not looked at.
pub(crate) fn answer_marked(answer: Response, mark: &str) -> Response {
    let (status, fields) = (answer.get_status_code(), with(&answer.get_headers(), "x-out", mark));
    let (body, trailers) = Response::consume_body(answer, wit_future::new(|| Ok(())).1);
    respond(status, fields, Some(body), trailers)
}

/// The answer with its body changed as it comes, and this status, unless it is 0.
pub(crate) fn answer_changed(answer: Response, status: u16, change: Change) -> Response {
    let status = if status == 0 { answer.get_status_code() } else { status };
    let fields = with(&answer.get_headers(), "x-out", "changed");
    _ = fields.delete("content-length");
    let (body, trailers) = Response::consume_body(answer, wit_future::new(|| Ok(())).1);
    let (body, trailers) = piped(body, trailers, change);
    respond(status, fields, Some(body), trailers)
}

pub(crate) fn say(status: u16, text: &str) -> Response {
    let (mut out, body) = wit_stream::new();
    let text = text.as_bytes().to_vec();
    wit_bindgen::spawn(async move {
        out.write_all(text).await;
    });
    respond(status, Fields::new(), Some(body), none())
}

fn respond(status: u16, fields: Fields, body: Option<StreamReader<u8>>, trailers: Trailers) -> Response {
    let response = Response::new(fields, body, trailers).0;
    _ = response.set_status_code(status);
    response
}

fn body_of(request: Request) -> (StreamReader<u8>, Trailers) {
    Request::consume_body(request, wit_future::new(|| Ok(())).1)
}

/// A body that is the other one, changed, and its trailers.
fn piped(mut body: StreamReader<u8>, trailers: Trailers, change: Change) -> (StreamReader<u8>, Trailers) {
    let (mut out, copied) = wit_stream::new();
    let (tell, told) = wit_future::new(|| Ok(None));
    wit_bindgen::spawn(async move {
        pipe(&mut body, &mut out, change).await;
        drop(out);
        _ = tell.write(trailers.await).await;
    });
    (copied, told)
}

async fn pipe(body: &mut StreamReader<u8>, out: &mut StreamWriter<u8>, change: Change) {
    let mut buffer = Vec::new();
    loop {
        buffer = next(body, buffer).await;
        change(&mut buffer);
        if buffer.is_empty() {
            return;
        }
        buffer = out.write_all(buffer).await;
        if !buffer.is_empty() {
            return;
        }
    }
}

/// The next part of a body, in this buffer; empty at its end.
async fn next(body: &mut StreamReader<u8>, mut buffer: Vec<u8>) -> Vec<u8> {
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

/// All of a request but its body.
struct Head {
    made_of: Request,
    fields: Fields,
}

impl Head {
    fn of(request: &Request) -> Head {
        let empty = Request::new(Fields::new(), None, none(), None).0;
        _ = empty.set_method(&request.get_method());
        _ = empty.set_scheme(request.get_scheme().as_ref());
        _ = empty.set_authority(request.get_authority().as_deref());
        _ = empty.set_path_with_query(request.get_path_with_query().as_deref());
        Head { made_of: empty, fields: request.get_headers().clone() }
    }

    fn request(self, mark: &str, body: Option<StreamReader<u8>>, trailers: Trailers) -> Request {
        let request = Request::new(with(&self.fields, mark, "yes"), body, trailers, None).0;
        _ = request.set_method(&self.made_of.get_method());
        _ = request.set_scheme(self.made_of.get_scheme().as_ref());
        _ = request.set_authority(self.made_of.get_authority().as_deref());
        _ = request.set_path_with_query(self.made_of.get_path_with_query().as_deref());
        request
    }
}

//! A probe by the gRPC health checking protocol: `grpc.health.v1.Health/Check`.
//!
//! Its two messages have one field each, so that they are written and read here and not by generated code.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::uri::Scheme;
use http::{Request, Uri, Version};
use http_body::Body;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use transport::EndpointStream;

use super::body::Whole;
use super::first_bytes::Watched;
use super::{ProbeFailure, Task, broken};

/// The longest answer: its message has two bytes, and unknown fields are no reason to fail.
const ANSWER_LIMIT: usize = 4 << 10;
/// `ServingStatus.SERVING`.
const SERVING: u64 = 1;
/// A message's prefix: whether it is compressed, and its length.
const PREFIX: usize = 5;

pub(super) async fn ask(
    stream: EndpointStream,
    service: &str,
    host: &HeaderValue,
    scheme: Scheme,
) -> Result<(), ProbeFailure> {
    let (stream, first) = Watched::new(stream);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|error| first.explain(&error))?;
    let _task = Task(tokio::spawn(async move {
        // What it fails of is told to whoever waits for its answer.
        let _ = connection.await;
    }));
    let answer =
        sender.send_request(request(service, host, scheme)?).await.map_err(|error| first.explain(&error))?;
    if !answer.status().is_success() {
        return Err(ProbeFailure::Status(answer.status()));
    }
    // An answer without a message has its status in the head.
    grpc_status(answer.headers())?;
    let (message, trailers) = receive(answer.into_body()).await?;
    grpc_status(&trailers)?;
    match serving_status(&message) {
        Some(SERVING) => Ok(()),
        Some(other) => Err(ProbeFailure::NotServing(other)),
        None => Err(ProbeFailure::Broken("the answer is no HealthCheckResponse".to_owned())),
    }
}

fn request(service: &str, host: &HeaderValue, scheme: Scheme) -> Result<Request<Whole>, ProbeFailure> {
    let uri = Uri::builder().scheme(scheme).authority(host.as_bytes());
    let uri = uri.path_and_query("/grpc.health.v1.Health/Check");
    let uri = uri.build().map_err(|error| ProbeFailure::Broken(error.to_string()))?;
    let mut request = Request::new(Whole(Some(message(service))));
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = uri;
    let fields = request.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    fields.insert(header::TE, HeaderValue::from_static("trailers"));
    fields.insert(header::USER_AGENT, HeaderValue::from_static("sandgate-health"));
    Ok(request)
}

/// `HealthCheckRequest { service = 1 }`, with its prefix. A default value is not written.
fn message(service: &str) -> Bytes {
    let mut field = Vec::new();
    if !service.is_empty() {
        // Field 1, length-delimited.
        field.push(0x0a);
        write_varint(service.len() as u64, &mut field);
        field.extend_from_slice(service.as_bytes());
    }
    let mut message = vec![0];
    message.extend_from_slice(&u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes());
    message.extend_from_slice(&field);
    Bytes::from(message)
}

fn write_varint(mut value: u64, into: &mut Vec<u8>) {
    while value >= 0x80 {
        into.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

async fn receive(mut body: Incoming) -> Result<(Vec<u8>, HeaderMap), ProbeFailure> {
    let (mut message, mut trailers) = (Vec::new(), HeaderMap::new());
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let frame = frame.map_err(|error| broken(&error))?;
        match frame.into_data() {
            Ok(data) if message.len() + data.len() > ANSWER_LIMIT => {
                return Err(ProbeFailure::Broken(format!("an answer of more than {ANSWER_LIMIT} bytes")));
            }
            Ok(data) => message.extend_from_slice(&data),
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    Ok((message, trailers))
}

/// No status is no failure: it is in the head or in the trailers.
fn grpc_status(fields: &HeaderMap) -> Result<(), ProbeFailure> {
    match fields.get("grpc-status").map(HeaderValue::as_bytes) {
        None | Some(b"0") => Ok(()),
        Some(other) => Err(ProbeFailure::GrpcStatus(String::from_utf8_lossy(other).into_owned())),
    }
}

/// `HealthCheckResponse { status = 1 }`: the value of the field, which is 0 where it is not written.
fn serving_status(bytes: &[u8]) -> Option<u64> {
    let (prefix, message) = bytes.split_at_checked(PREFIX)?;
    let (compressed, length) = prefix.split_first()?;
    let length = u32::from_be_bytes(length.try_into().ok()?);
    if *compressed != 0 || usize::try_from(length).ok()? != message.len() {
        return None;
    }
    let (mut rest, mut status) = (message, 0);
    while !rest.is_empty() {
        let (tag, value);
        (tag, rest) = read_varint(rest)?;
        (value, rest) = read_field(tag, rest)?;
        if tag == 0x08 {
            status = value;
        }
    }
    Some(status)
}

/// A field's value, where it is a number, and what follows it.
fn read_field(tag: u64, rest: &[u8]) -> Option<(u64, &[u8])> {
    match tag & 7 {
        0 => read_varint(rest),
        1 => rest.split_at_checked(8).map(|(_, rest)| (0, rest)),
        2 => {
            let (length, rest) = read_varint(rest)?;
            rest.split_at_checked(usize::try_from(length).ok()?).map(|(_, rest)| (0, rest))
        }
        5 => rest.split_at_checked(4).map(|(_, rest)| (0, rest)),
        _ => None,
    }
}

fn read_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let end = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at_checked(end + 1)?;
    let value = number.iter().rev().fold(0u64, |value, byte| (value << 7) | u64::from(byte & 0x7f));
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_question_is_written_as_protobuf_says() {
        assert_eq!(&message("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(&message("ab")[..], [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        let long = "x".repeat(300);
        assert_eq!(&message(&long)[..8], [0, 0, 0, 1, 47, 0x0a, 0xac, 0x02]);
    }

    #[test]
    fn an_answer_is_read_as_protobuf_says() {
        assert_eq!(serving_status(&[0, 0, 0, 0, 2, 8, 1]), Some(1));
        assert_eq!(serving_status(&[0, 0, 0, 0, 2, 8, 2]), Some(2));
        assert_eq!(serving_status(&[0, 0, 0, 0, 0]), Some(0), "UNKNOWN is not written");
        assert_eq!(
            serving_status(&[0, 0, 0, 0, 6, 0x12, 2, 9, 9, 8, 1]),
            Some(1),
            "unknown fields are passed over"
        );
        for bad in
            [&[][..], &[0, 0, 0, 0], &[1, 0, 0, 0, 2, 8, 1], &[0, 0, 0, 0, 3, 8, 1], &[0, 0, 0, 0, 1, 8]]
        {
            assert_eq!(serving_status(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_is_read_beyond_its_end(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = serving_status(&bytes);
        }

        #[test]
        fn numbers_are_read_as_they_are_written(value: u64) {
            let mut bytes = Vec::new();
            write_varint(value, &mut bytes);
            prop_assert_eq!(read_varint(&bytes), Some((value, &[][..])));
        }
    }
}

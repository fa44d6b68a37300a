//! A component of `wasi:http` that answers what the services beside it said: settings, values, and a line of the log.

#[rustfmt::skip]
mod contracts;

use contracts::wasi_config_draft::wasi::config::store as config_draft;
use contracts::wasi_config_rc::wasi::config::store as config_rc;
use contracts::wasi_keyvalue_draft::wasi::keyvalue as kv;
use contracts::wasi_keyvalue_draft2::wasi::keyvalue as kv2;
use contracts::wasi_logging::wasi::logging::logging;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam};

struct Settled;

impl Guest for Settled {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let text = match path {
            "/config" => format!("{:?} {:?}", config_rc::get(query).ok(), config_draft::get(query).ok()),
            "/all" => format!("{:?} {}", config_rc::get_all().ok(), config_draft::get_all().is_ok()),
            "/log" => {
                logging::log(logging::Level::Warn, "settled", query);
                "said".to_owned()
            }
            "/kv" => values(query).unwrap_or_else(|error| format!("{error:?}")),
            "/kv2" => other_values(query).unwrap_or_else(|error| format!("{error:?}")),
            _ => format!("{:?}", kv::store::open(query).err()),
        };
        answer(out, &text);
    }
}

wasip2::http::proxy::export!(Settled);

fn values(word: &str) -> Result<String, kv::store::Error> {
    let bucket = kv::store::open("")?;
    bucket.set("word", word.as_bytes())?;
    let (got, missing) = (bucket.get("word")?, bucket.get("missing")?);
    let sum = kv::atomics::increment(&bucket, "sum", 2)?;
    kv::batch::set_many(&bucket, &[("a".to_owned(), b"1".to_vec()), ("b".to_owned(), b"2".to_vec())])?;
    kv::batch::delete_many(&bucket, &["b".to_owned()])?;
    let many = kv::batch::get_many(&bucket, &["a".to_owned(), "b".to_owned()])?;
    let many: Vec<_> = many.into_iter().map(|value| value.map(|(_, value)| text(&value))).collect();
    let (there, keys) = (bucket.exists("a")?, bucket.list_keys(None)?);
    bucket.delete("a")?;
    let got = got.as_deref().map(text);
    Ok(format!("{got:?} {missing:?} {sum} {many:?} {there} {:?} {:?}", keys.keys, keys.cursor))
}

fn other_values(word: &str) -> Result<String, kv2::store::Error> {
    use kv2::atomics::{Cas, CasError, increment, swap};
    let bucket = kv2::store::open("default")?;
    let before = bucket.get("word")?.as_deref().map(text);
    let (first, second) = (Cas::new(&bucket, "word")?, Cas::new(&bucket, "word")?);
    let swapped = swap(first, word.as_bytes()).is_ok();
    let again = match swap(second, b"lost") {
        Err(CasError::CasFailed(again)) => again.current()?.as_deref().map(text),
        _ => None,
    };
    let sum = increment(&bucket, "sum", -1)?;
    let keys = bucket.list_keys(None)?.keys;
    Ok(format!("{before:?} {swapped} {again:?} {sum} {keys:?}"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn answer(out: ResponseOutparam, text: &str) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body();
    ResponseOutparam::set(out, Ok(response));
    let Ok(body) = body else { return };
    if let Ok(stream) = body.write() {
        _ = stream.blocking_write_and_flush(text.as_bytes());
    }
    _ = OutgoingBody::finish(body, None);
}

//! A file of cases as it is written; `host/docs/cases.md` says what each key means. What may be wrong beyond its shape is for
//! [`crate::read`] to say.

pub(crate) mod words;

use document::{Either, Field, List, Map, Several};
use serde::Deserialize;

use crate::tree::Read;
use words::{Nothing, OrNothing, Word, Words};

/// The file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a map with `cases`")]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) cases: Field<List<Case>>,
}

/// A case.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a case, a map with `claim`")]
pub(crate) struct Case {
    pub(crate) claim: Field<Word>,
    pub(crate) plugin: Field<String>,
    pub(crate) settings: Field<Read>,
    pub(crate) request: Field<Request>,
    pub(crate) requests: Field<List<Request>>,
    pub(crate) repeat: Field<u64>,
    pub(crate) answer: Field<Answer>,
    pub(crate) answers: Field<Map<Answer>>,
    pub(crate) expect: Field<Expect>,
}

/// A request that is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a request, a map such as `{ path: /, headers: {} }`")]
pub(crate) struct Request {
    pub(crate) listener: Field<String>,
    pub(crate) method: Field<Word>,
    pub(crate) path: Field<Word>,
    pub(crate) headers: Field<Map<Words>>,
    pub(crate) body: Field<Word>,
}

/// How an endpoint answers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "an answer, a map such as `{ status: 200, body: hello }`")]
pub(crate) struct Answer {
    pub(crate) status: Field<u16>,
    pub(crate) headers: Field<Map<Words>>,
    pub(crate) body: Field<Word>,
    pub(crate) delay_ms: Field<u64>,
    pub(crate) fail: Field<bool>,
}

/// What must come of it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map such as `{ client: { status: 200 } }`")]
pub(crate) struct Expect {
    pub(crate) client: Field<Either<Nothing, Got>>,
    pub(crate) upstream: Field<Either<Nothing, Asked>>,
    pub(crate) asked: Field<Map<Either<Nothing, Asked>>>,
    pub(crate) route: Field<Word>,
    pub(crate) endpoint: Field<Word>,
    pub(crate) endpoints: Field<u64>,
    pub(crate) attempts: Field<u64>,
    pub(crate) notes: Field<Map<OrNothing>>,
    pub(crate) fault: Field<Word>,
    pub(crate) log: Field<Several<Either<OrNothing, Line>>>,
    pub(crate) weights: Field<Map<Either<f64, Range>>>,
    pub(crate) refused: Field<Word>,
}

/// The answer that the client is to get.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map with `status`, `headers` and `body`")]
pub(crate) struct Got {
    pub(crate) status: Field<u16>,
    pub(crate) headers: Field<Map<Words>>,
    pub(crate) body: Field<Word>,
}

/// The request that an endpoint is to get.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map with `method`, `path`, `headers` and `body`")]
pub(crate) struct Asked {
    pub(crate) method: Field<Word>,
    pub(crate) path: Field<Word>,
    pub(crate) headers: Field<Map<Words>>,
    pub(crate) body: Field<Word>,
}

/// A line that a plugin is to log.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a map with `level` and `text`")]
pub(crate) struct Line {
    pub(crate) level: Field<Level>,
    pub(crate) text: Field<Word>,
}

/// How severe a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", expecting = "one of `error`, `warn`, `info` and `debug`")]
pub(crate) enum Level {
    Error,
    Warn,
    Info,
    Debug,
}

/// Where a weight is to be.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "a weight, or a map with `above` and `below`")]
pub(crate) struct Range {
    pub(crate) above: Field<f64>,
    pub(crate) below: Field<f64>,
}

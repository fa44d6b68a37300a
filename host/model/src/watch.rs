//! Bodies part by part: what filters that look at a body while it streams are shown, and what becomes of it.
//!
//! Not hooks that are given whole bodies, which [`WholeBody`](crate::WholeBody) is for.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http::HeaderMap;

use crate::{Exchange, Fault, Reply};

/// A part of a body.
#[derive(Clone, Debug)]
pub enum BodyPart {
    /// Some of its content, or none, and whether nothing comes behind it.
    Data {
        /// The content.
        bytes: Bytes,
        /// Whether the body ends with it.
        ends: bool,
    },
    /// What ends it in place of more content.
    Trailers(HeaderMap),
}

/// What goes on of a body.
#[derive(Debug, Default)]
pub struct Passed {
    /// Content.
    pub data: Bytes,
    /// What ends it.
    pub trailers: Option<HeaderMap>,
}

/// What becomes of parts that were shown.
#[derive(Debug)]
pub enum PartVerdict {
    /// They go on, those that were held among them.
    Go(Passed),
    /// They are held, and will be shown with the next, if they are not released before. This goes on that was held before.
    Hold(Bytes),
    /// The exchange is answered with this, if it still can be.
    Reply(Reply),
}

/// Whether more of a body is to come while some of it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum More {
    /// More comes.
    Comes,
    /// All is here: nothing but the filter is waited for.
    Ended,
}

/// What is here, or will be.
pub enum Soon<'a, T> {
    /// It is here, and nothing was allocated for it.
    Now(T),
    /// It is waited for.
    Later(Pin<Box<dyn Future<Output = T> + 'a>>),
}

impl<T> Soon<'_, T> {
    /// Waits for it.
    pub async fn finish(self) -> T {
        match self {
            Soon::Now(value) => value,
            Soon::Later(future) => future.await,
        }
    }
}

/// A verdict.
pub type PartStep<'a> = Soon<'a, Result<PartVerdict, Fault>>;

/// A verdict that is always waited for.
pub type PartFuture<'a> = Pin<Box<dyn Future<Output = Result<PartVerdict, Fault>> + 'a>>;

/// The exchange that was lent; none if none was.
pub type BackStep<'a> = Soon<'a, Option<Box<Exchange>>>;

/// A filter's look at one body, part by part. It works with an exchange that is lent to it.
pub trait BodyWatch {
    /// Lends it the exchange: the one it is about, or, once that is elsewhere, what is known of it.
    fn lend(&mut self, exchange: Box<Exchange>);

    /// Takes the exchange back, as soon as nothing looks at it. What is held then stays where it is.
    fn take_back(&mut self) -> BackStep<'_>;

    /// Shows it a part, of no more than [`BodyWatch::limit`] bytes.
    fn show(&mut self, part: BodyPart) -> PartStep<'_>;

    /// Waits until what it holds goes on without another part. It may be asked again if it was not waited for to the end.
    fn released(&mut self, more: More) -> PartFuture<'_>;

    /// How many bytes it can hold.
    fn limit(&self) -> usize;
}

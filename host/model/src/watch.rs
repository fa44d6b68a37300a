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

/// A verdict, when it is here.
pub type PartFuture<'a> = Pin<Box<dyn Future<Output = Result<PartVerdict, Fault>> + 'a>>;

/// The exchange that was lent, when it is here; none if none was.
pub type BackFuture<'a> = Pin<Box<dyn Future<Output = Option<Box<Exchange>>> + 'a>>;

/// A filter's look at one body, part by part. It works with an exchange that is lent to it.
pub trait BodyWatch {
    /// Lends it the exchange: the one it is about, or, once that is elsewhere, what is known of it.
    fn lend(&mut self, exchange: Box<Exchange>);

    /// Takes the exchange back, as soon as nothing looks at it. What is held then stays where it is.
    fn take_back(&mut self) -> BackFuture<'_>;

    /// Shows it a part, of no more than [`BodyWatch::limit`] bytes.
    fn show(&mut self, part: BodyPart) -> PartFuture<'_>;

    /// Waits until what it holds goes on without another part. It may be asked again if it was not waited for to the end.
    fn released(&mut self, more: More) -> PartFuture<'_>;

    /// How many bytes it can hold.
    fn limit(&self) -> usize;
}

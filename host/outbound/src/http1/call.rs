//! A request and what comes back, up to the head of the final answer.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::StatusCode;
use message::{Interim, InterimSink, MOST_INTERIM};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Broken, Head, HeadReader, Upload};

/// A request that waits for its answer.
pub(crate) struct Call<'a> {
    /// What is left to be sent of it.
    pub(crate) upload: Upload,
    /// Why sending it failed. There may be an answer all the same.
    failed: Option<Broken>,
    reader: HeadReader,
    interim: Option<&'a InterimSink>,
    interims: u32,
}

impl<'a> Call<'a> {
    /// Interim responses go to `interim`.
    pub(crate) fn new(upload: Upload, reader: HeadReader, interim: Option<&'a InterimSink>) -> Self {
        Call { upload, failed: None, reader, interim, interims: 0 }
    }

    /// Whether the endpoint can't have begun to look at the request.
    pub(crate) fn is_unseen(&self) -> bool {
        self.upload.is_untouched()
    }

    /// What is left: of the request, and of what was read behind the answer's head.
    pub(crate) fn into_parts(self) -> (Upload, Bytes) {
        (self.upload, self.reader.into_rest())
    }

    /// The head of the final answer, or of a 101. The body is sent meanwhile.
    pub(crate) fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Poll<Result<Head, Broken>> {
        loop {
            self.poll_upload(cx, stream)?;
            let head = match ready!(self.reader.poll(cx, stream)) {
                Ok(head) => head,
                Err(broken) => return Poll::Ready(Err(self.failed.take().unwrap_or(broken))),
            };
            if !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS {
                return Poll::Ready(Ok(head));
            }
            self.pass_on(head)?;
        }
    }

    /// Sends on. An endpoint may close its side having answered: what it said is heard first (RFC 9112 section 9.6).
    fn poll_upload<S: AsyncWrite + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        stream: &mut S,
    ) -> Result<(), Broken> {
        if self.upload.is_over() || self.failed.is_some() {
            return Ok(());
        }
        match self.upload.poll(cx, stream) {
            Poll::Ready(Err(broken @ Broken::Body(_))) => return Err(broken),
            Poll::Ready(Err(broken)) if self.is_unseen() => return Err(broken),
            Poll::Ready(Err(broken)) => self.failed = Some(broken),
            Poll::Ready(Ok(())) | Poll::Pending => {}
        }
        Ok(())
    }

    fn pass_on(&mut self, head: Head) -> Result<(), Broken> {
        self.interims += 1;
        if self.interims > MOST_INTERIM {
            return Err(Broken::Answer("too many interim responses"));
        }
        if head.status == StatusCode::CONTINUE {
            self.upload.go_ahead();
        }
        if let Some(sink) = self.interim {
            sink.write(Interim::new(head.status, head.fields));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

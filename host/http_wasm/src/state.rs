//! What the host functions of an instance work on: how far its request is, and what it has written. It is part of its store.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use model::{Reply, ResponseHead, WorkerId};
use module::{Patience, beginning};
use sandbox::GuestState;

use super::abi::{BodyKind, Features};
use super::body::{Body, Change, Early};
use super::hatch::Hatch;
use super::prepared::Prepared;

/// Where an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It starts: there is no request.
    Start,
    /// In `handle_request`.
    Request,
    /// In `handle_response`: the request is gone.
    Response,
}

/// The state of an instance.
pub(super) struct HandlerState {
    /// What it is made of.
    pub(super) module: Arc<Prepared>,
    /// The worker it is on.
    worker: WorkerId,
    patience: Patience,
    /// What it said last while it started.
    last_line: Option<String>,
    pub(super) stage: Stage,
    /// Features that it has enabled: when it started for all requests, later for the one at hand.
    pub(super) features: Features,
    started_with: Features,
    /// What it has written of the response before there was one.
    pub(super) early: HeaderMap,
    /// The status that it has set.
    pub(super) status: Option<StatusCode>,
    pub(super) request_body: Body,
    pub(super) response_body: Body,
    pub(super) hatch: Arc<Hatch>,
}

impl HandlerState {
    pub(super) fn new(module: &Arc<Prepared>, worker: WorkerId, patience: Patience) -> Self {
        HandlerState {
            module: Arc::clone(module),
            worker,
            patience,
            last_line: None,
            stage: Stage::Start,
            features: Features::default(),
            started_with: Features::default(),
            early: HeaderMap::new(),
            status: None,
            request_body: Body::default(),
            response_body: Body::default(),
            hatch: Arc::default(),
        }
    }

    /// It has started: what it has enabled holds for all requests.
    pub(super) fn serves(&mut self) {
        self.last_line = None;
        self.started_with = self.features;
    }

    /// Begins with a request.
    pub(super) fn begin(&mut self) {
        self.stage = Stage::Request;
        self.features = self.started_with;
        self.early = HeaderMap::new();
        self.status = None;
        (self.request_body, self.response_body) = (Body::default(), Body::default());
    }

    /// Goes on with the response. What was written of it up to now is the beginning of its body.
    pub(super) fn go_on(&mut self) -> (HeaderMap, Early) {
        self.stage = Stage::Response;
        self.status = None;
        match self.features.has(Features::BUFFER_REQUEST) {
            true => self.request_body.rewind(),
            false => self.request_body = Body::default(),
        }
        (std::mem::take(&mut self.early), self.response_body.take_early())
    }

    /// What it has answered the request with, and the trailers of that.
    pub(super) fn take_reply(&mut self) -> (Reply, HeaderMap) {
        let Early { body, trailers } = self.response_body.take_early();
        let status = self.status.take().unwrap_or(StatusCode::OK);
        (Reply { status, fields: std::mem::take(&mut self.early), body: body.into() }, trailers)
    }

    /// What the request goes on with in place of its body, if that is another.
    pub(super) fn request_change(&mut self) -> Option<Change> {
        let body = match self.features.has(Features::BUFFER_REQUEST) {
            true => self.request_body.take_change(),
            false => self.request_body.take_rest(),
        };
        self.request_body.change(body, self.features)
    }

    /// A body.
    pub(super) fn body(&mut self, kind: BodyKind) -> &mut Body {
        match kind {
            BodyKind::Request => &mut self.request_body,
            BodyKind::Response => &mut self.response_body,
        }
    }

    /// What it said last while it started.
    pub(super) fn take_last_line(&mut self) -> Option<String> {
        self.last_line.take()
    }
}

impl GuestState for HandlerState {
    fn worker(&self) -> WorkerId {
        self.worker
    }

    fn cpu_limit(&self, of_exchange: Duration) -> Duration {
        if self.stage == Stage::Start { self.patience.cpu(of_exchange) } else { of_exchange }
    }

    /// It may be why it did not start.
    fn note_line(&mut self, line: &str) {
        if self.stage == Stage::Start {
            self.last_line = beginning(line);
        }
    }
}

/// Of a response.
impl HandlerState {
    /// Its status is set, and its body is what was made of it, if anything was.
    pub(super) fn response_change(&mut self, head: &mut ResponseHead) -> Option<Change> {
        if let Some(status) = self.status.take() {
            // What has a body and what has none are not made of each other without one being written.
            if has_body(head.status) != has_body(status) {
                self.response_body.empty();
            }
            head.status = status;
        }
        let body = self.response_body.take_change();
        self.response_body.change(body, self.features)
    }
}

/// Whether answers of that status have a body (RFC 9110 sections 15.3.5 and 15.4.5).
fn has_body(status: StatusCode) -> bool {
    status != StatusCode::NO_CONTENT && status != StatusCode::NOT_MODIFIED
}
